import type { Cron } from 'croner';
import type { Maintenance } from './config/compiled.ts';
import { cronOf } from './config/cron.ts';

/** One stretch of maintenance, `[from, to)` in epoch ms. */
export interface Stretch {
  readonly checks: '*' | readonly string[];
  readonly title: string | undefined;
  readonly from: number;
  readonly to: number;
}

/** So many starts of one window are looked at in one question: a week of one every five minutes. */
const STARTS_MAX = 2_016;

/** Whether a check is in maintenance at `at`, epoch ms. */
export function inMaintenance(windows: readonly Maintenance[], check: string, at: number): boolean {
  return windows.some(
    (window) => (window.checks === '*' || window.checks.includes(check)) && covers(window, at),
  );
}

/** The stretches of maintenance that overlap `[from, to)`, in the order of their start; what follows on each other is one. */
export function maintenanceBetween(windows: readonly Maintenance[], from: number, to: number): Stretch[] {
  return windows.flatMap((window) => stretches(window, from, to)).toSorted((a, b) => a.from - b.from);
}

function covers(window: Maintenance, at: number): boolean {
  if ('from' in window) return window.from <= at && at < window.to;
  const start = startAfter(window, at - window.for);
  return start !== undefined && start <= at;
}

function stretches(window: Maintenance, from: number, to: number): Stretch[] {
  const { checks, title } = window;
  if ('from' in window)
    return window.from < to && from < window.to ? [{ checks, title, from: window.from, to: window.to }] : [];
  const found: Stretch[] = [];
  let start = startAfter(window, from - window.for);
  for (let starts = 0; start !== undefined && start < to && starts < STARTS_MAX; starts++) {
    const last = found.at(-1);
    const joined = last && start <= last.to ? (found.pop() ?? last) : undefined;
    found.push({ checks, title, from: joined?.from ?? start, to: start + window.for });
    start = startAfter(window, start);
  }
  return found;
}

type Recurring = Extract<Maintenance, { readonly cron: string }>;

/** A compiled expression, and the last answer: between two starts every question has the same one. */
interface Timetable {
  readonly cron: Cron;
  asked: number;
  answer: number | undefined;
}

const timetables = new WeakMap<Recurring, Timetable>();

/** The first start after `at`. */
function startAfter(window: Recurring, at: number): number | undefined {
  const table = timetables.get(window) ?? {
    cron: cronOf(window.cron, window.timeZone),
    asked: Number.NaN,
    answer: undefined,
  };
  timetables.set(window, table);
  const known = at >= table.asked && (table.answer === undefined || at < table.answer);
  if (!known) Object.assign(table, { asked: at, answer: table.cron.nextRun(new Date(at))?.getTime() });
  return table.answer;
}
