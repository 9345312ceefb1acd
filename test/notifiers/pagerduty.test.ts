import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { makeFields } from '../../lib/config/make-fields.ts';
import type { EntryKind, Incident } from '../../lib/incident.ts';
import type { Notice } from '../../lib/notifiers/define.ts';
import { pagerduty, toEvent } from '../../lib/notifiers/pagerduty.ts';
import { SecretError } from '../../lib/ports.ts';
import { remember } from '../../lib/redact.ts';
import { VirtualClock } from '../kit/clock.ts';
import { contextOf, incidentOf, noticed, OPENED_AT, pagerDutyAt, SECRETS } from '../kit/notice.ts';
import { PagerDuty, PagerDutyLedger } from '../kit/pagerduty.ts';
import { modes } from '../kit/stand-in.ts';
import { FORMS, hostileIncident, secretText, textsOf } from './hostile.ts';

const RUNS = Number(process.env.WATCHBILL_RUNS ?? 100);
const HOUR = 3_600_000;
const incident = incidentOf();
const { evidence } = incident;

const clock = new VirtualClock(OPENED_AT);
let stand: PagerDuty;
beforeEach(async () => {
  stand = await PagerDuty.start(clock);
});
afterEach(() => stand[Symbol.asyncDispose]());

const send = (notice: Notice, key: keyof typeof SECRETS = 'PD_KEY') =>
  pagerduty.send(pagerDutyAt(stand.url, key), notice, contextOf(clock));
const effects = () => stand.ledger.accepted.map(({ effect }) => effect);
const eventOf = (some: Partial<Incident>, kind: EntryKind = 'page') =>
  toEvent(noticed(kind, { incident: incidentOf(some) }), SECRETS.PD_KEY);

test('a page says what is down, why, from where it is seen, since when, and what to do first', async () => {
  expect(await send(noticed('page'))).toEqual({ outcome: 'accepted' });
  expect(JSON.parse(stand.ledger.accepted[0]?.bytes ?? '')).toEqual({
    routing_key: SECRETS.PD_KEY,
    event_action: 'trigger',
    dedup_key: incident.key,
    payload: {
      summary: 'Public API is down (seen from 2 of 3) — Answered 503 where 200 or 204 was expected.',
      source: 'GET https://api.acme.test:8443/health',
      severity: 'critical',
      timestamp: '2026-01-01T03:12:05.000Z',
      component: 'api',
      group: 'API',
      class: 'down',
      custom_details: {
        do_first: 'Open the runbook: https://status.acme.test/runbooks/http',
        target: 'GET https://api.acme.test:8443/health',
        reason: 'unavailable',
        message: 'Answered 503 where 200 or 204 was expected.',
        locations: '2 of 3: eu-west-1, us-east-1',
        started_at: '2026-01-01T03:11:55.000Z',
        incident_id: '5f0c9a1b2e',
        incident_number: 4,
        flaps: 0,
        facts: { httpStatus: 503, address: '203.0.113.7', retryAfter: '120' },
      },
    },
    links: [
      { href: 'https://status.acme.test/runbooks/http', text: 'Runbook: what to do first' },
      { href: 'https://status.acme.test/', text: 'Status page' },
    ],
    client: 'Watchbill',
    client_url: 'https://status.acme.test/',
  });
});

test('page, reminder and resolve are one alert, opened once and closed', async () => {
  await send(noticed('page'));
  await send(noticed('reminder', { afterMs: 4 * HOUR }));
  await send(noticed('resolved', { afterMs: 5 * HOUR, text: 'Public API is well again after 5 h.' }));
  expect(effects()).toEqual(['opened', 'merged', 'resolved']);
  expect(stand.ledger.actions(incident.key)).toEqual(['trigger', 'trigger', 'resolve']);
  const [, reminder, resolve] = stand.ledger.accepted.map(({ event }) => event.payload);
  expect(reminder?.summary).toBe(
    'Still open after 4 h: Public API is down (seen from 2 of 3) — Answered 503 where 200 or 204 was expected.',
  );
  expect(resolve?.summary).toBe('Resolved after 5 h: Public API is down');
  expect(resolve?.custom_details).toMatchObject({
    message: 'Public API is well again after 5 h.',
    ended_at: '2026-01-01T08:12:05.000Z',
  });
  expect(resolve?.custom_details).not.toHaveProperty('do_first');
});

