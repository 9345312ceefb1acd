import { expect, it } from 'vitest';
import { encodeRow } from '../../lib/adapters/aws/dynamo-row.ts';
import { type Estimate, estimateOf } from '../../lib/cost/estimate.ts';
import type { OnAws } from '../../lib/cost/fleet.ts';
import { MINUTES } from '../../lib/cost/prices.ts';
import { itemSize } from '../../lib/cost/sizes.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../lib/history.ts';
import { Home } from '../../lib/home.ts';
import type { HourBody } from '../../lib/hour.ts';
import { aliveKey, HOURS, ROLLED, spanKey } from '../../lib/items.ts';
import type { News } from '../../lib/news.ts';
import { Rollup } from '../../lib/rollup.ts';
import { writeId } from '../../lib/store.ts';
import { deliver, show, takeIn } from '../../lib/watch.ts';
import { VirtualClock } from '../kit/clock.ts';
import { silent } from '../kit/local-store.ts';
import { MemoryStore } from '../kit/memory-store.ts';
import { NO_NET } from '../kit/world.ts';
import { installationOf } from './kit.ts';
import { MeteredStore } from './metered-store.ts';
import { ticksOf } from './minute.ts';

const MIDNIGHT = Date.UTC(2026, 10, 1);
/** Half of the day is there then, which is what is read on average. */
const FROM = MIDNIGHT + 12 * HOUR_MS;

/** Home and all who read and write its table, as on AWS, for an hour that is counted. */
async function anHour(config: OnAws): Promise<MeteredStore> {
  const clock = new VirtualClock(FROM - HOUR_MS);
  const store = new MeteredStore(new MemoryStore());
  await store.put({ ...ROLLED, body: rolledBefore() }, 'absent', writeId());
  const before = await open(store, clock, config);
  for (let minute = FROM - HOUR_MS; minute < FROM; minute += MINUTE_MS) await before.takeTicks(minute);
  await before.passAt(FROM - 1);
  await copyHours(store);
  const { home, rollup, takeTicks, passAt } = await open(store, clock, config);
  store.clear();
  for (let minute = FROM; minute < FROM + HOUR_MS; minute += MINUTE_MS) {
    await takeTicks(minute);
    await passAt(minute + MINUTE_MS - 1);
    await show(home, rollup);
    await deliver(postFrom(store, clock));
    for (const who of ['decide', 'deliver'] as const) await store.get(aliveKey(who));
  }
  return store;
}

async function open(store: MeteredStore, clock: VirtualClock, config: OnAws) {
  const home = await Home.open({ store, clock, log: silent }, config);
  const rollup = await Rollup.open(store, clock.now());
  const take = async (news: News, at: number) => {
    await clock.advance(Math.max(0, at - clock.now()));
    await clock.run(takeIn([news], home, async () => rollup, { send: async () => {} }));
  };
  const takeTicks = async (minute: number) => {
    for (const { at, tick } of ticksOf(config, minute)) await take({ kind: 'tick', tick }, at);
  };
  return { home, rollup, takeTicks, passAt: (at: number) => take({ kind: 'clock' }, at) };
}

/** The hours before were like this one: the installation isn't young any more. */
async function copyHours(store: MeteredStore): Promise<void> {
  for (const { sort, body } of await store.list<HourBody>(HOURS)) {
    const [, shard = ''] = sort.split('/');
    for (let hour = MIDNIGHT; hour < FROM - HOUR_MS; hour += HOUR_MS) {
      const first = Object.fromEntries(Object.keys(body.rows).map((hash) => [hash, hour]));
      await store.put({ ...spanKey(HOURS, hour, shard), body: { ...body, first } }, 'absent', writeId());
    }
  }
}

const postFrom = (store: MeteredStore, clock: VirtualClock): Parameters<typeof deliver>[0] => ({
  store,
  clock,
  log: silent,
  secrets: { get: async () => '' },
  net: NO_NET,
  sender: () => ({ perMinute: 120, lane: () => '', send: async () => ({ outcome: 'accepted' }) }),
  receiver: () => undefined,
  configuredAt: () => 0,
  baseUrl: () => undefined,
  random: () => 0.5,
  signal: new AbortController().signal,
  wrote: () => {},
});

/** What eight days leave behind. */
function rolledBefore() {
  const hours = Array.from({ length: 8 * 24 }, (_, n) => [FROM - (n + 1) * HOUR_MS, 13]);
  return { hours: Object.fromEntries(hours), currentAt: 0 };
}

const inAnHour = ({ lines }: Estimate, ...ids: string[]): number =>
  lines.reduce((sum, { id, quantity }) => sum + (ids.includes(`${id}`) ? quantity : 0), 0) / (MINUTES / 60);

const sumOf = (counts: ReadonlyMap<string, number>, ...kinds: string[]): number =>
  kinds.reduce((sum, kind) => sum + (counts.get(kind) ?? 0), 0);

/** So far may a reckoning be from what was counted, as a share of it. */
const NEAR = 0.06;

it.each([
  ['5 checks', installationOf({ checks: 5 })],
  ['310 checks, in two shards', installationOf({ checks: 310 })],
  ['20 checks every 20 s', installationOf({ checks: 20, check: { every: '20s' } })],
])('the reckoned reads and writes of %s are those that the core makes', async (_, config) => {
  const { writes, reads } = await anHour(config);
  const estimate = estimateOf(config, 0);
  const pairs: [string, number, number][] = [
    ['writes of ticks', sumOf(writes, 'tick'), inAnHour(estimate, 'dynamodb.ticks')],
    ['writes of latest', sumOf(writes, 'latest'), inAnHour(estimate, 'dynamodb.latest')],
    ['history', sumOf(writes, 'hour', 'day', 'rolled', 'dirty'), inAnHour(estimate, 'dynamodb.history')],
    ['alive', sumOf(writes, 'alive'), inAnHour(estimate, 'dynamodb.alive')],
    [
      'all writes',
      sumOf(writes, ...writes.keys()),
      inAnHour(estimate, 'dynamodb.ticks', 'dynamodb.latest', 'dynamodb.history', 'dynamodb.alive'),
    ],
    [
      'all reads',
      sumOf(reads, ...reads.keys()),
      inAnHour(estimate, 'dynamodb.look', 'dynamodb.pass', 'dynamodb.rollup'),
    ],
  ];
  const far = pairs.filter(([, counted, reckoned]) => Math.abs(reckoned - counted) > NEAR * counted);
  expect(far).toEqual([]);
});

it('an item is as large as what is sent to DynamoDB', () => {
  const draft = {
    partition: 'tick/01793491200000',
    sort: '3-5/é',
    body: { a: 'é' },
    expires: MIDNIGHT + 8 * DAY_MS,
  };
  const row = encodeRow({ ...draft, body: JSON.stringify(draft.body) }, 12_345_678, writeId());
  const size = Object.entries(row).reduce((sum, [name, { S, N = '' }]) => {
    const value = S === undefined ? Math.ceil(N.length / 2) + 1 : Buffer.byteLength(S);
    return sum + Buffer.byteLength(name) + value;
  }, 0);
  expect(Math.abs(itemSize(draft) - size)).toBeLessThan(8);
});
