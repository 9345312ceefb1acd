import { Aws, Duration, RemovalPolicy } from 'aws-cdk-lib';
import {
  Effect,
  ManagedPolicy,
  PolicyDocument,
  PolicyStatement,
  Role,
  ServicePrincipal,
} from 'aws-cdk-lib/aws-iam';
import {
  ApplicationLogLevel,
  Architecture,
  Function as LambdaFunction,
  LoggingFormat,
  RecursiveLoop,
  Runtime,
  SystemLogLevel,
} from 'aws-cdk-lib/aws-lambda';
import { SqsDestination } from 'aws-cdk-lib/aws-lambda-destinations';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { ENVIRONMENT, FUNCTIONS, type FunctionName, logGroupOf } from '../deployment.ts';
import { policiesOf, type Statement, statementsOf } from '../permissions.ts';
import { acknowledge } from './acknowledge.ts';
import { codeOf } from './bundles.ts';
import type { Place } from './place.ts';
import type { DeadLetters } from './queue.ts';
import { tagPart } from './tags.ts';

export interface WatchbillFunctionProps {
  readonly place: Place;
  readonly name: FunctionName;
  /** What it is for, as the console shows it. */
  readonly description: string;
  /** Variables besides the number of the account. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Where an event goes that nobody waits for and that fails; undefined: somebody waits for each. */
  readonly failed?: DeadLetters;
}

/** For so long an answer to "what did it say then" can be found; a month covers any review. */
export const LOG_RETENTION = RetentionDays.ONE_MONTH;

/**
 * Their messages go round: home asks, a location answers, home asks again; and what can't be delivered yet is sent again.
 * Lambda takes sixteen rounds for a mistake, and throws the message away. Here each needs news, or time that has passed.
 * https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html
 */
const ROUND: ReadonlySet<FunctionName> = new Set(['probe', 'inspect', 'decide', 'deliver']);

/** A function with a role and a log of its own. It is named, sized and allowed as lib/deployment.ts and lib/permissions.ts say. */
export class WatchbillFunction extends Construct {
  readonly lambda: LambdaFunction;

  constructor(scope: Construct, id: string, props: WatchbillFunctionProps) {
    super(scope, id);
    const { name, memory, timeout } = FUNCTIONS[props.name];
    const log = new LogGroup(this, 'Log', {
      logGroupName: logGroupOf(name),
      retention: LOG_RETENTION,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.lambda = new LambdaFunction(this, 'Function', {
      functionName: name,
      description: props.description,
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      handler: 'index.handler',
      code: codeOf(props.name, props.place.bundles),
      memorySize: memory,
      timeout: Duration.seconds(timeout),
      // It is complete: whatever CDK would grant besides, such as the log group of any name, is not wanted.
      role: roleOf(this, props).withoutPolicyUpdates(),
      logGroup: log,
      loggingFormat: LoggingFormat.JSON,
      applicationLogLevelV2: ApplicationLogLevel.INFO,
      // Of the platform's own lines only those about what went wrong: START, END and REPORT of each run cost more than ours.
      systemLogLevelV2: SystemLogLevel.WARN,
      ...(ROUND.has(props.name) && { recursiveLoop: RecursiveLoop.ALLOW }),
      environment: { [ENVIRONMENT.account]: Aws.ACCOUNT_ID, ...props.environment },
      // The next minute comes anyway: a run of the clock is never made up for.
      ...(props.failed && {
        retryAttempts: 0,
        maxEventAge: Duration.seconds(60),
        onFailure: new SqsDestination(props.failed.queue),
      }),
    });
    tagPart(this, props.name);
    explain(this, props);
  }
}

function roleOf(scope: Construct, { place, name, failed }: WatchbillFunctionProps): Role {
  const { config, aws, region } = place;
  const statements = [
    ...statementsOf(name, { config, aws, region, account: Aws.ACCOUNT_ID }),
    ...(failed ? [{ actions: ['sqs:SendMessage'], resources: [failed.arn] }] : []),
  ];
  const { kind, documents } = policiesOf(statements, Aws.ACCOUNT_ID);
  const written = documents.map(documentOf);
  return new Role(scope, 'Role', {
    roleName: `${FUNCTIONS[name].name}-${region}`,
    description: `The role of ${FUNCTIONS[name].name} in ${region}`,
    assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
    ...(kind === 'inline'
      ? { inlinePolicies: Object.fromEntries(written.map((document) => ['allowed', document])) }
      : { managedPolicies: written.map((document, index) => managed(scope, index, document)) }),
  });
}

const managed = (scope: Construct, index: number, document: PolicyDocument): ManagedPolicy =>
  new ManagedPolicy(scope, `Policy${index + 1}`, { document });

const documentOf = (statements: readonly Statement[]): PolicyDocument =>
  new PolicyDocument({
    statements: statements.map(
      ({ actions, resources, condition }) =>
        new PolicyStatement({
          effect: Effect.ALLOW,
          actions: [...actions],
          resources: [...resources],
          ...(condition && { conditions: condition }),
        }),
    ),
  });

function explain(scope: WatchbillFunction, { place, name, failed }: WatchbillFunctionProps): void {
  acknowledge(scope, {
    ...openResources(name, place),
    'Serverless-LambdaTracing':
      'X-Ray would bill every run and needs the right to write for all resources; logs and the metrics of the platform tell what happened.',
    'Serverless-LambdaDLQ': failed
      ? 'Its failed events go to a destination, which is told what went wrong as well.'
      : 'It is never called asynchronously, and only such events reach this setting: its caller is told of a failure, and a queue that it works off has dead letters of its own.',
  });
}

/** Resources that are named in part, or not at all. */
function openResources(name: FunctionName, { config, aws, region }: Place): Record<string, string> {
  const streams = `:log-group:${logGroupOf(FUNCTIONS[name].name)}:*`;
  const statements = statementsOf(name, { config, aws, region, account: '<AWS::AccountId>' });
  const named = statements.flatMap(({ actions, resources }) =>
    resources
      .filter((resource) => resource.includes('*'))
      .map((resource) => [`AwsSolutions-IAM5[Resource::${resource}]`, whyOpen(actions, resource)]),
  );
  const everywhere = statements.filter(({ resources }) => resources.includes('*'));
  return {
    ...Object.fromEntries(named),
    ...(everywhere.length > 0 && {
      'Serverless-LambdaStarPermissions': `Checks want ${actionsOf(everywhere)}, for which IAM knows no narrower resource.`,
    }),
  };

  function whyOpen(actions: readonly string[], resource: string): string {
    if (name === 'intake' && !resource.endsWith(streams))
      return `Which of them tell of something here is not known before: ${actions.join(', ')} only reads.`;
    if (resource.endsWith(streams)) return 'The streams of this one log group, whose names Lambda makes up.';
    return resource === '*'
      ? `A check wants it, and IAM knows no narrower resource for ${actions.join(', ')}.`
      : `A check wants it: the names of what ${actions.join(', ')} looks at are not known before.`;
  }
}

const actionsOf = (statements: readonly Statement[]): string =>
  statements.flatMap(({ actions }) => actions).join(', ');
