import { expect, test } from 'vitest';
import type { Sender } from '../../../lib/deliver.ts';
import { HOUR, MINUTE, SECOND } from '../../kit/readings.ts';
import { configOf, World } from '../../kit/world.ts';

/** In a minute: at some time in it nothing but what waits for later is set. */
async function fewestTimers({ clock }: World): Promise<number> {
  const counts: number[] = [];
  for (let second = 0; second < 60; second++) {
    await clock.advance(SECOND);
    counts.push(clock.pending);
  }
  return Math.min(...counts);
}

test('however often something happens while a receiver has to wait, delivery sets one timer for it', async () => {
  const refuses: Sender = {
    perMinute: 120,
    lane: ({ name }) => name,
    send: async () => ({ outcome: 'refused', why: 'The key is revoked.', final: false }),
  };
  const ids = ['api', 'web', 'mail', 'search', 'login', 'shop'];
  const world = await World.start({ config: configOf(ids), parts: () => ({ sender: () => refuses }) });
  const counts: number[] = [];
  for (const id of ids) {
    world.targets.set(id, 'down');
    await world.clock.advance(MINUTE);
    world.targets.set(id, 'up');
    await world.clock.advance(MINUTE);
    counts.push(await fewestTimers(world));
  }
  expect(await world.memory.due(Number.MAX_SAFE_INTEGER, 99)).toHaveLength(ids.length);
  expect(new Set(counts).size).toBe(1);
  await world.stop();
  expect(world.clock.pending).toBe(0);
});

test('probing goes on, and is said to, while the wall clock jumps, is believed and set right (H01)', async () => {
  const world = await World.start({ config: configOf(['api']) });
  const healthy: boolean[] = [];
  for (const jump of [HOUR, -HOUR]) {
    world.clock.jump(jump);
    for (let second = 0; second < 15 * 60; second += 1) {
      await world.clock.advance(SECOND);
      healthy.push(world.machine.healthy());
    }
  }
  expect(healthy).not.toContain(false);
  await world.stop();
});

test('what was decided just before the end is in the last snapshot', async () => {
  const world = await World.start({ config: configOf(['api']) });
  await world.clock.advance(5 * MINUTE);
  for (const name of ['one', 'another']) {
    await world.machine.report(name, 'open', `This is ${name}`, 'Look at it.');
    await world.clock.advance(100);
  }
  await world.stop();
  expect(world.snapshot.incidents.map(({ title }) => title).toSorted()).toEqual([
    'This is another',
    'This is one',
  ]);
});
