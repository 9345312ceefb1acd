import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { VirtualClock } from '../kit/clock.ts';
import { PagerDuty, PagerDutyLedger } from '../kit/pagerduty.ts';
import { modes } from '../kit/stand-in.ts';
import { Webhook } from '../kit/webhook.ts';

const KEY = 'R0123456789ABCDEFGHIJKLMNOPQRSTU';
const good = {
  routing_key: KEY,
  event_action: 'trigger',
  dedup_key: 'a',
  payload: { summary: 'It is down', source: 'api', severity: 'critical' },
};
const payload = (some: object) => ({ ...good, payload: { ...good.payload, ...some } });
const without = (name: string) => Object.fromEntries(Object.entries(good).filter(([key]) => key !== name));

describe('the PagerDuty stand-in accepts', () => {
  test.each<[string, object]>([
    ['a trigger with the least that is required', good],
    ['a trigger without a dedup key', without('dedup_key')],
    ['a summary of 1024 characters', payload({ summary: 'x'.repeat(1024) })],
    ['a dedup key of 255 characters', { ...good, dedup_key: 'x'.repeat(255) }],
    ['a resolve without a payload', { routing_key: KEY, event_action: 'resolve', dedup_key: 'a' }],
    ['an acknowledge', { routing_key: KEY, event_action: 'acknowledge', dedup_key: 'a' }],
    [
      'everything that the documentation lists',
      {
        ...payload({
          timestamp: '2015-07-17T08:42:58.315+00:00',
          component: 'postgres',
          group: 'prod-datapipe',
          class: 'deploy',
          custom_details: { 'ping time': '1500ms', 'load avg': 0.75 },
        }),
        images: [{ src: 'https://acme.test/a.png', href: 'https://acme.test/', alt: 'A' }],
        links: [{ href: 'https://acme.test/', text: 'Link text' }],
        client: 'Sample',
        client_url: 'https://acme.test',
      },
    ],
  ])('%s', (_, event) => {
    expect(new PagerDutyLedger().accept(event, 0)).toMatchObject({ status: 202 });
  });
});

describe('the PagerDuty stand-in refuses', () => {
  test.each<[string, unknown, string]>([
    ['an event that is no object', ['trigger'], ''],
    ['a missing routing key', without('routing_key'), 'routing_key'],
    ['a routing key of 31 characters', { ...good, routing_key: KEY.slice(1) }, 'routing_key'],
    ['a routing key of 33 characters', { ...good, routing_key: `${KEY}x` }, 'routing_key'],
    ['a missing action', without('event_action'), 'event_action'],
    ['an action it does not know', { ...good, event_action: 'open' }, 'event_action'],
    ['a dedup key of 256 characters', { ...good, dedup_key: 'x'.repeat(256) }, 'dedup_key'],
    ['a resolve without a dedup key', { routing_key: KEY, event_action: 'resolve' }, 'dedup_key'],
    ['a trigger without a payload', without('payload'), 'payload'],
    ['a missing summary', payload({ summary: undefined }), 'payload.summary'],
    ['an empty summary', payload({ summary: '' }), 'payload.summary'],
    ['a summary of 1025 characters', payload({ summary: 'x'.repeat(1025) }), 'payload.summary'],
    ['a summary with half a surrogate pair', payload({ summary: 'x\ud83d' }), 'payload.summary'],
    ['a summary with a control character', payload({ summary: 'x\u0007' }), 'payload.summary'],
    ['a missing source', payload({ source: undefined }), 'payload.source'],
    ['a missing severity', payload({ severity: undefined }), 'payload.severity'],
    ['a severity it does not know', payload({ severity: 'page' }), 'payload.severity'],
    ['a timestamp that is none', payload({ timestamp: 'yesterday' }), 'payload.timestamp'],
    ['a timestamp without a zone', payload({ timestamp: '2026-01-01T00:00:00' }), 'payload.timestamp'],
    ['a group that is no text', payload({ group: null }), 'payload.group'],
    ['details that are a list', payload({ custom_details: [1] }), 'payload.custom_details'],
    [
      'details with half a surrogate pair',
      payload({ custom_details: { a: [{ b: '\ud83d' }] } }),
      'payload.custom_details',
    ],
    ['an unknown field', { ...good, urgency: 'high' }, 'urgency'],
    ['an unknown field in the payload', payload({ title: 'x' }), 'title'],
    ['a link without an address', { ...good, links: [{ text: 'x' }] }, 'links.0.href'],
    ['a link that is a script', { ...good, links: [{ href: 'javascript:alert(1)' }] }, 'links.0.href'],
    [
      'a link with an unknown field',
      { ...good, links: [{ href: 'https://acme.test', title: 'x' }] },
      'links.0',
    ],
    ['links that are no list', { ...good, links: { href: 'https://acme.test' } }, 'links'],
    ['an image over http', { ...good, images: [{ src: 'http://acme.test/a.png' }] }, 'images.0.src'],
    ['a client URL that is none', { ...good, client_url: 'acme' }, 'client_url'],
  ])('%s', (_, event, where) => {
    const ledger = new PagerDutyLedger();
    expect(ledger.accept(event, 0)).toMatchObject({ status: 400 });
    expect(ledger.refused[0]?.errors.join('\n')).toContain(where);
    expect(ledger.totals).toMatchObject({ opened: 0, refused: 1 });
  });

  test('an event of more than 512 KB', () => {
    const huge = payload({ custom_details: { a: 'x'.repeat(512_000) } });
    expect(new PagerDutyLedger().accept(huge, 0)).toMatchObject({ status: 413 });
  });
});

