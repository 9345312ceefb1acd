import { expect, test } from 'vitest';
import type { Clock } from '../../lib/ports.ts';
import type { StoreFault } from '../kit/faulty-store.ts';
import { PAGERDUTY, Receivers, WEBHOOK } from '../kit/receivers.ts';
import { configOf, World } from '../kit/world.ts';

/** At how many of the calls the process dies; CI asks for all. */
const RUNS = Number(process.env.WATCHBILL_RUNS ?? 20);

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

/** A check is down for 100 s; the process dies at call `n` of its store, and is started again within seconds. */
async function outage(n?: number, kind?: StoreFault) {
  const made: Receivers[] = [];
  const parts = (clock: Clock) => {
    made.push(new Receivers(clock));
    return { sender: made[0]?.sender, secrets: { get: made[0]?.secret } } as object;
  };
  const world = new World({
    config: configOf(['api'], { notify: [PAGERDUTY, WEBHOOK] }, 30 * SECOND),
    find: (_, now) => (now >= start + MINUTE && now < start + 160 * SECOND ? 'down' : 'up'),
    parts,
  });
  const start = world.clock.now();
  let calls = 0;
  world.faults = () => (++calls === n ? kind : undefined);
  await world.boot();
  while (world.clock.now() < start + 15 * MINUTE) {
    await world.clock.advance(SECOND);
    if (!world.dead) continue;
    await world.kill();
    await world.boot();
  }
  await world.stop();
  const [receivers] = made;
  if (!receivers) throw new Error('no receivers');
  return { calls, receivers, logged: world.logged };
}

test('a machine that dies at any call of its store tells the same of an outage: each page, each end, in order', {
  timeout: 600_000,
}, async () => {
  const whole = await outage();
  expect(whole.logged).toEqual([]);
  expect([whole.receivers.told, whole.receivers.heard]).toEqual([
    ['trigger api', 'resolve api'],
    ['page api', 'resolve api'],
  ]);
  const step = Math.max(1, Math.floor(whole.calls / RUNS));
  for (let n = 1; n <= whole.calls; n += step) {
    for (const kind of ['crash before', 'crash after'] as const) {
      const { receivers } = await outage(n, kind);
      const about = `${kind} call ${n}: ${receivers.told} ${receivers.heard}`;
      expect(receivers.told.join(), about).toMatch(
        /^trigger api(,trigger api)?,resolve api(,resolve api){0,2}$/,
      );
      expect(receivers.heard.join(), about).toMatch(/^page api(,page api)?,resolve api(,resolve api){0,2}$/);
      expect(receivers.ledger.open, about).toEqual([]);
      expect(receivers.ledger.alerts, about).toHaveLength(1);
      expect(new Set(receivers.ledger.accepted.map(({ bytes }) => bytes)).size, about).toBe(2);
      expect(new Set(receivers.messages.map(({ message }) => message.id)).size, about).toBe(2);
    }
  }
});
