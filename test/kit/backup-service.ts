import { createServer } from 'node:http';
import { onLoopback } from './front.ts';

/** Members as AWS Backup sends them; times are seconds since 1970. */
export type Member = Readonly<Record<string, string | number | boolean>>;

/** What AWS Backup is asked for here: the list that answers hold, by the path of the question. */
export interface BackupService {
  readonly endpoint: string;
  readonly recoveryPoints: Map<string, readonly Member[]>;
  readonly restoreJobs: Map<string, readonly Member[]>;
  close(): Promise<void>;
}

/**
 * AWS Backup, which the emulators haven't: recovery points of a resource or in a vault, and restore jobs, a page of `size`
 * at a time. `test/probes/backup-freshness-aws.test.ts` holds its answers against the model in the SDK.
 */
export async function backupService(size = 100): Promise<BackupService> {
  const recoveryPoints = new Map<string, readonly Member[]>();
  const restoreJobs = new Map<string, readonly Member[]>();
  const server = createServer((request, response) => {
    const url = new URL(String(request.url), 'http://backup');
    const [, kind, subject = '', what] =
      /^\/(resources|backup-vaults)\/(.+)\/(recovery-points|restore-jobs)\/?$/.exec(url.pathname) ?? [];
    const list = (what === 'restore-jobs' ? restoreJobs : recoveryPoints).get(decodeURIComponent(subject));
    response.setHeader('content-type', 'application/json');
    if (kind === undefined || !list) {
      response
        .writeHead(404, { 'x-amzn-errortype': 'ResourceNotFoundException' })
        .end('{"message":"not found"}');
      return;
    }
    const start = Number(url.searchParams.get('nextToken') ?? 0);
    const next = start + size < list.length ? { NextToken: String(start + size) } : {};
    const name = what === 'restore-jobs' ? 'RestoreJobs' : 'RecoveryPoints';
    response.end(JSON.stringify({ [name]: list.slice(start, start + size), ...next }));
  });
  const { endpoint, close } = await onLoopback(server);
  return { endpoint, close, recoveryPoints, restoreJobs };
}
