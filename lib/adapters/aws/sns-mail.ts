import { PublishCommand, SNSClient, type SNSClientConfig } from '@aws-sdk/client-sns';
import type { Mail, Outcome } from '../../notifiers/define.ts';
import type { Clock } from '../../ports.ts';
import { connections } from './connections.ts';
import { explain, kindOf } from './explain.ts';
import { within } from './within.ts';

/** For one request. */
const ANSWER_MS = 5_000;

export interface SnsMailOptions {
  /** ARN of the topic that those who get mails have subscribed to. */
  readonly topic: string;
  readonly clock: Clock;
  /** Default: credentials, and AWS_ENDPOINT_URL where an emulator stands in, of the environment. */
  readonly client?: SNSClientConfig;
}

/** Sends e-mails by a topic of SNS. It tries once: who delivers tries again. */
export class SnsMail implements Mail {
  readonly #client: SNSClient;
  readonly #topic: string;
  readonly #clock: Clock;

  constructor({ topic, clock, client = {} }: SnsMailOptions) {
    const [, , , region = ''] = topic.split(':');
    this.#client = new SNSClient({ ...connections(), ...client, region, maxAttempts: 1 });
    this.#topic = topic;
    this.#clock = clock;
  }

  async send({ subject, text }: Parameters<Mail['send']>[0]): Promise<Outcome> {
    const command = new PublishCommand({ TopicArn: this.#topic, Subject: subject, Message: text });
    try {
      await within(ANSWER_MS, this.#clock, (options) => this.#client.send(command, options));
      return { outcome: 'accepted' };
    } catch (error) {
      const why = `SNS Publish: ${explain(error)}`;
      const status = Object(error).$metadata?.httpStatusCode;
      const isNo =
        kindOf(error) === 'denied' || (typeof status === 'number' && status >= 400 && status < 500);
      if (isNo && kindOf(error) !== 'throttled') return { outcome: 'refused', why, final: false };
      return { outcome: 'retry', why, uncertain: status === undefined };
    }
  }
}
