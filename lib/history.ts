import type { Kept } from './latest.ts';
import { passed, type Status } from './reading.ts';

/**
 * History: what was, minute by minute, of each check. An hour is recomputed whole from its ticks, again when
 * a late tick lands; days sum hours. Nothing here depends on the order in which readings arrived.
 */

export const MINUTE_MS = 60_000;
export const HOUR_MS = 3_600_000;
export const DAY_MS = 86_400_000;

export const minuteOf = (at: number): number => Math.floor(at / MINUTE_MS) * MINUTE_MS;
export const hourOf = (at: number): number => Math.floor(at / HOUR_MS) * HOUR_MS;

/** A minute: up, degraded, down, unknown, maintenance, or nothing known. */
export type MinuteMark = 'u' | 'g' | 'd' | 'x' | 'm' | '.';

/** One check's hour: 60 marks, and 60 latencies as bytes in base64 (0: none). */
export interface HourRow {
  readonly marks: string;
  readonly latency: string;
}

/** An hour or a part of a day as numbers: minutes of each kind, and the latency's mean. */
export interface Sum {
  readonly up: number;
  readonly degraded: number;
  readonly down: number;
  readonly unknown: number;
  readonly maintenance: number;
  readonly latencySum: number;
  readonly latencyCount: number;
}

export const NO_SUM: Sum = {
  up: 0,
  degraded: 0,
  down: 0,
  unknown: 0,
  maintenance: 0,
  latencySum: 0,
  latencyCount: 0,
};

/** What one location saw of one check. */
export interface Sighting extends Pick<Kept, 'at' | 'status' | 'latencyMs'> {
  readonly location: string;
}

/** What one check's hour depends on besides what was seen. Times are epoch ms. */
export interface HourOptions {
  /** The check's interval, ms: a reading stands until the next, at most for so long. */
  readonly every: number;
  readonly inMaintenance: (at: number) => boolean;
  /** Minutes that begin at `now` or later have not been yet. */
  readonly now: number;
}

/** A stretch of whole minutes. */
interface Span {
  readonly from: number;
  readonly minutes: number;
}

/** One check's hour from everything that was seen in it, in any order, and from what still stood when it began. */
export const rollHour = (hour: number, seen: readonly Sighting[], options: HourOptions): HourRow =>
  rollMinutes({ from: hour, minutes: 60 }, seen, options);

/**
 * Any minutes, in the form of a row that has as many marks. A minute is what the majority of the locations that could
 * tell say, each by its worst reading.
 */
export function rollMinutes(span: Span, seen: readonly Sighting[], options: HourOptions): HourRow {
  const byLocation = Map.groupBy(seen, ({ location }) => location);
  const rows = [...byLocation.values()].map((here) => minutesOf(span, here, options.every));
  const marks = Array.from({ length: span.minutes }, (_, minute) => {
    const at = span.from + minute * MINUTE_MS;
    if (at >= options.now) return '.';
    if (options.inMaintenance(at)) return 'm';
    return agree(rows.flatMap((row) => row[minute] ?? []));
  });
  return { marks: marks.join(''), latency: Buffer.from(latencyOf(span, seen)).toString('base64') };
}

/**
 * What is seen of the minute that is going on, at `now`. A location that has not been heard in it yet stands by its
 * newest reading while that is younger than `sayMs`: the minute is what is known now, until it is over.
 */
export function seenNow(
  seen: readonly Sighting[],
  newest: readonly Sighting[],
  now: number,
  sayMs: number,
): Sighting[] {
  const minute = minuteOf(now);
  const heard = new Set(seen.filter(({ at }) => at >= minute).map(({ location }) => location));
  const standing = newest.filter(({ location, at }) => !heard.has(location) && now - at < sayMs);
  return [...seen, ...standing.map((sighting) => ({ ...sighting, at: Math.max(sighting.at, minute) }))];
}

/** The row, or an empty one, with these minutes in place of its own from the given one on. */
export function splice(row: HourRow | undefined, first: number, minutes: HourRow): HourRow {
  const marks = row?.marks ?? '.'.repeat(60);
  const latency = row ? Buffer.from(row.latency, 'base64') : Buffer.alloc(60);
  latency.set(Buffer.from(minutes.latency, 'base64'), first);
  const end = first + minutes.marks.length;
  return {
    marks: marks.slice(0, first) + minutes.marks + marks.slice(end),
    latency: latency.toString('base64'),
  };
}

/**
 * What each location said last, where that still stands at `end`: the next hour begins with it. With an interval of
 * a minute or less it needn't: the first minute has a reading of its own.
 */
export function standingAt(end: number, seen: readonly Sighting[], every: number): Sighting[] {
  if (every <= MINUTE_MS) return [];
  const byLocation = Map.groupBy(seen, ({ location }) => location);
  return [...byLocation.values()]
    .map((here) => here.reduce((a, b) => (isLater(b, a) ? b : a)))
    .filter(({ at }) => at + every > end);
}

