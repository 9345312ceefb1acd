import { deflateRawSync, inflateRawSync } from 'node:zlib';

/**
 * The one table that holds all items on AWS: what the stack creates, and what the adapter finds there. Each text
 * names an attribute. Keys are strings, but `due.sort` and `timeToLive` are numbers.
 */
export const TABLE = {
  partition: 'partition',
  sort: 'sort',
  /** Epoch seconds after which DynamoDB removes the item. */
  timeToLive: 'ttl',
  /**
   * A sparse index, to be made with keys alone: an item is in it while it has both attributes. So a write costs the
   * index nothing unless `due` moves, and then two units, however large the item is:
   * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.html#GSI.ThroughputConsiderations.Writes
   * All of it lies in one partition, in the order of `due`. That bears 1,000 units a second: so many incidents may
   * open in one second, and what comes beyond is throttled and repeated.
   * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html
   */
  due: { index: 'due', partition: 'listed', sort: 'due' },
} as const;

/** A body that is no larger costs one unit to write, however it is stored: so it stays readable. */
const PLAIN_BYTES = 1_024;
/** No body is larger: lib/adapters/encode.ts. */
const MOST_BYTES = 390_000;

/** A body as it is stored: larger ones deflated, to a quarter to three quarters of their size, by which all is paid. */
export const stored = (body: string): string | Uint8Array =>
  Buffer.byteLength(body) > PLAIN_BYTES ? deflateRawSync(body) : body;

/** The body again. Throws on what `stored` never made. */
export const restored = (body: Uint8Array): string =>
  inflateRawSync(body, { maxOutputLength: MOST_BYTES }).toString();
