import type { Due, Facts } from '../../reading.ts';
import { lasted } from '../../words.ts';
import type { Issue } from '../finding.ts';

/** One key, as far as a source knows it. Times are epoch ms. */
export interface Key {
  /** For people, never secret. */
  readonly name: string;
  /** When it was made, or rotated last; absent: nobody says. */
  readonly bornAt?: number;
}

/** What a source found. */
export interface Keys {
  /** Those in use. */
  readonly keys: readonly Key[];
  /** What is wrong whatever the policy says: a rotation that fails, a key that isn't there. */
  readonly issues: readonly Issue[];
  readonly facts?: Facts;
  /** What runs out besides keys by their age. */
  readonly dues?: readonly Due[];
}

export const missing = (message: string): Keys => ({
  keys: [],
  issues: [{ reason: 'key_missing', message }],
});

/** A rotation that should have happened: `late`, ms, is how far behind its date it may be; `advice`: what to do. */
export function overdueIssues(
  what: string,
  next: Date | undefined,
  { late, advice = '' }: { readonly late: number; readonly advice?: string },
  now: number,
): Issue[] {
  const behind = next ? now - next.getTime() : 0;
  if (behind <= late) return [];
  const message = `The rotation of ${what} was due ${lasted(behind)} ago and did not happen${advice}.`;
  return [{ reason: 'rotation_failing', message }];
}
