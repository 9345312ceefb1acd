import { addSums, DAY_MS, type HourRow, mergeRows, type Sum, sumRow } from './history.ts';
import type { HourBody } from './hour.ts';
import type { Item } from './ports.ts';

/** A day as it is stored, made from its hours. */

/** What is stored of a day, per shard. */
export interface DayBody {
  readonly sums: Readonly<Record<string, Sum>>;
  readonly first?: Readonly<Record<string, number>>;
}

export const dayOf = (at: number): number => Math.floor(at / DAY_MS) * DAY_MS;

/** When the hour or day of an item began. */
export const startOf = (item: Item): number => Number(item.sort.split('/')[0]);
const shardOfItem = (item: Item): string => item.sort.split('/')[1] ?? '';

/**
 * One shard's day, summed whole from the hours that are stored, of all shards: a check that changed its shard in them
 * counts whole in both.
 */
export function sumDay(shard: string, hours: readonly Item<HourBody>[]): DayBody {
  const mine = new Set(
    hours.filter((item) => shardOfItem(item) === shard).flatMap(({ body }) => Object.keys(body.rows)),
  );
  const rows = new Map<string, Map<number, HourRow>>();
  const first: Record<string, number> = {};
  for (const item of hours) {
    for (const [hash, row] of Object.entries(item.body.rows)) {
      if (mine.has(hash)) addRow(inner(rows, hash), startOf(item), row);
    }
    for (const [hash, at] of Object.entries(item.body.first ?? {})) {
      if (mine.has(hash)) first[hash] = Math.min(first[hash] ?? at, at);
    }
  }
  const sums = [...rows].map(([hash, its]) => [
    hash,
    [...its.values()].map((row) => sumRow(row)).reduce(addSums),
  ]);
  return { sums: Object.fromEntries(sums), first };
}

/** Adds what one shard knows of an hour to what another does. */
export function addRow(rows: Map<number, HourRow>, hour: number, row: HourRow): HourRow {
  const known = rows.get(hour);
  const merged = known ? mergeRows(known, row) : row;
  rows.set(hour, merged);
  return merged;
}

/** The map within a map; a new one where there was none. */
export function inner<T>(outer: Map<string, Map<number, T>>, name: string): Map<number, T> {
  const found = outer.get(name) ?? new Map<number, T>();
  outer.set(name, found);
  return found;
}
