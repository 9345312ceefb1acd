import type { Due, Finding } from '../reading.ts';
import { lasted } from '../words.ts';
import { type ExpiryPolicy, expiryDue, expiryIssues } from './ages.ts';
import type { Credential, Credentials } from './auth-expiry/credentials.ts';
import { http } from './auth-expiry/http.ts';
import { introspection } from './auth-expiry/introspection.ts';
import { jwt } from './auth-expiry/jwt.ts';
import { oauth2 } from './auth-expiry/oauth2.ts';
import { pem } from './auth-expiry/pem.ts';
import { secretsmanager } from './auth-expiry/secretsmanager.ts';
import { type AccountContext, defineAccountProbe } from './define.ts';
import { findingOf, type Issue } from './finding.ts';
import { eitherMistakes, sourceOf, sourceShape } from './source.ts';
import { cannotTell, mustBeRefused, trialShape, tryOut } from './trial.ts';

const SOURCES = [oauth2, jwt, introspection, http, pem, secretsmanager] as const;

const EITHER = { http: ['header', 'path'], pem: ['certificate', 'path'] } as const;

const DAY_MS = 86_400_000;
/** Unless the check says otherwise. */
const LEFT: ExpiryPolicy = { warn: 7 * DAY_MS, fail: DAY_MS };
const REASONS = { over: 'token_expired', soon: 'token_expires_soon' } as const;

/** Tokens and credentials are valid, not about to expire, and don't live for too long; expired ones are refused. */
export const authExpiry = defineAccountProbe({
  type: 'auth-expiry',
  summary:
    'A token or credential is valid, does not expire soon and does not live too long; an expired one is refused.',
  shape: (z, fields) => ({
    source: sourceShape(z, fields, SOURCES).describe('Which credential'),
    expires: z
      .strictObject({
        warn: fields.duration.prefault('7d').describe('Time left at which it is degraded'),
        fail: fields.duration.prefault('1d').describe('Time left at which it is down'),
      })
      .optional()
      .describe('When it counts as about to expire; of a fresh token ("oauth2") only if this is set'),
    lifetime: z
      .strictObject({
        max: fields.span.optional().describe('For how long it may be valid in all'),
        refreshMax: fields.span.optional().describe('The same for a refresh token'),
      })
      .optional()
      .describe('How long a token may live: one that never expires is a failure'),
    rejects: z
      .strictObject({
        ...trialShape(z, fields),
        token: fields.secret.describe('An expired or revoked token'),
      })
      .optional()
      .describe('Where an expired or revoked token must be refused with 401'),
  }),

  refine({ source, expires, lifetime }) {
    const mistakes: { path: string[]; message: string }[] = [];
    if (expires && expires.fail > expires.warn)
      mistakes.push({ path: ['expires', 'fail'], message: 'must not be longer than "warn"' });
    if (lifetime && lifetime.max === undefined && lifetime.refreshMax === undefined)
      mistakes.push({ path: ['lifetime'], message: 'needs "max" or "refreshMax"' });
    mistakes.push(...eitherMistakes(source, EITHER));
    for (const [path, one] of Object.entries({
      source,
      'source.verify': 'verify' in source ? source.verify : undefined,
    }))
      if (one && 'jwks' in one && one.jwks && one.keys !== undefined)
        mistakes.push({ path: [...path.split('.'), 'keys'], message: 'is not needed beside "jwks"' });
    return mistakes;
  },

  defaults: { every: '1h', timeout: '30s', severity: 'ticket' },
  says: { down: 'has a credential that is no good', degraded: 'has a credential that needs a look' },
  knowsExpiries: true,
  onlyHere: ({ source }) =>
    source.kind === 'pem' && source.path !== undefined
      ? 'a file of this machine: there is none on AWS'
      : undefined,
  target: ({ source }) => sourceOf(SOURCES, source).target(source),
  permissions: ({ source }, place) => sourceOf(SOURCES, source).permissions?.(source, place) ?? [],

  run: (check, context): Promise<Finding> =>
    findingOf(context.clock, async () => {
      const credentials = await sourceOf<Credentials>(SOURCES, check.source).look(check.source, context);
      const { issues, dues } = judgeCredentials(credentials, check, context.clock.now());
      const { facts = {} } = credentials;
      return { issues: [...issues, ...(await rejectIssues(check, context))], dues, facts };
    }),
});

type AuthCheck = Parameters<typeof authExpiry.run>[0];

export interface CredentialPolicy {
  readonly expires?: ExpiryPolicy | undefined;
  readonly lifetime?:
    | { readonly max?: number | undefined; readonly refreshMax?: number | undefined }
    | undefined;
}

/** What is wrong with credentials, and when each expires. Times are epoch ms. */
export function judgeCredentials(
  { credentials, issues }: Credentials,
  { expires, lifetime = {} }: CredentialPolicy,
  now: number,
): { readonly issues: Issue[]; readonly dues: Due[] } {
  const told = new Set(issues.map(({ reason }) => reason));
  const more = credentials.flatMap((one) => [...leftIssues(one, expires, now), ...lifeIssues(one, lifetime)]);
  return {
    issues: [...issues, ...more.filter(({ reason }) => !told.has(reason))],
    dues: credentials.flatMap(({ name, expiresAt, isFresh }) =>
      expiresAt !== undefined && !isFresh ? [expiryDue(name, expiresAt)] : [],
    ),
  };
}

function leftIssues(
  { name, expiresAt, isFresh }: Credential,
  expires: ExpiryPolicy | undefined,
  now: number,
): Issue[] {
  if (expiresAt === undefined || (isFresh && !expires)) return [];
  return expiryIssues(`The ${name}`, expiresAt, expires ?? LEFT, now, REASONS);
}

function lifeIssues(
  { name, lifetimeMs, isRefresh }: Credential,
  { max, refreshMax }: NonNullable<CredentialPolicy['lifetime']>,
): Issue[] {
  const most = isRefresh ? refreshMax : max;
  if (most === undefined) return [];
  if (lifetimeMs === undefined)
    return [{ reason: 'expiry_missing', message: `Nothing says for how long the ${name} is valid.` }];
  if (lifetimeMs === 'never')
    return [
      {
        reason: 'token_never_expires',
        message: `The ${name} never expires: at most ${lasted(most)} are allowed.`,
      },
    ];
  if (lifetimeMs <= most) return [];
  const message = `The ${name} is valid for ${lasted(lifetimeMs)}: at most ${lasted(most)} are allowed.`;
  return [{ reason: 'token_lives_too_long', message }];
}

/** 401 alone says that a token isn't valid: RFC 6750, 3.1. */
async function rejectIssues({ rejects }: AuthCheck, context: AccountContext): Promise<Issue[]> {
  if (!rejects) return [];
  const answer = await tryOut(rejects, await context.secret(rejects.token), context);
  const { host } = new URL(rejects.url);
  const what = 'a token that is expired or revoked';
  return answer === 403 ? [cannotTell(what, answer, host)] : mustBeRefused(what, answer, host);
}
