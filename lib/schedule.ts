import type { Check, Judge } from './config/compiled.ts';

/** A shard holds at most so many checks, so that its `latest` item stays near 8 KB. */
const SHARD_SIZE = 300;

/** A beat older than this is skipped and counted: running it late would tell of another time. */
export const STALE_BEAT_MS = 60_000;

const UTF8 = new TextEncoder();

/** Names a check in packed readings: FNV-1a over UTF-8, then mixed, so that any bits of it are evenly spread. */
export function hashOf(id: string): number {
  let hash = 0x811c9dc5;
  for (const byte of UTF8.encode(id)) hash = Math.imul(hash ^ byte, 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** How checks are dealt to shards: by the first `bits` bits of their hash. */
export interface Sharding {
  readonly bits: number;
}

/** The fewest bits with which no shard holds more than 300 checks. */
export function shardingOf(ids: readonly string[]): Sharding {
  const hashes = ids.map(hashOf);
  for (let bits = 0; bits < 32; bits++) {
    const counts = new Map<number, number>();
    for (const hash of hashes) counts.set(prefix(hash, bits), (counts.get(prefix(hash, bits)) ?? 0) + 1);
    if (Math.max(0, ...counts.values()) <= SHARD_SIZE) return { bits };
  }
  throw new RangeError('more checks than a 32-bit hash can deal out');
}

/** The shard's name: how many bits, and which: `"3-5"`. */
export const shardOf = (hash: number, { bits }: Sharding): string => `${bits}-${prefix(hash, bits)}`;

const prefix = (hash: number, bits: number): number => (bits === 0 ? 0 : hash >>> (32 - bits));

/**
 * A check's slots are every `every` ms, shifted by a phase of its own, so that checks are spread over the
 * interval. Answers the offset of its slot in the beat `[beat, beat + step)`; undefined: none falls in it.
 */
export function offsetIn(check: Pick<Check, 'id' | 'every'>, beat: number, step: number): number | undefined {
  const phase = Math.floor((Math.imul(hashOf(check.id), 0x9e3779b1) >>> 0) * (check.every / 2 ** 32));
  const sinceSlot = (((beat - phase) % check.every) + check.every) % check.every;
  const offset = sinceSlot === 0 ? 0 : check.every - sinceSlot;
  return offset < step ? offset : undefined;
}

/** The beat of a grid of `step` ms that holds the time `at`. */
export const beatOf = (at: number, step: number): number => Math.floor(at / step) * step;

/**
 * When the retries start, ms after the first failure: over·(k/(tries−1))², so that a blip is looked at soon
 * and the last word is spoken at `over`. Whole seconds where there are some: 1, 4 and 10 s by default.
 */
export function retryStarts({ tries, over }: Pick<Judge, 'tries' | 'over'>): number[] {
  const grain = over >= 3_000 ? 1_000 : 1;
  return Array.from({ length: Math.max(0, tries - 1) }, (_, k) => {
    const exact = over * ((k + 1) / (tries - 1)) ** 2;
    return Math.round(exact / grain) * grain;
  });
}
