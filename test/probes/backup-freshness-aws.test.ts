import { createServer } from 'node:http';
import {
  BackupClient,
  ListRecoveryPointsByBackupVaultCommand,
  ListRecoveryPointsByResourceCommand,
  ListRestoreJobsByProtectedResourceCommand,
} from '@aws-sdk/client-backup';
import { CreateTableCommand, DynamoDBClient, UpdateContinuousBackupsCommand } from '@aws-sdk/client-dynamodb';
import { CreateSnapshotCommand, CreateVolumeCommand, EC2Client } from '@aws-sdk/client-ec2';
import {
  CreateDBClusterCommand,
  CreateDBInstanceCommand,
  CreateDBSnapshotCommand,
  RDSClient,
} from '@aws-sdk/client-rds';
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Check } from '../../lib/config/compiled.ts';
import { accountCheck, clockAt, runAccount } from '../kit/account.ts';
import {
  blindWithout,
  client,
  expectDeclared,
  lookAfter,
  permissionsOf,
  proxies,
} from '../kit/account-aws.ts';
import { closesAtEnd } from '../kit/at-end.ts';
import { onMoto, REGION } from '../kit/aws.ts';
import { backupService, type Member } from '../kit/backup-service.ts';
import { onLoopback } from '../kit/front.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const NOW = Date.UTC(2026, 10, 26, 12);
const started = closesAtEnd();
const through = proxies();
afterEach(() => void vi.unstubAllEnvs());

const check = (source: object, more: object = {}) =>
  accountCheck({ type: 'backup-freshness', maxAge: '26h', source, ...more });
const lookNow = (one: Check, heard?: Parameters<typeof runAccount>[1]) =>
  runAccount(one, { clock: clockAt(() => NOW), ...heard });

