import { expect, test } from 'vitest';
import { drillCase } from '../../lib/cli/drill-course.ts';
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
