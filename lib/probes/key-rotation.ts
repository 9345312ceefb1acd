import type { Facts, Finding } from '../reading.ts';
import { type AgePolicy, ageDue, ageIssues } from './ages.ts';
import { type AccountContext, defineAccountProbe } from './define.ts';
import { findingOf, type Issue } from './finding.ts';
import { acm } from './key-rotation/acm.ts';
import { file } from './key-rotation/file.ts';
import { http } from './key-rotation/http.ts';
import { iamAccessKeys } from './key-rotation/iam-access-keys.ts';
import { jwks } from './key-rotation/jwks.ts';
import type { Key, Keys } from './key-rotation/keys.ts';
import { kms } from './key-rotation/kms.ts';
import { secretsmanager, versionOf, versionPermission } from './key-rotation/secretsmanager.ts';
import { ssm } from './key-rotation/ssm.ts';
import { sourceOf, sourceShape } from './source.ts';
import { mustBeAccepted, mustBeRefused, trialShape, tryOut } from './trial.ts';

const SOURCES = [secretsmanager, iamAccessKeys, kms, ssm, acm, jwks, file, http] as const;

/** What is known of these says by itself whether it is right; of all others only the age does. */
const JUDGED_WITHOUT_AGE: ReadonlySet<string> = new Set(['secretsmanager', 'kms', 'acm']);

const WARN_SHARE = 0.9;

/** Keys are rotated in time, the old one is refused and the new one accepted. */
export const keyRotation = defineAccountProbe({
  type: 'key-rotation',
  summary:
    'Keys are no older than their policy allows; their rotation works: the old one is refused, the new one accepted.',
  shape: (z, fields) => ({
    source: sourceShape(z, fields, SOURCES).describe('Which keys'),
    maxAge: fields.span.optional().describe('How old a key may be'),
    warn: fields.span
      .optional()
      .describe('The age from which it is degraded; default: nine tenths of "maxAge"'),
    oldRejected: z
      .strictObject({
        ...trialShape(z, fields),
        credential: fields.secret
          .optional()
          .describe('The old credential; of Secrets Manager it is the version AWSPREVIOUS'),
        grace: fields.duration
          .prefault('1d')
          .describe('So long after a rotation the old one may still be accepted'),
      })
      .optional()
      .describe('Where the previous credential must be refused with 401 or 403'),
    newAccepted: z
      .strictObject({
        ...trialShape(z, fields),
        credential: fields.secret
          .optional()
          .describe('The new credential; of Secrets Manager it is the version AWSCURRENT'),
      })
      .optional()
      .describe('Where the current credential must be accepted'),
  }),

  refine({ source, maxAge, warn, oldRejected, newAccepted }) {
    const { kind } = source;
    const mistakes: { path: string[]; message: string }[] = [];
    const needs = (path: string[], message: string) => void mistakes.push({ path, message });
    if (maxAge === undefined && !JUDGED_WITHOUT_AGE.has(kind))
      needs(['maxAge'], `required: of "${kind}" nothing else tells whether a key is right`);
    if (warn !== undefined && maxAge === undefined) needs(['warn'], 'says nothing without "maxAge"');
    if (warn !== undefined && maxAge !== undefined && warn >= maxAge)
      needs(['warn'], 'must be less than "maxAge": it is an age, too');
    if (kind !== 'secretsmanager')
      for (const [name, trial] of Object.entries({ oldRejected, newAccepted }))
        if (trial && !trial.credential)
          needs([name, 'credential'], 'required: only of "secretsmanager" the versions are known');
    return mistakes;
  },

  defaults: { every: '1h', timeout: '30s', severity: 'ticket' },
  says: { down: 'breaks its key policy', degraded: 'is close to breaking its key policy' },
  knowsExpiries: true,
  onlyHere: ({ source }) => sourceOf(SOURCES, source).onlyHere,
  target: ({ source }) => sourceOf(SOURCES, source).target(source),
  permissions: ({ source, oldRejected, newAccepted }, place) => [
    ...(sourceOf(SOURCES, source).permissions?.(source, place) ?? []),
    ...(source.kind === 'secretsmanager' && [oldRejected, newAccepted].some((one) => one && !one.credential)
      ? [versionPermission(source, place)]
      : []),
  ],

  run: (check, context): Promise<Finding> =>
    findingOf(context.clock, async () => {
      const keys = await sourceOf<Keys>(SOURCES, check.source).look(check.source, context);
      const trials = await trialIssues(check, keys, context);
      const { issues, ...measured } = judgeKeys(keys, check, context.clock.now());
      return { ...measured, issues: [...issues, ...trials] };
    }),
});

type KeyCheck = Parameters<typeof keyRotation.run>[0];

const REASONS = { over: 'key_too_old', soon: 'key_due_soon' } as const;

/** What is wrong with keys, the oldest first, and when each is due. Times are epoch ms. */
export function judgeKeys(
  { keys, issues, facts, dues = [] }: Keys,
  { maxAge, warn }: { readonly maxAge?: number | undefined; readonly warn?: number | undefined },
  now: number,
) {
  const dated = keys.filter(isDated).toSorted((a, b) => a.bornAt - b.bornAt);
  const policy: AgePolicy | undefined =
    maxAge === undefined ? undefined : { maxAge, warn: warn ?? maxAge * WARN_SHARE };
  const [oldest] = dated;
  return {
    issues: [
      ...issues,
      ...(policy
        ? dated.flatMap(({ name, bornAt }) => ageIssues(`The ${name}`, bornAt, policy, now, REASONS))
        : []),
    ] as Issue[],
    dues: [...dues, ...(policy ? dated.map(({ name, bornAt }) => ageDue(name, bornAt, policy)) : [])],
    facts: {
      ...facts,
      keys: keys.length,
      ...(oldest && { oldest: oldest.name, oldestSince: new Date(oldest.bornAt).toISOString() }),
    } satisfies Facts,
  };
}

const isDated = (key: Key): key is Key & { readonly bornAt: number } => key.bornAt !== undefined;

async function trialIssues(check: KeyCheck, { keys }: Keys, context: AccountContext): Promise<Issue[]> {
  const { source, oldRejected, newAccepted } = check;
  if (keys.length === 0) return [];
  const rotatedAt = Math.max(...keys.map(({ bornAt = 0 }) => bornAt));
  const isOver = oldRejected && context.clock.now() - rotatedAt > oldRejected.grace;
  const stage = async (name: 'AWSCURRENT' | 'AWSPREVIOUS') =>
    source.kind === 'secretsmanager' ? (await versionOf(source, name, context))?.value : undefined;
  const old = isOver ? await credentialOf(oldRejected, () => stage('AWSPREVIOUS'), context) : undefined;
  const fresh = newAccepted ? await credentialOf(newAccepted, () => stage('AWSCURRENT'), context) : undefined;
  return [
    ...(oldRejected && old !== undefined
      ? mustBeRefused(
          'the previous credential',
          await tryOut(oldRejected, old, context),
          new URL(oldRejected.url).host,
        )
      : []),
    ...(newAccepted && fresh !== undefined
      ? mustBeAccepted(
          'the current credential',
          await tryOut(newAccepted, fresh, context),
          new URL(newAccepted.url).host,
        )
      : []),
  ];
}

/** Where there is no such version, such as before the first rotation, there is nothing to try. */
const credentialOf = async (
  { credential }: { readonly credential?: { readonly secret: string } | undefined },
  ofStage: () => Promise<string | undefined>,
  context: AccountContext,
): Promise<string | undefined> => (credential ? context.secret(credential) : ofStage());
