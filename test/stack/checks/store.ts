import { mailedTo } from '../../../lib/deployment.ts';
import { ACCOUNT, differences, expectAll, type Flat, ofType } from '../flat.ts';
import { isHome } from './functions.ts';
import { isBilling, onlyTls } from './queues.ts';

/** The table of lib/table.ts, restorable to any second of 35 days, and hard to remove. */
export function tableIsKept(flat: Flat): string[] {
  const key = (AttributeName: string, KeyType: string) => ({ AttributeName, KeyType });
  const attribute = (AttributeName: string, AttributeType: string) => ({ AttributeName, AttributeType });
  const table = {
    TableName: 'watchbill',
    BillingMode: 'PAY_PER_REQUEST',
    DeletionProtectionEnabled: true,
    PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
    TimeToLiveSpecification: { AttributeName: 'ttl', Enabled: true },
    KeySchema: [key('partition', 'HASH'), key('sort', 'RANGE')],
    AttributeDefinitions: [
      attribute('partition', 'S'),
      attribute('sort', 'S'),
      attribute('listed', 'S'),
      attribute('due', 'N'),
    ],
    GlobalSecondaryIndexes: [
      {
        IndexName: 'due',
        KeySchema: [key('listed', 'HASH'), key('due', 'RANGE')],
        Projection: { ProjectionType: 'KEYS_ONLY' },
      },
    ],
  };
  return expectAll(flat, 'AWS::DynamoDB::Table', isHome(flat) ? { watchbill: table } : {});
}

/** Removal leaves the table, and nothing but the table; replacing it would as well. */
export function removalLeavesTheTable(flat: Flat): string[] {
  return flat.resources.flatMap(({ id, type, deletion, replacement }) => {
    const kept = type === 'AWS::DynamoDB::Table' ? 'Retain' : 'Delete';
    return [deletion, replacement].every((policy) => (policy ?? 'Delete') === kept)
      ? []
      : [`${type} ${id}: on removal ${deletion}, on replacement ${replacement}`];
  });
}

/**
 * J56: one topic in each region, and one for the bill; only services of AWS may call it, in the name of this account, and
 * nobody without TLS.
 */
export function topicIsForAlarms(flat: Flat): string[] {
  const isThere = isBilling(flat) || isHome(flat) || flat.region !== flat.plan.aws.home;
  const name = isBilling(flat) ? 'watchbill-billing' : 'watchbill-alerts';
  const topic = `arn:aws:sns:${flat.region}:${ACCOUNT}:${name}`;
  const publish = (Sid: string, Service: string, Condition: object) => ({
    Sid,
    Effect: 'Allow',
    Principal: { Service },
    Action: 'sns:Publish',
    Resource: topic,
    Condition,
  });
  const own = { StringEquals: { 'aws:SourceAccount': ACCOUNT } };
  const like = (source: string) => ({ ArnLike: { 'aws:SourceArn': source } });
  const alarms = { ...own, ...like(`arn:aws:cloudwatch:${flat.region}:${ACCOUNT}:alarm:*`) };
  const publishers = isBilling(flat)
    ? [
        publish('Budgets', 'budgets.amazonaws.com', { ...own, ...like(`arn:aws:budgets::${ACCOUNT}:*`) }),
        publish('CostAnomalies', 'costalerts.amazonaws.com', own),
        publish('Alarms', 'cloudwatch.amazonaws.com', alarms),
      ]
    : [
        publish('AlarmsOfThisAccount', 'cloudwatch.amazonaws.com', alarms),
        publish(
          'RulesOfThisAccount',
          'events.amazonaws.com',
          like(`arn:aws:events:${flat.region}:${ACCOUNT}:rule/*`),
        ),
      ];
  const onlyTlsTo = (to: string, ...others: object[]) => {
    const { Statement: [deny] = [], ...document } = onlyTls('sns:Publish', '*', to);
    return { ...document, Statement: [{ ...deny, Sid: 'AllowPublishThroughSSLOnly' }, ...others] };
  };
  const policy = onlyTlsTo(topic, ...publishers);
  const mailed = isHome(flat) ? mailedTo(flat.plan.config) : [];
  const mail = `arn:aws:sns:${flat.region}:${ACCOUNT}:watchbill-mail`;
  const dead = { deadLetterTargetArn: `arn:aws:sqs:${flat.region}:${ACCOUNT}:${flat.stack}-dead` };
  const all = (type: string) => ofType(flat, type).map(({ properties }) => properties);
  const where = (...things: object[]) => (isThere ? things : []);
  return [
    ...expectAll(flat, 'AWS::SNS::Topic', {
      ...(isThere && { [name]: { TopicName: name } }),
      ...(mailed.length > 0 && {
        'watchbill-mail': { TopicName: 'watchbill-mail', DisplayName: 'Watchbill' },
      }),
    }),
    ...differences(
      all('AWS::SNS::TopicPolicy'),
      // in the order in which they stand in the stack
      [
        ...(mailed.length > 0 ? [{ PolicyDocument: onlyTlsTo(mail), Topics: [mail] }] : []),
        ...where({ PolicyDocument: policy, Topics: [topic] }),
      ],
      'topic policy',
    ),
    ...differences(
      all('AWS::SNS::Subscription'),
      [
        ...mailed.map((Endpoint) => ({ Protocol: 'email', TopicArn: mail, Endpoint })),
        ...where({
          Protocol: 'sqs',
          TopicArn: topic,
          Endpoint: `arn:aws:sqs:${flat.plan.aws.home}:${ACCOUNT}:watchbill-alerts`,
          RedrivePolicy: dead,
        }),
      ],
      'subscriptions',
    ),
    ...differences(
      all('AWS::Events::Rule').map(({ Description, Tags, ...rest }) => rest),
      !isBilling(flat) && flat.plan.config.alarms.health
        ? where({
            Name: 'watchbill-health',
            EventPattern: { source: ['aws.health'] },
            Targets: [{ Arn: topic, Id: 'alerts', DeadLetterConfig: { Arn: dead.deadLetterTargetArn } }],
          })
        : [],
      'rules',
    ),
  ];
}

