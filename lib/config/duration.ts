/** Largest first. */
const UNITS: readonly (readonly [unit: string, ms: number, spelt: RegExp])[] = [
  ['d', 86_400_000, /^d(ays?)?$/i],
  ['h', 3_600_000, /^h((ou)?rs?)?$/i],
  ['m', 60_000, /^m(in(ute)?s?)?$/i],
  ['s', 1_000, /^s(ec(ond)?s?)?$/i],
  ['ms', 1, /^m(illi)?s(ec(ond)?s?)?$/i],
];

/** One whole number, one unit. */
export const DURATION = /^\d{1,12}(?:ms|s|m|h|d)$/;

/** Longer than anything that is watched: ten years, ms. */
export const DURATION_MAX = 3_650 * 86_400_000;

/** `"5m"` → ms; NaN for what doesn't match `DURATION`. */
export function parseDuration(text: string): number {
  const [, ms = Number.NaN] = UNITS.find(([unit]) => unit === text.replace(/^\d+/, '')) ?? [];
  return Number.parseInt(text, 10) * ms;
}

/** ms → `"5m"`: in the largest unit of which it is a whole number. */
export function showDuration(ms: number): string {
  const [unit, size] = UNITS.find(([, size]) => ms >= size && ms % size === 0) ?? ['s', 1_000];
  return `${ms / size}${unit}`;
}

/** What was probably meant: `"5 min"` → `"5m"`, `"1.5h"` → `"90m"`. */
export function guessDuration(text: string): string | undefined {
  const [, number = '', word = ''] = /^\s*(\d{1,6}(?:\.\d{1,3})?)\s*([a-z]+)\s*$/i.exec(text) ?? [];
  const ms = Number(number) * (UNITS.find(([, , spelt]) => spelt.test(word))?.[1] ?? Number.NaN);
  return Number.isInteger(ms) ? showDuration(ms) : undefined;
}
