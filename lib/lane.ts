/**
 * The lane of one receiver: who may send to it now, and how fast. It is one stored item, so that the pace
 * holds across processes and restarts.
 */
export interface Lane {
  /** Who holds the lease, until when (epoch ms). */
  readonly owner: string;
  readonly until: number;
  readonly tokens: number;
  readonly filledAt: number;
  /** Attempts that failed in a row, whatever their incident. */
  readonly failures: number;
  /** Nothing is sent before this, epoch ms. */
  readonly notBefore: number;
  /** The last refusal, until something is accepted again: the operator's banner. */
  readonly refusal?: { readonly at: number; readonly receiver: string; readonly why: string };
}

/** A lease must outlast the attempt that is made under it. */
export const LEASE_MS = 30_000;
/** After so many failures in a row only one attempt at a time feels whether the receiver is back. */
export const SUSPECT_AFTER = 3;
const LONGEST_PAUSE_MS = 30_000;

/** Any minute sees at most `perMinute`: a burst of a sixth, and the rest as the minute goes by. */
const burst = (perMinute: number): number => Math.floor(perMinute / 6);

const fresh = (owner: string, now: number, perMinute: number): Lane => ({
  owner,
  until: 0,
  tokens: burst(perMinute),
  filledAt: now,
  failures: 0,
  notBefore: 0,
});

/** Takes the lease and up to `want` tokens; undefined: someone else is sending. `tokens` may be 0: wait. */
export function lease(
  lane: Lane | undefined,
  owner: string,
  want: number,
  perMinute: number,
  now: number,
): { lane: Lane; tokens: number; waitMs: number } | undefined {
  const current = lane ?? fresh(owner, now, perMinute);
  const heldByOther = current.owner !== owner && current.until > now && current.until <= now + LEASE_MS;
  if (heldByOther) return undefined;
  const perMs = (perMinute - burst(perMinute)) / 60_000;
  const filled = Math.min(burst(perMinute), current.tokens + Math.max(0, now - current.filledAt) * perMs);
  const pause = Math.min(LONGEST_PAUSE_MS, current.notBefore - now);
  const most = current.failures >= SUSPECT_AFTER ? 1 : want;
  const tokens = pause > 0 ? 0 : Math.min(most, Math.floor(filled));
  const waitMs = tokens > 0 ? 0 : Math.max(pause, Math.ceil((1 - filled) / perMs), 1);
  return {
    lane: { ...current, owner, until: now + LEASE_MS, tokens: filled - tokens, filledAt: now },
    tokens,
    waitMs,
  };
}

/** Takes note of how an attempt ended. */
export function noted(
  lane: Lane,
  outcome: 'accepted' | 'retry' | 'refused',
  now: number,
  retryAfterMs = 0,
): Lane {
  if (outcome === 'accepted') {
    const { refusal: _, ...clean } = lane;
    return { ...clean, failures: 0, notBefore: 0 };
  }
  if (outcome === 'refused') return { ...lane, failures: 0 };
  const failures = lane.failures + 1;
  const pause =
    failures >= SUSPECT_AFTER ? Math.min(LONGEST_PAUSE_MS, 1_000 * 2 ** (failures - SUSPECT_AFTER)) : 0;
  return { ...lane, failures, notBefore: now + Math.max(pause, retryAfterMs) };
}

/** Lets others send at once. */
export const released = (lane: Lane): Lane => ({ ...lane, until: 0 });
