import { expect, test } from 'vitest';
import { Desk } from '../kit/desk.ts';
import { Crash, type StoreCall, type StoreFault } from '../kit/faulty-store.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** The process dies at every 32nd commit. As many runs, each beginning with another one, meet them all. */
const STRIDE = 32;
const RUNS = Math.min(STRIDE, Math.ceil(Number(process.env.WATCHBILL_RUNS ?? 10) / 10));

const CHECKS = Array.from({ length: 10 }, (_, i) => `check-${i}`);

/** Ten checks go down five times each, for 40 minutes, one after the other. */
function isDown(check: string, at: number): boolean {
  const since = at - 10 * MINUTE - CHECKS.indexOf(check) * 25 * MINUTE;
  return since >= 0 && since < 5 * 4.5 * HOUR && since % (4.5 * HOUR) < 40 * MINUTE;
}

/** Dies at the commits whose number leaves this remainder: in turn before and after they are made. */
function mortal(remainder: number) {
  let commits = 0;
  let deaths = 0;
  const faults = ({ method }: StoreCall): StoreFault | undefined => {
    if (method !== 'put' || ++commits % STRIDE !== remainder) return undefined;
    return ++deaths % 2 ? 'crash before' : 'crash after';
  };
  return { faults, deaths: () => deaths };
}

/** Lives until then, minute by minute; a process that has died is started again. */
async function live(desk: Desk, start: number, until: number): Promise<void> {
  while (desk.clock.now() < start + until) {
    const nextMinute = MINUTE - (desk.clock.now() % MINUTE);
    try {
      for (const check of CHECKS) {
        await desk.say(check, isDown(check, desk.clock.now() - start) ? 'open' : 'close');
      }
      await desk.work(nextMinute);
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
      await reboot(desk);
    }
  }
}

async function reboot(desk: Desk): Promise<void> {
  try {
    await desk.boot();
  } catch (error) {
    if (!(error instanceof Crash)) throw error;
    await reboot(desk);
  }
}

test.each(Array.from({ length: RUNS }, (_, run) => Math.floor((run * STRIDE) / RUNS)))(
  `PagerDuty is away for 24 hours, 50 outages begin and end, and the process dies at each ${STRIDE}nd commit, from number %i on: every page and every end is told, in order, once per key`,
  { timeout: 120_000 },
  async (remainder) => {
    const { faults, deaths } = mortal(remainder);
    const desk = await Desk.start();
    const start = desk.clock.now();
    desk.receivers.modes.pagerduty = 'unreachable';
    desk.faults = faults;
    await live(desk, start, DAY);
    expect(desk.receivers.ledger.accepted).toEqual([]);
    desk.receivers.modes.pagerduty = 'up';
    await live(desk, start, DAY + HOUR);
    desk.faults = () => undefined;
    await live(desk, start, DAY + 2 * HOUR);
    expect(deaths()).toBeGreaterThan(100);
    isComplete(desk);
  },
);

function isComplete({ receivers: { ledger, messages } }: Desk): void {
  expect(ledger.alerts).toHaveLength(CHECKS.length * 5);
  expect(new Set(ledger.alerts.map(({ dedupKey }) => dedupKey)).size).toBe(CHECKS.length * 5);
  expect(ledger.open).toEqual([]);
  expect(ledger.refused).toEqual([]);
  for (const { dedupKey } of ledger.alerts) {
    const events = ledger.accepted.filter(({ event }) => event.dedup_key === dedupKey);
    expect(ledger.actions(dedupKey).join(' ')).toMatch(/^trigger( trigger)* resolve( resolve)*$/);
    expect(new Set(events.map(({ bytes }) => bytes)).size, 'what is repeated is identical').toBe(2);
  }
  const opened = ledger.accepted.filter(({ effect }) => effect === 'opened');
  const perCheck = Map.groupBy(opened, ({ event }) => event.payload?.component);
  expect([...perCheck.values()].map((events) => events.length)).toEqual(CHECKS.map(() => 5));
  const heard = new Set(messages.map(({ message }) => `${message.incident.key} ${message.kind}`));
  expect(heard.size).toBe(CHECKS.length * 10);
}
