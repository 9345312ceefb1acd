import { describe, expect, test } from 'vitest';
import type { Notice } from '../lib/notifiers/define.ts';
import { Desk } from './kit/desk.ts';
import { Crash } from './kit/faulty-store.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** Opens and closes two incidents while PagerDuty refuses one page for a while and loses one answer. */
const OUTAGES: readonly ((desk: Desk) => Promise<unknown>)[] = [
  (desk) => desk.say('api', 'open'),
  (desk) => desk.work(20 * SECOND),
  (desk) => desk.say('web', 'open'),
  (desk) => desk.work(20 * MINUTE),
  (desk) => desk.say('api', 'close'),
  (desk) => desk.say('web', 'close'),
  (desk) => desk.work(HOUR),
];

/** Lives through the outages; a process that dies is started again, and does again what it was about to do. */
async function live(fault?: { readonly n: number; readonly kind: 'crash before' | 'crash after' }) {
  const desk = new Desk();
  let calls = 0;
  let died = false;
  desk.faults = () => {
    calls += 1;
    died ||= calls === fault?.n;
    return calls === fault?.n ? fault.kind : undefined;
  };
  let lost = false;
  desk.receivers.modes.pagerduty = ({ incident, kind }: Notice) => {
    if (incident.check?.id === 'api') return desk.clock.monotonic() < MINUTE ? 403 : 'up';
    if (kind !== 'resolve' || lost) return 'up';
    lost = true;
    return 'loses the answer';
  };
  for (const step of [() => desk.boot(), ...OUTAGES]) {
    try {
      await step(desk);
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
      await desk.boot();
      await step(desk);
    }
  }
  expect(died).toBe(fault !== undefined);
  return { calls, desk };
}

/** What each was told, identical repetitions left out. */
function toldOf({ receivers: { ledger, messages } }: Desk) {
  const byCheck = Map.groupBy(ledger.accepted, ({ event }) => event.payload?.component ?? '');
  const unique = [...new Map(messages.map(({ message }) => [message.id, message])).values()];
  return {
    alerts: ledger.alerts.length,
    open: ledger.open.length,
    pagerDuty: [...byCheck]
      .map(([check, events]) => [check, ...new Set(events.map(({ event }) => event.event_action))])
      .toSorted(),
    webhook: unique.map(({ kind, incident }) => `${incident.check?.id} ${kind}`).toSorted(),
  };
}

describe('a process dies (F12)', async () => {
  const whole = await live();

  test('what it tells if nobody dies', () => {
    expect(toldOf(whole.desk)).toEqual({
      alerts: 2,
      open: 0,
      pagerDuty: [
        ['api', 'trigger', 'resolve'],
        ['web', 'trigger', 'resolve'],
      ],
      webhook: ['api page', 'api resolve', 'api update', 'web page', 'web resolve'],
    });
  });

  test.each(['crash before', 'crash after'] as const)(
    'at any of its calls of the store (%s), and the same is told: extras are identical triggers before the end, and the end once more for each answer that was lost and once to be sure',
    async (kind) => {
      expect(whole.calls).toBeGreaterThan(100);
      for (let n = 1; n <= whole.calls; n++) {
        const { desk } = await live({ n, kind });
        expect(toldOf(desk), `${kind} call ${n}`).toEqual(toldOf(whole.desk));
        for (const key of new Set(desk.receivers.ledger.alerts.map(({ dedupKey }) => dedupKey))) {
          const events = desk.receivers.ledger.accepted.filter(({ event }) => event.dedup_key === key);
          expect(events.map(({ event }) => event.event_action).join(' '), `call ${n}`).toMatch(
            /^trigger( trigger)? resolve( resolve){0,3}$/,
          );
          expect(new Set(events.map(({ bytes }) => bytes)).size, `bytes of call ${n}`).toBe(2);
        }
      }
    },
  );
});
