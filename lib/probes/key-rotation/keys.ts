import type { Due, Facts } from '../../reading.ts';
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
