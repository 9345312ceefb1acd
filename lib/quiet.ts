import type { QuietHours } from './config/compiled.ts';

/** When tickets wait: pure, but for the time zones that Node knows. */

/** What holds a ticket back then. */
export const QUIET = 'quiet hours';

const SATURDAY = 6;
const DAY_MINUTES = 1_440;

/** Whether it is quiet at a time, epoch ms. A stretch over midnight belongs to the day on which it begins. */
export function isQuiet(quiet: QuietHours | undefined, at: number): boolean {
  if (!quiet) return false;
  const { minute, weekday } = localTime(quiet.timeZone, at);
  const isWeekend = weekday === 0 || weekday === SATURDAY;
  if (quiet.weekends && isWeekend) return true;
  const length = (quiet.to - quiet.from + DAY_MINUTES) % DAY_MINUTES || DAY_MINUTES;
  return (minute - quiet.from + DAY_MINUTES) % DAY_MINUTES < length;
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** Minutes since midnight, and the day of the week from Sunday, 0. */
function localTime(timeZone: string, at: number): { readonly minute: number; readonly weekday: number } {
  const format =
    formats.get(timeZone) ??
    new Intl.DateTimeFormat('en', {
      timeZone,
      hourCycle: 'h23',
      weekday: 'short',
      hour: 'numeric',
      minute: 'numeric',
    });
  formats.set(timeZone, format);
  const parts = new Map(format.formatToParts(at).map(({ type, value }) => [type, value]));
  return {
    minute: Number(parts.get('hour')) * 60 + Number(parts.get('minute')),
    weekday: DAYS.indexOf(parts.get('weekday') ?? ''),
  };
}

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
