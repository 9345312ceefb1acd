/**
 * Probes for each second of CPU time, http and https: `npx node bench/probes.ts [--rounds 3] [--blackbox FILE]`.
 * Watchbill is measured as it is started by its users, whole process: it judges, stores in SQLite and writes
 * the status page. It takes turns with blackbox_exporter, where there is one, and with a bare loop of node:http.
 * All ask the same server, which counts. Linux only: CPU time is read from /proc.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { type Measured, measured, partner } from './kit/process.ts';
import type { Seen, Target } from './kit/target.ts';
import { startWatchbill } from './kit/watchbill.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    blackbox: { type: 'string' },
  },
});

/** A minute and more, so that what is done once a minute has its share. */
const WATCHBILL_MS = 65_000;
const OTHERS_MS = 20_000;
const WARM_UP_MS = 15_000;
const AT_ONCE = 16;
const BLACKBOX_PORT = 19_115;

/** Checks, each every 5 s: a fifth to a third of a core's work, so that a busy machine doesn't come to its limits. */
const CHECKS = { http: 5_000, https: 1_250 };

type Scheme = 'http' | 'https';

interface Contender {
  readonly name: string;
  readonly ms: number;
  start(scheme: Scheme): Promise<Measured>;
}

const dir = mkdtempSync(join(tmpdir(), 'watchbill-bench-'));
const target = await partner<Target, Seen>(new URL('./kit/target.ts', import.meta.url));
const urlOf = (scheme: Scheme) => `${scheme}://127.0.0.1:${target.first[scheme]}`;
const caFile = join(dir, 'ca.pem');
writeFileSync(caFile, target.first.ca);

const watchbill: Contender = {
  name: 'watchbill',
  ms: WATCHBILL_MS,
  start: (scheme) =>
    startWatchbill(
      dir,
      Array.from({ length: CHECKS[scheme] }, (_, i) => ({
        id: `check-${i}`,
        type: 'http',
        url: `${urlOf(scheme)}/${i}`,
        every: '5s',
        timeout: '4s',
        ...(scheme === 'https' && { ca: './ca.pem' }),
      })),
    ),
};

const plain: Contender = {
  name: 'plain node',
  ms: OTHERS_MS,
  async start(scheme) {
    const module = new URL('./kit/plain.ts', import.meta.url).pathname;
    return measured(process.execPath, [
      module,
      urlOf(scheme),
      ...(scheme === 'https' ? [target.first.ca] : []),
    ]);
  },
};

const found = findBlackbox();
const contenders = [watchbill, ...(found ? [blackbox(found)] : []), plain];
if (!found)
  print('blackbox_exporter is not here, and is left out: apt-get install prometheus-blackbox-exporter');

for (const scheme of ['http', 'https'] as const) {
  const rates = new Map(contenders.map(({ name }) => [name, [] as number[]]));
  for (let round = 0; round < Number(values.rounds); round += 1) {
    for (const contender of contenders) rates.get(contender.name)?.push(await rateOf(contender, scheme));
  }
  const own = median(rates.get('watchbill') ?? []);
  for (const [name, all] of rates) {
    const ratio = name === 'watchbill' ? '' : `  watchbill is ${(own / median(all)).toFixed(2)} of it`;
    const spread = all.map((rate) => rate.toFixed(0)).join(' ');
    print(
      `${scheme.padEnd(6)} ${name.padEnd(11)} ${median(all).toFixed(0).padStart(6)} per CPU-second (${spread})${ratio}`,
    );
  }
}

target.stop();
rmSync(dir, { recursive: true });

/** Probes for each second of CPU time. */
async function rateOf(contender: Contender, scheme: Scheme): Promise<number> {
  const running = await contender.start(scheme);
  await sleep(WARM_UP_MS);
  await target.ask();
  const before = running.cpu();
  await sleep(contender.ms);
  const { answered } = await target.ask();
  const rate = answered / (running.cpu() - before);
  await running.stop();
  return rate;
}

function findBlackbox(): string | undefined {
  const names = values.blackbox ? [values.blackbox] : ['blackbox_exporter', 'prometheus-blackbox-exporter'];
  return names.find((name) => spawnSync(name, ['--version']).status === 0);
}

/** It probes when it is asked to, over connections that stay open. */
function blackbox(command: string): Contender {
  const config = join(dir, 'blackbox.json');
  const module = {
    prober: 'http',
    timeout: '4s',
    http: { tls_config: { ca_file: caFile }, preferred_ip_protocol: 'ip4' },
  };
  writeFileSync(config, JSON.stringify({ modules: { bench: module } }));
  return {
    name: 'blackbox',
    ms: OTHERS_MS,
    async start(scheme) {
      const listen = `127.0.0.1:${BLACKBOX_PORT}`;
      const args = [`--config.file=${config}`, `--web.listen-address=${listen}`, '--log.level=error'];
      const running = measured(command, args);
      await sleep(1_000);
      const stop = drive(`http://${listen}/probe?module=bench&target=${encodeURIComponent(urlOf(scheme))}`);
      return { ...running, stop: () => stop().then(running.stop) };
    },
  };
}

/** Asks without a pause; answers how to stop. */
function drive(url: string): () => Promise<unknown> {
  const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
  let isOver = false;
  const ask = () =>
    new Promise<void>((resolve, reject) => {
      get(url, { agent }, (response) => {
        let text = '';
        response.on('data', (chunk) => (text += chunk));
        response.on('end', () =>
          text.includes('probe_success 1') ? resolve() : reject(new Error(`blackbox says:\n${text}`)),
        );
      }).on('error', reject);
    });
  const goOn = async () => {
    while (!isOver) await ask();
  };
  const all = Promise.all(Array.from({ length: AT_ONCE }, goOn));
  return () => {
    isOver = true;
    return all.finally(() => agent.destroy());
  };
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
