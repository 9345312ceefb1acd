import { performance } from 'node:perf_hooks';
import type { Clock } from '../../ports.ts';

/** Node refuses delays over 2^31-1 ms: https://nodejs.org/api/timers.html#settimeoutcallback-delay-args */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** The machine's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms, callback) {
    if (ms > LONGEST_TIMER_MS) return afterLong(ms, callback);
    const timer = setTimeout(callback, Math.max(0, ms));
    return () => clearTimeout(timer);
  },
};

/** One timer after the other. */
function afterLong(ms: number, callback: () => void): () => void {
  let cancel = systemClock.after(LONGEST_TIMER_MS, () => {
    cancel = systemClock.after(ms - LONGEST_TIMER_MS, callback);
  });
  return () => cancel();
}
