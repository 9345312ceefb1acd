/**
 * How soon an outage pages on AWS: `node bench/time-to-page-regions.ts [--outages 10000] [--days 365] [--seed 1]`. All
 * of Watchbill in three regions, on the wiring that the functions have, in virtual time; what lies between them is the
 * model of test/kit/virtual-aws.ts: Scheduler late by 0–59 s, queues, new processes, PagerDuty's answer. Targets refuse
 * at once. Beside it, computed for the same outages: a monitor in one place that pages at the third failed run in a row.
 * Then as many days of one check at 1 % random loss, with one region that is mostly down. Writes docs/time-to-page.svg.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { offsetIn } from '../lib/schedule.ts';
import { LONGEST, type Outage, outagesToldOf, quantile, secondsToPage } from '../test/kit/outages.ts';
import { HOUR, SECOND } from '../test/kit/readings.ts';
import { REGIONS, Regions, regionsConfig } from '../test/kit/regions.ts';
import { seeded } from '../test/kit/virtual-aws.ts';
import { distributions } from './kit/plot.ts';

const { values } = parseArgs({
  options: {
    outages: { type: 'string', default: '10000' },
    days: { type: 'string', default: '365' },
    seed: { type: 'string', default: '1' },
  },
});
const OUTAGES = Number(values.outages);
const seed = Number(values.seed);

const told = await outagesToldOf({ seed, outages: OUTAGES, lasts: () => LONGEST });
const unasked = await outagesToldOf({ seed, outages: OUTAGES, lasts: () => LONGEST, confirmNow: false });
const columns = {
  'three regions, confirm-now': secondsToPage(told),
  'three regions, without it': secondsToPage(unasked),
  'third failure in a row, every 30 s': told.map((outage) => third(outage, 30 * SECOND)),
  'third failure in a row, every 60 s': told.map((outage) => third(outage, 60 * SECOND)),
};
print(`${OUTAGES} outages: seconds from the start of the outage to the accepted page`);
print('| | p50 | p90 | p95 | p99 | most | paged |');
print('|---|---|---|---|---|---|---|');
for (const [name, seconds] of Object.entries(columns)) {
  const row = [0.5, 0.9, 0.95, 0.99, 1].map((share) => quantile(seconds, share).toFixed(1));
  print(`| ${name} | ${row.join(' | ')} | ${seconds.length} |`);
}
const pages = told.map((outage) => outage.pages.length);
print(`pages for one outage: ${Math.min(...pages)} to ${Math.max(...pages)}`);

const short = await outagesToldOf({ seed, outages: OUTAGES / 5, lasts: (random) => random * 9_999 });
print(`${short.length} outages of less than 10 s: ${secondsToPage(short).length} pages`);

draw();
await liveBadly(Number(values.days));

/** What the third failed run in a row would have taken, without any way to PagerDuty, s. */
function third({ check, from }: Outage, every: number): number {
  const phase = offsetIn({ id: check, every }, 0, every) ?? 0;
  const first = phase + Math.ceil((from - phase) / every) * every;
  return (first + 2 * every - from) / SECOND;
}

function draw(): void {
  const [asked, without, each30, each60] = Object.values(columns);
  const inARow = 'third failure in a row';
  const svg = distributions({
    title: `Share of ${OUTAGES.toLocaleString('en')} outages that have paged by then`,
    to: 200,
    step: 20,
    unit: 's',
    series: [
      { label: ['Watchbill'], at: 0.85, side: 'left', look: 'main', values: asked ?? [] },
      { label: ['without', 'confirm-now'], at: 0.62, side: 'right', look: 'second', values: without ?? [] },
      {
        label: ['one place, every 30 s,', inARow],
        at: 0.4,
        side: 'right',
        look: 'other',
        values: each30 ?? [],
      },
      {
        label: ['one place, every 60 s,', inARow],
        at: 0.2,
        side: 'right',
        look: 'other',
        values: each60 ?? [],
      },
    ],
  });
  writeFileSync(new URL('../docs/time-to-page.svg', import.meta.url), svg);
}

/**
 * A try fails once in a hundred, at random; in one region seven times in ten, and for an hour of each eight always, or
 * the region is away. It has no canary that would tell it that the fault is its own. A dozen checks live at once.
 */
async function liveBadly(days: number): Promise<void> {
  const CHECKS = 12;
  const random = seeded(seed);
  const [, bad] = REGIONS;
  let black = false;
  const look = (_: string, location: string) =>
    random() < (location !== bad ? 0.01 : black ? 1 : 0.7) ? 'down' : 'up';
  const ids = Array.from({ length: CHECKS }, (_, i) => `check-${i}`);
  const regions = new Regions({ config: regionsConfig(ids), seed, look });
  for (let hour = 0; hour * CHECKS < days * 24; hour++) {
    black = hour % 8 === 3;
    if (hour % 16 === 11) regions.away.add(bad);
    else regions.away.delete(bad);
    await regions.advance(HOUR);
    if (hour % 24 === 0) regions.memory.purge(regions.now);
  }
  const pages = regions.ledger.alerts.length;
  print(
    `${days} days of one check, ${regions.tries} tries: ${pages} pages, ${regions.notices.length} messages of tickets`,
  );
  const perDay = (loss: number, every: number) => (loss ** 3 * 24 * HOUR) / every;
  for (const every of [30, 60]) {
    const [good, poor] = [0.01, 0.7].map((loss) => (days * perDay(loss, every * SECOND)).toFixed(1));
    print(
      `third failure in a row, every ${every} s: ${good} expected; in the poor region ${poor}, its hours of nothing left out`,
    );
  }
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
