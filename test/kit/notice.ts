import type { Entry, EntryKind, Incident } from '../../lib/incident.ts';
import { createNet } from '../../lib/net/create.ts';
import type { Notice, SendContext } from '../../lib/notifiers/define.ts';
import { type Clock, SecretError } from '../../lib/ports.ts';
import { noticeOf } from '../../lib/tell.ts';

export const OPENED_AT = Date.UTC(2026, 0, 1, 3, 12, 5);

/** An incident as it is in the middle of the night, or as you say. */
export function incidentOf(some: Partial<Incident> = {}): Incident {
  return {
    id: '5f0c9a1b2e',
    subject: 'check/api/down',
    n: 4,
    key: '5f0c9a1b2e7d4c3b8a990f1e2d3c4b5a69788796',
    class: 'down',
    severity: 'page',
    title: 'Public API is down',
    check: {
      id: 'api',
      name: 'Public API',
      type: 'http',
      target: 'GET https://api.acme.test:8443/health',
      group: 'API',
      public: true,
    },
    failedAt: OPENED_AT - 10_000,
    openedAt: OPENED_AT,
    runbook: '/runbooks/http',
    evidence: {
      at: OPENED_AT - 10_000,
      reasons: ['unavailable'],
      message: 'Answered 503 where 200 or 204 was expected.',
      locations: ['eu-west-1', 'us-east-1'],
      of: 3,
      facts: { httpStatus: 503, address: '203.0.113.7', retryAfter: '120' },
    },
    timeline: [],
    announcedAt: OPENED_AT,
    flapping: false,
    flaps: 0,
    delivery: {},
    ...some,
  };
}

/** What a notifier is told when an entry of this kind is appended, `afterMs` after the incident opened. */
export function noticed(
  kind: EntryKind,
  {
    afterMs = 0,
    text = 'Public API is down.',
    incident = incidentOf(),
  }: { afterMs?: number; text?: string; incident?: Incident } = {},
): Notice {
  const entry: Entry = { seq: 2, at: incident.openedAt + afterMs, kind, text };
  const ended = kind === 'resolved' ? { closedAt: entry.at } : {};
  return noticeOf({ ...incident, ...ended }, entry, 'https://status.acme.test/');
}

/** What an attempt may use: real sockets on loopback, `clock`, secrets, 10 s. */
export function contextOf(
  clock: Clock,
  {
    secrets = SECRETS,
    ...options
  }: { readonly secrets?: Readonly<Record<string, string>>; readonly servers?: readonly string[] } = {},
): SendContext {
  return {
    net: createNet({ clock, allow: ['127.0.0.0/8'], self: [], ...options }),
    clock,
    secret: async ({ secret }) => secrets[secret] ?? Promise.reject(new SecretError(`no secret "${secret}"`)),
    signal: new AbortController().signal,
    deadline: clock.monotonic() + 10_000,
  };
}

/** The secrets that the receivers below name. */
export const SECRETS = {
  PD_KEY: 'R0123456789ABCDEFGHIJKLMNOPQRSTU',
  PD_NEW_KEY: 'RZYXWVUTSRQPONMLKJIHGFEDCBA98765',
  HOOK_KEY: 'whsec_bm90LWEtcmVhbC1rZXktb2YtYW55Ym9keQ==',
};

/** A receiver as the config compiles it. */
export const pagerDutyAt = (endpoint: string, routingKey: keyof typeof SECRETS = 'PD_KEY') => ({
  name: 'pagerduty',
  type: 'pagerduty' as const,
  hears: 'pages' as const,
  updates: false,
  remind: 4 * 3_600_000,
  endpoint,
  routingKey: { secret: routingKey },
});

export const webhookAt = (
  url: string,
  headers: Readonly<Record<string, string | { secret: string }>> = {},
) => ({
  name: 'webhook',
  type: 'webhook' as const,
  hears: 'everything' as const,
  updates: true,
  url,
  signingKey: { secret: 'HOOK_KEY' },
  headers: { ...headers },
});
