import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Home } from '../lib/home.ts';
import {
  type Kept,
  keep,
  type LatestShard,
  lean,
  mergeShards,
  NOTHING,
  packLatest,
  packTick,
  shardOfReadings,
  unpackLatest,
  unpackTick,
  within,
} from '../lib/latest.ts';
import { Packer, Unpacker } from '../lib/pack.ts';
import type { Store } from '../lib/ports.ts';
import { type Reading, STATUSES, type Tick } from '../lib/reading.ts';
import { hashOf } from '../lib/schedule.ts';
import { VirtualClock } from './kit/clock.ts';
import { FaultyStore, nextCalls } from './kit/faulty-store.ts';
import { silent } from './kit/local-store.ts';
import { MemoryStore } from './kit/memory-store.ts';
import { keptOf, MINUTE, NOON, readingOf } from './kit/readings.ts';
import { configOf } from './kit/world.ts';

/** Few checks and few times, so that they meet often. */
const kept: fc.Arbitrary<Kept> = fc.record(
  {
    hash: fc.integer({ min: 1, max: 2 }),
    at: fc.integer({ min: NOON, max: NOON + 2 }),
    status: fc.constantFrom(...STATUSES),
    latencyMs: fc.integer({ min: 0, max: 1 }),
    tries: fc.integer({ min: 1, max: 2 }),
    detail: fc.record({
      reasons: fc.constantFrom([], ['connect_refused']),
      message: fc.constantFrom('', 'a', 'b'),
      facts: fc.constant({}),
      phases: fc.constant({}),
    }),
  },
  { requiredKeys: ['hash', 'at', 'status', 'latencyMs', 'tries'] },
);
const tick = fc
  .record({ at: fc.integer({ min: NOON, max: NOON + 5 }), readings: fc.array(kept, { maxLength: 4 }) })
  .map(({ at, readings }) => shardOfReadings(at, readings));

const RUNS = { numRuns: 1_000, endOnFailure: true };
/** As it compares: `Map` keeps the order in which checks came, and that doesn't count. */
const plain = ({ tickAt, checks }: LatestShard) => ({
  tickAt,
  checks: [...checks].sort(([a], [b]) => a - b),
});

describe('merging what ticks tell', () => {
  test('doesn’t depend on their order (commutative)', () => {
    fc.assert(
      fc.property(tick, tick, (a, b) => {
        expect(plain(mergeShards(a, b))).toEqual(plain(mergeShards(b, a)));
      }),
      RUNS,
    );
  });

  test('doesn’t depend on how they are grouped (associative)', () => {
    fc.assert(
      fc.property(tick, tick, tick, (a, b, c) => {
        const left = mergeShards(mergeShards(a, b), c);
        expect(plain(left)).toEqual(plain(mergeShards(a, mergeShards(b, c))));
      }),
      RUNS,
    );
  });

  test('changes nothing the second time (idempotent)', () => {
    fc.assert(
      fc.property(tick, tick, (a, b) => {
        const once = mergeShards(a, b);
        expect(plain(mergeShards(once, b))).toEqual(plain(once));
        expect(plain(mergeShards(once, once))).toEqual(plain(once));
      }),
      RUNS,
    );
  });

  test('keeps the newest reading, and time and status of the newest three that aren’t unknown', () => {
    const statuses = ['down', 'up', 'unknown', 'degraded', 'unknown', 'up', 'unknown'] as const;
    const readings = statuses.map((status, i) => keptOf(status, NOON + i));
    const [latest] = [...shardOfReadings(NOON, readings.toReversed()).checks.values()];
    expect(latest?.newest).toMatchObject({ status: 'unknown', at: NOON + 6 });
    expect(latest?.known).toEqual([
      [NOON + 5, 'up'],
      [NOON + 3, 'degraded'],
      [NOON + 1, 'up'],
    ]);
  });

  test('takes the worse of two readings of the same time, and counts it once', () => {
    const [latest] = [
      ...shardOfReadings(NOON, [
        keptOf('up', NOON),
        keptOf('down', NOON),
        keptOf('up', NOON),
      ]).checks.values(),
    ];
    expect(latest?.newest.status).toBe('down');
    expect(latest?.known).toEqual([[NOON, 'down']]);
  });
});

