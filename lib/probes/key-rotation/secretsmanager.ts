import type { DescribeSecretResponse } from '@aws-sdk/client-secrets-manager';
import { remember } from '../../redact.ts';
import { lasted } from '../../words.ts';
import type { AccountContext, Permission, PermissionPlace } from '../define.ts';
import type { Issue } from '../finding.ts';
import { defineSource } from '../source.ts';
import { type Keys, missing, overdueIssues } from './keys.ts';

/** NextRotationDate is the end of the window in which it is due. https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_DescribeSecret.html */
const OVERDUE = { late: 3_600_000, advice: ': look at its rotation function' };
/** A rotation takes minutes. */
const PENDING_MS = 86_400_000;

/** A secret of AWS Secrets Manager: when it was rotated, and whether its rotation works. */
export const secretsmanager = defineSource<Keys>()({
  kind: 'secretsmanager',
  summary: 'A secret in AWS Secrets Manager',
  shape: (z, fields) => ({
    id: z.string().min(1).max(2_048).describe('Its name or ARN'),
    region: fields.region.optional().describe('Default: the region where Watchbill runs'),
    rotation: z
      .enum(['required', 'any'])
      .default('any')
      .describe('Whether it is wrong that its rotation is switched off'),
  }),
  target: ({ id }) => `secret ${id}`,
  permissions: ({ id, region }, place) => [
    { actions: ['secretsmanager:DescribeSecret'], resources: [secretArn(id, region, place)] },
  ],
  async look({ id, region, rotation }, { aws, clock }) {
    const { SecretsManagerClient, DescribeSecretCommand } = await import('@aws-sdk/client-secrets-manager');
    const client = aws.client(SecretsManagerClient, region);
    const secret = await aws.call(
      'secretsmanager:DescribeSecret',
      (options) => client.send(new DescribeSecretCommand({ SecretId: id }), options),
      ['ResourceNotFoundException'],
    );
    if (!secret) return missing(`There is no secret ${id}.`);
    if (secret.DeletedDate) return missing(`The secret ${id} is marked for deletion.`);
    return judged(secret, id, rotation, clock.now());
  },
});

function judged(secret: DescribeSecretResponse, id: string, rotation: 'required' | 'any', now: number): Keys {
  const { LastRotatedDate, LastChangedDate, CreatedDate, RotationEnabled = false, NextRotationDate } = secret;
  const born = LastRotatedDate ?? LastChangedDate ?? CreatedDate;
  return {
    keys: [{ name: `secret ${id}`, ...(born && { bornAt: born.getTime() }) }],
    issues: [
      ...(rotation === 'required' && !RotationEnabled
        ? [{ reason: 'rotation_disabled' as const, message: `The rotation of ${id} is switched off.` }]
        : []),
      ...(RotationEnabled ? overdueIssues(id, NextRotationDate, OVERDUE, now) : []),
      ...stuck(secret, id, now),
    ],
    facts: { rotation: RotationEnabled },
  };
}

/** A version that is pending and not current: when it was made, only the list of versions says; the secret changed then. */
function stuck(
  { VersionIdsToStages = {}, LastChangedDate }: DescribeSecretResponse,
  id: string,
  now: number,
): Issue[] {
  const isPending = Object.values(VersionIdsToStages).some(
    (stages) => stages.includes('AWSPENDING') && !stages.includes('AWSCURRENT'),
  );
  const age = LastChangedDate ? now - LastChangedDate.getTime() : 0;
  if (!isPending || age <= PENDING_MS) return [];
  const message = `A rotation of ${id} has begun ${lasted(age)} ago and does not end: its new version is still AWSPENDING.`;
  return [{ reason: 'rotation_stuck', message }];
}

/** Secrets Manager ends each ARN with "-" and six characters. */
const secretArn = (id: string, region: string | undefined, place: PermissionPlace): string =>
  id.startsWith('arn:')
    ? id
    : `arn:aws:secretsmanager:${region ?? place.region}:${place.account}:secret:${id}-??????`;

/** What of a secret is asked for by its stage. */
interface Named {
  readonly id: string;
  readonly region?: string | undefined;
}

/** What `versionOf` needs. */
export const versionPermission = ({ id, region }: Named, place: PermissionPlace): Permission => ({
  actions: ['secretsmanager:GetSecretValue'],
  resources: [secretArn(id, region, place)],
});

/** A version of the secret; undefined: there is none of that stage. */
export async function versionOf(
  { id, region }: Named,
  stage: 'AWSCURRENT' | 'AWSPREVIOUS',
  { aws }: AccountContext,
): Promise<{ readonly value: string; readonly createdAt: number | undefined } | undefined> {
  const { SecretsManagerClient, GetSecretValueCommand } = await import('@aws-sdk/client-secrets-manager');
  const client = aws.client(SecretsManagerClient, region);
  const version = await aws.call(
    'secretsmanager:GetSecretValue',
    (options) => client.send(new GetSecretValueCommand({ SecretId: id, VersionStage: stage }), options),
    ['ResourceNotFoundException'],
  );
  if (version?.SecretString === undefined) return undefined;
  remember(version.SecretString);
  return { value: version.SecretString, createdAt: version.CreatedDate?.getTime() };
}
