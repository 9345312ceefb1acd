import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  HOUR_MS,
  type HourRow,
  minuteLatencies,
  rollHour,
  rollMinutes,
  type Sighting,
  seenNow,
  splice,
  standingAt,
  sumRow,
  uptimeOf,
} from '../lib/history.ts';
import { Home } from '../lib/home.ts';
import type { RollContext } from '../lib/hour.ts';
import type { Status, Tick } from '../lib/reading.ts';
import { Rollup } from '../lib/rollup.ts';
import { hashOf, shardingOf, shardOf } from '../lib/schedule.ts';
import { decide } from '../lib/watch.ts';
import { VirtualClock } from './kit/clock.ts';
import { silent } from './kit/local-store.ts';
import { MemoryStore } from './kit/memory-store.ts';
import { checkOf, DAY, HOUR, MINUTE, NOON, readingOf, SECOND } from './kit/readings.ts';
import { configOf } from './kit/world.ts';

const seenAt = (at: number, status: Status = 'up', location = 'local', latencyMs = 20): Sighting => ({
  at: NOON + at,
  status,
  location,
  latencyMs,
});

const rowOf = (seen: readonly Sighting[], every = MINUTE, now = NOON + HOUR): string =>
  rollHour(NOON, seen, { every, inMaintenance: () => false, now }).marks;

describe('a minute is', () => {
  test.each<[string, Sighting[], string]>([
    ['nothing where nothing was seen', [], '.'],
    ['up', [seenAt(0)], 'u'],
    ['the worst that was seen in it', [seenAt(0), seenAt(10 * SECOND, 'down'), seenAt(20 * SECOND)], 'd'],
    ['degraded', [seenAt(0, 'degraded')], 'g'],
    ['unknown where nobody could tell', [seenAt(0, 'unknown')], 'x'],
    ['what others say where one can’t tell', [seenAt(0, 'unknown', 'a'), seenAt(0, 'down', 'b')], 'd'],
    [
      'degraded where a minority says down',
      [seenAt(0, 'down', 'a'), seenAt(0, 'up', 'b'), seenAt(0, 'up', 'c')],
      'g',
    ],
    ['degraded where exactly half say down', [seenAt(0, 'down', 'a'), seenAt(0, 'up', 'b')], 'g'],
    ['down where most say down', [seenAt(0, 'down', 'a'), seenAt(0, 'down', 'b'), seenAt(0, 'up', 'c')], 'd'],
  ])('%s', (_, seen, mark) => {
    expect(rowOf(seen, 1)[0]).toBe(mark);
  });
});

describe('a reading stands', () => {
  test.each<[string, string, string]>([
    ['until the next is due, no longer', rowOf([seenAt(0)], 5 * MINUTE).slice(0, 7), 'uuuuu..'],
    ['until the next', rowOf([seenAt(0), seenAt(2 * MINUTE, 'down')], 5 * MINUTE).slice(0, 8), 'uuddddd.'],
    ['as unknown as well', rowOf([seenAt(0, 'unknown')], 3 * MINUTE).slice(0, 4), 'xxx.'],
    ['over the end of its hour', rowOf([seenAt(-3 * MINUTE)], 5 * MINUTE).slice(0, 3), 'uu.'],
    ['over many hours', rowOf([seenAt(-5 * HOUR)], 12 * HOUR), 'u'.repeat(60)],
    [
      'not in minutes that have not been yet',
      rowOf([seenAt(0)], HOUR, NOON + 3 * MINUTE),
      `uuu${'.'.repeat(57)}`,
    ],
  ])('%s', (_, marks, expected) => {
    expect(marks).toBe(expected);
  });

  test('at the end of an hour per location, if its interval says so', () => {
    const seen = [seenAt(0, 'up', 'a'), seenAt(58 * MINUTE, 'down', 'a'), seenAt(50 * MINUTE, 'up', 'b')];
    const standing = (every: number) =>
      standingAt(NOON + HOUR, seen, every).map(({ location, status }) => [location, status]);
    expect(standing(5 * MINUTE)).toEqual([['a', 'down']]);
    expect(standing(HOUR)).toEqual([
      ['a', 'down'],
      ['b', 'up'],
    ]);
    expect(standing(MINUTE)).toEqual([]);
  });
});

