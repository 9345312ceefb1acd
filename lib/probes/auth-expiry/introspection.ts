import { isObject } from '../../config/plain.ts';
import { Fault } from '../../net/net.ts';
import { ask, jsonOf, questionShape } from '../http-ask.ts';
import { defineSource } from '../source.ts';
import { clientShape, formOf } from './client.ts';
import { type Credential, type Credentials, onlyIssue } from './credentials.ts';

/** A stored token of which the authorization server says whether it is active: RFC 7662. */
export const introspection = defineSource<Credentials>()({
  kind: 'introspection',
  summary: 'A stored token, by token introspection (RFC 7662)',
  shape: (z, fields) => ({
    token: fields.secret.describe('The token'),
    ...questionShape(z, fields),
    ...clientShape(z, fields),
  }),
  target: ({ token, url }) => `token ${token.secret} at ${new URL(url).host}`,
  async look(source, context) {
    const token = (await context.secret(source.token)).trim();
    const form = await formOf({ token, token_type_hint: 'access_token' }, source, context);
    const answer = await ask(source, context, { ...form, maxBody: 65_536 });
    if (answer.status === 401 || answer.status === 403)
      throw new Fault(
        'invalid_client',
        `The authorization server does not take our client id and secret (${answer.status}).`,
      );
    const said = answer.status === 200 ? jsonOf(answer) : undefined;
    if (!isObject(said) || typeof said.active !== 'boolean')
      return onlyIssue({
        reason: 'introspection_unavailable',
        message: `The authorization server does not say whether the token is active: it answered ${answer.status}.`,
      });
    if (!said.active)
      return onlyIssue({
        reason: 'token_inactive',
        message: 'The token is not active any more: expired, revoked, or never issued.',
      });
    return judged(said, token);
  },
});

function judged(said: Readonly<Record<string, unknown>>, token: string): Credentials {
  const { exp, token_type: type } = said;
  const both = [exp, expOf(token)].flatMap((one) => (isNumber(one) ? one : []));
  const differs = both.length === 2 && both[0] !== both[1];
  return {
    credentials: [credentialOf(both.length > 0 ? Math.min(...both) : undefined, said.iat)],
    issues: [
      ...(typeof type === 'string' && type.toLowerCase() !== 'bearer'
        ? [
            {
              reason: 'token_type_unsupported' as const,
              message: 'The token is of a type that is not "Bearer".',
            },
          ]
        : []),
      ...(exp !== undefined && !isNumber(exp)
        ? [
            {
              reason: 'expiry_missing' as const,
              message: 'The "exp" of the introspection is no number of seconds.',
            },
          ]
        : []),
      ...(differs
        ? [
            {
              reason: 'token_invalid' as const,
              status: 'degraded' as const,
              message: 'The token and its introspection differ about when it expires: the earlier counts.',
            },
          ]
        : []),
    ],
    facts: { active: true },
  };
}

const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);

/** Seconds since 1970. */
function credentialOf(exp: number | undefined, iat: unknown): Credential {
  if (exp === undefined) return { name: 'token', lifetimeMs: 'never' };
  const lifetime = isNumber(iat) ? { lifetimeMs: (exp - iat) * 1_000 } : {};
  return { name: 'token', expiresAt: exp * 1_000, ...lifetime };
}

/** What the token itself says, if it is a JWT. */
function expOf(token: string): unknown {
  const [, payload] = token.split('.');
  if (payload === undefined) return undefined;
  const claims = jsonOf({ body: Buffer.from(payload, 'base64url') });
  return isObject(claims) ? claims.exp : undefined;
}
