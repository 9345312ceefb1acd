import fc from 'fast-check';
import { expect, test } from 'vitest';
import { checkSubject } from '../lib/cases.ts';
import { Home } from '../lib/home.ts';
import type { Incident } from '../lib/incident.ts';
import { incidents } from '../lib/items.ts';
import type { Status, Tick } from '../lib/reading.ts';
import { recentIncidents } from '../lib/recent.ts';
import { Rollup } from '../lib/rollup.ts';
import { hashOf, shardingOf, shardOf } from '../lib/schedule.ts';
import { decide, decideByClock } from '../lib/watch.ts';
import { VirtualClock } from './kit/clock.ts';
import { silent } from './kit/local-store.ts';
import { MemoryStore } from './kit/memory-store.ts';
import { checkOf, MINUTE, NOON, readingOf, SECOND } from './kit/readings.ts';
import { configOf } from './kit/world.ts';

const LOCATIONS = ['a', 'b', 'c'];
const CHECKS = [
  checkOf('api', { locations: LOCATIONS }),
  checkOf('web', { locations: LOCATIONS, dependsOn: ['api'] }),
];
const CONFIG = configOf([], { locations: LOCATIONS, checks: CHECKS });
const INSTALLATION = { partition: 'installation', sort: 'id', body: { id: 'test' } };

interface Step {
  readonly afterMs: number;
  /** What the locations tell; nobody: the clock alone. */
  readonly told: readonly {
    readonly check: number;
    readonly location: number;
    readonly status: Status;
    readonly lateMs: number;
  }[];
}

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    afterMs: fc.integer({ min: 0, max: 90 * SECOND }),
    told: fc.array(
      fc.record({
        check: fc.integer({ min: 0, max: 1 }),
        location: fc.integer({ min: 0, max: 2 }),
        status: fc.constantFrom<Status>('up', 'down', 'down', 'degraded', 'unknown'),
        lateMs: fc.constantFrom(0, 0, 0, 30 * SECOND, 5 * MINUTE),
      }),
      { maxLength: 4 },
    ),
  }),
  { minLength: 1, maxLength: 40 },
);

/** How home takes in what one step brings. */
type Handling = (
  ticks: readonly Tick[],
  home: Home,
  clock: () => Promise<unknown>,
  step: number,
) => Promise<void>;

/** What is left in the store once home has lived through these steps. */
async function lived(plan: readonly Step[], handle: Handling) {
  const clock = new VirtualClock(NOON);
  const store = new MemoryStore();
  await store.put(INSTALLATION, 'absent', 'test');
  const ports = { store, clock, log: silent };
  const home = await Home.open(ports, CONFIG);
  const rollup = await Rollup.open(store, NOON);
  const asks = { send: async () => {} };
  for (const [i, { afterMs, told }] of plan.entries()) {
    await clock.advance(afterMs);
    const ticks = told.map(({ check, location, status, lateMs }, part): Tick => {
      const id = CHECKS[check]?.id ?? '';
      const at = clock.now() - lateMs;
      const shard = shardOf(hashOf(id), shardingOf([]));
      return {
        location: LOCATIONS[location] ?? '',
        shard,
        beat: at,
        cause: `confirm-${i}-${part}`,
        part: 0,
        readings: [readingOf(id, status, at)],
        skipped: 0,
      };
    });
    await handle(ticks, home, () => decideByClock(home, async () => rollup, asks), i);
  }
  return leftIn(store, home);
}

async function leftIn(store: MemoryStore, home: Home) {
  const subjects = CHECKS.flatMap(({ id }) =>
    (['down', 'degraded', 'unknown'] as const).map((kind) => checkSubject(id, kind)),
  );
  const all = await Promise.all(subjects.map((subject) => store.list<Incident>(incidents(subject))));
  return {
    incidents: all.flat().map(({ body }) => body),
    known: CHECKS.map(({ id }) => [...home.known(id)].sort(([a], [b]) => (a < b ? -1 : 1))),
    recent: (await recentIncidents(50, home.clock.now(), store)).map(({ id }) => id),
  };
}

const once: Handling = async (ticks, home, clock) => {
  await decide(ticks, home);
  await clock();
};

const RUNS = { numRuns: Number(process.env.WATCHBILL_RUNS ?? 60), endOnFailure: true };

test('whatever is handled up to five times, in any order of the ticks, is as if it had been once (invariants 2 and 12)', async () => {
  await fc.assert(
    fc.asyncProperty(
      steps,
      fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1 }),
      async (plan, counts) => {
        const again: Handling = async (ticks, home, clock, step) => {
          const times = counts[step % counts.length] ?? 1;
          for (let i = 0; i < times; i++)
            await decide(i % 2 ? ticks.toReversed() : [...ticks, ...ticks], home);
          for (let i = 0; i < times; i++) await clock();
        };
        expect(await lived(plan, again)).toEqual(await lived(plan, once));
      },
    ),
    RUNS,
  );
});

test('two homes on one store, which handle the same, leave what one would: each incident once (E24, invariant 2)', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (plan) => {
      let second: Home | undefined;
      const both: Handling = async (ticks, home, clock) => {
        second ??= await Home.open({ store: home.store, clock: home.clock, log: silent }, CONFIG);
        await Promise.all([decide(ticks, home), decide(ticks, second)]);
        await clock();
      };
      const [two, one] = [await lived(plan, both), await lived(plan, once)];
      expect(two.incidents).toEqual(one.incidents);
    }),
    RUNS,
  );
});

test('the order in which ticks arrive changes neither the verdict nor what is open (invariant 5)', async () => {
  const order = fc.array(fc.nat({ max: 99 }), { minLength: 40, maxLength: 40 });
  const step = fc.array(
    fc.record({
      check: fc.integer({ min: 0, max: 1 }),
      location: fc.integer({ min: 0, max: 2 }),
      status: fc.constantFrom<Status>('up', 'down', 'degraded', 'unknown'),
      lateMs: fc.integer({ min: 0, max: 150 * SECOND }),
    }),
    { minLength: 1, maxLength: 40 },
  );
  const shuffled: (ranks: readonly number[]) => Handling = (ranks) => async (ticks, home, clock) => {
    const sorted = ticks.map((tick, i) => [ranks[i] ?? 0, tick] as const).sort(([a], [b]) => a - b);
    await decide(
      sorted.map(([, tick]) => tick),
      home,
    );
    await clock();
  };
  await fc.assert(
    fc.asyncProperty(step, order, async (told, ranks) => {
      const plan = [{ afterMs: 5 * MINUTE, told }];
      expect(await lived(plan, shuffled(ranks))).toEqual(await lived(plan, once));
    }),
    RUNS,
  );
});
