import {
  CloudWatchClient,
  PutMetricAlarmCommand,
  PutMetricDataCommand,
  SetAlarmStateCommand,
} from '@aws-sdk/client-cloudwatch';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CloudWatch, type CloudWatchOptions } from '../../../lib/adapters/aws/cloudwatch.ts';
import { StoreError } from '../../../lib/ports.ts';
import { answers, CallClock, CREDENTIALS, echo, failed, hungUp, onMoto, REGION } from '../../kit/aws.ts';
import { type Asked, type Front, failure, startFront, type Trouble } from '../../kit/front.ts';
import { until } from '../../kit/sockets.ts';

let front: Front;
let clock: CallClock;
let cloudwatch: CloudWatch;

const open = (options: Partial<CloudWatchOptions> = {}) =>
  new CloudWatch({
    region: REGION,
    clock,
    client: { endpoint: front.endpoint, credentials: CREDENTIALS },
    ...options,
  });

beforeEach(async () => {
  front = await startFront('http://127.0.0.1:1');
  clock = new CallClock();
  cloudwatch = open();
});
afterEach(async () => {
  expect(clock.deadlines, 'deadlines that still run').toEqual([]);
  cloudwatch.close();
  await front.close();
});

const alarm = (n: number) => ({
  AlarmName: `watchbill-${n}`,
  StateValue: n % 2 === 0 ? 'OK' : 'ALARM',
  StateReason: `reason ${n}`,
  StateTransitionedTimestamp: 1_700_000_000 + n,
  StateUpdatedTimestamp: 1_800_000_000,
});

/** 250 alarms, a hundred to a page. */
function pages({ body }: Asked) {
  const from = Number(body.NextToken ?? 0);
  const to = Math.min(from + Number(body.MaxRecords), 250);
  const found = Array.from({ length: to - from }, (_, n) => alarm(from + n));
  return answers({ MetricAlarms: found, CompositeAlarms: [], ...(to < 250 && { NextToken: `${to}` }) });
}

/** The metrics that have values, as CloudWatch keeps them: in no order. */
const points =
  (values: Readonly<Record<string, readonly object[]>>) =>
  ({ body }: Asked) =>
    answers({ Label: body.MetricName, Datapoints: values[String(body.MetricName)] ?? [] });

describe('alarms', () => {
  it('are read to the last page, each with its state, why and since when', async () => {
    front.trouble = pages;
    const alarms = await cloudwatch.alarms('watchbill-');
    expect(new Set(alarms.map(({ name }) => name)).size).toBe(250);
    expect(alarms[249]).toEqual({
      name: 'watchbill-249',
      state: 'ALARM',
      reason: 'reason 249',
      since: 1_700_000_249_000,
    });
    expect(front.asked.map(({ body }) => body.AlarmNamePrefix)).toEqual(Array(3).fill('watchbill-'));
  });

  it('are none', async () => {
    front.trouble = () => answers({ MetricAlarms: [], CompositeAlarms: [] });
    expect(await cloudwatch.alarms('watchbill-')).toEqual([]);
  });

  it('G03 are all there although each page fails twice', async () => {
    front.trouble = (asked) => (front.asked.length % 3 === 0 ? pages(asked) : failure('ThrottlingException'));
    expect(await cloudwatch.alarms('watchbill-')).toHaveLength(250);
    expect(clock.waits).toHaveLength(6);
  });

  it('end, although the list does not', async () => {
    front.trouble = () => answers({ MetricAlarms: [], NextToken: 'again' });
    const why = 'CloudWatch DescribeAlarms in eu-west-1: a list without an end';
    expect(await failed(cloudwatch.alarms(''), StoreError)).toBe(why);
    expect(front.asked).toHaveLength(100);
  });
});

describe('the newest value of a metric', () => {
  it('is the newest minute of the last fifteen, by the statistic that says something', async () => {
    const now = clock.time / 1000;
    front.trouble = points({
      ReadingsNotUp: [
        { Timestamp: now - 120, Sum: 3 },
        { Timestamp: now - 60, Sum: 0 },
        { Timestamp: now - 180, Sum: 5 },
      ],
      BeatLateness: [{ Timestamp: now - 60, Maximum: 1_250.5 }],
    });
    expect(await cloudwatch.newest(['ReadingsNotUp', 'BeatLateness', 'DeliveryLag'])).toEqual(
      new Map([
        ['ReadingsNotUp', { value: 0, at: clock.time - 60_000 }],
        ['BeatLateness', { value: 1_250.5, at: clock.time - 60_000 }],
      ]),
    );
    expect(front.asked.find(({ body }) => body.MetricName === 'BeatLateness')?.body).toEqual({
      Namespace: 'Watchbill',
      MetricName: 'BeatLateness',
      StartTime: now - 900,
      EndTime: now,
      Period: 60,
      Statistics: ['Maximum'],
      Unit: 'Milliseconds',
    });
  });

  it('is asked of the region that has it', async () => {
    front.trouble = points({});
    const far = open({ region: 'ap-southeast-2' });
    await far.newest(['ReadingsNotUp']);
    far.close();
    expect(front.asked[0]?.headers.authorization).toContain('/ap-southeast-2/monitoring/');
  });
});

