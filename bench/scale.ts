/**
 * 10,000 checks at 60 s, half of which hang: `npx node bench/scale.ts [--minutes 5] [--checks 10000]`. How late the
 * healthy ones are, seen by the server that they ask; whether a beat is missed; what it takes. The first minute, in
 * which everything starts, is not counted. Linux only: CPU time and memory are read from /proc.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { offsetIn } from '../lib/schedule.ts';
import { partner } from './kit/process.ts';
import type { Seen, Target } from './kit/target.ts';
import { startWatchbill } from './kit/watchbill.ts';

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '5' }, checks: { type: 'string', default: '10000' } },
});
const EVERY_MS = 60_000;
const SAMPLE_MS = 10_000;

const dir = mkdtempSync(join(tmpdir(), 'watchbill-bench-'));
const target = await partner<Target, Seen>(new URL('./kit/target.ts', import.meta.url), 'arrivals');
const checks = Array.from({ length: Number(values.checks) }, (_, i) => {
  const port = i % 2 === 0 ? target.first.http : target.first.silent;
  return { id: `check-${i}`, type: 'http', url: `http://127.0.0.1:${port}/check-${i}`, every: '60s' };
});
const healthy = checks.filter((_, i) => i % 2 === 0);

const watchbill = await startWatchbill(dir, checks);
await sleep(EVERY_MS);
await target.ask();
const from = Date.now();
print('second   CPU   resident');
for (let cpu = watchbill.cpu(), n = 1; n <= (Number(values.minutes) * EVERY_MS) / SAMPLE_MS; n += 1) {
  await sleep(from + n * SAMPLE_MS - Date.now());
  const share = (watchbill.cpu() - cpu) / (SAMPLE_MS / 1_000);
  cpu = watchbill.cpu();
  const second = String((n * SAMPLE_MS) / 1_000).padStart(6);
  print(
    `${second}  ${(100 * share).toFixed(0).padStart(3)} %  ${watchbill.memory().toFixed(0).padStart(5)} MiB`,
  );
}
const until = Date.now();
const { arrivals } = await target.ask();
await watchbill.stop();
target.stop();
rmSync(dir, { recursive: true });

const lateness = healthy.flatMap(({ id }) => (arrivals[`/${id}`] ?? []).map((at) => sinceSlot(id, at)));
const missed = healthy.flatMap(({ id }) => slotsOf(id).filter((slot) => !isServed(id, slot)));
const sorted = lateness.toSorted((a, b) => a - b);
const at = (share: number) => `${sorted[Math.floor(share * (sorted.length - 1))]} ms`;
print(`${healthy.length} healthy checks, ${lateness.length} probes, ${missed.length} beats missed`);
print(`late: median ${at(0.5)}, p99 ${at(0.99)}, p99.9 ${at(0.999)}, most ${at(1)}`);

/** ms from the nearest slot of a check; negative: before it, since the clocks of two processes differ a little. */
function sinceSlot(id: string, time: number): number {
  const phase = offsetIn({ id, every: EVERY_MS }, 0, EVERY_MS) ?? 0;
  const since = (((time - phase) % EVERY_MS) + EVERY_MS) % EVERY_MS;
  return since > EVERY_MS / 2 ? since - EVERY_MS : since;
}

/** Its slots of which half an interval before and after was watched. */
function slotsOf(id: string): number[] {
  const first = from + EVERY_MS - sinceSlot(id, from);
  const count = Math.max(0, Math.floor((until - EVERY_MS / 2 - first) / EVERY_MS) + 1);
  return Array.from({ length: count }, (_, i) => first + i * EVERY_MS);
}

function isServed(id: string, slot: number): boolean {
  return (arrivals[`/${id}`] ?? []).some((time) => Math.abs(time - slot) < EVERY_MS / 2);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
