import type { z as Zod } from 'zod';
import type { Check } from '../config/compiled.ts';
import type { Fields } from '../config/fields.ts';
import type { Net } from '../net/net.ts';
import type { Clock, SecretRef } from '../ports.ts';
import type { Finding } from '../reading.ts';

/** What a probe may use in one try. There is no other way to the network, the time or a secret. */
export interface ProbeContext {
  readonly net: Net;
  readonly clock: Clock;
  /** The value of a secret; throws `SecretError`, which makes the reading `unknown` `misconfigured`. */
  secret(ref: SecretRef): Promise<string>;
  /** Aborted when the try must end: the time-out of the check has passed, or the process stops. */
  readonly signal: AbortSignal;
  /** Monotonic ms (of `clock`) at which the try must have ended. */
  readonly deadline: number;
}

/** An IAM permission that one check needs when it runs on AWS. */
export interface Permission {
  readonly actions: readonly string[];
  readonly resources: readonly string[];
}

/**
 * One type of check: its config shape, what one try does, what it may need. The registry
 * (lib/probes/index.ts), the config union, the JSON Schema, the docs and the IAM policies derive from it.
 */
export interface Probe<T extends string = string, S extends Zod.ZodRawShape = Zod.ZodRawShape> {
  readonly type: T;
  /** One line for the docs: what a check of this type watches. */
  readonly summary: string;
  /**
   * The fields of the type's own, besides those that every check has. It is handed zod and the shared
   * fields, so that a probe itself carries no schema library (Lambda bundles don't).
   */
  readonly shape: (z: typeof Zod, fields: Fields) => S;
  /** Faults that only a look across the fields shows; each one line, with the field's name. */
  readonly refine?: (
    check: Zod.output<Zod.ZodObject<S>>,
  ) => { readonly path: readonly (string | number)[]; readonly message: string }[];
  /** Defaults of the common fields that differ for this type. */
  readonly defaults?: { readonly every?: string; readonly severity?: 'page' | 'ticket' };
  /** What is watched, in a few words, for people: `GET https://…`, without a secret. */
  readonly target: (check: ProbeCheck<T, S>) => string;
  /** One try, on new connections. A target that fails is a finding; only a fault of our own may throw. */
  readonly run: (check: ProbeCheck<T, S>, context: ProbeContext) => Promise<Finding>;
  readonly permissions?: (check: ProbeCheck<T, S>) => readonly Permission[];
}

/** A check as a probe gets it: the common fields and its own, compiled, with every default in place. */
export type ProbeCheck<T extends string, S extends Zod.ZodRawShape> = Check & {
  readonly type: T;
} & Zod.output<Zod.ZodObject<S>>;

/** Declares a probe; only its types do anything. */
export function defineProbe<const T extends string, S extends Zod.ZodRawShape>(
  probe: Probe<T, S>,
): Probe<T, S> {
  return probe;
}
