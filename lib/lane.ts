import type { Outcome } from './notifiers/define.ts';
import { wasSetBack } from './outbox.ts';

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
  /** Rounds that failed in a row, whatever their incidents. */
  readonly failures: number;
  /** Nothing is sent before this, epoch ms. */
  readonly notBefore: number;
  /** The last refusal, until something is accepted again: the operator's banner. */
  readonly refusal?: { readonly at: number; readonly receiver: string; readonly why: string };
  /** When something was accepted last and nothing refused beside it, epoch ms: what was refused before may go. */
  readonly takenAt?: number;
}

/** How an attempt ended. */
export interface Ended {
  readonly receiver: string;
  readonly outcome: Outcome;
}

/** A lease must outlast the attempt that is made under it. */
export const LEASE_MS = 15_000;
/** After so many failed rounds only one attempt at a time feels whether the receiver is back. */
export const SUSPECT_AFTER = 3;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;

/** Any minute sees at most `perMinute`: a burst of a sixth, and the rest as the minute goes by. */
const burst = (perMinute: number): number => Math.max(1, Math.floor(perMinute / 6));

const fresh = (owner: string, now: number, perMinute: number): Lane => ({
  owner,
  until: 0,
  tokens: burst(perMinute),
  filledAt: now,
  failures: 0,
  notBefore: 0,
});

/**
 * Takes the lease and up to `want` tokens, for attempts at the same time; undefined: someone else is sending.
 * `tokens` may be 0: wait, and leave the lane as it is. `perMinute` is at least 2.
 */
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
  const {
    tokens: left,
    filledAt,
    notBefore,
  } = wasSetBack(current.filledAt, now) ? anew(current, now) : current;
  const filled = Math.min(burst(perMinute), left + Math.max(0, now - filledAt) * perMs);
  const most = current.failures >= SUSPECT_AFTER ? 1 : want;
  const tokens = notBefore > now ? 0 : Math.min(most, Math.floor(filled));
  const waitMs = tokens > 0 ? 0 : Math.max(notBefore - now, Math.ceil((1 - filled) / perMs), 1);
  return {
    lane: { ...current, owner, until: now + LEASE_MS, tokens: filled - tokens, filledAt: now, notBefore },
    tokens,
    waitMs,
  };
}

/** A clock that was set back says neither how long ago something was sent nor how long to wait: one may go now. */
const anew = (lane: Lane, now: number): Lane => ({
  ...lane,
  tokens: Math.max(1, lane.tokens),
  filledAt: now,
  notBefore: 0,
});

/** Takes note of how the attempts of one round, made at the same time, ended. */
export function noted(lane: Lane, round: readonly Ended[], now: number): Lane {
  const { refusal, ...rest } = lane;
  const failures = round.every(({ outcome }) => outcome.outcome === 'retry') ? lane.failures + 1 : 0;
  const pause =
    failures < SUSPECT_AFTER
      ? 0
      : Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (failures - SUSPECT_AFTER));
  const asked = round.map(({ outcome }) => (outcome.outcome === 'retry' && outcome.retryAfterMs) || 0);
  const standing = refusalOf(round, now) ?? (round.some(isAccepted) ? undefined : refusal);
  return {
    ...rest,
    failures,
    notBefore: now + Math.max(pause, ...asked),
    ...(standing && { refusal: standing }),
    ...(!standing && round.some(isAccepted) && { takenAt: now }),
  };
}

const isAccepted = ({ outcome }: Ended): boolean => outcome.outcome === 'accepted';

function refusalOf(round: readonly Ended[], at: number): Lane['refusal'] {
  const [why] = round.flatMap(({ receiver, outcome }) =>
    outcome.outcome === 'refused' ? { at, receiver, why: outcome.why } : [],
  );
  return why;
}

/** Lets others send at once. */
export const released = (lane: Lane): Lane => ({ ...lane, until: 0 });
