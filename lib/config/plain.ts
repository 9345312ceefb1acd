import type { Json } from '../ports.ts';
import type { Mistake } from './error.ts';
import { DEPTH_MAX } from './json.ts';

/** Values in a config of 10 MB, aliases of YAML followed: more is a bomb. */
const VALUES_MAX = 6_000_000;

/**
 * A copy that is plain JSON, however the config came about: YAML has aliases and NaN, a TypeScript module may
 * export anything. What isn't plain is left out of it and named.
 */
export function plain(input: unknown): {
  readonly value: Json | undefined;
  readonly mistakes: readonly Mistake[];
} {
  const mistakes: Mistake[] = [];
  const path: (string | number)[] = [];
  const around = new Set<unknown>();
  let left = VALUES_MAX;

  const wrong = (message: string): undefined => {
    mistakes.push({ path: [...path], message });
  };

  function copy(value: unknown): Json | undefined {
    left--;
    if (left <= 0) return left === 0 ? wrong('more values than a config can have') : undefined;
    if (path.length > DEPTH_MAX) return wrong(`nested more than ${DEPTH_MAX} levels deep`);
    if (around.has(value)) return wrong('refers back to what it is part of');
    const odd = oddity(value);
    if (odd !== undefined) return wrong(odd);
    return typeof value === 'object' && value !== null ? copyAll(value) : (value as Json | undefined);
  }

  function copyAll(value: object): Json {
    around.add(value);
    const result = Array.isArray(value) ? copyList(value) : copyObject(value);
    around.delete(value);
    return result;
  }

  function copyList(value: readonly unknown[]): Json[] {
    const result: Json[] = [];
    for (let index = 0; index < value.length && left > 0; index++)
      result.push(inside(index, () => value[index]) ?? null);
    return result;
  }

  function copyObject(value: object): Json {
    const result: { [key: string]: Json | undefined } = {};
    for (const key of Object.keys(value)) {
      const member = inside(key, () => (value as Record<string, unknown>)[key]);
      if (key !== '__proto__') result[key] = member;
    }
    return result;
  }

  function inside(part: string | number, read: () => unknown): Json | undefined {
    path.push(part);
    try {
      return part === '__proto__' ? wrong('this name is never allowed') : copy(read());
    } catch (error) {
      return wrong(`cannot be read: ${error instanceof Error ? error.message.split('\n', 1) : error}`);
    } finally {
      path.pop();
    }
  }

  return { value: copy(input), mistakes };
}

/** What keeps a value from being plain; undefined: nothing. */
function oddity(value: unknown): string | undefined {
  if (typeof value === 'number')
    return Number.isFinite(value) ? undefined : `${value} is not a number to work with`;
  if (
    value === null ||
    typeof value === 'string' ||
    typeof value === 'boolean' ||
    value === undefined ||
    Array.isArray(value)
  )
    return undefined;
  if (typeof value !== 'object') return `a ${typeof value} where only plain values can be`;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === null || Object.getPrototypeOf(prototype) === null) return undefined;
  return `a ${value.constructor?.name || 'class instance'} where only plain values can be`;
}

/** The object that a text of JSON is; undefined: it is none. */
export function objectIn(text: string): { [key: string]: Json | undefined } | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Whether a plain value is an object with names. */
export const isObject = (value: unknown): value is { [key: string]: Json | undefined } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
