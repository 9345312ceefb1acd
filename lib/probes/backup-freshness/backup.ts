import type {
  BackupClient,
  RecoveryPointByBackupVault,
  RecoveryPointByResource,
} from '@aws-sdk/client-backup';
import type { AccountContext } from '../define.ts';
import { allPages } from '../pages.ts';
import { defineSource } from '../source.ts';
import type { Backup, Backups } from './backups.ts';

/** Recovery points of AWS Backup, of one resource or in one vault: EFS, FSx, DocumentDB and the rest come this way. */
export const backup = defineSource<Backups>()({
  kind: 'backup',
  summary: 'Recovery points of AWS Backup, of a resource or in a vault',
  shape: (z, fields) => ({
    resource: z
      .string()
      .regex(/^arn:/, 'must be an ARN')
      .optional()
      .describe('ARN of what is backed up; or "vault"'),
    vault: z
      .string()
      .regex(/^[\w-]{2,50}$/, 'must be the name of a backup vault')
      .optional()
      .describe('Name of a vault'),
    region: fields.region.optional().describe('Default: the region where Watchbill runs'),
  }),
  target: ({ resource, vault }) =>
    `recovery points ${resource ? `of ${resource.split(':').slice(5).join(':')}` : `in ${vault}`}`,
  permissions: ({ resource, vault, region }, place) => [
    resource === undefined
      ? {
          actions: ['backup:ListRecoveryPointsByBackupVault'],
          resources: [`arn:aws:backup:${region ?? place.region}:${place.account}:backup-vault:${vault}`],
        }
      : // It has no resource: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsbackup.html
        { actions: ['backup:ListRecoveryPointsByResource'], resources: ['*'] },
  ],
  async look({ resource, vault, region }, context) {
    const { BackupClient } = await import('@aws-sdk/client-backup');
    const client = context.aws.client(BackupClient, region);
    const points =
      resource === undefined
        ? (await inVault(String(vault), client, context)).map((point) => ({
            ...point,
            encrypted: point.IsEncrypted ?? point.EncryptionKeyArn !== undefined,
            size: point.BackupSizeInBytes,
          }))
        : (await ofResource(resource, client, context)).map((point) => ({
            ...point,
            encrypted: point.EncryptionKeyArn !== undefined,
            size: point.BackupSizeBytes,
          }));
    return { backups: points.flatMap(backupOf) };
  },
});

async function ofResource(
  ResourceArn: string,
  client: BackupClient,
  { aws }: AccountContext,
): Promise<RecoveryPointByResource[]> {
  const { ListRecoveryPointsByResourceCommand } = await import('@aws-sdk/client-backup');
  return allPages(async (NextToken) => {
    const command = new ListRecoveryPointsByResourceCommand({ ResourceArn, NextToken });
    const page = await aws.call(
      'backup:ListRecoveryPointsByResource',
      (options) => client.send(command, options),
      ['ResourceNotFoundException'],
    );
    return { items: page?.RecoveryPoints, next: page?.NextToken };
  });
}

async function inVault(
  BackupVaultName: string,
  client: BackupClient,
  { aws }: AccountContext,
): Promise<RecoveryPointByBackupVault[]> {
  const { ListRecoveryPointsByBackupVaultCommand } = await import('@aws-sdk/client-backup');
  return allPages(async (NextToken) => {
    const command = new ListRecoveryPointsByBackupVaultCommand({ BackupVaultName, NextToken });
    const page = await aws.call(
      'backup:ListRecoveryPointsByBackupVault',
      (options) => client.send(command, options),
      ['ResourceNotFoundException'],
    );
    return { items: page?.RecoveryPoints, next: page?.NextToken };
  });
}

/** STOPPED is a continuous one that goes on no more, and can be restored: https://docs.aws.amazon.com/aws-backup/latest/devguide/API_RecoveryPointByBackupVault.html */
const STATES: Readonly<Record<string, Backup['state'] | 'gone'>> = {
  COMPLETED: 'complete',
  AVAILABLE: 'complete',
  STOPPED: 'complete',
  CREATING: 'running',
  PARTIAL: 'partial',
  EXPIRED: 'gone',
  DELETING: 'gone',
};

interface Point {
  readonly RecoveryPointArn?: string | undefined;
  readonly CreationDate?: Date | undefined;
  readonly Status?: string | undefined;
  readonly encrypted: boolean;
  readonly size: number | undefined;
}

function backupOf({ RecoveryPointArn = '', CreationDate, Status = '', encrypted, size }: Point): Backup[] {
  const state = STATES[Status] ?? 'failed';
  if (!CreationDate || state === 'gone') return [];
  return [
    {
      name: `recovery point ${RecoveryPointArn.split(':').slice(5).join(':')}`,
      at: CreationDate.getTime(),
      state,
      encrypted,
      ...(size !== undefined && { bytes: size }),
    },
  ];
}
