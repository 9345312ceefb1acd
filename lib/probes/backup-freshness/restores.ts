import type { BackupClient, RestoreJobsListMember } from '@aws-sdk/client-backup';
import { lasted } from '../../words.ts';
import type { AccountContext, Permission } from '../define.ts';
import type { Issue } from '../finding.ts';
import { allPages } from '../pages.ts';

/** That a backup can be restored is known once it was. */
export interface RestoreTest {
  /** ARN of what was restored: AWS Backup knows its restore jobs. */
  readonly resource?: string | undefined;
  /** Or a heartbeat that a drill calls. */
  readonly heartbeat?: string | undefined;
  readonly maxAge: number;
  readonly maxDuration?: number | undefined;
}

/** A test of a restore that is over. Epoch ms; ms. */
export interface Restored {
  readonly at: number;
  readonly ok: boolean;
  readonly tookMs?: number | undefined;
  readonly why?: string | undefined;
}

/** What is wrong with the tests of restores: the newest counts. */
export function restoreIssues(
  restored: readonly Restored[],
  { maxAge, maxDuration }: Pick<RestoreTest, 'maxAge' | 'maxDuration'>,
  now: number,
): Issue[] {
  const [newest] = restored.toSorted((a, b) => b.at - a.at);
  const untested = (message: string): Issue[] => [{ reason: 'restore_untested', message }];
  if (!newest) return untested('No restore was ever tested: nobody knows whether the backup is good.');
  const age = now - newest.at;
  if (!newest.ok)
    return [
      {
        reason: 'restore_failed',
        message: `The restore that was tested ${lasted(age)} ago has failed${newest.why ? `: ${newest.why}` : '.'}`,
      },
    ];
  if (age > maxAge)
    return untested(`The last restore was tested ${lasted(age)} ago: at most ${lasted(maxAge)} are allowed.`);
  if (maxDuration === undefined || newest.tookMs === undefined || newest.tookMs <= maxDuration) return [];
  const message = `The last restore took ${lasted(newest.tookMs)}: at most ${lasted(maxDuration)} are allowed.`;
  return [{ reason: 'restore_too_slow', message }];
}

/** What a drill has said by its heartbeat, or AWS Backup knows of its restore jobs. */
export async function restoresOf(
  { heartbeat, resource }: RestoreTest,
  region: string | undefined,
  context: AccountContext,
): Promise<Restored[]> {
  if (heartbeat !== undefined) {
    const { last } = await context.heard(heartbeat);
    return last ? [{ at: last.at, ok: last.ok, tookMs: last.tookMs, why: last.message }] : [];
  }
  const { BackupClient } = await import('@aws-sdk/client-backup');
  const jobs = await jobsOf(String(resource), context.aws.client(BackupClient, region), context);
  return jobs.flatMap(restoredBy);
}

/** It has no resource: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsbackup.html */
export const restorePermissions = ({ heartbeat }: RestoreTest): Permission[] =>
  heartbeat === undefined
    ? [{ actions: ['backup:ListRestoreJobsByProtectedResource'], resources: ['*'] }]
    : [];

async function jobsOf(
  ResourceArn: string,
  client: BackupClient,
  { aws }: AccountContext,
): Promise<RestoreJobsListMember[]> {
  const { ListRestoreJobsByProtectedResourceCommand } = await import('@aws-sdk/client-backup');
  return allPages(async (NextToken) => {
    const command = new ListRestoreJobsByProtectedResourceCommand({ ResourceArn, NextToken });
    const page = await aws.call(
      'backup:ListRestoreJobsByProtectedResource',
      (options) => client.send(command, options),
      ['ResourceNotFoundException'],
    );
    return { items: page?.RestoreJobs, next: page?.NextToken };
  });
}

/** A job of a restore testing plan is over once what it restored was validated, if that is asked for. */
function restoredBy({
  CreationDate,
  CompletionDate,
  Status,
  StatusMessage,
  ValidationStatus,
  ValidationStatusMessage,
}: RestoreJobsListMember): Restored[] {
  const isOver =
    ['COMPLETED', 'FAILED', 'ABORTED'].includes(String(Status)) && ValidationStatus !== 'VALIDATING';
  const at = CompletionDate ?? CreationDate;
  if (!isOver || !at) return [];
  const isValid = ValidationStatus === undefined || ValidationStatus === 'SUCCESSFUL';
  return [
    {
      at: at.getTime(),
      ok: Status === 'COMPLETED' && isValid,
      why: isValid
        ? StatusMessage
        : (ValidationStatusMessage ?? `its validation ended as ${ValidationStatus}`),
      ...(CreationDate && CompletionDate && { tookMs: CompletionDate.getTime() - CreationDate.getTime() }),
    },
  ];
}
