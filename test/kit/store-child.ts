/**
 * A process that writes to the stores of the data directories it is given for as long as it lives. It puts down
 * in the file `said` of each directory what one may rely on, a line each: `found` with what the store held when
 * it was opened (as JSON), `ack WRITER N` for a step that a writer has done, and `no MESSAGE` where it begins to
 * fail. For each line it prints its first letter: a pipe can lose what a killed process wrote, a file can't.
 */
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
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
export const bodyOf = (n: number): string => `${n} `.repeat(n % 20 === 0 ? 1_000 : n % 50);

/** One step: the log of this step, away with an old one, then the state; each a commit of its own or together. */
async function step(store: SqliteStore, writer: string, n: number): Promise<void> {
  const log = `log ${writer}`;
  await store.put({ partition: log, sort: digits(n, 8), body: bodyOf(n) }, 'absent', writeId());
  await store.delete({ partition: log, sort: digits(Math.max(0, n - KEPT), 8) }, 1);
  const expected = n === 1 ? 'absent' : n - 1;
  await store.put({ partition: 'state', sort: writer, body: bodyOf(n) }, expected, writeId());
}

async function write(store: SqliteStore, writer: string, say: (line: string) => void): Promise<never> {
  for (let failing = false; ; ) {
    try {
      const n = ((await store.get({ partition: 'state', sort: writer }))?.version ?? 0) + 1;
      await step(store, writer, n);
      say(`ack ${writer} ${n}`);
      failing = false;
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      if (!failing) say(`no ${error.message}`);
      failing = true;
    }
  }
}

/** Opens one store; the answer begins to write. */
async function start(dir: string): Promise<() => Promise<unknown>> {
  const say = (line: string): void => {
    appendFileSync(join(dir, 'said'), `${line}\n`);
    process.stdout.write(line.charAt(0));
  };
  const lock = lockDataDir(dir);
  const { store, quarantined } = await openStore({ dir, lock, clock: new VirtualClock(), log: silent });
  const writers = Array.from({ length: WRITERS }, (_, index) => `w${index}`);
  const names = ['state', ...writers.map((writer) => `log ${writer}`)];
  const items = (await Promise.all(names.map((name) => store.list(name)))).flat();
  say(`found ${JSON.stringify({ quarantined, items })}`);
  return () => Promise.all(writers.map((writer) => write(store, writer, say)));
}

if (process.argv[1] === import.meta.filename) {
  const started = await Promise.all(process.argv.slice(2).map(start));
  await Promise.all(started.map((begin) => begin()));
}
