import { type GlanceContext, glanceAt, NO_LOOK } from './glance.ts';
import {
  addSums,
  DAY_MS,
  HOUR_MS,
  type HourRow,
  hourOf,
  MINUTE_MS,
  mergeRows,
  minuteOf,
  NO_SUM,
  type Sum,
  sumRow,
  takeAway,
} from './history.ts';
import { type HourBody, hex, isIn, type RollContext, rollTicks, shardsOf } from './hour.ts';
import { DAYS, HOURS, spanKey, spanRange, ticksOf, ticksOfShard } from './items.ts';
import type { PackedTick } from './latest.ts';
import type { Item, Store } from './ports.ts';
import { update } from './store.ts';

/** What is stored of a day, per shard. */
interface DayBody {
  readonly sums: Readonly<Record<string, Sum>>;
  readonly first?: Readonly<Record<string, number>>;
}

const HOURS_KEPT = 96;
const ROWS_KEPT = 3;
const DAYS_KEPT = 91;
const HOUR_LIFE_MS = 100 * DAY_MS;
const DAY_LIFE_MS = 400 * DAY_MS;
/** The hour that is going on is computed again so often; each minute while the installation is young. */
const CURRENT_MS = 5 * MINUTE_MS;
const YOUNG_MS = 3 * HOUR_MS;

const dayOf = (at: number): number => Math.floor(at / DAY_MS) * DAY_MS;

/** History as `show` reads it, kept in memory, and the roll-up that writes it. */
export class Rollup {
  readonly #store: Store;
  /** Per check and hour: rows of the newest hours, sums of the newest days' hours and of days. */
  readonly #rows = new Map<string, Map<number, HourRow>>();
  readonly #hours = new Map<string, Map<number, Sum>>();
  readonly #days = new Map<string, Map<number, Sum>>();
  #live = NO_LOOK;
  readonly #skipped = new Map<number, number>();
  /** When each check was first read, as far as history goes back, epoch ms. */
  readonly #first = new Map<string, number>();
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

  /** When a check was first read, as far as history goes back, epoch ms; undefined: never. */
  first(hash: number): number | undefined {
    return this.#first.get(hex(hash));
  }

  row(hash: number, hour: number): HourRow | undefined {
    return this.#liveIn(hash, hour)?.row ?? this.#rows.get(hex(hash))?.get(hour);
  }

  hour(hash: number, hour: number): Sum | undefined {
    return this.#liveIn(hash, hour)?.sum ?? this.#hours.get(hex(hash))?.get(hour);
  }

