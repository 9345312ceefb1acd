import type { Budget, Severity } from './config/compiled.ts';
import type { Clock } from './ports.ts';
import type { AwsApi, Permission } from './probes/define.ts';
import type { Facts } from './reading.ts';
import type { Reason } from './reasons.ts';

/** A message about something that happened elsewhere, as it came: by SNS, or by EventBridge through it. */
export interface Letter {
  /** The message's own id: the same one may come more than once. */
  readonly id: string;
  /** When it was published, epoch ms. */
  readonly at: number;
  /** ARN of the topic it came by. */
  readonly topic?: string;
  readonly subject?: string;
  readonly text: string;
}

/** A verdict that someone else reached. */
export interface Signal {
  /** Which format it came in: the name of its file in lib/signals/. */
  readonly source: string;
  /** What it is about, unique within its source: the ARN of an alarm, a budget with threshold and period. */
  readonly about: string;
  /** The same for people, and for the routes of a config. */
  readonly name: string;
  /** When it came to be so, epoch ms, as whoever reached it says: the newest counts, whatever comes last. */
  readonly at: number;
  /** `unknown`: who watches can't tell. That ends nothing, and begins nothing. */
  readonly state: 'alarm' | 'ok' | 'unknown';
  /** By good practice, before routes: `none` is told to nobody. */
  readonly severity: Severity | 'none';
  readonly reason: Reason;
  /** One line: what is wrong. */
  readonly title: string;
  /** Why, in a sentence or two, without secrets, ≤ 500 characters. */
  readonly message: string;
  readonly facts: Facts;
  /** Where a person looks first: absolute, or a path below the status page. */
  readonly runbook: string;
  /** It is over then, epoch ms, unless it is heard of again: what nobody ever takes back. */
  readonly until?: number;
}

/** One foreign format: one file plus its test. */
export interface SignalFormat {
  readonly source: string;
  /** One line for the docs. */
  readonly summary: string;
  /** What a letter says, if it is of this format: `json` is its text, if that is JSON. */
  readonly read: (letter: Letter, json: unknown) => Signal | undefined;
  /** How whoever told of it is asked how it stands now: a message may be lost. */
  readonly inquiry?: Inquiry;
}

/** Asks in a while, besides listening. */
export interface Inquiry {
  readonly everyMinutes: number;
  /** What it takes in an account. */
  readonly permissions: (account: string) => readonly Permission[];
  /**
   * How things stand now: of `known` those that it can tell of, and others that should have been told here. One answer for
   * each place that is asked; one that can't be asked rejects with a `Fault`.
   */
  readonly ask: (known: readonly Signal[], asking: Asking) => Promise<readonly Signal[]>[];
}

/** What asking takes. */
export interface Asking {
  readonly aws: AwsApi;
  readonly clock: Clock;
  /** Number of the account whose credentials we have. */
  readonly account: string;
  /** ARNs of the topics by which things are told here. */
  readonly topics: readonly string[];
  /** Those of the config. */
  readonly budgets: readonly Budget[];
}
