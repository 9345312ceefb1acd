import { isOptIn } from '../../../lib/config/regions.ts';
import { standbyOf } from '../../../lib/deployment.ts';
import { ACCOUNT, differences, expectAll, type Flat, ofType } from '../flat.ts';

const DAY = 86_400;

interface Expected {
  readonly visibility: number;
  readonly retention: number;
  readonly attempts: number;
  readonly batch?: number;
  readonly function?: string;
}

/** Seconds, and how often a message comes before it is a dead letter. */
const AT_HOME: Readonly<Record<string, Expected>> = {
  'watchbill-ticks': {
    visibility: 60,
    retention: 4 * DAY,
    attempts: 240,
    batch: 10,
    function: 'watchbill-decide',
  },
  'watchbill-deliver': {
    visibility: 60,
    retention: 3_600,
    attempts: 5,
    batch: 10,
    function: 'watchbill-deliver',
  },
  'watchbill-alerts': {
    visibility: 30,
    retention: 4 * DAY,
    attempts: 240,
    batch: 10,
    function: 'watchbill-intake',
  },
};
const INSPECTIONS = {
  'watchbill-inspections': {
    visibility: 240,
    retention: 900,
    attempts: 2,
    batch: 1,
    function: 'watchbill-inspect',
  },
};
const ELSEWHERE: Readonly<Record<string, Expected>> = {
  'watchbill-beats': {
    visibility: 240,
    retention: 900,
    attempts: 2,
    batch: 1,
    function: 'watchbill-probe',
  },
  'watchbill-buffer': { visibility: 60, retention: 4 * DAY, attempts: 1_000 },
};

const isHome = ({ stack }: Flat) => stack === 'Watchbill-Home';
export const isBilling = ({ stack }: Flat) => stack === 'Watchbill-Billing';
export const watchesBill = ({ plan }: Flat) =>
  plan.config.cost.budgets.length > 0 || plan.config.cost.anomalies !== undefined;
/** Whether it has any check that looks at the account. */
export const inspects = ({ plan }: Flat): boolean => plan.config.locations.includes('account');
const expectedIn = (flat: Flat): Readonly<Record<string, Expected>> => {
  if (isBilling(flat)) return {};
  if (!isHome(flat)) return ELSEWHERE;
  return inspects(flat) ? { ...AT_HOME, ...INSPECTIONS } : AT_HOME;
};

const arn = ({ region }: Flat, name: string) => `arn:aws:sqs:${region}:${ACCOUNT}:${name}`;

/** Each is encrypted, keeps what it is given for so long, and has dead letters, which keep theirs for as long as SQS can. */
export function queuesAreAsTheyShould(flat: Flat): string[] {
  const expected = Object.entries(expectedIn(flat)).flatMap(([name, queue]) => [
    [
      name,
      {
        QueueName: name,
        SqsManagedSseEnabled: true,
        VisibilityTimeout: queue.visibility,
        MessageRetentionPeriod: queue.retention,
        RedrivePolicy: {
          deadLetterTargetArn: arn(flat, `${name}-dead`),
          maxReceiveCount: queue.attempts,
        },
      },
    ],
    deadLetters(`${name}-dead`),
  ]);
  return expectAll(
    flat,
    'AWS::SQS::Queue',
    Object.fromEntries([...expected, deadLetters(`${flat.stack}-dead`)]),
  );
}

const deadLetters = (name: string) => [
  name,
  { QueueName: name, SqsManagedSseEnabled: true, MessageRetentionPeriod: 14 * DAY },
];

/**
 * J56: a queue's own policy refuses whatever comes without TLS, and allows nobody anything: roles do that. Only what the
 * alert topics of this account bring comes by no role.
 */
export function queuesTakeOnlyTls(flat: Flat): string[] {
  const policies = ofType(flat, 'AWS::SQS::QueuePolicy').map(({ properties }) => properties);
  return ofType(flat, 'AWS::SQS::Queue').flatMap(({ name }) => {
    const own = policies.filter(({ Queues }) => JSON.stringify(Queues) === JSON.stringify([name]));
    const [policy, ...others] = own.map(({ PolicyDocument }) => PolicyDocument);
    if (others.length > 0) return [`${name} has more than one policy`];
    const should = onlyTls('sqs:*', { AWS: '*' }, arn(flat, name), ...ofTopics(flat, name));
    return differences(policy, should, `policy of ${name}`);
  });
}

