import { expect, test } from 'vitest';
import { configOf, World } from '../kit/world.ts';

test('an outage is one incident, one page and one resolve, and the page comes within 12 s of the first failed try', async () => {
  let start = Number.POSITIVE_INFINITY;
  let firstFailure: number | undefined;
  const world = await World.start({
    config: configOf(['api']),
    find: (_check, now) => {
      if (now < start + 90_000 || now > start + 400_000) return 'up';
      firstFailure ??= now;
      return 'down';
    },
  });
  start = world.clock.now();
  await world.clock.advance(600_000);
  expect(world.logged).toEqual([]);
  const [trigger, resolve, ...rest] = world.ledger.accepted;
  expect(rest).toEqual([]);
  expect([trigger?.event.event_action, resolve?.event.event_action]).toEqual(['trigger', 'resolve']);
  expect((trigger?.at ?? 0) - (firstFailure ?? 0)).toBeLessThanOrEqual(12_000);
  await world.stop();
});

test('a three-second blip pages nobody', async () => {
  let start = 0;
  const world = await World.start({
    config: configOf(['api'], {}, 5_000),
    find: (_check, now) => (now >= start + 60_000 && now < start + 63_000 ? 'down' : 'up'),
  });
  start = world.clock.now();
  await world.clock.advance(600_000);
  expect(world.ledger.accepted).toEqual([]);
  expect(world.notices).toEqual([]);
  await world.stop();
});
