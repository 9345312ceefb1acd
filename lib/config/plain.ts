import type { Json } from '../ports.ts';
import type { Mistake, Path } from './error.ts';
import { DEPTH_MAX } from './json.ts';

/** Values in a config of 10 MB, aliases of YAML followed: more is a bomb. */
const VALUES_MAX = 6_000_000;

/**
 * A copy that is plain JSON, however the config came about: YAML has aliases and NaN, a TypeScript module may
 * export anything. What isn't plain is left out of it and named.
 */
export function plain(input: unknown): { readonly value: Json | undefined; readonly mistakes: readonly Mistake[] } {
  const mistakes: Mistake[] = [];
  const around = new Set<unknown>();
  let left = VALUES_MAX;

  function copy(value: unknown, path: Path): Json | undefined {
    left--;
    if (left < 0) return undefined;
    const wrong = left === 0 ? 'more values than a config can have' : around.has(value) ? 'refers back to what it is part of' : notPlain(value, path);
    if (wrong !== undefined) {
      mistakes.push({ path, message: wrong });
      return undefined;
    }
    if (typeof value !== 'object' || value === null) return value as Json | undefined;
    around.add(value);
    const result = Array.isArray(value) ? value.map((item, index) => copy(item, [...path, index]) ?? null) : copyObject(value, path);
    around.delete(value);
    return result;
  }

  function copyObject(value: object, path: Path): Json {
    const result: { [key: string]: Json | undefined } = {};
    for (const key of Object.keys(value)) {
      const inner = [...path, key];
      if (key === '__proto__') mistakes.push({ path: inner, message: 'this name is never allowed' });
      else result[key] = copy(read(value, key, inner), inner);
    }
    return result;
  }

  function read(value: object, key: string, path: Path): unknown {
    try {
      return (value as Record<string, unknown>)[key];
    } catch (error) {
      mistakes.push({ path, message: `cannot be read: ${error instanceof Error ? error.message.split('\n', 1) : error}` });
      return undefined;
    }
  }

  return { value: copy(input, []), mistakes };
}

/** What keeps a value from being plain; undefined: nothing. */
function notPlain(value: unknown, path: Path): string | undefined {
  if (path.length > DEPTH_MAX) return `nested more than ${DEPTH_MAX} levels deep`;
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : `${value} is not a number to work with`;
  if (value === null || ['string', 'boolean', 'undefined'].includes(typeof value) || Array.isArray(value)) return undefined;
  if (typeof value !== 'object') return `a ${typeof value} where only plain values can be`;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === null || Object.getPrototypeOf(prototype) === null) return undefined;
  return `a ${value.constructor?.name || 'class instance'} where only plain values can be`;
}

/** Whether a plain value is an object with names. */
export const isObject = (value: unknown): value is { [key: string]: Json | undefined } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
