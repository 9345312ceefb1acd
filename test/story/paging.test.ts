import { describe, expect, test } from 'vitest';
import type { Config, Receiver } from '../../lib/config/compiled.ts';
import { aliveKey } from '../../lib/items.ts';
import type { Clock } from '../../lib/ports.ts';
import { PAGERDUTY, Receivers, WEBHOOK } from '../kit/receivers.ts';
import { configOf, World } from '../kit/world.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const EVERY = 30 * SECOND;

interface Plan {
  /** From the start, ms: the check is down then. */
  readonly down: (check: string, at: number) => boolean;
  readonly checks?: readonly string[];
  readonly notify?: readonly Receiver[];
  readonly config?: (start: number) => Partial<Config>;
}

/** A whole machine with PagerDuty and a webhook, at the start of its plan. */
async function stage({ down, checks = ['api'], notify = [PAGERDUTY, WEBHOOK], config }: Plan) {
  const made: Receivers[] = [];
  const parts = (clock: Clock) => {
    const receivers = new Receivers(clock);
    made.push(receivers);
    return { sender: receivers.sender, secrets: { get: receivers.secret } };
  };
  const world = new World({
    config: configOf(checks, { notify }, EVERY),
    find: (check, now) => (down(check, now - start) ? 'down' : 'up'),
    parts,
  });
  const start = world.clock.now();
  world.config = { ...world.config, ...config?.(start) };
  await world.boot();
  const [receivers] = made;
  if (!receivers) throw new Error('no receivers');
  return { world, receivers, start, banners: () => world.snapshot.platform?.banners ?? [] };
}

const between = (from: number, to: number) => (_: string, at: number) => at >= from && at < to;

describe('a receiver that hangs for a minute keeps the other one from nothing (F11)', () => {
  test.each([
    ['pagerduty', 'webhook'],
    ['webhook', 'pagerduty'],
  ])('%s hangs: %s is told within a second, also of what begins meanwhile', async (hangs, works) => {
    const checks = Array.from({ length: 12 }, (_, i) => `check-${i}`);
    const { world, receivers } = await stage({
      checks,
      down: (check, at) => at >= MINUTE + checks.indexOf(check) * 7 * SECOND,
    });
    receivers.modes[hangs] = 'hang';
    await world.clock.advance(5 * MINUTE);
    const told = receivers.attempts.filter(({ name, notice }) => name === works && notice.kind === 'page');
    expect(told).toHaveLength(checks.length);
    for (const { at, notice } of told) expect(at - notice.incident.openedAt).toBeLessThanOrEqual(1_500);
    expect(receivers.attempts.filter(({ name }) => name === hangs).length).toBeLessThan(40);
    await world.stop();
  });
});

test('a check that flaps every minute for an hour is two incidents: two pages, two ends (F15)', async () => {
  const { world, receivers } = await stage({
    down: (_, at) => at >= MINUTE && at < HOUR && Math.floor(at / MINUTE) % 2 === 1,
  });
  await world.clock.advance(90 * MINUTE);
  expect(receivers.told).toEqual(['trigger api', 'resolve api', 'trigger api', 'resolve api']);
  expect(receivers.ledger.accepted.at(-1)?.event.payload?.custom_details).toMatchObject({
    flaps: expect.toSatisfy((flaps: number) => flaps > 10),
  });
  await world.stop();
});

describe('maintenance and an outage (F20)', () => {
  const OUTAGE = between(10 * MINUTE, 40 * MINUTE);
  test.each<[string, number, number, string[], number | undefined]>([
    ['begins inside of it and ends after it: one page, one end', 15, 20, ['trigger api', 'resolve api'], 11],
    ['covers its end: one page, one end', 30, 60, ['trigger api', 'resolve api'], 11],
    ['covers its beginning: one page once it is over, one end', 5, 20, ['trigger api', 'resolve api'], 21],
    ['covers all of it: nothing', 5, 60, [], undefined],
  ])('a window that %s', async (_, from, to, told, byMinute) => {
    const { world, receivers, start } = await stage({
      down: OUTAGE,
      config: (at) => ({
        maintenance: [{ checks: '*', title: undefined, from: at + from * MINUTE, to: at + to * MINUTE }],
      }),
    });
    await world.clock.advance(70 * MINUTE);
    expect(receivers.told).toEqual(told);
    const [page] = receivers.ledger.accepted;
    if (byMinute !== undefined) expect(Math.ceil(((page?.at ?? 0) - start) / MINUTE)).toBe(byMinute);
    expect(receivers.ledger.open).toEqual([]);
    await world.stop();
  });
});

