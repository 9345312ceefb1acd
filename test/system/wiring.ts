import type { Statement } from './policies.ts';

/**
 * What an account holds, as stacks say it: functions, queues, and what calls which function. Durations are seconds,
 * as in a template.
 */
export interface FunctionSpec {
  readonly name: string;
  readonly region: string;
  /** MB. */
  readonly memory: number;
  readonly timeout: number;
  /** How many containers it has: the calls go to each in turn. */
  readonly containers: number;
  /** The folder of its bundle. */
  readonly code: string;
  readonly env: Readonly<Record<string, string>>;
  /** What its role allows. */
  readonly policy: readonly Statement[];
}

export interface QueueSpec {
  readonly name: string;
  readonly region: string;
  readonly visibility: number;
  readonly retention: number;
  /** After so many receives a message goes to the dead letters; absent: there are none. */
  readonly redrive?: { readonly to: string; readonly after: number };
}

/** A queue whose messages a function gets. */
export interface MappingSpec {
  readonly queue: string;
  readonly region: string;
  readonly function: string;
  readonly batch: number;
  /** Whether it may say which of a batch have failed (ReportBatchItemFailures). */
  readonly inPart: boolean;
}

/** A schedule: each minute, no retries. */
export interface ScheduleSpec {
  readonly region: string;
  readonly function: string;
  /** JSON, in which <aws.scheduler.scheduled-time> is replaced. */
  readonly input: string;
  /** The queue that gets the events which failed. */
  readonly failed?: string | undefined;
}

export interface Wiring {
  readonly functions: readonly FunctionSpec[];
  readonly queues: readonly QueueSpec[];
  readonly mappings: readonly MappingSpec[];
  readonly schedules: readonly ScheduleSpec[];
}
