import { expect, test } from 'vitest';
import { Turns } from '../lib/turns.ts';
import { settle } from './kit/clock.ts';

test('whoever gave up waiting keeps nobody from a turn, and a run that fails passes its own on', async () => {
  const turns = new Turns(1);
  const [stop, forever] = [new AbortController(), new AbortController().signal];
  const first = Promise.withResolvers<string>();
  const running = turns.take(forever, () => first.promise);
  const impatient = turns.take(stop.signal, async () => 'never');
  const patient = turns.take(forever, async () => 'patient');
  stop.abort();
  expect(await impatient).toBeUndefined();
  first.reject(new Error('a defect'));
  await expect(running).rejects.toThrow('a defect');
  expect(await patient).toBe('patient');
  expect(await turns.take(forever, async () => 'last')).toBe('last');
});

test('as many run as there are turns; without a bound, all', async () => {
  for (const [atOnce, running] of [
    [3, 3],
    [Number.POSITIVE_INFINITY, 10],
  ] as const) {
    const turns = new Turns(atOnce);
    let begun = 0;
    const forever = new AbortController().signal;
    for (let i = 0; i < 10; i++)
      void turns.take(forever, () => {
        begun += 1;
        return new Promise(() => {});
      });
    await settle();
    expect(begun).toBe(running);
  }
});