test('maintenance is neither up nor down', () => {
  const inMaintenance = (at: number) => at >= NOON + 10 * MINUTE && at < NOON + 20 * MINUTE;
  const row = rollHour(NOON, [seenAt(0), seenAt(15 * MINUTE, 'down')], {
    every: HOUR,
    inMaintenance,
    now: NOON + HOUR,
  });
  expect(sumRow(row)).toMatchObject({ up: 10, maintenance: 10, down: 40 });
});

describe('uptime', () => {
  const of = (marks: string) => uptimeOf(sumRow({ marks, latency: '' }));
  test.each<[string, string, number | undefined]>([
    ['of nothing is nothing, not 100 % (H11)', '.'.repeat(60), undefined],
    ['of what nobody could tell is nothing (H11)', 'x'.repeat(60), undefined],
    ['of maintenance alone is nothing', 'm'.repeat(60), undefined],
    ['leaves out gaps, unknown minutes and maintenance', 'uuud....xxmm', 0.75],
    ['counts degraded as up', 'gggd', 0.75],
  ])('%s', (_, marks, share) => {
    expect(of(marks)).toBe(share);
  });
});

test('a latency comes back within 5 %, from 1 ms to 60 s, and only of what passed', () => {
  for (const ms of [1, 7, 20, 180, 999, 12_345, 60_000]) {
    const row = rollHour(NOON, [seenAt(0, 'up', 'local', ms)], {
      every: 1,
      inMaintenance: () => false,
      now: NOON + HOUR,
    });
    expect(Math.abs((minuteLatencies(row)[0] ?? 0) - ms) / ms, `${ms} ms`).toBeLessThan(0.05);
  }
  const failed = rollHour(NOON, [seenAt(0, 'down')], {
    every: 1,
    inMaintenance: () => false,
    now: NOON + HOUR,
  });
  expect(minuteLatencies(failed)[0]).toBeUndefined();
});

describe('the minute that is going on', () => {
  const now = NOON + 3 * MINUTE + 20 * SECOND;
  const marks = (seen: readonly Sighting[], newest: readonly Sighting[]) =>
    rollMinutes({ from: NOON + 2 * MINUTE, minutes: 2 }, seenNow(seen, newest, now, 2 * MINUTE), {
      every: 20 * SECOND,
      inMaintenance: () => false,
      now,
    }).marks;
  const up = seenAt(2 * MINUTE + 50 * SECOND);
  const down = seenAt(2 * MINUTE + 55 * SECOND, 'down', 'b');
  test.each<[string, Sighting[], Sighting[], string]>([
    ['nothing before the first reading', [], [], '..'],
    ['what is known now, before it has a reading of its own', [up], [up], 'uu'],
    [
      'what its own readings say, once there are any',
      [up, seenAt(3 * MINUTE, 'down')],
      [seenAt(3 * MINUTE, 'down')],
      'ud',
    ],
    [
      'its worst so far',
      [seenAt(3 * MINUTE, 'down'), seenAt(3 * MINUTE + SECOND)],
      [seenAt(3 * MINUTE + SECOND)],
      '.d',
    ],
    [
      'what each location knows, newly or not',
      [up, down, seenAt(3 * MINUTE + SECOND)],
      [seenAt(3 * MINUTE + SECOND), down],
      'gg',
    ],
    ['nothing where nobody has a say any more', [seenAt(MINUTE)], [seenAt(MINUTE)], '..'],
  ])('is %s', (_, seen, newest, expected) => {
    expect(marks(seen, newest)).toBe(expected);
  });

  test('takes the place of what the row says of it, latency included', () => {
    const row = rollHour(NOON, [seenAt(0), seenAt(MINUTE)], {
      every: 1,
      inMaintenance: () => false,
      now: NOON + HOUR,
    });
    const minutes = rollMinutes(
      { from: NOON + MINUTE, minutes: 2 },
      [seenAt(MINUTE, 'down'), seenAt(2 * MINUTE, 'up', 'local', 500)],
      {
        every: 1,
        inMaintenance: () => false,
        now: NOON + HOUR,
      },
    );
    const spliced = splice(row, 1, minutes);
    expect(spliced.marks).toBe(`udu${'.'.repeat(57)}`);
    expect(minuteLatencies(spliced).map((ms) => ms && ms > 400)).toEqual([
      false,
      undefined,
      true,
      ...Array(57),
    ]);
    expect(splice(undefined, 1, minutes).marks).toBe(`.du${'.'.repeat(57)}`);
  });
});

