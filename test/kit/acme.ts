import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ACMClient, RequestCertificateCommand } from '@aws-sdk/client-acm';
import { CreateTableCommand, DynamoDBClient, UpdateContinuousBackupsCommand } from '@aws-sdk/client-dynamodb';
import { CreateSnapshotCommand, CreateVolumeCommand, EC2Client } from '@aws-sdk/client-ec2';
import {
  CreateAccessKeyCommand,
  CreateUserCommand,
  DeleteAccessKeyCommand,
  IAMClient,
  ListAccessKeysCommand,
} from '@aws-sdk/client-iam';
import { CreateKeyCommand, EnableKeyRotationCommand, KMSClient } from '@aws-sdk/client-kms';
import { CreateDBInstanceCommand, CreateDBSnapshotCommand, RDSClient } from '@aws-sdk/client-rds';
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { client } from './account-aws.ts';
import { CREDENTIALS, REGION } from './aws.ts';
import { awsProxy } from './aws-proxy.ts';
import { backupService } from './backup-service.ts';
import { makeAuthority } from './ca.ts';
import { onLoopback } from './front.ts';
import { authorizationServer, CLIENT, RESOURCE } from './oidc.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const FILE_SYSTEM = 'arn:aws:elasticfilesystem:eu-west-1:123456789012:file-system/fs-1';

/** What stands in for the services of `examples/every-source`: what is old in it was made so. */
export interface Acme {
  /** What its config, the SDK and the secrets find in the environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Where AWS Backup is, which moto hasn't. */
  readonly backup: string;
  /** A user's access keys are rotated: a new one is made, and the others go. */
  rotate(user: string): Promise<void>;
  close(): Promise<void>;
}

/** `moto`: where the emulator of AWS listens, empty but for what this makes in it; `also`: headers that it wants. */
export async function openAcme(moto: string, also?: () => Readonly<Record<string, string>>): Promise<Acme> {
  const id = await authorizationServer();
  const api = await onLoopback(apiServer());
  const backups = await backupService();
  backups.recoveryPoints.set(FILE_SYSTEM, [recoveryPoint(Date.now() - 3 * HOUR)]);
  const aws = await awsProxy((action) => (action.startsWith('backup:') ? backups.endpoint : moto), also);
  const files = await filesOfAcme();
  const made = await resourcesIn(aws.endpoint);
  return {
    env: {
      ...made,
      ACME_ID: id.issuer,
      ACME_API: api.endpoint,
      ACME_FILES: files,
      AWS_ENDPOINT_URL: aws.endpoint,
      AWS_REGION: REGION,
      AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
      AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
      PARTNER_SECRET: CLIENT.secret,
      SESSION_JWT: await id.token(RESOURCE),
      IMPORT_TOKEN: await id.token(),
      CLIENT_CERTIFICATE: makeAuthority({ to: Date.now() + 20 * DAY }).pem,
      DRILL_TOKEN: 'token-of-the-restore-drill',
      WEBHOOK_KEY: 'key-that-signs-what-the-webhook-gets',
    },
    backup: backups.endpoint,
    rotate: (user) => rotateKeys(user, aws.endpoint),
    async close() {
      await Promise.all([id, api, backups, aws].map((one) => one.close()));
      await rm(files, { recursive: true });
    },
  };
}

async function rotateKeys(UserName: string, endpoint: string): Promise<void> {
  const iam = client(IAMClient, endpoint);
  const { AccessKeyMetadata = [] } = await iam.send(new ListAccessKeysCommand({ UserName }));
  await iam.send(new CreateAccessKeyCommand({ UserName }));
  for (const { AccessKeyId } of AccessKeyMetadata)
    await iam.send(new DeleteAccessKeyCommand({ UserName, AccessKeyId }));
}

const recoveryPoint = (at: number) => ({
  RecoveryPointArn: 'arn:aws:backup:eu-west-1:123456789012:recovery-point:first',
  Status: 'COMPLETED',
  CreationDate: at / 1_000,
  BackupSizeBytes: 7_000_000_000,
});