describe('the words of an event', () => {
  test.each<[string, Partial<Incident>, object]>([
    ['a ticket is a warning', { severity: 'ticket' }, { severity: 'warning' }],
    [
      'one location needs no mention',
      { evidence: { ...evidence, locations: ['local'], of: 1 } },
      { summary: 'Public API is down — Answered 503 where 200 or 204 was expected.' },
    ],
    [
      'without a message, the reasons speak',
      { evidence: { ...evidence, message: '', reasons: ['connect_refused', 'made_up'], of: 1 } },
      { summary: 'Public API is down — The connection was refused. made_up' },
    ],
    [
      'without either, the title does',
      { evidence: { ...evidence, message: '', reasons: [], of: 1 } },
      { summary: 'Public API is down' },
    ],
    [
      'a title that nobody can see is replaced',
      { title: '\u202e\u0000', evidence: { ...evidence, message: '', reasons: [], of: 1 } },
      { summary: 'check/api/down' },
    ],
  ])('%s', (_, some, payload) => {
    expect(eventOf(some).payload).toMatchObject(payload);
  });

  test('without a check, the subject is the source, and nobody "sees" it', () => {
    const { check: _, ...about } = incidentOf({
      subject: 'locations/silent',
      title: 'Most locations are silent',
    });
    expect(toEvent(noticed('page', { incident: about }), SECRETS.PD_KEY).payload).toMatchObject({
      summary: 'Most locations are silent — Answered 503 where 200 or 204 was expected.',
      source: 'locations/silent',
      component: undefined,
    });
  });

  test('without locations, none are counted', () => {
    expect(
      eventOf({ evidence: { ...evidence, locations: [], of: 1 } }).payload.custom_details.locations,
    ).toBeUndefined();
  });

  test.each<[string, string, string[]]>([
    [
      "the user's own runbook is linked",
      'https://wiki.acme.test/api',
      ['https://wiki.acme.test/api', 'https://status.acme.test/'],
    ],
    ['a runbook that is no web address is not', 'javascript:alert(1)', ['https://status.acme.test/']],
    [
      'nor is one of 3,000 characters',
      `https://wiki.acme.test/${'x'.repeat(3_000)}`,
      ['https://status.acme.test/'],
    ],
  ])('%s', (_, runbook, hrefs) => {
    expect(eventOf({ runbook }).links.map(({ href }) => href)).toEqual(hrefs);
  });
});

test('an answer that was lost: the retry is the same alert (F04)', async () => {
  stand.next(modes.dropResponse);
  expect(await send(noticed('page'))).toMatchObject({ outcome: 'retry', uncertain: true });
  expect(await send(noticed('page'))).toEqual({ outcome: 'accepted' });
  expect(effects()).toEqual(['opened', 'merged']);
});

