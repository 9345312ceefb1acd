import { expect, test } from 'vitest';
import { steadyClock } from '../../../lib/adapters/local/steady-clock.ts';
import { VirtualClock } from '../../kit/clock.ts';
import { DAY, HOUR, MINUTE, NOON, SECOND } from '../../kit/readings.ts';

function steady() {
  const machine = new VirtualClock(NOON);
  const said: string[] = [];
  const note = (message: string) => void said.push(message);
  const clock = steadyClock(machine, { info: note, warn: note, error: note });
  /** As a process that reads the clock now and then sees it. */
  const live = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += SECOND) {
      await machine.advance(SECOND);
      clock.now();
    }
  };
  return { machine, clock, said, live };
}

test.each([
  ['an hour ahead', HOUR],
  ['an hour back', -HOUR],
  ['ten years ahead', 3_652 * DAY],
  ['to 1970', -NOON],
])('a jump %s moves nothing for ten minutes, is told, and is followed then (H01)', async (_, jump) => {
  const { machine, clock, said, live } = steady();
  await live(5 * SECOND);
  machine.jump(jump);
  await live(9 * MINUTE);
  expect(clock.now()).toBe(NOON + 9 * MINUTE + 5 * SECOND);
  expect(said).toHaveLength(1);
  expect(said[0]).toContain('clock suspect');
  await live(2 * MINUTE);
  expect(clock.now()).toBe(machine.now());
  expect(said[1]).toContain('followed from now on');
});

test('a jump that is taken back leaves no trace but a line', async () => {
  const { machine, clock, said, live } = steady();
  machine.jump(-DAY);
  await live(3 * MINUTE);
  machine.jump(DAY);
  await live(20 * MINUTE);
  expect(clock.now()).toBe(NOON + 23 * MINUTE);
  expect(said.map((line) => line.includes('right again'))).toEqual([false, true]);
});

test('a clock that is slewed or stepped a little never runs backwards (H02)', async () => {
  const { machine, clock, said, live } = steady();
  let last = clock.now();
  for (const step of [3, -4, 900, -900, 1_500, -1_999, 0, 12, -12]) {
    machine.jump(step);
    const now = clock.now();
    expect(now, `${step}`).toBeGreaterThanOrEqual(last);
    expect(Math.abs(now - machine.now()), `${step}`).toBeLessThan(4_000);
    last = now;
    await live(SECOND);
  }
  expect(said.length).toBeLessThanOrEqual(2);
});

test('durations and timers are those of the monotonic clock, whatever the wall clock does (H01, H02)', async () => {
  const { machine, clock, live } = steady();
  let fired = false;
  clock.after(MINUTE, () => {
    fired = true;
  });
  const began = clock.monotonic();
  machine.jump(-HOUR);
  await live(MINUTE);
  expect(clock.monotonic() - began).toBe(MINUTE);
  expect(fired).toBe(true);
});
