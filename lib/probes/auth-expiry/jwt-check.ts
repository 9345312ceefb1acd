import { createPublicKey } from 'node:crypto';
import type { JWTPayload } from 'jose';
import { isObject } from '../../config/plain.ts';
import { Fault } from '../../net/net.ts';
import { SECONDS_MOST } from '../dates.ts';
import type { AccountContext } from '../define.ts';
import type { Issue } from '../finding.ts';
import { ask, jsonOf, type Question } from '../http-ask.ts';
import { parseStrictJson } from '../strict-json.ts';
import type { Credential } from './credentials.ts';

/** Signatures that nobody can make who only verifies: https://www.rfc-editor.org/rfc/rfc8725#section-3.1 */
export const ALGORITHMS = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  ...['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'],
] as const;

/** Longer ones fit into no header. */
const TOKEN_MAX = 16_384;
const JWKS_MAX = 262_144;
const COMPACT = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*$/;

/** What a token must be. */
export interface JwtPolicy {
  readonly issuer?: string | undefined;
  readonly audience?: string | undefined;
  readonly algorithms: readonly string[];
  /** How far two clocks may differ, ms. */
  readonly leeway: number;
  /** Where the keys are that prove it; neither: only its dates are judged. */
  readonly jwks?: Question | undefined;
  /** A JWKS or a PEM. */
  readonly keys?: string | undefined;
}

export interface JwtVerdict {
  readonly issues: readonly Issue[];
  readonly credential?: Credential;
  readonly verified: boolean;
}

/** Judges a token strictly: what isn't proven is never valid. Nothing that its header names is fetched or trusted. */
export async function checkJwt(
  token: string,
  policy: JwtPolicy,
  context: AccountContext,
): Promise<JwtVerdict> {
  const parts = partsOf(token);
  if (typeof parts === 'string') return invalid(parts);
  if (typeof parts.header.alg !== 'string' || !policy.algorithms.includes(parts.header.alg))
    return invalid('its algorithm is none of those that are allowed');
  if ('crit' in parts.header || parts.header.b64 === false)
    return invalid('it has a critical extension that nobody knows');
  const claims = claimIssues(parts.payload, policy, context.clock.now());
  const proof = policy.jwks || policy.keys ? await prove(token, policy, context) : undefined;
  const issues = [...(proof ?? []), ...claims];
  const credential = credentialOf(parts.payload, policy);
  return { issues, verified: proof?.length === 0, ...(credential && { credential }) };
}

const invalid = (why: string): JwtVerdict => ({
  issues: [{ reason: 'token_invalid', message: `The token is not valid: ${why}.` }],
  verified: false,
});

interface Parts {
  readonly header: Readonly<Record<string, unknown>>;
  readonly payload: JWTPayload;
}

/** Header and claims; or why it is none. */
function partsOf(token: string): Parts | string {
  if (token.length > TOKEN_MAX) return 'it is longer than 16 KB';
  if (!COMPACT.test(token)) return 'it is no JWT in three parts';
  const parts = token.split('.');
  // bits that mean nothing would make two texts of one token
  if (!parts.every(isCanonical)) return 'it is not in base64url as everyone would write it';
  const [header, payload] = parts.slice(0, 2).map(objectOf);
  if (!header || !payload) return 'its header or its claims are no JSON object, or name something twice';
  return { header, payload };
}

const isCanonical = (part: string): boolean => Buffer.from(part, 'base64url').toString('base64url') === part;

/** A JSON object in base64url in which no name is there twice, however it is spelt. */
function objectOf(part: string): Record<string, unknown> | undefined {
  const parsed = parseStrictJson(Buffer.from(part, 'base64url').toString('utf8'));
  return 'value' in parsed && isObject(parsed.value) ? parsed.value : undefined;
}

