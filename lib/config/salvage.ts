import type { z } from 'zod';
import { type Mistake, type Path, pathText } from './error.ts';
import { explain, words } from './explain.ts';
import { isObject } from './plain.ts';
import { nearest } from './suggest.ts';

export interface Salvaged<T> {
  readonly path: Path;
  /** What the user wrote. */
  readonly raw: unknown;
  /** What can be read of it, wrong parts left out or replaced by their defaults; undefined: nothing. */
  readonly value: T | undefined;
  readonly mistakes: readonly Mistake[];
}

/**
 * Reads a value by its schema. Where something is wrong it is read once more without that, so that rules which
 * look at more than one field can still be applied and every mistake is told in one go.
 */
export function salvage<T>(schema: z.ZodType<T>, raw: unknown, path: Path): Salvaged<T> {
  const first = schema.safeParse(raw, { error: words });
  if (first.success) return { path, raw, value: first.data, mistakes: [] };
  const mistakes = explain(first.error.issues, raw, path);
  const rest = structuredClone(raw);
  const wrong = mistakes.map((mistake) => mistake.path.slice(path.length)).toSorted(lastFirst);
  for (const inner of wrong) leaveOut(rest, inner);
  const second = schema.safeParse(rest, { error: words });
  const near = nearTo([
    ...mistakes,
    ...wrong.filter(isEntry).map((inner) => ({ path: [...path, ...inner.slice(0, -1)], message: '' })),
  ]);
  const more = second.success
    ? []
    : explain(second.error.issues, rest, path).filter((mistake) => !near(mistake));
  const all = [...mistakes, ...more];
  const isMistyped = mistypedIn(all);
  return {
    path,
    raw,
    value: second.data,
    mistakes: all.filter((mistake) => !mistake.message.startsWith('required') || !isMistyped(mistake.path)),
  };
}

/** Takes out what stands at a path. */
function leaveOut(from: unknown, path: Path): void {
  const parent = path
    .slice(0, -1)
    .reduce<unknown>(
      (value, part) => (isObject(value) || Array.isArray(value) ? value[part as never] : undefined),
      from,
    );
  if (Array.isArray(parent)) parent.splice(Number(path.at(-1)), 1);
  else if (isObject(parent)) delete parent[String(path.at(-1))];
}

/** Whether it is the path of an entry of a list: taken out, it changes the numbers of those after it. */
const isEntry = (path: Path): boolean => typeof path.at(-1) === 'number';

/** Later entries of a list before earlier ones, what is inside before what it is inside of. */
function lastFirst(a: Path, b: Path): number {
  const differs = a.findIndex((part, index) => part !== b[index]);
  const [x, y] = [a[differs], b[differs]];
  if (differs < 0 || y === undefined) return b.length - a.length;
  return typeof x === 'number' && typeof y === 'number' ? y - x : String(x).localeCompare(String(y));
}

/**
 * Tells of what is missing at a path whether it is there under a mistyped name: that is one mistake, and whatever
 * follows from what is missing isn't told.
 */
export function mistypedIn(mistakes: readonly Mistake[]): (path: Path) => boolean {
  const names = Map.groupBy(
    mistakes.filter(({ message }) => message.startsWith('unknown key')),
    ({ path }) => pathText(path.slice(0, -1)),
  );
  return (path) =>
    names
      .get(pathText(path.slice(0, -1)))
      ?.some((unknown) => nearest(String(unknown.path.at(-1)), [String(path.at(-1))]) !== undefined) ?? false;
}

/** Tells of a mistake whether something was told already about its place, about one in it or about what it is in. */
export function nearTo(told: readonly Mistake[]): (mistake: Mistake) => boolean {
  const exact = new Set(told.map(({ path }) => pathText(path)));
  const above = new Set(told.flatMap(({ path }) => path.map((_, length) => pathText(path.slice(0, length)))));
  return ({ path }) =>
    above.has(pathText(path)) ||
    [...path, ''].some((_, length) => exact.has(pathText(path.slice(0, length))));
}
