import { randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { systemClock } from '../../lib/adapters/local/clock.ts';
import { makeAuthority } from '../kit/ca.ts';
import { until } from '../kit/cli.ts';
import { onLoopback } from '../kit/front.ts';
import { PagerDuty } from '../kit/pagerduty.ts';
import { Webhook } from '../kit/webhook.ts';
import { placeOf, summaryOf } from './kit.ts';

/** J21–J24: whatever a service says back, no secret of a check of the account is anywhere that we write. */

const canary = () => randomBytes(24).toString('base64url');
const SECRETS = {
  CLIENT_SECRET: canary(),
  HEADER: canary(),
  TOKEN: canary(),
  EXPIRED: canary(),
  OLD_KEY: canary(),
  NEW_KEY: canary(),
  BEAT_TOKEN: canary(),
};
/** The SDK's own: they are in no config. */
const AWS = { AWS_SECRET_ACCESS_KEY: canary(), AWS_SESSION_TOKEN: canary() };

const { key } = makeAuthority().issue({ names: ['client.test'] });
const PEM = `${makeAuthority().pem}\n${key}`;
const KEY_LINES = String(key).split('\n').slice(1, -2);

/** All that was asked, in every form in which it could be told back. */
async function echoOf(request: IncomingMessage): Promise<string> {
  const asked = `${request.url} ${JSON.stringify(request.headers)} ${await text(request)}`;
  const decoded = decodeURIComponent(asked.replaceAll('+', ' ').replaceAll(/%(?![0-9a-f]{2})/gi, ''));
  const basic = /Basic ([\w+/=]+)/.exec(asked)?.[1] ?? '';
  return [
    decoded,
    encodeURIComponent(decoded),
    Buffer.from(decoded).toString('base64'),
    Buffer.from(basic, 'base64').toString(),
  ].join(' ');
}

/** What it does by its path, always with all that it was asked. */
async function tellBack(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const echo = await echoOf(request);
  const path = request.url?.split('?')[0];
  const header = echo.replaceAll(/[^\x20-\x7e]/g, ' ').slice(0, 6_000);
  const json = (status: number, body: object) =>
    response
      .writeHead(status, { 'content-type': 'application/json', 'x-echo': header })
      .end(JSON.stringify(body));
  if (request.headers['x-amz-target'] || request.headers.authorization?.startsWith('AWS4'))
    return void json(400, { __type: 'ValidationException', message: echo, Message: echo });
  if (path === '/token') return void json(400, { error: 'invalid_client', error_description: echo });
  if (path === '/introspect') return void json(200, { active: true, exp: echo, scope: echo, iss: echo });
  if (path === '/date') return void json(200, { at: echo, [echo.slice(0, 3_000)]: echo });
  if (path === '/broken')
    return void response.writeHead(500, echo.slice(0, 60).replaceAll(/[^ -~]/g, '')).end(echo);
  if (path === '/away')
    return void response
      .writeHead(302, { location: `/date?${encodeURIComponent(header.slice(0, 900))}` })
      .end();
  json(200, { echo });
}

function checksAt(at: string): { readonly id: string; readonly [field: string]: unknown }[] {
  const client = { clientId: 'us', clientSecret: { secret: 'CLIENT_SECRET' } };
  const headers = { authorization: { secret: 'HEADER' }, 'x-key': { secret: 'TOKEN' } };
  const auth = { type: 'auth-expiry', every: '1m', severity: 'page' };
  const keys = { type: 'key-rotation', every: '1m', severity: 'page' };
  return [
    ...['basic', 'post'].map((how) => ({
      ...auth,
      id: `oauth-${how}`,
      source: { kind: 'oauth2', tokenUrl: `${at}/token`, auth: how, ...client },
    })),
    { ...auth, id: 'jwt', source: { kind: 'jwt', token: { secret: 'TOKEN' } } },
    {
      ...auth,
      id: 'introspection',
      source: { kind: 'introspection', token: { secret: 'TOKEN' }, url: `${at}/introspect`, ...client },
    },
    ...['date', 'broken', 'away'].map((path) => ({
      ...auth,
      id: `http-${path}`,
      source: { kind: 'http', url: `${at}/${path}`, path: '$.at', headers },
    })),
    { ...auth, id: 'header', source: { kind: 'http', url: `${at}/date`, header: 'x-echo', headers } },
    { ...auth, id: 'pem', source: { kind: 'pem', certificate: { secret: 'PEM' } } },
    {
      ...auth,
      id: 'rejects',
      source: { kind: 'jwt', token: { secret: 'TOKEN' } },
      rejects: { url: `${at}/any`, token: { secret: 'EXPIRED' } },
    },
    {
      ...keys,
      id: 'trials',
      maxAge: '1d',
      source: { kind: 'http', url: `${at}/date`, path: '$.at', headers },
      oldRejected: { url: `${at}/any`, credential: { secret: 'OLD_KEY' } },
      newAccepted: { url: `${at}/broken`, credential: { secret: 'NEW_KEY' } },
    },
    { ...keys, id: 'jwks', maxAge: '1d', source: { kind: 'jwks', url: `${at}/date`, headers } },
    { ...keys, id: 'kms', source: { kind: 'kms', key: 'alias/a', region: 'eu-west-1' } },
    {
      type: 'backup-freshness',
      every: '1m',
      severity: 'page',
      id: 'backup',
      maxAge: '1d',
      source: { kind: 'http', url: `${at}/broken`, headers },
    },
    { type: 'heartbeat', every: '1m', severity: 'page', id: 'beat', token: { secret: 'BEAT_TOKEN' } },
  ];
}

/** Eight characters of a secret, as it is or in base64, give it away. */
function given(where: string, what: string): string[] {
  const secrets = {
    ...SECRETS,
    ...AWS,
    ...Object.fromEntries(KEY_LINES.map((line, i) => [`line ${i}`, line])),
  };
  return Object.entries(secrets).flatMap(([name, value]) => {
    const forms = [
      value,
      Buffer.from(value).toString('base64').replace(/=+$/, ''),
      encodeURIComponent(value),
    ];
    const pieces = forms.flatMap((form) =>
      Array.from({ length: form.length - 7 }, (_, i) => form.slice(i, i + 8)),
    );
    return pieces.some((piece) => what.includes(piece)) ? [`${name} in ${where}`] : [];
  });
}

test('J21 J22 J23 J24 no secret of a check of the account is in what is printed, kept, shown or sent', async () => {
  const service = await onLoopback(createServer((request, response) => void tellBack(request, response)));
  await using pagerDuty = await PagerDuty.start(systemClock, { perMinute: 1_000 });
  await using webhook = await Webhook.start(systemClock, 'key-of-the-webhook');
  const checks = checksAt(service.endpoint);
  const config = {
    name: 'Acme',
    network: { allow: ['127.0.0.0/8'] },
    judge: { tries: 2, over: '100ms', unknownAfter: '1m' },
    checks: checks.map((check) => ({ ...check, public: true })),
    notify: {
      pagerduty: { routingKey: { secret: 'PD_KEY' }, endpoint: pagerDuty.url },
      webhook: { url: webhook.url, signingKey: { secret: 'HOOK_KEY' } },
    },
  };
  await using place = await placeOf(config, {
    ...SECRETS,
    ...AWS,
    PEM,
    HOOK_KEY: 'key-of-the-webhook',
    AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE',
    AWS_ENDPOINT_URL: service.endpoint,
  });
  const printed: string[] = [];
  for (const args of [['test'], ['test', '--json'], ['expiries', '--json'], ['validate']]) {
    const { stdout, stderr } = await place.run(...args).ended;
    printed.push(stdout, stderr);
  }
  expect(printed[0]).toMatch(/^down +oauth-basic /m);

  const run = await place.start();
  const call = (token: string, query = '') =>
    fetch(`${run.url}/beat/beat${query}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
      body: JSON.stringify({ status: 'fail', message: `failed with ${token}` }),
    });
  expect((await call(SECRETS.BEAT_TOKEN)).status).toBe(200);
  expect((await call(`${SECRETS.BEAT_TOKEN}x`, '?token=x')).status).toBe(401);

  // each is looked at within a minute, and the first two tries are believed
  await until(
    () => summaryOf(run.url),
    (now) => now.checks.filter(({ status }) => status === 'down').length > 8,
  );
  await pagerDuty.received(9);

  const told = [...pagerDuty.ledger.accepted, ...webhook.ledger.accepted].map((one) => JSON.stringify(one));
  const shown = await Promise.all(
    ['/', '/operator', '/api/v1/summary', '/api/v1/operator', '/feed.atom'].map(async (path) =>
      (await fetch(`${run.url}${path}`)).text(),
    ),
  );
  const { stdout, stderr } = await run.kill('SIGTERM');
  const names = await readdir(place.dir, { recursive: true, withFileTypes: true });
  const kept = await Promise.all(
    names
      .filter((entry) => entry.isFile())
      .map(async ({ parentPath, name }) => (await readFile(join(parentPath, name))).toString('latin1')),
  );
  expect(kept.some((bytes) => bytes.startsWith('SQLite format 3'))).toBe(true);
  await service.close();
  expect([
    ...given('what commands print', printed.join('\n')),
    ...given('what is logged', stdout + stderr),
    ...given('what is sent', told.join('\n')),
    ...given('what is shown', shown.join('\n')),
    ...given('what is kept', kept.join('\n')),
  ]).toEqual([]);
}, 300_000);
