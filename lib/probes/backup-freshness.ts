import type { Finding } from '../reading.ts';
import { lasted } from '../words.ts';
import { backup } from './backup-freshness/backup.ts';
import type { Backups } from './backup-freshness/backups.ts';
import { dynamodb } from './backup-freshness/dynamodb.ts';
import { ebs } from './backup-freshness/ebs.ts';
import { file } from './backup-freshness/file.ts';
import { http } from './backup-freshness/http.ts';
import { isGood, judgeBackups } from './backup-freshness/judge.ts';
import { rds } from './backup-freshness/rds.ts';
import { restoreIssues, restorePermissions, restoresOf } from './backup-freshness/restores.ts';
import { s3 } from './backup-freshness/s3.ts';
import { bytesOf, SIZE } from './bytes.ts';
import { type AccountContext, defineAccountProbe } from './define.ts';
import { findingOf, type Issue } from './finding.ts';
import { eitherMistakes, sourceOf, sourceShape } from './source.ts';

const SOURCES = [rds, dynamodb, backup, ebs, s3, file, http] as const;

/** Of these it isn't known how large a backup is; of those not whether it is encrypted. */
const WITHOUT_SIZE: ReadonlySet<string> = new Set(['rds']);
const WITHOUT_ENCRYPTION: ReadonlySet<string> = new Set(['file', 'http']);

const EITHER = {
  rds: ['instance', 'cluster'],
  backup: ['resource', 'vault'],
  ebs: ['volume', 'tag'],
} as const;

/** There is a backup that could be restored: complete, recent, whole. */
export const backupFreshness = defineAccountProbe({
  type: 'backup-freshness',
  summary:
    'There is a backup that can be restored: complete, not empty, recent; as large, as far back and in as many places as it must be.',
  shape: (z, fields) => ({
    source: sourceShape(z, fields, SOURCES).describe('Which backups'),
    maxAge: fields.span.optional().describe('How old the newest good backup may be'),
    warn: fields.span.optional().describe('The age from which it is degraded; default: it isn’t'),
    minSize: z
      .union([z.int().min(1), z.string().regex(SIZE, 'must be a size, such as "500MB"').transform(bytesOf)])
      .optional()
      .describe('How large it is at least: bytes, or "500MB"'),
    shrink: z
      .number()
      .gt(0)
      .lt(1)
      .optional()
      .describe('It is degraded if the newest is smaller than this part of the median of those before: 0.5'),
    encrypted: z.literal(true).optional().describe('It must be encrypted'),
    copyIn: z
      .strictObject({
        region: fields.region.describe('Another region'),
        bucket: z.string().min(3).max(63).optional().describe('Of "s3": the bucket there'),
        vault: z.string().min(2).max(50).optional().describe('Of "backup": the vault there'),
        maxAge: fields.span.optional().describe('How old the newest good copy may be; default: "maxAge"'),
      })
      .optional()
      .describe('Where else there must be a copy'),
    retention: fields.span.optional().describe('How far back the oldest good one must reach'),
    restoreTest: z
      .strictObject({
        resource: z
          .string()
          .regex(/^arn:/, 'must be an ARN')
          .optional()
          .describe(
            'What was restored: AWS Backup knows its restore jobs; default: the "resource" of "backup"',
          ),
        heartbeat: z
          .string()
          .min(1)
          .optional()
          .describe('Or the id of a heartbeat that a restore drill calls'),
        maxAge: fields.span.describe('How long ago the last test of a restore may be'),
        maxDuration: fields.span.optional().describe('How long it may have taken'),
      })
      .optional()
      .describe('That a restore was tested'),
  }),

  refine(check) {
    const { source, maxAge, warn, restoreTest, copyIn } = check;
    const mistakes: { path: string[]; message: string }[] = [];
    const needs = (path: string[], message: string) => void mistakes.push({ path, message });
    const { kind } = source;
    const isContinuous = 'pitr' in source && source.pitr;
    if (maxAge === undefined && !isContinuous)
      needs(['maxAge'], 'required: nothing else tells whether a backup is good');
    if (warn !== undefined && (maxAge === undefined || warn >= maxAge))
      needs(['warn'], 'must be less than "maxAge": it is an age, too');
    for (const name of ['minSize', 'shrink'] as const)
      if (check[name] !== undefined && WITHOUT_SIZE.has(kind))
        needs([name], `of "${kind}" AWS doesn’t say how large a backup is`);
    if (check.encrypted && WITHOUT_ENCRYPTION.has(kind))
      needs(['encrypted'], `of "${kind}" nobody can say whether it is encrypted`);
    mistakes.push(...eitherMistakes(source, EITHER));
    if (copyIn) mistakes.push(...copyMistakes(source, copyIn));
    const { heartbeat, resource } = restoreTest ?? {};
    const ofSource = 'resource' in source ? source.resource : undefined;
    if (restoreTest && (heartbeat ? resource !== undefined : !(resource ?? ofSource)))
      needs(['restoreTest'], 'needs either "resource" or "heartbeat": who knows of the test');
    return mistakes;
  },

  defaults: { every: '1h', timeout: '30s', severity: 'ticket' },
  says: { down: 'has no backup as it must be', degraded: 'has a backup that needs a look' },
  knowsExpiries: true,
  hears: ({ restoreTest }) => restoreTest?.heartbeat,
  onlyHere: ({ source }) => sourceOf(SOURCES, source).onlyHere,
  target: ({ source }) => sourceOf(SOURCES, source).target(source),
  permissions: (check, place) => [
    ...(sourceOf(SOURCES, check.source).permissions?.(check.source, place) ?? []),
    ...(check.copyIn
      ? (sourceOf(SOURCES, check.source).permissions?.(copyOf(check.source, check.copyIn), place) ?? [])
      : []),
    ...(check.restoreTest ? restorePermissions(check.restoreTest) : []),
  ],

  run: (check, context): Promise<Finding> =>
    findingOf(context.clock, async () => {
      const backups = await sourceOf<Backups>(SOURCES, check.source).look(check.source, context);
      const { issues, ...measured } = judgeBackups(backups, check, context.clock.now());
      const others = [...(await copyIssues(check, context)), ...(await testIssues(check, context))];
      return { ...measured, issues: [...issues, ...others] };
    }),
});

