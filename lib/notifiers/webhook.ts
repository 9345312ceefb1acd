import { createHmac } from 'node:crypto';
import type { SecretRef } from '../ports.ts';
import { headersShape } from '../probes/http-shape.ts';
import { defineNotifier, type Notice, type SendContext } from './define.ts';
import { post } from './post.ts';
import { clean, cleanFacts, webLink } from './text.ts';

const PER_MINUTE = 120;
const TEXT_MAX = 1_024;
const KEY_PREFIX = 'whsec_';
/** What the body is, and its signature, is ours to say. */
const OURS = /^(content-(type|encoding)|webhook-.*)$/i;

/** Posts each entry as signed JSON: https://www.standardwebhooks.com (1.0.0), symmetric signatures. */
export const webhook = defineNotifier({
  type: 'webhook',
  summary: 'Posts signed JSON to a URL of yours (Standard Webhooks).',
  shape: (z, fields) => ({
    url: fields.url.describe('Where it is posted'),
    signingKey: fields.secret.describe(
      'The key of the signature: "whsec_" and base64, or any other text as it is',
    ),
    headers: headersShape(z, fields)
      .superRefine((headers, context) => {
        for (const name of Object.keys(headers).filter((key) => OURS.test(key)))
          context.addIssue({
            code: 'custom',
            path: [name],
            message: 'is a header that Watchbill itself must say',
          });
      })
      .optional()
      .describe('Headers sent with it, such as "authorization"'),
  }),
  hears: 'everything',
  updates: true,
  perMinute: PER_MINUTE,
  lane: ({ url }) => url,
  async send({ url, signingKey, headers = {} }, notice, context) {
    const body = JSON.stringify(toMessage(notice));
    const signed = sign(await context.secret(signingKey), notice.id, context.clock.now(), body);
    return post({ url, headers: { ...(await resolved(headers, context)), ...signed }, body }, context);
  },
});

/** The body: the contract's `{ id, at, kind, incident }`, and the entry's own words. */
export function toMessage({ id, entry, kind, incident, links }: Notice) {
  const { evidence, check } = incident;
  return {
    id,
    at: iso(entry.at),
    kind,
    text: line(entry.text),
    incident: {
      id: incident.id,
      key: incident.key,
      number: incident.n,
      status: incident.closedAt === undefined ? 'open' : 'resolved',
      class: incident.class,
      severity: incident.severity,
      title: line(incident.title),
      check: check
        ? {
            id: line(check.id),
            name: line(check.name),
            type: check.type,
            target: line(check.target),
            group: lineOrNull(check.group),
          }
        : null,
      startedAt: iso(incident.failedAt),
      openedAt: iso(incident.openedAt),
      resolvedAt: incident.closedAt === undefined ? null : iso(incident.closedAt),
      reason: lineOrNull(evidence.reasons[0]),
      reasons: evidence.reasons.map(line),
      message: line(evidence.message),
      locations: evidence.locations.map(line),
      of: evidence.of,
      facts: cleanFacts(evidence.facts),
      flaps: incident.flaps,
      runbook: webLink(links.runbook) ?? null,
      statusPage: webLink(links.statusPage) ?? null,
    },
  };
}

function sign(signingKey: string, id: string, now: number, body: string): Record<string, string> {
  const key = signingKey.startsWith(KEY_PREFIX)
    ? Buffer.from(signingKey.slice(KEY_PREFIX.length), 'base64')
    : signingKey;
  const timestamp = String(Math.floor(now / 1_000));
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${signature}` };
}

async function resolved(
  headers: Readonly<Record<string, string | SecretRef>>,
  context: SendContext,
): Promise<Record<string, string>> {
  const values = Object.entries(headers).map(
    async ([name, value]): Promise<[string, string]> => [
      name,
      typeof value === 'string' ? value : await context.secret(value),
    ],
  );
  return Object.fromEntries(await Promise.all(values));
}

const line = (text: string): string => clean(text, TEXT_MAX);
const lineOrNull = (text: string | undefined): string | null => line(text ?? '') || null;
const iso = (at: number): string => new Date(at).toISOString();