/* From here on: the whole way, from ticks through the store to sums. */

const LOCATIONS = ['a', 'b', 'c'];
const CHECKS = [
  checkOf('often', { every: 20 * SECOND, locations: LOCATIONS }),
  checkOf('rare', { every: 7 * MINUTE, locations: LOCATIONS }),
  checkOf('hourly', { every: 100 * MINUTE, locations: LOCATIONS }),
];
const CONFIG = configOf([], { locations: LOCATIONS, checks: CHECKS });
const context = (now: number): RollContext => ({
  now,
  check: (hash) => CHECKS.find(({ id }) => hashOf(id) === hash),
  inMaintenance: (check, at) => check.id === 'rare' && at >= NOON + 30 * MINUTE && at < NOON + 45 * MINUTE,
});

interface Told {
  readonly check: number;
  readonly location: string;
  readonly at: number;
  readonly status: Status;
}

/** What three locations may tell within four hours: sparse, so that there are gaps. */
const told: fc.Arbitrary<Told[]> = fc.uniqueArray(
  fc.record({
    check: fc.integer({ min: 0, max: 2 }),
    location: fc.constantFrom(...LOCATIONS),
    at: fc.integer({ min: 0, max: 4 * 240 - 1 }).map((quarter) => NOON + quarter * 15 * SECOND),
    status: fc.constantFrom<Status>('up', 'up', 'down', 'degraded', 'unknown'),
  }),
  { minLength: 1, maxLength: 60, selector: ({ check, location, at }) => `${check}/${location}/${at}` },
);

const tickOf = ({ check, location, at, status }: Told): Tick => {
  const id = CHECKS[check]?.id ?? '';
  const shard = shardOf(hashOf(id), shardingOf([]));
  const reading = readingOf(id, status, at);
  return { location, shard, beat: at, cause: `confirm-${id}`, part: 0, readings: [reading], skipped: 1 };
};

const END = NOON + 6 * HOUR;

/** Whoever looks sees the newest minutes. */
const glanceAt = (rollup: Rollup, home: Home, now: number): Promise<void> =>
  rollup.glance({ ...context(now), checks: CHECKS, known: (id) => home.known(id) });

/** Takes in ticks in this order, rolling up and looking after some of them, and reads what history says in the end. */
async function historyAfter(ticks: readonly Tick[], rollAfter: ReadonlySet<number> = new Set()) {
  const clock = new VirtualClock(NOON);
  const store = new MemoryStore();
  const home = await Home.open({ store, clock, log: silent }, CONFIG);
  const rollup = await Rollup.open(store, NOON);
  let i = 0;
  for (const tick of ticks) {
    await clock.advance(Math.max(0, tick.beat - clock.now()));
    await decide([tick], home);
    if (rollAfter.has(i)) await rollup.roll(context(clock.now()));
    if (rollAfter.has(i++ - 1)) await glanceAt(rollup, home, clock.now());
  }
  await clock.advance(END - clock.now());
  await rollup.roll(context(END));
  const reopened = await Rollup.open(store, END);
  await reopened.roll(context(END));
  await glanceAt(rollup, home, END);
  await glanceAt(reopened, home, END);
  return [rollup, reopened].map((each) => whatIsShown(each));
}

