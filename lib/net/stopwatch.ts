import type { Clock } from '../ports.ts';
import type { Phases } from '../reading.ts';

/** Measures phases that follow each other without a gap, so that they add up. */
export interface Stopwatch {
  /** The phase that runs has ended, this one starts. */
  start(phase: keyof Phases): void;
  /** Ends the phase that runs; every phase so far, ms. */
  stop(): Phases;
}

export function stopwatch(clock: Clock, before: Phases): Stopwatch {
  const phases: { -readonly [P in keyof Phases]: Phases[P] } = { ...before };
  let running: keyof Phases | undefined;
  let since = clock.monotonic();

  function start(next: keyof Phases | undefined): void {
    const now = clock.monotonic();
    if (running) phases[running] = now - since;
    running = next;
    since = now;
  }

  return {
    start,
    stop() {
      start(undefined);
      return phases;
    },
  };
}

/** Phases of what was done twice, summed. */
export function addPhases(some: Phases, more: Phases): Phases {
  const sum: Record<string, number> = { ...some };
  for (const [phase, ms] of Object.entries(more)) sum[phase] = (sum[phase] ?? 0) + ms;
  return sum;
}
