import type { Writable } from 'node:stream';
import type { Clock } from '../../ports.ts';

export const NAMESPACE = 'Watchbill';

/**
 * The platform's own metrics, and the statistic of a minute that says something. Each costs $0.30 a month for every
 * region and every value of a dimension in which it is written (us-east-1; the first ten of an account are free), "prorated
 * by the hour and metered only when you send metrics": https://aws.amazon.com/cloudwatch/pricing/. So they have no
 * dimension, only home writes them, which learns all of it from the ticks, and a 0 that says that all is well is not
 * written. How often each location looked is asked of its function's Invocations, and how long a tick has waited, of its
 * queue: both cost nothing.
 */
export const METRICS = {
  /** How long after the beat its tick was there, at the worst: there is one as long as ticks come. */
  BeatLateness: { unit: 'Milliseconds', statistic: 'Maximum', isSteady: true },
  /** Readings that were `down` or `degraded`. */
  ReadingsNotUp: { unit: 'Count', statistic: 'Sum', isSteady: false },
  /** Readings that were `unknown`. */
  ReadingsUnknown: { unit: 'Count', statistic: 'Sum', isSteady: false },
  /** How long the message has waited that nobody has accepted yet and that waits longest. */
  DeliveryLag: { unit: 'Milliseconds', statistic: 'Maximum', isSteady: false },
} as const;

export type MetricName = keyof typeof METRICS;
export type MetricValues = { readonly [name in MetricName]?: number };

const NAMES = Object.keys(METRICS) as MetricName[];

/** How many are written when all is well, and how many at the most. */
export const METRICS_WRITTEN = {
  fair: NAMES.filter((name) => METRICS[name].isSteady).length,
  worst: NAMES.length,
} as const;

/**
 * One line of JSON of which CloudWatch Logs makes metrics, or none where there is no value. Throws `RangeError` on what
 * is no number: CloudWatch would pass over the whole line.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */
export function metricsLine(values: MetricValues, now: number): string | undefined {
  const names = NAMES.filter((name) => isWritten(name, values[name]));
  if (names.length === 0) return undefined;
  const metrics = names.map((name) => ({ Name: name, Unit: METRICS[name].unit }));
  return JSON.stringify({
    _aws: {
      Timestamp: Math.trunc(now),
      CloudWatchMetrics: [{ Namespace: NAMESPACE, Dimensions: [[]], Metrics: metrics }],
    },
    ...Object.fromEntries(names.map((name) => [name, values[name]])),
  });
}

function isWritten(name: MetricName, value: number | undefined): boolean {
  if (value === undefined) return false;
  if (!Number.isFinite(value)) throw new RangeError(`${name} is ${value}`);
  return METRICS[name].isSteady || value !== 0;
}

/** Writes them to the output of a Lambda. */
export const metricsTo =
  (out: Writable, clock: Clock) =>
  (values: MetricValues): void => {
    const line = metricsLine(values, clock.now());
    if (line !== undefined) out.write(`${line}\n`);
  };
