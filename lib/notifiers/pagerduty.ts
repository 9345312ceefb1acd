import { type EntryKind, type Evidence, targetOf } from '../incident.ts';
import { lasted, meaning } from '../words.ts';
import { type Change, defineNotifier, type Notice } from './define.ts';
import { post } from './post.ts';
import { clean, cleanFacts, webLink } from './text.ts';

/** https://developer.pagerduty.com/docs/events-api-v2/trigger-events/ */
const SUMMARY_MAX = 1_024;
/** "Approximately 120 calls/minute per integration key": …/docs/events-api-v2/rate-limits/ */
const PER_MINUTE = 120;
/** PagerDuty states no limit for these; with them every event stays far below its 512 KB. */
const FIELD_MAX = 1_024;

export const pagerduty = defineNotifier({
  type: 'pagerduty',
  summary: 'Calls a person through PagerDuty (Events API v2).',
  shape: (_z, fields) => ({
    routingKey: fields.secret.describe('The integration key of the PagerDuty service, 32 characters'),
    endpoint: fields.url
      .prefault('https://events.pagerduty.com')
      .describe('Where the Events API is; "https://events.eu.pagerduty.com" in the EU'),
    remind: fields.span.prefault('4h').describe('How often it calls again while nothing has changed'),
  }),
  hears: 'pages',
  updates: false,
  perMinute: PER_MINUTE,
  lane: ({ endpoint, routingKey }) => JSON.stringify([endpoint, routingKey.secret]),
  async send({ endpoint, routingKey }, notice, context) {
    const event = toEvent(notice, await context.secret(routingKey));
    const bare = { ...event, payload: { ...event.payload, custom_details: undefined } };
    const url = below(endpoint, 'v2/enqueue');
    return post({ url, body: JSON.stringify(event), smaller: JSON.stringify(bare) }, context);
  },
  async change({ endpoint, routingKey }, change, context) {
    const body = JSON.stringify(toChangeEvent(change, await context.secret(routingKey)));
    return post({ url: below(endpoint, 'v2/change/enqueue'), body }, context);
  },
});

const below = (endpoint: string, path: string): string => `${endpoint.replace(/\/+$/, '')}/${path}`;

const ACTIONS: Readonly<Partial<Record<EntryKind, 'acknowledge' | 'resolve'>>> = {
  acknowledged: 'acknowledge',
  resolved: 'resolve',
};

/** The event that tells PagerDuty of an entry. A reminder is its incident's trigger, sent again. */
export function toEvent(notice: Notice, routingKey: string) {
  const { entry, incident, links } = notice;
  return {
    routing_key: routingKey,
    event_action: ACTIONS[entry.kind] ?? 'trigger',
    dedup_key: incident.key,
    payload: {
      summary: summary(notice),
      source: field(targetOf(incident)) ?? field(incident.subject) ?? 'Watchbill',
      severity: incident.severity === 'page' ? ('critical' as const) : ('warning' as const),
      timestamp: iso(incident.openedAt),
      component: field(incident.check?.id),
      group: field(incident.check?.group),
      class: incident.class,
      custom_details: details(notice),
    },
    links: [
      ...link(links.runbook, 'Runbook: what to do first'),
      ...link(links.console, 'AWS console'),
      ...link(links.statusPage, 'Status page'),
    ],
    client: 'Watchbill',
    client_url: webLink(links.statusPage),
  };
}

/** Pages nobody: it stands beside the incidents of its service. https://developer.pagerduty.com/docs/events-api-v2/send-change-events/ */
const toChangeEvent = ({ at, summary, source, links }: Change, routingKey: string) => ({
  routing_key: routingKey,
  payload: {
    summary: clean(summary, SUMMARY_MAX),
    source: field(source) ?? 'Watchbill',
    timestamp: iso(at),
  },
  links: links.flatMap((href) => link(href, 'More')),
});

/** The line that is read out and shown on a locked screen: what, from where, why. */
function summary({ entry, incident }: Notice): string {
  const { openedAt, evidence } = incident;
  const title = field(incident.title) ?? field(incident.subject) ?? 'Something is wrong';
  const open = lasted(entry.at - openedAt);
  if (entry.kind === 'resolved') return clean(`Resolved after ${open}: ${title}`, SUMMARY_MAX);
  const still = entry.kind === 'reminder' ? `Still open after ${open}: ` : '';
  const why = evidence.message || evidence.reasons.map(meaning).join(' ');
  const isSeen = incident.check !== undefined && evidence.of > 1;
  const where = isSeen ? ` (seen from ${evidence.locations.length} of ${evidence.of})` : '';
  return clean(`${still}${title}${where}${why && ` — ${why}`}`, SUMMARY_MAX);
}

/** What is worth knowing at 3 a.m., the most urgent first. */
function details({ entry, incident, links }: Notice) {
  const { evidence, failedAt, closedAt } = incident;
  const isOver = entry.kind === 'resolved';
  const runbook = isOver ? undefined : webLink(links.runbook);
  return {
    do_first: runbook && `Open the runbook: ${runbook}`,
    target: field(targetOf(incident)),
    reason: field(evidence.reasons[0]),
    reasons:
      evidence.reasons.length > 1 ? evidence.reasons.map((reason) => clean(reason, FIELD_MAX)) : undefined,
    message: field(isOver ? entry.text : evidence.message),
    locations: field(places(evidence)),
    started_at: iso(failedAt),
    ended_at: closedAt === undefined ? undefined : iso(closedAt),
    incident_id: incident.id,
    incident_number: incident.n,
    flaps: incident.flaps,
    facts: cleanFacts(evidence.facts),
  };
}

/** `2 of 3: eu-west-1, us-east-1`. */
const places = ({ locations, of }: Evidence): string =>
  locations.length > 0 ? `${locations.length} of ${of}: ${locations.join(', ')}` : '';

/** Undefined where nothing is left to say. */
const field = (text: string | undefined): string | undefined => clean(text ?? '', FIELD_MAX) || undefined;

const iso = (at: number): string => new Date(at).toISOString();

function link(href: string | undefined, text: string) {
  const safe = webLink(href);
  return safe === undefined ? [] : [{ href: safe, text }];
}
