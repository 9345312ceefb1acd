import type { Reason } from './reasons.ts';

/** What a run of a check found. `unknown`: we could not tell, and the fault is ours. */
export type Status = 'up' | 'degraded' | 'down' | 'unknown';

/** Worst first. `unknown` is beside the scale, but sorts between down and degraded. */
export const STATUSES: readonly Status[] = ['down', 'unknown', 'degraded', 'up'];

/** Milliseconds spent in each phase of the try that decided; they add up to the latency. */
export interface Phases {
  readonly dns?: number;
  readonly connect?: number;
  readonly tls?: number;
  readonly firstByte?: number;
  readonly body?: number;
}

export type FactValue =
  | string
  | number
  | boolean
  | null
  | readonly FactValue[]
  | { readonly [k: string]: FactValue };

/** Things worth knowing that aren't faults (`httpStatus`, `protocol`, `expiresAt` …), small and never secret. */
export type Facts = Readonly<Record<string, FactValue>>;

/** Something that runs out: a certificate, a token; or, by its policy, a key or a backup. */
export interface Due {
  /** What it is, for people, never secret: `key AKIA…WXYZ of alice`. */
  readonly what: string;
  /** Since when it is, epoch ms, if that is known. */
  readonly since?: number;
  /** When it runs out, epoch ms. */
  readonly at: number;
  /** What runs out then: `expires`, or the policy: `is 90 d old`. */
  readonly why: string;
}

/** What one try found: the outcome of `Probe.run`. */
export interface Finding {
  readonly status: Status;
  /** Reason codes, worst first; empty when there is nothing to say. */
  readonly reasons: readonly Reason[];
  /** One sentence for a person, without secrets, ≤ 500 characters; empty when there is nothing to say. */
  readonly message: string;
  /** From the start of the try to its decision, ms. */
  readonly latencyMs: number;
  readonly phases: Phases;
  readonly facts: Facts;
  /** Whatever it knows to run out, for `watchbill expiries`; it is not kept. */
  readonly dues?: readonly Due[];
}

/** What one run of a check found, its tries included. */
export interface Reading extends Finding {
  /** The check's id. */
  readonly check: string;
  /** When the run was due to start: its beat plus its offset in the beat, epoch ms. Never the arrival. */
  readonly at: number;
  /** How many tries it took, at least 1. */
  readonly tries: number;
}

/**
 * Why a tick's beat ran: on schedule, or asked for by home (`confirm…`: an early tick; `renew…`: each minute). Asks
 * for different checks have different names, so that two of the same millisecond give two ticks.
 */
export type Cause = 'schedule' | `confirm${string}` | `renew${string}`;

/** The location of checks that look at the account on AWS: one place, at home, whatever the regions are. */
export const ACCOUNT = 'account';

/** The readings that one location sends home for one beat, or a part of them. */
export interface Tick {
  readonly location: string;
  readonly shard: string;
  /** The beat's start, epoch ms. */
  readonly beat: number;
  readonly cause: Cause;
  /** 0, 1, 2 … within the beat. */
  readonly part: number;
  readonly readings: readonly Reading[];
  /** Beats of checks that this location had to skip since its last tick (overload, a frozen process), or began and cut off. */
  readonly skipped: number;
}

/** A first try has failed: sent home at once, so that others may look. It asks; it is never merged. */
export interface EarlyTick {
  readonly location: string;
  /** When the first try failed, epoch ms. */
  readonly at: number;
  readonly checks: readonly string[];
}

/** Home asks locations to run checks now, besides their schedule. */
export interface Ask {
  readonly location: string;
  readonly cause: Exclude<Cause, 'schedule'>;
  readonly at: number;
  readonly checks: readonly string[];
}

/** Whether a reading counts as passed. */
export const passed = (status: Status): boolean => status === 'up' || status === 'degraded';
