import { existsSync, statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { Damage, Refusal } from './sqlite-errors.ts';
import { ROWS, readRow } from './sqlite-items.ts';

/**
 * The versions of the data file: the entry at index v makes version v+1 out of v. Append, never edit.
 * A body may be anything from a few bytes to 300 KB, and a table with row ids packs those best (measured:
 * without them a row of 1.1 KB takes 4.7 KB). REAL holds a whole number in as few bytes as INTEGER does.
 */
export const MIGRATIONS: readonly string[] = [
  `CREATE TABLE items (
     partition TEXT NOT NULL,
     sort TEXT NOT NULL,
     version INTEGER NOT NULL,
     write_id TEXT NOT NULL,
     checksum INTEGER NOT NULL,
     due REAL,
     expires REAL,
     body TEXT NOT NULL,
     PRIMARY KEY (partition, sort)
   ) STRICT;
   CREATE INDEX items_due ON items (due) WHERE due IS NOT NULL;
   CREATE INDEX items_expires ON items (expires) WHERE expires IS NOT NULL;`,
];

/** "WB" and the version once more, so that a flipped bit is not taken for a newer version. */
const applicationId = (version: number): number => 0x5742_0000 + version;

/** A second process may write for a moment; ours waits that long for its turn. */
const BUSY_MS = 5_000;

export interface Opened {
  readonly db: DatabaseSync;
  /** Where the file is kept as it was before it was migrated. */
  readonly copy: string | undefined;
}

/**
 * Opens the data file, or makes it. Only its owner (who holds the lock of the data directory) migrates it and
 * looks through the whole of it, row by row: throws `Damage` if anything is not as it was written.
 */
export function openDatabase(path: string, owner: boolean, migrations = MIGRATIONS): Opened {
  refuseStump(path);
  const db = new DatabaseSync(path, { timeout: BUSY_MS });
  try {
    const version = readVersion(db);
    if (version > migrations.length) throw new Refusal(newer(version, migrations.length));
    if (version > 0 && version < migrations.length && !owner) throw new Refusal(OLDER);
    if (owner) checkPages(db);
    db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 16777216');
    const copy = version > 0 && version < migrations.length ? keepCopy(db, path, version) : undefined;
    if (version < migrations.length) migrate(db, migrations);
    if (owner) checkRows(db, migrations);
    return { db, copy };
  } catch (error) {
    db.close();
    throw error;
  }
}

/** SQLite takes what is shorter than its smallest page for a new file and writes over it. */
function refuseStump(path: string): void {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size > 0 && size < 512) throw new Damage(`${size} bytes are left of it`);
}

function readVersion(db: DatabaseSync): number {
  const version = Number(db.prepare('PRAGMA user_version').get()?.user_version);
  const id = Number(db.prepare('PRAGMA application_id').get()?.application_id);
  const empty = !db.prepare('SELECT 1 FROM sqlite_schema').get();
  const ours = version > 0 ? id === applicationId(version) && !empty : id === 0 && empty;
  if (!ours) throw new Damage(`not a data file of Watchbill (version ${version}, id ${id})`);
  return version;
}

/** All steps in one transaction. The version is read again in it: two commands may make the file at once. */
function migrate(db: DatabaseSync, migrations: readonly string[]): void {
  db.exec('BEGIN IMMEDIATE');
  for (const step of migrations.slice(readVersion(db))) db.exec(step);
  db.exec(`PRAGMA user_version = ${migrations.length}`);
  db.exec(`PRAGMA application_id = ${applicationId(migrations.length)}`);
  db.exec('COMMIT');
}

function keepCopy(db: DatabaseSync, path: string, version: number): string {
  const copy = freeName(`${path}.v${version}`);
  db.prepare('VACUUM INTO ?').run(copy);
  return copy;
}

function checkPages(db: DatabaseSync): void {
  const finding = db.prepare('PRAGMA integrity_check(1)').get()?.integrity_check;
  if (finding !== 'ok') throw new Damage(String(finding));
}

function checkRows(db: DatabaseSync, migrations: readonly string[]): void {
  const pristine = new DatabaseSync(':memory:');
  for (const step of migrations) pristine.exec(step);
  const expected = readSchema(pristine);
  pristine.close();
  if (readSchema(db) !== expected) throw new Damage('the tables are not those of this version');
  for (const row of db.prepare(ROWS).iterate()) readRow(row);
}

const readSchema = (db: DatabaseSync): string =>
  JSON.stringify(db.prepare('SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY name').all());

/** `path`, or with a number after it where that exists: nothing that was kept is ever written over. */
export function freeName(path: string): string {
  for (let n = 1; ; n++) {
    const name = n === 1 ? path : `${path}-${n}`;
    if (!existsSync(name)) return name;
  }
}

const newer = (version: number, ours: number): string =>
  `it was written by a newer Watchbill (data version ${version}, this one knows ${ours}): ` +
  'update Watchbill, or start it with another data directory';

const OLDER = 'it was written by an older Watchbill: "watchbill start" of this version brings it up to date';
