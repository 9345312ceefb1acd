import type { BackupSummary, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { AccountContext } from '../define.ts';
import { allPages } from '../pages.ts';
import { defineSource } from '../source.ts';
import { type Backup, type Backups, lagIssues } from './backups.ts';

/** A table of DynamoDB: recovery to a point in time, and backups on demand. */
export const dynamodb = defineSource<Backups>()({
  kind: 'dynamodb',
  summary: 'A DynamoDB table: point-in-time recovery, and backups on demand',
  shape: (z, fields) => ({
    table: z.string().min(3).max(255).describe('Its name'),
    region: fields.region.optional().describe('Default: the region where Watchbill runs'),
    pitr: z
      .union([
        z.literal(false),
        z.strictObject({
          maxLag: fields.span.prefault('15m').describe('How far its newest moment may lie behind'),
        }),
      ])
      .prefault({})
      .describe('Whether it must be possible to put it back to any point in time; false: it need not'),
  }),
  target: ({ table }) => `table ${table}`,
  permissions: ({ table, region, pitr }, place) => [
    ...(pitr
      ? [
          {
            actions: ['dynamodb:DescribeContinuousBackups'],
            resources: [`arn:aws:dynamodb:${region ?? place.region}:${place.account}:table/${table}`],
          },
        ]
      : []),
    // It has no resource: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html
    { actions: ['dynamodb:ListBackups'], resources: ['*'] },
  ],
  async look({ table, region, pitr }, context) {
    const { DynamoDBClient } = await import('@aws-sdk/client-dynamodb');
    const client = context.aws.client(DynamoDBClient, region);
    const backups = (await backupsOf(table, client, context)).flatMap(backupOf);
    if (!pitr) return { backups };
    const latest = await latestOf(table, client, context);
    return {
      backups,
      issues: lagIssues(`The table ${table}`, latest?.getTime(), pitr.maxLag, context.clock.now()),
      continuous: true,
      facts: latest ? { restorableTo: latest.toISOString() } : {},
    };
  },
});

async function latestOf(
  table: string,
  client: DynamoDBClient,
  { aws }: AccountContext,
): Promise<Date | undefined> {
  const { DescribeContinuousBackupsCommand } = await import('@aws-sdk/client-dynamodb');
  const found = await aws.call(
    'dynamodb:DescribeContinuousBackups',
    (options) => client.send(new DescribeContinuousBackupsCommand({ TableName: table }), options),
    ['TableNotFoundException', 'ResourceNotFoundException'],
  );
  const recovery = found?.ContinuousBackupsDescription?.PointInTimeRecoveryDescription;
  return recovery?.PointInTimeRecoveryStatus === 'ENABLED' ? recovery.LatestRestorableDateTime : undefined;
}

async function backupsOf(
  table: string,
  client: DynamoDBClient,
  { aws }: AccountContext,
): Promise<BackupSummary[]> {
  const { ListBackupsCommand } = await import('@aws-sdk/client-dynamodb');
  return allPages(async (ExclusiveStartBackupArn) => {
    // those of AWS Backup are among them
    const command = new ListBackupsCommand({ TableName: table, BackupType: 'ALL', ExclusiveStartBackupArn });
    const page = await aws.call('dynamodb:ListBackups', (options) => client.send(command, options));
    return { items: page.BackupSummaries, next: page.LastEvaluatedBackupArn };
  });
}

const STATES: Readonly<Record<string, Backup['state']>> = { AVAILABLE: 'complete', CREATING: 'running' };

/** DynamoDB encrypts all that it keeps. */
function backupOf({
  BackupName,
  BackupCreationDateTime,
  BackupStatus,
  BackupSizeBytes,
}: BackupSummary): Backup[] {
  if (!BackupCreationDateTime || BackupStatus === 'DELETED') return [];
  return [
    {
      name: `backup ${BackupName}`,
      at: BackupCreationDateTime.getTime(),
      state: STATES[String(BackupStatus)] ?? 'failed',
      encrypted: true,
      ...(BackupSizeBytes !== undefined && { bytes: BackupSizeBytes }),
    },
  ];
}
