import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkSubject } from '../lib/cases.ts';
import { Home } from '../lib/home.ts';
import type { Incident } from '../lib/incident.ts';
import { incidents, LATEST, latestKey } from '../lib/items.ts';
import { judge } from '../lib/judge.ts';
import { packLatest, shardOfReadings } from '../lib/latest.ts';
import type { News } from '../lib/news.ts';
import type { Store } from '../lib/ports.ts';
import type { Ask, Status, Tick } from '../lib/reading.ts';
import { Rollup } from '../lib/rollup.ts';
import { hashOf, shardingOf, shardOf } from '../lib/schedule.ts';
import { update } from '../lib/store.ts';
import { confirmNow, decide, decideByClock, takeIn } from '../lib/watch.ts';
import { VirtualClock } from './kit/clock.ts';
import { gated, interleaved } from './kit/interleaved.ts';
import { silent } from './kit/local-store.ts';
import { MemoryStore } from './kit/memory-store.ts';
import { checkOf, HOUR, keptOf, MINUTE, NOON, readingOf, SECOND } from './kit/readings.ts';
import { configOf } from './kit/world.ts';

/* Several processes decide at once, each with a memory of its own, on one store. */

const LOCATIONS = ['a', 'b', 'c'];
const API = checkOf('api', { locations: LOCATIONS });
const WEB = checkOf('web', { locations: LOCATIONS, dependsOn: ['api'] });
const CONFIG = configOf([], { locations: LOCATIONS, checks: [API, WEB] });
const DOWN = checkSubject('api', 'down');
const RUNS = { numRuns: Number(process.env.WATCHBILL_RUNS ?? 100), endOnFailure: true };

const tickOf = (location: string, status: Status, at: number, check = 'api'): Tick => ({
  location,
  shard: '0-0',
  beat: at,
  cause: `confirm-${check}`,
  part: 0,
  readings: [readingOf(check, status, at)],
  skipped: 0,
});

/** A store and its clock, on which processes start. */
function place(config = CONFIG) {
  const clock = new VirtualClock(NOON);
  const memory = new MemoryStore();
  const start = (store: Store = memory, some = config) => Home.open({ store, clock, log: silent }, some);
  const log = async (subject = DOWN) => {
    const all = await memory.list<Incident>(incidents(subject));
    return all.map(({ body }) => body.timeline.map(({ kind }) => kind).join(' '));
  };
  return { clock, memory, start, log };
}

const asked = () => {
  const asks: Ask[] = [];
  return { asks, send: async (ask: Ask) => void asks.push(ask) };
};

const byClock = async (home: Home) =>
  decideByClock(home, () => Rollup.open(home.store, home.clock.now()), asked());

test('whoever is given which location’s tick, and whoever is ahead at any call: a majority is one incident, a minority none (E24, invariants 2 and 8)', async () => {
  const told = fc.tuple(...LOCATIONS.map(() => fc.constantFrom<Status>('up', 'down', 'down', 'unknown')));
  const dealt = fc.tuple(...LOCATIONS.map(() => fc.nat({ max: 1 })));
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), told, dealt, async (scheduler, statuses, who) => {
      const { clock, memory, start } = place();
      const first = await start();
      for (const location of LOCATIONS) await decide([tickOf(location, 'up', NOON)], first);
      const alone = await Home.open({ store: memory.copy(), clock, log: silent }, CONFIG);
      // from here on each call to the store waits for its turn
      const turns = interleaved(
        memory,
        scheduler.scheduleFunction(async () => {}),
      );
      const both = [await scheduler.waitFor(start(turns)), await scheduler.waitFor(start(turns))];
      await clock.advance(MINUTE);
      const ticks = statuses.map((status, i) => tickOf(LOCATIONS[i] ?? '', status, clock.now()));
      const decided = both.map(async (home, n) => {
        for (const tick of ticks.filter((_, i) => who[i] === n)) await decide([tick], home);
      });
      await scheduler.waitFor(Promise.all(decided));
      await decide(ticks, alone);
      const isDown = statuses.filter((status) => status === 'down').length >= 2;
      expect(await memory.list(incidents(DOWN))).toHaveLength(isDown ? 1 : 0);
      for (const home of both) {
        await scheduler.waitFor(home.look([API]));
        expect(judge(API, home.known('api'), clock.now())).toEqual(
          judge(API, alone.known('api'), clock.now()),
        );
      }
    }),
    RUNS,
  );
});

