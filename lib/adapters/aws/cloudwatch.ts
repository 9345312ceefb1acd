import {
  CloudWatchClient,
  type CloudWatchClientConfig,
  DescribeAlarmsCommand,
  GetMetricStatisticsCommand,
  type MetricAlarm,
} from '@aws-sdk/client-cloudwatch';
import { type Clock, StoreError } from '../../ports.ts';
import { again } from './again.ts';
import { explain } from './explain.ts';
import { METRICS, type MetricName, NAMESPACE } from './metrics.ts';
import { within } from './within.ts';

/** For one request. */
const ANSWER_MS = 5_000;

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html */
const LARGEST_PAGE = 100;
/** Nobody has so many alarms under one prefix: a list that goes on is one that never ends. */
const MOST_PAGES = 100;

const MINUTE_MS = 60_000;
/** How far back the newest value may lie. */
const WINDOW_MS = 15 * MINUTE_MS;

export interface Alarm {
  readonly name: string;
  readonly state: 'OK' | 'ALARM' | 'INSUFFICIENT_DATA';
  /** In the words of CloudWatch; may be empty. */
  readonly reason: string;
  /** Since when it is in this state, epoch ms. */
  readonly since: number;
}

/** What a metric was over one minute, which began at `at`, epoch ms. */
export interface MetricValue {
  readonly value: number;
  readonly at: number;
}

export interface CloudWatchOptions {
  readonly region: string;
  readonly clock: Clock;
  /** Default: credentials of the environment. */
  readonly client?: CloudWatchClientConfig;
}

/** What CloudWatch knows of Watchbill itself in one region. Three tries of 5 s, then `StoreError`. */
export class CloudWatch {
  readonly #client: CloudWatchClient;
  readonly #region: string;
  readonly #clock: Clock;

  constructor({ region, clock, client = {} }: CloudWatchOptions) {
    this.#client = new CloudWatchClient({ ...client, region, maxAttempts: 1 });
    this.#region = region;
    this.#clock = clock;
  }

  /** All metric alarms whose names begin so. */
  async alarms(prefix: string): Promise<Alarm[]> {
    const alarms: Alarm[] = [];
    let next: string | undefined;
    for (let page = 0; page < MOST_PAGES; page++) {
      const command = new DescribeAlarmsCommand({
        AlarmNamePrefix: prefix,
        AlarmTypes: ['MetricAlarm'],
        MaxRecords: LARGEST_PAGE,
        NextToken: next,
      });
      const answer = await this.#ask('DescribeAlarms', async (options) => {
        const { MetricAlarms, NextToken } = await this.#client.send(command, options);
        return { found: checked(MetricAlarms).map(alarmOf), next: NextToken };
      });
      alarms.push(...answer.found);
      next = answer.next;
      if (!next) return alarms;
    }
    throw this.#failure('DescribeAlarms', 'a list without an end');
  }

  /**
   * The newest minute of each of these metrics within the last quarter of an hour; what has none is left out. By
   * GetMetricStatistics, one request each: at list price that is what GetMetricData takes for a metric, $0.01 for
   * 1,000, but the first million requests of a month are free (https://aws.amazon.com/cloudwatch/pricing/).
   */
  async newest(names: readonly MetricName[]): Promise<Map<MetricName, MetricValue>> {
    const values = await Promise.all(names.map((name) => this.#newest(name)));
    return new Map(values.flat());
  }

  /** Ends its connections. */
  close(): void {
    this.#client.destroy();
  }

  async #newest(name: MetricName): Promise<[MetricName, MetricValue][]> {
    const { unit, statistic } = METRICS[name];
    const now = this.#clock.now();
    const command = new GetMetricStatisticsCommand({
      Namespace: NAMESPACE,
      MetricName: name,
      StartTime: new Date(now - WINDOW_MS),
      EndTime: new Date(now),
      Period: MINUTE_MS / 1000,
      Statistics: [statistic],
      Unit: unit,
    });
    const points = await this.#ask('GetMetricStatistics', async (options) => {
      const { Label, Datapoints = Label && [] } = await this.#client.send(command, options);
      return checked(Datapoints || undefined);
    });
    const values = points.flatMap(({ Timestamp, [statistic]: value }) =>
      Timestamp && value !== undefined ? [{ value, at: Timestamp.getTime() }] : [],
    );
    const newest = values.sort((a, b) => b.at - a.at)[0];
    return newest ? [[name, newest]] : [];
  }

  #ask<A>(operation: string, call: Parameters<typeof within<A>>[2]): Promise<A> {
    return again(this.#clock, () =>
      within(ANSWER_MS, this.#clock, call).catch((error) => {
        throw this.#failure(operation, explain(error));
      }),
    );
  }

  #failure(operation: string, why: string): StoreError {
    return new StoreError(`CloudWatch ${operation} in ${this.#region}: ${why}`);
  }
}

/** CloudWatch answers with an empty list where there is nothing: no list is no answer. */
function checked<T>(list: T[] | undefined): T[] {
  if (!Array.isArray(list)) throw new Error('an answer that makes no sense');
  return list;
}

function alarmOf(alarm: MetricAlarm): Alarm {
  const { AlarmName, StateValue, StateReason, StateTransitionedTimestamp, StateUpdatedTimestamp } = alarm;
  const since = StateTransitionedTimestamp ?? StateUpdatedTimestamp;
  if (!AlarmName || !StateValue || !since) throw new Error('an answer that makes no sense');
  return { name: AlarmName, state: StateValue, reason: StateReason ?? '', since: since.getTime() };
}
