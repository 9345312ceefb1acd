import { existsSync, mkdirSync, renameSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { StoreError } from '../../ports.ts';
import { explain } from './sqlite-errors.ts';
import { freeName } from './sqlite-schema.ts';

/** `isHeld` looks for a moment only: a start waits that out. */
const GLANCE_MS = 100;

/** Held by the one process that owns a data directory. */
export interface DataLock {
  release(): void;
}

/** A lock that nobody remembers must not be collected as garbage: that would open it. */
const held = new Set<DatabaseSync>();

/**
 * Makes the directory where it is missing and takes hold of it, so that a second `start` on it is refused
 * (`StoreError`) while other commands work beside this one. The system lets go of the lock with the process,
 * however that ends: it is a lock on an empty SQLite file.
 */
export function lockDataDir(dir: string): DataLock {
  makeDataDir(dir);
  try {
    const db = new DatabaseSync(join(dir, 'lock.db'), { timeout: GLANCE_MS });
    try {
      db.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
    } catch (error) {
      db.close();
      throw error;
    }
    held.add(db);
    return {
      release: () => {
        held.delete(db);
        db.close();
      },
    };
  } catch (error) {
    const why = isBusy(error) ? 'another "watchbill start" is running on it' : explain(error).message;
    throw new StoreError(`cannot use ${dir}: ${why}`, { cause: error });
  }
}

/** Whether a process owns the directory. Changes nothing in it. Throws `StoreError`. */
export function isHeld(dir: string): boolean {
  const path = join(dir, 'lock.db');
  if (!existsSync(path)) return false;
  try {
    using db = new DatabaseSync(path, { readOnly: true, timeout: 0 });
    db.exec('SELECT 1 FROM sqlite_schema');
    return false;
  } catch (error) {
    if (isBusy(error)) return true;
    throw new StoreError(`cannot use ${dir}: ${explain(error).message}`, { cause: error });
  }
}

const SQLITE_BUSY = 5;

const isBusy = (error: unknown): boolean =>
  error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY;

/** Throws `StoreError`. What it holds is for its user alone. */
export function makeDataDir(dir: string): void {
  try {
    makeAll(resolve(dir));
  } catch (error) {
    throw new StoreError(`cannot make ${dir}: ${error instanceof Error ? error.message : error}`, {
      cause: error,
    });
  }
}

/** Like mkdir -p; that of Node tries for ever where a parent is there and takes no child, as in /proc. */
function makeAll(dir: string): void {
  if (statSync(dir, { throwIfNoEntry: false })?.isDirectory()) return;
  if (dirname(dir) !== dir) makeAll(dirname(dir));
  try {
    mkdirSync(dir, { mode: 0o700 });
  } catch (error) {
    // another process may have been faster
    if (!statSync(dir, { throwIfNoEntry: false })?.isDirectory()) throw error;
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
