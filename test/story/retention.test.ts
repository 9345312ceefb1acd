import { expect, test } from 'vitest';
import { markDirty } from '../../lib/dirty.ts';
import { DAY_MS, HOUR_MS } from '../../lib/history.ts';
import { ticksOf } from '../../lib/items.ts';
import { key, time } from '../../lib/keys.ts';
import { packTick } from '../../lib/latest.ts';
import { Rollup } from '../../lib/rollup.ts';
import { hashOf } from '../../lib/schedule.ts';
import { MemoryStore } from '../kit/memory-store.ts';
import { configOf, World } from '../kit/world.ts';

const DAY = Date.UTC(2026, 0, 1);
const MINUTE = 60_000;
const CHECK = 'api';

/** One day: up, but for its first ten minutes. */
async function writeDay(store: MemoryStore): Promise<void> {
  for (let beat = DAY; beat < DAY + DAY_MS; beat += MINUTE) {
    const status = beat < DAY + 10 * MINUTE ? ('down' as const) : ('up' as const);
    const finding = { status, reasons: [], message: '', latencyMs: 20, phases: {}, facts: {} };
    const tick = { location: 'local', shard: '0-0', beat, cause: 'schedule' as const, part: 0, skipped: 0 };
    const hour = Math.floor(beat / HOUR_MS) * HOUR_MS;
    const body = packTick({ ...tick, readings: [{ ...finding, check: CHECK, at: beat, tries: 1 }] });
    const sort = key(tick.shard, time(beat), tick.location, tick.cause, '0');
    await store.put({ partition: ticksOf(hour), sort, body, expires: beat + 8 * DAY_MS }, 'absent', sort);
    if (beat === hour) await markDirty(store, hour);
  }
}

test('what has expired goes, and the uptime of the days before stays what it was (G15)', async () => {
  const store = new MemoryStore();
  await writeDay(store);
  const rollup = await Rollup.open(store, DAY);
  const context = { check: () => undefined, inMaintenance: () => false };
  await rollup.roll({ ...context, now: DAY + DAY_MS + HOUR_MS });
  const before = rollup.day(hashOf(CHECK), DAY, DAY + DAY_MS);
  expect(before).toMatchObject({ down: 10, up: 24 * 60 - 10 });

  for (const days of [1, 9, 60, 90]) {
    const now = DAY + days * DAY_MS;
    store.purge(now);
    expect(await store.list(ticksOf(DAY)), `ticks after ${days} days`).toHaveLength(days < 8 ? 60 : 0);
    const again = await Rollup.open(store, now);
    await again.roll({ ...context, now });
    expect(again.day(hashOf(CHECK), DAY, now), `after ${days} days`).toEqual(before);
    expect(again.lastDays(hashOf(CHECK), 91, now)).toEqual(before);
  }
});

test('a process that lives for long keeps no more days in mind than one that was just started', async () => {
  const store = new MemoryStore();
  await writeDay(store);
  const rollup = await Rollup.open(store, DAY);
  const context = { check: () => undefined, inMaintenance: () => false };
  await rollup.roll({ ...context, now: DAY + DAY_MS + HOUR_MS });
  const known = async (days: number) => {
    const now = DAY + days * DAY_MS;
    await markDirty(store, now - HOUR_MS);
    await rollup.roll({ ...context, now });
    return rollup.day(hashOf(CHECK), DAY, now) !== undefined;
  };
  expect([await known(90), await known(91), await known(92)]).toEqual([true, true, false]);
});

test.each([
  ['early', Number.MAX_SAFE_INTEGER],
  ['late', 0],
])(
  'what may expire and goes %s leaves an open incident alone: one page, one resolve (G11)',
  async (_, horizon) => {
    let start = Number.POSITIVE_INFINITY;
    const world = await World.start({
      config: configOf([CHECK]),
      find: (_check, now) => (now < start + 90_000 || now > start + 30 * MINUTE ? 'up' : 'down'),
    });
    start = world.clock.now();
    for (let minute = 0; minute < 60; minute++) {
      await world.clock.advance(MINUTE);
      world.memory.purge(horizon);
    }
    expect(world.logged).toEqual([]);
    expect(world.ledger.accepted.map(({ event }) => event.event_action)).toEqual(['trigger', 'resolve']);
    await world.stop();
  },
);
