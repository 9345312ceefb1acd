import { performance } from 'node:perf_hooks';
import type { Clock } from '../../ports.ts';

/** Node refuses delays over 2^31-1 ms: https://nodejs.org/api/timers.html#settimeoutcallback-delay-args */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** The machine's clock. Its timers don't keep a process alive that has nothing else to do. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms, callback) {
    let timer = setTimeout(fire, Math.min(Math.max(0, ms), LONGEST_TIMER_MS));
    const end = performance.now() + ms;
    function fire() {
      const left = end - performance.now();
      if (left > LONGEST_TIMER_MS / 2) timer = setTimeout(fire, Math.min(left, LONGEST_TIMER_MS));
      else callback();
    }
    return () => clearTimeout(timer);
  },
};