describe('packed', () => {
  test('numbers of any size come back', () => {
    const number = fc.maxSafeInteger();
    fc.assert(
      fc.property(fc.array(number), fc.array(fc.nat({ max: 0xffff_ffff })), (signed, words) => {
        const packer = new Packer();
        const small = signed.map((value) => Math.trunc(value / 2));
        for (const value of small) packer.signed(value);
        for (const word of words)
          packer
            .u32(word)
            .varint(word)
            .byte(word & 0xff);
        const unpacker = new Unpacker(packer.toString());
        expect(small.map(() => unpacker.signed())).toEqual(small.map((value) => value + 0));
        for (const word of words)
          expect([unpacker.u32(), unpacker.varint(), unpacker.byte()]).toEqual([word, word, word & 0xff]);
        expect(unpacker.done).toBe(true);
      }),
      { numRuns: 200, endOnFailure: true },
    );
  });

  test('what is cut off is an error and not a number', () => {
    const unpacker = new Unpacker(new Packer().u32(7).toString().slice(0, 4));
    expect(() => unpacker.u32()).toThrow(RangeError);
  });

  test('a shard’s latest comes back as it was', () => {
    fc.assert(
      fc.property(tick, (shard) => {
        expect(plain(unpackLatest(packLatest(shard)))).toEqual(plain(shard));
      }),
      RUNS,
    );
  });

  test('a tick’s readings come back as what is kept of them, but for their details', () => {
    const readings = [
      readingOf('api', 'down', NOON + 312, { tries: 4, latencyMs: 10_000.4 }),
      readingOf('web', 'up', NOON, { latencyMs: -3 }),
      readingOf('long', 'unknown', NOON - 40 * 86_400_000, { tries: 99 }),
    ];
    const back = unpackTick(packTick(tickOf(readings)), NOON);
    expect(back).toEqual([
      { hash: hashOf('api'), at: NOON + 312, status: 'down', tries: 4, latencyMs: 10_000 },
      { hash: hashOf('web'), at: NOON, status: 'up', tries: 1, latencyMs: 0 },
      { hash: hashOf('long'), at: NOON - 40 * 86_400_000, status: 'unknown', tries: 31, latencyMs: 20 },
    ]);
  });

  test('a plain reading takes 12 bytes at the most', () => {
    const readings = Array.from({ length: 300 }, (_, i) =>
      readingOf(`check-${i}`, 'up', NOON + i * 25, { latencyMs: 180 }),
    );
    expect(packTick(tickOf(readings)).readings.length / 300).toBeLessThanOrEqual((12 * 4) / 3);
  });

  test('only what isn’t plain carries words, and facts that are too large stay behind', () => {
    expect(keep(readingOf('api', 'up', NOON, { facts: { httpStatus: 200 } }))).not.toHaveProperty('detail');
    const large = { body: 'x'.repeat(2_000) };
    expect(keep(readingOf('api', 'down', NOON, { facts: large })).detail?.facts).toEqual({});
    expect(keep(readingOf('api', 'degraded', NOON, { facts: { a: 1 } })).detail?.facts).toEqual({ a: 1 });
  });
});

describe('a tick as it goes over a wire', () => {
  const word = fc.string({ unit: 'binary', maxLength: 700 });
  const reading = fc
    .record({
      status: fc.constantFrom(...STATUSES),
      message: fc.oneof(word, fc.constantFrom('', 'é'.repeat(900), '\u0001'.repeat(500))),
      facts: fc.dictionary(fc.string({ maxLength: 5 }), word, { maxKeys: 2 }),
      phases: fc.constantFrom({}, { dns: 1.25, connect: 3 }),
      latencyMs: fc.double({ min: -1, max: 30_000, noNaN: true }),
      tries: fc.integer({ min: 1, max: 4 }),
    })
    .map(({ status, ...more }) => readingOf('api', status, NOON, more));

  test('tells home the same as the whole one', () => {
    fc.assert(
      fc.property(fc.array(reading, { maxLength: 4 }), (readings) => {
        const whole = tickOf(readings);
        const wired: Tick = JSON.parse(JSON.stringify(lean(whole)));
        expect(wired.readings.map(keep)).toEqual(readings.map(keep));
        expect({ ...wired, readings }).toEqual(whole);
        expect(packTick(wired)).toEqual(packTick(whole));
      }),
      RUNS,
    );
  });

  test('carries no words for what is plain, and the others’ no longer than they are kept', () => {
    const facts = { httpStatus: 200 };
    const plain = readingOf('api', 'up', NOON, { message: 'Fine.', facts, phases: { dns: 1 } });
    const noted: Reading = { ...plain, reasons: ['too_slow'] };
    const large = readingOf('api', 'down', NOON, {
      message: 'x'.repeat(2_000),
      facts: { y: 'y'.repeat(2_000) },
    });
    const [first, second, third] = lean(tickOf([plain, noted, large])).readings;
    expect(first).toEqual({ ...plain, message: '', facts: {}, phases: {} });
    expect(second).toEqual(noted);
    expect(third).toMatchObject({ message: `${'x'.repeat(1_500)}…`, facts: {} });
  });
});

