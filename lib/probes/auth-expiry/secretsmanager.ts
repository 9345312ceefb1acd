import { isObject } from '../../config/plain.ts';
import { timeOf } from '../dates.ts';
import { jsonOf } from '../http-ask.ts';
import { pathShape } from '../http-shape.ts';
import { valueAt } from '../json-path.ts';
import { versionOf, versionPermission } from '../key-rotation/secretsmanager.ts';
import { defineSource } from '../source.ts';
import { type Credentials, onlyIssue } from './credentials.ts';

/** A secret of AWS Secrets Manager, JSON in which a token stands with its expiry. */
export const secretsmanager = defineSource<Credentials>()({
  kind: 'secretsmanager',
  summary: 'A secret in AWS Secrets Manager whose JSON holds a token and its expiry',
  shape: (z, fields) => ({
    id: z.string().min(1).max(2_048).describe('Its name or ARN'),
    region: fields.region.optional().describe('Default: the region where Watchbill runs'),
    expiryField: pathShape(z, '$.expiresAt')
      .default('$.expiresAt')
      .describe('Where in the JSON the expiry is'),
    tokenField: pathShape(z, '$.token')
      .default('$.token')
      .describe('Where in the JSON the token is: it must be there'),
  }),
  target: ({ id }) => `secret ${id}`,
  permissions: (source, place) => [versionPermission(source, place)],
  async look(source, context) {
    const version = await versionOf(source, 'AWSCURRENT', context);
    if (!version) return onlyIssue({ reason: 'token_missing', message: `There is no secret ${source.id}.` });
    const root = jsonOf({ body: Buffer.from(version.value) });
    const at = (path: string) => (isObject(root) ? valueAt(root, path) : undefined);
    if (typeof at(source.tokenField) !== 'string')
      return onlyIssue({
        reason: 'token_missing',
        message: `The secret ${source.id} has no token at ${source.tokenField}.`,
      });
    const expiresAt = timeOf(at(source.expiryField), context.clock.now());
    if (expiresAt === undefined)
      return onlyIssue({
        reason: 'expiry_missing',
        message: `The secret ${source.id} has no time at ${source.expiryField}.`,
      });
    const lifetime = version.createdAt === undefined ? {} : { lifetimeMs: expiresAt - version.createdAt };
    return { credentials: [{ name: `token in ${source.id}`, expiresAt, ...lifetime }], issues: [] };
  },
});
