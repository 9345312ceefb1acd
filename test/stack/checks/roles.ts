import { FUNCTIONS, type FunctionName } from '../../../lib/deployment.ts';
import { type Statement, statementsOf } from '../../../lib/permissions.ts';
import { ACCOUNT, differences, type Flat, ofType, type Resource } from '../flat.ts';
import { bucketIn, functionsIn, isHome } from './functions.ts';
import { clockedIn } from './queues.ts';

interface RawStatement {
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource: string | readonly string[];
  readonly Condition?: unknown;
  readonly [other: string]: unknown;
}

/** Everything that a statement allows, one line each: what it is made of, and in which order, says nothing. */
function lines(statements: readonly RawStatement[]): string[] {
  const each = statements.flatMap(({ Effect, Action, Resource, Condition, ...others }) =>
    [Action]
      .flat()
      .flatMap((action) =>
        [Resource]
          .flat()
          .map((resource) =>
            [Effect, action, resource, JSON.stringify(Condition) ?? '', JSON.stringify(others)].join(' '),
          ),
      ),
  );
  return [...new Set(each)].toSorted();
}

const allowed = (statements: readonly Statement[]): RawStatement[] =>
  statements.map(({ actions, resources, condition }) => ({
    Effect: 'Allow',
    Action: actions,
    Resource: resources,
    ...(condition && { Condition: condition }),
  }));

interface Role {
  readonly trust: RawStatement | object;
  readonly statements: readonly RawStatement[];
}

const trustOf = (Service: string, Condition?: object) => ({
  Version: '2012-10-17',
  Statement: [
    { Action: 'sts:AssumeRole', Effect: 'Allow', Principal: { Service }, ...(Condition && { Condition }) },
  ],
});

const queue = ({ region }: Flat, name: string) => `arn:aws:sqs:${region}:${ACCOUNT}:${name}`;

/** J54, J55: a role for each function, which allows what lib/permissions.ts says, and to keep what failed. */
function rolesOfFunctions(flat: Flat): (readonly [string, Role])[] {
  const { config, aws } = flat.plan;
  return functionsIn(flat).map((key: FunctionName) => {
    const { name } = FUNCTIONS[key];
    const needs = statementsOf(key, { config, aws, account: ACCOUNT, region: flat.region });
    const failed = clockedIn(flat).includes(name)
      ? [{ actions: ['sqs:SendMessage'], resources: [queue(flat, `${flat.stack}-dead`)] }]
      : [];
    return [
      `${name}-${flat.region}`,
      { trust: trustOf('lambda.amazonaws.com'), statements: allowed([...needs, ...failed]) },
    ] as const;
  });
}

/** Scheduler may do it for the schedules of this stack alone. */
function rolesOfClock(flat: Flat): (readonly [string, Role])[] {
  const condition = {
    StringEquals: {
      'aws:SourceAccount': ACCOUNT,
      'aws:SourceArn': `arn:aws:scheduler:${flat.region}:${ACCOUNT}:schedule-group/${flat.stack}`,
    },
  };
  return clockedIn(flat).map((name) => [
    `${name}-clock-${flat.region}`,
    {
      trust: trustOf('scheduler.amazonaws.com', condition),
      statements: allowed([
        {
          actions: ['lambda:InvokeFunction'],
          resources: [`arn:aws:lambda:${flat.region}:${ACCOUNT}:function:${name}`],
        },
        { actions: ['sqs:SendMessage'], resources: [queue(flat, `${flat.stack}-dead`)] },
      ]),
    },
  ]);
}

