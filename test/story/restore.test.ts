import { expect, test } from 'vitest';
import type { Store } from '../../lib/ports.ts';
import { MemoryStore } from '../kit/memory-store.ts';
import { configOf, World } from '../kit/world.ts';

/** A copy of the store, put back a day later (G16). */

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const COPIED = 3 * HOUR;
const OFF = 5 * HOUR;
const RESTORED = 27 * HOUR;
const END = 30 * HOUR;

/** When each check is down, from and to. */
const OUTAGES: Readonly<Record<string, readonly (readonly [number, number])[]>> = {
  calm: [],
  closed: [[HOUR, 1.2 * HOUR]],
  open: [[2 * HOUR, 28 * HOUR]],
  ended: [[2 * HOUR, 4 * HOUR]],
  late: [[3.5 * HOUR, 4 * HOUR]],
  again: [
    [2 * HOUR, 4 * HOUR],
    [26 * HOUR, 28 * HOUR],
  ],
};

/** A store whose content can be swapped for another's while the process is off. */
function swappable() {
  let current = new MemoryStore();
  const store: Store = {
    get: (key) => current.get(key),
    list: (partition, options) => current.list(partition, options),
    put: (draft, expected, id) => current.put(draft, expected, id),
    delete: (key, version) => current.delete(key, version),
    due: (now, limit) => current.due(now, limit),
  };
  return {
    store,
    copy: () => current.copy(),
    restore: (copy: MemoryStore) => {
      current = copy;
    },
  };
}

async function liveThroughIt() {
  const disk = swappable();
  let start = 0;
  const isDown = (check: string, at: number) =>
    OUTAGES[check]?.some(([from, to]) => at >= start + from && at < start + to);
  const world = new World({
    config: configOf(Object.keys(OUTAGES), {}, 5 * MINUTE),
    find: (check, now) => (isDown(check, now) ? 'down' : 'up'),
    parts: () => ({ store: disk.store }),
  });
  start = world.clock.now();
  await world.boot();
  await world.clock.advance(COPIED);
  const copy = disk.copy();
  await world.clock.advance(OFF - COPIED);
  await world.stop();
  await world.clock.advance(RESTORED - OFF);
  disk.restore(copy);
  const told = world.ledger.accepted.length;
  await world.boot();
  await world.clock.advance(END - RESTORED);
  await world.stop();
  return { world, before: effects(world, 0, told), after: effects(world, told) };
}

/** What became of the events that PagerDuty took, by check. */
function effects({ ledger }: World, from: number, to?: number): Record<string, string> {
  const events = Map.groupBy(ledger.accepted.slice(from, to), ({ event }) => event.payload?.component ?? '');
  return Object.fromEntries(
    [...events].map(([check, list]) => [check, list.map(({ effect }) => effect).join(' ')]),
  );
}

test('a restored copy pages nobody for what is over, and looks at what was open again', async () => {
  const { world, before, after } = await liveThroughIt();
  expect(before).toEqual({
    closed: 'opened resolved',
    late: 'opened resolved',
    open: 'opened',
    ended: 'opened resolved',
    again: 'opened resolved',
  });
  expect(after).toEqual({
    // nothing is new: PagerDuty knows of it, and is told of its end
    open: expect.stringMatching(/^merged( merged)* resolved$/),
    // PagerDuty knows that it is over
    ended: 'dropped',
    // the copy says that it was told a day ago, and it is down: it is told again
    again: expect.stringMatching(/^opened( merged)* resolved$/),
  });
  expect(world.logged).toEqual([]);
});
