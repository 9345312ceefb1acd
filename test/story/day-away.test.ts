import { expect, test } from 'vitest';
import type { Clock } from '../../lib/ports.ts';
import type { StoreCall, StoreFault } from '../kit/faulty-store.ts';
import { PAGERDUTY, Receivers, WEBHOOK } from '../kit/receivers.ts';
import { configOf, World } from '../kit/world.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Every so many commits the process dies; as many runs as this, each beginning with another one, meet them all. */
const STRIDE = 64;
const RUNS = Math.min(STRIDE, Math.ceil(Number(process.env.WATCHBILL_RUNS ?? 20) / 10));

const CHECKS = Array.from({ length: 10 }, (_, i) => `check-${i}`);
const EVERY = 5 * MINUTE;

/** Ten checks go down five times each, for 40 minutes, one after the other. */
function isDown(check: string, at: number): boolean {
  const first = 10 * MINUTE + CHECKS.indexOf(check) * 25 * MINUTE;
  const since = at - first;
  return since >= 0 && Math.floor(since / (4.5 * HOUR)) < 5 && since % (4.5 * HOUR) < 40 * MINUTE;
}

/** Dies at the commits of incidents and lanes whose number leaves this remainder: before and after them, in turn. */
function mortal(remainder: number) {
  let commits = 0;
  let deaths = 0;
  const faults = ({ method, partition = '' }: StoreCall): StoreFault | undefined => {
    if (method !== 'put' || !/^(incident|lane|recent)/.test(partition)) return undefined;
    if (++commits % STRIDE !== remainder) return undefined;
    return ++deaths % 2 ? 'crash before' : 'crash after';
  };
  return { faults, deaths: () => deaths };
}

test.each(Array.from({ length: RUNS }, (_, run) => Math.floor((run * STRIDE) / RUNS)))(
  `PagerDuty is away for 24 hours, 50 outages begin and end meanwhile, and the process dies at each ${STRIDE}th commit (from the %ith on): every page and every end is told, in order, once per key`,
  { timeout: 120_000 },
  async (remainder) => {
    const { faults, deaths } = mortal(remainder);
    const { world, receivers, start } = await machine();
    receivers.modes.pagerduty = 'unreachable';
    world.faults = faults;
    await live(world, start + DAY);
    expect(receivers.ledger.accepted).toEqual([]);
    receivers.modes.pagerduty = 'up';
    await live(world, start + DAY + HOUR);
    world.faults = () => undefined;
    await live(world, start + DAY + 2 * HOUR);
    await world.stop();
    expect(deaths()).toBeGreaterThan(100);
    isComplete(receivers);
  },
);

async function machine() {
  const made: Receivers[] = [];
  const parts = (clock: Clock) => {
    const receivers = new Receivers(clock);
    made.push(receivers);
    return { sender: receivers.sender, secrets: { get: receivers.secret } };
  };
  const config = configOf(CHECKS, { notify: [PAGERDUTY, WEBHOOK] }, EVERY);
  const world = new World({
    config,
    find: (check, now) => (isDown(check, now - start) ? 'down' : 'up'),
    parts,
  });
  const start = world.clock.now();
  await world.boot();
  const [receivers] = made;
  if (!receivers) throw new Error('no receivers');
  return { world, receivers, start };
}

/** Lives until then; a process that has died is started again within a second. */
async function live(world: World, until: number): Promise<void> {
  while (world.clock.now() < until) {
    await world.clock.advance(1_000);
    if (!world.dead) continue;
    await world.kill();
    await world.boot();
  }
}

function isComplete({ ledger, messages }: Receivers): void {
  const keys = [...new Set(ledger.accepted.map(({ event }) => event.dedup_key ?? ''))];
  expect(keys).toHaveLength(50);
  expect(ledger.alerts).toHaveLength(50);
  expect(ledger.open).toEqual([]);
  expect(ledger.refused).toEqual([]);
  for (const key of keys) {
    const events = ledger.accepted.filter(({ event }) => event.dedup_key === key);
    expect(ledger.actions(key).join(' ')).toMatch(/^trigger( trigger)* resolve( resolve)*$/);
    expect(new Set(events.map(({ bytes }) => bytes)).size, 'what is repeated is identical').toBe(2);
  }
  const perCheck = Map.groupBy(ledger.alerts, ({ dedupKey }) => componentOf(ledger, dedupKey));
  expect([...perCheck.values()].map((alerts) => alerts.length)).toEqual(CHECKS.map(() => 5));
  const heard = new Set(messages.map(({ message }) => `${message.incident.key} ${message.kind}`));
  expect(heard.size).toBe(100);
}

const componentOf = ({ accepted }: Receivers['ledger'], key: string): string | undefined =>
  accepted.find(({ event }) => event.dedup_key === key)?.event.payload?.component;