test('whoever is ahead at any call: an outage is one incident at the most, and the next minute ends it at the latest', async () => {
  const tick = fc.record({
    location: fc.nat({ max: 2 }),
    who: fc.nat({ max: 1 }),
    rank: fc.nat({ max: 99 }),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.scheduler(),
      fc.array(tick, { minLength: 2, maxLength: 6 }),
      fc.array(fc.tuple(fc.nat({ max: 1 }), fc.nat({ max: 99 })), { minLength: 6, maxLength: 6 }),
      async (scheduler, failing, well) => {
        const { clock, memory, start } = place();
        const turns = interleaved(
          memory,
          scheduler.scheduleFunction(async () => {}),
        );
        const homes = [await scheduler.waitFor(start(turns)), await scheduler.waitFor(start(turns))];
        await clock.advance(MINUTE);
        const down = failing.map(({ location, who, rank }, i) => {
          return { who, rank, tick: tickOf(LOCATIONS[location] ?? '', 'down', NOON + i * SECOND) };
        });
        const up = well.map(([who, rank], i) => {
          return { who, rank, tick: tickOf(LOCATIONS[i % 3] ?? '', 'up', NOON + (20 + i) * SECOND) };
        });
        // what was seen in the outage comes before the recovery: later it would be news of another one
        for (const seen of [down, up]) {
          const dealt = seen.toSorted((a, b) => a.rank - b.rank);
          const decided = homes.map(async (home, n) => {
            for (const { tick } of dealt.filter(({ who }) => who === n)) await decide([tick], home);
          });
          await scheduler.waitFor(Promise.all(decided));
        }
        await scheduler.waitFor(byClock(homes[0] as Home));
        const all = await memory.list<Incident>(incidents(DOWN));
        expect(all.length).toBeLessThanOrEqual(1);
        expect(all.filter(({ body }) => body.closedAt === undefined)).toEqual([]);
      },
    ),
    RUNS,
  );
});

test('whoever is given which tick and whoever’s turn the clock is: the outages are those that one process alone would see', async () => {
  const step = fc.record({
    afterMs: fc.integer({ min: 10 * SECOND, max: 90 * SECOND }),
    told: fc.array(
      fc.record({
        check: fc.constantFrom('api', 'api', 'web'),
        location: fc.constantFrom(...LOCATIONS),
        status: fc.constantFrom<Status>('up', 'down'),
        who: fc.nat({ max: 2 }),
      }),
      { maxLength: 6 },
    ),
    clock: fc.nat({ max: 2 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 30 }), async (plan) => {
      const lived = async (count: number) => {
        const { clock, memory, start } = place();
        await memory.put({ partition: 'installation', sort: 'id', body: { id: 'test' } }, 'absent', 'test');
        const homes = await Promise.all(Array.from({ length: count }, () => start()));
        for (const { afterMs, told, clock: whose } of plan) {
          await clock.advance(afterMs);
          for (const { check, location, status, who } of told)
            await decide([tickOf(location, status, clock.now(), check)], homes[who % count] as Home);
          await byClock(homes[whose % count] as Home);
        }
        const all = [API, WEB].map(({ id }) => memory.list<Incident>(incidents(checkSubject(id, 'down'))));
        return (await Promise.all(all)).flat().map(({ body }) => body);
      };
      expect(await lived(3)).toEqual(await lived(1));
    }),
    RUNS,
  );
});

