/**
 * What a deployment on AWS costs in a month, and how that grows with the number of checks: three locations, each check
 * every minute: `node bench/cost.ts`. Nothing is measured: it is what `watchbill estimate` says. `--cpu` measures what
 * that takes home to compute.
 */
import { parseArgs } from 'node:util';
import { METRICS_WRITTEN } from '../lib/adapters/aws/metrics.ts';
import { table } from '../lib/cli/table.ts';
import { type Estimate, estimateOf } from '../lib/cost/estimate.ts';
import { fleetOf } from '../lib/cost/fleet.ts';
import { MINUTES, PRICES, PRICES_AS_OF } from '../lib/cost/prices.ts';
import { ticksAMinute } from '../lib/cost/usage.ts';
import { MINUTE_MS } from '../lib/history.ts';
import { Home } from '../lib/home.ts';
import type { News } from '../lib/news.ts';
import { createPublisher } from '../lib/publish.ts';
import { Rollup } from '../lib/rollup.ts';
import { show, takeIn } from '../lib/watch.ts';
import { installationOf } from '../test/cost/kit.ts';
import { ticksOf } from '../test/cost/minute.ts';
import { VirtualClock } from '../test/kit/clock.ts';
import { silent } from '../test/kit/local-store.ts';
import { MemoryStore } from '../test/kit/memory-store.ts';

const SIZES = [5, 100, 1_000, 10_000];
const SERVICES = ['Lambda', 'SQS', 'DynamoDB', 'CloudWatch', 'Secrets Manager', 'Data transfer'];
const COUNTED = [
  { ids: /^lambda/, unit: 'requests', name: 'Lambda requests' },
  { ids: /^sqs\.messages/, unit: 'requests', name: 'SQS requests' },
  { ids: /^dynamodb/, unit: 'write units' },
  { ids: /^dynamodb/, unit: 'read units' },
];
/** The last of them is measured: the installation isn't young any more. */
const HOURS = 5;
const { values } = parseArgs({ options: { cpu: { type: 'boolean', default: false } } });

print(values.cpu ? await measured() : `${priced()}\n\n${perBeat()}`);

function priced(): string {
  const rows = SIZES.map((checks) => {
    const config = installationOf({ checks });
    const fair = estimateOf(config, METRICS_WRITTEN.fair);
    const worst = estimateOf(config, METRICS_WRITTEN.worst, 'worst');
    const out = fair.lines.find(({ id }) => id === 'transfer.out')?.list ?? 0;
    const services = SERVICES.map((service) => sumOf(fair, (one) => one === service));
    const rest = sumOf(fair, (one) => !SERVICES.includes(one));
    const sums = [fair.list, fair.list - out, fair.withFreeTier, ...services, rest, worst.list];
    return [checks.toLocaleString('en'), ...sums.map((usd) => usd.toFixed(2))];
  });
  const head = ['checks', 'list', 'without data out', 'free tier', ...SERVICES, 'rest', 'at the worst'];
  return `US dollars a month, us-east-1, ${PRICES_AS_OF}\n${table([head, ...rows])}`;
}

/** What a beat takes, all the rest of the installation counted in, but for the idle polls. */
function perBeat(): string {
  const rows = SIZES.map((checks) => {
    const config = installationOf({ checks });
    const beats = ticksAMinute(fleetOf(config, 'fair'));
    const { lines } = estimateOf(config, METRICS_WRITTEN.fair);
    const each = ({ ids, unit }: { ids: RegExp; unit: string }) =>
      lines
        .filter((line) => ids.test(line.id) && PRICES[line.price].unit === unit)
        .reduce((sum, { quantity }) => sum + quantity / MINUTES / beats, 0);
    const shares = COUNTED.map((one) => each(one).toFixed(1));
    return [checks.toLocaleString('en'), String(Math.round(beats)), ...shares];
  });
  const head = ['checks', 'beats a minute', ...COUNTED.map(({ unit, name }) => name ?? unit)];
  return `for each beat\n${table([head, ...rows])}`;
}

function sumOf({ lines }: Estimate, isMeant: (service: string) => boolean): number {
  return lines.reduce((sum, { service, list }) => sum + (isMeant(service) ? list : 0), 0);
}

/** With 1,000 checks. */
async function measured(): Promise<string> {
  const config = installationOf({ checks: 1_000 });
  const clock = new VirtualClock(Date.UTC(2026, 10, 1));
  const store = new MemoryStore();
  const home = await Home.open({ store, clock, log: silent }, config);
  const rollup = await Rollup.open(store, clock.now());
  const put = createPublisher({ read: async () => undefined, write: async () => {} }, clock);
  const cpu = { reading: 0, readings: 0, minute: 0, minutes: 0 };
  const take = (news: News) => takeIn([news], home, async () => rollup, { send: async () => {} });
  for (const end = clock.now() + HOURS * 60 * MINUTE_MS; clock.now() < end; ) {
    const [minute, isCounted] = [clock.now(), clock.now() >= end - 60 * MINUTE_MS];
    for (const { at, tick } of ticksOf(config, minute)) {
      await clock.advance(Math.max(0, at - clock.now()));
      const ms = await spent(() => take({ kind: 'tick', tick }));
      if (isCounted) cpu.reading += ms;
      if (isCounted) cpu.readings += tick.readings.length;
    }
    await clock.advance(minute + MINUTE_MS - 1 - clock.now());
    const ms = await spent(async () => {
      await take({ kind: 'clock' });
      await put(await show(home, rollup));
    });
    if (isCounted) cpu.minute += ms;
    if (isCounted) cpu.minutes += config.checks.length;
    await clock.advance(1);
  }
  return [
    `decide, for each reading of a tick: ${(cpu.reading / cpu.readings).toFixed(4)} ms`,
    `decide, each minute for each check: ${(cpu.minute / cpu.minutes).toFixed(4)} ms`,
  ].join('\n');
}

/** User and system time, ms. */
async function spent(work: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
