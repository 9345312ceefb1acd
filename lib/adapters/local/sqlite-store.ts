import { join } from 'node:path';
import {
  type Clock,
  type Draft,
  type Item,
  type Key,
  type ListOptions,
  type Log,
  type Store,
  StoreError,
  sleep,
} from '../../ports.ts';
import { checkKey, checkPartition, encodeDraft } from '../encode.ts';
import { type DataLock, makeDataDir, quarantine } from './data-dir.ts';
import { type SqliteThread, type Started, startThread } from './sqlite-thread.ts';
import type { Start } from './sqlite-worker.ts';

const PURGE_EVERY_MS = 60_000;
const PURGE_BATCH = 500;
/** A thread that could not be replaced is replaced so much later. */
const REPLACE_AGAIN_MS = 5_000;

export interface OpenOptions {
  readonly dir: string;
  /** Who holds it owns the directory: the file is checked, brought up to date, and purged of what has expired. */
  readonly lock?: DataLock | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

export interface OpenedStore {
  readonly store: SqliteStore;
  /** The file that stood there was damaged: it is kept under this name, and the store is a new, empty one. */
  readonly quarantined: string | undefined;
}

/**
 * Opens the store in a data directory, or makes it. Throws `StoreError` with a line for the person who started
 * it: the disk is full, the file belongs to a newer version, it is damaged and the caller doesn't own it.
 */
export async function openStore({ dir, lock, clock, log }: OpenOptions): Promise<OpenedStore> {
  makeDataDir(dir);
  const start: Start = { path: join(dir, 'store.db'), owner: lock !== undefined };
  const first = await startThread(start);
  if (!lock || !('failure' in first && first.failure.corrupt))
    return { store: made(first), quarantined: undefined };
  const quarantined = quarantine(start.path, clock.now());
  log.error(`${first.failure.message}: it is kept as ${quarantined}, and an empty one begins`);
  return { store: made(await startThread(start)), quarantined };

  function made(started: Started): SqliteStore {
    if ('failure' in started) throw new StoreError(`cannot use ${start.path}: ${started.failure.message}`);
    if (started.copy) log.info(`the data was brought up to date; as it was it is kept as ${started.copy}`);
    return new SqliteStore(started.thread, lock && { start, clock, log });
  }
}

/** What keeps a store in order for as long as the process lives. */
interface Keeper {
  readonly start: Start;
  readonly clock: Clock;
  readonly log: Log;
}

/** The store of one machine: SQLite in a thread of its own, so that its disk never stalls a probe. */
export class SqliteStore implements Store {
  #thread: SqliteThread;
  readonly #closing = new AbortController();
  readonly #kept: Promise<unknown>;

  constructor(thread: SqliteThread, keeper: Keeper | undefined) {
    this.#thread = thread;
    this.#kept = Promise.all(keeper ? [this.#replaceDead(keeper), this.#purgeNowAndThen(keeper)] : []);
  }

  async get<T>(key: Key): Promise<Item<T> | undefined> {
    checkKey(key);
    const { partition, sort } = key;
    const item = (await this.#thread.ask({ op: 'get', key: { partition, sort } })) as
      | Item<string>
      | undefined;
    return item && decode(item);
  }

  async list<T>(partition: string, options: ListOptions = {}): Promise<Item<T>[]> {
    checkPartition(partition);
    return ((await this.#thread.ask({ op: 'list', partition, options })) as Item<string>[]).map(decode<T>);
  }

  async put<T>(draft: Draft<T>, expected: number | 'absent', writeId: string): Promise<boolean> {
    return (await this.#thread.ask({ op: 'put', draft: encodeDraft(draft), expected, writeId })) as boolean;
  }

  async delete(key: Key, version: number): Promise<boolean> {
    checkKey(key);
    const { partition, sort } = key;
    return (await this.#thread.ask({ op: 'delete', key: { partition, sort }, version })) as boolean;
  }

  async due<T>(now: number, limit: number): Promise<Item<T>[]> {
    return ((await this.#thread.ask({ op: 'due', now, limit })) as Item<string>[]).map(decode<T>);
  }

  /** What was asked before is written first; what is asked after is refused (`StoreError`). */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#thread.close();
    await this.#kept;
  }

  /** A thread that has died, for want of memory say, has a successor: without a store nobody would be paged. */
  async #replaceDead({ start, clock, log }: Keeper): Promise<void> {
    const { signal } = this.#closing;
    for (await this.#thread.ended; !signal.aborted; await this.#thread.ended) {
      log.error('the thread of the store is gone: another one takes its place');
      const started = await startThread(start);
      if ('thread' in started) this.#thread = started.thread;
      else {
        log.error(`cannot use ${start.path}: ${started.failure.message}`);
        await sleep(clock, REPLACE_AGAIN_MS, signal);
      }
      if (signal.aborted) await this.#thread.close();
    }
  }

  async #purgeNowAndThen({ clock, log }: Keeper): Promise<void> {
    const { signal } = this.#closing;
    for (;;) {
      await sleep(clock, PURGE_EVERY_MS, signal);
      if (signal.aborted) return;
      await this.#purge(clock.now(), log);
    }
  }

  async #purge(now: number, log: Log): Promise<void> {
    try {
      while ((await this.#thread.ask({ op: 'purge', now, limit: PURGE_BATCH })) === PURGE_BATCH);
    } catch (error) {
      if (!this.#closing.signal.aborted)
        log.warn(`cannot remove what has expired: ${error instanceof Error ? error.message : error}`);
    }
  }
}

const decode = <T>(item: Item<string>): Item<T> => ({ ...item, body: JSON.parse(item.body) });
