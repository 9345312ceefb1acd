import type { SecretRef } from '../ports.ts';
import type { Path } from './error.ts';

/** Every secret to which a part of a config refers; `path`: that of the part. */
export function secretsIn(
  value: unknown,
  path: Path = [],
): { readonly path: Path; readonly ref: SecretRef }[] {
  if (typeof value !== 'object' || value === null) return [];
  const entries = Object.entries(value);
  const [[key, name] = []] = entries;
  if (entries.length === 1 && key === 'secret' && typeof name === 'string')
    return [{ path, ref: { secret: name } }];
  return entries.flatMap(([part, inner]) =>
    secretsIn(inner, [...path, Array.isArray(value) ? Number(part) : part]),
  );
}