describe('RDS', () => {
  onMoto('an instance: its newest snapshot, and to when it can be put back', async (endpoint) => {
    const rds = client(RDSClient, endpoint);
    await rds.send(
      new CreateDBInstanceCommand({
        DBInstanceIdentifier: 'shop',
        DBInstanceClass: 'db.t3.micro',
        Engine: 'postgres',
        AllocatedStorage: 20,
        MasterUsername: 'root',
        MasterUserPassword: 'hunter2hunter2',
        StorageEncrypted: true,
      }),
    );
    const proxy = await through(endpoint);
    const shop = check({ kind: 'rds', instance: 'shop' }, { encrypted: true });
    // with an instance moto makes no automated one
    await rds.send(
      new CreateDBSnapshotCommand({ DBInstanceIdentifier: 'shop', DBSnapshotIdentifier: 'by-hand' }),
    );
    expect(await lookAfter(shop, 26 * HOUR - 5 * SECOND)).toMatchObject({ status: 'up' });
    const late = await lookAfter(shop, 26 * HOUR + 5 * SECOND);
    expect(late).toMatchObject({ status: 'down', reasons: ['backup_too_old'] });
    expect(late.message).toMatch(/snapshot by-hand, is 1 d 2 h old/);
    expectDeclared(proxy, shop);
    expect(await lookAfter(check({ kind: 'rds', instance: 'gone' }), 0)).toMatchObject({
      reasons: ['backup_missing'],
    });
  });

  onMoto('a cluster: its snapshots, and to when it can be put back', async (endpoint) => {
    const rds = client(RDSClient, endpoint);
    await rds.send(
      new CreateDBClusterCommand({
        DBClusterIdentifier: 'aurora',
        Engine: 'aurora-postgresql',
        MasterUsername: 'root',
        MasterUserPassword: 'hunter2hunter2',
      }),
    );
    const proxy = await through(endpoint);
    const aurora = check({ kind: 'rds', cluster: 'aurora', pitr: {} });
    await lookAfter(aurora, 0);
    expectDeclared(proxy, aurora);
  });

  /** RDS that answers with these snapshots, a hundred on a page. */
  async function rdsWith(snapshots: readonly string[], instance = '') {
    const { endpoint } = await started(
      onLoopback(
        createServer(async (request, response) => {
          let body = '';
          for await (const chunk of request) body += chunk;
          const asked = new URLSearchParams(body);
          const action = asked.get('Action');
          const start = Number(asked.get('Marker'));
          const marker = start + 100 < snapshots.length ? `<Marker>${start + 100}</Marker>` : '';
          const inner =
            action === 'DescribeDBSnapshots'
              ? `<DBSnapshots>${snapshots.slice(start, start + 100).join('')}</DBSnapshots>${marker}`
              : `<DBInstances><DBInstance>${instance}</DBInstance></DBInstances>`;
          response.end(`<R><${action}Result>${inner}</${action}Result></R>`);
        }),
      ),
    );
    return through(endpoint);
  }
  const snapshot = (id: string, ms: number, status = 'available', more = '') =>
    `<DBSnapshot><DBSnapshotIdentifier>${id}</DBSnapshotIdentifier><SnapshotCreateTime>${new Date(NOW - ms).toISOString()}</SnapshotCreateTime><Status>${status}</Status><Encrypted>true</Encrypted>${more}</DBSnapshot>`;
  const shop = check({ kind: 'rds', instance: 'shop' });

  it('5,000 snapshots on fifty pages: the newest may be on the last', async () => {
    const many = Array.from({ length: 5_000 }, (_, i) => snapshot(`old-${i}`, 30 * DAY));
    const proxy = await rdsWith([...many.slice(1), snapshot('newest', HOUR)]);
    expect(await lookNow(shop)).toMatchObject({
      status: 'up',
      facts: { backups: 5_000, newest: 'snapshot newest' },
    });
    expect(proxy.actions).toHaveLength(50);
    proxy.trouble = (_, nth) => (nth > 70 ? 'AccessDenied' : undefined);
    expect(await lookNow(shop)).toMatchObject({ status: 'unknown', reasons: ['aws_denied'] });
  });

  it.each<[string, string[], string[]]>([
    ['E23: one that is being made', [snapshot('a', 0, 'creating')], ['backup_missing']],
    [
      'E23: one that failed after a good one',
      [snapshot('a', HOUR), snapshot('b', MINUTE, 'failed')],
      ['backup_failed'],
    ],
    [
      'a copy that was made today of what is a week old',
      [
        snapshot(
          'a',
          MINUTE,
          'available',
          `<OriginalSnapshotCreateTime>${new Date(NOW - 7 * DAY).toISOString()}</OriginalSnapshotCreateTime>`,
        ),
      ],
      ['backup_too_old'],
    ],
  ])('%s', async (_, snapshots, reasons) => {
    await rdsWith(snapshots);
    expect((await lookNow(shop)).reasons).toEqual(reasons);
  });

  const restorableTo = (ms: number) =>
    `<LatestRestorableTime>${new Date(NOW - ms).toISOString()}</LatestRestorableTime>`;
  it.each<[string, string, string[]]>([
    ['15 minutes ago', restorableTo(15 * MINUTE), []],
    ['a second more', restorableTo(15 * MINUTE + SECOND), ['backup_too_old']],
    ['no moment at all', '', ['pitr_off']],
  ])('it can be put back to %s', async (_, instance, reasons) => {
    const proxy = await rdsWith([], instance);
    const pitr = accountCheck({
      type: 'backup-freshness',
      source: { kind: 'rds', instance: 'shop', pitr: {} },
    });
    expect((await lookNow(pitr)).reasons).toEqual(reasons);
    expectDeclared(proxy, pitr);
  });

  it('E23: the copy in another region', async () => {
    const proxy = await rdsWith([snapshot('a', HOUR)]);
    const copied = check(
      { kind: 'rds', instance: 'shop' },
      { copyIn: { region: 'eu-central-1', maxAge: '2h' } },
    );
    expect(await lookNow(copied)).toMatchObject({ status: 'up' });
    expect(proxy.regions).toEqual([REGION, 'eu-central-1']);
    const old = check(
      { kind: 'rds', instance: 'shop' },
      { copyIn: { region: 'eu-central-1', maxAge: '30m' } },
    );
    expect(await lookNow(old)).toMatchObject({ status: 'down', reasons: ['copy_missing'] });
    const arns = permissionsOf(copied).flatMap(({ resources }) => resources);
    expect(arns).toContain('arn:aws:rds:eu-central-1:123456789012:snapshot:*');
  });
});

