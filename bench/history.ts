/**
 * How much room history takes: 90 days of 100 checks at 30 s in a real file: `node bench/history.ts [--days 90]
 * [--checks 100]`. The whole machine runs for an hour in virtual time. What it stored is stored again for each
 * hour of those days, rolled up by the core, and removed once it has expired, as under `start`.
 */
import { rmSync, statSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { parseArgs } from 'node:util';
import { lockDataDir } from '../lib/adapters/local/data-dir.ts';
import { startMachine } from '../lib/adapters/local/machine.ts';
import { openStore } from '../lib/adapters/local/sqlite-store.ts';
import { casesOf } from '../lib/cases.ts';
import type { Check } from '../lib/config/compiled.ts';
import { markDirty } from '../lib/dirty.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../lib/history.ts';
import { Home } from '../lib/home.ts';
import { ticksOf } from '../lib/items.ts';
import type { Want } from '../lib/judge.ts';
import { time } from '../lib/keys.ts';
import { type PackedTick, unpackTick } from '../lib/latest.ts';
import { type Draft, type Item, sleep } from '../lib/ports.ts';
import type { Finding } from '../lib/reading.ts';
import { Rollup } from '../lib/rollup.ts';
import { hashOf } from '../lib/schedule.ts';
import { writeId } from '../lib/store.ts';
import { VirtualClock } from '../test/kit/clock.ts';
import { silent } from '../test/kit/local-store.ts';
import { MemoryStore } from '../test/kit/memory-store.ts';
import { configOf, NO_NET } from '../test/kit/world.ts';

const { values } = parseArgs({
  options: { days: { type: 'string', default: '90' }, checks: { type: 'string', default: '100' } },
});
const DAYS = Number(values.days);
const EVERY_MS = 30_000;
const START = Date.UTC(2026, 0, 1);
const WEEK_HOURS = 7 * 24;
const OUTAGE_MS = 5 * MINUTE_MS;

const KINDS = `SELECT substr(partition, 1, instr(partition || '/', '/') - 1) AS kind, count(*) AS items,
  sum(length(body)) AS bytes FROM items GROUP BY kind ORDER BY bytes DESC`;

const names = Array.from({ length: Number(values.checks) }, (_, n) => `check-${n}`);
const config = configOf(names, {}, EVERY_MS);
const byHash = new Map(config.checks.map((check) => [hashOf(check.id), check]));
const observed = await observeHour();

const dir = await mkdtemp(join(tmpdir(), 'watchbill-bench-'));
const lock = lockDataDir(dir);
const clock = new VirtualClock(START);
const { store } = await openStore({ dir, lock, clock, log: silent });
const home = await Home.open({ store, clock, log: silent }, config);
const rollup = await Rollup.open(store, START);
let largest = 0;
for (let hour = START; hour < START + DAYS * DAY_MS; hour += HOUR_MS) await live(hour);
await store.close();
report();
await reopen();
lock.release();
rmSync(dir, { recursive: true });

/** The ticks that the machine stores in an hour. */
async function observeHour(): Promise<Item<PackedTick>[]> {
  const clock = new VirtualClock(START);
  const store = new MemoryStore();
  let runs = 0;
  const machine = await clock.run(
    startMachine({
      config,
      store,
      clock,
      log: silent,
      blobs: { read: async () => undefined, write: async () => {} },
      secrets: { get: async () => '' },
      net: () => NO_NET,
      probe: () => async () => {
        const finding = find(++runs);
        await sleep(clock, finding.latencyMs);
        return finding;
      },
      sender: () => ({ perMinute: 120, lane: () => '', send: async () => ({ outcome: 'accepted' }) }),
      canaryAnswers: async () => true,
      baseUrl: () => undefined,
      random: Math.random,
    }),
  );
  await clock.advance(HOUR_MS + MINUTE_MS);
  await clock.run(machine.stop());
  return store.list(ticksOf(START));
}

/** A web server over https: each answer takes its own time, one of 200 too long, and one of 250 isn't there. */
function find(n: number): Finding {
  const latencyMs = 20 + ((n * 7919) % 400);
  const up: Finding = {
    status: 'up',
    reasons: [],
    message: '',
    latencyMs,
    phases: { dns: 2, connect: 5, tls: 8, firstByte: latencyMs - 15, body: 0 },
    facts: {
      address: '192.0.2.10',
      expiresAt: '2026-09-09T12:00:00Z',
      chainExpiresAt: '2026-09-09T12:00:00Z',
    },
  };
  if (n % 200 === 0) return { ...up, status: 'degraded', reasons: ['too_slow'], message: 'It took 812 ms.' };
  if (n % 250 === 0)
    return { ...up, status: 'down', reasons: ['connect_refused'], message: 'Port 443 refuses.' };
  return up;
}

/** An hour passes: its ticks, the incidents of those whose turn it is in the week, and the roll-up. */
async function live(hour: number): Promise<void> {
  await Promise.all(observed.map((tick) => store.put(moved(tick, hour - START), 'absent', writeId())));
  const ill = config.checks.filter((_, n) => n % WEEK_HOURS === (hour / HOUR_MS) % WEEK_HOURS);
  await clock.advance(HOUR_MS - OUTAGE_MS);
  await settle(ill, 'open');
  await clock.advance(OUTAGE_MS);
  await settle(ill, 'close');
  const check = (hash: number) => byHash.get(hash);
  await markDirty(store, hour);
  await rollup.roll({ now: clock.now(), check, inMaintenance: () => false });
  largest = Math.max(largest, bytesOf('store.db') + bytesOf('store.db-wal'));
}

async function settle(checks: readonly Check[], want: Want): Promise<void> {
  const { reasons, message } = find(250);
  for (const [seen] of checks.map((check) => casesOf(check, home.world()))) {
    if (seen) await home.settle({ ...seen, want, evidence: { ...seen.evidence, reasons, message } });
  }
}

function moved(tick: Item, by: number): Draft {
  const [shard = '', beat = '', ...rest] = tick.sort.split('/');
  const sort = [shard, time(Number(beat) + by), ...rest].join('/');
  return { partition: ticksOf(START + by), sort, body: tick.body, expires: Number(tick.expires) + by };
}

function report(): void {
  const inHour = observed.reduce((sum, { body }) => sum + unpackTick(body, START).length, 0);
  const readings = inHour * 24 * DAYS;
  say(
    `${names.length} checks every ${EVERY_MS / 1_000} s for ${DAYS} days: ${readings.toLocaleString('en')} readings`,
  );
  say(`the file: ${mb(bytesOf('store.db'))}; with its log, at the most ${mb(largest)}`);
  say(`for each reading: ${(bytesOf('store.db') / readings).toFixed(2)} bytes`);
  const db = new DatabaseSync(join(dir, 'store.db'));
  for (const { kind, items, bytes } of db.prepare(KINDS).all()) {
    say(`  ${String(kind).padEnd(9)} ${String(items).padStart(8)} items, bodies of ${mb(Number(bytes))}`);
  }
  db.close();
}

/** What a start does before the first beat: it looks through the whole file, and reads what it needs of it. */
async function reopen(): Promise<void> {
  const begun = performance.now();
  const { store } = await openStore({ dir, lock, clock, log: silent });
  await Home.open({ store, clock, log: silent }, config);
  await Rollup.open(store, clock.now());
  say(`a start looks through it in ${((performance.now() - begun) / 1_000).toFixed(1)} s`);
  await store.close();
}

function bytesOf(file: string): number {
  return statSync(join(dir, file), { throwIfNoEntry: false })?.size ?? 0;
}

function mb(bytes: number): string {
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
