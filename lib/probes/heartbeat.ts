import type { Check } from '../config/compiled.ts';
import type { Finding } from '../reading.ts';
import { lasted } from '../words.ts';
import { type Beaten, defineAccountProbe, type Heard } from './define.ts';
import { found, type Issue } from './finding.ts';

/** A share of "every", and no less than a minute. */
const GRACE_SHARE = 0.1;
const GRACE_LEAST_MS = 60_000;

/** What is asked of a heartbeat, ms. */
export interface HeartbeatPolicy {
  /** How often it should call. */
  readonly period: number;
  readonly grace: number;
  /** How long the job may take, if that matters. */
  readonly maxDuration?: number | undefined;
}

/** When it is late, epoch ms: a whole period and its grace after it was heard last, if every call was heard. */
const dueBy = ({ since, last }: Heard, { period, grace }: HeartbeatPolicy): number =>
  (last?.at ?? since) + period + grace;

/**
 * When it is held to be late, epoch ms. Where calls may have been lost it has another period from then on: so a job that
 * is well calls once more. Gaps that come again and again put that off to twice the period, and no further.
 */
export function lateAt(heard: Heard, policy: HeartbeatPolicy): number {
  const { period, grace } = policy;
  const { listening } = heard;
  const due = dueBy(heard, policy);
  const anew = Math.max(due, listening + period + grace);
  const twice = due + period;
  return listening < twice ? Math.min(anew, twice) : anew;
}

/** What is wrong with a heartbeat. On the very moment at which it is due it isn't late. */
export function heartbeatIssues(heard: Heard, policy: HeartbeatPolicy, now: number): Issue[] {
  const { since, last } = heard;
  const silent = lasted(now - (last?.at ?? since));
  const late = lateAt(heard, policy);
  if (now > late) {
    const message = last
      ? `Nothing was heard for ${silent}; it should call every ${lasted(policy.period)}.`
      : `It has never called, and is waited for since ${silent}; it should call every ${lasted(policy.period)}.`;
    return [{ reason: 'heartbeat_missed', message }];
  }
  if (!last) {
    const message = `It has not called yet; it is late in ${lasted(late - now)}.`;
    return [{ reason: 'heartbeat_awaited', message }];
  }
  if (!last.ok) return [{ reason: 'heartbeat_failed', message: failure(last, now) }];
  if (now > dueBy(heard, policy)) {
    const message = `Nothing was heard for ${silent}, but calls may have been lost; it is late in ${lasted(late - now)}.`;
    return [{ reason: 'heartbeat_awaited', message }];
  }
  return tookTooLong(last, policy);
}

const failure = ({ at, message }: Beaten, now: number): string =>
  `It reported a failure ${lasted(now - at)} ago${message ? `: ${message}` : '.'}`;

function tookTooLong({ tookMs }: Beaten, { maxDuration }: HeartbeatPolicy): Issue[] {
  if (tookMs === undefined || maxDuration === undefined || tookMs <= maxDuration) return [];
  const message = `It took ${lasted(tookMs)}: at most ${lasted(maxDuration)} are allowed.`;
  return [{ reason: 'too_slow', message }];
}

/** A job calls, or is silent. */
export const heartbeat = defineAccountProbe({
  type: 'heartbeat',
  summary:
    'A job (cron, CI, a restore drill) calls /beat/<id> when it is done; late after "every" and "grace".',
  shape: (_, fields) => ({
    token: fields.secret.describe('What the job proves itself with: a secret of this heartbeat alone'),
    grace: fields.duration
      .optional()
      .describe('How much later than "every" it may call; default: a tenth of "every", at least 1m'),
    maxDuration: fields.span
      .optional()
      .describe('How long the job may take, as it says itself; beyond that it is degraded'),
  }),
  defaults: { every: '1d', severity: 'ticket' },
  says: { down: 'is late or has failed', degraded: 'takes too long' },
  looksEvery: 60_000,
  hears: ({ id }) => id,
  target: ({ id }) => `/beat/${id}`,

  async run(check, { clock, heard }): Promise<Finding> {
    const began = clock.monotonic();
    const policy = policyOf(check);
    const known = await heard(check.id, policy.period + policy.grace);
    const { last } = known;
    return found(heartbeatIssues(known, policy, clock.now()), {
      latencyMs: clock.monotonic() - began,
      facts: {
        lateAt: new Date(lateAt(known, policy)).toISOString(),
        ...(last && { lastAt: new Date(last.at).toISOString() }),
        ...(last?.tookMs !== undefined && { tookMs: last.tookMs }),
      },
    });
  },
});

/** A compiled check of a heartbeat. */
export type HeartbeatCheck = Parameters<typeof heartbeat.run>[0];

/** The heartbeats among the checks of a config. */
export const heartbeatsIn = (checks: readonly Check[]): HeartbeatCheck[] =>
  checks.filter((check): check is HeartbeatCheck => check.type === heartbeat.type);

export function policyOf({ period = 0, grace, maxDuration }: HeartbeatCheck): HeartbeatPolicy {
  return {
    period,
    grace: grace ?? Math.max(GRACE_LEAST_MS, period * GRACE_SHARE),
    maxDuration,
  };
}
