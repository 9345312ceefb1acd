import { STATUS_CODES } from 'node:http';
import { createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Outcome } from '../../lib/notifiers/define.ts';
import { pagerduty } from '../../lib/notifiers/pagerduty.ts';
import { retryAfter } from '../../lib/notifiers/post.ts';
import { webhook } from '../../lib/notifiers/webhook.ts';
import { VirtualClock } from '../kit/clock.ts';
import { startDnsServer } from '../kit/dns-server.ts';
import { contextOf, noticed, OPENED_AT, pagerDutyAt, SECRETS, webhookAt } from '../kit/notice.ts';
import { PagerDuty } from '../kit/pagerduty.ts';
import { type Mode, modes, type StandIn } from '../kit/stand-in.ts';
import { Webhook } from '../kit/webhook.ts';

const clock = new VirtualClock(OPENED_AT);
let pagerDuty: PagerDuty;
let hook: Webhook;

beforeAll(async () => {
  pagerDuty = await PagerDuty.start(clock);
  hook = await Webhook.start(clock, SECRETS.HOOK_KEY);
});
afterAll(async () => {
  await pagerDuty[Symbol.asyncDispose]();
  await hook[Symbol.asyncDispose]();
});

type Options = Parameters<typeof contextOf>[1];
const toPagerDuty = (endpoint: string, options?: Options): Promise<Outcome> =>
  pagerduty.send(pagerDutyAt(endpoint), noticed('page'), contextOf(clock, options));
const toWebhook = (url: string, options?: Options): Promise<Outcome> =>
  webhook.send(webhookAt(url), noticed('page'), contextOf(clock, options));

const both: [string, () => StandIn, () => Promise<Outcome>][] = [
  ['PagerDuty', () => pagerDuty, () => toPagerDuty(pagerDuty.url)],
  ['a webhook', () => hook, () => toWebhook(hook.url)],
];

/** F08: every status that a final answer may have, and what each means for the attempt. */
const ACCEPTED = { outcome: 'accepted' };
const RETRY = { outcome: 'retry', uncertain: false };
const LOST = { outcome: 'retry', uncertain: true };
const REFUSED = { outcome: 'refused', final: false };
const FINAL = { outcome: 'refused', final: true };
const STATUSES: [object, number[]][] = [
  [ACCEPTED, [200, 201, 202, 203, 204, 205, 206, 207, 208, 226]],
  [REFUSED, [300, 301, 302, 303, 304, 305, 307, 308]],
  [FINAL, [400, 413, 422]],
  [
    REFUSED,
    [
      401, 402, 403, 404, 405, 406, 407, 409, 410, 411, 412, 414, 415, 416, 417, 418, 421, 423, 424, 426, 428,
      431, 451,
    ],
  ],
  [RETRY, [408, 425, 429]],
  [RETRY, [500, 501, 503, 505, 506, 507, 508, 509, 510, 511]],
  [LOST, [502, 504]],
];
const table = STATUSES.flatMap(([outcome, codes]) => codes.map((code): [number, object] => [code, outcome]));

test('the table holds every standard status of a final answer, once', () => {
  const standard = Object.keys(STATUS_CODES)
    .map(Number)
    .filter((code) => code >= 200);
  expect(table.map(([code]) => code).toSorted((a, b) => a - b)).toEqual(standard);
  expect(table).toHaveLength(59);
});

describe.each(both)('%s answers', (_, standIn, send) => {
  test.each(table)('%i', async (status, outcome) => {
    standIn().mode = modes.status(status);
    expect(await send()).toMatchObject(outcome);
  });

  test.each<[string, number, object]>([
    ['an unknown 2xx', 299, ACCEPTED],
    ['an unknown 3xx', 399, REFUSED],
    ['an unknown 4xx', 499, REFUSED],
    ['an unknown 5xx', 599, RETRY],
    ['a status beyond all classes', 999, RETRY],
  ])('%s', async (_name, status, outcome) => {
    standIn().mode = modes.status(status);
    expect(await send()).toMatchObject(outcome);
  });

  test.each<[string, Mode]>([
    ['garbage', modes.garbage],
    ['nothing', modes.empty],
    [
      'what claims to be gzip and is not',
      { ...modes.garbage, answer: { status: 202, headers: { 'content-encoding': 'gzip' }, body: 'x' } },
    ],
    ['a megabyte', { ...modes.garbage, answer: { status: 202, body: 'x'.repeat(1_000_000) } }],
  ])('202 with %s: accepted, since the key is ours (F05)', async (_name, mode) => {
    standIn().mode = mode;
    expect(await send()).toEqual(ACCEPTED);
  });

  test('a refusal that breaks off: the status counts', async () => {
    const headers = { 'content-length': '100' };
    standIn().mode = modes.status(403, headers, 'x');
    expect(await send()).toMatchObject({ ...REFUSED, why: 'It answered 403 Forbidden.' });
  });

  test('a redirect: it is not followed, and says so', async () => {
    const before = standIn().requests.length;
    standIn().mode = modes.status(307, { location: 'https://elsewhere.test/' });
    const { why } = (await send()) as { why: string };
    expect(why).toBe(
      'It answered 307 Temporary Redirect to https://elsewhere.test/. Redirects are not followed: configure the final address.',
    );
    expect(standIn().requests).toHaveLength(before + 1);
  });

  test('a refusal with its reasons: they are passed on, on one visible line', async () => {
    standIn().mode = modes.status(400, {}, '{"errors":\n["Length of \'routing_key\' is incorrect"]}\u0007');
    expect(await send()).toMatchObject({
      why: 'It answered 400 Bad Request: {"errors": ["Length of \'routing_key\' is incorrect"]}',
    });
  });
});

