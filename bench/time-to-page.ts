/**
 * How soon an outage pages: `node bench/time-to-page.ts [--outages 2000]`. All of Watchbill on one machine in virtual
 * time, without a place for chance but the moment at which each outage begins; a target refuses at once. Beside it,
 * computed for the same outages: a monitor that pages at the third failed run in a row.
 */
import { parseArgs } from 'node:util';
import { offsetIn } from '../lib/schedule.ts';
import { configOf, World } from '../test/kit/world.ts';

const { values } = parseArgs({ options: { outages: { type: 'string', default: '2000' } } });
const OUTAGES = Number(values.outages);
const AT_ONCE = 100;
const OUTAGE_MS = 300_000;
/** Between two outages of a check: longer than ten minutes, so that the second one is an incident of its own. */
const ROUND_MS = 1_500_000;

interface Measured {
  readonly begun: number;
  readonly failed: number;
  readonly paged: number;
  /** What the third failed run in a row would have taken. */
  readonly third: number;
}

print('              from the start of the outage       from the first failed try    third failure in a row');
for (const every of [5_000, 30_000, 60_000]) {
  const all = await measured(every);
  const row = [
    spread(all.map(({ begun, paged }) => paged - begun)),
    spread(all.map(({ failed, paged }) => paged - failed)),
    spread(all.map(({ begun, third }) => third - begun)),
  ];
  print(`every ${String(every / 1_000).padStart(2)} s    ${row.join('    ')}`);
}

async function measured(every: number): Promise<Measured[]> {
  const ids = Array.from({ length: AT_ONCE }, (_, i) => `check-${i}`);
  const all: Measured[] = [];
  const begun = new Map<string, number>();
  const failed = new Map<string, number>();
  const world = await World.start({
    config: configOf(ids, {}, every),
    find(check, now) {
      const since = now - (begun.get(check) ?? Number.POSITIVE_INFINITY);
      if (since < 0 || since >= OUTAGE_MS) return 'up';
      if (!failed.has(check)) failed.set(check, now);
      return 'down';
    },
  });
  while (all.length < OUTAGES) {
    failed.clear();
    // spread over ten minutes, so that PagerDuty's 120 events a minute play no part
    for (const id of ids) begun.set(id, world.time + 60_000 + Math.random() * 600_000);
    await world.clock.advance(ROUND_MS);
    for (const { at, event } of world.ledger.accepted.splice(0)) {
      const id = ids.find((name) => event.payload?.summary.startsWith(`${name} is down`));
      const [start, first] = [begun.get(id ?? ''), failed.get(id ?? '')];
      if (event.event_action !== 'trigger' || id === undefined || !start || !first) continue;
      all.push({ begun: start, failed: first, paged: at, third: slotAfter(id, every, start) + 2 * every });
    }
  }
  await world.stop();
  return all.slice(0, OUTAGES);
}

/** The first moment, from `time` on, at which a check is due. */
function slotAfter(id: string, every: number, time: number): number {
  const phase = offsetIn({ id, every }, 0, every) ?? 0;
  return phase + Math.ceil((time - phase) / every) * every;
}

function spread(ms: readonly number[]): string {
  const sorted = ms.toSorted((a, b) => a - b);
  const at = (share: number) =>
    `${((sorted[Math.floor(share * (sorted.length - 1))] ?? Number.NaN) / 1_000).toFixed(1)} s`;
  return `median ${at(0.5)}, p95 ${at(0.95)}, most ${at(1)}`;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
