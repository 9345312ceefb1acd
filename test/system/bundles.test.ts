import { expect, test } from 'vitest';
import type { FunctionName } from '../../lib/deployment.ts';
import { bundleOf } from '../kit/bundles.ts';

/** What a function may carry: kB that are loaded before its first call, the config apart, and clients of the SDK. */
const LIMITS: Readonly<Record<FunctionName, { readonly kB: number; readonly clients: readonly string[] }>> = {
  beat: { kB: 20, clients: ['sqs'] },
  probe: { kB: 150, clients: ['secrets-manager', 'sqs'] },
  inspect: {
    kB: 200,
    clients: [
      ...['acm', 'backup', 'dynamodb', 'ec2', 'iam', 'kms', 'rds', 's3', 'secrets-manager', 'sqs', 'ssm'],
    ],
  },
  hear: { kB: 100, clients: ['dynamodb', 'secrets-manager', 'sqs'] },
  intake: { kB: 100, clients: ['budgets', 'cloudwatch', 'dynamodb', 'sqs'] },
  decide: { kB: 150, clients: ['dynamodb', 's3', 'sqs'] },
  deliver: { kB: 150, clients: ['dynamodb', 'secrets-manager', 'sns', 'sqs'] },
  show: { kB: 150, clients: ['s3'] },
  watchdog: { kB: 150, clients: ['dynamodb', 'secrets-manager', 'sns'] },
};

test.each(Object.entries(LIMITS))('%s carries no more than it needs', (name, { kB, clients }) => {
  const { atOnce, packages } = bundleOf(name as FunctionName);
  expect(atOnce).toBeGreaterThan(1_000);
  expect(atOnce).toBeLessThan(kB * 1_000);
  const carried = [...packages].flatMap((one) => /^@aws-sdk\/client-(.+)/.exec(one)?.[1] ?? []);
  expect(carried.sort()).toEqual(clients);
  expect([...packages].filter((one) => /^(?:zod|yaml|commander|aws-cdk-lib)$/.test(one))).toEqual([]);
});
