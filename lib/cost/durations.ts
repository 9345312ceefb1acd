import type { Check, Judge } from '../config/compiled.ts';
import { alertRegions, FUNCTIONS, type FunctionName, PROBES_AT_ONCE } from '../deployment.ts';
import { INQUIRE_MINUTES } from '../inquire.ts';
import { retryStarts } from '../schedule.ts';
import { APART_MS } from '../watch.ts';
import type { Fleet, Runs } from './fleet.ts';

/**
 * How long each function runs: what it computes, at its share of a CPU, and what it waits for. A vCPU of Lambda is taken
 * to be as fast as the core on which the figures were measured.
 */

/** MB of memory for which Lambda gives one vCPU: https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html */
const MB_OF_A_CPU = 1_769;

/** What a probe of the dearest kind, https, computes: "Probes" in docs/performance.md. */
const CHECK_CPU_MS = 1;
/** One request with a client of the AWS SDK, once it is warm. */
const CALL_CPU_MS = 1;
/** Handling an event at all. */
const EVENT_CPU_MS = 2;
/**
 * `decide`: for each reading of a tick; and each minute for each check: verdict, roll-up, snapshot. `node bench/cost.ts
 * --cpu`, and 0.001 ms of each for deflating what is stored.
 */
const READING_CPU_MS = 0.016;
const MINUTE_CPU_MS = 0.12;
/** `show`: for each check on the page. */
const SHOWN_CPU_MS = 0.1;

/** Assumed: a target's whole answer, with name, connection and TLS. */
const LOOK_MS = 250;
/** Assumed: a request within a region; and one to another, with a new connection. */
const NEAR_MS = 10;
const FAR_MS = 400;

/** An answer of DynamoDB; of S3. https://docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance.html */
const TABLE_MS = 5;
const BLOB_MS = 100;

/** GB-seconds of one run of a function that takes so long. */
export const gbSeconds = (name: FunctionName, ms: number): number =>
  (FUNCTIONS[name].memory / 1_024) * (ms / 1_000);

const computed = (name: FunctionName, cpuMs: number): number =>
  (cpuMs * MB_OF_A_CPU) / FUNCTIONS[name].memory;

/** One of these runs of `probe`. */
export function probeMs({ config, weather }: Fleet, { location, checks }: Runs): number {
  const sent =
    (location === config.aws.home ? NEAR_MS : FAR_MS) + computed('probe', EVENT_CPU_MS + CALL_CPU_MS);
  const seen = Math.max(checks * APART_MS, computed('probe', checks * CHECK_CPU_MS)) + LOOK_MS;
  return sent + (weather === 'fair' ? seen : worstRunMs(checks, config));
}

/** Assumed: a look at the account, with the client of the SDK that it loads, and some pages. */
const INSPECTION_MS = 1_500;

/** One of these runs of `inspect`. */
export function inspectMs({ config, weather }: Fleet, { checks }: Runs): number {
  const sent = NEAR_MS + computed('inspect', EVENT_CPU_MS + CALL_CPU_MS);
  if (weather === 'worst') return sent + worstRunMs(checks, config);
  return sent + (config.checks.some(({ period }) => period) ? TABLE_MS : 0) + checks * INSPECTION_MS;
}

/** Mostly it only sees that it isn't time; every five minutes it reads what is known and asks each region. */
export const intakeMs = ({ config }: Fleet): number =>
  computed('intake', EVENT_CPU_MS + (alertRegions(config.aws).length * CALL_CPU_MS) / INQUIRE_MINUTES) +
  (TABLE_MS + FAR_MS) / INQUIRE_MINUTES;

/** Takes a call: a read, a write. */
export const hearMs = (): number => 2 * TABLE_MS + computed('hear', EVENT_CPU_MS + 2 * CALL_CPU_MS);

/** Every try takes all of its time, and only so many run at once. */
function worstRunMs(checks: number, { judge, checks: all }: Fleet['config']): number {
  const run = Math.max(0, ...all.map((check) => longestRunMs(check, judge)));
  return Math.min(Math.ceil(checks / PROBES_AT_ONCE) * run, FUNCTIONS.probe.timeout * 1_000);
}

/** A retry starts at its time after the first failure, or when the try before it ends. */
export const longestRunMs = ({ timeout }: Pick<Check, 'timeout'>, judge: Judge): number =>
  retryStarts(judge).reduce((end, start) => Math.max(end, timeout + start) + timeout, timeout);

/** Posts the next minute's beats, and looks into the buffer. */
export const beatMs = (): number => 2 * NEAR_MS + computed('beat', EVENT_CPU_MS + 2 * CALL_CPU_MS);

/** Takes in a tick: two writes, and the shard at each location is read. */
export function tickMs({ config, weather }: Fleet, { checks, shards }: Runs): number {
  if (weather === 'worst') return WORST_DECIDE_MS;
  const calls = shards.length * (2 + config.locations.length);
  return calls * TABLE_MS + computed('decide', EVENT_CPU_MS + calls * CALL_CPU_MS + checks * READING_CPU_MS);
}

/** Assumed: items of up to 390 KB are read, changed and written. */
export const WORST_DECIDE_MS = 2_000;

/** The clock pass, with the snapshot written to S3. */
export function clockMs({ config, shards }: Fleet): number {
  const calls = 10 + shards.length * (config.locations.length + 2);
  const cpu = EVENT_CPU_MS + calls * CALL_CPU_MS + config.checks.length * MINUTE_CPU_MS;
  return BLOB_MS + calls * TABLE_MS + computed('decide', cpu);
}

/** A pass of `deliver`; at the worst they follow each other without end. */
export const deliverMs = ({ weather }: Fleet): number =>
  weather === 'fair' ? 3 * TABLE_MS + computed('deliver', EVENT_CPU_MS + 3 * CALL_CPU_MS) : 60_000;

/** Reads two items of home. */
export const watchdogMs = ({ config }: Fleet): number =>
  (config.locations.length > 1 ? FAR_MS : NEAR_MS) + computed('watchdog', EVENT_CPU_MS + 2 * CALL_CPU_MS);

/** Makes the page from the snapshot. */
export const showMs = ({ config }: Fleet): number =>
  BLOB_MS + computed('show', EVENT_CPU_MS + CALL_CPU_MS + config.checks.length * SHOWN_CPU_MS);
