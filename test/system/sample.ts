import { join } from 'node:path';
import { expect, inject, test } from 'vitest';
import { Account } from './account.ts';
import type { FunctionSpec, MappingSpec, QueueSpec, ScheduleSpec } from './wiring.ts';

export const START = Date.UTC(2027, 0, 5, 10);
export const [HERE, THERE] = ['eu-west-1', 'us-east-1'];

/** A test with an account of its own, in two regions, that has the function `sample` and the queues that it states. */
export function onAccount(
  title: string,
  run: (account: Account) => Promise<void>,
  more: {
    readonly mappings?: readonly MappingSpec[];
    readonly schedules?: readonly ScheduleSpec[];
    readonly queue?: Partial<QueueSpec>;
    readonly sample?: Partial<FunctionSpec>;
  } = {},
): void {
  const emulators = inject('emulators');
  test.skipIf(!emulators)(title, async () => {
    if (!emulators) return;
    const account = await Account.open({ emulators, start: START, seed: 1 });
    await account.deploy(wiringOf(more));
    try {
      await run(account);
    } finally {
      await account.close();
    }
  });
}

export function wiringOf({
  mappings = [],
  schedules = [],
  queue,
  sample,
}: Parameters<typeof onAccount>[2] & {}) {
  const queues = [HERE, THERE].flatMap((region) => [
    { name: 'dead', region, visibility: 30, retention: 1_209_600 },
    { name: 'work', region, visibility: 60, retention: 3_600, redrive: { to: 'dead', after: 2 }, ...queue },
  ]);
  return { functions: [HERE, THERE].map((region) => sampleOf(region, sample)), queues, mappings, schedules };
}

/** The function, whose code is sample/index.mjs. */
export const sampleOf = (region: string, more: Partial<FunctionSpec> = {}): FunctionSpec => ({
  name: 'sample',
  region,
  memory: 256,
  timeout: 20,
  containers: 1,
  code: join(import.meta.dirname, 'sample'),
  env: {},
  policy: [{ actions: ['*'], resources: ['*'], conditions: {} }],
  ...more,
});

/** Work gets to the function `sample` of its region. */
export const WORK = { queue: 'work', region: HERE, function: 'sample', batch: 10, inPart: true };

/** What the function answers; it must not fail. */
export async function answer<T>(account: Account, event: unknown, region = HERE): Promise<T> {
  const { failure, payload } = await account.invoke('sample', region, event);
  expect(failure).toBeUndefined();
  return payload as T;
}

export const workUrl = (account: Account, region: string): string =>
  `https://sqs.${region}.amazonaws.com/${account.number}/work`;

/** When each call began, in seconds since the start, rounded to five: meanwhile time is real. */
export const secondsOf = ({ runs }: Account): number[] =>
  runs.map(({ at }) => Math.round((at - START) / 5_000) * 5);
