/** A step into a value: the name of an object's member, or the index of an array's element (negative: from the end). */
export type Step = string | number;

/** `.name`, `[0]`, `['name']`, `["name"]`; in quotes, a backslash stands before a quote or a backslash. */
const STEP =
  /\.([\p{L}_][\p{L}\p{N}\p{M}_]*)|\[(0|-?[1-9]\d{0,14})\]|\['((?:[^'\\]|\\['\\])*)'\]|\["((?:[^"\\]|\\["\\])*)"\]/uy;

/**
 * Reads the path of one value, `$.a.b[0]['c']`: the singular queries of RFC 9535. `undefined`: it is none;
 * wildcards, slices, filters and descendants are not.
 */
export function parsePath(text: string): readonly Step[] | undefined {
  if (!text.startsWith('$')) return undefined;
  const steps: Step[] = [];
  for (STEP.lastIndex = 1; STEP.lastIndex < text.length; ) {
    const [, name, index, single, double] = STEP.exec(text) ?? [];
    const quoted = (single ?? double)?.replace(/\\(.)/g, '$1');
    if (index !== undefined) steps.push(Number(index));
    else if (name !== undefined || quoted !== undefined) steps.push(name ?? quoted ?? '');
    else return undefined;
  }
  return steps;
}

/** The value at the path in a list of one; an empty list when there is none. Only what JSON said is there. */
export function valuesAt(root: unknown, path: readonly Step[]): readonly unknown[] {
  let value = root;
  for (const step of path) {
    const key = typeof step === 'number' && step < 0 && Array.isArray(value) ? value.length + step : step;
    const fits = Array.isArray(value) === (typeof key === 'number');
    if (typeof value !== 'object' || value === null || !fits || !Object.hasOwn(value, key)) return [];
    value = (value as Record<Step, unknown>)[key];
  }
  return [value];
}

/** The value at a path that is known to be one, the same written as text; undefined where there is none. */
export const valueAt = (root: unknown, path: string): unknown => valuesAt(root, parsePath(path) ?? [])[0];
