import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CreateTableCommandInput } from '@aws-sdk/client-dynamodb';
import { App } from 'aws-cdk-lib';
import type { Config } from '../../lib/config/compiled.ts';
import { packageRoot } from '../../lib/package-root.ts';
import { addStacks } from '../../lib/stack/app.ts';
import type { Conditions, Statement } from './policies.ts';
import type { FunctionSpec, MappingSpec, QueueSpec, ScheduleSpec, Wiring } from './wiring.ts';

/** What the templates of an installation say, as far as this machine can have it. */
export interface Stacks extends Wiring {
  /** One of each, at home. */
  readonly table: CreateTableCommandInput;
  readonly bucket: string;
}

interface Resource {
  readonly Type: string;
  readonly Properties: Properties;
}

/** What is read of resources; each type has some of it. What may refer to another resource is unknown. */
interface Properties extends CreateTableCommandInput {
  readonly FunctionName: unknown;
  readonly MemorySize: number;
  readonly Timeout: number;
  readonly Code: { readonly S3Key: string };
  readonly Environment: { readonly Variables: Readonly<Record<string, unknown>> };
  readonly QueueName: string;
  readonly VisibilityTimeout?: number;
  readonly MessageRetentionPeriod: number;
  readonly RedrivePolicy?: { readonly deadLetterTargetArn: unknown; readonly maxReceiveCount: number };
  readonly EventSourceArn: unknown;
  readonly BatchSize: number;
  readonly FunctionResponseTypes?: readonly string[];
  readonly DestinationConfig: { readonly OnFailure: { readonly Destination: unknown } };
  readonly Target: { readonly Arn: unknown; readonly Input: string };
  readonly BucketName: unknown;
  readonly Role: { readonly 'Fn::GetAtt': readonly [role: string, 'Arn'] };
  readonly Policies?: readonly { readonly PolicyDocument: Document }[];
  readonly ManagedPolicyArns?: readonly { readonly Ref: string }[];
  readonly PolicyDocument?: Document;
}

interface Document {
  readonly Statement: readonly {
    readonly Effect: 'Allow';
    readonly Action: string | readonly string[];
    readonly Resource: unknown;
    readonly Condition?: Conditions;
  }[];
}

/** How many containers a function has; default 1. */
export type Containers = Readonly<Record<string, number>>;

/** Makes the stacks of a config as `cdk deploy` does, and reads their templates. `out`: an empty folder for them. */
export function synthesize(config: Config, account: string, out: string, containers: Containers): Stacks {
  if (!config.aws) throw new Error('a config without "aws"');
  const { context } = JSON.parse(readFileSync(join(packageRoot(), 'cdk.json'), 'utf8'));
  const app = new App({ outdir: out, context });
  const bundles = { dir: join(packageRoot(), 'dist', 'functions'), config };
  addStacks(app, { config, aws: config.aws, bundles });
  const read = app.synth().stacks.map(({ template, environment }) => {
    return new Template(template.Resources, { account, region: environment.region, out, containers });
  });
  return {
    functions: read.flatMap((template) => template.functions()),
    queues: read.flatMap((template) => template.queues()),
    mappings: read.flatMap((template) => template.mappings()),
    schedules: read.flatMap((template) => template.schedules()),
    table: only(read.flatMap((template) => template.tables())),
    bucket: only(read.flatMap((template) => template.buckets())),
  };
}

interface Around {
  readonly account: string;
  readonly region: string;
  readonly out: string;
  readonly containers: Containers;
}

class Template {
  readonly #resources: Readonly<Record<string, Resource>>;
  readonly #around: Around;

  constructor(resources: Readonly<Record<string, Resource>>, around: Around) {
    this.#resources = resources;
    this.#around = around;
  }