describe('Retry-After (F07)', () => {
  const now = Date.UTC(2026, 0, 1);
  test.each<[string, string | undefined, number | undefined]>([
    ['seconds', '30', 30_000],
    ['zero', '0', 0],
    ['spaces around', ' 5 ', 5_000],
    ['more than 15 minutes', '901', 900_000],
    ['a billion', '1000000000', 900_000],
    ['four hundred digits', '9'.repeat(400), 900_000],
    ['a date', 'Thu, 01 Jan 2026 00:01:00 GMT', 60_000],
    ['a date in the form of RFC 850', 'Thursday, 01-Jan-26 00:01:00 GMT', 60_000],
    ['a date in the form of asctime', 'Thu Jan  1 00:01:00 2026', 60_000],
    ['a date that has passed', 'Wed, 31 Dec 2025 23:00:00 GMT', 0],
    ['a date in a hundred years', 'Fri, 01 Jan 2126 00:00:00 GMT', 900_000],
    ['a day that does not exist', 'Thu, 99 Jan 2026 00:01:00 GMT', undefined],
    ['a negative number', '-5', undefined],
    ['a fraction', '1.5', undefined],
    ['an exponent', '1e3', undefined],
    ['seconds that look like a year', '2026', 900_000],
    ['two values', '30, 60', undefined],
    ['words', 'soon', undefined],
    ['an ISO date', '2026-01-01T00:01:00Z', undefined],
    ['nothing', '', undefined],
    ['no header', undefined, undefined],
  ])('%s', (_, value, ms) => {
    expect(retryAfter(value, now)).toBe(ms);
  });

  test.each([429, 503, 408])('is passed on with %i', async (status) => {
    pagerDuty.mode = modes.status(status, { 'retry-after': '17' });
    expect(await toPagerDuty(pagerDuty.url)).toMatchObject({ outcome: 'retry', retryAfterMs: 17_000 });
  });

  test('is counted from the clock that was given', async () => {
    pagerDuty.mode = modes.status(429, { 'retry-after': new Date(clock.now() + 42_000).toUTCString() });
    expect(await toPagerDuty(pagerDuty.url)).toMatchObject({ retryAfterMs: expect.closeTo(42_000, -4) });
  });
});

/** F07, the network: it is tried again, and whether it may have arrived all the same is known. */
describe.each(both)('on the way to %s', (_, standIn, send) => {
  test('a hang ends at the deadline, and it may have arrived', async () => {
    standIn().mode = modes.hang;
    const before = standIn().requests.length;
    const outcome = send();
    await standIn().received(before + 1);
    await clock.advance(10_000);
    expect(await outcome).toMatchObject(LOST);
  });

  test('a slow answer is waited for', async () => {
    standIn().mode = modes.slow(9_000);
    const before = standIn().requests.length;
    const outcome = send();
    await standIn().received(before + 1);
    await clock.advance(9_000);
    expect(await outcome).toEqual(ACCEPTED);
  });

  test.each<[string, Mode]>([
    ['a reset before the answer', modes.reset],
    ['an answer that is lost', modes.dropResponse],
  ])('%s: it may have arrived', async (_name, mode) => {
    standIn().mode = mode;
    expect(await send()).toMatchObject(LOST);
  });

  test('a refused connection: it has not arrived', async () => {
    await standIn().gone();
    expect(await send()).toMatchObject({ ...RETRY, why: expect.stringMatching(/refused/i) });
    await standIn().back();
  });
});

const sends: [string, (url: string, options?: Options) => Promise<Outcome>][] = [
  ['PagerDuty', toPagerDuty],
  ['a webhook', toWebhook],
];

describe.each(sends)('to %s nothing has arrived when', (_, send) => {
  test('its name does not exist', async () => {
    const dns = await startDnsServer({});
    expect(await send('http://events.acme.test', { servers: [dns.address] })).toMatchObject(RETRY);
    await dns.close();
  });

  test('it does not speak TLS', async () => {
    expect(await send(pagerDuty.url.replace('http:', 'https:'))).toMatchObject(RETRY);
  });

  test('the policy forbids its address (J19)', async () => {
    const outcome = await send('http://169.254.169.254');
    expect(outcome).toMatchObject({ ...RETRY, why: expect.stringContaining('169.254.169.254') });
  });
});

test('an answer that is no HTTP: it may have arrived', async () => {
  const server = createServer((socket) =>
    socket.on('data', () => socket.end('220 mail.acme.test ESMTP\r\n')).on('error', () => {}),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  expect(await toPagerDuty(`http://127.0.0.1:${port}`)).toMatchObject(LOST);
  await new Promise((resolve) => server.close(resolve));
});
