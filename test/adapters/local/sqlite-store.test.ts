import { spawn } from 'node:child_process';
import { on, once } from 'node:events';
import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type DataLock, isHeld, lockDataDir } from '../../../lib/adapters/local/data-dir.ts';
import { openStore, type SqliteStore } from '../../../lib/adapters/local/sqlite-store.ts';
import { type Item, StoreError } from '../../../lib/ports.ts';
import { update } from '../../../lib/store.ts';
import { settle, VirtualClock } from '../../kit/clock.ts';
import { silent, temporaryDir } from '../../kit/local-store.ts';

const CHILD = new URL('../../kit/store-child.ts', import.meta.url).pathname;

let dir: string;
let clock: VirtualClock;
let lines: string[];
let open: { close(): unknown }[];

beforeEach(async () => {
  dir = await temporaryDir();
  clock = new VirtualClock(Date.UTC(2026, 0, 1));
  lines = [];
  open = [];
});
afterEach(async () => {
  for (const each of open.reverse()) await each.close();
  await rm(dir, { recursive: true });
});

const log = {
  ...silent,
  error: (line: string) => lines.push(line),
  warn: (line: string) => lines.push(line),
};

function lock(): DataLock {
  const held = lockDataDir(dir);
  open.push({ close: () => held.release() });
  return held;
}

async function start(held: DataLock | undefined = lock()) {
  const opened = await openStore({ dir, lock: held, clock, log });
  open.push(opened.store);
  return opened;
}

/** As a command beside `start` opens it. */
const startBeside = async () => {
  const { store } = await openStore({ dir, clock, log });
  open.push(store);
  return store;
};

const put = (store: SqliteStore, sort: string, more: { body?: unknown; expires?: number } = {}) =>
  store.put({ partition: 'p', sort, body: 1, ...more }, 'absent', sort);
const sorts = async (store: SqliteStore) => (await store.list('p')).map(({ sort }) => sort);

/** What is done to the file while no Watchbill has it open. */
function tamper(sql: string): void {
  const db = new DatabaseSync(join(dir, 'store.db'));
  db.exec(sql);
  db.close();
}

describe('opening and closing', () => {
  it('makes a new directory and file, and finds everything there the next time', async () => {
    const held = lock();
    const { store, quarantined } = await start(held);
    expect(quarantined).toBeUndefined();
    await put(store, 'a', { body: { deep: ['é', 1] } });
    await store.close();
    expect((await (await start(held)).store.get({ partition: 'p', sort: 'a' }))?.body).toEqual({
      deep: ['é', 1],
    });
  });

  it('writes everything that was asked before close, and refuses what is asked after', async () => {
    const held = lock();
    const { store } = await start(held);
    const puts = Array.from({ length: 2500 }, (_, n) => put(store, `${n}`));
    await Promise.all([store.close(), store.close()]);
    expect(await Promise.all(puts)).toEqual(Array(2500).fill(true));
    await expect(put(store, 'late')).rejects.toThrow(StoreError);
    await expect(store.list('p')).rejects.toThrow('the store is closed');
    expect(await (await start(held)).store.list('p')).toHaveLength(2500);
  });

  it('leaves one file and the lock behind', async () => {
    await (await start()).store.close();
    expect(await readdir(dir)).toEqual(['lock.db', 'store.db']);
  });

  it('says what is wrong when there can be no directory', async () => {
    await writeFile(join(dir, 'file'), '');
    expect(() => lockDataDir(join(dir, 'file', 'data'))).toThrow(StoreError);
    await expect(openStore({ dir: join(dir, 'file', 'data'), clock, log })).rejects.toThrow(
      /^cannot make .*file/,
    );
  });
});

describe('one start, and commands beside it (G09)', () => {
  it('refuses the second start, until the first is over', () => {
    const first = lockDataDir(dir);
    expect(() => lockDataDir(dir)).toThrow(StoreError);
    expect(() => lockDataDir(dir)).toThrow(`cannot use ${dir}: another "watchbill start" is running on it`);
    expect(isHeld(dir)).toBe(true);
    first.release();
    expect(isHeld(dir)).toBe(false);
    lockDataDir(dir).release();
  });

  it('refuses it to another process, for as long as the first one lives', async () => {
    const child = spawn(process.execPath, [CHILD, dir], { stdio: ['ignore', 'pipe', 'inherit'] });
    open.push({ close: () => child.kill('SIGKILL') });
    const acked = new Promise<void>((resolve) =>
      child.stdout.setEncoding('utf8').on('data', (letters: string) => letters.includes('a') && resolve()),
    );
    await acked;
    expect(() => lockDataDir(dir)).toThrow('another "watchbill start" is running on it');
    const beside = await startBeside();
    expect(await beside.list('state')).not.toHaveLength(0);
    expect(await put(beside, 'a')).toBe(true);
    child.kill('SIGKILL');
    await once(child, 'close');
    const { store } = await start();
    expect(await sorts(store)).toEqual(['a']);
  });

  it('lets a command read what start wrote, and write by the same compare-and-set', async () => {
    const { store } = await start();
    await put(store, 'a');
    const beside = await startBeside();
    expect(await sorts(beside)).toEqual(['a']);
    expect(await put(beside, 'b')).toBe(true);
    expect(await put(store, 'c')).toBe(true);
    expect(await beside.put({ partition: 'p', sort: 'c', body: 2 }, 1, 'theirs')).toBe(true);
    expect(await store.put({ partition: 'p', sort: 'c', body: 2 }, 1, 'ours')).toBe(false);
    expect(await sorts(store)).toEqual(['a', 'b', 'c']);
  });

  it('lets a command come first', async () => {
    const beside = await startBeside();
    const { store } = await start();
    await put(store, 'a');
    expect(await sorts(beside)).toEqual(['a']);
  });

  it('loses no update when two processes count in one item', async () => {
    const { store } = await start();
    const beside = await startBeside();
    const count = async (one: SqliteStore) => {
      for (let n = 0; n < 100; n++)
        await update<number>(one, { partition: 'p', sort: 's' }, (item) => ({ body: (item?.body ?? 0) + 1 }));
    };
    await Promise.all([count(store), count(beside)]);
    expect(await store.get({ partition: 'p', sort: 's' })).toMatchObject({ body: 200, version: 200 });
  });
});

