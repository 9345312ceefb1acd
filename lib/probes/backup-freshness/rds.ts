import type { DBClusterSnapshot, DBSnapshot, RDSClient } from '@aws-sdk/client-rds';
import type { AccountContext } from '../define.ts';
import { allPages } from '../pages.ts';
import { defineSource } from '../source.ts';
import { type Backup, type Backups, lagIssues } from './backups.ts';

/** Snapshots of a database of RDS, or of a cluster of Aurora: automated ones, those made by hand, those of AWS Backup. */
export const rds = defineSource<Backups>()({
  kind: 'rds',
  summary: 'Snapshots of an RDS instance or an Aurora cluster',
  shape: (z, fields) => ({
    instance: z.string().min(1).max(63).optional().describe('The DB instance; or "cluster"'),
    cluster: z.string().min(1).max(63).optional().describe('The DB cluster'),
    region: fields.region.optional().describe('Default: the region where Watchbill runs'),
    pitr: z
      .strictObject({
        maxLag: fields.span.prefault('15m').describe('How far its newest moment may lie behind'),
      })
      .optional()
      .describe('Whether it must be possible to put it back to any point in time'),
  }),
  target: ({ instance, cluster }) => `snapshots of ${instance ?? cluster}`,
  permissions: ({ instance, cluster, region, pitr }, place) => {
    const [kind, name] = cluster === undefined ? ['', instance] : ['Cluster', cluster];
    const arn = (type: string) => `arn:aws:rds:${region ?? place.region}:${place.account}:${type}`;
    const own = arn(`${kind === '' ? 'db' : 'cluster'}:${name}`);
    return [
      {
        actions: [`rds:DescribeDB${kind}Snapshots`],
        // the names of snapshots hang on when they are made
        resources: [own, arn(`${kind === '' ? 'snapshot' : 'cluster-snapshot'}:*`)],
      },
      ...(pitr
        ? [
            {
              actions: [kind === '' ? 'rds:DescribeDBInstances' : 'rds:DescribeDBClusters'],
              resources: [own],
            },
          ]
        : []),
    ];
  },
  async look({ instance, cluster, region, pitr }, context) {
    const { RDSClient } = await import('@aws-sdk/client-rds');
    const client = context.aws.client(RDSClient, region);
    const backups =
      cluster === undefined
        ? (await snapshotsOf(String(instance), client, context)).flatMap(backupOf)
        : (await clusterSnapshotsOf(cluster, client, context)).flatMap(clusterBackupOf);
    if (!pitr) return { backups };
    const latest = await latestOf(instance, cluster, client, context);
    const what = `The database ${cluster ?? instance}`;
    return {
      backups,
      issues: lagIssues(what, latest?.getTime(), pitr.maxLag, context.clock.now()),
      continuous: true,
      facts: latest ? { restorableTo: latest.toISOString() } : {},
    };
  },
});

async function snapshotsOf(
  instance: string,
  client: RDSClient,
  { aws }: AccountContext,
): Promise<DBSnapshot[]> {
  const { DescribeDBSnapshotsCommand } = await import('@aws-sdk/client-rds');
  return allPages(async (Marker) => {
    const command = new DescribeDBSnapshotsCommand({ DBInstanceIdentifier: instance, Marker });
    const page = await aws.call('rds:DescribeDBSnapshots', (options) => client.send(command, options), [
      'DBInstanceNotFoundFault',
      'DBSnapshotNotFoundFault',
    ]);
    return { items: page?.DBSnapshots, next: page?.Marker };
  });
}

async function clusterSnapshotsOf(
  cluster: string,
  client: RDSClient,
  { aws }: AccountContext,
): Promise<DBClusterSnapshot[]> {
  const { DescribeDBClusterSnapshotsCommand } = await import('@aws-sdk/client-rds');
  return allPages(async (Marker) => {
    const command = new DescribeDBClusterSnapshotsCommand({ DBClusterIdentifier: cluster, Marker });
    const page = await aws.call(
      'rds:DescribeDBClusterSnapshots',
      (options) => client.send(command, options),
      ['DBClusterNotFoundFault', 'DBClusterSnapshotNotFoundFault'],
    );
    return { items: page?.DBClusterSnapshots, next: page?.Marker };
  });
}

const STATES: Readonly<Record<string, Backup['state']>> = {
  available: 'complete',
  creating: 'running',
  copying: 'running',
  pending: 'running',
};

const stateOf = (status = ''): Backup['state'] => STATES[status] ?? 'failed';

/** What isn't begun yet has no time. A copy says of when its original is. */
function backupOf(one: DBSnapshot): Backup[] {
  const at = one.OriginalSnapshotCreateTime ?? one.SnapshotCreateTime;
  if (!at) return [];
  const name = `snapshot ${one.DBSnapshotIdentifier}`;
  return [{ name, at: at.getTime(), state: stateOf(one.Status), encrypted: one.Encrypted ?? false }];
}

function clusterBackupOf(one: DBClusterSnapshot): Backup[] {
  if (!one.SnapshotCreateTime) return [];
  const name = `snapshot ${one.DBClusterSnapshotIdentifier}`;
  const at = one.SnapshotCreateTime.getTime();
  return [{ name, at, state: stateOf(one.Status), encrypted: one.StorageEncrypted ?? false }];
}

async function latestOf(
  instance: string | undefined,
  cluster: string | undefined,
  client: RDSClient,
  { aws }: AccountContext,
): Promise<Date | undefined> {
  const { DescribeDBClustersCommand, DescribeDBInstancesCommand } = await import('@aws-sdk/client-rds');
  if (cluster !== undefined) {
    const found = await aws.call(
      'rds:DescribeDBClusters',
      (options) => client.send(new DescribeDBClustersCommand({ DBClusterIdentifier: cluster }), options),
      ['DBClusterNotFoundFault'],
    );
    return found?.DBClusters?.[0]?.LatestRestorableTime;
  }
  const found = await aws.call(
    'rds:DescribeDBInstances',
    (options) => client.send(new DescribeDBInstancesCommand({ DBInstanceIdentifier: instance }), options),
    ['DBInstanceNotFoundFault'],
  );
  return found?.DBInstances?.[0]?.LatestRestorableTime;
}