type BackupCheck = Parameters<typeof backupFreshness.run>[0];

function copyMistakes(
  source: {
    readonly kind: string;
    readonly region?: string | undefined;
    readonly volume?: string | undefined;
  },
  copyIn: CopyIn,
): { path: string[]; message: string }[] {
  const { kind } = source;
  if (!['rds', 'backup', 'ebs', 's3'].includes(kind))
    return [{ path: ['copyIn'], message: `of "${kind}" there are no copies that could be looked for` }];
  if (kind === 's3' && !copyIn.bucket)
    return [
      { path: ['copyIn', 'bucket'], message: 'required: a bucket is in one region, its copy is another one' },
    ];
  if (kind === 'ebs' && source.volume !== undefined)
    return [
      { path: ['copyIn'], message: 'needs "tag": a copy of a snapshot doesn’t know its volume any more' },
    ];
  if (source.region === copyIn.region)
    return [{ path: ['copyIn', 'region'], message: 'must be another region than that of the source' }];
  return [];
}

/** Where its copies are. */
interface CopyIn {
  readonly region: string;
  readonly bucket?: string | undefined;
  readonly vault?: string | undefined;
}

/** The same source there. */
function copyOf<S extends object>(source: S, { region, bucket, vault }: CopyIn): S {
  return {
    ...source,
    region,
    ...(bucket && { bucket }),
    ...(vault && { vault, resource: undefined }),
  };
}

async function copyIssues(check: BackupCheck, context: AccountContext): Promise<Issue[]> {
  const { copyIn, source } = check;
  if (!copyIn) return [];
  const { backups } = await sourceOf<Backups>(SOURCES, source).look(copyOf(source, copyIn), context);
  const now = context.clock.now();
  const newest = Math.max(...backups.filter((one) => isGood(one, now)).map(({ at }) => at));
  const maxAge = copyIn.maxAge ?? check.maxAge ?? Number.POSITIVE_INFINITY;
  if (now - newest <= maxAge && newest > Number.NEGATIVE_INFINITY) return [];
  const message = Number.isFinite(newest)
    ? `The newest good copy in ${copyIn.region} is ${lasted(now - newest)} old: at most ${lasted(maxAge)} are allowed.`
    : `There is no good copy in ${copyIn.region}.`;
  return [{ reason: 'copy_missing', message }];
}

async function testIssues({ restoreTest, source }: BackupCheck, context: AccountContext): Promise<Issue[]> {
  if (!restoreTest) return [];
  const resource = restoreTest.resource ?? ('resource' in source ? source.resource : undefined);
  const region = 'region' in source ? source.region : undefined;
  const restored = await restoresOf({ ...restoreTest, resource }, region, context);
  return restoreIssues(restored, restoreTest, context.clock.now());
}
