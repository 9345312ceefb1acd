/**
 * What looking at a certificate costs beyond the handshake itself: `npx node bench/tls.ts`. Handshakes per second
 * of this process's CPU, each on a new socket, against a server in another process. The yardstick is plain
 * `node:tls` and `node:https`, in turns in the same run.
 */
import { get } from 'node:https';
import { connect, createSecureContext } from 'node:tls';
import { systemClock } from '../lib/adapters/local/clock.ts';
import { GROUPS } from '../lib/net/tls-context.ts';
import type { ProbeContext } from '../lib/probes/define.ts';
import { http } from '../lib/probes/http.ts';
import { tls } from '../lib/probes/tls.ts';
import type { Finding } from '../lib/reading.ts';
import { httpCheck } from '../test/kit/http.ts';
import { loopbackNet, tlsCheck } from '../test/kit/tls.ts';
import { partner } from './kit/process.ts';
import type { Seen, Target } from './kit/target.ts';

const ROUNDS = 9;
const PER_ROUND = 400;
const AT_ONCE = 16;

const target = await partner<Target, Seen>(new URL('kit/target.ts', import.meta.url));
const { https: port, ca } = target.first;
// the same key exchange for all
const secureContext = createSecureContext({ ca, ecdhCurve: GROUPS });
const net = loopbackNet();
const certificate = tlsCheck({ host: '127.0.0.1', port, ca });
const page = httpCheck({ url: `https://127.0.0.1:${port}/`, ca });

const ways: Readonly<Record<string, () => Promise<void>>> = {
  'node:tls': () => plainHandshake({ secureContext }),
  'node:tls that reads "ca" and the chain each time': () => plainHandshake({ ca }),
  'node:tls that waits for the first word after the handshake, as a tls check does': () =>
    plainHandshake({ secureContext }, 'session'),
  'tls check': async () => assertUp(await tls.run(certificate, context())),
  'node:https': plainRequest,
  'https check': async () => assertUp(await http.run(page, context())),
};

const rates = new Map(Object.keys(ways).map((name) => [name, [] as number[]]));
for (let round = -1; round < ROUNDS; round += 1) {
  for (const [name, work] of Object.entries(ways)) {
    const rate = await perCpuSecond(work);
    // the first round warms up
    if (round >= 0) rates.get(name)?.push(rate);
  }
}
target.stop();

for (const name of Object.keys(ways)) {
  const yardstick = name.includes('http') ? 'node:https' : 'node:tls';
  const ratio = median(name) / median(yardstick);
  process.stdout.write(
    `${name}: ${Math.round(median(name))} per CPU-second, ${ratio.toFixed(2)} of ${yardstick}\n`,
  );
}

function median(name: string): number {
  return rates.get(name)?.toSorted((a, b) => a - b)[ROUNDS >> 1] ?? Number.NaN;
}

async function perCpuSecond(work: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage();
  let left = PER_ROUND;
  const goOn = async () => {
    while (left-- > 0) await work();
  };
  await Promise.all(Array.from({ length: AT_ONCE }, goOn));
  const { user, system } = process.cpuUsage(before);
  return PER_ROUND / ((user + system) / 1_000_000);
}

function plainHandshake(
  trust: { secureContext: typeof secureContext } | { ca: string },
  end: 'secureConnect' | 'session' = 'secureConnect',
): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, ...trust });
    socket.once('error', reject).once(end, () => {
      if ('ca' in trust) socket.getPeerCertificate(true);
      socket.destroy();
      resolve();
    });
  });
}

function plainRequest(): Promise<void> {
  return new Promise((resolve, reject) => {
    const options = { agent: false, secureContext };
    get(page.url, options, (answer) => answer.resume().once('end', resolve)).once('error', reject);
  });
}

function context(): ProbeContext {
  return {
    net,
    clock: systemClock,
    signal: new AbortController().signal,
    secret: () => Promise.reject(new Error('no check here has a secret')),
    deadline: systemClock.monotonic() + 10_000,
  };
}

function assertUp({ status, message }: Finding): void {
  if (status !== 'up') throw new Error(message);
}
