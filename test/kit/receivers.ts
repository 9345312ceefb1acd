import type { Receiver } from '../../lib/config/compiled.ts';
import type { Sender } from '../../lib/deliver.ts';
import type { Notice, Outcome, SendContext } from '../../lib/notifiers/define.ts';
import { notifierOf } from '../../lib/notifiers/index.ts';
import { toEvent } from '../../lib/notifiers/pagerduty.ts';
import { judge } from '../../lib/notifiers/post.ts';
import { toMessage } from '../../lib/notifiers/webhook.ts';
import { type Clock, SecretError, sleep } from '../../lib/ports.ts';
import { pagerDutyAt, SECRETS, webhookAt } from './notice.ts';
import { PagerDutyLedger } from './pagerduty.ts';

/**
 * How a receiver behaves: it answers, or with another status (and how long to wait), is out of reach, says
 * nothing, or takes the request and loses the answer.
 */
export type Mode =
  | 'up'
  | 'unreachable'
  | 'hang'
  | 'loses the answer'
  | number
  | { readonly status: number; readonly retryAfter: string };

export interface Attempt {
  readonly at: number;
  readonly name: string;
  readonly notice: Notice;
}

/** What the webhook took. */
export interface Message {
  readonly at: number;
  readonly message: ReturnType<typeof toMessage>;
}

const SEND_MS = 100;
/** Nobody waits so long. */
const HANG_MS = 3_600_000;

export const PAGERDUTY = pagerDutyAt('https://events.pagerduty.test');
export const WEBHOOK = webhookAt('https://hook.acme.test/');

/**
 * PagerDuty and a webhook without their sockets: the notifiers' own bodies, lanes, pace and understanding of
 * answers; a model in place of the way, and an exact ledger at its end.
 */
export class Receivers {
  readonly ledger = new PagerDutyLedger({ perMinute: 120 });
  readonly messages: Message[] = [];
  readonly attempts: Attempt[] = [];
  /** Of each receiver, by its name. */
  modes: Record<string, Mode | ((notice: Notice) => Mode)> = {};
  /** What there is of secrets, by name. */
  secrets: Readonly<Record<string, string | undefined>> = SECRETS;
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** What PagerDuty accepted, in order: `trigger api`, `resolve api`. */
  get told(): string[] {
    return this.ledger.accepted.map(
      ({ event }) => `${event.event_action} ${event.payload?.component ?? event.payload?.class}`,
    );
  }

  /** What the webhook took, in order: `page api`, `update api`, `resolve api`. */
  get heard(): string[] {
    return this.messages.map(
      ({ message }) => `${message.kind} ${message.incident.check?.id ?? message.incident.class}`,
    );
  }

  readonly secret = async ({ secret }: { readonly secret: string }): Promise<string> =>
    this.secrets[secret] ?? Promise.reject(new SecretError(`no secret "${secret}"`));

  readonly sender = (type: string): Sender => {
    const { perMinute, lane } = notifierOf(type);
    return {
      perMinute,
      lane: lane as Sender['lane'],
      send: (receiver, notice, context) => this.#send(receiver, notice, context),
    };
  };

  async #send(receiver: Receiver, notice: Notice, { signal, secret }: SendContext): Promise<Outcome> {
    const key = await secret((receiver.routingKey ?? receiver.signingKey) as { secret: string });
    this.attempts.push({ at: this.#clock.now(), name: receiver.name, notice });
    await sleep(this.#clock, SEND_MS, signal);
    const set = this.modes[receiver.name] ?? 'up';
    const mode = typeof set === 'function' ? set(notice) : set;
    if (mode === 'unreachable')
      return { outcome: 'retry', why: 'The connection was refused.', uncertain: false };
    if (mode === 'hang') await sleep(this.#clock, HANG_MS, signal);
    if (mode === 'hang') return { outcome: 'retry', why: 'No answer came in time.', uncertain: true };
    if (typeof mode === 'number') return this.#answer(mode);
    if (typeof mode === 'object') return this.#answer(mode.status, { 'retry-after': mode.retryAfter });
    const status = receiver.type === 'pagerduty' ? this.#enqueue(notice, key) : this.#post(notice);
    if (mode === 'up') return this.#answer(status);
    return { outcome: 'retry', why: 'The connection was reset.', uncertain: true };
  }

  #answer(status: number, headers: Record<string, string> = {}): Outcome {
    return judge({ status, headers, body: Buffer.alloc(0) }, this.#clock.now());
  }

  #enqueue(notice: Notice, key: string): number {
    const bytes = JSON.stringify(toEvent(notice, key));
    return this.ledger.accept(JSON.parse(bytes), this.#clock.now(), bytes).status;
  }

  #post(notice: Notice): number {
    this.messages.push({ at: this.#clock.now(), message: toMessage(notice) });
    return 204;
  }
}
