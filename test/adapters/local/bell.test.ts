import { getEventListeners } from 'node:events';
import { expect, test } from 'vitest';
import { type Bell, createBell } from '../../../lib/adapters/local/bell.ts';
import { VirtualClock } from '../../kit/clock.ts';
import { MINUTE, SECOND } from '../../kit/readings.ts';

function setUp(): { bell: Bell; clock: VirtualClock; stop: AbortController; waits: () => Promise<number> } {
  const clock = new VirtualClock();
  const stop = new AbortController();
  const bell = createBell(clock, stop.signal);
  /** How long it waited, at most a minute. */
  const waits = async () => {
    const began = clock.monotonic();
    await clock.run(bell.wait(MINUTE));
    return clock.monotonic() - began;
  };
  return { bell, clock, stop, waits };
}

test('nobody rings: the wait ends when its time is over', async () => {
  const { waits } = setUp();
  expect([await waits(), await waits()]).toEqual([MINUTE, MINUTE]);
});

test('what rang while nobody waited is heard by the next, once', async () => {
  const { bell, waits } = setUp();
  bell.ring();
  bell.ring();
  expect([await waits(), await waits()]).toEqual([0, MINUTE]);
});

test('of all the times at which it shall ring the earliest counts, and then those that are set anew', async () => {
  const { bell, clock, waits } = setUp();
  for (const second of [40, 20, 30]) bell.ringIn(second * SECOND);
  expect(clock.pending).toBe(1);
  expect(await waits()).toBe(20 * SECOND);
  bell.ringIn(10 * SECOND);
  expect([await waits(), await waits()]).toEqual([10 * SECOND, MINUTE]);
});

test('the end of the process ends every wait, and leaves no timer', async () => {
  const { bell, clock, stop, waits } = setUp();
  bell.ringIn(30 * SECOND);
  const waiting = bell.wait(MINUTE);
  stop.abort();
  await waiting;
  bell.ringIn(SECOND);
  expect(clock.pending).toBe(0);
  expect([await waits(), await waits()]).toEqual([0, 0]);
});

test('a thousand waits leave nothing behind at the signal of the process', async () => {
  const { stop, waits } = setUp();
  for (let n = 0; n < 1_000; n++) await waits();
  expect(getEventListeners(stop.signal, 'abort')).toHaveLength(1);
});
