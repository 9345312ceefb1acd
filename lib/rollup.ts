import type { Check } from './config/compiled.ts';
import {
  addSums,
  DAY_MS,
  HOUR_MS,
  type HourRow,
  MINUTE_MS,
  mergeRows,
  NO_SUM,
  rollHour,
  type Sighting,
  type Sum,
  standingAt,
  sumRow,
} from './history.ts';
import { DAYS, HOURS, spanKey, spanRange, ticksOf, ticksOfShard } from './items.ts';
import { endOf } from './keys.ts';
import { type PackedTick, unpackTick } from './latest.ts';
import type { Item, Store } from './ports.ts';
import { shardOf } from './schedule.ts';
import { update } from './store.ts';

/** What is stored of an hour, per shard, of each check by its hash (hexadecimal): its row, and what stood at the end. */
interface HourBody {
  readonly rows: Readonly<Record<string, HourRow>>;
  readonly standing: Readonly<Record<string, readonly Sighting[]>>;
  /** Beats skipped. */
  readonly skipped: number;
}

/** What is stored of a day, per shard. */
interface DayBody {
  readonly sums: Readonly<Record<string, Sum>>;
}

const HOURS_KEPT = 96;
const ROWS_KEPT = 3;
const DAYS_KEPT = 91;
const HOUR_LIFE_MS = 100 * DAY_MS;
const DAY_LIFE_MS = 400 * DAY_MS;
/** The hour that is going on is computed again so often; each minute while the installation is young. */
const CURRENT_MS = 5 * MINUTE_MS;
const YOUNG_MS = 3 * HOUR_MS;

const hourOf = (at: number): number => Math.floor(at / HOUR_MS) * HOUR_MS;
const dayOf = (at: number): number => Math.floor(at / DAY_MS) * DAY_MS;
const hex = (hash: number): string => hash.toString(16).padStart(8, '0');

/** What a check's history needs to know of its config. */
export interface RollContext {
  readonly now: number;
  /** By hash; undefined: not configured any more. */
  readonly check: (hash: number) => Check | undefined;
  readonly inMaintenance: (check: Check, at: number) => boolean;
}

/** History as `show` reads it, kept in memory, and the roll-up that writes it. */
export class Rollup {
  readonly #store: Store;
  /** Per check and hour: rows of the newest hours, sums of the newest days' hours and of days. */
  readonly #rows = new Map<string, Map<number, HourRow>>();
  readonly #hours = new Map<string, Map<number, Sum>>();
  readonly #days = new Map<string, Map<number, Sum>>();
  readonly #skipped = new Map<number, number>();
  #oldest = Number.POSITIVE_INFINITY;
  #currentRolledAt = 0;

  private constructor(store: Store) {
    this.#store = store;
  }

  /** Reads what is stored; answers, besides, the hours that are to be computed again. */
  static async open(store: Store, now: number): Promise<{ rollup: Rollup; dirty: number[] }> {
    const rollup = new Rollup(store);
    const days = await store.list<DayBody>(DAYS, spanRange(dayOf(now) - DAYS_KEPT * DAY_MS, now));
    for (const item of days) rollup.#learnDay(startOf(item), item.body);
    const first = hourOf(now) - HOURS_KEPT * HOUR_MS;
    let newest = first;
    for (const item of await store.list<HourBody>(HOURS, spanRange(first, now))) {
      newest = Math.max(newest, startOf(item));
      rollup.#learnHour(startOf(item), item.body, now);
    }
    const dirty: number[] = [];
    for (let hour = newest; hour <= now; hour += HOUR_MS) dirty.push(hour);
    return { rollup, dirty };
  }