/** Per minute the worst status that one location saw, carried on while its last reading stands. */
function minutesOf(span: Span, seen: readonly Sighting[], every: number): (Status | undefined)[] {
  const minutes = new Array<Status | undefined>(span.minutes).fill(undefined);
  const lastIn = new Array<Sighting | undefined>(span.minutes).fill(undefined);
  let standing: Sighting | undefined;
  for (const sighting of seen) {
    const minute = Math.floor((sighting.at - span.from) / MINUTE_MS);
    if (minute < 0 && (!standing || isLater(sighting, standing))) standing = sighting;
    if (minute < 0 || minute >= span.minutes) continue;
    minutes[minute] = worse(minutes[minute], sighting.status);
    const last = lastIn[minute];
    if (!last || isLater(sighting, last)) lastIn[minute] = sighting;
  }
  return minutes.map((status, minute) => {
    const carried =
      standing && span.from + minute * MINUTE_MS < standing.at + every ? standing.status : undefined;
    standing = lastIn[minute] ?? standing;
    return status ?? carried;
  });
}

/** Of two at the same time the worse one is the later. */
const isLater = (a: Sighting, b: Sighting): boolean =>
  a.at > b.at || (a.at === b.at && worse(b.status, a.status) !== b.status);

const BADNESS: readonly Status[] = ['unknown', 'up', 'degraded', 'down'];

function worse(a: Status | undefined, b: Status): Status {
  return a !== undefined && BADNESS.indexOf(a) >= BADNESS.indexOf(b) ? a : b;
}

function agree(statuses: readonly Status[]): MinuteMark {
  const known = statuses.filter((status) => status !== 'unknown');
  if (known.length === 0) return statuses.length > 0 ? 'x' : '.';
  const down = known.filter((status) => status === 'down').length;
  if (down * 2 > known.length) return 'd';
  return known.some((status) => status !== 'up') ? 'g' : 'u';
}

/** Sixteen steps to each doubling, so that a byte holds 1 ms to 60 s within 5 %; whole, so that sums are exact. */
const STEPS = 16;

const latencyByte = (ms: number): number => Math.min(255, 1 + Math.round(STEPS * Math.log2(1 + ms)));
const LATENCIES = Array.from({ length: 256 }, (_, byte) =>
  byte === 0 ? undefined : Math.round(2 ** ((byte - 1) / STEPS) - 1),
);

function latencyOf(span: Span, sightings: readonly Sighting[]): number[] {
  const sums = new Array<number>(span.minutes).fill(0);
  const counts = new Array<number>(span.minutes).fill(0);
  for (const { at, status, latencyMs } of sightings) {
    const minute = Math.floor((at - span.from) / MINUTE_MS);
    if (!passed(status) || minute < 0 || minute >= span.minutes) continue;
    sums[minute] = (sums[minute] ?? 0) + latencyMs;
    counts[minute] = (counts[minute] ?? 0) + 1;
  }
  return sums.map((sum, minute) => (counts[minute] ? latencyByte(sum / counts[minute]) : 0));
}

/** Mean latency of each minute, ms; undefined where nothing passed. */
export function minuteLatencies(row: HourRow): (number | undefined)[] {
  return Array.from(Buffer.from(row.latency, 'base64'), (byte) => LATENCIES[byte]);
}

/** The same hour, recorded under two shardings: each minute is known from one of them, or the worse one counts. */
export function mergeRows(a: HourRow, b: HourRow): HourRow {
  const order = '.xmugd';
  const marks = [...a.marks].map((mark, i) =>
    order.indexOf(b.marks[i] ?? '.') > order.indexOf(mark) ? b.marks[i] : mark,
  );
  const other = Buffer.from(b.latency, 'base64');
  const latency = Buffer.from(a.latency, 'base64').map((byte, i) => Math.max(byte, other[i] ?? 0));
  return { marks: marks.join(''), latency: Buffer.from(latency).toString('base64') };
}

const FIELDS = { u: 'up', g: 'degraded', d: 'down', x: 'unknown', m: 'maintenance' } as const;

/** The hour, or its minutes from `first` to before `end`, as numbers. */
export function sumRow(row: HourRow, first = 0, end = 60): Sum {
  const sum = { ...NO_SUM };
  for (const mark of row.marks.slice(first, end)) {
    if (mark in FIELDS) sum[FIELDS[mark as keyof typeof FIELDS]] += 1;
  }
  for (const byte of Buffer.from(row.latency, 'base64').subarray(first, end)) {
    if (byte === 0) continue;
    sum.latencySum += LATENCIES[byte] ?? 0;
    sum.latencyCount += 1;
  }
  return sum;
}

export function addSums(a: Sum, b: Sum): Sum {
  return {
    up: a.up + b.up,
    degraded: a.degraded + b.degraded,
    down: a.down + b.down,
    unknown: a.unknown + b.unknown,
    maintenance: a.maintenance + b.maintenance,
    latencySum: a.latencySum + b.latencySum,
    latencyCount: a.latencyCount + b.latencyCount,
  };
}

/** `a` without what is in `b`. */
export function takeAway(a: Sum, b: Sum): Sum {
  return {
    up: a.up - b.up,
    degraded: a.degraded - b.degraded,
    down: a.down - b.down,
    unknown: a.unknown - b.unknown,
    maintenance: a.maintenance - b.maintenance,
    latencySum: a.latencySum - b.latencySum,
    latencyCount: a.latencyCount - b.latencyCount,
  };
}

/** 0–1: minutes up or degraded among those known; gaps, unknown and maintenance don't count. Undefined: none known. */
export function uptimeOf({ up, degraded, down }: Sum): number | undefined {
  const known = up + degraded + down;
  return known === 0 ? undefined : (up + degraded) / known;
}
