import type { z as Zod } from 'zod';
import type { Receiver } from '../config/compiled.ts';
import type { Fields } from '../config/fields.ts';
import type { Entry, Incident } from '../incident.ts';
import type { Net } from '../net/net.ts';
import type { Clock, SecretRef } from '../ports.ts';

/** What a receiver is told: an entry of an incident's timeline, in the words of the contract. */
export interface Notice {
  readonly id: string;
  readonly entry: Entry;
  readonly kind: 'page' | 'ticket' | 'update' | 'resolve' | 'drill';
  readonly incident: Incident;
  /** Where a person reads more: absolute URLs. */
  readonly links: {
    readonly runbook: string | undefined;
    readonly statusPage: string | undefined;
    /** Of AWS. */
    readonly console: string | undefined;
  };
}

/** Something that people did on purpose, such as a deployment: where they look first once something breaks. */
export interface Change {
  /** Epoch ms. */
  readonly at: number;
  /** One line: what was changed. */
  readonly summary: string;
  /** Where, or by what: a host, a repository, a pipeline. */
  readonly source: string;
  /** Absolute URLs at which a person reads more. */
  readonly links: readonly string[];
}

/**
 * What came of one attempt. A notifier classifies; only the pipeline (lib/deliver.ts) retries.
 * `uncertain`: it may have arrived all the same, since the answer was lost after the request went out.
 */
export type Outcome =
  | { readonly outcome: 'accepted' }
  | {
      readonly outcome: 'retry';
      readonly why: string;
      readonly retryAfterMs?: number;
      readonly uncertain: boolean;
    }
  /** `final`: this very request can never succeed; otherwise it may once somebody mends the key. */
  | { readonly outcome: 'refused'; readonly why: string; readonly final: boolean };

/** How e-mails are sent, where that can be done. */
export interface Mail {
  /** `subject`: ASCII, at most 100 characters. It ends within seconds. */
  send(mail: { readonly subject: string; readonly text: string }): Promise<Outcome>;
}

export interface SendContext {
  readonly net: Net;
  readonly clock: Clock;
  secret(ref: SecretRef): Promise<string>;
  readonly signal: AbortSignal;
  /** Monotonic ms at which the attempt must have ended. */
  readonly deadline: number;
  readonly mail?: Mail;
}

/** One kind of receiver: its config shape, what it wants to hear, how it is told. One file plus its test. */
export interface Notifier<T extends string = string, S extends Zod.ZodRawShape = Zod.ZodRawShape> {
  readonly type: T;
  readonly summary: string;
  readonly shape: (z: typeof Zod, fields: Fields) => S;
  /** Pages only, or tickets as well. PagerDuty calls humans: it gets pages only. */
  readonly hears: 'pages' | 'everything';
  /** Whether it is told when an open incident changes (other locations, another reason). */
  readonly updates: boolean;
  /** At most so many attempts in any minute, per receiver. */
  readonly perMinute: number;
  /** What names the receiver's lane: those with the same key share one pace. Hashed before it is stored. */
  readonly lane: (receiver: NotifierConfig<T, S>) => string;
  readonly send: (receiver: NotifierConfig<T, S>, notice: Notice, context: SendContext) => Promise<Outcome>;
  /** How it is told of changes, if it keeps them beside its incidents. */
  readonly change?: (
    receiver: NotifierConfig<T, S>,
    change: Change,
    context: SendContext,
  ) => Promise<Outcome>;
}

export type NotifierConfig<T extends string, S extends Zod.ZodRawShape> = Receiver & {
  readonly type: T;
} & Zod.output<Zod.ZodObject<S>>;

/** Declares a notifier; only its types do anything. */
export function defineNotifier<const T extends string, S extends Zod.ZodRawShape>(
  notifier: Notifier<T, S>,
): Notifier<T, S> {
  return notifier;
}
