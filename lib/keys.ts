import { createHash } from 'node:crypto';

/** Above this many UTF-8 bytes a segment is cut and its hash stands for the rest. */
const LONGEST_SEGMENT = 256;
/** How much of a long segment stays readable, in code units. */
const READABLE = 32;

/** The separator, the escape, control characters, what UTF-8 can't hold (lone surrogates), and `END`. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones to escape
const UNSAFE = /[/%\u0000-\u001f\u007f\ud800-\udfff\u{10ffff}]/gu;

/** Sorts after everything a segment can hold. */
const END = '\u{10ffff}';

/**
 * Joins segments into one key: different lists of segments give different keys, whatever they hold (`/`, `#`,
 * Unicode, lone surrogates, 1,000 characters, nothing at all). Digits, letters and `-` stay as they are, so
 * fixed-width numbers keep their order, and what begins with the same segments is listed together.
 */
export const key = (...segments: [string, ...string[]]): string => segments.map(encode).join('/');

/** The end of the range, for `list`'s `to`: after every key that begins with these segments. */
export const endOf = (...segments: [string, ...string[]]): string => `${key(...segments)}/${END}`;

/** A whole number ≥ 0 in so many digits: numbers of one width sort by value. Throws `RangeError` if it doesn't fit. */
export function digits(value: number, width: number): string {
  const text = String(value).padStart(width, '0');
  if (!Number.isSafeInteger(value) || value < 0 || text.length > width) {
    throw new RangeError(`${value} is no whole number of ${width} digits`);
  }
  return text;
}

/** Epoch ms as a segment that sorts by time, until the year 5138. */
export const time = (ms: number): string => digits(ms, 14);

function encode(segment: string): string {
  const safe = escaped(segment);
  if (safe === '') return '%;';
  if (Buffer.byteLength(safe) <= LONGEST_SEGMENT) return safe;
  const hash = createHash('sha256').update(safe).digest('base64url');
  return `${escaped(segment.slice(0, READABLE))}%~${hash};`;
}

function escaped(text: string): string {
  return text.replace(UNSAFE, (char) => `%${(char.codePointAt(0) ?? 0).toString(16)};`);
}
