import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../../lib/ports.ts';
import { type Answer, type Received, StandIn } from './stand-in.ts';

/** How far a timestamp may be from now, s: what the reference libraries of Standard Webhooks allow. */
const TOLERANCE_S = 300;

/** A message whose signature was right. */
export interface AcceptedMessage {
  readonly at: number;
  readonly id: string;
  readonly body: unknown;
  readonly bytes: string;
  /** It has the id of an earlier one: a receiver ignores it. */
  readonly repeated: boolean;
}

/**
 * What the receiver of a signed webhook knows, by https://www.standardwebhooks.com (1.0.0): symmetric
 * signatures, `whsec_` keys in base64, other keys as they are.
 */
export class WebhookLedger {
  readonly accepted: AcceptedMessage[] = [];
  readonly refused: { readonly at: number; readonly status: number; readonly error: string }[] = [];
  readonly #key: Buffer;

  constructor(signingKey: string) {
    this.#key = signingKey.startsWith('whsec_')
      ? Buffer.from(signingKey.slice('whsec_'.length), 'base64')
      : Buffer.from(signingKey);
  }

  /** Messages once per id, in the order of their first arrival. */
  get messages(): readonly AcceptedMessage[] {
    return this.accepted.filter((message) => !message.repeated);
  }

  accept(
    headers: Readonly<Record<string, string | string[] | undefined>>,
    bytes: string,
    now: number,
  ): Answer {
    const error = this.#wrong(headers, bytes, now);
    if (error) return this.refuse(now, 401, error);
    const id = String(headers['webhook-id']);
    const body = parse(bytes);
    if (body === undefined) return this.refuse(now, 400, 'not JSON');
    if ((body as { id?: unknown }).id !== id)
      return this.refuse(now, 400, 'the id of the body is not that of the header');
    this.accepted.push({
      at: now,
      id,
      body,
      bytes,
      repeated: this.accepted.some((other) => other.id === id),
    });
    return { status: 204, body: '' };
  }

  refuse(at: number, status: number, error: string): Answer {
    this.refused.push({ at, status, error });
    return { status, body: JSON.stringify({ error }) };
  }

  #wrong(
    headers: Readonly<Record<string, string | string[] | undefined>>,
    bytes: string,
    now: number,
  ): string | undefined {
    const { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures } = headers;
    if (typeof id !== 'string' || !/^[\w-]{1,256}$/.test(id)) return 'webhook-id';
    if (typeof timestamp !== 'string' || !/^\d{1,12}$/.test(timestamp)) return 'webhook-timestamp';
    if (Math.abs(now / 1000 - Number(timestamp)) > TOLERANCE_S)
      return 'webhook-timestamp is too old or too new';
    const right = createHmac('sha256', this.#key).update(`${id}.${timestamp}.${bytes}`).digest();
    const matches = String(signatures ?? '')
      .split(' ')
      .some(
        (signature) => signature.startsWith('v1,') && same(Buffer.from(signature.slice(3), 'base64'), right),
      );
    return matches ? undefined : 'webhook-signature';
  }
}

/** A webhook's receiver on loopback, at `/hook`. */
export class Webhook extends StandIn {
  readonly ledger: WebhookLedger;

  constructor(clock: Clock, signingKey: string) {
    const ledger = new WebhookLedger(signingKey);
    super(clock, (request) => receive(ledger, request));
    this.ledger = ledger;
  }

  static async start(clock: Clock, signingKey: string): Promise<Webhook> {
    const webhook = new Webhook(clock, signingKey);
    await webhook.back();
    return webhook;
  }

  override get url(): string {
    return `${super.url}/hook`;
  }
}

function receive(ledger: WebhookLedger, { at, method, path, headers, bytes }: Received): Answer {
  if (path !== '/hook') return ledger.refuse(at, 404, `no such path: ${path}`);
  if (method !== 'POST') return ledger.refuse(at, 405, `method ${method}`);
  if (headers['content-type'] !== 'application/json') return ledger.refuse(at, 415, 'not JSON');
  return ledger.accept(headers, bytes.toString(), at);
}

const same = (a: Buffer, b: Buffer): boolean => a.length === b.length && timingSafeEqual(a, b);

function parse(bytes: string): unknown {
  try {
    return JSON.parse(bytes);
  } catch {
    return undefined;
  }
}
