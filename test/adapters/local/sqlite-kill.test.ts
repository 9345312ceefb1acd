import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { describe, expect, it } from 'vitest';
import type { Item } from '../../../lib/ports.ts';
import { temporaryDir } from '../../kit/local-store.ts';
import { bodyOf, WRITERS } from '../../kit/store-child.ts';

const CHILD = new URL('../../kit/store-child.ts', import.meta.url).pathname;
/** How many stores are killed in all, and how many of them at once: a process costs more than a store. */
const KILLS = Number(process.env.WATCHBILL_RUNS ?? 12);
const STORES = 4;

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

/** Lets a child write to the stores until it has said so many lines, kills it there, and books what it said. */
async function writeAndDie(ledgers: readonly Ledger[], lines: number): Promise<void> {
  const dirs = ledgers.map(({ dir }) => dir);
  const child = spawn(process.execPath, [CHILD, ...dirs], { stdio: ['ignore', 'pipe', 'inherit'] });
  const lives = ledgers.map(() => ({
    found: undefined as Found | undefined,
    acked: new Map<string, number>(),
  }));
  let said = 0;
  createInterface({ input: child.stdout }).on('line', (line) => {
    const [index, word, writer = '', n] = line.split(' ', 4);
    const life = lives[Number(index)];
    if (word === 'ack') life?.acked.set(writer, Number(n));
    else if (life && word === 'found') life.found = JSON.parse(line.slice(line.indexOf('{')));
    if (said++ >= lines) child.kill('SIGKILL');
  });
  const [code, signal] = await once(child, 'close');
  expect({ code, signal }).toEqual({ code: null, signal: 'SIGKILL' });
  for (const [index, ledger] of ledgers.entries()) {
    const { found, acked = new Map() } = lives[index] ?? {};
    if (!found) continue;
    check(found, ledger.known);
    const states = found.items.filter(({ partition }) => partition === 'state');
    ledger.known = new Map([...states.map(({ sort, version }) => [sort, version] as const), ...acked]);
    ledger.checked++;
  }
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

/** The same stores through so many lives, each ended at another point; the last one only looks. */
async function live(count: number): Promise<number> {
  const dirs = await Promise.all(Array.from({ length: STORES }, temporaryDir));
  const ledgers = dirs.map((dir): Ledger => ({ dir, known: new Map(), checked: 0 }));
  for (let life = 0; life < count; life++) await writeAndDie(ledgers, (life * 37) % 151);
  await writeAndDie(ledgers, 60);
  await Promise.all(dirs.map((dir) => rm(dir, { recursive: true })));
  return ledgers.reduce((sum, { checked }) => sum + checked, 0);
}

describe('kill -9 while it writes (G06)', () => {
  it(
    'leaves everything that was acknowledged, at most one step more, and nothing torn',
    async () => {
      const lives = Math.ceil(KILLS / STORES);
      // some lives end before a store is open: what they leave is seen by the next one
      expect(await live(lives)).toBeGreaterThan(KILLS * 0.8);
    },
    KILLS * 2_000 + 10_000,
  );
});
