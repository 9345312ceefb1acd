/**
 * How long a start takes with 10,000 open incidents: `node bench/restart.ts [--incidents 10000]`. The store is filled
 * by the core; then the whole of Watchbill is started as its users do, and stopped: a process of its own, on a real
 * file, with a target that notes when it is first asked. The yardstick is the same start on an empty store.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync, statSync, writeFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { systemClock } from '../lib/adapters/local/clock.ts';
import { lockDataDir } from '../lib/adapters/local/data-dir.ts';
import { openStore } from '../lib/adapters/local/sqlite-store.ts';
import { loadConfig } from '../lib/config.ts';
import { Home } from '../lib/home.ts';
import type { Reading } from '../lib/reading.ts';
import { hashOf, shardingOf, shardOf } from '../lib/schedule.ts';
import { decide } from '../lib/watch.ts';
import { silent } from '../test/kit/local-store.ts';

const BIN = new URL('../bin/watchbill.ts', import.meta.url).pathname;
const { values } = parseArgs({ options: { incidents: { type: 'string', default: '10000' } } });
const INCIDENTS = Number(values.incidents);
const ROUNDS = 3;

/** Seconds. */
type Times = Readonly<Record<'serves' | 'probes' | 'shows them', number>>;

const dir = await mkdtemp(join(tmpdir(), 'watchbill-bench-'));
const configPath = join(dir, 'watchbill.config.json');

let asked = 0;
const target = createServer((_, response) => {
  asked ||= performance.now();
  response.writeHead(503).end();
}).listen(0, '127.0.0.1');
await once(target, 'listening');

writeConfig();
await fill(join(dir, 'full'));
const empty: Times[] = [];
const full: Times[] = [];
for (let round = 0; round < ROUNDS; round++) {
  empty.push(await measure(join(dir, `empty-${round}`), 0));
  full.push(await measure(join(dir, 'full'), INCIDENTS));
}
for (const what of ['serves', 'probes', 'shows them'] as const) {
  const seconds = median(full.map((times) => times[what]));
  const ratio = seconds / median(empty.map((times) => times[what]));
  say(`${what} after ${seconds.toFixed(1)} s, ${ratio.toFixed(1)} times as long as with an empty store`);
}
target.close();
rmSync(dir, { recursive: true });

function writeConfig(): void {
  const url = `http://127.0.0.1:${(target.address() as AddressInfo).port}/`;
  const checks = Array.from({ length: INCIDENTS }, (_, n) => ({
    id: `check-${n}`,
    type: 'http',
    url,
    public: true,
  }));
  writeFileSync(configPath, JSON.stringify({ name: 'Bench', network: { allow: ['127.0.0.0/8'] }, checks }));
}

/** Every check was seen to be down. */
async function fill(data: string): Promise<void> {
  const { config } = await loadConfig({ cwd: dir });
  const lock = lockDataDir(data);
  const { store } = await openStore({ dir: data, lock, clock: systemClock, log: silent });
  const home = await Home.open({ store, clock: systemClock, log: silent }, config);
  const sharding = shardingOf(config.checks.map(({ id }) => id));
  const beat = systemClock.now();
  const shards = Map.groupBy(config.checks, ({ id }) => shardOf(hashOf(id), sharding));
  for (const [shard, checks] of shards) {
    const readings = checks.map(({ id }) => down(id, beat));
    const tick = {
      location: 'local',
      shard,
      beat,
      cause: 'schedule',
      part: 0,
      readings,
      skipped: 0,
    } as const;
    await decide([tick], home);
  }
  say(`${home.openIncidents().length} open incidents`);
  await store.close();
  lock.release();
  say(`in a file of ${(statSync(join(data, 'store.db')).size / 1_000_000).toFixed(1)} MB`);
}

function down(check: string, at: number): Reading {
  return {
    check,
    at,
    tries: 4,
    status: 'down',
    reasons: ['unavailable'],
    message: 'It answered 503.',
    latencyMs: 12,
    phases: { connect: 1, firstByte: 11 },
    facts: { address: '127.0.0.1', httpStatus: 503 },
  };
}

/** One start: until it serves, until the first probe, until the page lists so many open incidents. */
async function measure(data: string, incidents: number): Promise<Times> {
  asked = 0;
  const since = systemClock.now();
  const begun = performance.now();
  const options = ['start', '--config', configPath, '--port', '0', '--data', data];
  const child = spawn(process.execPath, [BIN, ...options], { stdio: ['ignore', 'pipe', 'ignore'] });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const serving = performance.now();
  const url = /http:\S+/.exec(String(line))?.[0] ?? '';
  while (!(await lists(incidents, url, since))) await sleep(500);
  const shown = performance.now();
  while (asked === 0) await sleep(50);
  child.kill('SIGTERM');
  await once(child, 'close');
  const seconds = (at: number) => (at - begun) / 1_000;
  return { serves: seconds(serving), probes: seconds(asked), 'shows them': seconds(shown) };
}

/** Whether the page that was written since then lists so many open incidents. */
async function lists(count: number, url: string, since: number): Promise<boolean> {
  const answer = await fetch(new URL('/api/v1/summary', url));
  const { at, incidents } = (await answer.json()) as {
    at: string;
    incidents: { resolvedAt: string | null }[];
  };
  return Date.parse(at) >= since && incidents.filter(({ resolvedAt }) => resolvedAt === null).length >= count;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
