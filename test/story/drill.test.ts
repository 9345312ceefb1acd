import { expect, test } from 'vitest';
import { drillCase } from '../../lib/drill.ts';
import { Home } from '../../lib/home.ts';
import { configOf, World } from '../kit/world.ts';

test('a drill that was cut off is resolved by whoever watches, and not before it could have ended by itself', async () => {
  const world = await World.start({ config: configOf(['api']) });
  const { clock, memory: store, log, config } = world;
  const home = await Home.open({ store, clock, log }, config);
  await home.settle(drillCase('drill/cut-off', clock.now()));
  await clock.advance(240_000);
  expect(world.ledger.accepted.map(({ event }) => event.event_action)).toEqual(['trigger']);
  await clock.advance(180_000);
  expect(world.ledger.accepted.map(({ event }) => event.event_action)).toEqual(['trigger', 'resolve']);
  await world.stop();
});

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** Each day at ten. */
const DAILY = { cron: '0 10 * * *', timeZone: 'UTC' };

/** A Watchbill with such a schedule, five minutes before it is due. */
async function beforeTen() {
  const world = new World({ config: configOf(['api'], { drill: DAILY }) });
  const now = world.clock.now();
  const ten = Math.ceil((now - 10 * HOUR) / (24 * HOUR)) * 24 * HOUR + 10 * HOUR;
  await world.clock.advance(ten - 5 * MINUTE - now);
  await world.boot();
  const actions = () => world.ledger.accepted.map(({ event }) => event.event_action);
  const heard = (receiver: string) =>
    world.notices
      .filter((one) => one.receiver === receiver)
      .map(({ notice }) => `${notice.kind} ${notice.incident.title}`);
  return { world, ten, actions, heard };
}

test('a scheduled drill comes at its time, once, and ends when everybody has taken it', async () => {
  const { world, ten, actions, heard } = await beforeTen();
  await world.clock.advance(4 * MINUTE);
  expect(actions()).toEqual([]);
  await world.clock.advance(5 * MINUTE);
  expect(actions()).toEqual(['trigger', 'resolve']);
  expect(world.ledger.accepted[0]?.at).toBeGreaterThanOrEqual(ten);
  expect(heard('webhook')).toEqual(Array(2).fill('drill Drill: this is a test page, nothing is down'));
  await world.restart();
  await world.clock.advance(2 * HOUR);
  expect(actions()).toHaveLength(2);
  await world.clock.advance(22 * HOUR);
  expect(actions()).toEqual(['trigger', 'resolve', 'trigger', 'resolve']);
  await world.stop();
});

test('whoever does not take it has failed: the others hear of that, and of the drill nobody is called late', async () => {
  const { world, actions, heard } = await beforeTen();
  world.pagerDuty = 'unreachable';
  await world.clock.advance(30 * MINUTE);
  expect(heard('webhook').filter((one) => one.startsWith('ticket'))).toEqual([
    'ticket The scheduled drill failed',
  ]);
  const { notice } = world.notices.find(({ notice }) => notice.kind === 'ticket') ?? {};
  expect(notice?.incident.evidence.message).toBe(
    'A page would not have arrived: for 4 min the drill was not taken by pagerduty (connect_refused).',
  );
  world.pagerDuty = 'up';
  await world.clock.advance(HOUR);
  expect(actions(), 'a drill that is over calls nobody').toEqual([]);
  await world.clock.advance(24 * HOUR);
  expect(actions()).toEqual(['trigger', 'resolve']);
  expect(heard('webhook')).toContain('resolve The scheduled drill failed');
  await world.stop();
});

test('whoever may have heard of a drill hears of its end', async () => {
  const { world } = await beforeTen();
  world.pagerDuty = 'accepts and hangs up';
  await world.clock.advance(20 * MINUTE);
  world.pagerDuty = 'up';
  await world.clock.advance(HOUR);
  expect(world.ledger.totals).toMatchObject({ opened: 1, resolved: 1 });
  expect(world.ledger.open).toEqual([]);
  await world.stop();
});

test('a drill whose time went by while nothing ran is left out', async () => {
  const { world, actions } = await beforeTen();
  await world.stop();
  await world.clock.advance(HOUR);
  await world.boot();
  await world.clock.advance(HOUR);
  expect(actions()).toEqual([]);
  await world.stop();
});
