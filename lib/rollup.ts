import { addRow, type DayBody, dayOf, inner, startOf } from './day.ts';
import { clean, dirtyHours, markDirty } from './dirty.ts';
import { type GlanceContext, glanceAt, NO_LOOK } from './glance.ts';
import {
  addSums,
  DAY_MS,
  HOUR_MS,
  type HourRow,
  hourOf,
  MINUTE_MS,
  minuteOf,
  NO_SUM,
  type Sum,
  sumRow,
  takeAway,
} from './history.ts';
import { type HourBody, hex, type RollContext } from './hour.ts';
import { DAYS, HOURS, ROLLED, spanRange, ticksOf } from './items.ts';
import type { Item, Store } from './ports.ts';
import { NOTHING_ROLLED, type Rolled, rollDay, rollHour, tellRolled } from './roll.ts';

const HOURS_KEPT = 96;
const ROWS_KEPT = 3;
const DAYS_KEPT = 91;
/** The hour that is going on is computed again so often; each minute while the installation is young. */
const CURRENT_MS = 5 * MINUTE_MS;
const YOUNG_MS = 3 * HOUR_MS;

/** History as `show` reads it, kept in memory, and the roll-up that writes it. Several processes may roll up at once. */
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
  /** How often each hour had been computed when it was taken in. */
  #rolled = NOTHING_ROLLED.hours;
  #currentRolledAt = 0;
  /** Hours since the newest that is stored: a process that died may have stored ticks of them and not marked them. */
  readonly #unsure: number[] = [];

  private constructor(store: Store) {
    this.#store = store;
  }

  /** Reads what is stored. */
  static async open(store: Store, now: number): Promise<Rollup> {
    const rollup = new Rollup(store);
    rollup.#know(await rollup.#read());
    const days = await store.list<DayBody>(DAYS, spanRange(dayOf(now) - DAYS_KEPT * DAY_MS, now));
    for (const item of days) rollup.#learnDay(startOf(item), item.body);
    const first = hourOf(now) - HOURS_KEPT * HOUR_MS;
    let newest = first;
    for (const item of await store.list<HourBody>(HOURS, spanRange(first, now))) {
      newest = Math.max(newest, startOf(item));
      rollup.#learnHour(startOf(item), item.body, now);
    }
    const since = Array.from(
      { length: (hourOf(now) - newest) / HOUR_MS + 1 },
      (_, i) => newest + i * HOUR_MS,
    );
    const told = await Promise.all(since.map((hour) => store.list(ticksOf(hour), { limit: 1 })));
    rollup.#unsure.push(...since.filter((_, i) => told[i]?.length));
    return rollup;
  }

  async #read(): Promise<Rolled> {
    return (await this.#store.get<Rolled>(ROLLED))?.body ?? NOTHING_ROLLED;
  }

  #know({ hours, currentAt }: Rolled): void {
    this.#rolled = hours;
    this.#currentRolledAt = currentAt;
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

  /** Takes in what other processes have computed since. */
  async follow(now: number): Promise<void> {
    const rolled = await this.#read();
    const news = Object.keys(rolled.hours)
      .filter((hour) => rolled.hours[hour] !== this.#rolled[hour])
      .map(Number);
    for (const hour of news) {
      const items = await this.#store.list<HourBody>(HOURS, spanRange(hour, hour));
      this.#takeHour(hour, bodiesOf(items), now);
    }
    for (const day of new Set(news.map(dayOf))) {
      const items = await this.#store.list<DayBody>(DAYS, spanRange(day, day));
      this.#takeDay(day, bodiesOf(items));
    }
    this.#know(rolled);
  }

  /**
   * Computes again what is due: each of the marked hours that has ended, and the next where it begins with something
   * else now; the current one now and then, and again once it has ended.
   */
  async roll(context: RollContext): Promise<void> {
    const current = hourOf(context.now);
    const dirty = await this.#dirty();
    for (let hour = Math.min(...dirty.keys()); hour < current; hour = Math.min(...dirty.keys())) {
      const next = await this.#rollHour(hour, context);
      await clean(this.#store, dirty.get(hour) ?? []);
      dirty.delete(hour);
      if (next.length > 0) dirty.set(hour + HOUR_MS, [...(dirty.get(hour + HOUR_MS) ?? []), ...next]);
    }
    const young = context.now - (this.oldest ?? context.now) < YOUNG_MS;
    const sinceRolled = context.now - this.#currentRolledAt;
    if (dirty.has(current) && (young || sinceRolled < 0 || sinceRolled >= CURRENT_MS))
      await this.#rollHour(current, context);
  }

  async #dirty(): Promise<Map<number, Item[]>> {
    const dirty = await dirtyHours(this.#store);
    for (const hour of this.#unsure) {
      if (!dirty.has(hour)) dirty.set(hour, [await markDirty(this.#store, hour)]);
    }
    this.#unsure.length = 0;
    return dirty;
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

  /** Answers the marks that it put on the next hour. */
  async #rollHour(hour: number, context: RollContext): Promise<readonly Item[]> {
    const { now } = context;
    const isCurrent = hour === hourOf(now);
    const { bodies, next } = await rollHour(hour, context, this.#store);
    const days = isCurrent || bodies.size === 0 ? [] : await rollDay(dayOf(hour), bodies.keys(), this.#store);
    this.#takeHour(hour, [...bodies.values()], now);
    for (const [, body] of days) this.#learnDay(dayOf(hour), body);
    const rolled = await tellRolled(hour, isCurrent, now, this.#store);
    const count = (this.#rolled[hour] ?? 0) + 1;
    // where another has computed it meanwhile as well, what that one wrote is yet to be taken in
    if (rolled.hours[hour] === count) this.#rolled = { ...this.#rolled, [hour]: count };
    this.#currentRolledAt = rolled.currentAt;
    return next;
  }

  /** All at once: whoever looks meanwhile sees the hour as it was. */
  #takeHour(hour: number, bodies: readonly HourBody[], now: number): void {
    this.#forget(hour, now);
    for (const body of bodies) this.#learnHour(hour, body, now);
    if (this.#live.hour === hour) this.#live = NO_LOOK;
  }

  #takeDay(day: number, bodies: readonly DayBody[]): void {
    for (const days of this.#days.values()) days.delete(day);
    for (const body of bodies) this.#learnDay(day, body);
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

const bodiesOf = <T>(items: readonly Item<T>[]): T[] => items.map(({ body }) => body);

const minutes = ({ up, degraded, down, unknown, maintenance }: Sum): number =>
  up + degraded + down + unknown + maintenance;

/** Lets go of what began before `first`. */
function prune(maps: Iterable<Map<number, unknown>>, first: number): void {
  for (const map of maps) for (const start of map.keys()) if (start < first) map.delete(start);
}
