import type { Facts } from '../../reading.ts';
import type { Issue } from '../finding.ts';

/** Something that proves who we are, as far as its source knows it. */
export interface Credential {
  /** For people, never secret: `token`, `certificate of shop`. */
  readonly name: string;
  /** When it expires, epoch ms; absent: nobody says, or it never does. */
  readonly expiresAt?: number;
  /** For how long it is valid in all, ms; absent: nobody says. */
  readonly lifetimeMs?: number | 'never';
  /** A refresh token: another limit holds. */
  readonly isRefresh?: boolean;
  /** It was made for this look: how long is left of it says nothing. */
  readonly isFresh?: boolean;
}

/** What a source found. */
export interface Credentials {
  readonly credentials: readonly Credential[];
  /** What is wrong with them whatever the policy says. */
  readonly issues: readonly Issue[];
  readonly facts?: Facts;
}

export const onlyIssue = (issue: Issue, facts: Facts = {}): Credentials => ({
  credentials: [],
  issues: [issue],
  facts,
});
