import { z } from 'zod';
import type { Clock } from '../../lib/ports.ts';
import { type Answer, type Received, StandIn } from './stand-in.ts';

/**
 * PagerDuty's Events API v2 as its documentation states it, and stricter where that is vague:
 * https://developer.pagerduty.com/docs/events-api-v2/trigger-events/ and …/overview/ (size, answers).
 */
const MAX_BYTES = 512_000;

/** Without halves of surrogate pairs and without control characters, but for the line feed where it's allowed. */
const text = (min: number, max: number) =>
  z
    .string()
    .min(min)
    .max(max)
    .refine((value) => value.isWellFormed(), 'has half a surrogate pair')
    .refine((value) => !/\p{Cc}/u.test(value), 'has a control character');
const webUrl = z.url({ protocol: /^https?$/ });
const Details = z
  .record(text(1, 1024), z.json())
  .refine(isWellFormed, 'has half a surrogate pair')
  .optional();
const RoutingKey = z
  .string()
  .regex(/^[\x21-\x7e]{32}$/, "Length of 'routing_key' is incorrect (should be 32 characters)");
const Links = z.array(z.strictObject({ href: webUrl, text: text(1, 1024).optional() })).optional();

const Payload = z.strictObject({
  summary: text(1, 1024),
  source: text(1, 1024),
  severity: z.enum(['critical', 'error', 'warning', 'info']),
  timestamp: z.iso.datetime({ offset: true }).optional(),
  component: text(1, 1024).optional(),
  group: text(1, 1024).optional(),
  class: text(1, 1024).optional(),
  custom_details: Details,
});

/** https://developer.pagerduty.com/docs/events-api-v2/send-change-events/ */
const ChangeEvent = z.strictObject({
  routing_key: RoutingKey,
  payload: z.strictObject({
    summary: text(1, 1024),
    source: text(1, 1024).optional(),
    timestamp: z.iso.datetime({ offset: true }).optional(),
    custom_details: Details,
  }),
  links: Links,
});

const Event = z
  .strictObject({
    routing_key: RoutingKey,
    event_action: z.enum(['trigger', 'acknowledge', 'resolve']),
    dedup_key: text(0, 255).optional(),
    payload: Payload.optional(),
    images: z
      .array(
        z.strictObject({
          src: z.url({ protocol: /^https$/ }),
          href: webUrl.optional(),
          alt: text(0, 1024).optional(),
        }),
      )
      .optional(),
    links: Links,
    client: text(1, 1024).optional(),
    client_url: webUrl.optional(),
  })
  .refine((event) => event.event_action !== 'trigger' || event.payload, {
    path: ['payload'],
    error: 'is required',
  })
  .refine((event) => event.event_action === 'trigger' || event.dedup_key, {
    path: ['dedup_key'],
    error: 'is required',
  });

export type PagerDutyEvent = z.output<typeof Event>;

/** One alert, from the trigger that opened it to the resolve that closed it. */
export interface Alert {
  readonly routingKey: string;
  readonly dedupKey: string;
  readonly openedAt: number;
  acknowledgedAt?: number;
  resolvedAt?: number;
}

/** An event that was accepted, and what it did: `merged` is a trigger of an open alert; `dropped` did nothing. */
export interface AcceptedEvent {
  readonly at: number;
  readonly event: PagerDutyEvent;
  readonly bytes: string;
  readonly effect: 'opened' | 'merged' | 'acknowledged' | 'resolved' | 'dropped';
  readonly alert: Alert | undefined;
}

export interface RefusedEvent {
  readonly at: number;
  readonly status: number;
  readonly errors: readonly string[];
}

/**
 * What PagerDuty knows: every event it accepted, the alerts they made, and what it refused. Pure: a
 * simulator calls `accept` directly, the server of this file calls it for each request.
 */
export class PagerDutyLedger {
  readonly accepted: AcceptedEvent[] = [];
  /** What was told of changes: they make no alert. */
  readonly changes: z.output<typeof ChangeEvent>[] = [];
  readonly refused: RefusedEvent[] = [];
  readonly alerts: Alert[] = [];
  readonly #open = new Map<string, Alert>();
  readonly #calls = new Map<string, number[]>();
  readonly #perMinute: number;
  #generated = 0;

  /** `perMinute`: calls per routing key in any 60 s (PagerDuty: about 120); default: no limit. */
  constructor(options: { readonly perMinute?: number } = {}) {
    this.#perMinute = options.perMinute ?? Number.POSITIVE_INFINITY;
  }

