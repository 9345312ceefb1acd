/**
 * How long it takes to show a thousand checks, how large the page is, and whether 10,000 idle connections keep
 * anyone out: `node bench/status.ts`.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { systemClock } from '../lib/adapters/local/clock.ts';
import { peerOf, serve } from '../lib/adapters/local/serve.ts';
import { createStatusApp } from '../lib/status/app.ts';
import { page } from '../lib/status/page.ts';
import { project } from '../lib/status/project.ts';
import { summary } from '../lib/status/summary.ts';
import { check, NOW, snapshot } from '../test/kit/scenes.ts';

const ROUNDS = 30;
const CROWD = 10_000;
const log = { info() {}, warn() {}, error() {} };
const print = (line: string) => void process.stdout.write(`${line}\n`);
const ms = (x: number) => `${x.toFixed(1)} ms`;
const kB = (text: string | Buffer) => `${Math.round(Buffer.byteLength(text) / 1_000)} kB`;

/** The median of several rounds; the first few warm up. */
function median(work: () => unknown): number {
  const times = Array.from({ length: ROUNDS }, () => {
    const start = performance.now();
    work();
    return performance.now() - start;
  });
  return times.slice(5).sort((a, b) => a - b)[Math.floor((ROUNDS - 5) / 2)] ?? Number.NaN;
}

const view = { now: NOW + 20_000, operator: false, operatorExists: true };
for (const count of [10, 100, 1_000]) {
  const whole = snapshot(
    Array.from({ length: count }, (_, i) => check(`Check ${i}`, { group: `Group ${i % 8}` })),
  );
  const stored = JSON.stringify(whole);
  const seen = project(whole);
  const html = String(page(seen, view));
  const fast = { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } };
  print(`${count} checks`);
  print(
    `  snapshot ${kB(stored)}, parsed in ${ms(median(() => JSON.parse(stored)))}, projected in ${ms(median(() => project(whole)))}`,
  );
  print(
    `  page ${kB(html)}, gzip ${kB(gzipSync(html))}, brotli ${kB(brotliCompressSync(html, fast))}, rendered in ${ms(median(() => String(page(seen, view))))}`,
  );
  print(
    `  summary ${kB(JSON.stringify(summary(seen, view.now)))}, made in ${ms(median(() => JSON.stringify(summary(seen, view.now))))}`,
  );
}

const whole = snapshot(Array.from({ length: 100 }, (_, i) => check(`Check ${i}`)));
const app = createStatusApp({
  read: async () => whole,
  clock: systemClock,
  log,
  runbooks: {},
  health: () => true,
  operator: { peerOf },
});
const serving = await serve(app, { host: '127.0.0.1', port: 0, clock: systemClock, log });
const port = Number(new URL(serving.url).port);

async function answered(): Promise<number> {
  const start = performance.now();
  const answer = await fetch(serving.url, { headers: { connection: 'close' } });
  await answer.text();
  if (answer.status !== 200) throw new Error(`answered ${answer.status}`);
  return performance.now() - start;
}

const spread = (times: number[]): string => {
  times.sort((a, b) => a - b);
  return `median ${ms(times[times.length >> 1] ?? 0)}, slowest ${ms(times.at(-1) ?? 0)}`;
};

for (let i = 0; i < 50; i += 1) await answered(); // warm
const alone: number[] = [];
for (let i = 0; i < 100; i += 1) alone.push(await answered());
print(`the page of 100 checks over loopback: ${spread(alone)}`);

const crowd: Socket[] = [];
const crowded: number[] = [];
for (let i = 0; i < CROWD; i += 100) {
  const some = Array.from({ length: 100 }, () => connect({ host: '127.0.0.1', port }).on('error', () => {}));
  await Promise.all(some.map((socket) => once(socket, 'connect')));
  for (const socket of some) socket.resume();
  crowd.push(...some);
  crowded.push(await answered());
}
print(`while ${CROWD} idle connections are made: ${spread(crowded)}`);
print(`  of which ${crowd.filter((socket) => !socket.destroyed).length} are still open`);
for (const socket of crowd) socket.destroy();
await serving.close();