describe('an error says what CloudWatch did not tell, and why', () => {
  const about = (operation: string, why: string) => `CloudWatch ${operation} in eu-west-1: ${why}`;

  it.each<readonly [string, Trouble, string]>([
    ['G03 throttled', failure('ThrottlingException'), 'throttled (ThrottlingException)'],
    ['denied', failure('AccessDeniedException', 'User: …'), 'access denied (AccessDeniedException)'],
    [
      'a fault of its own',
      failure('InternalServiceFault', '', 500),
      'failed (InternalServiceFault, HTTP 500)',
    ],
    ['a page of HTML', { status: 502, body: '<html>' }, 'an answer that makes no sense (HTTP 502)'],
    ['an answer cut off', { status: 200, body: '{"MetricAlarms":[', cut: true }, 'unreachable (ECONNRESET)'],
    ['an empty answer', answers({}), 'an answer that makes no sense'],
    ['an answer to another question', answers({ QueueUrls: [] }), 'an answer that makes no sense'],
    ['a reset', 'refuse', 'unreachable (ECONNRESET)'],
  ])('%s', async (_, trouble, why) => {
    front.trouble = () => trouble;
    expect(await failed(cloudwatch.alarms('w'), StoreError)).toBe(about('DescribeAlarms', why));
    expect(await failed(cloudwatch.newest(['ReadingsNotUp']), StoreError)).toBe(
      about('GetMetricStatistics', why),
    );
    expect(front.asked).toHaveLength(6);
  });

  it('an alarm without a name', async () => {
    front.trouble = () => answers({ MetricAlarms: [{ StateValue: 'OK' }] });
    const why = about('DescribeAlarms', 'an answer that makes no sense');
    expect(await failed(cloudwatch.alarms('w'), StoreError)).toBe(why);
  });

  it.each<Trouble>(['hang', 'stall'])('no answer (%s): three times 5 s', async (how) => {
    front.trouble = () => how;
    const alarms = failed(cloudwatch.alarms('w'), StoreError);
    for (const round of [1, 2, 3]) {
      await until(() => front.asked.length === round);
      expect(clock.deadlines).toEqual([5_000]);
      clock.expire();
    }
    expect(await alarms).toBe(about('DescribeAlarms', 'no answer within 5 s'));
    await hungUp(front);
  });

  it('J21 J24 and no secret, whatever the service says back', async () => {
    for (const name of ['InvalidSignatureException', 'AccessDeniedException', 'BrandNewException']) {
      front.trouble = echo(name);
      await failed(cloudwatch.alarms('w'), StoreError);
      await failed(cloudwatch.newest(['ReadingsNotUp']), StoreError);
    }
  });
});

onMoto('CloudWatch on moto: alarms and the newest values are read back', async (endpoint) => {
  const client = { endpoint, region: REGION, credentials: CREDENTIALS };
  const raw = new CloudWatchClient(client);
  const prefix = `watchbill-${process.pid}-${Date.now()}-`;
  for (const name of ['a', 'b']) {
    await raw.send(
      new PutMetricAlarmCommand({
        AlarmName: prefix + name,
        Namespace: 'Watchbill',
        MetricName: 'ReadingsNotUp',
        Statistic: 'Sum',
        Period: 60,
        EvaluationPeriods: 1,
        Threshold: 1,
        ComparisonOperator: 'LessThanThreshold',
      }),
    );
  }
  await raw.send(
    new SetAlarmStateCommand({ AlarmName: `${prefix}b`, StateValue: 'ALARM', StateReason: 'silence' }),
  );
  const at = new Date();
  await raw.send(
    new PutMetricDataCommand({
      Namespace: 'Watchbill',
      MetricData: [3, 4].map((Value) => ({
        MetricName: 'ReadingsNotUp',
        Unit: 'Count',
        Value,
        Timestamp: at,
      })),
    }),
  );
  raw.destroy();
  clock.time = at.getTime() + 60_000;
  const here = open({ client });
  const alarms = await here.alarms(prefix);
  expect(alarms.map(({ name, state }) => [name.slice(prefix.length), state])).toEqual([
    ['a', expect.any(String)],
    ['b', 'ALARM'],
  ]);
  expect(alarms[1]?.reason).toBe('silence');
  expect(Math.abs((alarms[1]?.since ?? 0) - at.getTime())).toBeLessThan(60_000);
  expect(await here.alarms(`${prefix}none`)).toEqual([]);
  const newest = await here.newest(['ReadingsNotUp', 'DeliveryLag']);
  expect([...newest.keys()]).toEqual(['ReadingsNotUp']);
  expect(newest.get('ReadingsNotUp')?.value).toBeGreaterThanOrEqual(7);
  here.close();
});
