import type { Check } from './config/compiled.ts';
import {
  type HourRow,
  hourOf,
  MINUTE_MS,
  minuteOf,
  rollMinutes,
  type Sighting,
  type Sum,
  seenNow,
  splice,
  sumRow,
} from './history.ts';
import { hex, learnTick, type RollContext, shardsOf } from './hour.ts';
import { ticksOf, ticksOfShard } from './items.ts';
import { type Known, sayMs } from './judge.ts';
import type { PackedTick } from './latest.ts';
import type { Store } from './ports.ts';
import { hashOf } from './schedule.ts';

/** What a look at the minutes that are going on needs. */
export interface GlanceContext extends Pick<RollContext, 'now' | 'inMaintenance'> {
  readonly checks: readonly Check[];
  /** The newest readings of a check, by its id. */
  readonly known: (id: string) => Known;
}

/** The current hour as it was seen at a look, by the check's hash (hexadecimal). */
interface Look {
  readonly hour: number;
  readonly rows: ReadonlyMap<string, { readonly row: HourRow; readonly sum: Sum }>;
  /** When each check was read first, of what was looked at. */
  readonly first: ReadonlyMap<string, number>;
}

export const NO_LOOK: Look = { hour: 0, rows: new Map(), first: new Map() };

/**
 * The minute that is going on and the one before it, as far as their hour is the current one, over the row (`rolled`)
 * that was last reckoned of the hour.
 */
export async function glanceAt(
  store: Store,
  { now, checks, known, inMaintenance }: GlanceContext,
  rolled: (hash: string) => HourRow | undefined,
): Promise<Look> {
  const hour = hourOf(now);
  const from = Math.max(hour, minuteOf(now) - MINUTE_MS);
  // a minute more: what was read in it may still stand
  const told = await seenSince(store, from - MINUTE_MS, hour);
  const [rows, first] = [new Map<string, { row: HourRow; sum: Sum }>(), new Map<string, number>()];
  for (const check of checks) {
    const hash = hashOf(check.id);
    const newest = newestOf(known(check.id));
    const stood = [...stoodOf(known(check.id)), ...newest].filter(({ at }) => at < from);
    const seen = [...(told.get(hash) ?? []), ...stood];
    if (seen.length > 0)
      first.set(
        hex(hash),
        seen.reduce((min, { at }) => Math.min(min, at), now),
      );
    const minutes = rollMinutes(
      { from, minutes: (minuteOf(now) - from) / MINUTE_MS + 1 },
      seenNow(seen, newest, now, sayMs(check.every)),
      // the minute that begins just now is going on
      { every: check.every, inMaintenance: (at) => inMaintenance(check, at), now: now + 1 },
    );
    const row = splice(rolled(hex(hash)), (from - hour) / MINUTE_MS, minutes);
    if (/[^.]/.test(row.marks)) rows.set(hex(hash), { row, sum: sumRow(row) });
  }
  return { hour, rows, first };
}

/** What the ticks of an hour tell since one of its minutes, by the check's hash. */
async function seenSince(
  store: Store,
  from: number,
  hour: number,
): Promise<ReadonlyMap<number, readonly Sighting[]>> {
  const seen = new Map<number, Sighting[]>();
  for await (const shard of shardsOf(store, hour)) {
    const ticks = await store.list<PackedTick>(ticksOf(hour), ticksOfShard(shard, from));
    for (const tick of ticks) learnTick(seen, tick);
  }
  return seen;
}

const newestOf = (known: Known): Sighting[] =>
  [...known].map(([location, { newest }]) => {
    const { at, status, latencyMs } = newest;
    return { location, at, status, latencyMs };
  });

/** What each location saw before its newest reading; how long that took is not remembered, and not asked. */
const stoodOf = (known: Known): Sighting[] =>
  [...known].flatMap(([location, latest]) =>
    latest.known.map(([at, status]) => ({ location, at, status, latencyMs: 0 })),
  );
