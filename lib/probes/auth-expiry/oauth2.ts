import { isObject } from '../../config/plain.ts';
import type { HttpResponse } from '../../net/http.ts';
import { Fault } from '../../net/net.ts';
import { remember } from '../../redact.ts';
import type { Issue } from '../finding.ts';
import { ask, jsonOf, questionShape } from '../http-ask.ts';
import { defineSource } from '../source.ts';
import { clientShape, formOf } from './client.ts';
import { type Credential, type Credentials, onlyIssue } from './credentials.ts';
import { jwtShape } from './jwt.ts';
import { checkJwt } from './jwt-check.ts';

const ANSWER_MAX = 65_536;

/** Client credentials of OAuth 2 (RFC 6749, 4.4): a fresh token is asked for, and looked at. */
export const oauth2 = defineSource<Credentials>()({
  kind: 'oauth2',
  summary: 'A fresh token by OAuth 2 client credentials',
  shape: (z, fields) => {
    const { url, headers, ca, connectTo } = questionShape(z, fields);
    return {
      tokenUrl: url.describe('The token endpoint'),
      ...clientShape(z, fields),
      scope: z.string().min(1).optional().describe('The scope to ask for'),
      audience: z.string().min(1).optional().describe('The audience to ask for, where the server takes one'),
      verify: z
        .strictObject(jwtShape(z, fields))
        .optional()
        .describe('What the token must be, if it is a JWT'),
      headers,
      ca,
      connectTo,
    };
  },
  target: ({ tokenUrl }) => `token of ${new URL(tokenUrl).host}`,
  async look(source, context) {
    const { tokenUrl: url, headers, ca, connectTo, scope, audience } = source;
    const form = await formOf({ grant_type: 'client_credentials', scope, audience }, source, context);
    const answer = await ask({ url, headers, ca, connectTo }, context, { ...form, maxBody: ANSWER_MAX });
    const said = jsonOf(answer);
    if (answer.status !== 200) throw refused(answer, said);
    if (!isObject(said) || typeof said.access_token !== 'string' || said.access_token === '')
      return onlyIssue({
        reason: 'token_missing',
        message: 'The answer of the authorization server holds no token.',
      });
    remember(said.access_token);
    if (typeof said.refresh_token === 'string') remember(said.refresh_token);
    const jwt = source.verify && (await checkJwt(said.access_token, source.verify, context));
    const { issues, ...rest } = tokensOf(said, jwt);
    return { ...rest, issues: [...scopeIssues(scope, said.scope), ...issues] };
  },
});

/** What differs from what was asked for the server must tell: RFC 6749, 3.3. */
function scopeIssues(asked: string | undefined, granted: unknown): Issue[] {
  if (asked === undefined || typeof granted !== 'string') return [];
  const given = new Set(granted.split(' '));
  const lacking = asked.split(' ').filter((one) => one !== '' && !given.has(one));
  if (lacking.length === 0) return [];
  return [
    { reason: 'invalid_scope', message: `The token lacks a scope that was asked for: ${lacking.join(' ')}.` },
  ];
}

/** What the server says of a request that it doesn't grant: RFC 6749, 5.2; RFC 8707 for `invalid_target`. */
function refused(answer: HttpResponse, said: unknown): Fault {
  const { status, phases, facts } = answer;
  const error = isObject(said) && typeof said.error === 'string' ? said.error : '';
  const code = /^[a-z_]{1,60}$/.test(error) ? error : '';
  const more = { phases, facts: { ...facts, ...(code && { error: code }) } };
  const because = code ? ` (${code})` : '';
  if (status === 429) return new Fault('rate_limited', 'The authorization server limits our requests.', more);
  if (code === 'invalid_client' || (status === 401 && code === ''))
    return new Fault(
      'invalid_client',
      `The authorization server does not take our client id and secret${because}.`,
      more,
    );
  if (code === 'invalid_scope' || code === 'invalid_target')
    return new Fault(
      'invalid_scope',
      `The authorization server does not give this scope or audience${because}.`,
      more,
    );
  if ((status === 400 || status === 401 || status === 403) && code !== '')
    return new Fault('grant_refused', `The authorization server gives no token${because}.`, more);
  const reason = status === 503 ? 'unavailable' : status === 403 ? 'forbidden' : 'unexpected_status';
  return new Fault(reason, `The authorization server answered ${status}.`, more);
}

function tokensOf(
  said: Readonly<Record<string, unknown>>,
  jwt: Awaited<ReturnType<typeof checkJwt>> | undefined,
): Credentials {
  const type = said.token_type;
  const lifetime = secondsOf(said.expires_in);
  const issues: Issue[] = [...(jwt?.issues ?? [])];
  if (typeof type !== 'string' || type.toLowerCase() !== 'bearer')
    issues.push({
      reason: 'token_type_unsupported',
      message: 'The token is of a type that is not "Bearer".',
    });
  if (Number.isNaN(lifetime))
    issues.push({
      reason: 'expiry_missing',
      message: 'The "expires_in" of the answer is no number of seconds.',
    });
  else if (lifetime !== undefined && lifetime <= 0)
    issues.push({ reason: 'token_expired', message: 'The token was expired when it was issued.' });
  const ofJwt = jwt?.credential;
  const token: Credential = {
    ...ofJwt,
    name: 'fresh token',
    isFresh: true,
    ...(lifetime !== undefined && lifetime > 0 && { lifetimeMs: lifetime * 1_000 }),
  };
  return {
    credentials: [token, ...refreshOf(said)],
    issues,
    facts: { ...(lifetime !== undefined && { expiresIn: lifetime }), ...(jwt && { verified: jwt.verified }) },
  };
}

/** Nobody has agreed on how a refresh token says when it ends: Keycloak, and Microsoft and GitHub. */
function refreshOf(said: Readonly<Record<string, unknown>>): Credential[] {
  if (typeof said.refresh_token !== 'string') return [];
  const lifetime = secondsOf(said.refresh_expires_in ?? said.refresh_token_expires_in);
  // Keycloak's offline tokens have 0: they never expire
  const ends = lifetime !== undefined && lifetime > 0;
  return [
    { name: 'refresh token', isRefresh: true, isFresh: true, lifetimeMs: ends ? lifetime * 1_000 : 'never' },
  ];
}

/** Some servers write the number as a text. NaN: it is none. */
function secondsOf(value: unknown): number | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string' && /^-?\d{1,12}$/.test(value)) return Number(value);
  return typeof value === 'number' && Number.isFinite(value) ? value : Number.NaN;
}
