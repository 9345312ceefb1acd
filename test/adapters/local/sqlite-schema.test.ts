import { copyFile, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lockDataDir } from '../../../lib/adapters/local/data-dir.ts';
import { MIGRATIONS, openDatabase } from '../../../lib/adapters/local/sqlite-schema.ts';
import { openStore } from '../../../lib/adapters/local/sqlite-store.ts';
import { VirtualClock } from '../../kit/clock.ts';
import { silent, temporaryDir } from '../../kit/local-store.ts';

let dir: string;
let path: string;

/** Two versions that may come one day. */
const LATER = [
  ...MIGRATIONS,
  'ALTER TABLE items ADD COLUMN note TEXT',
  'CREATE INDEX items_note ON items (note)',
];
/** The second step fails half-way. */
const BROKEN = [...MIGRATIONS, 'CREATE TABLE half (a)', 'CREATE TABLE other (a); SELECT no_such_function()'];

beforeEach(async () => {
  dir = await temporaryDir();
  path = join(dir, 'store.db');
  const lock = lockDataDir(dir);
  const { store } = await openStore({ dir, lock, clock: new VirtualClock(), log: silent });
  for (let n = 0; n < 50; n++) await store.put({ partition: 'p', sort: `${n}`, body: n }, 'absent', `${n}`);
  await store.close();
  lock.release();
});
afterEach(() => rm(dir, { recursive: true }));

function look(file = path) {
  const db = new DatabaseSync(file);
  const rows = db.prepare('SELECT count(*) AS n FROM items').get()?.n;
  const tables = db.prepare('SELECT name FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name').all();
  const version = db.prepare('PRAGMA user_version').get()?.user_version;
  db.close();
  return { rows, version, names: tables.map(({ name }) => name).join(' ') };
}

const NOW = { rows: 50, version: 1, names: 'items items_due items_expires' };

describe('a file of another version (G10)', () => {
  it('of an older one is brought up to date, and a copy is kept of what it was', () => {
    const { db, copy } = openDatabase(path, true, LATER);
    db.close();
    expect(look()).toEqual({ rows: 50, version: 3, names: 'items items_due items_expires items_note' });
    expect(copy).toBe(`${path}.v1`);
    expect(look(copy)).toEqual(NOW);
  });

  it('is brought up to date once', async () => {
    openDatabase(path, true, LATER).db.close();
    const { db, copy } = openDatabase(path, true, LATER);
    db.close();
    expect(copy).toBeUndefined();
    expect(await readdir(dir)).toEqual(['lock.db', 'store.db', 'store.db.v1']);
  });

  it('never has its copy written over an earlier one', async () => {
    await copyFile(path, `${path}.v1`);
    const { db, copy } = openDatabase(path, true, LATER);
    db.close();
    expect(copy).toBe(`${path}.v1-2`);
  });

  it('whose migration fails is left as it was', () => {
    expect(() => openDatabase(path, true, BROKEN)).toThrow('no_such_function');
    expect(look()).toEqual(NOW);
    openDatabase(path, true).db.close();
  });

  it('is not migrated by a command beside start', () => {
    expect(() => openDatabase(path, false, LATER)).toThrow(
      /written by an older Watchbill: "watchbill start"/,
    );
    expect(look()).toEqual(NOW);
  });

  it.each([
    ['start', true],
    ['a command beside it', false],
  ])('of a newer one is refused by %s, and not touched', async (_, owner) => {
    openDatabase(path, true, LATER).db.close();
    const before = look();
    const lock = owner ? lockDataDir(dir) : undefined;
    await expect(openStore({ dir, lock, clock: new VirtualClock(), log: silent })).rejects.toThrow(
      `cannot use ${path}: it was written by a newer Watchbill (data version 3, this one knows 1): ` +
        'update Watchbill, or start it with another data directory',
    );
    lock?.release();
    expect(look()).toEqual(before);
    expect(await readdir(dir)).toEqual(['lock.db', 'store.db', 'store.db.v1']);
  });
});