test.each<[string, string, RequestInit, number]>([
  ['another path', '/v2/enqueu', {}, 404],
  ['a query', '/v2/enqueue?a=1', {}, 404],
  ['another method', '/v2/enqueue', { method: 'PUT' }, 405],
  ['another content type', '/v2/enqueue', { headers: { 'content-type': 'text/plain' } }, 415],
  ['no JSON', '/v2/enqueue', { body: '{' }, 400],
  ['a byte order mark', '/v2/enqueue', { body: `\ufeff${JSON.stringify(good)}` }, 400],
  ['bytes that are no UTF-8', '/v2/enqueue', { body: Buffer.from('"\xff"', 'latin1') }, 400],
  ['a body of more than 512 KB', '/v2/enqueue', { body: `"${'x'.repeat(512_000)}"` }, 413],
  ['nothing of a good request', '/v2/enqueue', {}, 202],
])('over HTTP the PagerDuty stand-in refuses %s', async (_, path, init, status) => {
  await using stand = await PagerDuty.start(new VirtualClock());
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(stand.url + path, {
    method: 'POST',
    headers,
    body: JSON.stringify(good),
    ...init,
  });
  expect(response.status).toBe(status);
  expect(stand.ledger.totals.refused).toBe(status === 202 ? 0 : 1);
});

describe('an event does to alerts what the documentation says', () => {
  const T = 'trigger';
  const R = 'resolve';
  test.each<[string, [action: string, dedup: string, key?: string][], string[], number]>([
    ['a resolve without an alert is dropped', [[R, 'a']], ['dropped'], 0],
    ['an acknowledge without an alert is dropped', [['acknowledge', 'a']], ['dropped'], 0],
    [
      'a trigger of an open alert is merged',
      [
        [T, 'a'],
        [T, 'a'],
      ],
      ['opened', 'merged'],
      1,
    ],
    [
      'so it is of an acknowledged one',
      [
        [T, 'a'],
        ['acknowledge', 'a'],
        [T, 'a'],
      ],
      ['opened', 'acknowledged', 'merged'],
      1,
    ],
    [
      'a trigger after the resolve opens another',
      [
        [T, 'a'],
        [R, 'a'],
        [T, 'a'],
      ],
      ['opened', 'resolved', 'opened'],
      2,
    ],
    [
      'two keys are two alerts',
      [
        [T, 'a'],
        [T, 'b'],
        [R, 'a'],
      ],
      ['opened', 'opened', 'resolved'],
      2,
    ],
    [
      'a second resolve is dropped',
      [
        [T, 'a'],
        [R, 'a'],
        [R, 'a'],
      ],
      ['opened', 'resolved', 'dropped'],
      1,
    ],
    [
      'a resolve by another routing key is dropped',
      [
        [T, 'a'],
        [R, 'a', `${KEY.slice(1)}x`],
      ],
      ['opened', 'dropped'],
      1,
    ],
    [
      'triggers without a key are an alert each',
      [
        [T, ''],
        [T, ''],
      ],
      ['opened', 'opened'],
      2,
    ],
  ])('%s', (_, events, effects, alerts) => {
    const ledger = new PagerDutyLedger();
    events.forEach(([event_action, dedup_key, routing_key = KEY], at) => {
      ledger.accept({ ...good, event_action, dedup_key, routing_key }, at);
    });
    expect(ledger.accepted.map(({ effect }) => effect)).toEqual(effects);
    expect(ledger.alerts).toHaveLength(alerts);
    expect(ledger.totals.alerts - ledger.totals.resolved).toBe(ledger.open.length);
  });
});

