import { createHmac, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { createServer, type RequestListener } from 'node:http';
import fc from 'fast-check';
import { exportJWK, SignJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import { judgeCredentials } from '../../lib/probes/auth-expiry.ts';
import { accountCheck, clockAt, runAccount } from '../kit/account.ts';
import { closesAtEnd } from '../kit/at-end.ts';
import { makeAuthority } from '../kit/ca.ts';
import { onLoopback } from '../kit/front.ts';

const SECOND = 1_000;
const HOUR = 3_600 * SECOND;
const DAY = 24 * HOUR;
const NOW = Date.UTC(2026, 10, 26, 12);
const S = NOW / SECOND;
const ISSUER = 'https://id.acme.test/';
const AUDIENCE = 'https://api.acme.test';

const started = closesAtEnd();
const serve = async (listener: RequestListener) =>
  (await started(onLoopback(createServer(listener)))).endpoint;

const rsa = generateKeyPairSync('rsa', { modulusLength: 2_048 });
const other = generateKeyPairSync('rsa', { modulusLength: 2_048 });
const weak = generateKeyPairSync('rsa', { modulusLength: 1_024 });
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const PEM = rsa.publicKey.export({ type: 'spki', format: 'pem' }).toString();

const CLAIMS = { iss: ISSUER, aud: AUDIENCE, iat: S - 60, exp: S + 30 * 86_400 };
const sign = (claims: object, header: object = {}, key: KeyObject = rsa.privateKey) =>
  new SignJWT({ ...CLAIMS, ...claims })
    .setProtectedHeader({ alg: 'RS256', kid: 'a', ...header } as never)
    .sign(key);
const part = (value: unknown) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
/** A token that no library would make. */
const forged = (header: unknown, payload: unknown = CLAIMS, signature = '') =>
  `${part(header)}.${part(payload)}.${signature}`;
const jwkOf = async ({ publicKey }: { publicKey: KeyObject }, kid = 'a') => ({
  ...(await exportJWK(publicKey)),
  kid,
});

/** What is found of a stored token. The PEM is trusted, unless the check says otherwise. */
const look = (token: string, source: object = {}, now = NOW, more: object = {}) =>
  runAccount(
    accountCheck({
      type: 'auth-expiry',
      source: {
        kind: 'jwt',
        token: { secret: 'TOKEN' },
        issuer: ISSUER,
        audience: AUDIENCE,
        keys: PEM,
        ...source,
      },
      ...more,
    }),
    { clock: clockAt(() => now), secrets: { TOKEN: token } },
  );
const reasonsOf = async (...args: Parameters<typeof look>) => (await look(...args)).reasons;

describe('a token that is well', () => {
  it('is verified, and tells when it expires', async () => {
    expect(await look(await sign({}))).toMatchObject({
      status: 'up',
      reasons: [],
      facts: { verified: true },
      dues: [{ what: 'token', at: NOW + 30 * DAY, why: 'expires' }],
    });
  });

  it.each([
    ['ES256', ec],
    ['PS256', rsa],
    ['EdDSA', generateKeyPairSync('ed25519')],
  ])('signed by %s', async (alg, pair) => {
    const keys = pair.publicKey.export({ type: 'spki', format: 'pem' }).toString();
    expect(await reasonsOf(await sign({}, { alg }, pair.privateKey), { keys })).toEqual([]);
  });

  it('without keys only its dates are judged, and the facts say so', async () => {
    const token = await sign({}, {}, other.privateKey);
    expect(await look(token, { keys: undefined })).toMatchObject({
      status: 'up',
      facts: { verified: false },
    });
  });
});

describe('J38: an algorithm that proves nothing', () => {
  it.each<[string, unknown]>([
    ['none', 'none'],
    ['None', 'None'],
    ['NONE', 'NONE'],
    ['an empty one', ''],
    ['a list', ['RS256']],
    ['no text', 1],
  ])('%s', async (_, alg) => {
    expect(await look(forged({ alg }))).toMatchObject({ status: 'down', reasons: ['token_invalid'] });
    expect(await reasonsOf(forged({ alg }), { keys: undefined })).toEqual(['token_invalid']);
  });

  it('HS256, signed with the public RSA key', async () => {
    const head = `${part({ alg: 'HS256', kid: 'a' })}.${part(CLAIMS)}`;
    const signature = createHmac('sha256', PEM).update(head).digest('base64url');
    expect(await reasonsOf(`${head}.${signature}`)).toEqual(['token_invalid']);
  });

  it('one that the check doesn’t allow', async () => {
    expect(await reasonsOf(await sign({}), { algorithms: ['ES256'] })).toEqual(['token_invalid']);
  });
});

describe('J39: what its header names is never fetched or trusted', () => {
  it.each<[string, object]>([
    ['a kid that nobody has', { kid: 'nobody' }],
    ['a kid that is a path', { kid: '../../etc/passwd' }],
    ['a kid that is SQL', { kid: "' OR 1=1 --" }],
    ['a kid of 10 KB', { kid: 'k'.repeat(10_000) }],
  ])('%s', async (_, header) => {
    const jwks = { keys: [await jwkOf(rsa)] };
    let asked = 0;
    const url = await serve((_, response) => {
      asked += 1;
      response.end(JSON.stringify(jwks));
    });
    expect(await reasonsOf(await sign({}, header), { keys: undefined, jwks: { url } })).toEqual([
      'token_invalid',
    ]);
    expect(asked).toBe(2);
  });

  it('jku, x5u, jwk and a kid that is a URL', async () => {
    let asked = 0;
    const evil = await serve(async (_, response) => {
      asked += 1;
      response.end(JSON.stringify({ keys: [await jwkOf(other)] }));
    });
    for (const header of [{ jku: evil }, { x5u: evil }, { jwk: await jwkOf(other) }, { kid: evil }]) {
      const token = await sign({}, header, other.privateKey);
      expect(await reasonsOf(token)).toEqual(['token_invalid']);
    }
    expect(asked).toBe(0);
  });

  it('two keys of one name: either may have signed', async () => {
    const keys = JSON.stringify({ keys: [await jwkOf(other), await jwkOf(rsa)] });
    expect(await reasonsOf(await sign({}), { keys })).toEqual([]);
    expect(
      await reasonsOf(await sign({}, {}, generateKeyPairSync('rsa', { modulusLength: 2_048 }).privateKey), {
        keys,
      }),
    ).toEqual(['token_invalid']);
  });
});

describe('J40, H06: its dates, to the second', () => {
  it.each<[string, object, string[]]>([
    ['exp missing', { exp: undefined }, ['token_never_expires']],
    ['exp a text', { exp: String(S + 9e5) }, ['token_invalid']],
    ['exp a fraction', { exp: S + 9e5 + 0.5 }, []],
    ['exp 1e300', { exp: 1e300 }, ['token_never_expires']],
    ['exp in ms', { exp: NOW }, ['token_never_expires']],
    ['exp this very second', { exp: S }, ['token_expired']],
    ['exp a second ago', { exp: S - 1 }, ['token_expired']],
    ['exp in a second', { exp: S + 1 }, ['token_expires_soon']],
    ['nbf this very second', { nbf: S }, []],
    ['nbf in a second', { nbf: S + 1 }, ['token_not_yet_valid']],
    ['nbf a text', { nbf: 'now' }, ['token_invalid']],
    ['iat this very second', { iat: S }, []],
    ['iat in a second', { iat: S + 1 }, ['token_not_yet_valid']],
  ])('%s', async (_, claims, reasons) => {
    const payload = { ...CLAIMS, ...claims };
    const head = `${part({ alg: 'RS256', kid: 'a' })}.${part(payload)}`;
    const { sign: signature } = await import('node:crypto');
    const token = `${head}.${signature('sha256', Buffer.from(head), rsa.privateKey).toString('base64url')}`;
    expect(await reasonsOf(token)).toEqual(reasons);
  });

  it.each<[string, object, number, string[]]>([
    ['exp a second within the leeway', { exp: S - 59 }, 60, ['token_expires_soon']],
    ['exp at its edge', { exp: S - 60 }, 60, ['token_expired']],
    ['nbf at the edge of the leeway', { nbf: S + 60 }, 60, []],
    ['nbf a second beyond it', { nbf: S + 61 }, 60, ['token_not_yet_valid']],
    ['iat at the edge of the leeway', { iat: S + 60 }, 60, []],
    ['iat a second beyond it', { iat: S + 61 }, 60, ['token_not_yet_valid']],
  ])('%s', async (_, claims, leeway, reasons) => {
    expect(await reasonsOf(await sign(claims), { leeway: `${leeway}s` })).toEqual(reasons);
  });

  it.each([
    [7 * DAY + SECOND, 'up', []],
    [7 * DAY, 'degraded', ['token_expires_soon']],
    [DAY + SECOND, 'degraded', ['token_expires_soon']],
    [DAY, 'down', ['token_expires_soon']],
    [SECOND, 'down', ['token_expires_soon']],
    [0, 'down', ['token_expired']],
  ])('%i ms before it expires', async (left, status, reasons) => {
    expect(await look(await sign({ exp: (NOW + left) / SECOND }))).toMatchObject({ status, reasons });
  });
});

describe('J41: who it is from and for, to the letter', () => {
  it.each<[string, object, string[]]>([
    ['a list of audiences that holds it', { aud: ['x', AUDIENCE] }, []],
    ['a list that doesn’t', { aud: ['x'] }, ['wrong_audience']],
    ['another audience', { aud: `${AUDIENCE}/` }, ['wrong_audience']],
    ['no audience', { aud: undefined }, ['wrong_audience']],
    ['the issuer without its slash', { iss: ISSUER.slice(0, -1) }, ['wrong_issuer']],
    ['the issuer in capitals', { iss: ISSUER.toUpperCase() }, ['wrong_issuer']],
    ['one that looks like it', { iss: 'https://id.аcme.test/' }, ['wrong_issuer']],
    ['no issuer', { iss: undefined }, ['wrong_issuer']],
  ])('%s', async (_, claims, reasons) => {
    expect(await reasonsOf(await sign(claims))).toEqual(reasons);
  });
});

describe('J42: keys that can’t be had', () => {
  const withJwks = async (listener: RequestListener, token?: string) => {
    let asked = 0;
    const url = await serve((request, response) => {
      asked += 1;
      listener(request, response);
    });
    const finding = await look(token ?? (await sign({})), { keys: undefined, jwks: { url } });
    return { ...finding, asked };
  };
  const answering =
    (body: string, status = 200): RequestListener =>
    (_, response) =>
      void response.writeHead(status).end(body);

  it.each<[string, () => Promise<string> | string, number]>([
    ['it fails', () => 'oops', 500],
    ['it isn’t there', () => 'not found', 404],
    ['it is no JSON', () => '<html>', 200],
    ['it is empty', () => '{"keys":[]}', 200],
    [
      'it is too large',
      async () => JSON.stringify({ keys: [await jwkOf(rsa)], pad: 'x'.repeat(300_000) }),
      200,
    ],
    [
      'its key is of another type',
      async () => JSON.stringify({ keys: [{ ...(await jwkOf(ec)), alg: 'RS256', kty: 'RSA' }] }),
      200,
    ],
    ['its key is weak', async () => JSON.stringify({ keys: [await jwkOf(weak)] }), 200],
  ])('%s: it is degraded, and never valid', async (_, body, status) => {
    const found = await withJwks(answering(await body(), status));
    expect(found).toMatchObject({
      status: 'degraded',
      reasons: ['jwks_unavailable'],
      facts: { verified: false },
    });
    expect(found.asked).toBe(1);
  });

  it('nobody listens', async () => {
    const jwks = { url: 'http://127.0.0.1:9/' };
    expect(await look(await sign({}), { keys: undefined, jwks })).toMatchObject({
      reasons: ['jwks_unavailable'],
    });
  });

  it('1,000 keys: the one is found', async () => {
    const keys = [
      ...Array.from({ length: 999 }, (_, i) => ({ kty: 'oct', k: 'AA', kid: `k${i}` })),
      await jwkOf(rsa),
    ];
    expect(await withJwks(answering(JSON.stringify({ keys })))).toMatchObject({ status: 'up', reasons: [] });
  });

  it('rotated in the middle of it: they are asked for once more, and no oftener', async () => {
    const [old, fresh] = [{ keys: [await jwkOf(other, 'old')] }, { keys: [await jwkOf(rsa)] }];
    let nth = 0;
    const found = await withJwks(
      (_, response) => void response.end(JSON.stringify(nth++ === 0 ? old : fresh)),
    );
    expect(found).toMatchObject({ status: 'up', asked: 2 });
  });

  it('an expired token is expired all the same', async () => {
    const found = await withJwks(answering('oops', 500), await sign({ exp: S - 1 }));
    expect(found).toMatchObject({ status: 'down', reasons: ['token_expired', 'jwks_unavailable'] });
  });
});

describe('J43: what is no token', () => {
  const good = () => sign({});
  it.each<[string, () => Promise<string> | string]>([
    ['a critical extension that nobody knows', () => forged({ alg: 'RS256', crit: ['exp'] })],
    ['b64:false', () => forged({ alg: 'RS256', b64: false, crit: ['b64'] })],
    ['a JWE, in five parts', () => 'a.b.c.d.e'],
    ['four parts', async () => `${await good()}.x`],
    ['two parts', async () => (await good()).split('.').slice(0, 2).join('.')],
    ['a dot at its end', async () => `${await good()}.`],
    ['white space in it', async () => (await good()).replace('.', '. ')],
    ['padding', async () => (await good()).replace('.', '=.')],
    ['a JWS in a JWS', async () => forged({ alg: 'RS256', cty: 'JWT' }, await good())],
    ['claims that are there twice', () => forged({ alg: 'RS256' }, `{"exp":${S + 9e5},"exp":${S - 1}}`)],
    [
      'twice, spelt in another way',
      () => forged({ alg: 'RS256' }, `{"exp":${S + 9e5},"\\u0065xp":${S - 1}}`),
    ],
    ['claims that are a list', () => forged({ alg: 'RS256' }, [])],
    ['10 MB', () => `a.${'b'.repeat(10_000_000)}.c`],
    ['nothing', () => '.'],
    ['a signature by another key', () => sign({}, {}, other.privateKey)],
    ['a signature that was cut', async () => (await good()).slice(0, -4)],
  ])('%s', async (_, token) => {
    expect(await look(await token())).toMatchObject({ status: 'down', reasons: ['token_invalid'] });
  });

  it('whatever bit of it is changed, it is not valid', async () => {
    const token = await good();
    await fc.assert(
      fc.asyncProperty(fc.nat(token.length - 1), fc.constantFrom(...'AZaz09-_.'), async (at, char) => {
        fc.pre(token[at] !== char);
        const changed = token.slice(0, at) + char + token.slice(at + 1);
        const { status } = await look(changed);
        expect(status).toBe('down');
      }),
      { numRuns: 300 },
    );
  });
});

describe('J44: introspection', () => {
  const opaque = 'opaque-token-of-the-importer';
  const introspect = async (listener: RequestListener, token = opaque, more: object = {}) => {
    const url = await serve(listener);
    const source = {
      kind: 'introspection',
      url,
      token: { secret: 'TOKEN' },
      clientId: 'watchbill',
      clientSecret: { secret: 'CLIENT' },
    };
    return runAccount(accountCheck({ type: 'auth-expiry', source, ...more }), {
      clock: clockAt(() => NOW),
      secrets: { TOKEN: token, CLIENT: 'client-secret-of-watchbill' },
    });
  };
  const says =
    (body: unknown, status = 200): RequestListener =>
    (_, response) =>
      void response.writeHead(status).end(typeof body === 'string' ? body : JSON.stringify(body));

  it.each<[string, unknown, number, string, string[]]>([
    ['active, for long', { active: true, exp: S + 30 * 86_400 }, 200, 'up', []],
    ['active, for a day', { active: true, exp: S + 86_400 }, 200, 'down', ['token_expires_soon']],
    ['active, and expired', { active: true, exp: S }, 200, 'down', ['token_expired']],
    ['active, without an end', { active: true }, 200, 'up', []],
    ['not active', { active: false }, 200, 'down', ['token_inactive']],
    ['active as a text', { active: 'true' }, 200, 'degraded', ['introspection_unavailable']],
    ['nothing', {}, 200, 'degraded', ['introspection_unavailable']],
    ['HTML', '<html>', 200, 'degraded', ['introspection_unavailable']],
    ['401', {}, 401, 'down', ['invalid_client']],
    ['500', {}, 500, 'degraded', ['introspection_unavailable']],
    [
      'of another type',
      { active: true, token_type: 'mac', exp: S + 30 * 86_400 },
      200,
      'down',
      ['token_type_unsupported'],
    ],
    ['an exp that is none', { active: true, exp: 'soon' }, 200, 'down', ['expiry_missing']],
  ])('%s', async (_, body, code, status, reasons) => {
    expect(await introspect(says(body, code))).toMatchObject({ status, reasons });
  });

  it('that differs from the token itself: the earlier end counts', async () => {
    const token = await sign({ exp: S + 20 * 86_400 });
    const found = await introspect(says({ active: true, exp: S + 40 * 86_400 }), token);
    expect(found).toMatchObject({
      status: 'degraded',
      reasons: ['token_invalid'],
      dues: [{ at: NOW + 20 * DAY }],
    });
  });

  it('a token that never expires is a failure where that is asked for', async () => {
    const lifetime = { lifetime: { max: '90d' } };
    expect(await introspect(says({ active: true }), opaque, lifetime)).toMatchObject({
      reasons: ['token_never_expires'],
    });
    const [iat, exp] = [S - 60 * 86_400, S + 30 * 86_400];
    expect(await introspect(says({ active: true, iat, exp }), opaque, lifetime)).toMatchObject({
      reasons: [],
    });
    expect(await introspect(says({ active: true, iat: iat - 1, exp }), opaque, lifetime)).toMatchObject({
      reasons: ['token_lives_too_long'],
    });
  });

  it('the token is in the body, and the client in a header: never in the address', async () => {
    const seen: string[] = [];
    await introspect((request, response) => {
      seen.push(String(request.url), String(request.headers.authorization));
      response.end('{"active":true}');
    });
    expect(seen).toEqual([
      '/',
      `Basic ${Buffer.from('watchbill:client-secret-of-watchbill').toString('base64')}`,
    ]);
  });
});

describe('J45: client credentials', () => {
  const CLIENT = 'client-secret/of the+importer';
  const grant = async (listener: RequestListener, source: object = {}, more: object = {}) => {
    const asked: { url: string; headers: Record<string, unknown>; body: string }[] = [];
    const tokenUrl = await serve(async (request, response) => {
      let body = '';
      for await (const chunk of request) body += chunk;
      asked.push({ url: String(request.url), headers: request.headers, body });
      listener(request, response);
    });
    const check = accountCheck({
      type: 'auth-expiry',
      source: {
        kind: 'oauth2',
        tokenUrl,
        clientId: 'importer',
        clientSecret: { secret: 'CLIENT' },
        ...source,
      },
      ...more,
    });
    const found = await runAccount(check, { clock: clockAt(() => NOW), secrets: { CLIENT } });
    expect(JSON.stringify(found)).not.toMatch(/client-secret|importer%|access-token-of/);
    return { ...found, asked };
  };
  const says =
    (body: unknown, status = 200): RequestListener =>
    (_, response) =>
      void response.writeHead(status).end(typeof body === 'string' ? body : JSON.stringify(body));
  const TOKEN = { access_token: 'access-token-of-the-importer', token_type: 'Bearer', expires_in: 3_600 };

  it.each<[string, unknown, number, string, string[]]>([
    ['a token', TOKEN, 200, 'up', []],
    ['a token of type "bearer"', { ...TOKEN, token_type: 'bearer' }, 200, 'up', []],
    ['expires_in as a text', { ...TOKEN, expires_in: '3600' }, 200, 'up', []],
    ['no expires_in', { ...TOKEN, expires_in: undefined }, 200, 'up', []],
    ['expires_in 0', { ...TOKEN, expires_in: 0 }, 200, 'down', ['token_expired']],
    ['expires_in −1', { ...TOKEN, expires_in: -1 }, 200, 'down', ['token_expired']],
    ['expires_in that is none', { ...TOKEN, expires_in: 'soon' }, 200, 'down', ['expiry_missing']],
    ['type Mac', { ...TOKEN, token_type: 'Mac' }, 200, 'down', ['token_type_unsupported']],
    ['no type', { ...TOKEN, token_type: undefined }, 200, 'down', ['token_type_unsupported']],
    ['200 without a token', { ok: true }, 200, 'down', ['token_missing']],
    ['200 with HTML', '<html>', 200, 'down', ['token_missing']],
    ['400 invalid_client', { error: 'invalid_client' }, 400, 'down', ['invalid_client']],
    ['401', '', 401, 'down', ['invalid_client']],
    ['400 invalid_scope', { error: 'invalid_scope' }, 400, 'down', ['invalid_scope']],
    ['400 invalid_target', { error: 'invalid_target' }, 400, 'down', ['invalid_scope']],
    ['400 unauthorized_client', { error: 'unauthorized_client' }, 400, 'down', ['grant_refused']],
    ['400 with HTML', '<html>', 400, 'down', ['unexpected_status']],
    ['a redirect', '', 302, 'down', ['unexpected_status']],
    ['429', '', 429, 'degraded', ['rate_limited']],
    ['503', '', 503, 'down', ['unavailable']],
  ])('%s', async (_, body, code, status, reasons) => {
    const found = await grant(says(body, code));
    expect(found).toMatchObject({ status, reasons });
    expect(found.asked).toHaveLength(1);
  });

  it.each<[string, unknown, string[]]>([
    ['all of it', 'write read', []],
    ['more', 'read write admin', []],
    ['nothing that it tells of', undefined, []],
    ['only a part of it', 'read', ['invalid_scope']],
    ['another one', 'reads write', ['invalid_scope']],
  ])('of the scope that was asked for %s is granted', async (_, scope, reasons) => {
    expect((await grant(says({ ...TOKEN, scope }), { scope: 'read write' })).reasons).toEqual(reasons);
  });

  it('the secret is in the header or in the body, as a form writes it, and never in the address', async () => {
    const basic = await grant(says(TOKEN), { scope: 'read write', audience: 'https://api.acme.test' });
    const both = Buffer.from('importer:client-secret%2Fof+the%2Bimporter').toString('base64');
    expect(basic.asked[0]).toMatchObject({ url: '/', headers: { authorization: `Basic ${both}` } });
    expect(basic.asked[0]?.body).toBe(
      'grant_type=client_credentials&scope=read+write&audience=https%3A%2F%2Fapi.acme.test',
    );
    const post = await grant(says(TOKEN), { auth: 'post' });
    expect(post.asked[0]?.headers).not.toHaveProperty('authorization');
    expect(new URLSearchParams(post.asked[0]?.body).get('client_secret')).toBe(CLIENT);
  });

  it.each<[string, object, object, string[]]>([
    ['of an hour, of an hour that it may', {}, { max: '1h' }, []],
    ['of a second more', { expires_in: 3_601 }, { max: '1h' }, ['token_lives_too_long']],
    ['that doesn’t say', { expires_in: undefined }, { max: '1h' }, ['expiry_missing']],
    [
      'with a refresh token of 30 days',
      { refresh_token: 'r', refresh_expires_in: 2_592_000 },
      { refreshMax: '30d' },
      [],
    ],
    [
      'with one of a second more',
      { refresh_token: 'r', refresh_token_expires_in: 2_592_001 },
      { refreshMax: '30d' },
      ['token_lives_too_long'],
    ],
    [
      'with one that never expires',
      { refresh_token: 'r', refresh_expires_in: 0 },
      { refreshMax: '30d' },
      ['token_never_expires'],
    ],
  ])('a token %s', async (_, more, lifetime, reasons) => {
    expect((await grant(says({ ...TOKEN, ...more }), {}, { lifetime })).reasons).toEqual(reasons);
  });

  it('a token that is a JWT is verified, if the check says what it must be', async () => {
    const verify = { issuer: ISSUER, audience: AUDIENCE, keys: PEM };
    const fresh = (claims: object) => sign({ exp: S + 3_600, ...claims });
    const good = await grant(says({ ...TOKEN, access_token: await fresh({}) }), { verify });
    expect(good).toMatchObject({ status: 'up', facts: { verified: true } });
    const bad = await grant(says({ ...TOKEN, access_token: await fresh({ iss: 'x' }) }), { verify });
    expect(bad).toMatchObject({ status: 'down', reasons: ['wrong_issuer'] });
  });
});

describe('a header or a field of an answer', () => {
  const api = async (headers: Record<string, string>, body: unknown, source: object) => {
    const url = await serve((_, response) => void response.writeHead(200, headers).end(JSON.stringify(body)));
    return runAccount(accountCheck({ type: 'auth-expiry', source: { kind: 'http', url, ...source } }), {
      clock: clockAt(() => NOW),
    });
  };
  const HEADER = 'github-authentication-token-expiration';

  it.each<[string, Record<string, string>, unknown, object, number]>([
    ['as GitHub writes it', { [HEADER]: '2026-12-26 12:00:00 UTC' }, {}, { header: HEADER }, NOW + 30 * DAY],
    ['ISO 8601', {}, { t: '2026-12-26T12:00:00Z' }, { path: '$.t' }, NOW + 30 * DAY],
    [
      'a date of HTTP',
      { expires: new Date(NOW + 30 * DAY).toUTCString() },
      {},
      { header: 'Expires' },
      NOW + 30 * DAY,
    ],
    ['seconds', {}, { t: S + 86_400 }, { path: '$.t' }, NOW + DAY],
    ['ms', {}, { t: NOW + DAY }, { path: '$.t' }, NOW + DAY],
    ['seconds that are left', {}, { left: 86_400 }, { path: '$.left', form: 'seconds-left' }, NOW + DAY],
  ])('%s', async (_, headers, body, source, at) => {
    expect((await api(headers, body, source)).dues).toEqual([{ what: 'credential', at, why: 'expires' }]);
  });

  it.each<[string, unknown]>([
    ['isn’t there', {}],
    ['is no time', { t: 'soon' }],
    ['is null', { t: null }],
  ])('that %s says nothing: that is a fault', async (_, body) => {
    expect(await api({}, body, { path: '$.t' })).toMatchObject({
      status: 'down',
      reasons: ['expiry_missing'],
    });
  });
});

describe('a certificate as PEM', () => {
  const authority = makeAuthority({ from: NOW - 900 * DAY, to: NOW + 900 * DAY });
  const leaf = authority.issue({ name: 'importer', from: NOW - 90 * DAY, to: NOW + 5 * DAY });
  const stored = (pem: string, more: object = {}) =>
    runAccount(
      accountCheck({ type: 'auth-expiry', source: { kind: 'pem', certificate: { secret: 'PEM' } }, ...more }),
      {
        clock: clockAt(() => NOW),
        secrets: { PEM: pem },
      },
    );

  it('expires', async () => {
    const found = await stored(`${leaf.cert}\n${leaf.key}\n${authority.pem}`);
    expect(found).toMatchObject({
      status: 'degraded',
      reasons: ['token_expires_soon'],
      facts: { certificates: 2 },
    });
    expect(found.dues?.map(({ what, at }) => [what, at])).toEqual([
      ['certificate importer', NOW + 5 * DAY],
      [expect.stringMatching(/^issuer /), NOW + 900 * DAY],
    ]);
    expect(found.message).toBe('The certificate importer expires in 5 d.');
  });

  it('must have its own key beside it, and be one', async () => {
    const { key } = authority.issue({ name: 'other' });
    expect((await stored(`${leaf.cert}\n${key}`)).reasons).toContain('token_invalid');
    expect((await stored('-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----')).reasons).toEqual([
      'token_invalid',
    ]);
    expect((await stored('nothing')).reasons).toEqual(['token_invalid']);
  });

  it('may live only for so long', async () => {
    const found = await stored(leaf.cert, { lifetime: { max: '90d' } });
    expect(found.reasons).toContain('token_lives_too_long');
  });
});

describe('a token that is expired or revoked', () => {
  const tried = async (status: number) => {
    const url = await serve((_, response) => void response.writeHead(status).end());
    const rejects = { url, token: { secret: 'OLD' } };
    const source = { kind: 'pem', certificate: { secret: 'PEM' } };
    return runAccount(accountCheck({ type: 'auth-expiry', source, rejects }), {
      clock: clockAt(() => NOW),
      secrets: { OLD: 'the-old-token-of-all', PEM: makeAuthority({ to: NOW + 900 * DAY }).pem },
    });
  };
  it.each([
    [401, 'up', []],
    [200, 'down', ['not_rejected']],
    [204, 'down', ['not_rejected']],
    [403, 'degraded', ['unexpected_status']],
    [500, 'degraded', ['unexpected_status']],
  ])('is answered %i', async (status, found, reasons) => {
    expect(await tried(status)).toMatchObject({ status: found, reasons });
  });
});

it('whatever a credential says, it is judged by its own limits, and all that has an end is told', () => {
  const credential = fc.record(
    {
      name: fc.constant('token'),
      expiresAt: fc.integer({ min: NOW - 30 * DAY, max: NOW + 30 * DAY }),
      lifetimeMs: fc.oneof(fc.integer({ min: 1, max: 90 * DAY }), fc.constant('never' as const)),
      isRefresh: fc.boolean(),
      isFresh: fc.boolean(),
    },
    { requiredKeys: ['name'] },
  );
  fc.assert(
    fc.property(fc.array(credential), (credentials) => {
      const policy = { expires: { warn: 7 * DAY, fail: DAY }, lifetime: { max: DAY, refreshMax: 30 * DAY } };
      const { issues, dues } = judgeCredentials({ credentials, issues: [] }, policy, NOW);
      const of = (reason: string) => issues.filter((issue) => issue.reason === reason).length;
      expect(of('token_expired')).toBe(
        credentials.filter(({ expiresAt = NOW + 1 }) => expiresAt <= NOW).length,
      );
      expect(of('token_never_expires')).toBe(
        credentials.filter(({ lifetimeMs }) => lifetimeMs === 'never').length,
      );
      expect(dues).toHaveLength(
        credentials.filter(({ expiresAt, isFresh }) => expiresAt !== undefined && !isFresh).length,
      );
    }),
  );
});
