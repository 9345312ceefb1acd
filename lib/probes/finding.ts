import { Fault } from '../net/net.ts';
import type { Clock } from '../ports.ts';
import { type Due, type Facts, type Finding, type Phases, STATUSES, type Status } from '../reading.ts';
import { type Reason, statusOf } from '../reasons.ts';

/** Longest message of a finding, in UTF-16 units. */
const MESSAGE_MAX = 500;

/** One thing that is wrong with a target. */
export interface Issue {
  readonly reason: Reason;
  /** One sentence for a person, without secrets. */
  readonly message: string;
  /** Where a policy of the check decides otherwise than the reason's own status. */
  readonly status?: Status;
}

/** What was measured, whatever came of it. */
export interface Measured {
  readonly latencyMs: number;
  readonly phases?: Phases;
  readonly facts?: Facts;
  readonly dues?: readonly Due[];
}

/** A finding from everything that is wrong, in any order: no issue is `up`, else the worst one decides. */
export function found(issues: readonly Issue[], measured: Measured): Finding {
  const worstFirst = issues.toSorted((a, b) => rank(a) - rank(b));
  return {
    status: worstFirst[0] ? statusOfIssue(worstFirst[0]) : 'up',
    reasons: [...new Set(worstFirst.map((issue) => issue.reason))],
    message: cut(worstFirst.map((issue) => issue.message).join(' '), MESSAGE_MAX),
    latencyMs: measured.latencyMs,
    phases: measured.phases ?? {},
    facts: measured.facts ?? {},
    ...(measured.dues && { dues: measured.dues }),
  };
}

/** The finding of a try that ended in a `Fault`. Anything else is a defect of ours and is thrown on. */
export function failed(error: unknown, latencyMs: number): Finding {
  if (!(error instanceof Fault)) throw error;
  const { status, reasons, phases, facts } = error;
  return { status, reasons, message: cut(error.message, MESSAGE_MAX), latencyMs, phases, facts };
}

/** The finding of a look at something that isn't a connection: how long it took, and whatever came of it. */
export async function findingOf(
  clock: Pick<Clock, 'monotonic'>,
  look: () => Promise<Omit<Measured, 'latencyMs'> & { readonly issues: readonly Issue[] }>,
): Promise<Finding> {
  const began = clock.monotonic();
  try {
    const { issues, ...measured } = await look();
    return found(issues, { ...measured, latencyMs: clock.monotonic() - began });
  } catch (error) {
    return failed(error, clock.monotonic() - began);
  }
}

/** Its own status, or else that of its reason. */
export const statusOfIssue = (issue: Issue): Status => issue.status ?? statusOf(issue.reason);

const rank = (issue: Issue): number => STATUSES.indexOf(statusOfIssue(issue));

/** At most `max` UTF-16 units of a text, cut between code points. */
export function cut(text: string, max: number): string {
  if (text.length <= max) return text;
  const head = text.slice(0, max - 1);
  return `${head.isWellFormed() ? head : head.slice(0, -1)}…`;
}