  get open(): readonly Alert[] {
    return [...this.#open.values()];
  }

  /** The actions accepted for a dedup key, in order: `['trigger', 'trigger', 'resolve']`. */
  actions(dedupKey: string): string[] {
    return this.accepted
      .filter(({ event }) => event.dedup_key === dedupKey)
      .map(({ event }) => event.event_action);
  }

  /** How many events had each effect, how many were refused, how many alerts there are. */
  get totals(): Readonly<Record<AcceptedEvent['effect'] | 'refused' | 'alerts', number>> {
    const totals = { opened: 0, merged: 0, acknowledged: 0, resolved: 0, dropped: 0 };
    for (const { effect } of this.accepted) totals[effect] += 1;
    return { ...totals, refused: this.refused.length, alerts: this.alerts.length };
  }

  accept(candidate: unknown, now: number, bytes = JSON.stringify(candidate)): Answer {
    if (Buffer.byteLength(bytes) > MAX_BYTES)
      return this.refuse(now, 413, ['the event is larger than 512 KB']);
    const parsed = Event.safeParse(candidate);
    if (!parsed.success) return this.refuse(now, 400, parsed.error.issues.map(inWords));
    if (!this.#pace(parsed.data.routing_key, now)) return this.refuse(now, 429, ['Request Limit Exceeded']);
    const event = { ...parsed.data, dedup_key: parsed.data.dedup_key || `generated-${++this.#generated}` };
    this.accepted.push({ at: now, event, bytes, ...this.#apply(event, now) });
    return json(202, { status: 'success', message: 'Event processed', dedup_key: event.dedup_key });
  }

  keepChange(candidate: unknown, now: number): Answer {
    const parsed = ChangeEvent.safeParse(candidate);
    if (!parsed.success) return this.refuse(now, 400, parsed.error.issues.map(inWords));
    if (!this.#pace(parsed.data.routing_key, now)) return this.refuse(now, 429, ['Request Limit Exceeded']);
    this.changes.push(parsed.data);
    return json(202, { status: 'success', message: 'Change event processed' });
  }

  refuse(at: number, status: number, errors: readonly string[]): Answer {
    this.refused.push({ at, status, errors });
    return json(status, { status: 'invalid event', message: 'Event object is invalid', errors });
  }

  #pace(routingKey: string, now: number): boolean {
    const calls = (this.#calls.get(routingKey) ?? []).filter((at) => at > now - 60_000);
    const allowed = calls.length < this.#perMinute;
    this.#calls.set(routingKey, allowed ? [...calls, now] : calls);
    return allowed;
  }

  /** An event applies to the open alert of its dedup key *and* routing key; without one only a trigger does anything. */
  #apply(
    event: PagerDutyEvent & { dedup_key: string },
    now: number,
  ): Pick<AcceptedEvent, 'effect' | 'alert'> {
    const { routing_key: routingKey, dedup_key: dedupKey, event_action: action } = event;
    const key = JSON.stringify([routingKey, dedupKey]);
    const alert = this.#open.get(key);
    if (action === 'trigger' && alert) return { effect: 'merged', alert };
    if (action === 'trigger') {
      const opened: Alert = { routingKey, dedupKey, openedAt: now };
      this.alerts.push(opened);
      this.#open.set(key, opened);
      return { effect: 'opened', alert: opened };
    }
    if (!alert) return { effect: 'dropped', alert };
    if (action === 'acknowledge') {
      alert.acknowledgedAt ??= now;
      return { effect: 'acknowledged', alert };
    }
    alert.resolvedAt = now;
    this.#open.delete(key);
    return { effect: 'resolved', alert };
  }
}

/** PagerDuty on loopback: `receiver.endpoint` is its `url`. */
export class PagerDuty extends StandIn {
  readonly ledger: PagerDutyLedger;

  constructor(clock: Clock, options?: ConstructorParameters<typeof PagerDutyLedger>[0]) {
    const ledger = new PagerDutyLedger(options);
    super(clock, (request) => enqueue(ledger, request));
    this.ledger = ledger;
  }

  static async start(
    clock: Clock,
    options?: ConstructorParameters<typeof PagerDutyLedger>[0],
  ): Promise<PagerDuty> {
    const pagerDuty = new PagerDuty(clock, options);
    await pagerDuty.back();
    return pagerDuty;
  }
}

function enqueue(ledger: PagerDutyLedger, { at, method, path, headers, bytes }: Received): Answer {
  const refuse = (status: number, error: string) => ledger.refuse(at, status, [error]);
  if (path !== '/v2/enqueue' && path !== '/v2/change/enqueue') return refuse(404, `no such path: ${path}`);
  if (method !== 'POST') return refuse(405, `method ${method}`);
  if (!/^application\/json(; *charset=utf-8)?$/i.test(headers['content-type'] ?? ''))
    return refuse(415, 'not JSON');
  if (bytes.length > MAX_BYTES) return refuse(413, 'the event is larger than 512 KB');
  try {
    const decoded = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    const event: unknown = JSON.parse(decoded);
    return path === '/v2/enqueue' ? ledger.accept(event, at, decoded) : ledger.keepChange(event, at);
  } catch {
    return refuse(400, 'not JSON in UTF-8');
  }
}

const inWords = (issue: { readonly path: PropertyKey[]; readonly message: string }): string =>
  `${issue.path.map(String).join('.')}: ${issue.message}`;

/** In every text of a value, the names of its fields included. */
function isWellFormed(value: unknown): boolean {
  if (typeof value === 'string') return value.isWellFormed();
  if (typeof value !== 'object' || value === null) return true;
  return Object.entries(value).every(([name, field]) => name.isWellFormed() && isWellFormed(field));
}

const json = (status: number, body: unknown): Answer => ({ status, body: JSON.stringify(body) });
