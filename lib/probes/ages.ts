import type { Due } from '../reading.ts';
import type { Reason } from '../reasons.ts';
import { lasted } from '../words.ts';
import type { Issue } from './finding.ts';

/** How old something may become, ms; `warn`: the age from which that is said before. */
export interface AgePolicy {
  readonly maxAge: number;
  readonly warn?: number | undefined;
}

/** How much time must be left, ms: degraded from `warn` on, down from `fail` on. */
export interface ExpiryPolicy {
  readonly warn: number;
  readonly fail: number;
}

/** The words for what is wrong with an age or an expiry. */
export interface AgeReasons {
  readonly over: Reason;
  readonly soon: Reason;
}

/** Too old is what is older than `maxAge`: at exactly that age it isn't yet. Times are epoch ms. */
export function ageIssues(
  what: string,
  bornAt: number,
  { maxAge, warn = maxAge }: AgePolicy,
  now: number,
  { over, soon }: AgeReasons,
): Issue[] {
  const age = now - bornAt;
  const left = maxAge - age;
  if (left < 0)
    return [
      {
        reason: over,
        message: `${what} is ${lasted(age)} old, more than the ${lasted(maxAge)} that are allowed.`,
      },
    ];
  if (age <= warn) return [];
  return [
    {
      reason: soon,
      message: `${what} is ${lasted(age)} old: in ${lasted(left)} it is too old (${lasted(maxAge)}).`,
    },
  ];
}

/** When it gets too old. */
export const ageDue = (what: string, bornAt: number, { maxAge }: AgePolicy): Due => ({
  what,
  since: bornAt,
  at: bornAt + maxAge,
  why: `is ${lasted(maxAge)} old`,
});

/** Expired is what has no time left; soon is what has no more left than the policy says. Times are epoch ms. */
export function expiryIssues(
  what: string,
  expiresAt: number,
  { warn, fail }: ExpiryPolicy,
  now: number,
  { over, soon }: AgeReasons,
): Issue[] {
  const left = expiresAt - now;
  if (left <= 0) {
    const message = `${what} has expired ${left === 0 ? 'right now' : `${lasted(-left)} ago`}.`;
    return [{ reason: over, message }];
  }
  if (left > warn) return [];
  const message = `${what} expires in ${lasted(left)}.`;
  return [{ reason: soon, message, ...(left <= fail && { status: 'down' }) }];
}

/** When it expires. */
export const expiryDue = (what: string, at: number): Due => ({ what, at, why: 'expires' });