describe('what another process has decided', () => {
  /** Two processes; the first one has opened an outage, of which the second knows nothing. */
  async function outage() {
    const { clock, memory, start, log } = place();
    const [one, two] = [await start(), await start()];
    const tell = async (home: Home, status: Status, ...locations: string[]) => {
      for (const location of locations) await decide([tickOf(location, status, clock.now())], home);
    };
    await tell(one, 'down', 'a', 'b');
    expect(await log()).toEqual(['opened page']);
    return { clock, memory, start, log, one, two, tell };
  }

  test('ends at once when the tick that ends it reaches one who knew nothing of it', async () => {
    const { clock, log, two, tell } = await outage();
    for (let n = 0; n < 2; n++) {
      await clock.advance(MINUTE);
      await tell(two, 'up', 'a', 'b');
    }
    expect(await log()).toEqual(['opened page resolved']);
  });

  test('keeps no new outage waiting, where one takes the old one for open', async () => {
    const { clock, log, one, two, tell } = await outage();
    await two.refresh();
    for (let n = 0; n < 2; n++) {
      await clock.advance(MINUTE);
      await tell(one, 'up', 'a', 'b');
    }
    expect(two.openIncident(DOWN)?.n).toBe(1);
    await clock.advance(20 * MINUTE);
    await tell(two, 'down', 'a', 'b');
    expect(await log()).toEqual(['opened page resolved', 'opened page']);
  });

  test('keeps no new outage waiting where only one location is left, and says so for the third time', async () => {
    const { clock, log, one, two, tell } = await outage();
    await two.refresh();
    for (let n = 0; n < 2; n++) {
      await clock.advance(MINUTE);
      await tell(one, 'up', 'a', 'b');
    }
    await clock.advance(20 * MINUTE);
    for (let n = 0; n < 3; n++) {
      await clock.advance(MINUTE);
      await tell(n < 2 ? one : two, 'down', 'a');
    }
    expect(await log()).toEqual(['opened page resolved', 'opened page']);
  });

  /** One location; the calls of the first process that are meant wait from `slow.close` to `slow.open`. */
  async function race(isMeant: (method: keyof Store, partition: string) => boolean) {
    const { clock, memory, start, log } = place(configOf(['api'], {}, 10 * SECOND));
    const slow = gated(memory, isMeant);
    const [late, quick] = [await start(slow.store), await start()];
    const tell = async (home: Home, status: Status) => {
      const changed = decide([tickOf('local', status, clock.now())], home);
      await clock.advance(10 * SECOND);
      return { changed };
    };
    return { late, quick, slow, tell, log };
  }

  test.each(['put', 'list'] as const)(
    'is not undone by one who was slow to %s, and had read what was so before',
    async (slowAt) => {
      const { late, quick, slow, tell, log } = await race(
        (method, partition) => method === slowAt && partition === incidents(DOWN),
      );
      slow.close();
      const { changed } = await tell(late, 'down');
      for (const status of ['down', 'up', 'up'] as const) await (await tell(quick, status)).changed;
      expect(await log()).toEqual(['opened page resolved']);
      slow.open();
      expect(await changed).toEqual([]);
      expect(await log()).toEqual(['opened page resolved']);
    },
  );

  test('is not ended by one who was slow, and had read that it was well', async () => {
    const { late, quick, slow, tell, log } = await race(
      (method, partition) => method === 'put' && partition === incidents(DOWN),
    );
    for (const status of ['down', 'up'] as const) await (await tell(late, status)).changed;
    slow.close();
    const { changed } = await tell(late, 'up');
    // down again, seen by another: it says so in the incident before the slow one ends it
    await (await tell(quick, 'down')).changed;
    slow.open();
    expect(await changed).toEqual([]);
    expect(await log()).toEqual(['opened page']);
  });

  test('is asked about where an early tick looks like no news', async () => {
    const { clock, one, two, tell } = await outage();
    await tell(two, 'down', 'c');
    for (let n = 0; n < 2; n++) {
      await clock.advance(MINUTE);
      await tell(one, 'up', 'a', 'b', 'c');
    }
    await clock.advance(20 * MINUTE);
    // as far as `two` knows, c sees it down, and everybody was told of that
    const { asks, send } = asked();
    await confirmNow([{ location: 'c', at: clock.now(), checks: ['api'] }], two, { send });
    expect(asks.map(({ location }) => location)).toEqual(['a', 'b']);
  });

  test('of a parent is known, wherever it lies: its child’s page is held', async () => {
    const others = Array.from({ length: 700 }, (_, n) => checkOf(`check-${n}`));
    const config = configOf([], { locations: LOCATIONS, checks: [API, WEB, ...others] });
    const sharding = shardingOf(config.checks.map(({ id }) => id));
    expect(shardOf(hashOf('api'), sharding)).not.toBe(shardOf(hashOf('web'), sharding));
    const { clock, memory, start } = place(config);
    const [one, two] = [await start(), await start()];
    const tell = async (home: Home, check: string, status: Status, ...locations: string[]) => {
      for (const location of locations) await decide([tickOf(location, status, clock.now(), check)], home);
      await clock.advance(10 * SECOND);
    };
    await tell(two, 'web', 'down', 'a');
    await tell(two, 'api', 'up', ...LOCATIONS);
    await tell(one, 'api', 'down', ...LOCATIONS);
    await tell(two, 'web', 'down', 'b');
    const [incident] = await memory.list<Incident>(incidents(checkSubject('web', 'down')));
    expect(incident?.body).toMatchObject({ heldBy: 'depends on api' });
    expect(incident?.body.announcedAt).toBeUndefined();
  });
});