const tickOf = (readings: Tick['readings'], more: Partial<Tick> = {}): Tick => ({
  location: 'local',
  shard: '0-0',
  beat: NOON,
  cause: 'schedule',
  part: 0,
  readings,
  skipped: 0,
  ...more,
});

describe('times that can’t be', () => {
  test.each([
    ['of this year', NOON, true],
    ['a moment ahead', NOON + 1_000, true],
    ['later than the horizon', NOON + 2 * MINUTE + 1, false],
    ['older than anything that has a say', NOON - 62 * 86_400_000, false],
  ])('a reading %s: kept %s', (_, at, stays) => {
    const shard = within(shardOfReadings(at, [keptOf('up', at)]), NOON - 61 * 86_400_000, NOON + 2 * MINUTE);
    expect(shard.checks.size).toBe(stays ? 1 : 0);
    expect(shard.tickAt).toBeLessThanOrEqual(NOON + 2 * MINUTE);
  });

  test('what changes nothing is the same shard', () => {
    const shard = shardOfReadings(NOON, [keptOf('up', NOON)]);
    expect(within(shard, 0, NOON)).toBe(shard);
    expect(within(NOTHING, 0, NOON)).toBe(NOTHING);
  });
});

/** Home at noon, on a store of its own or on this one. */
async function homeOf(
  ids: readonly string[],
  store: Store = new MemoryStore(),
  clock = new VirtualClock(NOON),
) {
  return { store, clock, home: await Home.open({ store, clock, log: silent }, configOf(ids)) };
}

describe('home', () => {
  test('takes in a reading that lies in the future neither now nor when it has come', async () => {
    const { home, clock } = await homeOf(['api']);
    await home.remember([
      tickOf([readingOf('api', 'down', NOON + 10 * MINUTE)], { beat: NOON + 10 * MINUTE }),
    ]);
    expect(home.known('api').size).toBe(0);
    await home.remember([tickOf([readingOf('api', 'up', NOON)])]);
    expect(home.known('api').get('local')?.newest.status).toBe('up');
    await clock.advance(11 * MINUTE);
    expect(home.known('api').get('local')?.newest.status).toBe('up');
  });

  test('knows after resharding what it knew before, also if that was cut off in the middle', async () => {
    const few = Array.from({ length: 150 }, (_, i) => `check-${i}`);
    const many = [...few, ...Array.from({ length: 900 }, (_, i) => `more-${i}`)];
    const { store, home } = await homeOf(few);
    const statuses = (id: string) => STATUSES[hashOf(id) % 4] ?? 'up';
    await home.remember([tickOf(few.map((id) => readingOf(id, statuses(id), NOON)))]);

    const cut = new FaultyStore(store, new VirtualClock(NOON), nextCalls('before', 1, 'delete'));
    await expect(homeOf(many, cut)).rejects.toThrow('throttled');
    for (const ids of [many, few, many]) {
      const { home: again } = await homeOf(ids, store);
      for (const id of few) expect(again.known(id).get('local')?.newest.status, id).toBe(statuses(id));
    }
  });

  test('reads a doubled tick as it was stored first (E24)', async () => {
    const { home } = await homeOf(['api']);
    const first = tickOf([readingOf('api', 'up', NOON)]);
    await home.remember([first]);
    await home.remember([{ ...first, readings: [readingOf('api', 'down', NOON)] }]);
    await home.remember([first]);
    expect(home.known('api').get('local')?.newest.status).toBe('up');
    expect(home.known('api').get('local')?.known).toEqual([[NOON, 'up']]);
  });
});