/** What can't be tagged: everything else says whose it is and what for. */
const UNTAGGABLE = new Set([
  'AWS::ApiGatewayV2::Integration',
  'AWS::ApiGatewayV2::Route',
  'AWS::CloudFront::CachePolicy',
  'AWS::CloudFront::OriginAccessControl',
  'AWS::CloudFront::ResponseHeadersPolicy',
  'AWS::IAM::ManagedPolicy',
  'AWS::Lambda::EventInvokeConfig',
  'AWS::Lambda::Permission',
  'AWS::Lambda::Url',
  'AWS::S3::BucketPolicy',
  'AWS::SNS::Subscription',
  'AWS::SNS::TopicPolicy',
  'AWS::SQS::QueuePolicy',
  'AWS::Scheduler::Schedule',
  'Custom::EmptiedBucket',
]);

const PARTS = new Set([
  ...['beat', 'probe', 'buffer', 'decide', 'deliver', 'show', 'watchdog', 'intake', 'inspect', 'hear'],
  ...['clock', 'store', 'page', 'alarms', 'billing'],
]);

/** API Gateway has them as a map, all others as a list. */
function tagsOf(tags: unknown = []): Record<string, unknown> {
  if (!Array.isArray(tags)) return tags as Record<string, unknown>;
  return Object.fromEntries(tags.map(({ Key, Value }) => [Key, Value]));
}

export function everythingIsTagged(flat: Flat): string[] {
  return flat.resources.flatMap(({ id, type, properties }) => {
    if (UNTAGGABLE.has(type)) return properties.Tags === undefined ? [] : [`${type} is taggable`];
    const found = tagsOf(properties.Tags ?? properties.ResourceTags);
    const part = String(found['watchbill:part']);
    const named = PARTS.has(part) ? [] : [`${type} ${id} is for ${part}`];
    return [
      ...named,
      ...differences(
        found,
        { 'watchbill:installation': flat.plan.config.name, 'watchbill:part': part },
        `tags of ${type} ${id}`,
      ),
    ];
  });
}

/** Nothing is there of a kind at which no check looks. */
const KNOWN = new Set([
  'AWS::ApiGatewayV2::Api',
  'AWS::ApiGatewayV2::Stage',
  ...UNTAGGABLE,
  'AWS::CloudFront::Distribution',
  'AWS::CloudWatch::Alarm',
  'AWS::CloudWatch::Dashboard',
  'AWS::DynamoDB::Table',
  'AWS::Budgets::Budget',
  'AWS::CE::AnomalyMonitor',
  'AWS::CE::AnomalySubscription',
  'AWS::Events::Rule',
  'AWS::IAM::Role',
  'AWS::Lambda::EventSourceMapping',
  'AWS::Lambda::Function',
  'AWS::Logs::LogGroup',
  'AWS::S3::Bucket',
  'AWS::SNS::Topic',
  'AWS::SQS::Queue',
  'AWS::Scheduler::ScheduleGroup',
]);

export const onlyKnownTypes = ({ resources }: Flat): string[] =>
  resources.filter(({ type }) => !KNOWN.has(type)).map(({ id, type }) => `${id} is a ${type}`);

/** What is there twice is paid for twice, and one of them is not the one that others refer to. */
export function nothingIsThereTwice({ resources }: Flat): string[] {
  const alike = Map.groupBy(resources, ({ type, properties }) => JSON.stringify([type, properties]));
  return [...alike.values()].flatMap(([first, ...others]) =>
    others.map(({ id }) => `${id} is the same as ${first?.id}`),
  );
}
