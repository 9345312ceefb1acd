/**
 * Probes for each second of CPU time: `npx node bench/probes.ts [--rounds 3] [--blackbox FILE]`. Watchbill is
 * measured as its users start it, whole process: it judges, stores in SQLite and writes the status page. It takes
 * turns with blackbox_exporter, where there is one, and with bare requests of node:http. All of them ask the same
 * server, equally often, over a new connection each time; the server counts. Linux only: CPU time is read from /proc.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { pace } from './kit/pace.ts';
import { type Measured, measured, partner } from './kit/process.ts';
import type { Seen, Target } from './kit/target.ts';
import { startWatchbill } from './kit/watchbill.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    blackbox: { type: 'string' },
  },
});

/** In the first minute code is compiled and everything starts; the second one holds all that is done once a minute. */
const WATCHBILL = { warmUp: 60_000, ms: 62_000 };
const OTHERS = { warmUp: 15_000, ms: 20_000 };
const EVERY_S = 5;
/** A fifth to a third of a core's work, so that a busy machine doesn't come to its limits. */
const CHECKS = { http: 5_000, https: 1_250, httpsRsa: 1_250 };
const BLACKBOX_PORT = 19_115;

type Kind = keyof typeof CHECKS;
const NAMES = { http: 'http', https: 'https, ECDSA', httpsRsa: 'https, RSA' };
const perSecond = (kind: Kind) => CHECKS[kind] / EVERY_S;

interface Contender {
  readonly name: string;
  /** ms that pass before it is measured, and while it is. */
  readonly time: typeof WATCHBILL;
  start(kind: Kind): Promise<Measured>;
}

const dir = mkdtempSync(join(tmpdir(), 'watchbill-bench-'));
const target = await partner<Target, Seen>(new URL('./kit/target.ts', import.meta.url));
const urlOf = (kind: Kind) => `${kind === 'http' ? 'http' : 'https'}://127.0.0.1:${target.first[kind]}`;
const caFile = join(dir, 'ca.pem');
writeFileSync(caFile, target.first.ca);

const watchbill: Contender = {
  name: 'watchbill',
  time: WATCHBILL,
  start: (kind) =>
    startWatchbill(
      dir,
      Array.from({ length: CHECKS[kind] }, (_, i) => ({
        id: `check-${i}`,
        type: 'http',
        url: `${urlOf(kind)}/${i}`,
        every: `${EVERY_S}s`,
        timeout: '4s',
        ...(kind !== 'http' && { ca: './ca.pem' }),
      })),
    ),
};

const plain: Contender = {
  name: 'plain node',
  time: OTHERS,
  async start(kind) {
    const module = new URL('./kit/plain.ts', import.meta.url).pathname;
    const ca = kind === 'http' ? [] : [target.first.ca];
    return measured(process.execPath, [module, String(perSecond(kind)), urlOf(kind), ...ca]);
  },
};

const found = findBlackbox();
const contenders = [watchbill, ...(found ? [blackbox(found)] : []), plain];
if (!found)
  print('blackbox_exporter is not here, and is left out: apt-get install prometheus-blackbox-exporter');

for (const kind of ['http', 'https', 'httpsRsa'] as const) {
  const rates = new Map(contenders.map(({ name }) => [name, [] as number[]]));
  for (let round = 0; round < Number(values.rounds); round += 1) {
    for (const contender of contenders) rates.get(contender.name)?.push(await rateOf(contender, kind));
  }
  const own = median(rates.get(watchbill.name) ?? []);
  for (const [name, all] of rates) {
    const ratio = name === watchbill.name ? '' : `  watchbill: ${(own / median(all)).toFixed(2)} of that`;
    const each = all.map((rate) => rate.toFixed(0)).join(' ');
    const rate = median(all).toFixed(0).padStart(6);
    print(`${NAMES[kind].padEnd(13)} ${name.padEnd(11)} ${rate} per CPU-second (${each})${ratio}`);
  }
}

target.stop();
rmSync(dir, { recursive: true });

/** Probes for each second of CPU time. */
async function rateOf({ start, time }: Contender, kind: Kind): Promise<number> {
  const running = await start(kind);
  await sleep(time.warmUp);
  await target.ask();
  const before = running.cpu();
  await sleep(time.ms);
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
  const http = { tls_config: { ca_file: caFile }, preferred_ip_protocol: 'ip4' };
  writeFileSync(config, JSON.stringify({ modules: { bench: { prober: 'http', timeout: '4s', http } } }));
  return {
    name: 'blackbox',
    time: OTHERS,
    async start(kind) {
      const listen = `127.0.0.1:${BLACKBOX_PORT}`;
      const args = [`--config.file=${config}`, `--web.listen-address=${listen}`, '--log.level=error'];
      const running = measured(command, args);
      await sleep(1_000);
      const url = `http://${listen}/probe?module=bench&target=${encodeURIComponent(urlOf(kind))}`;
      const first = await (await fetch(url)).text();
      if (!first.includes('probe_success 1')) throw new Error(`blackbox says:\n${first}`);
      const agent = new Agent({ keepAlive: true });
      // one that fails is not counted, nor is what is under way when it is stopped
      const ask = () => get(url, { agent }, (response) => response.resume()).on('error', () => {});
      const stopAsking = pace(perSecond(kind), ask);
      return {
        ...running,
        stop() {
          stopAsking();
          agent.destroy();
          return running.stop();
        },
      };
    },
  };
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
