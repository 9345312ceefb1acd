import type { Check } from '../../config/compiled.ts';
import { type Clock, sleep } from '../../ports.ts';
import { beatOf, offsetIn, STALE_BEAT_MS } from '../../schedule.ts';

/** One machine's grid: fine enough for the shortest interval, and every check starts at its own place in it. */
export const STEP_MS = 5_000;
/** A beat in which nothing is due still tells that the location is alive: the first one, and one each minute. */
const SIGN_OF_LIFE_MS = 60_000;

export interface Beats {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly checks: () => readonly Check[];
  /** Runs a beat; `skipped` counts the checks whose beats were too old to run. */
  readonly run: (beat: number, skipped: number) => void;
}

/** Calls `run` at every beat in which something is due or life is to be shown, until the signal. Beats over a minute old are skipped and counted. */
export async function runBeats({ clock, signal, checks, run }: Beats): Promise<void> {
  let beat = beatOf(clock.now(), STEP_MS) + STEP_MS;
  let skipped = 0;
  let isFirst = true;
  while (!signal.aborted) {
    const asleepAt = clock.monotonic();
    await sleep(clock, beat - clock.now(), signal);
    const slept = clock.monotonic() - asleepAt;
    // a clock that was set forward skipped no time in which anything could have been missed
    if (clock.now() - beat > slept + STALE_BEAT_MS) beat = beatOf(clock.now(), STEP_MS);
    for (; beat <= clock.now() && !signal.aborted; beat += STEP_MS) {
      const due = checks().filter((check) => offsetIn(check, beat, STEP_MS) !== undefined).length;
      if (clock.now() - beat > STALE_BEAT_MS) skipped += due;
      else if (due > 0 || beat % SIGN_OF_LIFE_MS === 0 || isFirst) {
        run(beat, skipped);
        skipped = 0;
        isFirst = false;
      }
    }
    beat = Math.min(beat, beatOf(clock.now(), STEP_MS) + STEP_MS);
  }
}
