import {
  DeleteMessageCommand,
  type Message,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SQSClient,
  type SQSClientConfig,
} from '@aws-sdk/client-sqs';
import { type Clock, type Delayed, type DrainedQueue, type Received, StoreError } from '../../ports.ts';
import { again } from './again.ts';
import { connections } from './connections.ts';
import { explain } from './explain.ts';
import { type Batched, batchesOf, checkDelay, encode, type Sendable } from './sqs-batches.ts';
import { within } from './within.ts';

/** For one request: from the other side of the world, a new connection and its first answer are four round trips of 0.3 s. */
const ANSWER_MS = 3_000;

/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html */
const MOST_RECEIVED = 10;

export interface SqsQueueOptions {
  /** Where the queue is: not always where this process runs. */
  readonly region: string;
  /** The number of the account that has it. */
  readonly account: string;
  readonly name: string;
  readonly clock: Clock;
  /** Messages are texts as they are, of whatever kind; default: they are JSON. */
  readonly raw?: boolean;
  /** Default: credentials, and AWS_ENDPOINT_URL where an emulator stands in, of the environment. */
  readonly client?: SQSClientConfig;
}

/**
 * A standard queue of SQS, which holds messages as JSON. What fails is a `StoreError` that names the queue. Sending
 * is repeated: three tries of 3 s, whatever the number of messages. So one may be there twice, which is harmless to
 * every receiver, but none is lost without an error.
 */
export class SqsQueue<T> implements DrainedQueue<T> {
  readonly #client: SQSClient;
  readonly #clock: Clock;
  readonly #name: string;
  readonly #url: string;
  readonly #raw: boolean;

  constructor({ region, account, name, clock, raw = false, client = {} }: SqsQueueOptions) {
    this.#client = new SQSClient({
      ...connections(),
      ...client,
      region,
      maxAttempts: 1,
      // The host of a queue's URL would otherwise win over AWS_ENDPOINT_URL: aws/aws-sdk-js-v3#5759.
      useQueueUrlAsEndpoint: false,
      // TLS keeps a message whole, and the error about this sum repeats what the service said.
      md5: false,
    });
    this.#clock = clock;
    this.#raw = raw;
    this.#name = `${name} in ${region}`;
    const suffix = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
    this.#url = `https://sqs.${region}.${suffix}/${account}/${name}`;
  }

  send(message: T): Promise<void> {
    return this.sendAll([{ message, delay: 0 }]);
  }

  /**
   * All of them, ten to a request. A repeated one is delayed by so much less. Throws `RangeError`, before anything is
   * sent, on a delay or a size that SQS doesn't take.
   */
  async sendAll(messages: readonly Delayed<T>[]): Promise<void> {
    let left: readonly Sendable[] = messages.map(({ message, delay }, n) => ({
      id: `${n}`,
      body: this.#raw ? String(message) : encode(message),
      delay: checkDelay(delay),
    }));
    const began = this.#clock.monotonic();
    await again(this.#clock, async () => {
      const passed = Math.floor((this.#clock.monotonic() - began) / 1000);
      const sent = await Promise.all(batchesOf(left, passed).map((batch) => this.#sendBatch(batch)));
      const failed = sent.flatMap((one) => (one.failed.length > 0 ? [one] : []));
      const ids = new Set(failed.flatMap((one) => one.failed));
      left = left.filter(({ id }) => ids.has(id));
      const [first] = failed;
      if (first) {
        throw this.#failure(
          'SendMessageBatch',
          `${left.length} of ${messages.length} not sent: ${first.why}`,
        );
      }
    });
  }

  /**
   * What is there, for a queue that is drained by hand: at most ten, and `max`. It doesn't wait for any, so not all
   * that is there need come at once, and an empty answer is no proof. What isn't JSON stays until the queue's redrive
   * policy moves it to its dead letters.
   */
  async receive(max: number): Promise<Received<T>[]> {
    const command = new ReceiveMessageCommand({
      QueueUrl: this.#url,
      MaxNumberOfMessages: Math.min(max, MOST_RECEIVED),
      WaitTimeSeconds: 0,
    });
    const { Messages = [] } = await this.#ask('ReceiveMessage', (options) =>
      this.#client.send(command, options),
    );
    return Messages.flatMap((message) => this.#received(message));
  }

  /** Ends its connections. */
  close(): void {
    this.#client.destroy();
  }

  /** The ids of those that are not known to be sent, and why of the first. */
  async #sendBatch(batch: Batched[]): Promise<{ failed: string[]; why: string }> {
    const command = new SendMessageBatchCommand({ QueueUrl: this.#url, Entries: batch });
    try {
      const { Successful = [], Failed = [] } = await within(ANSWER_MS, this.#clock, (options) =>
        this.#client.send(command, options),
      );
      const sent = new Set(Successful.map(({ Id }) => Id));
      const [first] = Failed;
      const fault = { name: first?.Code, $fault: first && 'server', $metadata: { httpStatusCode: 200 } };
      return { failed: batch.map(({ Id }) => Id).filter((id) => !sent.has(id)), why: explain(fault) };
    } catch (error) {
      return { failed: batch.map(({ Id }) => Id), why: explain(error) };
    }
  }

  #received({ Body = '', ReceiptHandle }: Message): Received<T>[] {
    const command = new DeleteMessageCommand({ QueueUrl: this.#url, ReceiptHandle });
    const remove = () => this.#ask('DeleteMessage', (options) => this.#client.send(command, options));
    try {
      return [{ message: this.#raw ? Body : JSON.parse(Body), delete: async () => void (await remove()) }];
    } catch {
      return [];
    }
  }

  #ask<A>(operation: string, call: Parameters<typeof within<A>>[2]): Promise<A> {
    return within(ANSWER_MS, this.#clock, call).catch((error) => {
      throw this.#failure(operation, explain(error));
    });
  }

  #failure(operation: string, why: string): StoreError {
    return new StoreError(`SQS ${operation} on the queue ${this.#name}: ${why}`);
  }
}
