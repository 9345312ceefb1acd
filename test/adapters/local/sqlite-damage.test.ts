import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lockDataDir } from '../../../lib/adapters/local/data-dir.ts';
import { explain } from '../../../lib/adapters/local/sqlite-errors.ts';
import { prepareItems, type Request } from '../../../lib/adapters/local/sqlite-items.ts';
import { openDatabase } from '../../../lib/adapters/local/sqlite-schema.ts';
import { openStore } from '../../../lib/adapters/local/sqlite-store.ts';
import { VirtualClock } from '../../kit/clock.ts';
import { silent, temporaryDir } from '../../kit/local-store.ts';

/** How many bits are flipped at random places. */
const RUNS = Number(process.env.WATCHBILL_RUNS ?? 300);
const PARTITIONS = ['p0', 'p1', 'p2'];

let dir: string;
let path: string;
beforeEach(async () => {
  dir = await temporaryDir();
  path = join(dir, 'store.db');
});
afterEach(() => rm(dir, { recursive: true }));

const write = (n: number, partition: string, expected: number | 'absent' = 'absent'): Request => ({
  op: 'put',
  draft: {
    partition,
    sort: `s${n}`,
    body: JSON.stringify(`${n}:${'é'.repeat(n % 10 === 0 ? 3000 : n * 3)}`),
    ...(n % 3 === 0 && { due: 1_700_000_000_000 + n }),
    ...(n % 2 === 0 && { expires: 1_800_000_000_000 + n }),
  },
  expected,
  writeId: `w${n}`,
});

/** A closed file with 70 items of all kinds, and pages that were in use once. */
function makeFile(): Buffer {
  const { db } = openDatabase(path, true);
  const perform = prepareItems(db);
  for (let n = 0; n < 80; n++) perform(write(n, `p${n % 3}`));
  for (let n = 0; n < 80; n += 8)
    perform({ op: 'delete', key: { partition: `p${n % 3}`, sort: `s${n}` }, version: 1 });
  db.close();
  return readFileSync(path);
}

/** Everything that the file holds, or that its owner is told that it is corrupt. */
function readFile(): string {
  try {
    const { db } = openDatabase(path, true);
    try {
      const perform = prepareItems(db);
      const lists = PARTITIONS.map((partition) => perform({ op: 'list', partition, options: {} }));
      return JSON.stringify([lists, perform({ op: 'due', now: 2e12, limit: 1000 })]);
    } finally {
      db.close();
    }
  } catch (error) {
    const failure = explain(error, true);
    return failure.corrupt ? 'corrupt' : failure.message;
  }
}

function damage(bytes: Buffer): string {
  for (const suffix of ['-wal', '-shm']) rmSync(path + suffix, { force: true });
  writeFileSync(path, bytes);
  return readFile();
}

describe('a flipped bit (G08)', () => {
  it('in the header is found, or changes nothing that is read', () => {
    const file = makeFile();
    const intact = readFile();
    const outcomes = new Map<string, number>();
    for (let bit = 0; bit < 100 * 8; bit++) {
      const bytes = Buffer.from(file);
      bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      const outcome = damage(bytes);
      expect(outcome === 'corrupt' || outcome === intact, `bit ${bit}`).toBe(true);
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    }
    expect(outcomes.get('corrupt')).toBeGreaterThan(200);
  });

  it('anywhere is found, or changes nothing that is read', () => {
    const file = makeFile();
    const intact = readFile();
    const bit = fc.nat({ max: file.length * 8 - 1 });
    fc.assert(
      fc.property(fc.uniqueArray(bit, { minLength: 1, maxLength: 3 }), (bits) => {
        const bytes = Buffer.from(file);
        for (const one of bits) bytes[one >> 3] = (bytes[one >> 3] ?? 0) ^ (1 << (one & 7));
        const outcome = damage(bytes);
        return outcome === 'corrupt' || outcome === intact;
      }),
      { numRuns: RUNS },
    );
  });

  it('in an item is always found', () => {
    const file = makeFile();
    const text = `79:${'é'.repeat(79 * 3)}`;
    const at = file.indexOf(text);
    expect(at).toBeGreaterThan(0);
    for (let byte = 0; byte < Buffer.byteLength(text); byte++) {
      const bytes = Buffer.from(file);
      bytes[at + byte] = (bytes[at + byte] ?? 0) ^ 4;
      expect(damage(bytes) === 'corrupt', `byte ${byte}`).toBe(true);
    }
  });
});

