import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { makeFields } from '../../lib/config/make-fields.ts';
import type { EntryKind } from '../../lib/incident.ts';
import type { Notice, SendContext } from '../../lib/notifiers/define.ts';
import { toMessage, webhook } from '../../lib/notifiers/webhook.ts';
import { SecretError } from '../../lib/ports.ts';
import { remember } from '../../lib/redact.ts';
import { VirtualClock } from '../kit/clock.ts';
import { contextOf, incidentOf, noticed, OPENED_AT, SECRETS, webhookAt } from '../kit/notice.ts';
import { modes } from '../kit/stand-in.ts';
import { Webhook } from '../kit/webhook.ts';
import { FORMS, hostileIncident, secretText, textsOf } from './hostile.ts';

const RUNS = Number(process.env.WATCHBILL_RUNS ?? 100);

let clock: VirtualClock;
let hook: Webhook;
beforeEach(async () => {
  clock = new VirtualClock(OPENED_AT);
  hook = await Webhook.start(clock, SECRETS.HOOK_KEY);
});
afterEach(() => hook[Symbol.asyncDispose]());

const send = (
  notice: Notice,
  {
    headers = {},
    context = contextOf(clock),
  }: { headers?: Parameters<typeof webhookAt>[1]; context?: SendContext } = {},
) => webhook.send(webhookAt(hook.url, headers), notice, context);
const bodies = () => hook.ledger.accepted.map(({ body }) => body);

test('a message says everything that is known, and is signed', async () => {
  expect(await send(noticed('page'))).toEqual({ outcome: 'accepted' });
  expect(bodies()).toEqual([
    {
      id: '5f0c9a1b2e7d4c3b8a99-2',
      at: '2026-01-01T03:12:05.000Z',
      kind: 'page',
      text: 'Public API is down.',
      incident: {
        id: '5f0c9a1b2e',
        key: '5f0c9a1b2e7d4c3b8a990f1e2d3c4b5a69788796',
        number: 4,
        status: 'open',
        class: 'down',
        severity: 'page',
        title: 'Public API is down',
        check: {
          id: 'api',
          name: 'Public API',
          type: 'http',
          target: 'GET https://api.acme.test:8443/health',
          group: 'API',
        },
        startedAt: '2026-01-01T03:11:55.000Z',
        openedAt: '2026-01-01T03:12:05.000Z',
        resolvedAt: null,
        reason: 'unavailable',
        reasons: ['unavailable'],
        message: 'Answered 503 where 200 or 204 was expected.',
        locations: ['eu-west-1', 'us-east-1'],
        of: 3,
        facts: { httpStatus: 503, address: '203.0.113.7', retryAfter: '120' },
        flaps: 0,
        runbook: 'https://status.acme.test/runbooks/http',
        statusPage: 'https://status.acme.test/',
      },
    },
  ]);
});

test.each<[EntryKind, string, string]>([
  ['ticket', 'ticket', 'open'],
  ['update', 'update', 'open'],
  ['reminder', 'update', 'open'],
  ['resolved', 'resolve', 'resolved'],
])('an entry of kind %s is told as "%s", the incident is %s', async (entry, kind, status) => {
  await send(noticed(entry, { afterMs: 60_000, text: 'What is new.' }));
  const resolvedAt = status === 'resolved' ? '2026-01-01T03:13:05.000Z' : null;
  expect(bodies()).toMatchObject([
    { kind, at: '2026-01-01T03:13:05.000Z', text: 'What is new.', incident: { status, resolvedAt } },
  ]);
});

test('an incident without a check has null in its place', () => {
  const { check: _, ...incident } = incidentOf();
  expect(toMessage(noticed('page', { incident })).incident.check).toBeNull();
});

test('a retry has the same id and body, and a new time; the receiver knows it again', async () => {
  hook.next(modes.dropResponse);
  const notice = noticed('page');
  expect(await send(notice)).toMatchObject({ outcome: 'retry', uncertain: true });
  await clock.advance(3_600_000);
  expect(await send(notice)).toEqual({ outcome: 'accepted' });
  const [first, second] = hook.requests;
  expect(second?.bytes).toEqual(first?.bytes);
  expect(second?.headers['webhook-id']).toBe(first?.headers['webhook-id']);
  expect(second?.headers['webhook-timestamp']).toBe(String(OPENED_AT / 1_000 + 3_600));
  expect(hook.ledger.messages).toHaveLength(1);
});

