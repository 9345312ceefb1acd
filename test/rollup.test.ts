import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { dirtyHours, markDirty } from '../lib/dirty.ts';
import { Home } from '../lib/home.ts';
import type { RollContext } from '../lib/hour.ts';
import { DIRTY, HOURS, ticksOf } from '../lib/items.ts';
import type { Store } from '../lib/ports.ts';
import type { Status, Tick } from '../lib/reading.ts';
import { Rollup } from '../lib/rollup.ts';
import { hashOf } from '../lib/schedule.ts';
import { VirtualClock } from './kit/clock.ts';
import { Crash, FaultyStore } from './kit/faulty-store.ts';
import { gated, interleaved } from './kit/interleaved.ts';
import { silent } from './kit/local-store.ts';
import { MemoryStore } from './kit/memory-store.ts';
import { checkOf, DAY, HOUR, MINUTE, NOON, readingOf, SECOND } from './kit/readings.ts';
import { configOf } from './kit/world.ts';

/* History is rolled up by whoever's turn it is, on one store; each keeps in mind what it has to show. */

/** It stands over the end of its hour, so that the next one hangs on it. */
const API = checkOf('api', { every: 40 * MINUTE });
const CONFIG = configOf([], { checks: [API] });
const HASH = hashOf('api');
const MIDNIGHT = Math.floor(NOON / DAY) * DAY;

const tickAt = (at: number, status: Status = 'up'): Tick => ({
  location: 'local',
  shard: '0-0',
  beat: at,
  cause: 'schedule',
  part: 0,
  readings: [readingOf('api', status, at)],
  skipped: 0,
});

const contextAt = (now: number): RollContext => ({
  now,
  check: (hash) => (hash === HASH ? API : undefined),
  inMaintenance: () => false,
});

function place(now = NOON) {
  const clock = new VirtualClock(now);
  const memory = new MemoryStore();
  const homeOn = (store: Store = memory) => Home.open({ store, clock, log: silent }, CONFIG);
  const rollupOn = (store: Store = memory) => Rollup.open(store, clock.now());
  const roll = (rollup: Rollup) => rollup.roll(contextAt(clock.now()));
  return { clock, memory, homeOn, rollupOn, roll };
}

/** What stands there, but for how often it was written. */
const stored = async (store: Store, ...partitions: string[]) =>
  (await Promise.all(partitions.map((partition) => store.list(partition))))
    .flat()
    .map(({ sort, body }) => [sort, body]);

const marked = async (store: Store) => [...(await dirtyHours(store)).keys()];

describe('an hour is marked', () => {
  test('once by each process while it goes on, and each time once it ends', async () => {
    const { clock, memory, homeOn } = place();
    const [one, two] = [await homeOn(), await homeOn()];
    const marks = async () => (await memory.list(DIRTY)).length;
    for (let minute = 0; minute < 59; minute += 10) {
      for (const home of [one, two]) await home.remember([tickAt(clock.now())]);
      await clock.advance(10 * MINUTE);
    }
    expect(await marks()).toBe(2);
    // its end is near: somebody else's clock may say that it is there
    await clock.advance(-30 * SECOND);
    for (const home of [one, two]) await home.remember([tickAt(NOON + 59 * MINUTE)]);
    expect(await marks()).toBe(4);
    await clock.advance(HOUR);
    await one.remember([tickAt(NOON + 59 * MINUTE + SECOND), tickAt(NOON + 59 * MINUTE + 2 * SECOND)]);
    expect(await marks()).toBe(5);
    expect(await marked(memory)).toEqual([NOON]);
  });

  test('again where the clock was set back into it, after it had been computed as one that was over', async () => {
    const { clock, memory, homeOn, rollupOn, roll } = place();
    const [home, rollup] = [await homeOn(), await rollupOn()];
    await home.remember([tickAt(NOON)]);
    await home.beAlive();
    clock.jump(2 * HOUR);
    await home.wake();
    await roll(rollup);
    await home.beAlive();
    clock.jump(-2 * HOUR);
    await home.wake();
    expect(await marked(memory)).not.toContain(NOON);
    await home.remember([tickAt(NOON + MINUTE)]);
    expect(await marked(memory)).toContain(NOON);
  });

  test('not any more once some of its ticks may be gone: it would be less than it was', async () => {
    const { clock, memory, homeOn, rollupOn, roll } = place();
    const [home, rollup] = [await homeOn(), await rollupOn()];
    await home.remember([tickAt(NOON)]);
    await clock.advance(HOUR);
    await roll(rollup);
    await clock.advance(8 * DAY);
    memory.purge(clock.now());
    await home.remember([tickAt(NOON + 50 * MINUTE, 'down')]);
    await roll(rollup);
    expect(await memory.list(ticksOf(NOON))).toHaveLength(1);
    const reopened = await rollupOn();
    expect(reopened.day(HASH, MIDNIGHT, clock.now())).toMatchObject({ up: 40, down: 0 });
  });
});