describe('what has expired', () => {
  const HOUR = 3_600_000;

  it('goes within minutes, all of it, and nothing else does (G11)', async () => {
    const { store } = await start();
    const now = clock.now();
    await Promise.all(Array.from({ length: 1234 }, (_, n) => put(store, `old ${n}`, { expires: now - n })));
    await put(store, 'new', { expires: now + HOUR });
    await put(store, 'forever');
    while ((await sorts(store)).length > 2) await clock.advance(60_000);
    expect(await sorts(store)).toEqual(['forever', 'new']);
    await clock.advance(HOUR);
    while ((await sorts(store)).length > 1) await clock.advance(60_000);
    expect(await sorts(store)).toEqual(['forever']);
  });

  it('is left alone by a command beside start', async () => {
    const beside = await startBeside();
    await put(beside, 'old', { expires: 0 });
    expect(clock.pending).toBe(0);
    await clock.advance(HOUR);
    expect(await sorts(beside)).toEqual(['old']);
  });

  it('is no longer looked for once the store is closed', async () => {
    const { store } = await start();
    await clock.advance(60_000);
    await store.close();
    expect(clock.pending).toBe(0);
    await clock.advance(HOUR);
    expect(clock.pending).toBe(0);
    expect(lines).toEqual([]);
  });
});

describe('a damaged file (G08)', () => {
  it.each([
    ['a row that is not as it was written', `UPDATE items SET body = '2' WHERE sort = 'b'`],
    ['a version that is not', `UPDATE items SET version = 7 WHERE sort = 'b'`],
    ['a key that is not', `UPDATE items SET sort = 'bb' WHERE sort = 'b'`],
    ['a time that is not', `UPDATE items SET due = 7 WHERE sort = 'b'`],
    ['a table that is gone', 'DROP TABLE items'],
    ['a column of another name', 'ALTER TABLE items RENAME COLUMN body TO bodx'],
    ['an index that is gone', 'DROP INDEX items_due'],
    ['a version that does not fit', 'PRAGMA user_version = 65537'],
    ['a file of another program', 'PRAGMA application_id = 7'],
  ])('%s is put aside, kept, and reported; an empty store begins', async (_, sql) => {
    const held = lock();
    const { store } = await start(held);
    for (const sort of ['a', 'b', 'c']) await put(store, sort);
    await store.close();
    tamper(sql);
    const again = await start(held);
    expect(again.quarantined).toBe(join(dir, 'store.db.corrupt-20260101T000000Z'));
    expect(await readdir(dir)).toContain('store.db.corrupt-20260101T000000Z');
    expect(lines).toEqual([
      expect.stringMatching(/^the data file is corrupt.*it is kept as .*corrupt-20260101T/),
    ]);
    expect(await again.store.list('p')).toEqual([]);
    expect(await put(again.store, 'a')).toBe(true);
  });

  it('is never put over one that was put aside before', async () => {
    const held = lock();
    for (const text of ['one', 'two', 'three']) {
      await writeFile(join(dir, 'store.db'), `${text} is no database`.repeat(100));
      const { store, quarantined } = await start(held);
      expect(quarantined).toBeDefined();
      await store.close();
    }
    expect((await readdir(dir)).filter((name) => name.includes('corrupt'))).toHaveLength(3);
  });

  it('is not touched by a command that does not own it', async () => {
    await writeFile(join(dir, 'store.db'), 'no database'.repeat(100));
    await expect(startBeside()).rejects.toThrow(/^cannot use .*store\.db: the data file is corrupt/);
    expect(await readdir(dir)).toEqual(['store.db']);
  });

  it('met while running is a StoreError with its cause, for what it touches and nothing else', async () => {
    const { store } = await start();
    for (const sort of ['a', 'b', 'c']) await put(store, sort);
    tamper(`UPDATE items SET body = '2' WHERE sort = 'b'`);
    const answers = await Promise.allSettled(
      ['a', 'b', 'c'].map((sort) => store.get({ partition: 'p', sort })),
    );
    expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    await expect(store.list('p')).rejects.toThrow(StoreError);
    await expect(store.list('p')).rejects.toThrow('the data file is corrupt (p b is not as it was written)');
    expect(await store.list<Item>('p', { to: 'a' })).toHaveLength(1);
  });
});

it('goes on in another thread when its own has died, with all that was written (G06)', async () => {
  const threads = on(process, 'worker');
  const nextThread = async (): Promise<Worker> => {
    const { value } = await threads.next();
    return (value as [Worker])[0];
  };
  const { store } = await start();
  const key = { partition: 'p', sort: 's' };
  await store.put({ ...key, body: 'before' }, 'absent', 'w1');
  const first = await nextThread();
  const underway = store.get(key);
  await Promise.all([first.terminate(), expect(underway).rejects.toThrow(StoreError)]);
  await once(await nextThread(), 'message');
  await settle();
  expect((await store.get(key))?.body).toBe('before');
  expect(await store.put({ ...key, body: 'after' }, 1, 'w2')).toBe(true);
  expect(lines).toEqual(['the thread of the store is gone: another one takes its place']);
});
