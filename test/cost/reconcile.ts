import type { Estimate } from '../../lib/cost/estimate.ts';
import type { Inventory } from '../../lib/cost/fleet.ts';

/** What `cdk synth` makes, held against an estimate: nothing that costs may be without a line, and no line without a cause. */

/** A template of CloudFormation, as far as it is looked at. */
export interface Template {
  readonly Resources: Readonly<Record<string, { readonly Type: string; readonly Properties?: object }>>;
}

interface Alarm {
  readonly Metrics?: readonly { readonly MetricStat?: object; readonly Expression?: string }[];
}

/** What functions ask for by name, and what they write: no template makes it. */
const [SECRET, METRIC] = ['a secret', 'a metric'];

/** The lines to which each kind of thing leads: by their ids, or what those begin with. */
const LINES: Readonly<Record<string, readonly string[]>> = {
  'AWS::Lambda::Function': ['lambda.', 'transfer.'],
  'AWS::Lambda::EventSourceMapping': ['sqs.polls'],
  'AWS::Scheduler::Schedule': ['scheduler'],
  'AWS::SQS::Queue': ['sqs.messages'],
  'AWS::DynamoDB::Table': ['dynamodb.'],
  'AWS::S3::Bucket': ['s3.'],
  'AWS::CloudFront::Distribution': ['cloudfront.'],
  'AWS::Logs::LogGroup': ['logs.'],
  'AWS::CloudWatch::Alarm': ['alarms'],
  'AWS::CloudWatch::Dashboard': ['dashboards'],
  'AWS::Budgets::Budget': ['budgets'],
  'AWS::CE::AnomalyMonitor': ['monitors'],
  [SECRET]: ['secrets'],
  [METRIC]: ['metrics'],
};

/** These cost nothing, whatever is done with them. */
const FREE: ReadonlySet<string> = new Set([
  // https://aws.amazon.com/aws-cost-management/aws-cost-anomaly-detection/
  'AWS::CE::AnomalySubscription',
  'AWS::CDK::Metadata',
  'AWS::CloudFront::CachePolicy',
  'AWS::CloudFront::OriginAccessControl',
  'AWS::CloudFront::ResponseHeadersPolicy',
  // events of AWS itself cost nothing: https://aws.amazon.com/eventbridge/pricing/
  'AWS::Events::Rule',
  'AWS::IAM::ManagedPolicy',
  'AWS::IAM::Policy',
  'AWS::IAM::Role',
  'AWS::Lambda::EventInvokeConfig',
  'AWS::Lambda::Permission',
  'AWS::Lambda::Url',
  'AWS::S3::BucketPolicy',
  'AWS::SQS::QueuePolicy',
  // What SNS brings to SQS costs nothing: https://aws.amazon.com/sns/pricing/
  'AWS::SNS::Subscription',
  'AWS::SNS::TopicPolicy',
  'AWS::Scheduler::ScheduleGroup',
  // alarms publish a few messages; the first million a month is free: https://aws.amazon.com/sns/pricing/
  'AWS::SNS::Topic',
  // CloudFormation calls a function, which is counted
  'Custom::EmptiedBucket',
]);

/** What doesn't agree, a line each; none: all of it does. */
export function reconcile(
  templates: readonly Template[],
  estimate: Estimate,
  inventory: Inventory,
): string[] {
  const resources = templates.flatMap(({ Resources }) => Object.values(Resources));
  const found = Map.groupBy(resources, ({ Type }) => Type);
  const there = new Set([...found.keys(), METRIC, ...(secretsIn(templates).length > 0 ? [SECRET] : [])]);
  const causes = [...there].flatMap((type) => LINES[type] ?? []);
  const leadsTo = (id: string) => (name: string) =>
    name.endsWith('.') ? id.startsWith(name) : id.split('.')[0] === name || id === name;
  return [
    ...[...found.keys()]
      .filter((type) => !FREE.has(type) && !LINES[type])
      .map((type) => `${type} has no price`),
    ...causes
      .filter((name) => !estimate.lines.some(({ id }) => leadsTo(id)(name)))
      .map((name) => `nothing is reckoned for ${name}`),
    ...estimate.lines
      .filter(({ id }) => !causes.some(leadsTo(id)))
      .map(({ id }) => `${id} is reckoned, and there is none`),
    ...miscounted(templates, found, inventory),
  ];
}

function miscounted(
  templates: readonly Template[],
  found: ReadonlyMap<string, readonly { readonly Properties?: object }[]>,
  inventory: Inventory,
): string[] {
  const count = (type: string) => found.get(type)?.length ?? 0;
  const alarms: readonly Alarm[] = (found.get('AWS::CloudWatch::Alarm') ?? []).map(
    ({ Properties }) => Properties ?? {},
  );
  const pairs: [string, unknown, unknown][] = [
    ['functions', count('AWS::Lambda::Function'), inventory.functions],
    ['logs', count('AWS::Logs::LogGroup'), inventory.functions],
    ['schedules', count('AWS::Scheduler::Schedule'), inventory.schedules],
    ['queues', count('AWS::SQS::Queue'), inventory.queues],
    ['polled queues', count('AWS::Lambda::EventSourceMapping'), inventory.polled],
    ['metrics of alarms', alarms.reduce((sum, alarm) => sum + metricsOf(alarm), 0), inventory.alarmMetrics],
    ['tables', count('AWS::DynamoDB::Table'), 1],
    ['buckets', count('AWS::S3::Bucket'), 1],
    ['distributions', count('AWS::CloudFront::Distribution'), 1],
    ['secrets', secretsIn(templates).join(), [...inventory.secrets].sort().join()],
  ];
  return pairs.flatMap(([what, is, reckoned]) =>
    is === reckoned ? [] : [`${what}: ${is}, reckoned with ${reckoned}`],
  );
}

/** A metric that is reckoned from others costs nothing itself: those others do. */
const metricsOf = ({ Metrics }: Alarm): number => {
  if (!Metrics) return 1;
  const counted = Metrics.filter(({ MetricStat }) => MetricStat !== undefined).length;
  // the metric and both edges of its band: https://aws.amazon.com/cloudwatch/pricing/
  const isBand = Metrics.some(({ Expression = '' }) => Expression.startsWith('ANOMALY_DETECTION_BAND'));
  return isBand ? counted + 2 : counted;
};

/** The secrets that any policy names, with their regions. */
function secretsIn(templates: readonly Template[]): string[] {
  const named = templates.flatMap((template) => [
    ...JSON.stringify(template).matchAll(/:secretsmanager:([\w-]+):.{1,50}?:secret:watchbill\/(\w+)-\?{6}/g),
  ]);
  return [...new Set(named.map(([, region, name]) => `${name} in ${region}`))].sort();
}