describe('a process that dies', () => {
  test('between a tick and its mark is given the tick again, and marks the hour then', async () => {
    const { clock, memory, homeOn, rollupOn, roll } = place();
    const rollup = await rollupOn();
    await (await homeOn()).remember([tickAt(NOON)]);
    await clock.advance(HOUR + MINUTE);
    await roll(rollup);
    const store = new FaultyStore(memory, clock);
    const late = tickAt(NOON + 30 * MINUTE, 'down');
    const dying = await homeOn(store);
    store.plan = ({ partition }) => (partition === DIRTY ? 'crash before' : undefined);
    await expect(dying.remember([late])).rejects.toThrow(Crash);
    expect(await memory.list(ticksOf(NOON))).toHaveLength(2);
    await roll(rollup);
    expect(rollup.hour(HASH, NOON)).toMatchObject({ up: 40, down: 0 });
    await (await homeOn()).remember([late]);
    await roll(rollup);
    expect(rollup.hour(HASH, NOON)).toMatchObject({ up: 30, down: 30 });
  });

  test('before it has rolled up what came late leaves that to the next', async () => {
    const { clock, homeOn, rollupOn, roll } = place();
    const home = await homeOn();
    await home.remember([tickAt(NOON)]);
    await clock.advance(HOUR + MINUTE);
    await roll(await rollupOn());
    await clock.advance(5 * HOUR);
    await home.remember([tickAt(clock.now()), tickAt(NOON + 30 * MINUTE, 'down')]);
    const next = await rollupOn();
    await roll(next);
    expect(next.hour(HASH, NOON)).toMatchObject({ up: 30, down: 30 });
  });

  test('at any call of its roll-up leaves what another makes whole, the next hour included', async () => {
    const whole = await rolledAfter(0);
    for (const when of ['crash before', 'crash after'] as const) {
      for (let n = 1; n <= whole.calls; n++) {
        const { history } = await rolledAfter(n, when);
        expect(history, `${when} call ${n}`).toEqual(whole.history);
      }
    }
  });

  /** What came late into an hour changes two; the process that rolls them up dies at this call, and another goes on. */
  async function rolledAfter(n: number, when: 'crash before' | 'crash after' = 'crash before') {
    const { clock, memory, homeOn, rollupOn, roll } = place();
    const home = await homeOn();
    for (const hour of [0, 1]) await home.remember([tickAt(NOON + hour * HOUR + 10 * MINUTE)]);
    await clock.advance(2 * HOUR + MINUTE);
    await roll(await rollupOn());
    const store = new FaultyStore(memory, clock);
    const dying = await rollupOn(store);
    const another = await rollupOn();
    await home.remember([tickAt(NOON + 50 * MINUTE, 'down')]);
    const before = store.calls;
    store.plan = (call) => (call.n === before + n ? when : undefined);
    await roll(dying).catch(() => {});
    const calls = store.calls - before;
    await another.follow(clock.now());
    await roll(another);
    const shown = [NOON, NOON + HOUR].map((hour) => another.hour(HASH, hour));
    return { calls, history: [await stored(memory, HOURS, 'day'), await marked(memory), shown] };
  }

  test('leaves hours of which there are ticks and no mark: they are computed at the next start', async () => {
    const { clock, memory, homeOn, rollupOn, roll } = place();
    await (await homeOn()).remember([tickAt(NOON)]);
    await clock.advance(HOUR);
    await roll(await rollupOn());
    const dying = new FaultyStore(memory, clock, ({ partition }) =>
      partition === DIRTY ? 'crash before' : undefined,
    );
    const two = await homeOn(dying);
    await expect(two.remember([tickAt(clock.now() + MINUTE, 'down')])).rejects.toThrow(Crash);
    await clock.advance(5 * HOUR);
    const next = await rollupOn();
    await roll(next);
    expect(next.hour(HASH, NOON + HOUR)).toMatchObject({ down: 40 });
    expect(await marked(memory)).toEqual([]);
  });
});

