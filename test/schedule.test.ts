import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { beatOf, hashOf, offsetIn, retryStarts, shardingOf, shardOf } from '../lib/schedule.ts';
import { DAY, HOUR, MINUTE, NOON, SECOND } from './kit/readings.ts';

const STEP = 5 * SECOND;

/** Every time at which a grid of `step` ms runs the check in `[from, to)`. */
function slots(check: { id: string; every: number }, from: number, to: number, step = STEP): number[] {
  const found: number[] = [];
  for (let beat = from; beat < to; beat += step) {
    const offset = offsetIn(check, beat, step);
    if (offset !== undefined) found.push(beat + offset);
  }
  return found;
}

describe('a check is due', () => {
  test.each([5 * SECOND, 7 * SECOND, 30 * SECOND, MINUTE, 90 * SECOND, HOUR, 7 * HOUR])(
    'once in each interval of %i ms for 24 h, without drift (H07)',
    (every) => {
      for (const id of ['api', 'web', 'a-much-longer-name']) {
        const due = slots({ id, every }, NOON, NOON + DAY);
        expect(Math.abs(due.length - DAY / every), id).toBeLessThan(1);
        expect(
          due.every((at, i) => at - (due[i - 1] ?? at - every) === every),
          id,
        ).toBe(true);
      }
    },
  );

  test('in the same slots whatever grid is laid over time, wherever it begins', () => {
    const grid = fc.record({
      every: fc.integer({ min: 5 * SECOND, max: 20 * MINUTE }),
      step: fc.constantFrom(1_000, 2_500, STEP),
      from: fc.integer({ min: 0, max: 4_000_000_000_000 }),
      id: fc.string({ minLength: 1 }),
    });
    fc.assert(
      fc.property(grid, ({ every, step, from, id }) => {
        const start = beatOf(from, STEP);
        const end = start + 2 * every + STEP;
        const inOther = slots({ id, every }, start, end, step).filter((at) => at < end);
        return (
          slots({ id, every }, start, end)
            .filter((at) => at < end)
            .join() === inOther.join()
        );
      }),
      { numRuns: 100, endOnFailure: true },
    );
  });

  test('at the same times after a reload: nothing is doubled, nothing left out (H07)', () => {
    const check = { id: 'api', every: 30 * SECOND };
    const whole = slots(check, NOON, NOON + HOUR);
    for (const reload of [MINUTE, 7 * MINUTE + STEP, 31 * MINUTE]) {
      const halves = [
        ...slots(check, NOON, NOON + reload),
        ...slots({ ...check }, NOON + reload, NOON + HOUR),
      ];
      expect(halves).toEqual(whole);
    }
  });
});

test('10,000 checks of one interval are spread over it, and none is missed (H09)', () => {
  const every = MINUTE;
  const perBeat = new Map<number, number>();
  for (let i = 0; i < 10_000; i++) {
    const due = slots({ id: `check-${i}`, every }, NOON, NOON + every);
    expect(due).toHaveLength(1);
    const beat = beatOf(due[0] ?? 0, STEP);
    perBeat.set(beat, (perBeat.get(beat) ?? 0) + 1);
  }
  const counts = [...perBeat.values()];
  expect(counts).toHaveLength(every / STEP);
  expect(Math.max(...counts)).toBeLessThan((10_000 / counts.length) * 1.2);
  expect(Math.min(...counts)).toBeGreaterThan((10_000 / counts.length) * 0.8);
});

test.each([
  [{ tries: 4, over: 10_000 }, [1_000, 4_000, 10_000]],
  [{ tries: 1, over: 10_000 }, []],
  [{ tries: 2, over: 10_000 }, [10_000]],
  [{ tries: 3, over: 3_000 }, [1_000, 3_000]],
  [{ tries: 3, over: 2_000 }, [500, 2_000]],
  [{ tries: 4, over: 0 }, [0, 0, 0]],
  [{ tries: 5, over: 60_000 }, [4_000, 15_000, 34_000, 60_000]],
])('retries of %j start after %j ms', (judge, starts) => {
  expect(retryStarts(judge)).toEqual(starts);
});

describe('shards', () => {
  test.each([0, 1, 300, 301, 1_000, 10_000])(
    'hold at most 300 of %i checks, and each check is in one',
    (count) => {
      const ids = Array.from({ length: count }, (_, i) => `check-${i}`);
      const sharding = shardingOf(ids);
      const sizes = [...Map.groupBy(ids, (id) => shardOf(hashOf(id), sharding)).values()].map(
        (s) => s.length,
      );
      expect(Math.max(0, ...sizes)).toBeLessThanOrEqual(300);
      expect(sizes.reduce((a, b) => a + b, 0)).toBe(count);
      expect(sharding.bits === 0).toBe(count <= 300);
    },
  );

  test('follow from the set of ids alone, not from their order', () => {
    const ids = fc.uniqueArray(fc.string(), { minLength: 1, maxLength: 300 });
    fc.assert(
      fc.property(ids, (some) => shardingOf(some).bits === shardingOf(some.toReversed()).bits),
      { numRuns: 30, endOnFailure: true },
    );
  });
});
