/**
 * The ports: everything that the core asks of the world. One set of adapters makes them on one machine
 * (lib/adapters/local), another on AWS (lib/adapters/aws). They stay small, so that one contract suite
 * (test/contract) can hold every adapter to the same behaviour.
 */
import { onAbort } from './abort.ts';

/** Anything that survives `JSON.parse(JSON.stringify(x))` unchanged. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json | undefined };

/**
 * Where an item lives. `partition` groups what is listed together; `sort` orders it, by its UTF-8 bytes (so by
 * code point; JavaScript's `<` puts U+E000–U+FFFF elsewhere). Both are well-formed and not empty, of at most
 * 2048 and 1024 bytes: lib/keys.ts makes such. Any other key is a defect of the caller: `RangeError`.
 */
export interface Key {
  readonly partition: string;
  readonly sort: string;
}

/** What is written: a body and, where they apply, two times. */
export interface Draft<T = unknown> extends Key {
  /** JSON of at most 390,000 bytes; the writer cuts what is longer before (otherwise `RangeError`). */
  readonly body: T;
  /** Epoch ms from which `due` lists the item; absent: it is never listed there. */
  readonly due?: number;
  /** Epoch ms after which the item may vanish; absent: it stays. */
  readonly expires?: number;
}

/** What is read: a draft with its version, 1 for a new item and one more at each write. */
export interface Item<T = unknown> extends Draft<T> {
  readonly version: number;
}

export interface ListOptions {
  /** Lowest sort key, included. */
  readonly from?: string;
  /** Highest sort key, included. */
  readonly to?: string;
  /** Default: no limit. */
  readonly limit?: number;
  /** Default: oldest (lowest sort key) first. */
  readonly newestFirst?: boolean;
}

/** Thrown by a store, a queue or blobs that could not tell or could not do it: throttled, unreachable, full, corrupt. */
export class StoreError extends Error {
  override readonly name = 'StoreError';
}

/**
 * Items with compare-and-set on one item. Reads are strongly consistent, but for `due`, which may lag.
 * Every method throws `StoreError` when the store itself fails; after that a `put` or `delete` may or may
 * not have happened, and the caller repeats it with the same write id.
 */
export interface Store {
  get<T>(key: Key): Promise<Item<T> | undefined>;
  list<T>(partition: string, options?: ListOptions): Promise<Item<T>[]>;
  /**
   * Writes if the item stands at the expected version, or doesn't exist where `'absent'` is expected.
   * Answers whether this write won. With the `writeId` of the write that made the item what it is now,
   * the answer is yes again and nothing changes: a lost answer can be asked for once more.
   */
  put<T>(draft: Draft<T>, expected: number | 'absent', writeId: string): Promise<boolean>;
  /** Removes the item if it stands at this version; no when it doesn't. */
  delete(key: Key, version: number): Promise<boolean>;
  /** Items whose `due` has come, earliest first. A safety net, never the only way to find something. */
  due<T>(now: number, limit: number): Promise<Item<T>[]>;
}

/** Hands messages to whoever handles them: at least once, in no promised order. Throws `StoreError`: it may be sent or not. */
export interface Queue<T> {
  send(message: T): Promise<void>;
}

/** A message, and whole seconds from now, 0–900, until anyone receives it. */
export interface Delayed<T> {
  readonly message: T;
  readonly delay: number;
}

/** A message that comes again after a while, unless it is deleted. */
export interface Received<T> {
  readonly message: T;
  /** Throws `StoreError`: then the message comes again. */
  delete(): Promise<void>;
}

/** A queue that delays what is sent, and can be drained by hand. All throw `StoreError`. */
export interface DrainedQueue<T> extends Queue<T> {
  sendAll(messages: readonly Delayed<T>[]): Promise<void>;
  /** What is there, `max` at most; an empty answer is no proof that nothing is. */
  receive(max: number): Promise<Received<T>[]>;
}

/** Named texts, replaced whole: a reader sees the old one or the new one. Both throw `StoreError`. */
export interface Blobs {
  read(name: string): Promise<string | undefined>;
  write(name: string, text: string): Promise<void>;
}

/** The only source of time. Nothing else reads it, sets a timer or sleeps. */
export interface Clock {
  /** Wall clock, epoch ms. It may jump. */
  now(): number;
  /** Monotonic ms since some start; fractions allowed. */
  monotonic(): number;
  /** Calls back after `ms` of monotonic time; the answer cancels it. */
  after(ms: number, callback: () => void): () => void;
}

/** How long to wait after so many tries, ms: twice as long each time, and by chance half of that less. */
export const backoff = (firstMs: number, tried: number, random: () => number): number =>
  firstMs * 2 ** (tried - 1) * (0.5 + random() / 2);

/** Waits; an aborted signal ends the wait early, without an error. */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const cancel = clock.after(ms, () => {
      forget?.();
      resolve();
    });
    const forget =
      signal &&
      onAbort(signal, () => {
        cancel();
        resolve();
      });
  });
}

/** A reference to a secret: what config, incidents and logs hold in place of the value. */
export interface SecretRef {
  readonly secret: string;
}

/** Thrown when a secret can't be resolved. The message names the secret and never holds a value. */
export class SecretError extends Error {
  override readonly name = 'SecretError';
}

/** Resolves references late. Every value it has given out is redacted by `lib/redact.ts` in every sink. */
export interface Secrets {
  get(ref: SecretRef): Promise<string>;
  /**
   * A receiver refused what `get` answered: the value that stands now. Missing where `get` keeps nothing, so that it
   * always answers that. Throws `SecretError`.
   */
  renew?(ref: SecretRef, refused: string): Promise<string>;
}

/** One line for the person who runs Watchbill: never a secret, never a stack trace of a target's fault. */
export interface Log {
  info(message: string, fields?: Record<string, Json>): void;
  warn(message: string, fields?: Record<string, Json>): void;
  error(message: string, fields?: Record<string, Json>): void;
}