function whatIsShown(rollup: Rollup) {
  const hours = Array.from({ length: 6 }, (_, i) => NOON + i * HOUR_MS);
  const day = Math.floor(NOON / DAY) * DAY;
  return CHECKS.map(({ id }) => {
    const hash = hashOf(id);
    const sum = rollup.lastDay(hash, END);
    return {
      id,
      hours: hours.map((hour) => rollup.hour(hash, hour)),
      sum,
      first: rollup.first(hash),
      day: rollup.day(hash, day, END),
      tomorrow: rollup.day(hash, day, END + DAY),
    };
  }).concat([
    {
      id: 'skipped',
      hours: [],
      sum: {} as never,
      first: undefined,
      day: undefined,
      tomorrow: rollup.skipped(END) as never,
    },
  ]);
}

const shuffled = (ticks: readonly Tick[], order: readonly number[]): Tick[] =>
  ticks
    .map((tick, i) => ({ tick, rank: order[i % order.length] ?? 0 }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ tick }) => tick);

test('any order, doubles and roll-ups in between give the same history (invariant 5)', async () => {
  const rank = fc.array(fc.nat({ max: 99 }), { minLength: 60, maxLength: 60 });
  const rolls = fc.uniqueArray(fc.nat({ max: 80 }), { maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(told, rank, rolls, async (what, order, rollAfter) => {
      const ticks = what.map(tickOf);
      const inOrder = ticks.toSorted((a, b) => a.beat - b.beat);
      const doubled = shuffled([...ticks, ...ticks.slice(0, 20)], order);
      const [expected, again] = await historyAfter(inOrder);
      expect(again, 'after a restart').toEqual(expected);
      const [other, otherAgain] = await historyAfter(doubled, new Set(rollAfter));
      expect(other).toEqual(expected);
      expect(otherAgain, 'after a restart').toEqual(expected);
    }),
    { numRuns: Number(process.env.WATCHBILL_RUNS ?? 40), endOnFailure: true },
  );
});

/** A second way to reckon: for each minute ask each location what it last said, and whether that still stands. */
function reference(what: readonly Told[], check: number, minute: number): string {
  const every = CHECKS[check]?.every ?? 0;
  const hours = new Set(what.map(({ at }) => Math.floor(at / HOUR)));
  // an hour in which nobody told anything is a gap, whatever stood when it began; so is all that hung on it
  let alive = Math.floor(minute / HOUR);
  const carries = every > MINUTE;
  if (!hours.has(alive)) return '.';
  while (carries && hours.has(alive - 1)) alive -= 1;
  const says = LOCATIONS.flatMap((location) => {
    const mine = what.filter((one) => one.check === check && one.location === location);
    const inIt = mine.filter(({ at }) => at >= minute && at < minute + MINUTE).map(({ status }) => status);
    const before = mine.filter(({ at }) => at < minute && at >= alive * HOUR).sort((a, b) => b.at - a.at)[0];
    if (inIt.length > 0)
      return ['down', 'degraded', 'up', 'unknown'].find((status) => inIt.includes(status as Status)) ?? [];
    return before && before.at + every > minute ? before.status : [];
  });
  const known = says.filter((status) => status !== 'unknown');
  if (known.length === 0) return says.length > 0 ? 'unknown' : '.';
  if (known.filter((status) => status === 'down').length > known.length / 2) return 'down';
  return known.every((status) => status === 'up') ? 'up' : 'degraded';
}

test('uptime is what a second way of reckoning says, and no gap counts as up (invariant 7)', async () => {
  await fc.assert(
    fc.asyncProperty(told, async (what) => {
      const [shown] = await historyAfter(what.map(tickOf).toSorted((a, b) => a.beat - b.beat));
      for (const check of [0, 2]) {
        const counts: Record<string, number> = { up: 0, degraded: 0, down: 0, unknown: 0, '.': 0 };
        for (let at = NOON; at < END; at += MINUTE) {
          const status = reference(what, check, at);
          counts[status] = (counts[status] ?? 0) + 1;
        }
        const { '.': _, ...expected } = counts;
        expect(shown?.[check]?.sum, CHECKS[check]?.id).toMatchObject(expected);
      }
    }),
    { numRuns: Number(process.env.WATCHBILL_RUNS ?? 40), endOnFailure: true },
  );
});

test('a look shows what a roll-up would now, up to the minute that is going on, and stores nothing', async () => {
  const looks = fc.integer({ min: 4 * MINUTE, max: 55 * MINUTE });
  await fc.assert(
    fc.asyncProperty(told, looks, fc.integer({ min: 0, max: 59 * SECOND }), async (what, after, late) => {
      const now = NOON + after;
      const clock = new VirtualClock(NOON);
      const store = new MemoryStore();
      const home = await Home.open({ store, clock, log: silent }, CONFIG);
      const rollup = await Rollup.open(store, NOON);
      const rolledAt = Math.floor(now / MINUTE) * MINUTE - late;
      // four hours of readings in one: minutes with many, and with none
      const ticks = what
        .map((one) => tickOf({ ...one, at: NOON + Math.floor((one.at - NOON) / 4) }))
        .filter(({ beat }) => beat <= now)
        .toSorted((a, b) => a.beat - b.beat);
      await clock.advance(now - NOON);
      for (const tick of ticks.filter(({ beat }) => beat <= rolledAt)) await home.remember([tick]);
      await rollup.roll(context(rolledAt));
      for (const tick of ticks.filter(({ beat }) => beat > rolledAt)) await home.remember([tick]);
      const stored = JSON.stringify(await store.list('hour'));
      await glanceAt(rollup, home, now);
      expect(JSON.stringify(await store.list('hour'))).toBe(stored);
      const whole = await Rollup.open(store, now);
      await whole.roll(context(now));
      const over = Math.floor(after / MINUTE);
      const hash = hashOf('often');
      const marks = (of: Rollup) => (of.row(hash, NOON)?.marks ?? '.'.repeat(60)).slice(0, over);
      expect(marks(rollup)).toBe(marks(whole));
      expect(rollup.first(hash)).toBe(whole.first(hash));
      expect(uptimeOf(rollup.lastDay(hash, now))).toBe(uptimeOf(whole.lastDay(hash, now)));
      await rollup.roll(context(now));
      expect(rollup.row(hash, NOON), 'a roll-up is the last word').toEqual(whole.row(hash, NOON));
    }),
    { numRuns: Number(process.env.WATCHBILL_RUNS ?? 40), endOnFailure: true },
  );
});

test('a look knows what still stood when its minutes began, however much was read since', async () => {
  const now = NOON + 10 * MINUTE + 50 * SECOND;
  const clock = new VirtualClock(now);
  const home = await Home.open({ store: new MemoryStore(), clock, log: silent }, CONFIG);
  const rollup = await Rollup.open(home.store, now);
  for (const seconds of [-65, 5, 15, 25, 35].map((s) => s * SECOND))
    await home.remember([
      tickOf({ check: 0, location: 'a', at: NOON + 10 * MINUTE + seconds, status: 'up' }),
    ]);
  await glanceAt(rollup, home, now);
  expect(rollup.row(hashOf('often'), NOON)?.marks.slice(8, 11)).toBe('.uu');
});

test('what a look showed of a minute that had no reading yet is forgotten at the roll-up', async () => {
  const now = NOON + 10 * MINUTE + 5 * SECOND;
  const home = await Home.open(
    { store: new MemoryStore(), clock: new VirtualClock(now), log: silent },
    CONFIG,
  );
  const rollup = await Rollup.open(home.store, now);
  await home.remember([tickOf({ check: 0, location: 'a', at: now - 30 * SECOND, status: 'up' })]);
  await glanceAt(rollup, home, now);
  expect(rollup.row(hashOf('often'), NOON)?.marks.slice(9, 11)).toBe('uu');
  await rollup.roll(context(now));
  expect(rollup.row(hashOf('often'), NOON)?.marks.slice(9, 11)).toBe('u.');
});

test('in one minute all checks that are read have something to show, whatever their interval and their place in it', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 0, max: MINUTE - 1 }), async (second) => {
      const now = NOON + 10 * MINUTE + second;
      const clock = new VirtualClock(now);
      const home = await Home.open({ store: new MemoryStore(), clock, log: silent }, CONFIG);
      const rollup = await Rollup.open(home.store, now);
      for (const [check, { every }] of CHECKS.entries()) {
        await home.remember([tickOf({ check, location: 'a', at: now - every - 1, status: 'up' })]);
      }
      await glanceAt(rollup, home, now);
      const running = CHECKS.map(({ id }) => rollup.row(hashOf(id), NOON)?.marks[10]);
      expect(running).toEqual(['u', 'u', 'u']);
    }),
    { numRuns: 40, endOnFailure: true },
  );
});

