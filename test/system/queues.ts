import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { json } from 'node:stream/consumers';
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  type Message,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { agent, type Behind, timeOf } from './front.ts';
import type { QueueSpec } from './wiring.ts';

/** A queue of a region. */
export interface Which {
  readonly name: string;
  readonly region: string;
}

/** SQS as the account itself asks it, past what is made to go wrong. */
export class Queues {
  readonly #behind: Behind;
  readonly #endpoint: string;
  readonly #clients = new Map<string, SQSClient>();

  /** `endpoint`: a front without trouble. */
  constructor(behind: Behind, endpoint: string) {
    this.#behind = behind;
    this.#endpoint = endpoint;
  }

  async create({ name, region, visibility, retention, redrive }: QueueSpec): Promise<void> {
    const policy = redrive && {
      deadLetterTargetArn: this.arn({ name: redrive.to, region }),
      maxReceiveCount: redrive.after,
    };
    const Attributes = {
      VisibilityTimeout: `${visibility}`,
      MessageRetentionPeriod: `${retention}`,
      ...(policy && { RedrivePolicy: JSON.stringify(policy) }),
    };
    await this.#at(region).send(new CreateQueueCommand({ QueueName: name, Attributes }));
  }

  /** When the next message of each queue that holds any can be received, epoch ms, by the queue's ARN (moto-server.py). */
  async earliest(): Promise<ReadonlyMap<string, number>> {
    const url = new URL('/watchbill/earliest', this.#behind.emulators.moto);
    const req = request(url, { agent, headers: timeOf(this.#behind) });
    req.end();
    const [res] = (await once(req, 'response')) as [IncomingMessage];
    return new Map(Object.entries((await json(res)) as Record<string, number>));
  }

  /** Hides what it answers, as every receiver does. */
  async receive(queue: Which, max = 10): Promise<Message[]> {
    const command = new ReceiveMessageCommand({
      QueueUrl: this.#url(queue),
      MaxNumberOfMessages: max,
      WaitTimeSeconds: 0,
      MessageSystemAttributeNames: ['All'],
    });
    return (await this.#at(queue.region).send(command)).Messages ?? [];
  }

  send(queue: Which, message: unknown): Promise<void> {
    return this.sendText(queue, JSON.stringify(message));
  }

  /** As it is. */
  async sendText(queue: Which, text: string): Promise<void> {
    const input = { QueueUrl: this.#url(queue), MessageBody: text };
    await this.#at(queue.region).send(new SendMessageCommand(input));
  }

  async delete(queue: Which, { ReceiptHandle }: Message): Promise<void> {
    const command = new DeleteMessageCommand({ QueueUrl: this.#url(queue), ReceiptHandle });
    await this.#at(queue.region).send(command);
  }

  arn({ name, region }: Which): string {
    return `arn:aws:sqs:${region}:${this.#behind.account}:${name}`;
  }

  close(): void {
    for (const client of this.#clients.values()) client.destroy();
  }

  #url({ name, region }: Which): string {
    return `https://sqs.${region}.amazonaws.com/${this.#behind.account}/${name}`;
  }

  #at(region: string): SQSClient {
    const client = this.#clients.get(region) ?? new SQSClient(clientOf(this.#behind, this.#endpoint, region));
    this.#clients.set(region, client);
    return client;
  }
}

/** How the account's own clients reach AWS. */
export const clientOf = ({ account }: Behind, endpoint: string, region: string) => ({
  endpoint,
  region,
  credentials: credentialsOf(account),
  useQueueUrlAsEndpoint: false,
});

/** DynamoDB Local keeps the tables of each key apart, so all of an account have one. Letters and digits only. */
export const credentialsOf = (account: string) => ({
  accessKeyId: `AKID${account}`,
  secretAccessKey: 'not-checked',
});
