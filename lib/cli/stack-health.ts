import { type Alarm, CloudWatch, type MetricValue } from '../adapters/aws/cloudwatch.ts';
import { METRICS, type MetricName } from '../adapters/aws/metrics.ts';
import { printable } from '../adapters/local/console-log.ts';
import type { Aws } from '../config/compiled.ts';
import { ALARM_PREFIX } from '../deployment.ts';
import { type Clock, StoreError } from '../ports.ts';
import { iso, isoOrNull } from '../status/words.ts';
import { lasted } from '../words.ts';
import type { painter } from './colors.ts';
import { ago } from './snapshot-text.ts';
import { table } from './table.ts';

/** What CloudWatch knows of a deployment: how Watchbill itself is. */
export interface StackHealth {
  readonly alarms: readonly StackAlarm[];
  readonly metrics: ReadonlyMap<MetricName, MetricValue>;
  /** What could not be read, a line each. */
  readonly unread: readonly string[];
}

interface StackAlarm extends Alarm {
  readonly region: string;
}

const NAMES = Object.keys(METRICS) as MetricName[];
/** Worst first. */
const STATES: readonly Alarm['state'][] = ['ALARM', 'INSUFFICIENT_DATA', 'OK'];

/** Asks every region of the deployment for its alarms, and home for the metrics. */
export async function readHealth({ home, locations }: Aws, clock: Clock): Promise<StackHealth> {
  const regions = [...new Set([home, ...locations])];
  const [metrics, ...answers] = await Promise.all([
    asked(home, clock, (cloudWatch) => cloudWatch.newest(NAMES)),
    ...regions.map((region) =>
      asked(region, clock, async (cloudWatch) => {
        const alarms = await cloudWatch.alarms(ALARM_PREFIX);
        return alarms.map((alarm): StackAlarm => ({ region, ...alarm }));
      }),
    ),
  ]);
  return {
    alarms: answers
      .flatMap((answer) => (answer instanceof StoreError ? [] : answer))
      .toSorted((a, b) => STATES.indexOf(a.state) - STATES.indexOf(b.state)),
    metrics: metrics instanceof StoreError ? new Map() : metrics,
    unread: [metrics, ...answers].flatMap((answer) => (answer instanceof StoreError ? answer.message : [])),
  };
}

/** What one region answers, or why it doesn't: the others are told all the same. */
async function asked<T>(
  region: string,
  clock: Clock,
  ask: (cloudWatch: CloudWatch) => Promise<T>,
): Promise<T | StoreError> {
  const cloudWatch = new CloudWatch({ region, clock });
  try {
    return await ask(cloudWatch);
  } catch (error) {
    if (error instanceof StoreError) return error;
    throw error;
  } finally {
    cloudWatch.close();
  }
}

/** For a terminal: alarms with the worst first, and each metric's newest minute. */
export function healthText(
  { alarms, metrics }: StackHealth,
  now: number,
  paint: ReturnType<typeof painter>,
): string {
  return [
    alarms.length === 0
      ? `No alarm is called ${ALARM_PREFIX}… in any region.`
      : table([
          ['STATE', 'ALARM', 'REGION', 'SINCE', 'WHY'].map(paint.dim),
          ...alarms.map((alarm) => alarmRow(alarm, now, paint)),
        ]),
    '',
    table([
      ['METRIC', 'VALUE', 'AS OF'].map(paint.dim),
      ...NAMES.map((name) => metricRow(name, metrics.get(name), now)),
    ]),
  ].join('\n');
}

const alarmRow = (
  { state, name, region, since, reason }: StackAlarm,
  now: number,
  paint: ReturnType<typeof painter>,
): string[] => [
  state === 'ALARM' ? paint.bold(state) : state,
  printable(name),
  region,
  lasted(now - since),
  state === 'OK' ? '' : printable(reason),
];

function metricRow(name: MetricName, newest: MetricValue | undefined, now: number): string[] {
  if (!newest) return [name, '–', '–'];
  const value = METRICS[name].unit === 'Milliseconds' ? duration(newest.value) : String(newest.value);
  return [name, value, ago(now, newest.at)];
}

function duration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  return ms < 60_000 ? `${(ms / 1_000).toFixed(1)} s` : lasted(ms);
}

/** For machines: times in ISO 8601 UTC, what isn't known is null. */
export const healthJson = ({ alarms, metrics, unread }: StackHealth) => ({
  alarms: alarms.map(({ region, name, state, reason, since }) => ({
    region,
    name,
    state,
    reason,
    since: iso(since),
  })),
  metrics: NAMES.map((name) => {
    const { value, at } = metrics.get(name) ?? {};
    return {
      name,
      unit: METRICS[name].unit,
      value: value ?? null,
      at: isoOrNull(at),
    };
  }),
  unread,
});
