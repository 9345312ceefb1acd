import { expect, test } from 'vitest';
import { METRICS_WRITTEN } from '../../lib/adapters/aws/metrics.ts';
import { estimateOf } from '../../lib/cost/estimate.ts';
import { PRICES_AS_OF } from '../../lib/cost/prices.ts';
import { installationOf } from '../cost/kit.ts';
import { Folder } from './kit.ts';

const AWS = { home: 'eu-west-1', locations: ['eu-west-1', 'us-east-1', 'ap-southeast-2'] };
const CONFIG = {
  name: 'Acme shop',
  aws: AWS,
  checks: Array.from({ length: 5 }, (_, n) => ({
    id: `check-${n}`,
    type: 'http',
    url: `https://${n}.acme.test/`,
  })),
  notify: { pagerduty: { routingKey: { secret: 'PD_KEY' } } },
};
const ESTIMATE = estimateOf(installationOf({ checks: 5 }), METRICS_WRITTEN.fair);

test('it prints each line with its amount, price and formula, aligned, and the sums; no secret is asked for', async () => {
  await using folder = await Folder.make({ 'watchbill.config.json': CONFIG });
  const { code, stdout, stderr } = await folder.cli(['estimate']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const lines = stdout.split('\n');
  expect(lines[0]).toBe('5 checks from 3 locations, home eu-west-1: US dollars a month');
  for (const { what, formula } of ESTIMATE.lines)
    expect(lines.some((line) => line.startsWith(`  ${what} `) && line.endsWith(formula))).toBe(true);
  const [column, ...columns] = lines.filter((line) => line.includes('$')).map((line) => line.indexOf('$'));
  expect(columns.slice(0, ESTIMATE.lines.length - 1).every((one) => one === column)).toBe(true);
  const sums = [ESTIMATE.list, ESTIMATE.withFreeTier].map((usd) => usd.toFixed(2));
  expect(lines.find((line) => line.startsWith('All'))?.split(/\s+/)).toEqual(['All', ...sums]);
  expect(stdout).toContain(`$${sums[1]} with the free tier`);
  expect(stdout).toContain(`Prices of us-east-1 as of ${PRICES_AS_OF}`);
});

test('--json: the same for machines, with the source of each price; the lines add up to the sums', async () => {
  await using folder = await Folder.make({ 'watchbill.config.json': CONFIG });
  const { code, stdout } = await folder.cli(['estimate', '--json']);
  expect(code).toBe(0);
  const told = JSON.parse(stdout);
  expect(told).toMatchObject({ currency: 'USD', priceRegion: 'us-east-1', pricesAsOf: PRICES_AS_OF });
  expect(told.list).toBeCloseTo(ESTIMATE.list, 3);
  expect(told.withFreeTier).toBeCloseTo(ESTIMATE.withFreeTier, 3);
  expect(told.worstCase).toBeGreaterThan(told.list);
  expect(told.lines.map(({ id }: { id: string }) => id)).toEqual(ESTIMATE.lines.map(({ id }) => id));
  expect(told.lines[0]).toEqual({
    id: 'scheduler',
    service: 'EventBridge Scheduler',
    what: 'calls',
    quantity: 306_600,
    unit: 'invocations',
    free: 306_600,
    price: { usd: 1, per: 1_000_000, source: 'https://aws.amazon.com/eventbridge/pricing/' },
    formula: '7 schedules, 7 a minute × 43,800 minutes',
    list: 0.3066,
    withFreeTier: 0,
  });
  const sum = told.lines.reduce((all: number, { list }: { list: number }) => all + list, 0);
  expect(sum).toBeCloseTo(told.list, 2);
});

test('a config that says nothing of AWS is told what is missing, with exit code 2', async () => {
  const { aws: _, ...machine } = CONFIG;
  await using folder = await Folder.make({ 'watchbill.config.json': machine });
  const { code, stdout, stderr } = await folder.cli(['estimate']);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toContain('aws: required on AWS');
});
