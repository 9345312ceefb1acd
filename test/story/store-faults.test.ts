import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { HOUR_MS, MINUTE_MS } from '../../lib/history.ts';
import { Home } from '../../lib/home.ts';
import type { Incident } from '../../lib/incident.ts';
import { incidents, ticksOf } from '../../lib/items.ts';
import { type PackedTick, unpackTick } from '../../lib/latest.ts';
import type { Item, Store } from '../../lib/ports.ts';
import type { Reading, Tick } from '../../lib/reading.ts';
import { decide } from '../../lib/watch.ts';
import { VirtualClock } from '../kit/clock.ts';
import { nextCalls, type StoreFault } from '../kit/faulty-store.ts';
import { silent } from '../kit/local-store.ts';
import { MemoryStore } from '../kit/memory-store.ts';
import { configOf, World } from '../kit/world.ts';

/** What goes wrong with the store, and that nobody else has to suffer for it. */

const EVERY = 30_000;

/** One check that is down from one minute to another, counted from the start. */
async function worldWith(
  downFrom: number,
  downTo: number,
  parts?: ConstructorParameters<typeof World>[0]['parts'],
) {
  let start = Number.POSITIVE_INFINITY;
  const runs: number[] = [];
  const world = await World.start({
    config: configOf(['api'], {}, EVERY),
    find: (_check, now) => {
      runs.push(now);
      return now >= start + downFrom * MINUTE_MS && now < start + downTo * MINUTE_MS ? 'down' : 'up';
    },
    ...(parts && { parts }),
  });
  start = world.clock.now();
  return { world, start, runs, minutes: (count: number) => world.clock.advance(count * MINUTE_MS) };
}

const actions = ({ ledger }: World): string =>
  ledger.accepted.map(({ event }) => event.event_action).join(' ');

/** Every reading that is stored for the hours from `start` on: when, and what. */
async function stored(store: Store, start: number): Promise<Map<number, string>> {
  const found = new Map<number, string>();
  for (let hour = start - (start % HOUR_MS); hour < start + 4 * HOUR_MS; hour += HOUR_MS) {
    for (const { sort, body } of await store.list<PackedTick>(ticksOf(hour)))
      for (const { at, status } of unpackTick(body, Number(sort.split('/')[1]))) found.set(at, status);
  }
  return found;
}

describe('throttled (G03)', () => {
  const cases = [1, 10, 1_000].flatMap((times) =>
    (['before', 'after'] as const).map((fault) => [times, fault] as const),
  );

  test.each<readonly [number, StoreFault]>(cases)(
    '%s times, each call failing %s it is done: a healthy check stays healthy, and no reading is lost',
    async (times, fault) => {
      const { world, start, runs, minutes } = await worldWith(0, 0);
      await minutes(5);
      world.faults = nextCalls(fault, times);
      await minutes(120);
      expect(world.notices).toEqual([]);
      expect(world.faults({ n: 0, method: 'get', partition: '' })).toBeUndefined();
      await world.stop();
      const readings = await stored(world.memory, start);
      expect(new Set(readings.values())).toEqual(new Set(['up']));
      expect(readings.size).toBe(runs.length);
    },
  );

  test.each<readonly [number, StoreFault]>(cases)(
    '%s times, each call failing %s it is done, while a check is down: one page and one resolve',
    async (times, fault) => {
      const { world, minutes } = await worldWith(6, 130);
      await minutes(5);
      world.faults = nextCalls(fault, times);
      await minutes(145);
      expect(actions(world)).toBe('trigger resolve');
      await world.stop();
    },
  );
});

