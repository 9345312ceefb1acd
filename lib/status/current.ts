import { type Clock, type Log, sleep } from '../ports.ts';
import type { Snapshot } from '../snapshot.ts';

/** The store is asked once in so many ms, however many ask us. */
const KEPT_MS = 1_000;
/** A store that hasn't answered by then is taken for one that is down. */
const PATIENCE_MS = 2_000;

export interface Current {
  /** The newest one that could be had, if need be an old one: its `at` tells. */
  readonly snapshot: Snapshot | undefined;
  /** The store did not answer: what is shown is the last good one. */
  readonly failed: boolean;
}

/** Keeps what `make` made for a second: whoever asks meanwhile gets the same. */
export function kept<T>(clock: Clock, make: () => Promise<T>): () => Promise<T> {
  let value: Promise<T> | undefined;
  let since = 0;
  return () => {
    if (!value || clock.monotonic() - since >= KEPT_MS) {
      since = clock.monotonic();
      value = make();
    }
    return value;
  };
}

/** Reads the snapshot; while the store is down, or hangs, the last good one stands in for it. */
export function reader(
  read: () => Promise<Snapshot | undefined>,
  clock: Clock,
  log: Log,
): () => Promise<Current> {
  let last: Snapshot | undefined;
  let failed = false;
  let pending: Promise<void> | undefined;

  async function look(): Promise<void> {
    try {
      last = (await read()) ?? last;
      failed = false;
    } catch (error) {
      if (!failed) log.error('the status page cannot read the snapshot', { error: String(error) });
      failed = true;
    } finally {
      pending = undefined;
    }
  }

  return async () => {
    pending ??= look();
    const answered = await within(clock, pending);
    return { snapshot: last, failed: failed || !answered };
  };
}

/** Whether it settled within our patience. */
async function within(clock: Clock, promise: Promise<void>): Promise<boolean> {
  const patience = new AbortController();
  const late = sleep(clock, PATIENCE_MS, patience.signal).then(() => false);
  const inTime = await Promise.race([promise.then(() => true), late]);
  patience.abort();
  return inTime;
}