  /** When the history begins, epoch ms; undefined: there is none. */
  get oldest(): number | undefined {
    return Number.isFinite(this.#oldest) ? this.#oldest : undefined;
  }

  row(hash: number, hour: number): HourRow | undefined {
    return this.#rows.get(hex(hash))?.get(hour);
  }

  hour(hash: number, hour: number): Sum | undefined {
    return this.#hours.get(hex(hash))?.get(hour);
  }

  /** A day as stored; the one that is going on, from its hours. */
  day(hash: number, day: number, now: number): Sum | undefined {
    if (day < dayOf(now)) return this.#days.get(hex(hash))?.get(day);
    return this.#sumOf(hash, day, Math.min(day + DAY_MS, now + 1));
  }

  /** The hours from `from` to before `to`. */
  #sumOf(hash: number, from: number, to: number): Sum | undefined {
    const sums = [...(this.#hours.get(hex(hash)) ?? [])]
      .filter(([hour]) => hour >= from && hour < to)
      .map(([, sum]) => sum);
    return sums.length > 0 ? sums.reduce(addSums) : undefined;
  }

  /** The newest 24 hours. */
  lastDay(hash: number, now: number): Sum {
    return this.#sumOf(hash, hourOf(now) - 23 * HOUR_MS, now + 1) ?? NO_SUM;
  }

  /** Today and the days before it, `count` in all. */
  lastDays(hash: number, count: number, now: number): Sum {
    const first = dayOf(now) - (count - 1) * DAY_MS;
    const days = [...(this.#days.get(hex(hash)) ?? [])]
      .filter(([day]) => day >= first && day < dayOf(now))
      .map(([, sum]) => sum);
    return days.reduce(addSums, this.day(hash, dayOf(now), now) ?? NO_SUM);
  }

  /** Beats skipped in the newest 24 hours. */
  skipped(now: number): number {
    return [...this.#skipped]
      .filter(([hour]) => hour > now - DAY_MS)
      .reduce((sum, [, count]) => sum + count, 0);
  }

  /**
   * Computes again what is due: each of the `dirty` hours that has ended, and the next where it begins with something
   * else now; the current one now and then, and again once it has ended.
   */
  async roll(dirty: Set<number>, context: RollContext): Promise<void> {
    const current = hourOf(context.now);
    for (let hour = Math.min(...dirty); hour < current; hour = Math.min(...dirty)) {
      const changedEnd = await this.#rollHour(hour, context);
      dirty.delete(hour);
      if (changedEnd) dirty.add(hour + HOUR_MS);
    }
    const young = context.now - (this.oldest ?? context.now) < YOUNG_MS;
    const sinceRolled = context.now - this.#currentRolledAt;
    if (!dirty.has(current) || !(young || sinceRolled < 0 || sinceRolled >= CURRENT_MS)) return;
    await this.#rollHour(current, context);
    this.#currentRolledAt = context.now;
  }

  /** Answers whether something else stands at the end of the hour than before. */
  async #rollHour(hour: number, context: RollContext): Promise<boolean> {
    const earlier = await this.#store.list<HourBody>(HOURS, spanRange(hour - HOUR_MS, hour - HOUR_MS));
    const stood = earlier.flatMap(({ body }) => Object.entries(body.standing));
    let changedEnd = false;
    this.#forget(hour, context.now);
    const partition = ticksOf(hour);
    for (let from: string | undefined; ; ) {
      const [first] = await this.#store.list(
        partition,
        from === undefined ? { limit: 1 } : { from, limit: 1 },
      );
      const shard = first?.sort.split('/')[0];
      if (shard === undefined) break;
      const ticks = await this.#store.list<PackedTick>(partition, ticksOfShard(shard));
      const body = rollTicks(
        hour,
        ticks,
        stood.filter(([hash]) => isIn(shard, hash)),
        context,
      );
      await update<HourBody>(this.#store, spanKey(HOURS, hour, shard), (current) => {
        changedEnd ||= JSON.stringify(current?.body.standing ?? {}) !== JSON.stringify(body.standing);
        return { body, expires: hour + HOUR_LIFE_MS };
      });
      this.#learnHour(hour, body, context.now);
      if (hour < hourOf(context.now)) await this.#rollDay(dayOf(hour), shard);
      from = endOf(shard);
    }
    return changedEnd;
  }

  /** The day's item of one shard, summed whole from the hours that are stored: a check that changed its shard in them counts whole in both. */
  async #rollDay(day: number, shard: string): Promise<void> {
    const items = await this.#store.list<HourBody>(HOURS, spanRange(day, day + DAY_MS - 1));
    const mine = new Set(
      items.filter(({ sort }) => sort.split('/')[1] === shard).flatMap(({ body }) => Object.keys(body.rows)),
    );
    const hours = new Map<string, Map<number, HourRow>>();
    for (const item of items) {
      for (const [hash, row] of Object.entries(item.body.rows)) {
        if (mine.has(hash)) addRow(inner(hours, hash), startOf(item), row);
      }
    }
    const sums = [...hours].map(([hash, rows]) => [
      hash,
      [...rows.values()].map((row) => sumRow(row)).reduce(addSums),
    ]);
    const body: DayBody = { sums: Object.fromEntries(sums) };
    await update<DayBody>(this.#store, spanKey(DAYS, day, shard), () => ({
      body,
      expires: day + DAY_LIFE_MS,
    }));
    this.#learnDay(day, body);
  }

  #forget(hour: number, now: number): void {
    this.#skipped.delete(hour);
    for (const rows of this.#rows.values()) rows.delete(hour);
    prune(this.#rows.values(), hourOf(now) - (ROWS_KEPT - 1) * HOUR_MS);
    prune([this.#skipped, ...this.#hours.values()], hourOf(now) - HOURS_KEPT * HOUR_MS);
    prune(this.#days.values(), dayOf(now) - DAYS_KEPT * DAY_MS);
  }

  #learnHour(hour: number, body: HourBody, now: number): void {
    this.#skipped.set(hour, (this.#skipped.get(hour) ?? 0) + body.skipped);
    for (const [hash, row] of Object.entries(body.rows)) {
      const rows = inner(this.#rows, hash);
      const merged = addRow(rows, hour, row);
      const first = merged.marks.search(/[^.]/);
      if (first >= 0) this.#oldest = Math.min(this.#oldest, hour + first * MINUTE_MS);
      if (hour <= hourOf(now) - ROWS_KEPT * HOUR_MS) rows.delete(hour);
      inner(this.#hours, hash).set(hour, sumRow(merged));
    }
  }

  #learnDay(day: number, body: DayBody): void {
    this.#oldest = Math.min(this.#oldest, day);
    for (const [hash, sum] of Object.entries(body.sums)) {
      const days = inner(this.#days, hash);
      if (minutes(sum) >= minutes(days.get(day) ?? NO_SUM)) days.set(day, sum);
    }
  }
}

const minutes = ({ up, degraded, down, unknown, maintenance }: Sum): number =>
  up + degraded + down + unknown + maintenance;

const startOf = (item: Item): number => Number(item.sort.split('/')[0]);

function inner<T>(outer: Map<string, Map<number, T>>, name: string): Map<number, T> {
  const found = outer.get(name) ?? new Map<number, T>();
  outer.set(name, found);
  return found;
}

/** Lets go of what began before `first`. */
function prune(maps: Iterable<Map<number, unknown>>, first: number): void {
  for (const map of maps) for (const start of map.keys()) if (start < first) map.delete(start);
}

/** Adds what one shard knows of an hour to what another does. */
function addRow(rows: Map<number, HourRow>, hour: number, row: HourRow): HourRow {
  const known = rows.get(hour);
  const merged = known ? mergeRows(known, row) : row;
  rows.set(hour, merged);
  return merged;
}

const isIn = (shard: string, hash: string): boolean =>
  shardOf(Number.parseInt(hash, 16), { bits: Number.parseInt(shard, 10) }) === shard;

/** One shard's hour, whole, from its ticks in any order and from what stood when it began. */
function rollTicks(
  hour: number,
  ticks: readonly Item<PackedTick>[],
  stood: readonly (readonly [hash: string, seen: readonly Sighting[]])[],
  context: RollContext,
): HourBody {
  const byCheck = new Map(stood.map(([hash, seen]) => [Number.parseInt(hash, 16), [...seen]]));
  let skipped = 0;
  for (const { sort, body } of ticks) {
    const [, beat = '0', location = ''] = sort.split('/');
    skipped += body.skipped;
    for (const { hash, at, status, latencyMs } of unpackTick(body, Number(beat))) {
      const seen = byCheck.get(hash);
      if (seen) seen.push({ location, at, status, latencyMs });
      else byCheck.set(hash, [{ location, at, status, latencyMs }]);
    }
  }
  const rows: [string, HourRow][] = [];
  const standing: [string, Sighting[]][] = [];
  for (const [hash, seen] of byCheck) {
    const check = context.check(hash);
    const every = check?.every ?? 0;
    const inMaintenance = (at: number) => check !== undefined && context.inMaintenance(check, at);
    rows.push([hex(hash), rollHour(hour, seen, { every, inMaintenance, now: context.now })]);
    const last = standingAt(hour + HOUR_MS, seen, every);
    if (last.length > 0) standing.push([hex(hash), last]);
  }
  return { rows: Object.fromEntries(rows), standing: Object.fromEntries(standing), skipped };
}
