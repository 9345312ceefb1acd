import { join, resolve } from 'node:path';
import { DirectoryBlobs } from '../adapters/local/blobs.ts';
import { systemClock } from '../adapters/local/clock.ts';
import { type DataLock, isHeld, lockDataDir } from '../adapters/local/data-dir.ts';
import { openStore, type SqliteStore } from '../adapters/local/sqlite-store.ts';
import type { Config } from '../config/compiled.ts';
import { Home } from '../home.ts';
import { type Blobs, type Log, StoreError } from '../ports.ts';
import type { Snapshot } from '../snapshot.ts';

/** Where a data directory keeps what `show` writes. */
export const blobsIn = (dir: string): Blobs => new DirectoryBlobs(join(dir, 'blobs'));

/** What `show` wrote last; undefined: nothing yet. */
export async function readSnapshot(blobs: Blobs): Promise<Snapshot | undefined> {
  const text = await blobs.read('snapshot.json');
  return text === undefined ? undefined : (JSON.parse(text) as Snapshot);
}

/** Puts down where the status page is served, for the commands beside it. That it can't be is told, and no more. */
export async function tellAddress(blobs: Blobs, url: string, log: Log): Promise<void> {
  try {
    await blobs.write(ADDRESS, url);
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    log.error(error.message);
  }
}

/** Where a running Watchbill serves its page; undefined: none runs. */
export const addressIn = async (dir: string): Promise<string | undefined> =>
  isHeld(dir) ? blobsIn(dir).read(ADDRESS) : undefined;

const ADDRESS = 'address';

/** The store of a Watchbill that may be running beside this command, or a new one. Throws `StoreError`. */
export async function openHome(
  options: { readonly cwd: string; readonly data: string },
  config: Config,
  log: Log,
): Promise<{ home: Home; store: SqliteStore }> {
  const dir = resolve(options.cwd, options.data);
  const lock = lockUnlessHeld(dir);
  const { store } = await openStore({ dir, lock, clock: systemClock, log });
  lock?.release();
  return { store, home: await Home.open({ store, clock: systemClock, log }, config) };
}

/** A running `start` has brought the data up to date already; without one, this command does. */
function lockUnlessHeld(dir: string): DataLock | undefined {
  try {
    return lockDataDir(dir);
  } catch (error) {
    if (error instanceof StoreError) return undefined;
    throw error;
  }
}
