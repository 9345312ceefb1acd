import { GetQueueUrlCommand, SQSClient } from '@aws-sdk/client-sqs';
import { StoreError } from '../../ports.ts';
import { explain } from './explain.ts';
import { SqsQueue, type SqsQueueOptions } from './sqs.ts';
import { within } from './within.ts';

const ANSWER_MS = 3_000;

/** Opens a queue in the account of the credentials, whose number only AWS knows here. Throws `StoreError`. */
export async function findQueue<T>(options: Omit<SqsQueueOptions, 'account'>): Promise<SqsQueue<T>> {
  const { name, region, clock, client = {} } = options;
  const sqs = new SQSClient({ ...client, region, maxAttempts: 1 });
  const failure = (why: string) =>
    new StoreError(`SQS GetQueueUrl on the queue ${name} in ${region}: ${why}`);
  const command = new GetQueueUrlCommand({ QueueName: name });
  try {
    const { QueueUrl = '' } = await within(ANSWER_MS, clock, (late) => sqs.send(command, late)).catch(
      (error) => {
        throw failure(explain(error));
      },
    );
    const account = /\/(\d{12})\/[^/]+$/.exec(QueueUrl)?.[1];
    if (account === undefined) throw failure('an answer that makes no sense');
    return new SqsQueue<T>({ ...options, account });
  } finally {
    sqs.destroy();
  }
}
