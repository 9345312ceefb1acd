import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { authExpiry } from '../../lib/probes/auth-expiry.ts';
import { accountCheck, clockAt, runAccount, useAws } from '../kit/account.ts';
import { closesAtEnd } from '../kit/at-end.ts';
import { onMoto, REGION } from '../kit/aws.ts';
import { awsProxy } from '../kit/aws-proxy.ts';
import { authorizationServer, CLIENT, RESOURCE } from '../kit/oidc.ts';

const DAY = 86_400_000;
const started = closesAtEnd();
afterEach(() => void vi.unstubAllEnvs());

const secrets = { CLIENT: CLIENT.secret, WRONG: 'not-the-secret-of-anybody' };
const look = (source: object, more: object = {}, stored: Record<string, string> = {}, later = 0) =>
  runAccount(accountCheck({ type: 'auth-expiry', source, ...more }), {
    clock: clockAt(() => Date.now() + later),
    secrets: { ...secrets, ...stored },
  });

describe('with an authorization server that others have written', () => {
  const client = { clientId: CLIENT.id, clientSecret: { secret: 'CLIENT' } };

  it('a fresh token is granted, and lives for as long as it may', async () => {
    const { tokenUrl } = await started(authorizationServer());
    const source = { kind: 'oauth2', tokenUrl, ...client };
    expect(await look(source, { lifetime: { max: '1h' } })).toMatchObject({
      status: 'up',
      facts: { expiresIn: 3_600 },
    });
    expect(await look(source, { lifetime: { max: '59m' } })).toMatchObject({
      reasons: ['token_lives_too_long'],
    });
    expect(await look({ ...source, auth: 'post' })).toMatchObject({ status: 'up' });
  });

  it.each<[string, object, string]>([
    ['a wrong secret', { clientSecret: { secret: 'WRONG' } }, 'invalid_client'],
    ['a client that nobody knows', { clientId: 'nobody' }, 'invalid_client'],
  ])('%s has its own reason', async (_, more, reason) => {
    const { tokenUrl } = await started(authorizationServer());
    expect(await look({ kind: 'oauth2', tokenUrl, ...client, ...more })).toMatchObject({
      status: 'down',
      reasons: [reason],
    });
  });

  it('its JWTs are verified with its JWKS; those of another server aren’t', async () => {
    const [server, other] = [await started(authorizationServer()), await started(authorizationServer())];
    const jwt = (jwksUrl: string) => ({
      kind: 'jwt',
      token: { secret: 'TOKEN' },
      issuer: server.issuer,
      audience: RESOURCE,
      jwks: { url: jwksUrl },
    });
    const stored = { TOKEN: await server.token(RESOURCE) };
    const good = await look(jwt(server.jwksUrl), { expires: { warn: '10m', fail: '5m' } }, stored);
    expect(good).toMatchObject({ status: 'up', facts: { verified: true } });
    expect(await look(jwt(other.jwksUrl), {}, stored)).toMatchObject({
      status: 'down',
      reasons: expect.arrayContaining(['token_invalid']),
    });
    expect(await look(jwt(server.jwksUrl), {}, stored, 3_600_000)).toMatchObject({
      reasons: ['token_expired'],
    });
  });

  it('a token that is revoked isn’t active any more', async () => {
    const server = await started(authorizationServer(30 * 86_400));
    const token = await server.token();
    const source = {
      kind: 'introspection',
      url: server.introspectionUrl,
      token: { secret: 'TOKEN' },
      ...client,
    };
    expect(await look(source, {}, { TOKEN: token })).toMatchObject({ status: 'up', facts: { active: true } });
    await server.revoke(token);
    expect(await look(source, {}, { TOKEN: token })).toMatchObject({
      status: 'down',
      reasons: ['token_inactive'],
    });
  });
});

describe('a secret of Secrets Manager with a token and its expiry', () => {
  onMoto('is read with the right that it declares', async (endpoint) => {
    const manager = new SecretsManagerClient({
      endpoint,
      region: REGION,
      credentials: { accessKeyId: 'AK', secretAccessKey: 'SK' },
    });
    const put = (Name: string, value: unknown) =>
      manager.send(
        new CreateSecretCommand({
          Name,
          SecretString: typeof value === 'string' ? value : JSON.stringify(value),
        }),
      );
    const expiresAt = new Date(Date.now() + 30 * DAY).toISOString();
    await put('github', { token: 'token-of-github-apps', expiresAt });
    await put('no-token', { expiresAt });
    await put('no-expiry', { token: 'x' });
    await put('no-json', 'x');
    const proxy = await started(awsProxy(endpoint));
    useAws(proxy.endpoint);
    const source = (id: string) => ({ kind: 'secretsmanager', id });
    const found = await look(source('github'));
    expect(found).toMatchObject({
      status: 'up',
      dues: [{ what: 'token in github', at: Date.parse(expiresAt) }],
    });
    expect(JSON.stringify(found)).not.toContain('token-of-github');
    expect(await look(source('github'), {}, {}, 24 * DAY)).toMatchObject({ status: 'degraded' });
    expect(await look(source('no-token'))).toMatchObject({ status: 'down', reasons: ['token_missing'] });
    expect(await look(source('no-expiry'))).toMatchObject({ status: 'down', reasons: ['expiry_missing'] });
    expect(await look(source('no-json'))).toMatchObject({ status: 'down', reasons: ['token_missing'] });
    expect(await look(source('gone'))).toMatchObject({ status: 'down', reasons: ['token_missing'] });
    const check = accountCheck({ type: 'auth-expiry', source: source('github') });
    const declared = authExpiry.permissions?.(check as never, { account: '1', region: REGION }) ?? [];
    expect(new Set(proxy.actions)).toEqual(new Set(declared.flatMap(({ actions }) => actions)));
    proxy.trouble = () => 'AccessDenied';
    expect(await look(source('github'))).toMatchObject({ status: 'unknown', reasons: ['aws_denied'] });
  });
});
