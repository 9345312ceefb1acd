import type { Clock } from './ports.ts';

/** Looked at so often; a look that comes this much late means that the process stood still. */
const LOOK_MS = 500;
const LATE_MS = 1_000;

/** Notices that the process stood still (stopped, suspended, starved), so that no time-out is believed then. */
export interface FreezeMeter {
  /** Whether it stood still at some time since `since`, monotonic ms. */
  stoodStillSince(since: number): boolean;
  stop(): void;
}

export function createFreezeMeter(clock: Clock): FreezeMeter {
  let lastLook = clock.monotonic();
  let lastThaw = Number.NEGATIVE_INFINITY;
  let cancel = clock.after(LOOK_MS, tick);

  function look(): void {
    const now = clock.monotonic();
    if (now - lastLook > LOOK_MS + LATE_MS) lastThaw = now;
    lastLook = now;
  }

  function tick(): void {
    look();
    cancel = clock.after(LOOK_MS, tick);
  }

  return {
    stoodStillSince(since) {
      look();
      return lastThaw >= since;
    },
    stop: () => cancel(),
  };
}
