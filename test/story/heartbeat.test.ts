import { expect, test } from 'vitest';
import { openAwsApi } from '../../lib/adapters/aws/api.ts';
import { heardIn, takeCall } from '../../lib/heartbeat.ts';
import type { HeartbeatCheck } from '../../lib/probes/heartbeat.ts';
import { runOf } from '../../lib/probes/index.ts';
import { accountCheck } from '../kit/account.ts';
import { configOf, World } from '../kit/world.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A nightly backup that pages, and the machine that waits for it. */
async function nightly() {
  const check = accountCheck({
    type: 'heartbeat',
    every: '1d',
    grace: '1h',
    severity: 'page',
    token: { secret: 'BEAT' },
  }) as HeartbeatCheck;
  const world: World = new World({
    config: configOf([], { checks: [check] }),
    parts: (clock) => ({
      probe: runOf({ aws: openAwsApi, heard: (...asked) => heardIn(world.memory, clock)(...asked) }),
    }),
  });
  await world.boot();
  const began = world.clock.now();
  return {
    world,
    /** The job calls, as the server takes it. */
    async calls(ok: boolean, message?: string) {
      await takeCall(world.memory, check.id, { ok, ...(message && { message }) }, world.clock.now());
      await world.machine.look(check.id);
    },
    until: (at: number) => world.clock.advance(began + at - world.clock.now()),
    /** What PagerDuty was told, and how long after the beginning. */
    pages: () =>
      world.notices
        .filter(({ receiver }) => receiver === 'pagerduty')
        .map(({ at, notice }) => ({ at: at - began, kind: notice.kind, title: notice.incident.title })),
  };
}

test('a nightly job goes silent: one page when it is late, and its end with the next call', async () => {
  const job = await nightly();
  for (const night of [0, 1, 2]) {
    await job.until(night * DAY + 3 * HOUR);
    await job.calls(true);
  }
  await job.until(3 * DAY + 4 * HOUR);
  expect(job.pages()).toEqual([]);
  await job.until(3 * DAY + 4 * HOUR + 3 * MINUTE);
  expect(job.pages()).toEqual([
    { at: expect.any(Number), kind: 'page', title: 'looked-at is late or has failed' },
  ]);
  await job.until(5 * DAY);
  await job.calls(true);
  await job.until(5 * DAY + 5 * MINUTE);
  expect(
    job
      .pages()
      .filter(({ kind }) => kind !== 'update')
      .map(({ kind }) => kind),
  ).toEqual(expect.arrayContaining(['page', 'resolve']));
  expect(job.world.ledger.alerts).toHaveLength(1);
  expect(job.world.ledger.open).toEqual([]);
  await job.world.stop();
});

test('a failure that is reported pages within seconds, with what the job said', async () => {
  const job = await nightly();
  await job.until(3 * HOUR);
  await job.calls(true);
  await job.until(9 * HOUR + 7 * SECOND);
  await job.calls(false, 'pg_dump: exit code 1');
  await job.until(9 * HOUR + 12 * SECOND);
  expect(job.pages()).toHaveLength(1);
  expect(job.world.notices.at(-1)?.notice.incident.evidence.message).toMatch(/pg_dump: exit code 1/);
  await job.world.stop();
});

test('one that never called is no trouble until it is late, whatever is restarted meanwhile', async () => {
  const job = await nightly();
  await job.until(20 * HOUR);
  await job.world.restart();
  await job.until(25 * HOUR - MINUTE);
  expect(job.world.notices).toEqual([]);
  await job.until(25 * HOUR + 3 * MINUTE);
  expect(job.pages()).toMatchObject([{ kind: 'page' }]);
  await job.world.stop();
});

test('what was called while we were away is held against nobody; a job that is dead pages a period later', async () => {
  const job = await nightly();
  await job.until(3 * HOUR);
  await job.calls(true);
  await job.until(DAY);
  await job.world.stop();
  await job.until(DAY + 6 * HOUR);
  await job.world.boot();
  await job.until(2 * DAY + 2 * HOUR);
  expect(job.world.notices).toEqual([]);
  await job.until(2 * DAY + 4 * HOUR + 3 * MINUTE);
  expect(job.pages()).toMatchObject([{ kind: 'page', title: 'looked-at is late or has failed' }]);
  await job.world.stop();
});

test('a job that is late stays late while we are away, and after that', async () => {
  const job = await nightly();
  await job.until(DAY + 2 * HOUR);
  expect(job.pages()).toHaveLength(1);
  await job.world.stop();
  await job.until(2 * DAY);
  await job.world.boot();
  await job.until(3 * DAY + 3 * HOUR);
  expect(job.world.ledger.alerts).toHaveLength(1);
  expect(job.world.ledger.open).toHaveLength(1);
  await job.world.stop();
});
