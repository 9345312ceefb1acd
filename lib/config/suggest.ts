import { closestMatch } from 'leven';

/** With more names than these a near one is chance, and looking for it is slow. */
export const NAMES_MAX = 1_000;

/** `; did you mean "timeout"?` where a known name is near, else nothing. */
export function didYouMean(word: string, names: readonly string[]): string {
  const near = nearest(word, names);
  return near === undefined ? '' : `; did you mean ${JSON.stringify(near)}?`;
}

/** The known name that was probably meant: at most a third of it is mistyped, or its letters change places. */
export function nearest(word: string, names: readonly string[]): string | undefined {
  if (word.length < 3 || word.length > 100 || names.length > NAMES_MAX) return undefined;
  const same = names.find((name) => letters(name) === letters(word));
  return same ?? closestMatch(word, names, { maxDistance: Math.floor(word.length / 3) });
}

const letters = (word: string): string => [...word.toLowerCase()].toSorted().join('');