describe('several that roll up at once', () => {
  test('lose nothing that comes meanwhile: its mark stays', async () => {
    const { clock, memory, homeOn, rollupOn, roll } = place();
    const home = await homeOn();
    await home.remember([tickAt(NOON)]);
    await clock.advance(HOUR + MINUTE);
    const slow = gated(memory, (method, partition) => method === 'put' && partition === HOURS);
    const rollup = await rollupOn(slow.store);
    slow.close();
    const rolling = roll(rollup);
    await clock.advance(SECOND);
    await home.remember([tickAt(NOON + 30 * MINUTE, 'down')]);
    slow.open();
    await rolling;
    expect(rollup.hour(HASH, NOON)).toMatchObject({ up: 40, down: 0 });
    await roll(rollup);
    expect(rollup.hour(HASH, NOON)).toMatchObject({ up: 30, down: 30 });
    expect(await marked(memory)).not.toContain(NOON);
  });

  test('whoever is ahead at any call, and whenever a tick comes: once they have all looked again, each shows what one alone would', async () => {
    const late = fc.array(
      fc.record({ minute: fc.integer({ min: 0, max: 179 }), status: fc.constantFrom<Status>('up', 'down') }),
      { minLength: 1, maxLength: 4 },
    );
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), late, fc.nat({ max: 2 }), async (scheduler, ticks, passes) => {
        const { clock, memory, homeOn, rollupOn, roll } = place();
        const home = await homeOn();
        for (let hour = 0; hour < 3; hour++) await home.remember([tickAt(NOON + hour * HOUR + 10 * MINUTE)]);
        await clock.advance(3 * HOUR + MINUTE);
        const turns = interleaved(
          memory,
          scheduler.scheduleFunction(async () => {}),
        );
        const rollups = [await scheduler.waitFor(rollupOn(turns)), await scheduler.waitFor(rollupOn(turns))];
        const telling = await scheduler.waitFor(homeOn(turns));
        const pass = async (rollup: Rollup) => {
          await rollup.follow(clock.now());
          await roll(rollup);
        };
        const rolling = rollups.map(async (rollup) => {
          for (let n = 0; n <= passes; n++) await pass(rollup);
        });
        const told = ticks.map(({ minute, status }) =>
          telling.remember([tickAt(NOON + minute * MINUTE, status)]),
        );
        await scheduler.waitFor(Promise.all([...rolling, ...told]));
        for (const rollup of [...rollups, ...rollups]) await scheduler.waitFor(pass(rollup));
        expect((await marked(memory)).filter((hour) => hour < NOON + 3 * HOUR)).toEqual([]);
        const alone = await aloneWith(await memory.copy());
        expect(await stored(memory, HOURS, 'day')).toEqual(alone.stored);
        for (const rollup of rollups) expect(shownBy(rollup, clock.now())).toEqual(alone.shown);
      }),
      { numRuns: Number(process.env.WATCHBILL_RUNS ?? 60), endOnFailure: true },
    );
  });

  /** What one computes who has the same ticks, and nothing else. */
  async function aloneWith(copy: MemoryStore) {
    for (const partition of [HOURS, 'day'])
      for (const item of await copy.list(partition)) await copy.delete(item, item.version);
    const now = NOON + 3 * HOUR + MINUTE;
    for (let hour = 0; hour < 3; hour++) await markDirty(copy, NOON + hour * HOUR);
    const rollup = await Rollup.open(copy, now);
    await rollup.roll(contextAt(now));
    return { stored: await stored(copy, HOURS, 'day'), shown: shownBy(rollup, now) };
  }

  const shownBy = (rollup: Rollup, now: number) => ({
    hours: [0, 1, 2].map((hour) => rollup.hour(HASH, NOON + hour * HOUR)),
    row: rollup.row(HASH, NOON + 2 * HOUR),
    day: rollup.day(HASH, MIDNIGHT, now + DAY),
  });

  test('compute the hour that goes on as often as one alone would', async () => {
    const { clock, memory, homeOn, rollupOn, roll } = place(NOON - 5 * HOUR);
    const home = await homeOn();
    await home.remember([tickAt(clock.now())]);
    await clock.advance(5 * HOUR);
    await home.remember([tickAt(clock.now())]);
    const rollups = [await rollupOn(), await rollupOn(), await rollupOn()];
    let writes = 0;
    const put = memory.put.bind(memory);
    memory.put = (draft, ...rest) => {
      if (draft.partition === HOURS && draft.sort.startsWith(`0${NOON}`)) writes += 1;
      return put(draft, ...rest);
    };
    for (let minute = 0; minute < 30; minute++) {
      const rollup = rollups[minute % 3] as Rollup;
      await rollup.follow(clock.now());
      await roll(rollup);
      await clock.advance(MINUTE);
    }
    expect(writes).toBe(6);
  });
});