describe('DynamoDB', () => {
  onMoto('a table that can be put back to any moment, and one that can’t', async (endpoint) => {
    const dynamo = client(DynamoDBClient, endpoint);
    await dynamo.send(
      new CreateTableCommand({
        TableName: 'orders',
        BillingMode: 'PAY_PER_REQUEST',
        KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
        AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      }),
    );
    const proxy = await through(endpoint);
    const orders = accountCheck({ type: 'backup-freshness', source: { kind: 'dynamodb', table: 'orders' } });
    expect(await lookAfter(orders, 0)).toMatchObject({ status: 'down', reasons: ['pitr_off'] });
    await dynamo.send(
      new UpdateContinuousBackupsCommand({
        TableName: 'orders',
        PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
      }),
    );
    expect(await lookAfter(orders, 0)).toMatchObject({ status: 'up' });
    expect(await lookAfter(orders, HOUR)).toMatchObject({ status: 'down', reasons: ['backup_too_old'] });
    expectDeclared(proxy, orders);
  });
});

describe('EBS', () => {
  onMoto('snapshots of a volume, and those with a tag', async (endpoint) => {
    const ec2 = client(EC2Client, endpoint);
    const { VolumeId = '' } = await ec2.send(
      new CreateVolumeCommand({ Size: 1, AvailabilityZone: `${REGION}a` }),
    );
    const proxy = await through(endpoint);
    const volume = check({ kind: 'ebs', volume: VolumeId });
    expect(await lookAfter(volume, 0)).toMatchObject({ status: 'down', reasons: ['backup_missing'] });
    await ec2.send(
      new CreateSnapshotCommand({
        VolumeId,
        TagSpecifications: [{ ResourceType: 'snapshot', Tags: [{ Key: 'backup', Value: 'shop' }] }],
      }),
    );
    const tagged = check({ kind: 'ebs', tag: { key: 'backup', value: 'shop' } });
    for (const one of [volume, tagged]) {
      expect(await lookAfter(one, 26 * HOUR - 5 * SECOND)).toMatchObject({ status: 'up' });
      expect(await lookAfter(one, 26 * HOUR + 5 * SECOND)).toMatchObject({ reasons: ['backup_too_old'] });
    }
    expectDeclared(proxy, volume);
  });
});

describe('S3', () => {
  onMoto('objects below a prefix, 1,100 of them, and one by its name', async (endpoint) => {
    const s3 = client(S3Client, endpoint);
    await s3.send(
      new CreateBucketCommand({ Bucket: 'dumps', CreateBucketConfiguration: { LocationConstraint: REGION } }),
    );
    const put = (Key: string, Body: string) => s3.send(new PutObjectCommand({ Bucket: 'dumps', Key, Body }));
    for (let at = 0; at < 1_100; at += 100)
      await Promise.all(
        Array.from({ length: 100 }, (_, i) => put(`db/${String(at + i).padStart(5, '0')}.gz`, 'dump')),
      );
    await put('db/latest', 'dump');
    const proxy = await through(endpoint);
    const all = check({ kind: 's3', bucket: 'dumps', prefix: 'db/' }, { minSize: '4B' });
    expect(await lookAfter(all, 0)).toMatchObject({ status: 'up', facts: { backups: 1_101 } });
    expect(proxy.actions).toHaveLength(2);
    expectDeclared(proxy, all);
    const one = check({ kind: 's3', bucket: 'dumps', key: 'db/latest' });
    expect(await lookAfter(one, 26 * HOUR - 5 * SECOND)).toMatchObject({
      status: 'up',
      facts: { backups: 1 },
    });
    expect(await lookAfter(one, 26 * HOUR + 5 * SECOND)).toMatchObject({ reasons: ['backup_too_old'] });
    expect(await lookAfter(check({ kind: 's3', bucket: 'no-such-bucket', key: 'x' }), 0)).toMatchObject({
      reasons: ['backup_missing'],
    });
  });

  it('may only be listed below its prefix', () => {
    const one = check({ kind: 's3', bucket: 'dumps', prefix: 'db/' });
    expect(permissionsOf(one)).toEqual([
      {
        actions: ['s3:ListBucket'],
        resources: ['arn:aws:s3:::dumps'],
        condition: { StringEquals: { 's3:prefix': ['db/'] } },
      },
    ]);
  });
});