  /** The properties of all resources of this type. */
  all(type: string): Properties[] {
    const found = Object.values(this.#resources).filter((resource) => resource.Type === type);
    return found.map(({ Properties }) => Properties);
  }

  functions(): FunctionSpec[] {
    // What has no name is CDK's own, for the time of a deployment.
    const ours = this.all('AWS::Lambda::Function').filter(({ FunctionName }) => FunctionName);
    return ours.map((properties) => this.#function(properties));
  }

  queues(): QueueSpec[] {
    const { region } = this.#around;
    return this.all('AWS::SQS::Queue').map((queue) => ({
      name: queue.QueueName,
      region,
      visibility: queue.VisibilityTimeout ?? 30,
      retention: queue.MessageRetentionPeriod,
      ...(queue.RedrivePolicy && {
        redrive: {
          to: this.#text(queue.RedrivePolicy.deadLetterTargetArn),
          after: queue.RedrivePolicy.maxReceiveCount,
        },
      }),
    }));
  }

  mappings(): MappingSpec[] {
    const { region } = this.#around;
    return this.all('AWS::Lambda::EventSourceMapping').map((mapping) => ({
      queue: this.#text(mapping.EventSourceArn),
      region,
      function: this.#text(mapping.FunctionName),
      batch: mapping.BatchSize,
      inPart: mapping.FunctionResponseTypes?.includes('ReportBatchItemFailures') ?? false,
    }));
  }

  schedules(): ScheduleSpec[] {
    const { region } = this.#around;
    const configs = this.all('AWS::Lambda::EventInvokeConfig');
    const failed = new Map(
      configs.map(({ FunctionName, DestinationConfig }) => [
        this.#text(FunctionName),
        this.#text(DestinationConfig.OnFailure.Destination),
      ]),
    );
    return this.all('AWS::Scheduler::Schedule').map(({ Target }) => {
      const name = this.#text(Target.Arn);
      return { region, function: name, input: Target.Input, failed: failed.get(name) };
    });
  }

  #function({ FunctionName, MemorySize, Timeout, Code, Environment, Role }: Properties): FunctionSpec {
    const { region, out, containers } = this.#around;
    const name = this.#text(FunctionName);
    const variables = Object.entries(Environment.Variables);
    return {
      name,
      region,
      memory: MemorySize,
      timeout: Timeout,
      containers: containers[name] ?? 1,
      code: join(out, `asset.${Code.S3Key.replace('.zip', '')}`),
      env: Object.fromEntries(variables.map(([key, value]) => [key, this.#text(value)])),
      policy: this.#policy(Role['Fn::GetAtt'][0]),
    };
  }

  /** What a role allows, in itself and by managed policies. */
  #policy(role: string): Statement[] {
    const { Policies = [], ManagedPolicyArns = [] } = this.#resources[role]?.Properties ?? {};
    const managed = ManagedPolicyArns.flatMap(
      ({ Ref }) => this.#resources[Ref]?.Properties.PolicyDocument ?? [],
    );
    const documents = [...Policies.map(({ PolicyDocument }) => PolicyDocument), ...managed];
    return documents
      .flatMap(({ Statement }) => Statement)
      .map(({ Action, Resource, Condition = {} }) => ({
        actions: [Action].flat(),
        resources: [Resource].flat().map((resource) => this.#text(resource)),
        conditions: Condition,
      }));
  }

  /** Without what DynamoDB takes in calls of their own, or an emulator has not. */
  tables(): CreateTableCommandInput[] {
    return this.all('AWS::DynamoDB::Table').map(({ TableName, BillingMode, KeySchema, ...more }) => {
      const { AttributeDefinitions, GlobalSecondaryIndexes } = more;
      return { TableName, BillingMode, KeySchema, AttributeDefinitions, GlobalSecondaryIndexes };
    });
  }

  buckets(): string[] {
    return this.all('AWS::S3::Bucket').map(({ BucketName }) => this.#text(BucketName));
  }

  /** A text of the template. What refers to a resource becomes that one's name. */
  #text(value: unknown): string {
    if (typeof value === 'string') return value;
    const { Ref, 'Fn::GetAtt': got, 'Fn::Join': join } = value as Record<string, never[]>;
    if (join) return [...(join[1] ?? [])].map((part) => this.#text(part)).join(join[0]);
    if (String(Ref) === 'AWS::AccountId') return this.#around.account;
    const resource = this.#resources[String(Ref ?? got?.[0])]?.Properties;
    const name = resource?.FunctionName ?? resource?.QueueName;
    if (typeof name === 'string') return name;
    throw new Error(`a template says what is not known: ${JSON.stringify(value)}`);
  }
}

function only<T>(list: readonly T[]): T {
  const [one, ...more] = list;
  if (one === undefined || more.length > 0) throw new Error(`one was meant, and not ${list.length}`);
  return one;
}
