import { expect, test } from 'vitest';
import { beatsToPost, createComeBack, type Desk, drain, sendHome, takeAndTell } from '../lib/handlers.ts';
import { Home } from '../lib/home.ts';
import type { Named, News } from '../lib/news.ts';
import { type Delayed, type DrainedQueue, StoreError } from '../lib/ports.ts';
import { Rollup } from '../lib/rollup.ts';
import { VirtualClock } from './kit/clock.ts';
import { silent } from './kit/local-store.ts';
import { MemoryStore } from './kit/memory-store.ts';
import { MINUTE, NOON, readingOf, SECOND } from './kit/readings.ts';
import { REGIONS, regionsConfig } from './kit/regions.ts';

const [HOME, OTHER] = REGIONS;
const CLOCK: News = { kind: 'clock' };

/** A queue that keeps what it is sent; or that fails, with whatever it is given. */
function queue<T>(failure?: () => Error | undefined) {
  const sent: Delayed<T>[] = [];
  const sendAll = async (messages: readonly Delayed<T>[]) => {
    const error = failure?.();
    if (error) throw error;
    sent.push(...messages);
  };
  const receive = async (max: number) =>
    sent.slice(0, max).map((one) => ({
      message: one.message,
      delete: async () => void sent.splice(sent.indexOf(one), 1),
    }));
  const open: DrainedQueue<T> = { sendAll, receive, send: (message) => sendAll([{ message, delay: 0 }]) };
  return { sent, ...open };
}

const away = () => new StoreError('away');
const defect = () => new TypeError('a defect');

test.each([
  ['at once', 0, 80],
  ['in its last second', 59, 21],
  ['much too late', 90, 0],
])('beats of the next minute, in whole seconds, for a call that comes %s', (_, late, delay) => {
  const posted = beatsToPost(regionsConfig(['api']), OTHER, NOON + 300, NOON + late * SECOND);
  expect(posted).toEqual([
    {
      message: {
        kind: 'beat',
        beat: { shard: '0-0', at: NOON + 80 * SECOND, step: MINUTE, only: 'all' },
      },
      delay,
    },
  ]);
});

test('a beat never comes early: parts of a second are waited for', () => {
  const [posted] = beatsToPost(regionsConfig(['api']), OTHER, NOON, NOON + 1);
  expect(posted?.delay).toBe(80);
});

test('what home does not take is kept, and only that', async () => {
  const [home, lost, buffer] = [queue<News>(), queue<News>(away), queue<News>()];
  await sendHome(CLOCK, home, buffer, silent);
  expect([home.sent.length, buffer.sent.length]).toEqual([1, 0]);
  await sendHome(CLOCK, lost, buffer, silent);
  expect(buffer.sent).toHaveLength(1);
  await expect(sendHome(CLOCK, queue(defect), buffer, silent)).rejects.toThrow('a defect');
});

test('what is kept goes home once it can, all of it, and stays as long as it can’t', async () => {
  const clock = new VirtualClock(NOON);
  let failure: Error | undefined = away();
  const [home, buffer] = [queue<News>(() => failure), queue<News>()];
  await buffer.sendAll(Array.from({ length: 25 }, () => ({ message: CLOCK, delay: 0 })));
  await drain(buffer, home, clock, silent);
  expect([home.sent.length, buffer.sent.length]).toEqual([0, 25]);
  failure = undefined;
  await drain(buffer, home, clock, silent);
  expect([home.sent.length, buffer.sent.length]).toEqual([25, 0]);
});

test('who delivers comes back once for what is due soon, and again where that was lost', async () => {
  const clock = new VirtualClock(NOON);
  let failure: Error | undefined = away();
  const own = queue<Named>(() => failure);
  const comeBack = createComeBack(own, clock, silent);
  await comeBack(undefined);
  await comeBack(NOON + MINUTE);
  await comeBack(NOON + 5_001);
  expect(own.sent).toEqual([]);
  failure = undefined;
  await comeBack(NOON + 5_001);
  await comeBack(NOON + 9_000);
  expect(own.sent).toEqual([{ message: { incidents: [] }, delay: 6 }]);
  // sooner than what is armed, or after it
  await comeBack(NOON);
  await clock.advance(7 * SECOND);
  await comeBack(clock.now() + SECOND);
  expect(own.sent.map(({ delay }) => delay)).toEqual([6, 1, 1]);
});

/** Home, which has just heard that these are down at two of three regions. */
async function desk(ids: readonly string[], more: Partial<Desk> = {}) {
  const clock = new VirtualClock(NOON);
  const store = new MemoryStore();
  const home = await Home.open({ store, clock, log: silent }, regionsConfig(ids));
  const [ticks, post] = [queue<News>(), queue<Named>()];
  const open: Desk = {
    home,
    rollup: () => Rollup.open(store, clock.now()),
    beats: new Map(),
    ticks,
    post,
    log: silent,
    ...more,
  };
  const news = [HOME, OTHER].map((location): News => {
    const readings = ids.map((id) => readingOf(id, 'down', NOON));
    return {
      kind: 'tick',
      tick: {
        location,
        shard: '0-0',
        beat: NOON,
        cause: 'schedule',
        part: 0,
        readings,
        skipped: 0,
      },
    };
  });
  return { open, news, ticks, post };
}

test('who delivers is told what was changed, and the page is written soon; by the clock it is anyway', async () => {
  const { open, news, ticks, post } = await desk(['api', 'web']);
  await takeAndTell(news, open);
  const named = [
    { subject: 'check/api/down', n: 1 },
    { subject: 'check/web/down', n: 1 },
  ];
  expect(post.sent).toEqual([{ message: { incidents: named }, delay: 0 }]);
  expect(ticks.sent.map(({ message }) => message)).toEqual([CLOCK]);
  await takeAndTell([CLOCK], open);
  expect([post.sent.length, ticks.sent.length]).toEqual([1, 1]);
});

test('more incidents than one message holds are told in several', async () => {
  const { open, news, post } = await desk(Array.from({ length: 1_001 }, (_, i) => `check-${i}`));
  await takeAndTell(news, open);
  expect(post.sent.map(({ message }) => message.incidents.length)).toEqual([500, 500, 1]);
});

test('a queue that is away spoils no decision, a defect does', async () => {
  const lost = await desk(['api'], { post: queue(away) });
  await takeAndTell(lost.news, lost.open);
  expect(lost.open.home.openIncidents()).toHaveLength(1);
  const broken = await desk(['api'], { post: queue(defect) });
  await expect(takeAndTell(broken.news, broken.open)).rejects.toThrow('a defect');
});

test('where it fails, who delivers looks for what was written before', async () => {
  const rollup = () => Promise.reject(away());
  const { open, post } = await desk(['api'], { rollup });
  await expect(takeAndTell([CLOCK], open)).rejects.toThrow('away');
  expect(post.sent).toEqual([{ message: { incidents: [] }, delay: 0 }]);
});

test('a location that cannot be asked keeps nobody from being asked', async () => {
  const asked = queue<unknown>();
  const beats = new Map([
    [OTHER, queue<unknown>(away)],
    [REGIONS[2], asked],
  ]);
  const { open } = await desk(['api'], { beats });
  await takeAndTell([{ kind: 'early', early: { location: HOME, at: NOON, checks: ['api'] } }], open);
  expect(asked.sent).toHaveLength(1);
});
