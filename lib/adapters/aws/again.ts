import { backoff, type Clock, sleep } from '../../ports.ts';

/** How often a call is tried in all. */
const TRIES = 3;
/** 50–100 ms, then 100–200. */
const FIRST_WAIT_MS = 100;

/**
 * Repeats a call that fails, whatever it fails with: even "access denied" is over in seconds after a deployment.
 * The clients' own repeating is off (`maxAttempts: 1`): it waits on timers of its own, knows nothing of the half of a
 * batch that failed, and two who repeat multiply each other's tries.
 */
export async function again<T>(
  clock: Clock,
  call: () => Promise<T>,
  random: () => number = Math.random,
): Promise<T> {
  for (let tried = 1; ; tried++) {
    try {
      return await call();
    } catch (error) {
      if (tried === TRIES) throw error;
      await sleep(clock, backoff(FIRST_WAIT_MS, tried, random));
    }
  }
}
