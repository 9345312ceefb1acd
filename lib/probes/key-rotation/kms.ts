import type { KeyMetadata, KMSClient, RotationsListEntry } from '@aws-sdk/client-kms';
import type { AccountContext } from '../define.ts';
import { allPages } from '../pages.ts';
import { defineSource } from '../source.ts';
import { type Keys, missing, overdueIssues } from './keys.ts';

const LATE_MS = 86_400_000;

/** A key of AWS KMS: whether it is rotated by itself, and when it was last. */
export const kms = defineSource<Keys>()({
  kind: 'kms',
  summary: 'A key of AWS KMS',
  shape: (z, fields) => ({
    key: z.string().min(1).max(2_048).describe('Its id, ARN or alias ("alias/…")'),
    region: fields.region.optional().describe('Default: the region where Watchbill runs'),
  }),
  target: ({ key }) => `KMS key ${key}`,
  permissions: ({ key, region }, place) => [
    {
      actions: ['kms:DescribeKey', 'kms:GetKeyRotationStatus', 'kms:ListKeyRotations'],
      resources: [keyArn(key, `arn:aws:kms:${region ?? place.region}:${place.account}`)],
    },
  ],
  async look({ key, region }, context) {
    const { aws, clock } = context;
    const { KMSClient, DescribeKeyCommand, GetKeyRotationStatusCommand } = await import(
      '@aws-sdk/client-kms'
    );
    const client = aws.client(KMSClient, region);
    const described = await aws.call(
      'kms:DescribeKey',
      (options) => client.send(new DescribeKeyCommand({ KeyId: key }), options),
      ['NotFoundException'],
    );
    const metadata = described?.KeyMetadata;
    if (!metadata?.Arn) return missing(`There is no KMS key ${key}.`);
    const { Arn } = metadata;
    if (metadata.KeyState !== 'Enabled')
      return missing(`The KMS key ${key} cannot be used: its state is ${metadata.KeyState}.`);
    if (!rotatesItself(metadata)) return { keys: [keyOf(key, metadata.CreationDate)], issues: [] };
    const status = await aws.call('kms:GetKeyRotationStatus', (options) =>
      client.send(new GetKeyRotationStatusCommand({ KeyId: Arn }), options),
    );
    const { KeyRotationEnabled = false, NextRotationDate } = status;
    const last = await lastRotation(Arn, client, context);
    return {
      keys: [keyOf(key, last ?? metadata.CreationDate)],
      issues: KeyRotationEnabled
        ? overdueIssues(`the KMS key ${key}`, NextRotationDate, { late: LATE_MS }, clock.now())
        : [{ reason: 'rotation_disabled', message: `The rotation of the KMS key ${key} is switched off.` }],
      facts: { rotation: KeyRotationEnabled },
    };
  },
});

const keyOf = (key: string, born: Date | undefined) => ({
  name: `KMS key ${key}`,
  ...(born && { bornAt: born.getTime() }),
});

/** Only symmetric keys whose material KMS has made: https://docs.aws.amazon.com/kms/latest/developerguide/rotate-keys.html */
const rotatesItself = ({ KeySpec, Origin, CustomKeyStoreId }: KeyMetadata): boolean =>
  (KeySpec ?? 'SYMMETRIC_DEFAULT') === 'SYMMETRIC_DEFAULT' &&
  (Origin ?? 'AWS_KMS') === 'AWS_KMS' &&
  CustomKeyStoreId === undefined;

async function lastRotation(
  arn: string,
  client: KMSClient,
  { aws }: AccountContext,
): Promise<Date | undefined> {
  const { ListKeyRotationsCommand } = await import('@aws-sdk/client-kms');
  const rotations = await allPages<RotationsListEntry>(async (Marker) => {
    const command = new ListKeyRotationsCommand({ KeyId: arn, Marker });
    const page = await aws.call('kms:ListKeyRotations', (options) => client.send(command, options));
    return { items: page.Rotations, next: page.Truncated ? page.NextMarker : undefined };
  });
  const times = rotations.flatMap(({ RotationDate }) => RotationDate?.getTime() ?? []);
  return times.length > 0 ? new Date(Math.max(...times)) : undefined;
}

/** A policy can't name a key by its alias: https://docs.aws.amazon.com/kms/latest/developerguide/alias-authorization.html */
function keyArn(key: string, service: string): string {
  if (key.startsWith('arn:') && key.includes(':key/')) return key;
  return `${service}:key/${key.includes('alias/') ? '*' : key}`;
}
