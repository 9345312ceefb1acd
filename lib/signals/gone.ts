import type { Signal } from '../signal.ts';

/** What there is no more is wrong no more. */
export const gone = (signal: Signal, now: number): Signal => ({
  ...signal,
  at: now,
  state: 'ok',
  message: 'It does not exist any more.',
});