describe('a check was first read', () => {
  const first = NOON + 20 * MINUTE + 14_321;

  test('when it was, to the millisecond: at once, after the roll-up, after a restart, and days later', async () => {
    const clock = new VirtualClock(first);
    const store = new MemoryStore();
    const home = await Home.open({ store, clock, log: silent }, CONFIG);
    const rollup = await Rollup.open(store, first);
    await glanceAt(rollup, home, first);
    expect(rollup.first(hashOf('often'))).toBeUndefined();
    for (const at of [first, first + 20 * SECOND, first + HOUR])
      await home.remember([tickOf({ check: 0, location: 'a', at, status: 'up' })]);
    const firsts = (of: Rollup) => [of.first(hashOf('often')), of.first(hashOf('rare')), of.oldest];
    await glanceAt(rollup, home, first + MINUTE);
    expect(firsts(rollup)).toEqual([first, undefined, first]);
    await rollup.roll(context(first + 2 * HOUR));
    expect(firsts(rollup)).toEqual([first, undefined, first]);
    for (const days of [0, 1, 30, 80]) {
      const later = await Rollup.open(store, first + 2 * HOUR + days * DAY);
      expect(firsts(later), `${days} days later`).toEqual([first, undefined, first]);
    }
  });
});

describe('days', () => {
  const hourOfTicks = (hour: number, statuses: readonly Status[]): Tick[] =>
    statuses.map((status, i) => tickOf({ check: 0, location: 'a', at: hour + i * 20 * SECOND, status }));

  /** A store in which the check was seen at these times, rolled up at `now`. */
  async function rolled(ticks: readonly Tick[], now: number) {
    const store = new MemoryStore();
    const clock = new VirtualClock(now);
    const home = await Home.open({ store, clock, log: silent }, CONFIG);
    for (const tick of ticks) await home.remember([tick]);
    const rollup = await Rollup.open(store, now);
    await rollup.roll(context(now));
    return { rollup, home, store };
  }

  test('sum their hours, the one going on as well', async () => {
    const midnight = Math.floor(NOON / DAY) * DAY;
    const hours = [0, 5, 23].map((h) => hourOfTicks(midnight + h * HOUR, Array<Status>(180).fill('up')));
    const today = hourOfTicks(midnight + DAY, [
      ...Array<Status>(30).fill('up'),
      ...Array<Status>(30).fill('down'),
    ]);
    const { rollup } = await rolled([...hours.flat(), ...today], midnight + DAY + 20 * MINUTE);
    const now = midnight + DAY + 20 * MINUTE;
    expect(rollup.day(hashOf('often'), midnight, now)).toMatchObject({ up: 180, down: 0 });
    expect(rollup.day(hashOf('often'), midnight + DAY, now)).toMatchObject({ up: 10, down: 10 });
    expect(rollup.lastDays(hashOf('often'), 2, now)).toMatchObject({ up: 190, down: 10 });
    expect(rollup.lastDays(hashOf('often'), 1, now)).toMatchObject({ up: 10, down: 10 });
  });

  test('count what came late: the hour and its day are reckoned again', async () => {
    const midnight = Math.floor(NOON / DAY) * DAY;
    const now = midnight + DAY + HOUR;
    const { rollup, home } = await rolled(hourOfTicks(midnight, Array<Status>(90).fill('up')), now);
    expect(rollup.day(hashOf('often'), midnight, now)).toMatchObject({ up: 30, down: 0 });
    await home.remember([tickOf({ check: 0, location: 'a', at: midnight + 40 * MINUTE, status: 'down' })]);
    await rollup.roll(context(now));
    expect(rollup.day(hashOf('often'), midnight, now)).toMatchObject({ up: 30, down: 1 });
  });

  test('have their last hour whole, also where its last minutes brought nothing new', async () => {
    const midnight = Math.floor(NOON / DAY) * DAY;
    const last = midnight + 23 * HOUR;
    const ticks = hourOfTicks(last, Array<Status>(176).fill('up'));
    const { rollup } = await rolled(ticks, last + 59 * MINUTE + 30 * SECOND);
    await rollup.roll(context(midnight + DAY));
    expect(rollup.day(hashOf('often'), midnight, midnight + DAY)).toMatchObject({ up: 59 });
  });

  test('are the days of UTC, whatever the clocks of people do (H05)', async () => {
    for (const [name, day] of [
      ['the day on which Berlin skips an hour', Date.UTC(2026, 2, 29)],
      ['the day on which it repeats one', Date.UTC(2026, 9, 25)],
      ['a leap day', Date.UTC(2028, 1, 29)],
      ['the last of a year', Date.UTC(2026, 11, 31)],
      ['the last of a month', Date.UTC(2026, 3, 30)],
    ] as const) {
      const hours = Array.from({ length: 26 }, (_, h) => hourOfTicks(day + (h - 1) * HOUR, ['up']));
      const now = day + DAY + 2 * HOUR;
      const { rollup } = await rolled(hours.flat(), now);
      expect(rollup.day(hashOf('often'), day, now), name).toMatchObject({ up: 24 });
    }
  });

  test('that failed to be written are reckoned again', async () => {
    const { store, home } = await rolled(hourOfTicks(NOON, ['up']), NOON + 2 * HOUR);
    await home.remember([tickOf({ check: 0, location: 'a', at: NOON + 5 * MINUTE, status: 'down' })]);
    const rollup = await Rollup.open(store, NOON + 2 * HOUR);
    const put = store.put.bind(store);
    store.put = () => Promise.reject(new Error('the disk is full'));
    await expect(rollup.roll(context(NOON + 2 * HOUR))).rejects.toThrow('full');
    store.put = put;
    await rollup.roll(context(NOON + 2 * HOUR));
    expect(rollup.hour(hashOf('often'), NOON)).toMatchObject({ up: 1, down: 1 });
  });

  test('on which a check moved to another shard count each minute once', async () => {
    const midnight = Math.floor(NOON / DAY) * DAY;
    const minute = (m: number, shard: string): Tick => ({
      ...tickOf({ check: 1, location: 'a', at: NOON + m * MINUTE, status: 'up' }),
      shard,
    });
    const { rollup } = await rolled(
      [minute(0, '0-0'), minute(7, '1-0'), minute(7, '1-1')],
      midnight + DAY + HOUR,
    );
    const sum = rollup.day(hashOf('rare'), midnight, midnight + DAY + HOUR);
    expect(sum).toMatchObject({ up: 14, maintenance: 15 });
  });
});

test('an hour’s row keeps its size, whatever happened in it', () => {
  const row: HourRow = rollHour(NOON, [seenAt(0)], {
    every: HOUR,
    inMaintenance: () => false,
    now: NOON + HOUR,
  });
  expect([row.marks.length, row.latency.length]).toEqual([60, 80]);
});
