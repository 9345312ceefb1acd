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

/** What a client of the AWS SDK is made with: the rest is the SDK's own business. */
export interface AwsClientConfig {
  readonly region?: string;
  readonly maxAttempts: number;
  readonly requestHandler: object;
}

/** The way to the APIs of AWS in one try. Nothing else makes a client. */
export interface AwsApi {
  /** A client, ended with the try. `region`: without it, the one where we run. */
  client<C extends { destroy(): void }>(Client: new (config: AwsClientConfig) => C, region?: string): C;
  /**
   * One request, or one page of a listing. `action` is the IAM action that it needs, which the fault names if it is
   * denied. Throws a `Fault` that is `unknown`: denied, throttled, not reached. Errors whose names are in `data` are an
   * answer: undefined.
   */
  call<T>(
    action: string,
    request: (options: { readonly abortSignal: AbortSignal }) => Promise<T>,
  ): Promise<T>;
  call<T>(
    action: string,
    request: (options: { readonly abortSignal: AbortSignal }) => Promise<T>,
    data: readonly string[],
  ): Promise<T | undefined>;
}

/** One call of a heartbeat. */
export interface Beaten {
  /** When it came, by our clock, epoch ms. */
  readonly at: number;
  readonly ok: boolean;
  /** How long the job took, as it says itself, ms. */
  readonly tookMs?: number;
  readonly message?: string;
}

/** What is known of a heartbeat. */
export interface Heard {
  /** When it was first waited for, epoch ms. */
  readonly since: number;
  /** Since when every call was heard and had to come as soon as now, epoch ms: a silence from before proves nothing. */
  readonly listening: number;
  readonly last?: Beaten;
}

/** What a probe of the account may use besides. */
export interface AccountContext extends ProbeContext {
  readonly aws: AwsApi;
  /** What is known of a heartbeat, by the id of its check. With the longest silence that is allowed, ms, it is waited for. */
  heard(id: string, patience?: number): Promise<Heard>;
}

/** An IAM permission that one check needs when it runs on AWS. */
export interface Permission {
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  /** Under which alone it is wanted: operator, key, values. */
  readonly condition?: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;
}

/** Where a check runs on AWS: what the ARNs of its permissions are made of. */
export interface PermissionPlace {
  readonly account: string;
  readonly region: string;
}

/**
 * One type of check: its config shape, what one try does, what it may need. The registry
 * (lib/probes/index.ts), the config union, the JSON Schema, the docs and the IAM policies derive from it.
 */
export interface Probe<
  T extends string = string,
  S extends Zod.ZodRawShape = Zod.ZodRawShape,
  C extends ProbeContext = ProbeContext,
> {
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
  readonly defaults?: {
    readonly every?: string;
    readonly timeout?: string;
    readonly severity?: 'page' | 'ticket';
  };
  /** Whether it knows of something that runs out: `watchbill expiries` asks it. */
  readonly knowsExpiries?: true;
  /** It is looked at so often, ms, whatever "every" says, which is then `period` of the check: how often it should report. */
  readonly looksEvery?: number;
  /** What the titles of incidents say of a check; without it, "is down" and "is degraded". */
  readonly says?: { readonly down: string; readonly degraded: string };
  /** The id of the heartbeat that it asks for, if it does. */
  readonly hears?: (check: ProbeCheck<T, S>) => string | undefined;
  /** Why a check can't run on AWS, if it can't: it needs this machine. */
  readonly onlyHere?: (check: ProbeCheck<T, S>) => string | undefined;
  /** What is watched, in a few words, for people: `GET https://…`, without a secret. */
  readonly target: (check: ProbeCheck<T, S>) => string;
  /** One try, on new connections. A target that fails is a finding; only a fault of our own may throw. */
  readonly run: (check: ProbeCheck<T, S>, context: C) => Promise<Finding>;
  readonly permissions?: (check: ProbeCheck<T, S>, place: PermissionPlace) => readonly Permission[];
}

/** A check as a probe gets it: the common fields and its own, compiled, with every default in place. */
export type ProbeCheck<T extends string, S extends Zod.ZodRawShape> = Check & {
  readonly type: T;
} & Zod.output<Zod.ZodObject<S>>;

/** Declares a probe that runs at every location; only its types do anything. */
export function defineProbe<const T extends string, S extends Zod.ZodRawShape>(
  probe: Probe<T, S>,
): Probe<T, S> {
  return probe;
}

/** Declares a probe that looks at the account: it runs in one place, whatever the locations are. */
export function defineAccountProbe<const T extends string, S extends Zod.ZodRawShape>(
  probe: Probe<T, S, AccountContext>,
): Probe<T, S, AccountContext> {
  return probe;
}
