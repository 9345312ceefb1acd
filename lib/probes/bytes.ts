/** Largest first; those of 1,000 and those of 1,024. */
const UNITS: readonly (readonly [unit: string, bytes: number])[] = [
  ['TB', 1e12],
  ['GB', 1e9],
  ['MB', 1e6],
  ['kB', 1e3],
  ['B', 1],
];
const BINARY: Readonly<Record<string, number>> = { TiB: 2 ** 40, GiB: 2 ** 30, MiB: 2 ** 20, KiB: 2 ** 10 };

/** One number, one unit. */
export const SIZE = /^\d{1,9}(?:\.\d{1,3})?(?:B|kB|KB|MB|GB|TB|KiB|MiB|GiB|TiB)$/;

/** `"500MB"` → bytes; NaN for what doesn't match `SIZE`. */
export function bytesOf(text: string): number {
  const unit = text.replace(/^[\d.]+/, '').replace('KB', 'kB');
  const size = BINARY[unit] ?? UNITS.find(([name]) => name === unit)?.[1] ?? Number.NaN;
  return Math.round(Number.parseFloat(text) * size);
}

/** Bytes for people: `1.5 GB`. */
export function showBytes(bytes: number): string {
  const [unit, size] = UNITS.find(([, one]) => bytes >= one) ?? ['B', 1];
  return `${Number((bytes / size).toPrecision(3))} ${unit}`;
}
