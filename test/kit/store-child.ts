/**
 * A process that writes to the stores of the data directories it is given for as long as it lives. It says on
 * its output, each line after the directory's index, what one may rely on: `begin`, `found` with what the store
 * held when it was opened (as JSON), `ack WRITER N` for each step that a writer has done, and `failed MESSAGE`
 * where it could not.
 */
import { lockDataDir } from '../../lib/adapters/local/data-dir.ts';
import { openStore, type SqliteStore } from '../../lib/adapters/local/sqlite-store.ts';
import { digits } from '../../lib/keys.ts';
import { StoreError } from '../../lib/ports.ts';
import { writeId } from '../../lib/store.ts';
import { VirtualClock } from './clock.ts';
import { silent } from './local-store.ts';

export const WRITERS = 6;
const KEPT = 3;

/** What a writer's step leaves, recognisable by its size and by every byte. */
export const bodyOf = (n: number): string => `${n} `.repeat(n % 20 === 0 ? 5_000 : n % 50);

/** One step: the log of this step, away with an old one, then the state; each a commit of its own or together. */
async function step(store: SqliteStore, writer: string, n: number): Promise<void> {
  const log = `log ${writer}`;
  await store.put({ partition: log, sort: digits(n, 8), body: bodyOf(n) }, 'absent', writeId());
  await store.delete({ partition: log, sort: digits(Math.max(0, n - KEPT), 8) }, 1);
  const expected = n === 1 ? 'absent' : n - 1;
  await store.put({ partition: 'state', sort: writer, body: bodyOf(n) }, expected, writeId());
}

async function write(store: SqliteStore, writer: string, say: (line: string) => void): Promise<never> {
  for (;;) {
    try {
      const n = ((await store.get({ partition: 'state', sort: writer }))?.version ?? 0) + 1;
      await step(store, writer, n);
      say(`ack ${writer} ${n}`);
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      say(`failed ${error.message}`);
    }
  }
}

async function run(dir: string, say: (line: string) => void): Promise<void> {
  say('begin');
  const lock = lockDataDir(dir);
  const { store, quarantined } = await openStore({ dir, lock, clock: new VirtualClock(), log: silent });
  const writers = Array.from({ length: WRITERS }, (_, index) => `w${index}`);
  const names = ['state', ...writers.map((writer) => `log ${writer}`)];
  const items = (await Promise.all(names.map((name) => store.list(name)))).flat();
  say(`found ${JSON.stringify({ quarantined, items })}`);
  await Promise.all(writers.map((writer) => write(store, writer, say)));
}

if (process.argv[1] === import.meta.filename) {
  const dirs = process.argv.slice(2);
  // a write to a pipe is over when it returns, so what was said stays said when the process is killed
  await Promise.all(dirs.map((dir, index) => run(dir, (line) => process.stdout.write(`${index} ${line}\n`))));
}
