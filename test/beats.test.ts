import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { dueIn, type PlannedBeat, plannedBeats } from '../lib/beats.ts';
import type { Config } from '../lib/config/compiled.ts';
import { hashOf, offsetIn, shardingOf, shardOf } from '../lib/schedule.ts';
import { checkOf, DAY, HOUR, MINUTE, NOON, SECOND } from './kit/readings.ts';

type Plan = Pick<Config, 'checks' | 'locations'>;
type Check = Plan['checks'][number];

const REGIONS = ['eu-west-1', 'us-east-1', 'ap-southeast-2', 'ca-central-1', 'sa-east-1'];

const every = fc.oneof(
  fc.integer({ min: 5 * SECOND, max: MINUTE }),
  fc.constantFrom(5 * SECOND, 6 * SECOND, 20 * SECOND, 59 * SECOND, MINUTE - 1, MINUTE, MINUTE + 1, HOUR),
  fc.integer({ min: 5 * SECOND, max: 30 * DAY }),
);

/** Some locations, and checks that run in all of them or in some. */
const plan: fc.Arbitrary<Plan> = fc.integer({ min: 1, max: REGIONS.length }).chain((count) => {
  const locations = REGIONS.slice(0, count);
  const check = fc.record({
    id: fc.string({ minLength: 1, maxLength: 12 }),
    every,
    locations: fc.subarray(locations, { minLength: 1 }),
  });
  return fc
    .uniqueArray(check, { maxLength: 8, selector: ({ id }) => id })
    .map((checks) => ({ locations, checks: checks.map(({ id, ...more }) => checkOf(id, more)) }));
});

/** As many checks as make 2, 4 or 8 shards, now and then a fast one. */
function largePlan(count: number, locations: readonly string[]): Plan {
  const checks = Array.from({ length: count }, (_, i) =>
    checkOf(`check-${i}`, { locations, every: i % 97 === 0 ? 20 * SECOND : i % 2 === 0 ? MINUTE : HOUR }),
  );
  return { locations, checks };
}

/** All beats of a location in so many minutes, in the order of time. */
const beatsIn = (config: Plan, location: string, from: number, minutes: number): PlannedBeat[] =>
  Array.from({ length: minutes }, (_, i) => plannedBeats(config, location, from + i * MINUTE))
    .flat()
    .sort((a, b) => a.at - b.at);

/** Every slot of a check in `[from, to)`. */
function slotsOf(check: Check, from: number, to: number): number[] {
  const first = from + (offsetIn(check, from, check.every) ?? 0);
  const slots: number[] = [];
  for (let at = first; at < to; at += check.every) slots.push(at);
  return slots;
}

const shardIn = (config: Plan, id: string): string =>
  shardOf(hashOf(id), shardingOf(config.checks.map((check) => check.id)));

/** That each slot of the check has exactly one beat that runs it, before the check's next slot and within a minute. */
function expectEachSlotOnce(
  config: Plan,
  check: Check,
  location: string,
  from: number,
  minutes: number,
): void {
  const beats = beatsIn(config, location, from, minutes);
  const runs = beats.filter((beat) => dueIn(beat, config, location).includes(check)).map(({ at }) => at);
  const begin = beats.find(({ shard }) => shard === shardIn(config, check.id))?.at ?? from;
  const slots = slotsOf(check, begin, begin + minutes * MINUTE);
  expect(runs).toHaveLength(slots.length);
  for (const [i, slot] of slots.entries()) {
    const ahead = slot - (runs[i] ?? Number.NaN);
    expect(ahead).toBeGreaterThanOrEqual(0);
    expect(ahead).toBeLessThan(Math.min(check.every, MINUTE));
  }
}

describe('a check runs once for each of its slots, in the beat that holds it', () => {
  test('whatever its interval, at every location where it is configured, over any minutes (H07)', () => {
    const minutes = fc.integer({ min: 1, max: 6 });
    fc.assert(
      fc.property(plan, minutes, fc.integer({ min: 0, max: 60_000 }), (config, count, minute) => {
        for (const check of config.checks) {
          for (const location of check.locations)
            expectEachSlotOnce(config, check, location, NOON + minute * MINUTE, count);
        }
      }),
      { numRuns: 300, endOnFailure: true },
    );
  });

  test('also where it has one in 30 days, and the minutes are those around it', () => {
    fc.assert(
      fc.property(plan, fc.integer({ min: 0, max: 4 }), (config, before) => {
        for (const check of config.checks) {
          const [slot = 0] = slotsOf(check, NOON, NOON + 31 * DAY);
          const from = Math.floor(slot / MINUTE) * MINUTE - before * MINUTE;
          for (const location of check.locations) expectEachSlotOnce(config, check, location, from, 6);
        }
      }),
      { numRuns: 100, endOnFailure: true },
    );
  });

  test('nowhere else', () => {
    fc.assert(
      fc.property(plan, (config) => {
        for (const location of config.locations) {
          const run = beatsIn(config, location, NOON, 60).flatMap((beat) => dueIn(beat, config, location));
          expect(run.filter((check) => !check.locations.includes(location))).toEqual([]);
        }
      }),
      { numRuns: 50, endOnFailure: true },
    );
  });

  test.each([201, 1_000])('of %i checks, each in the beats of its shard alone', (count) => {
    const config = largePlan(count, REGIONS.slice(0, 3));
    for (const location of config.locations) {
      const beats = beatsIn(config, location, NOON, 2);
      const runs = beats.flatMap((beat) => dueIn(beat, config, location).map((check) => ({ beat, check })));
      for (const { beat, check } of runs) expect(beat.shard).toBe(shardIn(config, check.id));
      const times = Map.groupBy(runs, ({ check }) => check);
      for (const check of config.checks.filter((one) => one.every <= MINUTE))
        expect(times.get(check)?.length).toBe((2 * MINUTE) / check.every);
    }
  });
});