test.each([
  ['whsec_ and base64', SECRETS.HOOK_KEY],
  ['any text', 'correct horse battery staple'],
  ['text beyond ASCII', 'clé secrète'],
])('the signing key may be %s', async (_, key) => {
  await using stand = await Webhook.start(clock, key);
  const context = contextOf(clock, { secrets: { HOOK_KEY: key } });
  await webhook.send(webhookAt(stand.url), noticed('page'), context);
  expect([stand.ledger.accepted.length, stand.ledger.refused]).toEqual([1, []]);
});

test('with another signing key the receiver refuses it, and that can be mended', async () => {
  const context = contextOf(clock, { secrets: { HOOK_KEY: 'another' } });
  expect(await send(noticed('page'), { context })).toMatchObject({ outcome: 'refused', final: false });
});

test('headers of the config go with it, secrets resolved', async () => {
  const context = contextOf(clock, { secrets: { ...SECRETS, TOKEN: 'Bearer 4711' } });
  await send(noticed('page'), { headers: { authorization: { secret: 'TOKEN' }, 'x-team': 'ops' }, context });
  expect(hook.requests[0]?.headers).toMatchObject({ authorization: 'Bearer 4711', 'x-team': 'ops' });
});

test.each<[string, Record<string, string>]>([
  ['its signing key', {}],
  ['a secret of its headers', { HOOK_KEY: SECRETS.HOOK_KEY }],
])('without %s nothing is sent', async (_, secrets) => {
  const sent = send(noticed('page'), {
    headers: { authorization: { secret: 'TOKEN' } },
    context: contextOf(clock, { secrets }),
  });
  await expect(sent).rejects.toThrow(SecretError);
  expect(hook.requests).toEqual([]);
});

describe('in the config', () => {
  const shape = z.strictObject(
    webhook.shape(z, makeFields({ read: String, locate: String, refuses: () => undefined })),
  );
  const least = { url: 'https://hook.acme.test/', signingKey: { secret: 'HOOK_KEY' } };

  test('an address and a key are enough; headers may be added', () => {
    expect(shape.parse(least)).toEqual(least);
    const headers = { authorization: { secret: 'TOKEN' }, 'X-Team': 'ops' };
    expect(shape.parse({ ...least, headers })).toEqual({ ...least, headers });
  });

  test.each<[string, unknown]>([
    ['no signing key', { url: least.url }],
    ['a key in clear', { ...least, signingKey: 'key' }],
    ['an address that is none', { ...least, url: 'hook' }],
    ['a header with a space in its name', { ...least, headers: { 'x team': 'ops' } }],
    ['a header without a name', { ...least, headers: { '': 'ops' } }],
    ['a value of two lines', { ...least, headers: { 'x-team': 'ops\r\nx-more: 1' } }],
    ['a value beyond Latin-1', { ...least, headers: { 'x-team': '漢' } }],
    ['a header that signs', { ...least, headers: { 'Webhook-Signature': 'v1,x' } }],
    ['a header that frames', { ...least, headers: { 'Content-Length': '1' } }],
    ['a content type', { ...least, headers: { 'content-type': 'text/plain' } }],
  ])('%s is refused', (_, value) => {
    expect(shape.safeParse(value).success).toBe(false);
  });
});

test('two receivers at one address share a lane', () => {
  expect(webhook.lane(webhookAt('https://a.test/'))).toBe(webhook.lane(webhookAt('https://a.test/')));
  expect(webhook.lane(webhookAt('https://a.test/'))).not.toBe(webhook.lane(webhookAt('https://b.test/')));
});

test('whatever an incident says, the message is small, well-formed and without a secret', {
  timeout: 10_000 + RUNS * 50,
}, () => {
  const kinds = fc.constantFrom<EntryKind>('page', 'ticket', 'update', 'reminder', 'resolved');
  const cases = secretText.chain((secret) => fc.tuple(fc.constant(secret), hostileIncident(secret), kinds));
  fc.assert(
    fc.property(cases, ([secret, hostile, kind]) => {
      remember(secret);
      const message = toMessage(noticed(kind, { incident: hostile, text: hostile.title }));
      const bytes = JSON.stringify(message);
      expect(Buffer.byteLength(bytes)).toBeLessThan(100_000);
      const texts = [bytes, ...textsOf(message)];
      expect(texts.filter((text) => !text.isWellFormed() || /\p{Cc}/u.test(text))).toEqual([]);
      for (const form of FORMS) expect(texts.filter((text) => text.includes(form(secret)))).toEqual([]);
    }),
    { numRuns: RUNS },
  );
});