describe('away for ten minutes (G04)', () => {
  const away = async (downFrom: number, downTo: number) => {
    const set = await worldWith(downFrom, downTo);
    await set.minutes(5);
    set.world.faults = () => 'before';
    await set.minutes(10);
    const during = { healthy: set.world.machine.healthy(), told: set.world.notices.length };
    set.world.faults = () => undefined;
    await set.minutes(15);
    return { ...set, during };
  };

  test('probes go on, every reading is there afterwards, and whoever asks is told that it is not well', async () => {
    const { world, start, runs, during } = await away(0, 0);
    expect(during).toEqual({ healthy: false, told: 0 });
    expect(world.machine.healthy()).toBe(true);
    expect(world.notices).toEqual([]);
    const inGap = runs.filter((at) => at > start + 5 * MINUTE_MS && at < start + 15 * MINUTE_MS);
    expect(inGap.length).toBeGreaterThanOrEqual(19);
    await world.stop();
    expect((await stored(world.memory, start)).size).toBe(runs.length);
  });

  test('an outage that began in it and goes on is paged once it is back, once', async () => {
    const { world, minutes } = await away(8, 20);
    await minutes(10);
    expect(actions(world)).toBe('trigger resolve');
    await world.stop();
  });

  test('an outage that came and went in it is in the history, and pages nobody', async () => {
    const { world, start } = await away(7, 11);
    expect(actions(world)).toBe('');
    await world.stop();
    const down = [...(await stored(world.memory, start))].filter(([, status]) => status === 'down');
    expect(down.length).toBeGreaterThanOrEqual(6);
    expect(
      world.snapshot.checks[0]?.bar.slots.reduce((sum, { down = 0 }) => sum + down, 0),
    ).toBeGreaterThanOrEqual(3);
  });
});

describe('a list of what is due that is minutes old (G05)', () => {
  /** `due` answers what was so `lag` ms ago, versions and all. */
  function lagging(clock: VirtualClock, lag: number): Store {
    const memory = new MemoryStore();
    const past: { at: number; copy: MemoryStore }[] = [{ at: 0, copy: memory.copy() }];
    return {
      get: (key) => memory.get(key),
      list: (partition, options) => memory.list(partition, options),
      put: (draft, expected, id) => memory.put(draft, expected, id),
      delete: (key, version) => memory.delete(key, version),
      due(now, limit) {
        past.push({ at: clock.now(), copy: memory.copy() });
        while ((past[1]?.at ?? Number.POSITIVE_INFINITY) <= clock.now() - lag) past.shift();
        return past[0]?.copy.due(now, limit) ?? Promise.resolve([]);
      },
    };
  }

  test.each([1, 5, 20])('%s minutes: one incident, one page, one resolve', async (lag) => {
    const { world, minutes } = await worldWith(3, 40, (clock) => ({
      store: lagging(clock as VirtualClock, lag * MINUTE_MS),
    }));
    await minutes(90);
    expect(actions(world)).toBe('trigger resolve');
    expect(world.ledger.alerts).toHaveLength(1);
    expect(world.logged).toEqual([]);
    await world.stop();
  });
});

describe('several that decide at once (G01)', () => {
  const config = configOf(['api'], {}, EVERY);

  const tickAt = (beat: number, status: 'up' | 'down'): Tick => {
    const reading: Reading = {
      check: 'api',
      at: beat,
      tries: 1,
      status,
      reasons: status === 'up' ? [] : ['connect_refused'],
      message: '',
      latencyMs: 20,
      phases: {},
      facts: {},
    };
    return {
      location: 'local',
      shard: '0-0',
      beat,
      cause: 'schedule',
      part: 0,
      readings: [reading],
      skipped: 0,
    };
  };

  test('whoever wins, whatever each has heard before: every outage is one incident with one page and one end', async () => {
    const heard = fc.array(fc.nat({ max: 3 }), { minLength: 1, maxLength: 4 });
    const statuses = fc.array(fc.constantFrom('up' as const, 'down' as const), {
      minLength: 1,
      maxLength: 12,
    });
    await fc.assert(
      fc.asyncProperty(statuses, fc.array(heard, { minLength: 12, maxLength: 12 }), async (states, who) => {
        const clock = new VirtualClock();
        const store = new MemoryStore();
        const homes = await Promise.all(
          Array.from({ length: 4 }, () => Home.open({ store, clock, log: silent }, config)),
        );
        const alone = await Home.open({ store: new MemoryStore(), clock, log: silent }, config);
        for (const [n, status] of states.entries()) {
          const tick = tickAt(clock.now(), status);
          await decide([tick], alone);
          await Promise.all((who[n] ?? []).map((index) => decide([tick], homes[index] as Home)));
          await clock.advance(EVERY);
        }
        expect(await log(store)).toEqual(await log(alone.store));
      }),
      { numRuns: Number(process.env.WATCHBILL_RUNS ?? 100) },
    );
  });

  /** What happened to the check: per incident, each entry and when. */
  async function log(store: Store): Promise<string[]> {
    const list: Item<Incident>[] = await store.list(incidents('check/api/down'));
    return list.map(({ body }) => body.timeline.map(({ kind, at }) => `${kind} ${at}`).join(', '));
  }
});
