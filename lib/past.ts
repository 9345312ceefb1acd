import {
  DAY_MS,
  HOUR_MS,
  hourOf,
  MINUTE_MS,
  minuteLatencies,
  minuteOf,
  NO_SUM,
  type Sum,
  uptimeOf,
} from './history.ts';
import type { Rollup } from './rollup.ts';
import type { Bar, BarSlot, CheckView } from './snapshot.ts';

/** What the page tells of a check's past, made from its history: uptime, bar, latency. */

const SLOTS = 90;
/** In the first half hour the bar shows no more than that. */
const FIRST_SLOTS = 30;
/** While the history is shorter, the bar shows minutes; then hours; then days. */
const MINUTES_UNTIL_MS = 90 * MINUTE_MS;
const HOURS_UNTIL_MS = 4 * DAY_MS;
/** While the history is shorter, the newest hour tells more than some hours of a day do. */
const LAST_HOUR_UNTIL_MS = 12 * HOUR_MS;

export const uptimesOf = (hash: number, rollup: Rollup, now: number): CheckView['uptime'] => ({
  '24h': uptimeOf(rollup.lastDay(hash, now)),
  '7d': uptimeOf(rollup.lastDays(hash, 7, now)),
  '30d': uptimeOf(rollup.lastDays(hash, 30, now)),
  '90d': uptimeOf(rollup.lastDays(hash, 90, now)),
});

/** Undefined: it was never read. */
export function recordOf(hash: number, rollup: Rollup, now: number): CheckView['record'] {
  const since = rollup.first(hash);
  if (since === undefined) return undefined;
  const { up, degraded, down } = rollup.all(hash, now);
  return { since, up: up + degraded, known: up + degraded + down };
}

export function barOf(hash: number, rollup: Rollup, now: number): Bar {
  const age = now - (rollup.oldest ?? now);
  if (age < (FIRST_SLOTS - 1) * MINUTE_MS) return minuteBar(hash, rollup, now, FIRST_SLOTS);
  if (age < MINUTES_UNTIL_MS) return minuteBar(hash, rollup, now, SLOTS);
  if (age < HOURS_UNTIL_MS) return bar('hour', HOUR_MS, now, (at) => rollup.hour(hash, at));
  return bar('day', DAY_MS, now, (at) => rollup.day(hash, at, now));
}

const firstSlot = (now: number, slotMs: number, slots: number): number =>
  Math.floor(now / slotMs) * slotMs - (slots - 1) * slotMs;

function bar(unit: Bar['unit'], slotMs: number, now: number, sumAt: (at: number) => Sum | undefined): Bar {
  const from = firstSlot(now, slotMs, SLOTS);
  const slots = Array.from({ length: SLOTS }, (_, i) => slotOf(sumAt(from + i * slotMs) ?? NO_SUM));
  return { unit, from, slots };
}

const slotOf = ({ up, degraded, down, unknown, maintenance }: Sum): BarSlot => ({
  ...(up > 0 && { up }),
  ...(degraded > 0 && { degraded }),
  ...(down > 0 && { down }),
  ...(unknown > 0 && { unknown }),
  ...(maintenance > 0 && { maintenance }),
});

/** A minute is of one kind. */
const MINUTES: Readonly<Record<string, BarSlot>> = {
  u: { up: 1 },
  g: { degraded: 1 },
  d: { down: 1 },
  x: { unknown: 1 },
  m: { maintenance: 1 },
};
const NO_DATA: BarSlot = {};

function minuteBar(hash: number, rollup: Rollup, now: number, slots: number): Bar {
  const from = firstSlot(now, MINUTE_MS, slots);
  const first = hourOf(from);
  const hours = [first, first + HOUR_MS, first + 2 * HOUR_MS];
  const marks = hours.map((hour) => rollup.row(hash, hour)?.marks ?? '.'.repeat(60)).join('');
  const skipped = (from - first) / MINUTE_MS;
  const shown = Array.from(marks.slice(skipped, skipped + slots), (mark) => MINUTES[mark] ?? NO_DATA);
  return { unit: 'minute', from, slots: shown };
}

/** The newest 24 hours by the hour, or the newest hour by the minute while there is less. */
export function latencyOf(hash: number, rollup: Rollup, now: number): CheckView['latency'] {
  if (now - (rollup.oldest ?? now) < LAST_HOUR_UNTIL_MS) {
    const from = minuteOf(now) - 59 * MINUTE_MS;
    const firstHour = hourOf(from);
    const minutes = [firstHour, firstHour + HOUR_MS].flatMap((hour) => {
      const row = rollup.row(hash, hour);
      return row ? minuteLatencies(row) : new Array<undefined>(60).fill(undefined);
    });
    const first = (from - firstHour) / MINUTE_MS;
    return { from, slotMs: MINUTE_MS, values: minutes.slice(first, first + 60).map(tenths) };
  }
  const from = hourOf(now) - 23 * HOUR_MS;
  const values = Array.from({ length: 24 }, (_, i) => {
    const sum = rollup.hour(hash, from + i * HOUR_MS);
    return sum && sum.latencyCount > 0 ? tenths(sum.latencySum / sum.latencyCount) : undefined;
  });
  return { from, slotMs: HOUR_MS, values };
}

const tenths = (ms: number | undefined): number | undefined => ms && Math.round(10 * ms) / 10;
