import { Cron } from 'croner';
import { nearest } from './suggest.ts';

/** Any start will do to see whether a time ever comes: a leap year's February included. */
const SOME_TIME = new Date(0);

/** When windows of maintenance start; read as five fields, no seconds. Throws on a bad expression or zone. */
export const cronOf = (cron: string, timeZone: string): Cron =>
  new Cron(cron, { timezone: timeZone, mode: '5-part' });

/** Why a cron expression can't be used; undefined: it can. */
export function wrongCron(cron: string): string | undefined {
  const shown = JSON.stringify(cron.slice(0, 60));
  try {
    return cronOf(cron, 'UTC').nextRun(SOME_TIME) ? undefined : `${shown} never comes: there is no such day`;
  } catch (error) {
    if (cron.trim().split(/\s+/).length !== 5)
      return `${shown} must have five fields: minute, hour, day, month, weekday`;
    return `${shown} is no cron expression: ${error instanceof Error ? error.message.replace(/^CronPattern: /, '') : error}`;
  }
}

/** Why a time zone can't be used; undefined: it can. */
export function wrongTimeZone(timeZone: string): string | undefined {
  try {
    new Intl.DateTimeFormat('en', { timeZone });
    // An offset would be taken, too, but knows no summer time.
    if (/^[A-Za-z]/.test(timeZone)) return undefined;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  const near = nearest(timeZone, Intl.supportedValuesOf('timeZone'));
  const hint = near ? `did you mean "${near}"?` : 'write one as in "Europe/Berlin" or "UTC"';
  return `${JSON.stringify(timeZone.slice(0, 60))} is not an IANA time zone; ${hint}`;
}
