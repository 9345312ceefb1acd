import { describe, expect, test } from 'vitest';
import { Rollup } from '../../lib/rollup.ts';
import { hashOf } from '../../lib/schedule.ts';
import { DAY, HOUR, MINUTE, SECOND } from '../kit/readings.ts';
import { downBetween, Stage } from '../kit/stage.ts';

/** How often each key was opened at PagerDuty, and whether all are closed. */
const alerts = ({ world: { ledger } }: Stage) => ({ opened: ledger.alerts.length, open: ledger.open.length });

describe('a process that is restarted every 30 seconds for an hour (H10)', () => {
  test.each([
    ['in good order, at any point of a run', 'stop', 30 * SECOND],
    ['by kill -9', 'kill', 30 * SECOND],
    ['in good order, checks every minute', 'stop', MINUTE],
    ['by kill -9, checks every hour', 'kill', HOUR],
  ] as const)('%s: the outage is paged once, and closed once', async (_, how, every) => {
    for (const phase of [0, 7, 13, 22]) {
      const stage = await Stage.set({
        status: downBetween(20, 40),
        config: (config) => ({ ...config, checks: config.checks.map((check) => ({ ...check, every })) }),
      });
      await stage.world.clock.advance(phase * SECOND);
      for (let at = 0; at < HOUR; at += 30 * SECOND) {
        await stage.world.clock.advance(29 * SECOND);
        await stage.world[how]();
        await stage.world.clock.advance(SECOND);
        await stage.world.boot();
      }
      // an hourly check is looked at once in the hour, perhaps not in the outage
      const opened = every === HOUR ? stage.heard('pagerduty').length / 2 : 1;
      expect(opened).toBeLessThanOrEqual(1);
      expect(alerts(stage), `phase ${phase}`).toEqual({ opened, open: 0 });
      await stage.world.stop();
    }
  });

  test('from its very first start on, and its target down from the beginning: paged once', async () => {
    const stage = await Stage.set({ status: downBetween(0, 40) });
    for (let at = 0; at < 30 * MINUTE; at += 30 * SECOND) {
      await stage.world.clock.advance(29 * SECOND);
      await stage.world.kill();
      await stage.world.clock.advance(SECOND);
      await stage.world.boot();
    }
    expect(alerts(stage)).toEqual({ opened: 1, open: 1 });
    await stage.until(60);
    expect(alerts(stage)).toEqual({ opened: 1, open: 0 });
    await stage.world.stop();
  });
});

test('a target that recovers while the process is off is resolved after the start', async () => {
  const stage = await Stage.set({ status: downBetween(2, 10) });
  await stage.until(5);
  await stage.world.kill();
  await stage.until(15);
  await stage.world.boot();
  expect(alerts(stage)).toEqual({ opened: 1, open: 1 });
  await stage.until(18);
  expect(alerts(stage)).toEqual({ opened: 1, open: 0 });
  await stage.world.stop();
});

test('an outage that nobody saw is no incident: the time is a gap, and uptime doesn’t count it', async () => {
  const stage = await Stage.set({ status: downBetween(10, 20) });
  await stage.until(9.5);
  await stage.world.stop();
  await stage.until(25);
  await stage.world.boot();
  await stage.until(60);
  expect(alerts(stage)).toEqual({ opened: 0, open: 0 });
  expect(stage.heard()).toEqual([]);
  const rollup = await Rollup.open(stage.world.memory, stage.world.time);
  const sum = rollup.hour(hashOf('api'), stage.start);
  expect(sum?.down).toBe(0);
  expect(60 - (sum?.up ?? 0)).toBeGreaterThanOrEqual(15);
  expect(stage.world.snapshot.checks[0]?.uptime['24h']).toBe(1);
  await stage.world.stop();
});

describe('a process that stands still (H03, E25)', () => {
  test.each([
    ['a second', SECOND],
    ['30 seconds', 30 * SECOND],
    ['an hour', HOUR],
    ['ten days', 10 * DAY],
  ])('for %s accuses nobody: no page, no ticket', async (_, ms) => {
    for (const moment of [61, 75, 90, 117]) {
      const stage = await Stage.set({ checks: ['api', 'web'] });
      await stage.world.clock.advance(moment * SECOND);
      stage.world.clock.freeze(ms);
      await stage.world.clock.advance(20 * MINUTE);
      expect([stage.heard('pagerduty'), stage.heard()], `frozen after ${moment} s`).toEqual([[], []]);
      await stage.world.stop();
    }
  });

  test('over the end of an outage closes it once it sees again', async () => {
    const stage = await Stage.set({ status: downBetween(2, 10) });
    await stage.until(5);
    stage.world.clock.freeze(HOUR);
    await stage.world.clock.advance(5 * MINUTE);
    expect(alerts(stage)).toEqual({ opened: 1, open: 0 });
    await stage.world.stop();
  });
});

describe('a wall clock that is set wrong and stays so (H01)', () => {
  test.each([
    ['an hour ahead', HOUR],
    ['an hour back', -HOUR],
    ['a day back', -DAY],
    ['ten years ahead', 3_652 * DAY],
    ['to 1970', -Date.UTC(2026, 0, 1)],
  ])(
    '%s: nobody is told anything wrong, and an outage after it is paged once, in time, and closed',
    async (_, jump) => {
      // the real hour before was down as well: what was recorded then must not be taken for now
      const stage = await Stage.set({
        status: (id, at) => (at < 6 * MINUTE ? downBetween(1, 5) : downBetween(70, 75))(id, at),
      });
      await stage.until(9);
      expect(alerts(stage)).toEqual({ opened: 1, open: 0 });
      stage.world.clock.jump(jump);
      await stage.until(69);
      expect(alerts(stage)).toEqual({ opened: 1, open: 0 });
      expect(stage.world.logged.some((line) => line.includes('clock suspect'))).toBe(true);
      await stage.until(72);
      expect(alerts(stage)).toEqual({ opened: 2, open: 1 });
      // an hour back, and the two are less than ten minutes apart by the clock: flapping
      await stage.until(90);
      expect(alerts(stage)).toEqual({ opened: 2, open: 0 });
      expect(stage.heard()).toHaveLength(4);
      await stage.world.stop();
    },
  );

  test('an hour back in the middle of an outage: it is closed all the same, once', async () => {
    const stage = await Stage.set({ status: downBetween(2, 40) });
    await stage.until(10);
    stage.world.clock.jump(-HOUR);
    await stage.until(39);
    expect(alerts(stage)).toEqual({ opened: 1, open: 1 });
    await stage.until(45);
    expect(alerts(stage)).toEqual({ opened: 1, open: 0 });
    await stage.world.stop();
  });

  test('a year ahead at the start, and right from then on: what was recorded ahead stands in nobody’s way', async () => {
    const stage = await Stage.set({ status: downBetween(30, 35) });
    await stage.world.stop();
    stage.world.clock.jump(365 * DAY);
    await stage.world.boot();
    await stage.until(10);
    stage.world.clock.jump(-365 * DAY);
    await stage.until(33);
    expect(alerts(stage)).toEqual({ opened: 1, open: 1 });
    await stage.until(40);
    expect(alerts(stage)).toEqual({ opened: 1, open: 0 });
    await stage.world.stop();
  });
});
