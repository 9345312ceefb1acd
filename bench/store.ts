/**
 * What the store costs: `npx node bench/store.ts`. The yardstick is plain node:sqlite in this thread, on the
 * same disk, in the same run: one commit for each row, and one for all of them.
 */
import { rmSync, statSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { systemClock } from '../lib/adapters/local/clock.ts';
import { lockDataDir } from '../lib/adapters/local/data-dir.ts';
import { openStore, type SqliteStore } from '../lib/adapters/local/sqlite-store.ts';
import { key, time } from '../lib/keys.ts';
import { writeId } from '../lib/store.ts';

const ROWS = 50_000;
const SINGLE = 5_000;
const ITEMS = 100_000;
const BODY = { p: 'x'.repeat(112) };

const dir = await mkdtemp(join(tmpdir(), 'watchbill-bench-'));
const lock = lockDataDir(dir);
const start = { dir, lock, clock: systemClock, log: { info() {}, warn() {}, error() {} } };
const { store } = await openStore(start);

const plainSingle = plain('single.db', SINGLE, 1);
const plainBatch = plain('batch.db', ROWS, 1_000);
const single = await perSecond(SINGLE, async () => {
  for (let n = 0; n < SINGLE; n++) await put(store, 'single', n);
});
const together = await perSecond(ROWS, async () => {
  const puts = Array.from({ length: ROWS }, (_, n) => put(store, 'together', n));
  await Promise.all(puts);
});
const writers = await perSecond(ROWS, async () => {
  let n = 0;
  const writer = async () => {
    while (n < ROWS) await put(store, 'writers', n++);
  };
  await Promise.all(Array.from({ length: 100 }, writer));
});
const reads = await perSecond(ROWS, async () => {
  for (let n = 0; n < ROWS; n += 100) {
    await Promise.all(
      Array.from({ length: 100 }, (_, i) => store.get({ partition: 'together', sort: time(n + i) })),
    );
  }
});
await store.close();

rmSync(join(dir, 'store.db'));
const fresh = (await openStore(start)).store;
for (let n = 0; n < ITEMS; n += 1_000) {
  await Promise.all(
    Array.from({ length: 1_000 }, (_, i) => put(fresh, key('tick', 'local', '0'), (n + i) * 30_000)),
  );
}
await fresh.close();
const bytes = statSync(join(dir, 'store.db')).size / ITEMS;
const opened = performance.now();
await (await openStore(start)).store.close();
const checkMs = performance.now() - opened;
lock.release();
rmSync(dir, { recursive: true });

print('plain node:sqlite, a commit for each put', plainSingle);
print('plain node:sqlite, a commit for 1,000', plainBatch);
print('store, one put after the other', single, plainSingle, 'a commit for each');
print('store, 100 writers', writers, plainBatch, 'a commit for 1,000');
print('store, all puts at once', together, plainBatch, 'a commit for 1,000');
print('store, gets by the hundred', reads);
say(`bytes in the file for an item with a body of ${JSON.stringify(BODY).length} bytes: ${bytes.toFixed(0)}`);
say(`opening and checking ${ITEMS} of them: ${checkMs.toFixed(0)} ms`);

function put(target: SqliteStore, partition: string, n: number): Promise<boolean> {
  return target.put({ partition, sort: time(n), body: BODY, expires: 2e12 + n }, 'absent', writeId());
}

function plain(file: string, rows: number, perCommit: number): number {
  const db = new DatabaseSync(join(dir, file));
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
  db.exec('CREATE TABLE t (partition TEXT, sort TEXT, body TEXT, PRIMARY KEY (partition, sort))');
  const insert = db.prepare('INSERT INTO t VALUES (?, ?, ?)');
  const begun = performance.now();
  for (let n = 0; n < rows; n += perCommit) {
    db.exec('BEGIN');
    for (let i = n; i < n + perCommit; i++) insert.run('p', time(i), JSON.stringify(BODY));
    db.exec('COMMIT');
  }
  const rate = (rows / (performance.now() - begun)) * 1_000;
  db.close();
  return rate;
}

async function perSecond(count: number, work: () => Promise<void>): Promise<number> {
  const begun = performance.now();
  await work();
  return (count / (performance.now() - begun)) * 1_000;
}

function print(what: string, rate: number, yardstick?: number, of?: string): void {
  const ratio = yardstick ? `  ${(rate / yardstick).toFixed(2)} of plain with ${of}` : '';
  say(`${what.padEnd(44)} ${Math.round(rate).toLocaleString('en').padStart(9)}/s${ratio}`);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
