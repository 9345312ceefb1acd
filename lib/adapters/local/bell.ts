import { onAbort } from '../../abort.ts';
import { type Clock, sleep } from '../../ports.ts';

/** Wakes a loop when there is something to do. What rings while nobody waits is heard by who waits next. */
export interface Bell {
  ring(): void;
  /** Rings in so many ms, unless it rings by itself before: who wakes then asks again. */
  ringIn(ms: number): void;
  /** Resolves when it rings, at the latest after `ms`, or when the process stops. For one loop. */
  wait(ms: number): Promise<void>;
}

export function createBell(clock: Clock, signal: AbortSignal): Bell {
  let rung = new AbortController();
  let ringsAt = Number.POSITIVE_INFINITY;
  let cancel = () => {};

  function ring(): void {
    rung.abort();
  }

  onAbort(signal, () => {
    cancel();
    ring();
  });
  return {
    ring,
    ringIn(ms) {
      const at = clock.monotonic() + ms;
      if (at >= ringsAt || signal.aborted) return;
      cancel();
      ringsAt = at;
      cancel = clock.after(ms, () => {
        ringsAt = Number.POSITIVE_INFINITY;
        ring();
      });
    },
    async wait(ms) {
      await sleep(clock, ms, rung.signal);
      if (!signal.aborted) rung = new AbortController();
    },
  };
}
