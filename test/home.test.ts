import { describe, expect, test } from 'vitest';
import { checkSubject } from '../lib/cases.ts';
import { Home } from '../lib/home.ts';
import { LATEST, recentOf } from '../lib/items.ts';
import { StoreError } from '../lib/ports.ts';
import { VirtualClock } from './kit/clock.ts';
import { Desk } from './kit/desk.ts';
import { FaultyStore, type StoreCall, type StoreFault } from './kit/faulty-store.ts';
import { silent } from './kit/local-store.ts';
import { MemoryStore } from './kit/memory-store.ts';
import { MINUTE, readingOf } from './kit/readings.ts';
import { configOf } from './kit/world.ts';

const names = (count: number) => Array.from({ length: count }, (_, n) => `check-${n}`);

describe('a config that deals the checks out anew', () => {
  const few = configOf(names(150));
  const many = configOf(names(700));

  async function seenBy(plan: (call: StoreCall) => StoreFault | undefined) {
    const clock = new VirtualClock();
    const memory = new MemoryStore();
    const store = new FaultyStore(memory, clock);
    const home = await Home.open({ store, clock, log: silent }, few);
    const at = clock.now();
    const readings = few.checks.map(({ id }) => readingOf(id, 'up', at));
    await home.remember([
      {
        location: 'local',
        shard: '0-0',
        beat: at,
        cause: 'schedule',
        part: 0,
        skipped: 0,
        readings,
      },
    ]);
    store.plan = plan;
    return { home, store, memory };
  }

  test.each([1, 2, 3, 4])(
    'loses nothing that is known where write %s of the move fails and it is taken again',
    async (n) => {
      let writes = 0;
      const { home, store, memory } = await seenBy(({ method }) =>
        (method === 'put' || method === 'delete') && ++writes === n ? 'before' : undefined,
      );
      await expect(home.configure(many)).rejects.toThrow(StoreError);
      store.plan = () => undefined;
      if (home.config !== many) await home.configure(many);
      const known = few.checks.filter(({ id }) => home.known(id).size === 1);
      expect(known).toHaveLength(few.checks.length);
      expect((await memory.list(LATEST)).filter(({ sort }) => sort.startsWith('0-'))).toEqual([]);
    },
  );
});

test('each incident of a subject is pointed at when it opens and when it closes', async () => {
  const desk = await Desk.start();
  for (let n = 0; n < 3; n++) {
    await desk.say('api', 'open');
    await desk.clock.advance(MINUTE);
    await desk.home.endIncident(checkSubject('api', 'down'), 'It is over.');
    await desk.clock.advance(MINUTE);
  }
  const pointers = await desk.memory.list<{ n: number }>(recentOf(desk.clock.now()));
  expect(pointers.map(({ body }) => body.n)).toEqual([1, 1, 2, 2, 3, 3]);
});

test('an older incident that somebody is still to be told of is not forgotten, until it is told (R5)', async () => {
  const desk = await Desk.start();
  desk.receivers.modes.pagerduty = 500;
  const live = () =>
    desk.home
      .liveIncidents()
      .map(({ n }) => n)
      .toSorted();
  for (let n = 0; n < 3; n++) {
    await desk.say('api', 'open');
    await desk.home.endIncident(checkSubject('api', 'down'), 'It is over.');
  }
  await desk.work(MINUTE);
  expect(live()).toEqual([1, 2, 3]);
  await desk.boot();
  expect(live()).toEqual([1, 2, 3]);
  desk.receivers.modes = {};
  await desk.work(2 * MINUTE);
  expect(live()).toEqual([]);
});

test('what another process has ended and delivered is not live any more after the next look', async () => {
  const desk = await Desk.start();
  await desk.say('api', 'open');
  const here = desk.home;
  await desk.boot();
  await desk.home.endIncident(checkSubject('api', 'down'), 'It is over.');
  await desk.work(MINUTE);
  expect(here.liveIncidents()).toHaveLength(1);
  await here.refresh();
  expect(here.liveIncidents()).toEqual([]);
});