describe('a damaged file (G08)', () => {
  it('that was cut off is found', () => {
    const file = makeFile();
    for (let length = 1; length < file.length; length += 1021) {
      expect(damage(file.subarray(0, length)) === 'corrupt', `${length} bytes`).toBe(true);
    }
  });

  it('with a page of zeros is found, or it was an unused page', () => {
    const file = makeFile();
    const intact = readFile();
    const outcomes = [];
    for (let from = 0; from < file.length; from += 4096) {
      const bytes = Buffer.from(file);
      bytes.fill(0, from, from + 4096);
      outcomes.push(damage(bytes));
    }
    expect(outcomes.every((outcome) => outcome === 'corrupt' || outcome === intact)).toBe(true);
    expect(outcomes.filter((outcome) => outcome === 'corrupt').length).toBeGreaterThan(
      file.length / 4096 / 2,
    );
  });

  it('is replaced by an empty store that works, and kept bit for bit', async () => {
    const bytes = makeFile();
    bytes[40 * 100] = (bytes[40 * 100] ?? 0) ^ 255;
    bytes.fill(7, 4096, 4096 + 100);
    writeFileSync(path, bytes);
    const lock = lockDataDir(dir);
    const { store, quarantined } = await openStore({ dir, lock, clock: new VirtualClock(), log: silent });
    expect(readFileSync(quarantined ?? '')).toEqual(bytes);
    expect(await store.put({ partition: 'p', sort: 's', body: 1 }, 'absent', 'w')).toBe(true);
    await store.close();
    lock.release();
    expect(await readdir(dir)).toEqual(['lock.db', 'store.db', 'store.db.corrupt-20260101T000000Z']);
  });
});

describe('a damaged log', () => {
  /** Thirty commits, each of which writes the same number into every partition; then the power goes. */
  function makeLog(): void {
    const { db } = openDatabase(`${path}.live`, true);
    const perform = prepareItems(db);
    for (let n = 1; n <= 30; n++) {
      db.exec('BEGIN');
      for (const partition of PARTITIONS) {
        const put = write(n, partition, n === 1 ? 'absent' : n - 1);
        perform(put.op === 'put' ? { ...put, draft: { ...put.draft, sort: 's' } } : put);
      }
      db.exec('COMMIT');
    }
    for (const suffix of ['', '-wal']) copyFileSync(`${path}.live${suffix}`, path + suffix);
    db.close();
  }

  const versions = (read: string): number[] =>
    JSON.parse(read)[0].flatMap((items: { version: number }[]) => items.map(({ version }) => version));

  it('loses the commits from there on, never a part of one', () => {
    makeLog();
    const files = { db: readFileSync(path), log: readFileSync(`${path}-wal`) };
    expect(files.log.length).toBeGreaterThan(100_000);
    const seen = new Set<number>();
    fc.assert(
      fc.property(fc.nat({ max: files.log.length * 8 - 1 }), (bit) => {
        const log = Buffer.from(files.log);
        log[bit >> 3] = (log[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        rmSync(`${path}-shm`, { force: true });
        writeFileSync(path, files.db);
        writeFileSync(`${path}-wal`, log);
        const found = new Set(versions(readFile()));
        expect(found.size).toBeLessThanOrEqual(1);
        for (const version of found) seen.add(version);
      }),
      { numRuns: RUNS },
    );
    expect(seen.size).toBeGreaterThan(10);
  });
});
