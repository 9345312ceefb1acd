import { type DayBody, sumDay } from './day.ts';
import { markDirty } from './dirty.ts';
import { DAY_MS, HOUR_MS, hourOf } from './history.ts';
import { type HourBody, isIn, type RollContext, rollTicks, shardsOf } from './hour.ts';
import { DAYS, HOURS, ROLLED, spanKey, spanRange, TICK_LIFE_MS, ticksOf, ticksOfShard } from './items.ts';
import type { PackedTick } from './latest.ts';
import type { Item, Store } from './ports.ts';
import { update, writeId } from './store.ts';

/** The roll-up as it is written: hours from their ticks, days from their hours. Several may be at it at once. */

const HOUR_LIFE_MS = 100 * DAY_MS;
const DAY_LIFE_MS = 400 * DAY_MS;

/** How often each hour was computed, as far back as that can happen; and when the current one was last, epoch ms. */
export interface Rolled {
  readonly hours: Readonly<Record<string, number>>;
  readonly currentAt: number;
}

export const NOTHING_ROLLED: Rolled = { hours: {}, currentAt: 0 };

/**
 * Computes an hour from its ticks, per shard. Where its end is another than it was, the next hour is marked before
 * that is written: who finds the mark finds this hour's as well, and computes this one first. Answers these marks.
 */
export async function rollHour(
  hour: number,
  context: RollContext,
  store: Store,
): Promise<{ readonly bodies: ReadonlyMap<string, HourBody>; readonly next: readonly Item[] }> {
  const next: Item[] = [];
  const bodies = await writeSpans<HourBody>(HOURS, hour, hour + HOUR_LIFE_MS, store, async (stored) => {
    const computed = await computeHour(hour, context, store);
    const isOver = hour < hourOf(context.now);
    if (isOver && endsOtherwise(stored, computed)) next.push(await markDirty(store, hour + HOUR_MS));
    return computed;
  });
  return { bodies, next };
}

/** Whether something else stands at the end of the hour than is stored. */
const endsOtherwise = (stored: ReadonlyMap<string, HourBody>, computed: ReadonlyMap<string, HourBody>) =>
  [...computed].some(
    ([shard, { standing }]) => JSON.stringify(stored.get(shard)?.standing ?? {}) !== JSON.stringify(standing),
  );

async function computeHour(hour: number, context: RollContext, store: Store): Promise<Map<string, HourBody>> {
  const earlier = await store.list<HourBody>(HOURS, spanRange(hour - HOUR_MS, hour - HOUR_MS));
  const stood = earlier.flatMap(({ body }) => Object.entries(body.standing));
  const bodies = new Map<string, HourBody>();
  for await (const shard of shardsOf(store, hour)) {
    const ticks = await store.list<PackedTick>(ticksOf(hour), ticksOfShard(shard));
    const mine = stood.filter(([hash]) => isIn(shard, hash));
    bodies.set(shard, rollTicks(hour, ticks, mine, context));
  }
  return bodies;
}

/** Sums a day from its hours, for some shards. */
export function rollDay(
  day: number,
  shards: Iterable<string>,
  store: Store,
): Promise<ReadonlyMap<string, DayBody>> {
  return writeSpans<DayBody>(DAYS, day, day + DAY_LIFE_MS, store, async () => {
    const hours = await store.list<HourBody>(HOURS, spanRange(day, day + DAY_MS - 1));
    return new Map([...shards].map((shard) => [shard, sumDay(shard, hours)]));
  });
}

/**
 * Writes what `compute` makes of what is stored, per shard. Where another has written one of these meanwhile, all is
 * read and computed again: the last word has who read everything after the word before it.
 */
async function writeSpans<T>(
  partition: typeof HOURS | typeof DAYS,
  start: number,
  expires: number,
  store: Store,
  compute: (stored: ReadonlyMap<string, T>) => Promise<Map<string, T>>,
): Promise<ReadonlyMap<string, T>> {
  for (;;) {
    const items = await store.list<T>(partition, spanRange(start, start));
    const stood = new Map(items.map((item) => [item.sort.split('/')[1] ?? '', item]));
    const bodies = await compute(new Map([...stood].map(([shard, { body }]) => [shard, body])));
    const writes = [...bodies].map(([shard, body]) => {
      const draft = { ...spanKey(partition, start, shard), body, expires };
      return store.put(draft, stood.get(shard)?.version ?? 'absent', writeId());
    });
    if ((await Promise.all(writes)).every((won) => won)) return bodies;
  }
}

/** Lets the others know that an hour was computed. */
export async function tellRolled(
  hour: number,
  isCurrent: boolean,
  now: number,
  store: Store,
): Promise<Rolled> {
  const item = await update<Rolled>(store, ROLLED, (current) => {
    const { hours, currentAt } = current?.body ?? NOTHING_ROLLED;
    const counted: Rolled['hours'] = { ...hours, [hour]: (hours[hour] ?? 0) + 1 };
    const kept = Object.entries(counted).filter(([start]) => Number(start) > now - TICK_LIFE_MS - HOUR_MS);
    return { body: { hours: Object.fromEntries(kept), currentAt: isCurrent ? now : currentAt } };
  });
  return item?.body ?? NOTHING_ROLLED;
}