function roleOfEmptied(flat: Flat): (readonly [string, Role])[] {
  const own = (type: string) => ofType(flat, type).find(({ id }) => id.startsWith('BlobsEmptied'))?.name;
  const bucket = `arn:aws:s3:::${bucketIn(flat)}`;
  const log = `arn:aws:logs:${flat.region}:${ACCOUNT}:log-group:${own('AWS::Logs::LogGroup')}:*`;
  const statements = allowed([
    { actions: ['s3:ListBucket'], resources: [bucket] },
    { actions: ['s3:DeleteObject'], resources: [`${bucket}/*`] },
    { actions: ['logs:CreateLogStream', 'logs:PutLogEvents'], resources: [log] },
  ]);
  return [[own('AWS::IAM::Role') ?? '', { trust: trustOf('lambda.amazonaws.com'), statements }]];
}

export function rolesAllowWhatIsNeeded(flat: Flat): string[] {
  const expected = new Map([
    ...rolesOfFunctions(flat),
    ...rolesOfClock(flat),
    ...(isHome(flat) ? roleOfEmptied(flat) : []),
  ]);
  const roles = new Map(ofType(flat, 'AWS::IAM::Role').map((role) => [role.name, role]));
  const names = new Set([...expected.keys(), ...roles.keys()]);
  return [...names].flatMap((name) => {
    const [role, should] = [roles.get(name), expected.get(name)];
    if (!role || !should) return [`the role ${name} is ${role ? 'one too many' : 'missing'}`];
    return [
      ...differences(role.properties.AssumeRolePolicyDocument, should.trust, `trust of ${name}`),
      ...differences(lines(statementsIn(role, flat)), lines(should.statements), `what ${name} allows`),
    ];
  });
}

/** Its own policies, and those of its stack that it names: any other is a finding. */
function statementsIn({ properties }: Resource, flat: Flat): RawStatement[] {
  const { Policies = [], ManagedPolicyArns = [] } = properties as {
    Policies?: { PolicyDocument: unknown }[];
    ManagedPolicyArns?: string[];
  };
  const managed = ManagedPolicyArns.map(
    (name) => flat.resources.find(({ id }) => id === name)?.properties.PolicyDocument ?? name,
  );
  return [...Policies.map(({ PolicyDocument }) => PolicyDocument), ...managed].flatMap((document) => {
    const { Version, Statement } = (document ?? {}) as { Version?: string; Statement?: RawStatement[] };
    return Version === '2012-10-17' && Statement
      ? Statement
      : [{ Effect: 'Unknown', Action: JSON.stringify(document), Resource: '' }];
  });
}

/** What IAM grants for all resources or for none: the service authorization reference of each service. */
const WITHOUT_RESOURCE = new Set<string>([
  'backup:ListRecoveryPointsByResource',
  'backup:ListRestoreJobsByProtectedResource',
  'dynamodb:ListBackups',
  'ec2:DescribeSnapshots',
  'iam:GetAccountSummary',
  'ssm:DescribeParameters',
]);

/** J54: whatever lib/permissions.ts says, there is no action and no resource of any name. */
export function nothingIsAllowedForEverything(flat: Flat): string[] {
  return ofType(flat, 'AWS::IAM::Role').flatMap((role) =>
    statementsIn(role, flat).flatMap(({ Action, Resource }) => {
      const open =
        [Action].flat().some((action) => String(action).includes('*')) ||
        ([Resource].flat().includes('*') && ![Action].flat().every((action) => WITHOUT_RESOURCE.has(action)));
      return open ? [`${role.name} allows ${JSON.stringify(Action)} on ${JSON.stringify(Resource)}`] : [];
    }),
  );
}

/** Nothing else gives rights than what the checks here look at. */
export function noOtherPolicies(flat: Flat): string[] {
  const attached = ofType(flat, 'AWS::IAM::Role').flatMap(
    ({ properties }) => (properties.ManagedPolicyArns as string[] | undefined) ?? [],
  );
  return flat.resources.flatMap(({ id, type }) =>
    type === 'AWS::IAM::Policy' ||
    type === 'AWS::IAM::RolePolicy' ||
    (type === 'AWS::IAM::ManagedPolicy' && !attached.includes(id))
      ? [`${type} ${id} is not looked at`]
      : [],
  );
}
