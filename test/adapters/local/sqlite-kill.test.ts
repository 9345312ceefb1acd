import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Item } from '../../../lib/ports.ts';
import { temporaryDir } from '../../kit/local-store.ts';
import { bodyOf, WRITERS } from '../../kit/store-child.ts';

const CHILD = new URL('../../kit/store-child.ts', import.meta.url).pathname;
/** How many stores are killed in all (1,000 at the most: a minute), and how many of them at once. */
const KILLS = Math.min(1_000, Number(process.env.WATCHBILL_RUNS ?? 16));
const STORES = 8;

interface Found {
  readonly quarantined?: string;
  readonly items: readonly Item<string>[];
}

/** One store, over all its lives: the last step of each writer that can't be lost any more. */
interface Ledger {
  readonly dir: string;
  known: Map<string, number>;
  checked: number;
}

/** Lets a child write to the stores until it has printed enough, kills it there, and books what it said. */
async function writeAndDie(ledgers: readonly Ledger[], enough: (printed: string) => boolean): Promise<void> {
  const dirs = ledgers.map(({ dir }) => dir);
  const child = spawn(process.execPath, [CHILD, ...dirs], { stdio: ['ignore', 'pipe', 'inherit'] });
  let printed = '';
  child.stdout.setEncoding('utf8').on('data', (letters: string) => {
    printed += letters;
    if (enough(printed)) child.kill('SIGKILL');
  });
  const [code, signal] = await once(child, 'close');
  expect({ code, signal }).toEqual({ code: null, signal: 'SIGKILL' });
  for (const ledger of ledgers) {
    const { found, acked } = await readLife(ledger.dir);
    if (!found) continue;
    check(found, ledger.known);
    const states = found.items.filter(({ partition }) => partition === 'state');
    ledger.known = new Map([...states.map(({ sort, version }) => [sort, version] as const), ...acked]);
    ledger.checked++;
  }
}

/** What the child said of one store, taken out of its file. The last line may have been cut off in the middle. */
async function readLife(dir: string): Promise<{ found: Found | undefined; acked: Map<string, number> }> {
  const path = join(dir, 'said');
  const said = existsSync(path) ? await readFile(path, 'utf8') : '';
  await rm(path, { force: true });
  const lines = said.split('\n').slice(0, -1);
  const found = lines.find((line) => line.startsWith('found '));
  const acks = lines.map((line) => line.split(' ')).filter(([word]) => word === 'ack');
  return {
    found: found && JSON.parse(found.slice('found '.length)),
    acked: new Map(acks.map(([, writer = '', n]) => [writer, Number(n)])),
  };
}

/** What was said to be done is there; at most one step more, and no half of anything. */
function check({ quarantined, items }: Found, known: ReadonlyMap<string, number>): void {
  expect(quarantined).toBeUndefined();
  for (let index = 0; index < WRITERS; index++) {
    const writer = `w${index}`;
    const state = items.find(({ partition, sort }) => partition === 'state' && sort === writer);
    const done = state?.version ?? 0;
    expect([0, 1]).toContain(done - (known.get(writer) ?? 0));
    if (state) expect(state.body === bodyOf(done)).toBe(true);
    const logs = items.filter(({ partition }) => partition === `log ${writer}`);
    for (const { sort, body } of logs) expect(body === bodyOf(Number(sort))).toBe(true);
    const kept = [done - 2, done - 1, done].filter((n) => n > 0);
    expect([kept, [...kept, done + 1], [...kept.slice(done > 2 ? 1 : 0), done + 1]]).toContainEqual(
      logs.map(({ sort }) => Number(sort)),
    );
  }
}

/** The same stores through so many lives, each ended at another point; the last one shows what is left. */
async function live(lives: number): Promise<Ledger[]> {
  const dirs = await Promise.all(Array.from({ length: STORES }, temporaryDir));
  const ledgers = dirs.map((dir): Ledger => ({ dir, known: new Map(), checked: 0 }));
  for (let life = 0; life < lives; life++) {
    const lines = 1 + ((life * 37 + 30) % 101);
    await writeAndDie(ledgers, (printed) => printed.length >= lines);
  }
  await writeAndDie(ledgers, (printed) => printed.match(/f/g)?.length === STORES);
  await Promise.all(dirs.map((dir) => rm(dir, { recursive: true })));
  return ledgers;
}

describe('kill -9 while it writes (G06)', () => {
  it(
    'leaves everything that was acknowledged, at most one step more, and nothing torn',
    async () => {
      const lives = Math.ceil(KILLS / STORES);
      const ledgers = await live(lives);
      for (const { checked } of ledgers) expect(checked).toBeGreaterThan(lives / 2);
      const written = ledgers.reduce((sum, { known }) => sum + known.size, 0);
      expect(written).toBeGreaterThan(WRITERS);
    },
    KILLS * 2_000 + 20_000,
  );
});