test('a routing key has so many calls in any 60 seconds', () => {
  const ledger = new PagerDutyLedger({ perMinute: 120 });
  const statusAt = (now: number, routing_key = KEY) => ledger.accept({ ...good, routing_key }, now).status;
  for (let i = 0; i < 120; i++) expect(statusAt(i * 100)).toBe(202);
  expect(statusAt(59_999)).toBe(429);
  expect(statusAt(59_999, `${KEY.slice(1)}x`)).toBe(202);
  expect(statusAt(60_000)).toBe(202);
  expect(statusAt(60_000)).toBe(429);
});

describe('the webhook stand-in', () => {
  const now = Date.UTC(2026, 0, 1);
  const body = JSON.stringify({ id: 'm-1' });
  const signed = (some: Record<string, string> = {}, key: string | Buffer = 'key') => {
    const headers = { 'webhook-id': 'm-1', 'webhook-timestamp': String(now / 1_000), ...some };
    const content = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`;
    return {
      'webhook-signature': `v1,${createHmac('sha256', key).update(content).digest('base64')}`,
      ...headers,
    };
  };
  const at = (ms: number) => String((now + ms) / 1_000);

  test.each<[string, string, Record<string, string>, string, number]>([
    ['accepts a right signature', 'key', signed(), body, 204],
    ['accepts a key in base64', 'whsec_a2V5', signed(), body, 204],
    [
      'accepts one right signature of two',
      'key',
      { ...signed(), 'webhook-signature': `v1,AAAA ${signed()['webhook-signature']}` },
      body,
      204,
    ],
    ['accepts 5 minutes of difference', 'key', signed({ 'webhook-timestamp': at(-300_000) }), body, 204],
    ['refuses another key', 'other', signed(), body, 401],
    ['refuses a changed body', 'key', signed(), `${body} `, 401],
    ['refuses a changed id', 'key', { ...signed(), 'webhook-id': 'm-2' }, body, 401],
    ['refuses a changed time', 'key', { ...signed(), 'webhook-timestamp': at(1_000) }, body, 401],
    ['refuses an old message', 'key', signed({ 'webhook-timestamp': at(-301_000) }), body, 401],
    ['refuses a message of the future', 'key', signed({ 'webhook-timestamp': at(301_000) }), body, 401],
    ['refuses a time in ms with a fraction', 'key', signed({ 'webhook-timestamp': `${at(0)}.5` }), body, 401],
    ['refuses an id with a full stop', 'key', signed({ 'webhook-id': 'm.1' }), body, 401],
    [
      'refuses another version of the signature',
      'key',
      { ...signed(), 'webhook-signature': 'v1a,AAAA' },
      body,
      401,
    ],
    ['refuses a missing signature', 'key', { 'webhook-id': 'm-1', 'webhook-timestamp': at(0) }, body, 401],
    ['refuses a body with another id', 'key', signed({ 'webhook-id': 'm-2' }), body, 400],
  ])('%s', async (_, key, headers, sent, status) => {
    await using stand = await Webhook.start(new VirtualClock(now), key);
    const response = await fetch(stand.url, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body: sent,
    });
    expect(response.status).toBe(status);
    expect(stand.ledger.accepted).toHaveLength(status === 204 ? 1 : 0);
  });

  test('knows a message that it had before by its id', async () => {
    await using stand = await Webhook.start(new VirtualClock(now), 'key');
    const init = { method: 'POST', headers: { ...signed(), 'content-type': 'application/json' }, body };
    await fetch(stand.url, init);
    await fetch(stand.url, init);
    expect(stand.ledger.accepted.map(({ repeated }) => repeated)).toEqual([false, true]);
    expect(stand.ledger.messages).toHaveLength(1);
  });
});

test('modes: one for the next request, one for all, and off the network', async () => {
  const clock = new VirtualClock();
  await using stand = await PagerDuty.start(clock);
  const { url } = stand;
  const send = () =>
    fetch(`${url}/v2/enqueue`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(good),
    }).then(
      ({ status }) => status,
      () => 'failed',
    );
  stand.next(modes.status(429, { 'retry-after': '7' }), modes.dropResponse, modes.reset, modes.empty);
  expect([await send(), await send(), await send(), await send(), await send()]).toEqual([
    429,
    'failed',
    'failed',
    202,
    202,
  ]);
  expect(stand.ledger.totals).toMatchObject({ opened: 1, merged: 2 });
  stand.mode = (request) => (request.bytes.includes('"trigger"') ? modes.status(503) : modes.accept);
  expect(await send()).toBe(503);
  stand.mode = modes.slow(60_000);
  const slow = send();
  await stand.received(7);
  await clock.advance(60_000);
  expect(await slow).toBe(202);
  stand.mode = modes.hang;
  const hanging = send();
  await stand.received(8);
  await stand.gone();
  expect(await hanging).toBe('failed');
  expect(await send()).toBe('failed');
  stand.mode = modes.accept;
  await stand.back();
  expect([stand.url, await send()]).toEqual([url, 202]);
});