test('an outage that stays is reminded of every four hours, by the same key, and closed once (F17)', async () => {
  const { world, receivers } = await stage({ down: between(MINUTE, 9 * HOUR) });
  await world.clock.advance(9 * HOUR + 5 * MINUTE);
  expect(receivers.told).toEqual(['trigger api', 'trigger api', 'trigger api', 'resolve api']);
  const [first, second, third] = receivers.ledger.accepted.map(({ at }) => at);
  expect(Math.round(((second ?? 0) - (first ?? 0)) / MINUTE)).toBe(240);
  expect(Math.round(((third ?? 0) - (second ?? 0)) / MINUTE)).toBe(240);
  expect(receivers.ledger.totals).toMatchObject({ opened: 1, merged: 2, resolved: 1 });
  await world.stop();
});

describe('what the operator sees (F06, F24)', () => {
  test.each<[number, string]>([
    [400, 'Not delivered to pagerduty: It answered 400 Bad Request.'],
    [401, 'Not delivered to pagerduty: It answered 401 Unauthorized.'],
    [403, 'Not delivered to pagerduty: It answered 403 Forbidden.'],
    [404, 'Not delivered to pagerduty: It answered 404 Not Found.'],
  ])('%i: a banner within one interval, until it is mended', async (status, banner) => {
    const { world, receivers, banners } = await stage({ down: between(MINUTE, HOUR) });
    receivers.modes.pagerduty = status;
    await world.clock.advance(MINUTE);
    while (receivers.attempts.length === 0) await world.clock.advance(SECOND);
    await world.clock.advance(EVERY);
    expect(banners()).toEqual([banner]);
    expect(receivers.heard).toEqual(['page api', 'update api']);
    receivers.modes = {};
    await world.clock.advance(HOUR + 16 * MINUTE);
    expect(receivers.ledger.open).toEqual([]);
    expect(banners()).toEqual([]);
    await world.stop();
  });

  test('one page refused for good among others that are taken: its banner stays while it is open', async () => {
    const { world, receivers, banners } = await stage({
      checks: ['api', 'web'],
      down: between(MINUTE, HOUR),
    });
    receivers.modes.pagerduty = ({ incident }) => (incident.check?.id === 'api' ? 400 : 'up');
    await world.clock.advance(HALF_AN_HOUR);
    expect(receivers.told).toEqual(['trigger web']);
    expect(banners()).toEqual(['Not delivered to pagerduty: It answered 400 Bad Request.']);
    await world.stop();
  });

  test('nobody can be told: a line for each receiver, however many incidents wait, until both have everything', async () => {
    const { world, receivers, banners } = await stage({
      checks: ['api', 'web', 'mail'],
      down: between(MINUTE, 20 * MINUTE),
    });
    receivers.modes = { pagerduty: 'unreachable', webhook: 500 };
    await world.clock.advance(15 * MINUTE);
    expect(banners()).toEqual([
      expect.stringMatching(
        /^pagerduty has not taken anything for 13 min \d+ s: The connection was refused\.$/,
      ),
      expect.stringMatching(
        /^webhook has not taken anything for 13 min \d+ s: It answered 500 Internal Server Error\.$/,
      ),
    ]);
    expect(world.snapshot.platform?.undelivered).toBe(6);
    receivers.modes = {};
    await world.clock.advance(10 * MINUTE);
    expect(banners()).toEqual([]);
    expect(world.snapshot.platform?.undelivered).toBe(0);
    expect(receivers.ledger.totals).toMatchObject({ opened: 3, resolved: 3, dropped: 0 });
    await world.stop();
  });
});

const HALF_AN_HOUR = 30 * MINUTE;

test('delivery gives a sign of life each minute, and none while it stands still, so that others can tell (F28)', async () => {
  const { world } = await stage({ down: () => false });
  const alive = async () => (await world.memory.get<{ at: number }>(aliveKey('deliver')))?.body.at ?? 0;
  for (let minute = 0; minute < 5; minute++) {
    await world.clock.advance(MINUTE);
    expect(world.clock.now() - (await alive())).toBeLessThanOrEqual(MINUTE + SECOND);
  }
  world.faults = ({ method }) => (method === 'due' ? 'before' : undefined);
  await world.clock.advance(10 * MINUTE);
  expect(world.clock.now() - (await alive())).toBeGreaterThan(9 * MINUTE);
  await world.stop();
});