describe('where the clock’s passes are dealt to several processes', () => {
  test('a location that falls silent is noticed after three minutes, whoever’s pass it is', async () => {
    const { clock, memory, start } = place();
    const homes = [await start(), await start(), await start()];
    const silentA = async () => (await memory.list(incidents('location/a/silent'))).length > 0;
    const since = clock.now();
    for (let minute = 0; minute < 12 && !(await silentA()); minute++) {
      const told = minute < 4 ? LOCATIONS : ['b', 'c'];
      for (const location of told) await decide([tickOf(location, 'up', clock.now())], homes[1] as Home);
      // the third one has had no turn for long
      await byClock(homes[minute < 5 ? 0 : 2] as Home);
      if (!(await silentA())) await clock.advance(MINUTE);
    }
    expect((clock.now() - since) / MINUTE).toBe(6);
  });

  test('each knows what the others have stored, and ends nothing that is still reported', async () => {
    const { clock, start, log } = place();
    const [one, two] = [await start(), await start()];
    await decide([tickOf('a', 'down', clock.now()), tickOf('b', 'down', clock.now())], one);
    const without = configOf([], { locations: LOCATIONS, checks: [WEB] });
    await two.configure(without);
    for (let minute = 0; minute < 8; minute++) {
      await clock.advance(MINUTE);
      await decide([tickOf('a', 'down', clock.now()), tickOf('b', 'down', clock.now())], one);
      await byClock(two);
    }
    expect(await log()).toEqual(['opened page']);
  });

  test('no outage begins anew with one whose pass takes long, once it is over', async () => {
    const { clock, memory, start, log } = place(configOf(['api'], {}, 10 * SECOND));
    const slow = gated(memory, (method, partition) => method === 'list' && partition === incidents(DOWN));
    const [late, quick] = [await start(slow.store), await start()];
    const local = (status: Status) => tickOf('local', status, clock.now());
    await quick.remember([local('down')]);
    slow.close();
    const passing = byClock(late);
    for (const status of ['down', 'up', 'up'] as const) {
      await clock.advance(10 * SECOND);
      await decide([local(status)], quick);
    }
    slow.open();
    await passing;
    expect(await log()).toEqual(['opened page resolved']);
  });

  test('whoever’s pass it is ends what another has opened', async () => {
    const { clock, start, log } = place();
    const [one, two] = [await start(), await start()];
    const tell = async (...locations: string[]) => {
      for (const location of locations) await decide([tickOf(location, 'up', clock.now())], one);
      await byClock(one);
      await clock.advance(MINUTE);
    };
    await tell(...LOCATIONS);
    for (let minute = 0; minute < 4; minute++) await tell('a', 'b');
    expect(await log('location/c/silent')).toEqual(['opened ticket']);
    await one.remember([tickOf('c', 'up', clock.now())]);
    await byClock(two);
    expect(await log('location/c/silent')).toEqual(['opened ticket resolved']);
  });

  test('an outage that is not listed yet ends all the same', async () => {
    const { clock, memory, start, log } = place();
    const blind: Store = { ...interleaved(memory, async () => {}), due: async () => [] };
    const [one, two] = [await start(), await start(blind)];
    const tick = (location: string, status: Status) => tickOf(location, status, clock.now());
    await decide([tick('a', 'down'), tick('b', 'down')], one);
    for (let n = 0; n < 2; n++) {
      await clock.advance(MINUTE);
      await one.remember([tick('a', 'up'), tick('b', 'up')]);
    }
    await byClock(two);
    expect(await log()).toEqual(['opened page resolved']);
  });

  test('what one with an older config has put into another shard is found', async () => {
    const many = configOf([], {
      checks: Array.from({ length: 700 }, (_, n) => checkOf(`check-${n}`)),
    });
    const { clock, memory, start } = place(many);
    const home = await start();
    const seen = shardOfReadings(NOON, [keptOf('down', NOON, { hash: hashOf('check-7') })]);
    await update(memory, latestKey('0-0', 'local'), () => ({ body: packLatest(seen) }));
    await byClock(home);
    expect(home.known('check-7').get('local')?.newest.status).toBe('down');
    expect((await memory.list(LATEST)).filter(({ sort }) => sort.startsWith('0-'))).toEqual([]);
    expect(clock.now()).toBe(NOON);
  });
});

describe('what has reached home', () => {
  const early = (at: number): News => ({ kind: 'early', early: { location: 'a', at, checks: ['api'] } });
  const tick = (at: number, location: string, status: Status): News => ({
    kind: 'tick',
    tick: tickOf(location, status, at),
  });

  test('is taken in together: ticks first, so that nobody is asked of what is known', async () => {
    const { clock, start } = place();
    const home = await start();
    const { asks, send } = asked();
    const now = clock.now();
    const rollup = () => Promise.reject(new Error('nobody needs it'));
    const news = [early(now), tick(now, 'a', 'down'), tick(now, 'b', 'down')];
    const changed = await takeIn(news, home, rollup, { send });
    expect(changed.map(({ subject }) => subject)).toContain(DOWN);
    expect(asks).toEqual([]);
    await takeIn([{ kind: 'early', early: { location: 'c', at: now, checks: ['web'] } }], home, rollup, {
      send,
    });
    expect(asks.map(({ location }) => location)).toEqual(['a', 'b', 'c']);
  });

  test('needs the history only where a minute has begun', async () => {
    const { clock, start } = place();
    const home = await start();
    let opened = 0;
    const rollup = () => {
      opened += 1;
      return Rollup.open(home.store, clock.now());
    };
    await takeIn([tick(clock.now(), 'a', 'up')], home, rollup, asked());
    expect(opened).toBe(0);
    await clock.advance(2 * HOUR);
    await takeIn([{ kind: 'clock' }], home, rollup, asked());
    expect(opened).toBe(1);
  });
});
