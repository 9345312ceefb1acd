/** Numbers below are seconds since 1970, those from here on are ms: seconds of the year 5138. */
export const SECONDS_MOST = 1e11;
/** What a date can be in JavaScript. */
const LARGEST_MS = 8.64e15;

/**
 * When something says it is, epoch ms: a number or a text of one (seconds or ms since 1970), ISO 8601, or a date as HTTP
 * and e-mails write it. `form` says what it is where that can't be guessed. Undefined: it is no time.
 */
export function timeOf(
  value: unknown,
  now: number,
  form: 'date' | 'seconds-left' = 'date',
): number | undefined {
  const number =
    typeof value === 'string' && /^-?\d{1,16}(\.\d+)?$/.test(value.trim()) ? Number(value) : value;
  if (typeof number === 'number')
    return valid(form === 'seconds-left' ? now + number * 1_000 : sinceEpoch(number));
  if (typeof value !== 'string' || form === 'seconds-left' || value.length > 100) return undefined;
  // "2026-12-01 10:00:00 UTC" is how GitHub writes it.
  const text = value
    .trim()
    .replace(/^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d(?:\.\d+)?) (?:UTC|GMT|Z|\+0000)$/, '$1T$2Z');
  const [, day] = /^(\d{4}-\d\d-\d\d)(?:$|T)/.exec(text) ?? [];
  if (day === undefined ? !/^[A-Z][a-z]{2},? /.test(text) : !exists(day)) return undefined;
  // a leap second, which JavaScript does not know, is the first of the next minute
  const isLeap = /T\d\d:\d\d:60(?=[.Z+-]|$)/.test(text);
  const ms = Date.parse(isLeap ? text.replace(':60', ':59') : text);
  return valid(isLeap ? ms + 1_000 : ms);
}

/** `Date.parse` takes the 30th of February for the 2nd of March. */
const exists = (day: string): boolean => {
  const ms = Date.parse(`${day}T00:00:00Z`);
  return Math.abs(ms) <= LARGEST_MS && new Date(ms).toISOString().startsWith(day);
};

const sinceEpoch = (value: number): number => (Math.abs(value) < SECONDS_MOST ? value * 1_000 : value);

const valid = (ms: number): number | undefined => (Math.abs(ms) <= LARGEST_MS ? ms : undefined);
