import { describe, expect, test } from 'vitest';
import { runBeats, STEP_MS } from '../../../lib/adapters/local/beats.ts';
import { steadyClock } from '../../../lib/adapters/local/steady-clock.ts';
import type { Check } from '../../../lib/config/compiled.ts';
import { offsetIn } from '../../../lib/schedule.ts';
import { VirtualClock } from '../../kit/clock.ts';
import { silent } from '../../kit/local-store.ts';
import { checkOf, DAY, HOUR, MINUTE, NOON, SECOND } from '../../kit/readings.ts';

/** The loop in virtual time, at noon, and the beats that it ran. */
function beating(checks: readonly Check[], isSteady = true) {
  const machine = new VirtualClock(NOON);
  const clock = isSteady ? steadyClock(machine, silent) : machine;
  const stop = new AbortController();
  const beats: { beat: number; skipped: number }[] = [];
  let current = checks;
  const running = runBeats({
    clock,
    signal: stop.signal,
    checks: () => current,
    run: (beat, skipped) => void beats.push({ beat, skipped }),
  });
  return {
    machine,
    beats,
    reload: (next: readonly Check[]) => {
      current = next;
    },
    skipped: () => beats.reduce((sum, { skipped }) => sum + skipped, 0),
    /** How often the check was due in the beats that ran. */
    runsOf: (check: Check) => beats.filter(({ beat }) => offsetIn(check, beat, STEP_MS) !== undefined).length,
    end: async () => {
      stop.abort();
      await machine.run(running);
      expect(machine.pending).toBe(0);
    },
  };
}

const EVERY_30 = checkOf('api', { every: 30 * SECOND });

test('a day of beats: each slot once, nothing skipped (H07)', async () => {
  const checks = [EVERY_30, checkOf('web', { every: 7 * SECOND }), checkOf('rare', { every: HOUR })];
  const loop = beating(checks);
  await loop.machine.advance(DAY);
  for (const check of checks)
    expect(Math.abs(loop.runsOf(check) - DAY / check.every), check.id).toBeLessThanOrEqual(1);
  expect(new Set(loop.beats.map(({ beat }) => beat)).size).toBe(loop.beats.length);
  expect(loop.skipped()).toBe(0);
  await loop.end();
});

test('a reload in the middle of it doubles nothing and leaves nothing out', async () => {
  const loop = beating([EVERY_30]);
  for (let i = 0; i < 100; i++) {
    await loop.machine.advance(7 * SECOND);
    loop.reload([{ ...EVERY_30 }]);
  }
  expect(loop.runsOf(EVERY_30)).toBe(Math.floor((700 * SECOND) / EVERY_30.every));
  await loop.end();
});

test('a location with nothing due gives a sign of life at its start and each minute', async () => {
  const loop = beating([]);
  await loop.machine.advance(10 * MINUTE);
  expect(loop.beats.map(({ beat }) => (beat - NOON) / MINUTE)).toEqual([
    1 / 12,
    1,
    2,
    3,
    4,
    5,
    6,
    7,
    8,
    9,
    10,
  ]);
  await loop.end();
});

describe('a process that stood still (E25, H03)', () => {
  test.each([
    ['for a second', SECOND, 0],
    ['for 30 seconds', 30 * SECOND, 0],
    ['for ten minutes', 10 * MINUTE, 18],
    ['for an hour', HOUR, 118],
  ])('%s runs the beats of the last minute, skips the others, and counts them', async (_, ms, skipped) => {
    const loop = beating([EVERY_30]);
    await loop.machine.advance(MINUTE);
    const before = loop.runsOf(EVERY_30);
    loop.machine.freeze(ms);
    await loop.machine.advance(5 * SECOND);
    expect(loop.runsOf(EVERY_30) - before).toBeLessThanOrEqual(3);
    expect(Math.abs(loop.skipped() - skipped)).toBeLessThanOrEqual(1);
    await loop.machine.advance(5 * MINUTE);
    expect(
      Math.abs(loop.runsOf(EVERY_30) + loop.skipped() - (6 * MINUTE + ms + 5 * SECOND) / EVERY_30.every),
    ).toBeLessThan(1);
    await loop.end();
  });
});

describe('a wall clock that jumps (H01)', () => {
  test.each([
    ['an hour ahead', HOUR],
    ['an hour back', -HOUR],
    ['ten years ahead', 3_652 * DAY],
    ['to 1970', -NOON],
  ])(
    '%s, and stays there: beats go on, are followed after ten minutes, and none counts as skipped',
    async (_, jump) => {
      const loop = beating([EVERY_30]);
      await loop.machine.advance(MINUTE);
      loop.machine.jump(jump);
      await loop.machine.advance(9 * MINUTE);
      expect(loop.runsOf(EVERY_30)).toBe(20);
      await loop.machine.advance(10 * MINUTE);
      expect(Math.abs(loop.runsOf(EVERY_30) - 40)).toBeLessThanOrEqual(1);
      expect(loop.beats.at(-1)?.beat).toBeGreaterThan(loop.machine.now() - MINUTE);
      expect(loop.skipped()).toBe(0);
      await loop.end();
    },
  );

  test('without anything that steadies it: still no burst and nothing that hangs', async () => {
    const loop = beating([EVERY_30], false);
    for (const jump of [HOUR, -2 * HOUR, 20_000 * DAY, -19_000 * DAY]) {
      const before = loop.runsOf(EVERY_30);
      loop.machine.jump(jump);
      await loop.machine.advance(10 * MINUTE);
      expect(Math.abs(loop.runsOf(EVERY_30) - before - 20), `${jump}`).toBeLessThanOrEqual(1);
    }
    await loop.end();
  });
});