describe('a process that only shows', () => {
  test('follows what another has computed, its days as well, and reads nothing else', async () => {
    const { clock, memory, homeOn, rollupOn, roll } = place(MIDNIGHT + 22 * HOUR);
    const home = await homeOn();
    await home.remember([tickAt(clock.now())]);
    const counting = new FaultyStore(memory, clock);
    const [rolls, shows] = [await rollupOn(), await rollupOn(counting)];
    await clock.advance(HOUR + MINUTE);
    await home.remember([tickAt(MIDNIGHT + 23 * HOUR, 'down')]);
    await roll(rolls);
    await shows.follow(clock.now());
    expect(shows.hour(HASH, MIDNIGHT + 22 * HOUR)).toMatchObject({ up: 40 });
    expect(shows.row(HASH, MIDNIGHT + 23 * HOUR)?.marks.slice(0, 2)).toBe('d.');
    await clock.advance(HOUR);
    await roll(rolls);
    await shows.follow(clock.now());
    const days = (rollup: Rollup) => rollup.day(HASH, MIDNIGHT, clock.now());
    expect(days(shows)).toMatchObject({ up: 40, down: 40 });
    await clock.advance(2 * DAY);
    await home.remember([tickAt(MIDNIGHT + 22 * HOUR + 10 * MINUTE, 'down')]);
    await roll(rolls);
    await shows.follow(clock.now());
    expect(days(shows)).toEqual(days(rolls));
    expect(days(shows)).toMatchObject({ up: 10, down: 80 });
    const calls = counting.calls;
    await shows.follow(clock.now());
    expect(counting.calls).toBe(calls + 1);
  });

  test('knows at its start all that was computed before', async () => {
    const { clock, memory, homeOn, rollupOn, roll } = place();
    await (await homeOn()).remember([tickAt(clock.now())]);
    await clock.advance(HOUR);
    await roll(await rollupOn());
    const counting = new FaultyStore(memory, clock);
    const shows = await rollupOn(counting);
    const calls = counting.calls;
    await shows.follow(clock.now());
    expect(counting.calls).toBe(calls + 1);
    expect(shows.hour(HASH, NOON)).toMatchObject({ up: 40 });
  });
});
