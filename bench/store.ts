/**
 * What the store costs: `node bench/store.ts`. The yardstick is plain node:sqlite in this thread, on the same disk,
 * taking turns with it: a commit for each row, or for 1,000. Printed are medians.
 */
import { rmSync, statSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { systemClock } from '../lib/adapters/local/clock.ts';
import { lockDataDir } from '../lib/adapters/local/data-dir.ts';
import { openStore } from '../lib/adapters/local/sqlite-store.ts';
import { time } from '../lib/keys.ts';
import { writeId } from '../lib/store.ts';
import { silent } from '../test/kit/local-store.ts';

const ITEMS = 100_000;
const BODY = { p: 'x'.repeat(112) };

const dir = await mkdtemp(join(tmpdir(), 'watchbill-bench-'));
const lock = lockDataDir(dir);
const start = { dir, lock, clock: systemClock, log: silent };
const db = new DatabaseSync(join(dir, 'plain.db'));
db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
db.exec('CREATE TABLE t (partition TEXT, sort TEXT, body TEXT, PRIMARY KEY (partition, sort))');
const insert = db.prepare('INSERT INTO t VALUES (?, ?, ?)');
const { store } = await openStore(start);

// so few at a time, because a disk that others use has moods
await takeTurns(200, 20, [
  { name: 'plain, a commit for each put', run: plain(1) },
  { name: 'store, one put after the other', run: atOnce(1, put) },
]);
await takeTurns(15, 5_000, [
  { name: 'plain, a commit for 1,000', run: plain(1_000) },
  { name: 'store, puts of 100 writers', run: atOnce(100, put) },
  { name: 'store, all puts at once', run: atOnce(5_000, put) },
  { name: 'store, gets of 100 readers', run: atOnce(100, get) },
]);
await store.close();
db.close();
rmSync(join(dir, 'store.db'));
await measureFile();
lock.release();
rmSync(dir, { recursive: true });

interface Contender {
  readonly name: string;
  /** Makes its calls, all in a partition of their own. */
  readonly run: (partition: string, calls: number) => Promise<void>;
}

/** Prints the medians, and what they are of that of the first. */
async function takeTurns(turns: number, calls: number, contenders: readonly Contender[]): Promise<void> {
  const rates = new Map(contenders.map(({ name }): [string, number[]] => [name, []]));
  for (let turn = 0; turn < turns; turn++) {
    for (const { name, run } of contenders) {
      const begun = performance.now();
      await run(`${name} ${turn}`, calls);
      rates.get(name)?.push((calls / (performance.now() - begun)) * 1_000);
    }
  }
  const [plain = 0, ...others] = [...rates.values()].map(median);
  print(`${contenders[0]?.name}: ${perSecond(plain)}`);
  for (const [i, rate] of others.entries())
    print(`  ${contenders[i + 1]?.name}: ${perSecond(rate)}, ${(rate / plain).toFixed(2)} of that`);
}

function plain(perCommit: number): Contender['run'] {
  return async (partition, calls) => {
    for (let n = 0; n < calls; n += perCommit) {
      db.exec('BEGIN');
      for (let i = n; i < n + perCommit; i++) insert.run(partition, time(i), JSON.stringify(BODY));
      db.exec('COMMIT');
    }
  };
}

function atOnce(callers: number, call: (partition: string, n: number) => Promise<unknown>): Contender['run'] {
  return async (partition, calls) => {
    let n = 0;
    const caller = async () => {
      while (n < calls) await call(partition, n++);
    };
    await Promise.all(Array.from({ length: callers }, caller));
  };
}

function put(partition: string, n: number, into = store): Promise<boolean> {
  return into.put({ partition, sort: time(n), body: BODY, expires: 2e12 + n }, 'absent', writeId());
}

function get(_: string, n: number): Promise<unknown> {
  return store.get({ partition: 'store, puts of 100 writers 0', sort: time(n) });
}

/** How large a file of many small items is, and how long its owner looks through it before it starts. */
async function measureFile(): Promise<void> {
  const { store } = await openStore(start);
  await Promise.all(Array.from({ length: ITEMS }, (_, n) => put('tick', n, store)));
  await store.close();
  const bytes = statSync(join(dir, 'store.db')).size / ITEMS;
  const opened = performance.now();
  await (await openStore(start)).store.close();
  const ms = performance.now() - opened;
  print(`in the file an item with a body of ${JSON.stringify(BODY).length} bytes takes ${bytes.toFixed(0)}`);
  print(`opening and checking ${ITEMS.toLocaleString('en')} of them takes ${ms.toFixed(0)} ms`);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

function perSecond(rate: number): string {
  return `${Math.round(rate).toLocaleString('en')}/s`;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
