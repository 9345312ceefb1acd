import type { Writable } from 'node:stream';
import type { Clock } from '../../ports.ts';

export const NAMESPACE = 'Watchbill';

/**
 * The platform's own metrics, and the statistic of a minute that says something. Each costs $0.30 a month for every
 * region and every value of a dimension in which it is written (us-east-1; the first ten of an account are free:
 * https://aws.amazon.com/cloudwatch/pricing/). So they have no dimension, and only home writes them, which learns all
 * of it from the ticks: six metrics, whatever the number of locations and checks. Which location is silent is asked of
 * its function's Invocations, which AWS counts for nothing.
 */
export const METRICS = {
  /** Ticks that `decide` took in. */
  Beats: { unit: 'Count', statistic: 'Sum' },
  /** How long after the beat its tick was there, at the worst. */
  BeatLateness: { unit: 'Milliseconds', statistic: 'Maximum' },
  /** Readings in them that were `down` or `degraded`. */
  ReadingsNotUp: { unit: 'Count', statistic: 'Sum' },
  /** Readings in them that were `unknown`. */
  ReadingsUnknown: { unit: 'Count', statistic: 'Sum' },
  /** How long an entry waited until its receiver accepted it, at the worst. */
  DeliveryLag: { unit: 'Milliseconds', statistic: 'Maximum' },
  /** How long ago the oldest tick was sent that `decide` took in. */
  OldestTick: { unit: 'Milliseconds', statistic: 'Maximum' },
} as const;

export type MetricName = keyof typeof METRICS;
export type MetricValues = { readonly [name in MetricName]?: number };

/**
 * One line of JSON of which CloudWatch Logs makes metrics, or none where there is no value. Throws `RangeError` on what
 * is no number: CloudWatch would pass over the whole line.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */
export function metricsLine(values: MetricValues, now: number): string | undefined {
  const names = (Object.keys(METRICS) as MetricName[]).filter((name) => values[name] !== undefined);
  if (names.length === 0) return undefined;
  for (const name of names) {
    if (!Number.isFinite(values[name])) throw new RangeError(`${name} is ${values[name]}`);
  }
  const metrics = names.map((name) => ({ Name: name, Unit: METRICS[name].unit }));
  return JSON.stringify({
    _aws: {
      Timestamp: Math.trunc(now),
      CloudWatchMetrics: [{ Namespace: NAMESPACE, Dimensions: [[]], Metrics: metrics }],
    },
    ...Object.fromEntries(names.map((name) => [name, values[name]])),
  });
}

/** Writes them to the output of a Lambda. */
export const metricsTo =
  (out: Writable, clock: Clock) =>
  (values: MetricValues): void => {
    const line = metricsLine(values, clock.now());
    if (line !== undefined) out.write(`${line}\n`);
  };