/** To the second, as RFC 7519 has it: from `exp` on it is expired, before `nbf` it isn't valid yet. */
function claimIssues(payload: JWTPayload, { issuer, audience, leeway }: JwtPolicy, now: number): Issue[] {
  const issues: Issue[] = [];
  const tell = (reason: Issue['reason'], message: string) => void issues.push({ reason, message });
  const { exp, nbf, iat, iss, aud } = payload as Record<string, unknown>;
  for (const [name, value] of Object.entries({ exp, nbf, iat }))
    if (value !== undefined && (typeof value !== 'number' || !Number.isFinite(value)))
      tell('token_invalid', `The token is not valid: its ${name} is no number.`);
  if (exp === undefined) tell('token_never_expires', 'The token never expires: it has no exp.');
  else if (Number(exp) >= SECONDS_MOST)
    tell(
      'token_never_expires',
      'The token never expires: its exp, in seconds, lies thousands of years ahead.',
    );
  else if (Number(exp) * 1_000 + leeway <= now) tell('token_expired', 'The token has expired.');
  if (typeof nbf === 'number' && nbf * 1_000 - leeway > now)
    tell('token_not_yet_valid', 'The token is not valid yet: its nbf is to come.');
  if (typeof iat === 'number' && iat * 1_000 - leeway > now)
    tell('token_not_yet_valid', 'The token says that it was issued in the future: a clock is wrong.');
  if (issuer !== undefined && iss !== issuer) tell('wrong_issuer', 'The token is from another issuer.');
  if (audience !== undefined && ![aud].flat().includes(audience))
    tell('wrong_audience', 'The token is for another audience.');
  return issues;
}

function credentialOf({ exp, iat, nbf }: JWTPayload, { leeway }: JwtPolicy): Credential | undefined {
  if (exp === undefined) return { name: 'token', lifetimeMs: 'never' };
  if (typeof exp !== 'number' || exp >= SECONDS_MOST) return undefined;
  const from = iat ?? nbf;
  return {
    name: 'token',
    expiresAt: exp * 1_000 + leeway,
    ...(typeof from === 'number' && { lifetimeMs: (exp - from) * 1_000 }),
  };
}

/** Whether one of the keys made its signature: none of these issues, and it is proven. */
async function prove(token: string, policy: JwtPolicy, context: AccountContext): Promise<Issue[]> {
  if (policy.keys !== undefined) return proveBy(policy.keys, token, policy.algorithms);
  const jwks = policy.jwks as Question;
  const first = await fetched(jwks, context);
  if (typeof first !== 'string') return [first.issue];
  const issues = await proveBy(first, token, policy.algorithms);
  if (issues[0] !== NO_KEY) return issues;
  // they may just have been rotated: once more, and no oftener
  const second = await fetched(jwks, context);
  return typeof second === 'string' ? proveBy(second, token, policy.algorithms) : [second.issue];
}

const NO_KEY: Issue = {
  reason: 'token_invalid',
  message: 'The token is not valid: its issuer has no key of the name that it gives.',
};

async function proveBy(keys: string, token: string, algorithms: readonly string[]): Promise<Issue[]> {
  const { errors } = await import('jose');
  try {
    await verify(keys, token, { algorithms: [...algorithms] });
    return [];
  } catch (error) {
    if (error instanceof errors.JWKSNoMatchingKey) return [NO_KEY];
    if (error instanceof errors.JWSSignatureVerificationFailed || error instanceof errors.JWSInvalid)
      return [
        { reason: 'token_invalid', message: 'The token is not valid: none of the keys has signed it.' },
      ];
    // what else there is are keys that jose refuses: too short, of another type, broken
    const message = 'The keys that prove the token cannot be used: they are too weak, or of another type.';
    return [{ reason: 'jwks_unavailable', message }];
  }
}

/** A PEM is one key for any name; of a JWKS it is the one that the header names, or each that could be meant. */
async function verify(keys: string, token: string, options: { algorithms: string[] }): Promise<void> {
  const { compactVerify, createLocalJWKSet, errors } = await import('jose');
  if (keys.trimStart().startsWith('-----BEGIN')) {
    await compactVerify(token, createPublicKey(keys), options);
    return;
  }
  try {
    await compactVerify(token, createLocalJWKSet(JSON.parse(keys)), options);
  } catch (error) {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
    for await (const key of error) {
      const isIt = await compactVerify(token, key, options).then(
        () => true,
        () => false,
      );
      if (isIt) return;
    }
    throw new errors.JWSSignatureVerificationFailed();
  }
}

/** The JWKS as text; or why it can't be had. */
async function fetched(jwks: Question, context: AccountContext): Promise<string | { readonly issue: Issue }> {
  const none = (why: string) => ({
    issue: {
      reason: 'jwks_unavailable',
      message: `The keys that prove the token cannot be had: ${why}.`,
    } as const,
  });
  try {
    const answer = await ask(jwks, context, { maxBody: JWKS_MAX });
    if (answer.status !== 200) return none(`the JWKS answered ${answer.status}`);
    const set = jsonOf(answer);
    const list = typeof set === 'object' && set !== null && 'keys' in set ? set.keys : undefined;
    if (!Array.isArray(list)) return none('the answer is no JWKS, or too large');
    return list.length === 0 ? none('the JWKS is empty') : JSON.stringify(set);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return none(error.message.replace(/\.$/, ''));
  }
}
