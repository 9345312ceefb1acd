import { Aws, Duration, Stack } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { EventSourceMapping } from 'aws-cdk-lib/aws-lambda';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { isOptIn } from '../config/regions.ts';
import { deadLettersOf } from '../deployment.ts';
import { acknowledge } from './acknowledge.ts';
import type { WatchbillFunction } from './function.ts';

/** The longest that SQS keeps anything: time enough to look at what failed, and to send it back. */
const KEPT = Duration.days(14);

/** Where that goes which nobody could handle. */
export class DeadLetters extends Construct {
  readonly queue: Queue;
  readonly #name: string;

  /** `of`: the queue, or the stack, whose dead letters they are. */
  constructor(scope: Construct, id: string, of: string) {
    super(scope, id);
    this.#name = deadLettersOf(of);
    this.queue = new Queue(this, 'Queue', {
      queueName: this.#name,
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: KEPT,
    });
    const reason = 'These are the dead letters: nothing takes them off but the person who looks at them.';
    acknowledge(this, { 'AwsSolutions-SQS3': reason, 'Serverless-SQSRedrivePolicy': reason });
  }

  /** By its name alone, as policies write it. */
  get arn(): string {
    return `arn:aws:sqs:${Stack.of(this).region}:${Aws.ACCOUNT_ID}:${this.#name}`;
  }
}

export interface WorkQueueProps {
  readonly name: string;
  /** How long a message is out of sight of others while somebody has it, seconds. */
  readonly visibility: number;
  readonly retention: Duration;
  /** After so many times a message that comes again goes to the dead letters. */
  readonly attempts: number;
}

/** A queue with dead letters. */
export class WorkQueue extends Construct {
  readonly queue: Queue;
  readonly dead: DeadLetters;

  constructor(scope: Construct, id: string, { name, visibility, retention, attempts }: WorkQueueProps) {
    super(scope, id);
    this.dead = new DeadLetters(this, 'Dead', name);
    this.queue = new Queue(this, 'Queue', {
      queueName: name,
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      visibilityTimeout: Duration.seconds(visibility),
      retentionPeriod: retention,
      deadLetterQueue: { queue: this.dead.queue, maxReceiveCount: attempts },
    });
  }

  /** Lambda calls the function with what comes, `batch` at most at once; it says which of them failed. */
  workedOffBy({ lambda }: WatchbillFunction, batch: number): void {
    const mapping = new EventSourceMapping(this, 'Source', {
      target: lambda,
      eventSourceArn: this.queue.queueArn,
      batchSize: batch,
      reportBatchItemFailures: true,
    });
    acknowledge(mapping, {
      'Serverless-LambdaEventSourceMappingDestination':
        'Of a queue there is none: what fails too often goes to the dead letters of the queue itself.',
    });
  }
}

/** Topics of this account may put messages in. A region that an account must enable first has a principal of its own: https://docs.aws.amazon.com/sns/latest/dg/sns-cross-region-delivery.html */
export function allowTopics(
  queue: Queue,
  topics: readonly { readonly region: string; readonly arn: string }[],
): void {
  const principals = topics.map(({ region }) =>
    isOptIn(region) ? `sns.${region}.amazonaws.com` : 'sns.amazonaws.com',
  );
  queue.addToResourcePolicy(
    new PolicyStatement({
      sid: 'AlertTopicsOfThisAccount',
      principals: [...new Set(principals)].sort().map((name) => new ServicePrincipal(name)),
      actions: ['sqs:SendMessage'],
      resources: [queue.queueArn],
      conditions: { ArnEquals: { 'aws:SourceArn': topics.map(({ arn }) => arn) } },
    }),
  );
}

/**
 * A queue of beats. A beat that fails is out of sight for as long as the function may run: Lambda takes no less. AWS advises
 * six times that, for what must be tried again while Lambda throttles. A beat mustn't: when it comes again it is over a
 * minute old, so nothing runs twice, it is only counted as skipped. Kept it is for the two minutes by which it may be
 * delayed, two such tries, and some.
 */
export const beatsQueue = (scope: Construct, id: string, name: string, timeout: number): WorkQueue =>
  new WorkQueue(scope, id, {
    name,
    visibility: timeout,
    retention: Duration.minutes(15),
    attempts: 2,
  });
