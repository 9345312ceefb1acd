import type { Clock } from './ports.ts';

/** How fast somebody may go on: as many at once as in a minute, then one after the other. */
export interface Pace {
  /** Whether somebody may go now, and then he does. */
  take(who: string): boolean;
  /** How long until it may go, ms. */
  waitMs(who: string): number;
}

/** So many are remembered at most: beyond that the one who is longest quiet is forgotten. */
const REMEMBERED = 10_000;

/** A token bucket for each, in the memory of this process. */
export function createPace({ perMinute, clock }: { perMinute: number; clock: Clock }): Pace {
  /** When each has all of its tokens again, monotonic ms. */
  const fullAt = new Map<string, number>();
  const each = 60_000 / perMinute;
  const waitMs = (who: string): number =>
    Math.max(0, (fullAt.get(who) ?? 0) + each - 60_000 - clock.monotonic());
  return {
    waitMs,
    take(who) {
      if (waitMs(who) > 0) return false;
      const full = Math.max(fullAt.get(who) ?? 0, clock.monotonic()) + each;
      fullAt.delete(who);
      fullAt.set(who, full);
      const [oldest] = fullAt.keys();
      if (fullAt.size > REMEMBERED && oldest !== undefined) fullAt.delete(oldest);
      return true;
    },
  };
}