describe('an event is never too large (F09)', () => {
  test.each<[string, string, string]>([
    ['at 1024 units', 'x'.repeat(1_024), 'x'.repeat(1_024)],
    ['at 1025 units', 'x'.repeat(1_025), `${'x'.repeat(1_023)}…`],
    ['before an emoji that would be cut in half', `${'x'.repeat(1_022)}👩xxx`, `${'x'.repeat(1_022)}…`],
    ['after an emoji that fits', `${'x'.repeat(1_021)}👩xxx`, `${'x'.repeat(1_021)}👩…`],
  ])('a summary is cut %s', (_, title, summary) => {
    const event = eventOf({ title, evidence: { ...evidence, message: '', reasons: [], of: 1 } });
    expect(event.payload.summary).toBe(summary);
    expect(new PagerDutyLedger().accept(JSON.parse(JSON.stringify(event)), 0).status).toBe(202);
  });

  test('facts of a megabyte are left out, small ones stay', async () => {
    const list = Array.from({ length: 1_000 }, () => 'x'.repeat(1_000));
    const facts = { httpStatus: 503, list, excerpt: 'y'.repeat(100_000), protocol: 'HTTP/1.1' };
    expect(
      await send(noticed('page', { incident: incidentOf({ evidence: { ...evidence, facts } }) })),
    ).toEqual({ outcome: 'accepted' });
    const details = stand.ledger.accepted[0]?.event.payload?.custom_details;
    expect(details?.facts).toEqual({
      httpStatus: 503,
      excerpt: `${'y'.repeat(1_023)}…`,
      protocol: 'HTTP/1.1',
    });
  });

  test('413: sent once more, without details', async () => {
    stand.next(modes.status(413));
    expect(await send(noticed('page'))).toEqual({ outcome: 'accepted' });
    const [first, second] = stand.requests.map(({ bytes }) => JSON.parse(bytes.toString()));
    delete first.payload.custom_details;
    expect(second).toEqual(first);
  });

  test('413 again: refused', async () => {
    stand.mode = modes.status(413);
    expect(await send(noticed('page'))).toMatchObject({ outcome: 'refused', final: true });
    expect(stand.requests).toHaveLength(2);
  });
});

test('secrets in what a target says stay here (F22)', async () => {
  const token = 'tok-4711-very-secret';
  remember(token);
  remember(SECRETS.PD_KEY);
  const said = FORMS.map((form) => form(token)).join(' ');
  const hostile = incidentOf({
    title: `API ${said}`,
    runbook: `https://wiki.acme.test/?t=${token}`,
    evidence: {
      ...evidence,
      message: `${said} routing key ${SECRETS.PD_KEY}`,
      facts: { [token]: [said, { [token]: said }] },
    },
  });
  await send(noticed('page', { incident: hostile, text: said }));
  const { routing_key, ...event } = JSON.parse(stand.ledger.accepted[0]?.bytes ?? '');
  expect(routing_key).toBe(SECRETS.PD_KEY);
  for (const text of textsOf(event)) {
    for (const form of FORMS) expect(text).not.toContain(form(token));
    expect(text).not.toContain(SECRETS.PD_KEY);
  }
});

test('what a redacted secret leaves of an emoji is no half of it', () => {
  remember('4711-0815-👩');
  expect(eventOf({ title: '4711-0815-👨' }).payload.summary).toMatch(/^\[redacted\]\ufffd/);
});

describe('hostile text makes a valid event, cut safely (F23)', () => {
  test.each<[string, string, string]>([
    ['emoji', '🔥 👩‍👩‍👧 🏴󠁧󠁢󠁥󠁮󠁧󠁿', '🔥 👩‍👩‍👧 🏴󠁧󠁢󠁥󠁮󠁧󠁿'],
    ['right to left', 'שלום API', 'שלום API'],
    ['marks that reverse the direction', 'a\u202eb\u2066c\u200fd', 'abcd'],
    ['control characters', 'a\u0000b\u001b[31mc\u0085d\u009b', 'ab[31mcd'],
    ['several lines', 'a\r\n\tb\u2028c', 'a b c'],
    ['halves of surrogate pairs', 'a\ud83db\udc69', 'a\ufffdb\ufffd'],
    ['a byte order mark and no width', '\ufeffa\u200bb', 'ab'],
    ['markup', '<script>alert("1")</script>\\', '<script>alert("1")</script>\\'],
    ['10 KB', '漢'.repeat(10_240), `${'漢'.repeat(1_023)}…`],
  ])('%s', async (_, name, seen) => {
    const hostile = incidentOf({
      title: name,
      evidence: { ...evidence, message: '', reasons: [], of: 1, facts: { [name]: name } },
    });
    expect(await send(noticed('page', { incident: hostile }))).toEqual({ outcome: 'accepted' });
    expect(stand.ledger.accepted[0]?.event.payload?.summary).toBe(seen);
  });
});