  #liveIn(hash: number, hour: number): { readonly row: HourRow; readonly sum: Sum } | undefined {
    return hour === this.#live.hour ? this.#live.rows.get(hex(hash)) : undefined;
  }

  /** A day as stored; the one that is going on, from its hours. */
  day(hash: number, day: number, now: number): Sum | undefined {
    if (day < dayOf(now)) return this.#days.get(hex(hash))?.get(day);
    return this.#sumOf(hash, day, Math.min(day + DAY_MS, now + 1));
  }

  /** The hours from `from` to before `to`. */
  #sumOf(hash: number, from: number, to: number): Sum | undefined {
    const live = this.#live.hour;
    const sums = [...(this.#hours.get(hex(hash)) ?? [])]
      .filter(([hour]) => hour >= from && hour < to && hour !== live)
      .map(([, sum]) => sum);
    const newest = live >= from && live < to ? this.hour(hash, live) : undefined;
    if (newest) sums.push(newest);
    return sums.length > 0 ? sums.reduce(addSums) : undefined;
  }

  /** The newest 24 hours, without the minute that is going on: a minute counts once it is over. */
  lastDay(hash: number, now: number): Sum {
    const sum = this.#sumOf(hash, hourOf(now) - 23 * HOUR_MS, now + 1) ?? NO_SUM;
    return takeAway(sum, this.#goingOn(hash, now));
  }

  #goingOn(hash: number, now: number): Sum {
    const row = this.row(hash, hourOf(now));
    const minute = (minuteOf(now) - hourOf(now)) / MINUTE_MS;
    return row ? sumRow(row, minute, minute + 1) : NO_SUM;
  }

  /** All that is kept. */
  all(hash: number, now: number): Sum {
    return this.lastDays(hash, DAYS_KEPT + 1, now);
  }

  /** Today and the days before it, `count` in all, without the minute that is going on. */
  lastDays(hash: number, count: number, now: number): Sum {
    const first = dayOf(now) - (count - 1) * DAY_MS;
    const days = [...(this.#days.get(hex(hash)) ?? [])]
      .filter(([day]) => day >= first && day < dayOf(now))
      .map(([, sum]) => sum);
    const sum = days.reduce(addSums, this.day(hash, dayOf(now), now) ?? NO_SUM);
    return takeAway(sum, this.#goingOn(hash, now));
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

  /**
   * Takes in, for whoever looks now, what the newest minutes show. It lies over what was rolled up until the next look;
   * nothing of it is stored.
   */
  async glance(context: GlanceContext): Promise<void> {
    const hour = hourOf(context.now);
    this.#live = await glanceAt(this.#store, context, (hash) => this.#rows.get(hash)?.get(hour));
    for (const [hash, at] of this.#live.first) this.#sawFirst(hash, at);
  }

  /** Answers whether something else stands at the end of the hour than before. */
  async #rollHour(hour: number, context: RollContext): Promise<boolean> {
    const earlier = await this.#store.list<HourBody>(HOURS, spanRange(hour - HOUR_MS, hour - HOUR_MS));
    const stood = earlier.flatMap(({ body }) => Object.entries(body.standing));
    let changedEnd = false;
    const bodies: HourBody[] = [];
    for await (const shard of shardsOf(this.#store, hour)) {
      const ticks = await this.#store.list<PackedTick>(ticksOf(hour), ticksOfShard(shard));
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
      bodies.push(body);
      if (hour < hourOf(context.now)) await this.#rollDay(dayOf(hour), shard);
    }
    // all at once: whoever looks meanwhile sees the hour as it was
    this.#forget(hour, context.now);
    for (const body of bodies) this.#learnHour(hour, body, context.now);
    if (this.#live.hour === hour) this.#live = NO_LOOK;
    return changedEnd;
  }

  /** The day's item of one shard, summed whole from the hours that are stored: a check that changed its shard in them counts whole in both. */
  async #rollDay(day: number, shard: string): Promise<void> {
    const items = await this.#store.list<HourBody>(HOURS, spanRange(day, day + DAY_MS - 1));
    const mine = new Set(
      items.filter(({ sort }) => sort.split('/')[1] === shard).flatMap(({ body }) => Object.keys(body.rows)),
    );
    const hours = new Map<string, Map<number, HourRow>>();
    const first: Record<string, number> = {};
    for (const item of items) {
      for (const [hash, row] of Object.entries(item.body.rows)) {
        if (mine.has(hash)) addRow(inner(hours, hash), startOf(item), row);
      }
      for (const [hash, at] of Object.entries(item.body.first ?? {})) {
        if (mine.has(hash)) first[hash] = Math.min(first[hash] ?? at, at);
      }
    }
    const sums = [...hours].map(([hash, rows]) => [
      hash,
      [...rows.values()].map((row) => sumRow(row)).reduce(addSums),
    ]);
    const body: DayBody = { sums: Object.fromEntries(sums), first };
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
      this.#sawFirst(hash, body.first?.[hash] ?? hour);
      if (hour <= hourOf(now) - ROWS_KEPT * HOUR_MS) rows.delete(hour);
      inner(this.#hours, hash).set(hour, sumRow(merged));
    }
  }

  #sawFirst(hash: string, at: number): void {
    this.#first.set(hash, Math.min(this.#first.get(hash) ?? at, at));
    this.#oldest = Math.min(this.#oldest, at);
  }

  #learnDay(day: number, body: DayBody): void {
    for (const [hash, sum] of Object.entries(body.sums)) {
      this.#sawFirst(hash, body.first?.[hash] ?? day);
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