/** Of all the topics that bring something here, those of other regions, too; and of what AWS Health could not bring. */
function ofTopics(flat: Flat, name: string): object[] {
  const { home, locations } = flat.plan.aws;
  const all = [...new Set([home, ...locations])];
  const alerts = (region: string) => `arn:aws:sns:${region}:${ACCOUNT}:watchbill-alerts`;
  const billing = `arn:aws:sns:us-east-1:${ACCOUNT}:watchbill-billing`;
  const isDead = name === `${flat.stack}-dead`;
  if (isDead && isBilling(flat)) return [bringing([['us-east-1', billing]], flat, name)];
  if (isDead && (isHome(flat) || flat.region !== home)) {
    const health = {
      Action: 'sqs:SendMessage',
      Condition: {
        ArnEquals: { 'aws:SourceArn': `arn:aws:events:${flat.region}:${ACCOUNT}:rule/watchbill-health` },
      },
      Effect: 'Allow',
      Principal: { Service: 'events.amazonaws.com' },
      Resource: arn(flat, name),
      Sid: 'HealthRule',
    };
    const ofHealth = flat.plan.config.alarms.health ? [health] : [];
    return [...ofHealth, bringing([[flat.region, alerts(flat.region)]], flat, name)];
  }
  if (name !== 'watchbill-alerts') return [];
  const from = all.map((region) => [region, alerts(region)] as const);
  return [bringing(watchesBill(flat) ? [...from, ['us-east-1', billing]] : from, flat, name)];
}

function bringing(topics: readonly (readonly [string, string])[], flat: Flat, name: string): object {
  const services = [
    ...new Set(
      topics.map(([region]) => (isOptIn(region) ? `sns.${region}.amazonaws.com` : 'sns.amazonaws.com')),
    ),
  ].toSorted();
  return {
    Action: 'sqs:SendMessage',
    Condition: { ArnEquals: { 'aws:SourceArn': topics.map(([, topic]) => topic) } },
    Effect: 'Allow',
    Principal: { Service: services.length === 1 ? services[0] : services },
    Resource: arn(flat, name),
    Sid: 'AlertTopicsOfThisAccount',
  };
}

export const onlyTls = (Action: string, Principal: unknown, Resource: unknown, ...others: object[]) => ({
  Version: '2012-10-17',
  Statement: [
    { Action, Condition: { Bool: { 'aws:SecureTransport': 'false' } }, Effect: 'Deny', Principal, Resource },
    ...others,
  ],
});

/** Who takes messages off which queue; nobody is held back from doing so by a limit of his own. */
export function queuesAreWorkedOff(flat: Flat): string[] {
  const actual = ofType(flat, 'AWS::Lambda::EventSourceMapping').map(
    ({ properties: { Tags, ...rest } }) => rest,
  );
  const expected = Object.entries(expectedIn(flat)).flatMap(([name, { batch, function: by }]) =>
    by === undefined
      ? []
      : [
          {
            BatchSize: batch,
            EventSourceArn: arn(flat, name),
            FunctionName: by,
            FunctionResponseTypes: ['ReportBatchItemFailures'],
          },
        ],
  );
  const byQueue = (mappings: readonly Record<string, unknown>[]) =>
    Object.fromEntries(mappings.map((one) => [String(one.EventSourceArn), one]));
  return [
    ...differences(actual.length, expected.length, 'event source mappings'),
    ...differences(byQueue(actual), byQueue(expected), 'event source mapping'),
  ];
}

const CLOCKED: Readonly<Record<string, string>> = {
  'watchbill-beat': '{"scheduled":"<aws.scheduler.scheduled-time>"}',
  'watchbill-intake': '{"scheduled":"<aws.scheduler.scheduled-time>"}',
  'watchbill-inspect': '{"scheduled":"<aws.scheduler.scheduled-time>"}',
  'watchbill-watchdog': '{"scheduled":"<aws.scheduler.scheduled-time>"}',
  'watchbill-decide': '{"kind":"clock"}',
  'watchbill-deliver': '{"incidents":[]}',
};

/** What Scheduler calls in a stack. */
export function clockedIn(flat: Flat): string[] {
  if (isBilling(flat)) return [];
  if (isHome(flat))
    return [
      'watchbill-decide',
      'watchbill-deliver',
      'watchbill-intake',
      ...(inspects(flat) ? ['watchbill-inspect'] : []),
    ];
  const isStandby = standbyOf(flat.plan.aws) === flat.region;
  return ['watchbill-beat', ...(isStandby ? ['watchbill-watchdog'] : [])];
}

/** Once a minute, on the minute, with no repetition, and what failed is kept. */
export function clockCalls(flat: Flat): string[] {
  const expected = clockedIn(flat).map((name) => [
    name,
    {
      Name: name,
      GroupName: flat.stack,
      FlexibleTimeWindow: { Mode: 'OFF' },
      ScheduleExpression: 'cron(* * * * ? *)',
      ScheduleExpressionTimezone: 'UTC',
      State: 'ENABLED',
      Target: {
        Arn: `arn:aws:lambda:${flat.region}:${ACCOUNT}:function:${name}`,
        DeadLetterConfig: { Arn: arn(flat, `${flat.stack}-dead`) },
        Input: CLOCKED[name],
        RetryPolicy: { MaximumEventAgeInSeconds: 60, MaximumRetryAttempts: 0 },
        RoleArn: `arn:aws:iam::${ACCOUNT}:role/${name}-clock-${flat.region}`,
      },
    },
  ]);
  return [
    ...expectAll(flat, 'AWS::Scheduler::Schedule', Object.fromEntries(expected), ['Description']),
    ...expectAll(
      flat,
      'AWS::Scheduler::ScheduleGroup',
      isBilling(flat) ? {} : { [flat.stack]: { Name: flat.stack } },
    ),
  ];
}
