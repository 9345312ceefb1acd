import { html } from 'hono/html';
import type { ShownStatus } from '../snapshot.ts';
import { lasted } from '../words.ts';

/** A piece of a page: text that is escaped already. */
export type Html = ReturnType<typeof html>;

/** What each status is called on the page. */
export const STATUS_WORDS: Readonly<Record<ShownStatus, string>> = {
  up: 'Operational',
  degraded: 'Degraded',
  down: 'Down',
  unknown: 'Unknown',
  maintenance: 'Maintenance',
};

const utc = (options: Intl.DateTimeFormatOptions) =>
  new Intl.DateTimeFormat('en-GB', { timeZone: 'UTC', ...options });
const DAY = utc({ day: 'numeric', month: 'short', year: 'numeric' });
const DAY_MONTH = utc({ day: 'numeric', month: 'short' });
const MINUTE = utc({ hour: '2-digit', minute: '2-digit' });
const SECOND = utc({ hour: '2-digit', minute: '2-digit', second: '2-digit' });

/** The last moment that a `Date` can hold: https://tc39.es/ecma262/#sec-time-values-and-time-range */
const LAST_MOMENT = 8.64e15;
const inRange = (at: number): number =>
  Math.min(Math.max(Number.isFinite(at) ? at : 0, -LAST_MOMENT), LAST_MOMENT);

/** ISO 8601, UTC. A moment beyond what a date can hold is the nearest that it can. */
export const iso = (at: number): string => new Date(inRange(at)).toISOString();

/** The same for machines: what isn't known is null. */
export const isoOrNull = (at: number | undefined): string | null => (at === undefined ? null : iso(at));

export const day = (at: number): string => DAY.format(inRange(at));
/** Without the year, of what is less than one away. */
export const dayMonth = (at: number): string => DAY_MONTH.format(inRange(at));
export const hourMinute = (at: number): string => MINUTE.format(inRange(at));
export const hourMinuteSecond = (at: number): string => SECOND.format(inRange(at));

/** A moment for people and machines: `3 Mar 2026, 12:04`. Everything on the page is UTC and says so once. */
export const moment = (at: number): Html =>
  html`<time datetime="${iso(at)}">${day(at)}, ${hourMinute(at)}</time>`;

export const clockTime = (at: number): Html => html`<time datetime="${iso(at)}">${hourMinute(at)}</time>`;

/** `3 Mar 2026, 12:01 – 12:15`; the second day is said where it differs. */
export function span(from: number, to: number): Html {
  return html`${moment(from)} – ${day(from) === day(to) ? clockTime(to) : moment(to)}`;
}

/** `0.99996` → `99.99%`: cut, never rounded, so that only a flawless record reads 100 %. NaN comes as null through JSON. */
export function percent(share: number | null | undefined): string {
  if (typeof share !== 'number' || Number.isNaN(share)) return '–';
  if (share >= 1) return '100%';
  // A share like 0.2857 × 10 000 is a hair below the whole number that is meant.
  return `${(Math.floor(Math.max(0, share) * 10_000 + 1e-9) / 100).toFixed(2)}%`;
}

/** How long something has gone on, in whole minutes once there is one: the page need not change every second. */
export const goneFor = (ms: number): string => lasted(ms < 60_000 ? ms : Math.floor(ms / 60_000) * 60_000);

/** `<1 ms`, `95 ms`, `1.2 s`. */
export const latencyOf = (ms: number): string =>
  ms < 0.5 ? '<1 ms' : ms < 999.5 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`;

export const plural = (count: number, one: string): string => `${count} ${one}${count === 1 ? '' : 's'}`;