describe('the routing key is rotated while an incident is open (F27)', () => {
  test('the resolve by the receiver that opened it closes it', async () => {
    await send(noticed('page'), 'PD_KEY');
    await send(noticed('resolved'), 'PD_KEY');
    expect(stand.ledger.open).toEqual([]);
  });

  test('by the new one PagerDuty would drop it', async () => {
    await send(noticed('page'), 'PD_KEY');
    await send(noticed('resolved'), 'PD_NEW_KEY');
    expect(effects()).toEqual(['opened', 'dropped']);
  });
});

test('a drill is told as any other incident, by a key of its own (F25)', async () => {
  await send(noticed('page'));
  const drill = incidentOf({ class: 'drill', subject: 'drill/1', key: 'd'.repeat(40), title: 'Drill' });
  await send(noticed('page', { incident: drill }));
  await send(noticed('resolved', { incident: drill }));
  expect(effects()).toEqual(['opened', 'opened', 'resolved']);
  expect(stand.ledger.open).toMatchObject([{ dedupKey: incident.key }]);
});

test('without its routing key nothing is sent', async () => {
  const context = contextOf(clock, { secrets: {} });
  await expect(pagerduty.send(pagerDutyAt(stand.url), noticed('page'), context)).rejects.toThrow(SecretError);
  expect(stand.requests).toEqual([]);
});

describe('in the config', () => {
  const shape = z.strictObject(
    pagerduty.shape(z, makeFields({ read: String, locate: String, refuses: () => undefined })),
  );

  test('the routing key is enough', () => {
    const routingKey = { secret: 'PD_KEY' };
    expect(shape.parse({ routingKey })).toEqual({
      routingKey,
      endpoint: 'https://events.pagerduty.com/',
      remind: 4 * HOUR,
    });
  });

  test.each<[string, unknown]>([
    ['nothing', {}],
    ['a routing key in clear', { routingKey: SECRETS.PD_KEY }],
    ['an endpoint that is no URL', { routingKey: { secret: 'PD_KEY' }, endpoint: 'pagerduty' }],
    ['reminders without a unit', { routingKey: { secret: 'PD_KEY' }, remind: '4' }],
  ])('%s is refused', (_, value) => {
    expect(shape.safeParse(value).success).toBe(false);
  });
});

test('receivers with the same key share a lane; another key has its own', () => {
  const lane = (url: string, key?: 'PD_NEW_KEY') => pagerduty.lane(pagerDutyAt(url, key));
  expect(lane('https://a.test')).toBe(lane('https://a.test'));
  expect(
    new Set([lane('https://a.test'), lane('https://b.test'), lane('https://a.test', 'PD_NEW_KEY')]).size,
  ).toBe(3);
});

test('whatever an incident says, PagerDuty accepts it and no secret is in it', {
  timeout: 10_000 + RUNS * 50,
}, () => {
  const kinds = fc.constantFrom<EntryKind>('page', 'ticket', 'reminder', 'resolved');
  const cases = secretText.chain((secret) => fc.tuple(fc.constant(secret), hostileIncident(secret), kinds));
  fc.assert(
    fc.property(cases, ([secret, hostile, kind]) => {
      remember(secret);
      const event = toEvent(noticed(kind, { incident: hostile, text: hostile.title }), SECRETS.PD_NEW_KEY);
      const bytes = JSON.stringify(event);
      const ledger = new PagerDutyLedger();
      ledger.accept(JSON.parse(bytes), 0, bytes);
      expect(ledger.refused).toEqual([]);
      const texts = [bytes, ...textsOf(event)];
      for (const form of FORMS) expect(texts.filter((text) => text.includes(form(secret)))).toEqual([]);
    }),
    { numRuns: RUNS },
  );
});