describe('the beats of a minute', () => {
  test('are the same in each', () => {
    fc.assert(
      fc.property(plan, ({ locations, checks }) => {
        const config = { locations, checks: checks.filter((check) => check.every >= MINUTE) };
        for (const location of locations) {
          const moved = plannedBeats(config, location, NOON).map(({ at, ...more }) => ({
            ...more,
            at: at + HOUR,
          }));
          expect(plannedBeats(config, location, NOON + HOUR)).toEqual(moved);
        }
      }),
      { numRuns: 50, endOnFailure: true },
    );
  });

  test.each([
    [1, 10],
    [3, 10],
    [3, 700],
    [5, 2_000],
    [12, 300],
  ])('of each shard are evenly apart at %i locations with %i checks', (count, checks) => {
    const locations = Array.from({ length: count }, (_, i) => `location-${i}`);
    const config = largePlan(checks, locations);
    const firsts = locations.flatMap((location) =>
      plannedBeats(config, location, NOON)
        .filter(({ only }) => only === 'all')
        .map(({ shard, at }) => ({ shard, at })),
    );
    const shards = Map.groupBy(firsts, ({ shard }) => shard);
    expect(shards.size).toBe(2 ** shardingOf(config.checks.map(({ id }) => id)).bits);
    for (const beats of shards.values()) {
      const at = beats.map((beat) => beat.at).sort((a, b) => a - b);
      const gaps = at.map((one, i) => (at[i + 1] ?? (at[0] ?? 0) + MINUTE) - one);
      for (const gap of gaps) expect(Math.abs(gap - MINUTE / count)).toBeLessThanOrEqual(1);
    }
    const times = firsts.map(({ at }) => at);
    expect(new Set(times).size, 'no two at the same time').toBe(times.length);
    expect(times.every((at) => Number.isInteger(at) && at >= NOON && at < NOON + MINUTE)).toBe(true);
  });

  test('leave out a shard that has no check there, and every other one stays where it was', () => {
    const everywhere = largePlan(700, REGIONS.slice(0, 2));
    const [first = '', second = ''] = everywhere.locations;
    const shards = new Set(everywhere.checks.map(({ id }) => shardIn(everywhere, id)));
    const [gone] = shards;
    const config = {
      ...everywhere,
      checks: everywhere.checks.map((check) =>
        shardIn(everywhere, check.id) === gone ? { ...check, locations: [first] } : check,
      ),
    };
    expect(plannedBeats(config, first, NOON)).toEqual(plannedBeats(everywhere, first, NOON));
    expect(plannedBeats(config, second, NOON)).toEqual(
      plannedBeats(everywhere, second, NOON).filter(({ shard }) => shard !== gone),
    );
  });

  test('are one that shows life where a location has no check, and where there is none at all', () => {
    const elsewhere = {
      locations: REGIONS.slice(0, 2),
      checks: [checkOf('api', { locations: [REGIONS[0] as string] })],
    };
    const sign = { shard: '0-0', at: NOON + MINUTE / 2, step: MINUTE, only: 'all' } as const;
    for (const config of [elsewhere, { ...elsewhere, checks: [] }]) {
      expect(plannedBeats(config, 'us-east-1', NOON)).toEqual([sign]);
      expect(dueIn(sign, config, 'us-east-1')).toEqual([]);
    }
    expect(plannedBeats(elsewhere, 'nowhere', NOON)).toEqual([]);
  });

  test.each([
    [5, 5],
    [7, 6],
    [10, 10],
    [19, 15],
    [30, 30],
    [59, 30],
  ])(
    'with a check every %i s are %i s apart, and those in which it has no slot are left out',
    (seconds, step) => {
      const config = {
        locations: ['eu-west-1'],
        checks: [checkOf('api', { locations: ['eu-west-1'], every: seconds * SECOND })],
      };
      const [first, ...others] = beatsIn(config, 'eu-west-1', NOON, 3).filter(
        ({ at }) => at < NOON + 3 * MINUTE,
      );
      expect(first).toEqual({ shard: '0-0', at: NOON, step: MINUTE, only: 'all' });
      for (const beat of others.filter(({ only }) => only === 'fast')) {
        expect(beat.step).toBe(step * SECOND);
        expect((beat.at - NOON) % beat.step).toBe(0);
        expect(dueIn(beat, config, 'eu-west-1')).toHaveLength(1);
      }
      expect(others.filter(({ only }) => only === 'all')).toHaveLength(2);
    },
  );
});
