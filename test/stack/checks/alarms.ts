import { standbyOf } from '../../../lib/deployment.ts';
import { ACCOUNT, differences, expectAll, type Flat, ofType } from '../flat.ts';
import { isHome } from './functions.ts';
import { inspects, isBilling } from './queues.ts';

const SILENT = {
  ComparisonOperator: 'LessThanThreshold',
  Threshold: 1,
  EvaluationPeriods: 5,
  DatapointsToAlarm: 5,
  TreatMissingData: 'breaching',
};
const above = (Threshold: number) => ({
  ComparisonOperator: 'GreaterThanThreshold',
  Threshold,
  EvaluationPeriods: 1,
  DatapointsToAlarm: 1,
  TreatMissingData: 'notBreaching',
});

const dimension = (Name: string, Value: string) => ({ Dimensions: [{ Name, Value }] });
const minutely = (Namespace: string, MetricName: string, Statistic: string) => ({
  Namespace,
  MetricName,
  Statistic,
  Period: 60,
});
const part = (Id: string, Namespace: string, MetricName: string, Stat: string, dimensions: object) => ({
  Id,
  ReturnData: false,
  MetricStat: { Metric: { Namespace, MetricName, ...dimensions }, Period: 60, Stat },
});
const formula = (Expression: string, Label: string, ...parts: object[]) => ({
  Metrics: [{ Expression, Id: 'expr_1', Label, ReturnData: true }, ...parts],
});

const calls = (name: string) => ({
  ...minutely('AWS/Lambda', 'Invocations', 'Sum'),
  ...dimension('FunctionName', name),
});
const successes = (name: string) => {
  const of = dimension('FunctionName', name);
  return formula(
    'calls - errors',
    `${name}: calls that succeeded`,
    part('calls', 'AWS/Lambda', 'Invocations', 'Sum', of),
    part('errors', 'AWS/Lambda', 'Errors', 'Sum', of),
  );
};
const dead = (id: string, queue: string) =>
  part(id, 'AWS/SQS', 'ApproximateNumberOfMessagesVisible', 'Maximum', dimension('QueueName', queue));

const atHome = (inspects: boolean) => ({
  'watchbill-silent-decide': { ...SILENT, ...successes('watchbill-decide') },
  'watchbill-silent-deliver': { ...SILENT, ...successes('watchbill-deliver') },
  'watchbill-oldest-tick': {
    ...above(180),
    ...minutely('AWS/SQS', 'ApproximateAgeOfOldestMessage', 'Maximum'),
    ...dimension('QueueName', 'watchbill-ticks'),
  },
  'watchbill-dead-letters': {
    ...above(0),
    ...formula(
      inspects ? 'SUM([ticks, deliver, alerts, inspections])' : 'SUM([ticks, deliver, alerts])',
      'Dead letters at home',
      dead('ticks', 'watchbill-ticks-dead'),
      dead('deliver', 'watchbill-deliver-dead'),
      dead('alerts', 'watchbill-alerts-dead'),
      ...(inspects ? [dead('inspections', 'watchbill-inspections-dead')] : []),
    ),
  },
  'watchbill-delivery-lag': { ...above(300_000), ...minutely('Watchbill', 'DeliveryLag', 'Maximum') },
});

const ofBilling = {
  'watchbill-dead-letters-billing': {
    ...above(0),
    ...minutely('AWS/SQS', 'ApproximateNumberOfMessagesVisible', 'Maximum'),
    ...dimension('QueueName', 'Watchbill-Billing-dead'),
  },
};

/** Of the metrics that the config names, where they are: above what is usual, so many times in a row. */
function bandsIn(flat: Flat): object {
  const { home, locations } = flat.plan.aws;
  if (isBilling(flat) || (!isHome(flat) && flat.region === home && locations.includes(home))) return {};
  const bands = flat.plan.config.cost.bands.filter(({ region }) => region === flat.region);
  return Object.fromEntries(
    bands.map(({ name, namespace, metric, dimensions, statistic, period, periods, width }) => [
      `watchbill-band-${name}`,
      {
        ComparisonOperator: 'GreaterThanUpperThreshold',
        ThresholdMetricId: 'band',
        EvaluationPeriods: periods,
        DatapointsToAlarm: periods,
        TreatMissingData: 'notBreaching',
        Metrics: [
          {
            Id: 'used',
            ReturnData: true,
            MetricStat: {
              Metric: {
                Namespace: namespace,
                MetricName: metric,
                Dimensions: Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value })),
              },
              Period: period / 1_000,
              Stat: statistic,
            },
          },
          {
            Id: 'band',
            Expression: `ANOMALY_DETECTION_BAND(used, ${width})`,
            Label: 'usual',
            ReturnData: true,
          },
        ],
      },
    ]),
  );
}

/** Silence of each location, of decide, deliver and the watchdog, which is also what isn't measured; the rest by its value. */
export function alarmsWatch(flat: Flat): string[] {
  const isStandby = standbyOf(flat.plan.aws) === flat.region;
  const elsewhere = {
    [`watchbill-silent-${flat.region}`]: { ...SILENT, ...calls('watchbill-probe') },
    ...(isStandby && { 'watchbill-silent-watchdog': { ...SILENT, ...successes('watchbill-watchdog') } }),
  };
  const topic = [`arn:aws:sns:${flat.region}:${ACCOUNT}:watchbill-${isBilling(flat) ? 'billing' : 'alerts'}`];
  const here = isBilling(flat) ? ofBilling : isHome(flat) ? atHome(inspects(flat)) : elsewhere;
  const expected = Object.entries({ ...here, ...bandsIn(flat) }).map(([AlarmName, watched]) => [
    AlarmName,
    { AlarmName, AlarmActions: topic, OKActions: topic, ...watched },
  ]);
  return expectAll(flat, 'AWS::CloudWatch::Alarm', Object.fromEntries(expected), ['AlarmDescription']);
}

const RUNBOOK = /Runbook: (?:https?:\/\/\S+\/runbooks\/aws \()?runbooks\/aws\.md\)?$/;

/** Somebody who was woken by it learns what it means, where to look first, and where the runbook is. */
export function alarmsSpeak(flat: Flat): string[] {
  return ofType(flat, 'AWS::CloudWatch::Alarm').flatMap(
    ({ name, properties: { AlarmDescription: text } }) => {
      const isHelpful =
        typeof text === 'string' &&
        text.length <= 1_024 &&
        /First look/.test(text) &&
        (name.startsWith('watchbill-band-') || RUNBOOK.test(text));
      return isHelpful ? [] : [`${name} says ${JSON.stringify(text)}`];
    },
  );
}

/** It costs $3 a month: only where it is asked for. */
export function dashboardIsOnRequest(flat: Flat): string[] {
  const names = ofType(flat, 'AWS::CloudWatch::Dashboard').map(({ properties }) => properties.DashboardName);
  return differences(names, isHome(flat) && flat.plan.aws.dashboard ? ['watchbill'] : [], 'dashboards');
}
