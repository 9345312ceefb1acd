import { describe, expect, test } from 'vitest';
import { MemoryQueue, type QueueOptions } from '../../../lib/adapters/local/queue.ts';
import { StoreError, sleep } from '../../../lib/ports.ts';
import { settle, VirtualClock } from '../../kit/clock.ts';
import { MINUTE, SECOND } from '../../kit/readings.ts';

/** A queue of numbers; `fail` says what is thrown for a batch. */
function queueOf(
  options: Partial<QueueOptions<number>> & { fail?: (batch: readonly number[]) => Error | undefined } = {},
) {
  const clock = new VirtualClock();
  const stop = new AbortController();
  const handled: number[][] = [];
  const lost: number[] = [];
  const logged: string[] = [];
  const note = (message: string) => void logged.push(message);
  const queue = new MemoryQueue<number>({
    name: 'test',
    clock,
    log: { info: note, warn: note, error: note },
    limit: 100,
    lost: (message) => void lost.push(message),
    signal: stop.signal,
    handle: async (batch) => {
      await sleep(clock, 10);
      const error = options.fail?.(batch);
      if (error) throw error;
      handled.push([...batch]);
    },
    ...options,
  });
  const send = async (...messages: number[]) => {
    for (const message of messages) await queue.send(message);
  };
  return { clock, stop, queue, send, handled, lost, logged };
}

const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, i) => from + i);

test('what waits is handled together, in order', async () => {
  const { queue, send, clock, handled } = queueOf();
  await send(1, 2, 3);
  await settle();
  await send(4);
  await clock.run(queue.idle());
  expect(handled.flat()).toEqual([1, 2, 3, 4]);
  expect(handled.length).toBeLessThan(4);
});

test('a store that is away for ten minutes loses nothing: all of it is handled in one go when it is back (G04)', async () => {
  let isAway = true;
  const { send, clock, handled, lost, logged } = queueOf({
    fail: () => (isAway ? new StoreError('away') : undefined),
  });
  for (let i = 1; i <= 60; i++) {
    await send(i);
    await clock.advance(10 * SECOND);
  }
  isAway = false;
  await clock.advance(MINUTE);
  expect(handled).toEqual([range(1, 60)]);
  expect(lost).toEqual([]);
  expect(logged.length).toBeLessThan(30);
});

test('beyond the limit the oldest are lost, each is told of, and the log says so once', async () => {
  let isAway = true;
  const { send, clock, handled, lost, logged } = queueOf({
    limit: 50,
    fail: () => (isAway ? new StoreError('away') : undefined),
  });
  for (const i of range(1, 80)) await send(i);
  await clock.advance(MINUTE);
  for (const i of range(81, 90)) await send(i);
  isAway = false;
  await clock.advance(MINUTE);
  expect(handled.flat()).toEqual(range(41, 90));
  expect(lost.toSorted((a, b) => a - b)).toEqual(range(1, 40));
  expect(logged.filter((line) => line.includes('dropped'))).toHaveLength(1);
});

describe('a message that can’t be handled', () => {
  test('is found among the others, given up after five attempts, and holds up none of them for good', async () => {
    const { queue, send, clock, handled, lost } = queueOf({
      fail: (batch) => (batch.includes(3) ? new TypeError('a defect') : undefined),
    });
    await send(1, 2, 3, 4, 5);
    await clock.run(queue.idle());
    expect(handled.flat()).toEqual([1, 2, 4, 5]);
    expect(lost).toEqual([3]);
    await send(6, 7);
    await clock.run(queue.idle());
    expect(handled.flat()).toEqual([1, 2, 4, 5, 6, 7]);
  });

  test('for the store’s sake is never given up', async () => {
    let attempts = 0;
    const { queue, send, clock, handled, lost } = queueOf({
      fail: () => (attempts++ < 100 ? new StoreError('throttled') : undefined),
    });
    await send(1);
    await clock.run(queue.idle());
    expect([handled.flat(), lost]).toEqual([[1], []]);
  });
});

test('a process that stops handles what it can, and waits for nothing', async () => {
  const { queue, send, clock, stop, handled } = queueOf({
    fail: (batch) => (batch.includes(9) ? new StoreError('away') : undefined),
  });
  await send(1, 2);
  stop.abort();
  await clock.run(queue.idle());
  expect(handled.flat()).toEqual([1, 2]);
  await send(9);
  await clock.run(queue.idle());
  expect(clock.pending).toBe(0);
});