describe('AWS Backup', () => {
  const RESOURCE = 'arn:aws:elasticfilesystem:eu-west-1:123456789012:file-system/fs-1';
  const point = (ms: number, more: Member = {}): Member => ({
    RecoveryPointArn: `arn:aws:backup:eu-west-1:123456789012:recovery-point:${ms}`,
    CreationDate: (NOW - ms) / SECOND,
    Status: 'COMPLETED',
    EncryptionKeyArn: 'arn:aws:kms:eu-west-1:123456789012:key/1',
    BackupVaultName: 'main',
    ...more,
  });
  const job = (ms: number, more: Member = {}): Member => ({
    RestoreJobId: `job-${ms}`,
    CreationDate: (NOW - ms - HOUR) / SECOND,
    CompletionDate: (NOW - ms) / SECOND,
    Status: 'COMPLETED',
    ...more,
  });
  async function serving(points: readonly Member[], jobs: readonly Member[] = [], size = 100) {
    const service = await started(backupService(size));
    service.recoveryPoints.set(RESOURCE, points).set('main', points);
    service.restoreJobs.set(RESOURCE, jobs);
    return through(service.endpoint);
  }
  const ofResource = check({ kind: 'backup', resource: RESOURCE });
  const inVault = check({ kind: 'backup', vault: 'main' });

  it('the stand-in answers as the model in the SDK says: no member is one that it doesn’t know', async () => {
    const one = point(HOUR, { BackupSizeBytes: 7, StatusMessage: 'x', IsParent: false });
    const kept = point(HOUR, { BackupSizeInBytes: 7, IsEncrypted: true, ResourceArn: RESOURCE });
    const restored = job(HOUR, {
      ValidationStatus: 'SUCCESSFUL',
      ValidationStatusMessage: 'x',
      StatusMessage: 'x',
    });
    const service = await started(backupService());
    service.recoveryPoints.set(RESOURCE, [one]).set('main', [kept]);
    service.restoreJobs.set(RESOURCE, [restored]);
    const sdk = client(BackupClient, service.endpoint);
    const a = await sdk.send(new ListRecoveryPointsByResourceCommand({ ResourceArn: RESOURCE }));
    const b = await sdk.send(new ListRecoveryPointsByBackupVaultCommand({ BackupVaultName: 'main' }));
    const c = await sdk.send(new ListRestoreJobsByProtectedResourceCommand({ ResourceArn: RESOURCE }));
    const answers = [a.RecoveryPoints?.[0], b.RecoveryPoints?.[0], c.RestoreJobs?.[0]];
    for (const [index, sent] of [one, kept, restored].entries())
      expect(Object.keys(answers[index] ?? {}).toSorted()).toEqual(Object.keys(sent).toSorted());
  });

  it.each<[string, Member[], string[]]>([
    ['none', [], ['backup_missing']],
    ['one that is complete', [point(26 * HOUR)], []],
    ['one that is a second older', [point(26 * HOUR + SECOND)], ['backup_too_old']],
    ['one that is being made', [point(0, { Status: 'CREATING' })], ['backup_missing']],
    ['one that is partial', [point(HOUR, { Status: 'PARTIAL' })], ['backup_failed', 'backup_missing']],
    ['one that retention has deleted', [point(HOUR, { Status: 'EXPIRED' })], ['backup_missing']],
    ['one that is being deleted', [point(HOUR, { Status: 'DELETING' })], ['backup_missing']],
    ['one of a continuous backup that was stopped', [point(HOUR, { Status: 'STOPPED' })], []],
    ['one of the future', [point(-HOUR)], ['backup_future', 'backup_missing']],
    [
      'one of a state that nobody knows',
      [point(HOUR, { Status: 'ODD' })],
      ['backup_failed', 'backup_missing'],
    ],
  ])('E23: recovery points: %s', async (_, points, reasons) => {
    const proxy = await serving(points);
    for (const one of [ofResource, inVault]) {
      proxy.actions.length = 0;
      expect((await lookNow(one)).reasons.toSorted()).toEqual(reasons.toSorted());
      expectDeclared(proxy, one);
    }
  });

  it('E23: of 0 bytes, and not encrypted', async () => {
    await serving([point(HOUR, { BackupSizeBytes: 0, BackupSizeInBytes: 0 })]);
    for (const one of [ofResource, inVault]) expect((await lookNow(one)).reasons).toContain('backup_missing');
    const { EncryptionKeyArn: _, ...bare } = point(HOUR);
    await serving([bare as Member]);
    for (const source of [{ resource: RESOURCE }, { vault: 'main' }])
      expect(await lookNow(check({ kind: 'backup', ...source }, { encrypted: true }))).toMatchObject({
        reasons: ['backup_not_encrypted'],
      });
  });

  it('three pages; one that fails half-way makes all of it unknown', async () => {
    const points = Array.from({ length: 250 }, (_, i) => point((250 - i) * HOUR));
    const proxy = await serving(points);
    for (const one of [ofResource, inVault]) {
      expect(await lookNow(one)).toMatchObject({ status: 'up', facts: { backups: 250 } });
      proxy.trouble = (_, nth) => (nth >= 6 ? 'AccessDenied' : undefined);
      const denied = await lookNow(one);
      expect(denied).toMatchObject({ status: 'unknown', reasons: ['aws_denied'] });
      expect(denied.message).toMatch(/backup:ListRecoveryPointsBy(Resource|BackupVault)/);
      proxy.trouble = () => undefined;
    }
  });

  it.each<[string, Member[], string[]]>([
    ['that was never tested', [], ['restore_untested']],
    ['of 30 days ago', [job(30 * DAY)], []],
    ['that is a second older', [job(30 * DAY + SECOND)], ['restore_untested']],
    ['that failed', [job(DAY, { Status: 'FAILED', StatusMessage: 'no space' })], ['restore_failed']],
    ['whose validation failed', [job(DAY, { ValidationStatus: 'FAILED' })], ['restore_failed']],
    ['whose validation timed out', [job(DAY, { ValidationStatus: 'TIMED_OUT' })], ['restore_failed']],
    ['that is being validated, after a good one', [job(0, { ValidationStatus: 'VALIDATING' }), job(DAY)], []],
    ['that is running, after a good one', [job(0, { Status: 'RUNNING' }), job(DAY)], []],
    ['that was validated', [job(DAY, { ValidationStatus: 'SUCCESSFUL' })], []],
  ])('a restore %s', async (_, jobs, reasons) => {
    const proxy = await serving([point(HOUR)], jobs);
    const tested = check(
      { kind: 'backup', resource: RESOURCE },
      { restoreTest: { maxAge: '30d', maxDuration: '2h' } },
    );
    expect((await lookNow(tested)).reasons).toEqual(reasons);
    expectDeclared(proxy, tested);
  });

  it('a restore that took too long', async () => {
    await serving([point(HOUR)], [job(DAY)]);
    const tested = check(
      { kind: 'backup', resource: RESOURCE },
      { restoreTest: { maxAge: '30d', maxDuration: '59m' } },
    );
    expect(await lookNow(tested)).toMatchObject({ reasons: ['restore_too_slow'] });
  });

  it('a restore of which a drill tells by its heartbeat', async () => {
    await serving([point(HOUR)]);
    const drill = { id: 'drill', type: 'heartbeat', every: '30d', token: { secret: 'DRILL' } };
    const source = { kind: 'backup', resource: RESOURCE };
    const restoreTest = { heartbeat: 'drill', maxAge: '30d' };
    const tested = accountCheck({ type: 'backup-freshness', maxAge: '26h', source, restoreTest }, [drill]);
    const told = (last?: object) =>
      lookNow(tested, {
        heard: async (id) => ({
          since: 0,
          listening: 0,
          ...(id === 'drill' && last && { last: last as never }),
        }),
      });
    expect((await told()).reasons).toEqual(['restore_untested']);
    expect((await told({ at: NOW - DAY, ok: true })).reasons).toEqual([]);
    const failed = await told({ at: NOW - DAY, ok: false, message: 'checksum differs' });
    expect(failed).toMatchObject({ status: 'down', reasons: ['restore_failed'] });
    expect(failed.message).toContain('checksum differs');
  });
});

describe('what keeps us from looking is unknown, and the message says what is missing', () => {
  blindWithout(through, [
    [check({ kind: 'rds', instance: 'shop' }), 'rds:DescribeDBSnapshots'],
    [check({ kind: 'rds', cluster: 'shop' }), 'rds:DescribeDBClusterSnapshots'],
    [check({ kind: 'dynamodb', table: 'orders' }), 'dynamodb:ListBackups'],
    [check({ kind: 'backup', vault: 'main' }), 'backup:ListRecoveryPointsByBackupVault'],
    [check({ kind: 'ebs', volume: 'vol-1' }), 'ec2:DescribeSnapshots'],
    [check({ kind: 's3', bucket: 'dumps', key: 'x' }), 's3:ListBucket'],
  ]);
});
