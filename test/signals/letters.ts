import type { Budget } from '../../lib/config/compiled.ts';
import type { Letter } from '../../lib/signal.ts';

/** Letters as AWS writes them, by the documented formats, with what each test changes. */

export const NOW = Date.UTC(2026, 10, 26, 12);
export const TOPIC = 'arn:aws:sns:eu-west-1:123456789012:watchbill-alerts';
export const ALARM = 'arn:aws:cloudwatch:eu-west-1:123456789012:alarm:checkout-5xx';

export const letter = (text: unknown, more: Partial<Letter> = {}): Letter => ({
  id: '5f3b0c0e-0000-4000-8000-000000000001',
  at: NOW,
  topic: TOPIC,
  text: typeof text === 'string' ? text : JSON.stringify(text),
  ...more,
});

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html */
export const alarm = (more: object = {}) => ({
  AlarmName: 'checkout-5xx',
  AlarmDescription: 'Checkout fails. https://wiki.acme.test/checkout',
  AWSAccountId: '123456789012',
  AlarmConfigurationUpdatedTimestamp: '2026-11-01T09:00:00.000+0000',
  NewStateValue: 'ALARM',
  NewStateReason:
    'Threshold Crossed: 1 datapoint [12.0 (26/11/26 11:58:00)] was greater than the threshold (5.0).',
  StateChangeTime: '2026-11-26T11:59:30.123+0000',
  Region: 'EU (Ireland)',
  AlarmArn: ALARM,
  OldStateValue: 'OK',
  OKActions: [TOPIC],
  AlarmActions: [TOPIC],
  InsufficientDataActions: [],
  Trigger: {
    MetricName: '5XXError',
    Namespace: 'AWS/ApiGateway',
    StatisticType: 'Statistic',
    Statistic: 'SUM',
    Unit: null,
    Dimensions: [{ value: 'checkout', name: 'ApiName' }],
    Period: 60,
    EvaluationPeriods: 1,
    ComparisonOperator: 'GreaterThanThreshold',
    Threshold: 5,
    TreatMissingData: 'notBreaching',
    EvaluateLowSampleCountPercentile: '',
  },
  ...more,
});

/** The same as it is made: it acts on a topic, both ways. https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html */
export const metricAlarm = (AlarmName: string, topic: string) => ({
  AlarmName,
  Namespace: 'AWS/ApiGateway',
  MetricName: '5XXError',
  Statistic: 'Sum' as const,
  Period: 60,
  EvaluationPeriods: 1,
  Threshold: 5,
  ComparisonOperator: 'GreaterThanThreshold' as const,
  AlarmActions: [topic],
  OKActions: [topic],
});

export const composite = (more: object = {}) => {
  const { Trigger: _, ...rest } = alarm();
  return {
    ...rest,
    AlarmName: 'checkout',
    AlarmArn: 'arn:aws:cloudwatch:eu-west-1:123456789012:alarm:checkout',
    AlarmRule: 'ALARM(checkout-5xx) OR ALARM(checkout-slow)',
    TriggeringChildren: [
      { Arn: ALARM, State: { Value: 'ALARM', Timestamp: '2026-11-26T11:59:00.000+0000' } },
    ],
    ...more,
  };
};

export const band = () => {
  const { Trigger, ...rest } = alarm({ AlarmName: 'invocations-band' });
  const metrics = [
    {
      Id: 'm0',
      MetricStat: {
        Metric: { MetricName: 'Invocations', Namespace: 'AWS/Lambda' },
        Period: 300,
        Stat: 'Sum',
      },
    },
    { Id: 'band', Expression: 'ANOMALY_DETECTION_BAND(m0, 3)', Label: 'Invocations (expected)' },
  ];
  return {
    ...rest,
    Trigger: { ComparisonOperator: 'GreaterThanUpperThreshold', ThresholdMetricId: 'band', Metrics: metrics },
  };
};

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html */
export const alarmEvent = (value = 'ALARM') => ({
  version: '0',
  id: 'c4c1c1c9-6542-e61b-6ef0-8c4d36933a92',
  'detail-type': 'CloudWatch Alarm State Change',
  source: 'aws.cloudwatch',
  account: '123456789012',
  time: '2026-11-26T11:59:31Z',
  region: 'eu-west-1',
  resources: [ALARM],
  detail: {
    alarmName: 'checkout-5xx',
    state: { value, reason: 'Threshold Crossed', timestamp: '2026-11-26T11:59:30.123+0000' },
    previousState: { value: 'OK', reason: 'fine', timestamp: '2026-11-26T10:00:00.000+0000' },
    configuration: { description: 'Checkout fails.', metrics: [] },
  },
});

