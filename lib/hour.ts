import type { Check } from './config/compiled.ts';
import { HOUR_MS, type HourRow, rollHour, type Sighting, standingAt } from './history.ts';
import { ticksOf } from './items.ts';
import { endOf } from './keys.ts';
import { type PackedTick, unpackTick } from './latest.ts';
import type { Item, Store } from './ports.ts';
import type { Status } from './reading.ts';
import { shardOf } from './schedule.ts';

/** An hour as it is stored, made from its ticks. */

/** A sighting without the names of its fields: an hour holds up to 3,600 of them, 300 checks at 12 locations. */
export type Stood = readonly [location: string, at: number, status: Status, latencyMs: number];

/** What is stored of an hour, per shard, of each check by its hash (hexadecimal): its row, and what stood at the end. */
export interface HourBody {
  readonly rows: Readonly<Record<string, HourRow>>;
  readonly standing: Readonly<Record<string, readonly Stood[]>>;
  /** When each check that was read in it was read first, epoch ms. */
  readonly first?: Readonly<Record<string, number>>;
  /** Beats skipped. */
  readonly skipped: number;
}

/** What a check's history needs to know of its config. */
export interface RollContext {
  readonly now: number;
  /** By hash; undefined: not configured any more. */
  readonly check: (hash: number) => Check | undefined;
  readonly inMaintenance: (check: Check, at: number) => boolean;
}

/** A check's hash as stored rows name it. */
export const hex = (hash: number): string => hash.toString(16).padStart(8, '0');

export const isIn = (shard: string, hash: string): boolean =>
  shardOf(Number.parseInt(hash, 16), { bits: Number.parseInt(shard, 10) }) === shard;

/** The shards that told anything in an hour. */
export async function* shardsOf(store: Store, hour: number): AsyncGenerator<string> {
  for (let from: string | undefined; ; ) {
    const [first] = await store.list(ticksOf(hour), from === undefined ? { limit: 1 } : { from, limit: 1 });
    const shard = first?.sort.split('/')[0];
    if (shard === undefined) return;
    yield shard;
    from = endOf(shard);
  }
}

/** Takes what a stored tick tells to what is known of each check, by its hash. */
export function learnTick(seen: Map<number, Sighting[]>, { sort, body }: Item<PackedTick>): void {
  const [, beat = '0', location = ''] = sort.split('/');
  for (const { hash, at, status, latencyMs } of unpackTick(body, Number(beat))) {
    const here = seen.get(hash);
    if (here) here.push({ location, at, status, latencyMs });
    else seen.set(hash, [{ location, at, status, latencyMs }]);
  }
}

/** One shard's hour, whole, from its ticks in any order and from what stood when it began. */
export function rollTicks(
  hour: number,
  ticks: readonly Item<PackedTick>[],
  stood: readonly (readonly [hash: string, seen: readonly Stood[]])[],
  context: RollContext,
): HourBody {
  const byCheck = new Map(stood.map(([hash, seen]) => [Number.parseInt(hash, 16), seen.map(toSighting)]));
  for (const tick of ticks) learnTick(byCheck, tick);
  const skipped = ticks.reduce((sum, { body }) => sum + body.skipped, 0);
  const first: [string, number][] = [];
  const rows: [string, HourRow][] = [];
  const standing: [string, Stood[]][] = [];
  for (const [hash, seen] of byCheck) {
    const check = context.check(hash);
    const every = check?.every ?? 0;
    const inMaintenance = (at: number) => check !== undefined && context.inMaintenance(check, at);
    rows.push([hex(hash), rollHour(hour, seen, { every, inMaintenance, now: context.now })]);
    const inIt = seen.reduce(
      (min, { at }) => (at >= hour ? Math.min(min, at) : min),
      Number.POSITIVE_INFINITY,
    );
    if (Number.isFinite(inIt)) first.push([hex(hash), inIt]);
    const last = standingAt(hour + HOUR_MS, seen, every);
    if (last.length > 0) standing.push([hex(hash), last.map(toStood)]);
  }
  return {
    rows: Object.fromEntries(rows),
    standing: Object.fromEntries(standing),
    first: Object.fromEntries(first),
    skipped,
  };
}

const toStood = ({ location, at, status, latencyMs }: Sighting): Stood => [location, at, status, latencyMs];

const toSighting = ([location, at, status, latencyMs]: Stood): Sighting => ({
  location,
  at,
  status,
  latencyMs,
});
