import { FUNCTIONS, type FunctionName, functionsFor, standbyOf } from '../../../lib/deployment.ts';
import { EMPTY_BUCKET } from '../../../lib/stack/emptied.ts';
import { ACCOUNT, differences, expectAll, type Flat, ofType, type Resource } from '../flat.ts';
import { clockedIn, isBilling } from './queues.ts';

export const isHome = ({ stack }: Flat) => stack === 'Watchbill-Home';

/** The functions of a stack. */
export function functionsIn(flat: Flat): FunctionName[] {
  if (isBilling(flat)) return [];
  if (isHome(flat)) {
    const atHome = ['decide', 'deliver', 'show', 'intake', 'inspect', 'hear'];
    return functionsFor(flat.plan.config).filter((name) => atHome.includes(name));
  }
  return ['beat', 'probe', ...(standbyOf(flat.plan.aws) === flat.region ? (['watchdog'] as const) : [])];
}

/** J55: each as lib/deployment.ts says, with a role and a log of its own, and nothing else: no reserved concurrency. */
export function functionsAreAsTheyShould(flat: Flat): string[] {
  const expected = functionsIn(flat).map((name) => [FUNCTIONS[name].name, expectedOf(name, flat)]);
  return [
    ...expectAll(
      { ...flat, resources: flat.resources.filter(({ id }) => !id.startsWith('BlobsEmptied')) },
      'AWS::Lambda::Function',
      Object.fromEntries(expected),
      ['Description'],
    ),
    ...ofType(flat, 'AWS::Lambda::Function').flatMap((one) => stagedBadly(one, flat)),
  ];
}

/** After sixteen rounds of one message Lambda would throw it away. */
const ROUND: readonly FunctionName[] = ['probe', 'inspect', 'decide', 'deliver'];

function expectedOf(key: FunctionName, flat: Flat): object {
  const { name, memory, timeout } = FUNCTIONS[key];
  const staged = ofType(flat, 'AWS::Lambda::Function').find((one) => one.name === name)?.properties.Code;
  return {
    FunctionName: name,
    Runtime: 'nodejs24.x',
    Architectures: ['arm64'],
    Handler: 'index.handler',
    MemorySize: memory,
    Timeout: timeout,
    Role: `arn:aws:iam::${ACCOUNT}:role/${name}-${flat.region}`,
    ...(ROUND.includes(key) && { RecursiveLoop: 'Allow' }),
    LoggingConfig: {
      LogGroup: `/aws/lambda/${name}`,
      LogFormat: 'JSON',
      ApplicationLogLevel: 'INFO',
      SystemLogLevel: 'WARN',
    },
    Environment: {
      Variables: {
        WATCHBILL_ACCOUNT: ACCOUNT,
        ...(key === 'deliver' && { WATCHBILL_PAGE_URL: pageUrlOf(flat) }),
      },
    },
    // Its hash is that of the files: test/stack/bundles.test.ts looks into them.
    Code: staged,
  };
}

export function pageUrlOf({ plan, resources }: Flat): string {
  const { statusPage } = plan.config;
  const distribution = resources.find(({ type }) => type === 'AWS::CloudFront::Distribution');
  return statusPage.url ?? `https://${plan.aws.domain?.name ?? `<${distribution?.name}.DomainName>`}/`;
}

/** Where `cdk bootstrap` made room for it in this region. */
function stagedBadly({ name, id, properties: { Code } }: Resource, { region }: Flat): string[] {
  if (id.startsWith('BlobsEmptied')) return [];
  const { S3Key, ...others } = (Code ?? {}) as Record<string, unknown>;
  const bucket = { S3Bucket: `cdk-hnb659fds-assets-${ACCOUNT}-${region}` };
  const isHash = /^[0-9a-f]{64}\.zip$/.test(String(S3Key));
  return [
    ...differences(others, bucket, `code of ${name}`),
    ...(isHash ? [] : [`the code of ${name} is ${JSON.stringify(S3Key)}`]),
  ];
}

/** What nobody waits for is tried once, for a minute at most, and kept where it failed. */
export function clockedFunctionsFailOnce(flat: Flat): string[] {
  const actual = ofType(flat, 'AWS::Lambda::EventInvokeConfig').map(({ properties }) => properties);
  const expected = clockedIn(flat).map((FunctionName) => ({
    FunctionName,
    Qualifier: '$LATEST',
    MaximumEventAgeInSeconds: 60,
    MaximumRetryAttempts: 0,
    DestinationConfig: {
      OnFailure: { Destination: `arn:aws:sqs:${flat.region}:${ACCOUNT}:${flat.stack}-dead` },
    },
  }));
  const byFunction = (configs: readonly Record<string, unknown>[]) =>
    Object.fromEntries(configs.map((one) => [String(one.FunctionName), one]));
  return [
    ...differences(actual.length, expected.length, 'event invoke configs'),
    ...differences(byFunction(actual), byFunction(expected), 'event invoke config of'),
  ];
}

/** J59: every log ends after a month, and with its stack. */
export function logsEnd(flat: Flat): string[] {
  const expected = functionsIn(flat).map((name) => `/aws/lambda/${FUNCTIONS[name].name}`);
  const groups = ofType(flat, 'AWS::Logs::LogGroup');
  return [
    ...groups.flatMap(({ id, properties }) =>
      differences(properties.RetentionInDays, 30, `retention of ${id}`),
    ),
    ...groups.flatMap(({ id, properties }) =>
      differences(properties.LogGroupClass, undefined, `class of ${id}`),
    ),
    ...differences(
      groups.flatMap(({ properties }) => properties.LogGroupName ?? []).toSorted(),
      expected.toSorted(),
      'log groups',
    ),
    ...differences(groups.length, expected.length + (isHome(flat) ? 1 : 0), 'number of log groups'),
  ];
}

/** The bucket's own small function, which CloudFormation calls: what writes into the bucket must be gone before. */
export function bucketIsEmptiedOnRemoval(flat: Flat): string[] {
  if (!isHome(flat)) return [];
  const own = (type: string) => ofType(flat, type).filter(({ id }) => id.startsWith('BlobsEmptied'))[0];
  const { Tags, Description, ...lambda } = own('AWS::Lambda::Function')?.properties ?? {};
  const emptied = own('Custom::EmptiedBucket');
  const decide = ofType(flat, 'AWS::Lambda::Function').find(({ name }) => name === 'watchbill-decide');
  return [
    ...differences(
      lambda,
      {
        Code: { ZipFile: EMPTY_BUCKET },
        Runtime: 'nodejs24.x',
        Architectures: ['arm64'],
        Handler: 'index.handler',
        MemorySize: 256,
        Timeout: 60,
        Role: `arn:aws:iam::${ACCOUNT}:role/${own('AWS::IAM::Role')?.name}`,
        LoggingConfig: { LogFormat: 'JSON', LogGroup: own('AWS::Logs::LogGroup')?.name },
      },
      'what empties the bucket',
    ),
    ...differences(
      emptied?.properties,
      {
        ServiceToken: `arn:aws:lambda:${flat.region}:${ACCOUNT}:function:${own('AWS::Lambda::Function')?.name}`,
        ServiceTimeout: '120',
        Bucket: bucketIn(flat),
      },
      'emptied bucket',
    ),
    ...(emptied && decide?.after.includes(emptied.id)
      ? []
      : ['decide may write after the bucket was emptied']),
  ];
}

export const bucketIn = ({ region }: Flat) => `watchbill-${ACCOUNT}-${region}`;