export const budget = (lines: Readonly<Record<string, string>> = {}, unit = 'month') => {
  const all = {
    'Budget Name': 'whole-account',
    'Budget Type': 'Cost',
    'Budgeted Amount': '$100.00',
    'Alert Type': 'ACTUAL',
    'Alert Threshold': '> $80.00',
    'ACTUAL Amount': '$81.20',
    ...lines,
  };
  return `AWS Budget Notification November 26, 2026
AWS Account 123456789012

Dear AWS Customer,

You requested that we alert you when the ACTUAL Cost associated with your whole-account budget is greater than $80.00 for the current ${unit}. You can find additional details below and by accessing the AWS Budgets dashboard [1].

${Object.entries(all)
  .filter(([, value]) => value !== '')
  .map(([label, value]) => `${label}: ${value}`)
  .join('\n')}

[1] https://console.aws.amazon.com/billing/home#/budgets
`;
};

/** https://docs.aws.amazon.com/cost-management/latest/userguide/getting-started-ad.html */
export const anomaly = (more: object = {}) => ({
  accountId: '123456789012',
  anomalyStartDate: '2026-11-25T00:00:00Z',
  anomalyEndDate: '2026-11-26T00:00:00Z',
  anomalyId: '12345678-abcd-ef12-3456-987654321a12',
  anomalyScore: { maxScore: 0.47, currentScore: 0.47 },
  dimensionalValue: 'AWS Lambda',
  impact: {
    maxImpact: 151.2,
    totalActualSpend: 301.2,
    totalExpectedSpend: 150,
    totalImpact: 151.2,
    totalImpactPercentage: 100.8,
  },
  rootCauses: [
    {
      linkedAccount: '123456789012',
      linkedAccountName: 'acme',
      region: 'eu-west-1',
      service: 'AWS Lambda',
      usageType: 'EU-Lambda-GB-Second',
      impact: { contribution: 151.2 },
    },
  ],
  subscriptionId: 'arn:aws:ce::123456789012:anomalysubscription/1',
  subscriptionName: 'watchbill',
  monitorArn: 'arn:aws:ce::123456789012:anomalymonitor/1',
  anomalyDetailsLink:
    'https://console.aws.amazon.com/cost-management/home#/anomaly-detection/monitors/1/anomalies/1',
  ...more,
});

/** https://docs.aws.amazon.com/health/latest/ug/aws-health-events-eventbridge-schema.html */
export const healthEvent = (more: object = {}) => ({
  version: '0',
  id: '7bf73129-1428-4cd3-a780-95db273d1602',
  'detail-type': 'AWS Health Event',
  source: 'aws.health',
  account: '123456789012',
  time: '2026-11-26T11:50:00Z',
  region: 'eu-west-1',
  resources: ['i-abcd1111'],
  detail: {
    eventArn: 'arn:aws:health:eu-west-1::event/LAMBDA/AWS_LAMBDA_OPERATIONAL_ISSUE/1',
    service: 'LAMBDA',
    eventTypeCode: 'AWS_LAMBDA_OPERATIONAL_ISSUE',
    eventTypeCategory: 'issue',
    eventScopeCode: 'PUBLIC',
    statusCode: 'open',
    startTime: 'Thu, 26 Nov 2026 11:40:00 GMT',
    lastUpdatedTime: 'Thu, 26 Nov 2026 11:50:00 GMT',
    eventDescription: [
      { language: 'de_DE', latestDescription: 'Fehler bei Aufrufen.' },
      { language: 'en_US', latestDescription: 'Increased error rates for invocations.' },
    ],
    affectedEntities: [{ entityValue: 'i-abcd1111' }],
    ...more,
  },
});

/** A budget of the config, of 100 dollars. */
export const OWN_BUDGET: Budget = {
  name: 'ours',
  amount: 100_000_000,
  period: 'monthly',
  alerts: [
    { of: 'actual', percent: 80, severity: 'ticket' },
    { of: 'actual', percent: 100, severity: 'page' },
    { of: 'forecast', percent: 120, severity: 'page' },
  ],
};
