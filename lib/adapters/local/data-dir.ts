import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { StoreError } from '../../ports.ts';
import { explain } from './sqlite-errors.ts';
import { freeName } from './sqlite-schema.ts';

/** Held by the one process that owns a data directory. */
export interface DataLock {
  release(): void;
}

/**
 * Makes the directory where it is missing and takes hold of it, so that a second `start` on it is refused
 * (`StoreError`) while other commands work beside this one. The system lets go of the lock with the process,
 * however that ends: it is a lock on an empty SQLite file.
 */
export function lockDataDir(dir: string): DataLock {
  makeDataDir(dir);
  try {
    const db = new DatabaseSync(join(dir, 'lock.db'), { timeout: 0 });
    try {
      db.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
    } catch (error) {
      db.close();
      throw error;
    }
    return { release: () => db.close() };
  } catch (error) {
    const busy = error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY;
    const why = busy ? 'another "watchbill start" is running on it' : explain(error).message;
    throw new StoreError(`cannot use ${dir}: ${why}`, { cause: error });
  }
}

const SQLITE_BUSY = 5;

/** Throws `StoreError`. What it holds is for its user alone. */
export function makeDataDir(dir: string): void {
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new StoreError(`cannot make ${dir}: ${error instanceof Error ? error.message : error}`, {
      cause: error,
    });
  }
}

/**
 * Puts a damaged data file aside, under a name with the time in it, and answers that name. Its log goes first:
 * a log that stayed behind would be taken for that of the next file.
 */
export function quarantine(path: string, at: number): string {
  const aside = freeName(`${path}.corrupt-${new Date(at).toISOString().replaceAll(/[-:]|\.\d+/g, '')}`);
  for (const suffix of ['-wal', '-shm', '']) {
    if (existsSync(path + suffix)) renameSync(path + suffix, aside + suffix);
  }
  return aside;
}