const apiServer = () =>
  createServer(({ url }, response) => {
    const ago = (ms: number) => new Date(Date.now() - ms);
    const json = (body: object) => response.end(JSON.stringify(body));
    if (url === '/user') {
      response.setHeader('github-authentication-token-expiration', ago(-5 * DAY).toISOString());
      return json({ login: 'acme' });
    }
    if (url === '/key') return json({ createdAt: ago(12 * DAY).toISOString() });
    if (url === '/jwks') {
      response.setHeader('last-modified', ago(41 * DAY).toUTCString());
      return json({ keys: [{ kty: 'OKP', crv: 'Ed25519', kid: '2026-10', x: 'x' }] });
    }
    response.setHeader('last-modified', ago(2 * HOUR).toUTCString());
    return response.setHeader('content-length', 81_000_000).end();
  });

async function filesOfAcme(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'acme-'));
  await mkdir(join(dir, 'dumps'));
  const write = async (name: string, size: number, ageMs: number) => {
    const at = new Date(Date.now() - ageMs);
    await writeFile(join(dir, name), 'x'.repeat(size));
    await utimes(join(dir, name), at, at);
  };
  await write('host_ed25519', 400, 340 * DAY);
  await write('dumps/monday.sql', 9_000, 54 * HOUR);
  await write('dumps/tuesday.sql', 9_100, 30 * HOUR);
  return dir;
}

async function resourcesIn(moto: string) {
  const secrets = client(SecretsManagerClient, moto);
  const token = { token: 'token-in-a-secret', expiresAt: new Date(Date.now() + 90 * DAY).toISOString() };
  await secrets.send(new CreateSecretCommand({ Name: 'acme/token', SecretString: JSON.stringify(token) }));
  await secrets.send(new CreateSecretCommand({ Name: 'acme/database', SecretString: 'password-of-the-db' }));
  const iam = client(IAMClient, moto);
  await iam.send(new CreateUserCommand({ UserName: 'acme-deploy' }));
  await iam.send(new CreateAccessKeyCommand({ UserName: 'acme-deploy' }));
  const kms = client(KMSClient, moto);
  const { KeyMetadata } = await kms.send(new CreateKeyCommand({}));
  const KeyId = String(KeyMetadata?.KeyId);
  await kms.send(new EnableKeyRotationCommand({ KeyId }));
  await client(SSMClient, moto).send(
    new PutParameterCommand({ Name: '/acme/api-key', Value: 'value-of-the-parameter', Type: 'SecureString' }),
  );
  const { CertificateArn } = await client(ACMClient, moto).send(
    new RequestCertificateCommand({ DomainName: 'acme.example' }),
  );
  const ACME_VOLUME = await backedUpIn(moto);
  return { ACME_KEY: KeyId, ACME_CERTIFICATE: String(CertificateArn), ACME_VOLUME };
}

/** Answers the id of the volume. */
async function backedUpIn(moto: string): Promise<string> {
  const rds = client(RDSClient, moto);
  const instance = { DBInstanceIdentifier: 'acme-shop', Engine: 'postgres', DBInstanceClass: 'db.t3.micro' };
  await rds.send(
    new CreateDBInstanceCommand({
      ...instance,
      AllocatedStorage: 20,
      StorageEncrypted: true,
      MasterUsername: 'root',
      MasterUserPassword: 'password-of-the-instance',
    }),
  );
  await rds.send(
    new CreateDBSnapshotCommand({ DBInstanceIdentifier: 'acme-shop', DBSnapshotIdentifier: 'acme-nightly' }),
  );
  const dynamo = client(DynamoDBClient, moto);
  await dynamo.send(
    new CreateTableCommand({
      TableName: 'acme-orders',
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
    }),
  );
  await dynamo.send(
    new UpdateContinuousBackupsCommand({
      TableName: 'acme-orders',
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
    }),
  );
  const s3 = client(S3Client, moto);
  const LocationConstraint = 'eu-west-1' as const;
  await s3.send(
    new CreateBucketCommand({ Bucket: 'acme-backups', CreateBucketConfiguration: { LocationConstraint } }),
  );
  const Body = 'x'.repeat(2_000_000);
  await s3.send(new PutObjectCommand({ Bucket: 'acme-backups', Key: 'exports/today.csv', Body }));
  const ec2 = client(EC2Client, moto);
  const { VolumeId } = await ec2.send(new CreateVolumeCommand({ AvailabilityZone: 'eu-west-1a', Size: 8 }));
  await ec2.send(new CreateSnapshotCommand({ VolumeId }));
  return String(VolumeId);
}
