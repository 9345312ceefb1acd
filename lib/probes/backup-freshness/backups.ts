import type { Facts } from '../../reading.ts';
import { lasted } from '../../words.ts';
import type { Issue } from '../finding.ts';

/** One backup, as its source tells of it. */
export interface Backup {
  /** For people, never secret. */
  readonly name: string;
  /** Of when the data in it are, epoch ms: a copy is as old as what it is a copy of. */
  readonly at: number;
  /** Only what is complete can be restored. `running`: it isn't yet, and that is no fault. */
  readonly state: 'complete' | 'running' | 'failed' | 'partial';
  /** Absent: its source doesn't say. */
  readonly bytes?: number;
  readonly encrypted?: boolean;
}

/** What a source found. */
export interface Backups {
  readonly backups: readonly Backup[];
  /** What is wrong whatever the policy says: recovery to a point in time that is off, or lags. */
  readonly issues?: readonly Issue[];
  readonly facts?: Facts;
  /** Whether there is more than single backups: recovery to a point in time, which is enough where no age is asked for. */
  readonly continuous?: boolean;
}

/** The newest moment to which a database can be put back, and how far that may lie behind. Epoch ms; ms. */
export function lagIssues(what: string, latest: number | undefined, maxLag: number, now: number): Issue[] {
  if (latest === undefined)
    return [
      {
        reason: 'pitr_off',
        message: `${what} cannot be put back to a point in time: automated backups are off.`,
      },
    ];
  const lag = now - latest;
  if (lag <= maxLag) return [];
  const message = `${what} can be put back to ${lasted(lag)} ago at best: at most ${lasted(maxLag)} are allowed.`;
  return [{ reason: 'backup_too_old', message }];
}
