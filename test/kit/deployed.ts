import { DynamoStore } from '../../lib/adapters/aws/dynamo-store.ts';
import { systemClock } from '../../lib/adapters/local/clock.ts';
import type { Config } from '../../lib/config/compiled.ts';
import { QUEUES, TABLE_NAME } from '../../lib/deployment.ts';
import { Home } from '../../lib/home.ts';
import { createNet } from '../../lib/net/create.ts';
import type { Named, News } from '../../lib/news.ts';
import { sendersWith } from '../../lib/notifiers/index.ts';
import type { Clock } from '../../lib/ports.ts';
import { Rollup } from '../../lib/rollup.ts';
import { deliver, takeIn } from '../../lib/watch.ts';
import { answers, CREDENTIALS } from './aws.ts';
import { clientOf, createTable, startDynalite } from './dynamo.ts';
import { type Asked, type Front, failure, startFront } from './front.ts';
import { silent } from './local-store.ts';
import { readingOf } from './readings.ts';

/** The account of the credentials. */
const ACCOUNT = '210987654321';

export interface DeployedOptions {
  /** Compiled for AWS. */
  readonly config: Config;
  /** What the deployed `deliver` has. */
  readonly secrets: Readonly<Record<string, string>>;
  readonly clock?: Clock;
}

/**
 * A deployment behind one endpoint: the table on dynalite, filled by the core; a CloudWatch without alarms; and the
 * queue of `deliver`, whose messages are handled by the real one, as they come.
 */
export class Deployed {
  readonly front: Front;
  readonly store: DynamoStore;
  /** Every message to `deliver` so far, and whether it is called for them. */
  readonly told: Named[] = [];
  isDelivering = true;
  readonly #options: DeployedOptions & { readonly clock: Clock };
  readonly #dynalite: Awaited<ReturnType<typeof startDynalite>>;
  #delivered: Promise<unknown> = Promise.resolve();

  private constructor(
    options: DeployedOptions,
    dynalite: Awaited<ReturnType<typeof startDynalite>>,
    front: Front,
  ) {
    this.#options = { clock: systemClock, ...options };
    this.#dynalite = dynalite;
    this.front = front;
    const { clock } = this.#options;
    this.store = new DynamoStore({ table: TABLE_NAME, clock, client: clientOf(dynalite.endpoint) });
    front.trouble = (asked) => this.answer(asked);
  }

  static async start(options: DeployedOptions): Promise<Deployed> {
    const dynalite = await startDynalite();
    await createTable(dynalite.endpoint, TABLE_NAME);
    const deployed = new Deployed(options, dynalite, await startFront(dynalite.endpoint));
    await deployed.minute();
    return deployed;
  }

  /** What the clock calls once a minute. */
  async minute(): Promise<void> {
    await this.decide();
    await this.deliver([]);
  }

  /** What a command finds in its environment. */
  get env(): Record<string, string> {
    return {
      AWS_ENDPOINT_URL: this.front.endpoint,
      AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
      AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
      AWS_SESSION_TOKEN: CREDENTIALS.sessionToken,
    };
  }

  /** Where the table is, past the front. */
  get table(): string {
    return this.#dynalite.endpoint;
  }

  /** All that was told is delivered. */
  async settled(): Promise<void> {
    await this.#delivered;
  }

  /** A minute of home: every location has just seen every check up. */
  async decide(): Promise<void> {
    const { config, clock } = this.#options;
    const home = await Home.open({ store: this.store, clock, log: silent }, config);
    const now = clock.now();
    const news = config.locations.map((location): News => {
      const readings = config.checks.map(({ id }) => readingOf(id, 'up', now));
      const part = { shard: '0-0', cause: 'schedule', part: 0, skipped: 0 } as const;
      return { kind: 'tick', tick: { ...part, location, beat: now, readings } };
    });
    const rollup = () => Rollup.open(this.store, now);
    await takeIn([...news, { kind: 'clock' }], home, rollup, { send: async () => {} });
  }

  /** One pass of the deployed `deliver`. */
  async deliver(named: Named['incidents']): Promise<void> {
    const { config, clock, secrets } = this.#options;
    await deliver({
      store: this.store,
      clock,
      log: silent,
      secrets: { get: async ({ secret }) => secrets[secret] ?? '' },
      net: createNet({ clock, allow: config.network.allow, self: [] }),
      sender: sendersWith(),
      receiver: (name) => config.notify.find((receiver) => receiver.name === name),
      configuredAt: () => 0,
      baseUrl: () => config.statusPage.url,
      random: Math.random,
      signal: new AbortController().signal,
      wrote: () => {},
      named,
    });
  }

  async close(): Promise<void> {
    await this.settled();
    this.store.close();
    await this.front.close();
    await this.#dynalite.close();
  }

  /** What SQS and CloudWatch answer; nothing: that is for the table. */
  answer({ operation, body }: Asked): ReturnType<Front['trouble']> {
    switch (operation) {
      case 'GetQueueUrl':
        return body.QueueName === QUEUES.deliver
          ? answers({ QueueUrl: `${this.front.endpoint}/${ACCOUNT}/${QUEUES.deliver}` })
          : failure('QueueDoesNotExist');
      case 'SendMessageBatch':
        return this.#take(body as unknown as SendMessageBatch);
      case 'DescribeAlarms':
        return answers({ MetricAlarms: [] });
      case 'GetMetricStatistics':
        return answers({ Label: body.MetricName, Datapoints: [] });
    }
  }

  #take({ QueueUrl, Entries }: SendMessageBatch) {
    if (!QueueUrl.endsWith(`/${ACCOUNT}/${QUEUES.deliver}`)) return failure('QueueDoesNotExist');
    const messages = Entries.map(({ MessageBody }): Named => JSON.parse(MessageBody));
    this.told.push(...messages);
    const named = messages.flatMap(({ incidents }) => incidents);
    if (this.isDelivering) this.#delivered = this.#delivered.then(() => this.deliver(named));
    return answers({ Successful: Entries.map(({ Id }) => ({ Id, MessageId: Id })), Failed: [] });
  }
}

interface SendMessageBatch {
  readonly QueueUrl: string;
  readonly Entries: readonly { readonly Id: string; readonly MessageBody: string }[];
}
