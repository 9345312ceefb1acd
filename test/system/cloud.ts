import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Aws, Config } from '../../lib/config/compiled.ts';
import { deadLettersOf, FUNCTIONS, type FunctionName } from '../../lib/deployment.ts';
import { compiled } from '../config/kit.ts';
import { PagerDuty, type PagerDutyLedger } from '../kit/pagerduty.ts';
import { Webhook } from '../kit/webhook.ts';
import { Account, type Call } from './account.ts';
import type { Emulators } from './emulators.ts';
import { type PageAnswer, pageEvent } from './page-event.ts';
import { type Containers, type Stacks, synthesize } from './stacks.ts';
import { createBucket, setSecret, Table } from './stored.ts';
import type { FunctionSpec } from './wiring.ts';

/** A Tuesday morning. */
const START = Date.UTC(2027, 0, 5, 10);

/** Whom it can tell: stand-ins on this machine. */
export interface Receivers {
  readonly pagerDuty: PagerDuty;
  readonly webhook: Webhook;
}

/** The key by which the webhook knows our messages. */
export const SIGNING_KEY = 'whsec_c3lzdGVtLXN1aXRlLWtleS1mb3ItdGhlLWhvb2s=';

export interface CloudOptions {
  readonly emulators: Emulators;
  /** Where it is deployed; default: an account of its own. */
  readonly account?: Account;
  /** What a user would write. */
  config(receivers: Receivers): object;
  /** Values of `secret("name")`, by name, in every region. */
  readonly secrets: Readonly<Record<string, string>>;
  /** Epoch ms. */
  readonly start?: number;
  /** How late Scheduler is; default 1. */
  readonly seed?: number;
  /** Of a function's name, in each of its regions; default: 2 of `decide`, 1 of the others. */
  readonly containers?: Containers;
}

interface DeadLetter {
  readonly queue: string;
  readonly region: string;
  readonly body: string;
}

/** Watchbill as it is deployed, on this machine: its own stacks and bundles, in all regions of its config. */
export class Cloud {
  readonly account: Account;
  readonly receivers: Receivers;
  readonly table: Table;
  readonly aws: Aws;
  readonly #containers: Containers;
  readonly #folder: string;
  /** By their configs: to make them takes seconds. */
  readonly #made = new Map<string, Stacks>();
  #stacks: Stacks;

  private constructor(options: CloudOptions, account: Account, receivers: Receivers, folder: string) {
    const config = compiled(options.config(receivers), undefined, 'aws');
    if (!config.aws) throw new Error('a config without "aws"');
    this.account = account;
    this.receivers = receivers;
    this.aws = config.aws;
    this.#containers = { [FUNCTIONS.decide.name]: 2, ...options.containers };
    this.#folder = folder;
    this.#stacks = this.#synthesize(config);
    this.table = new Table(account, this.aws.home, this.#stacks.table);
  }

  static async start(options: CloudOptions): Promise<Cloud> {
    const { emulators, start = START, seed = 1 } = options;
    const account = options.account ?? (await Account.open({ emulators, start, seed }));
    const pagerDuty = await PagerDuty.start(account.time, { perMinute: 120 });
    const webhook = await Webhook.start(account.time, SIGNING_KEY);
    const folder = await mkdtemp(join(tmpdir(), 'watchbill-cloud-'));
    const cloud = new Cloud(options, account, { pagerDuty, webhook }, folder);
    await cloud.table.create();
    await createBucket(account, cloud.aws.home, cloud.#stacks.bucket);
    for (const [name, value] of Object.entries(options.secrets)) await cloud.setSecret(name, value);
    await account.deploy(cloud.#stacks);
    return cloud;
  }

  /** What PagerDuty knows. */
  get ledger(): PagerDutyLedger {
    return this.receivers.pagerDuty.ledger;
  }

  /** Every call to AWS so far. */
  get calls(): readonly Call[] {
    return this.account.calls;
  }

  /** What is deployed, by the templates. */
  get functions(): readonly FunctionSpec[] {
    return this.#stacks.functions;
  }

  /** Time goes on, and all that happens in it happens. */
  run(minutes: number): Promise<void> {
    return this.account.run(minutes);
  }

  /** Another config, in these regions (default: everywhere); the others go on as they were. */
  async redeploy(config: object, regions?: readonly string[]): Promise<void> {
    this.#stacks = this.#synthesize(compiled(config, undefined, 'aws'));
    await this.account.deploy(this.#stacks, regions);
  }

  /** Ends the containers of a function at once, whatever they are doing; default: at home. */
  kill(name: FunctionName, region = this.aws.home): Promise<void> {
    return this.account.kill(FUNCTIONS[name].name, region);
  }

  /** In these regions (default: in all) it has this value from now on. */
  async setSecret(name: string, value: string, regions?: readonly string[]): Promise<void> {
    for (const region of new Set(regions ?? [...this.aws.locations, this.aws.home])) {
      await setSecret(this.account, region, name, value);
    }
  }

  /** What the status page answers, at a path of it. */
  async page(path = '/'): Promise<string> {
    const { account, aws } = this;
    const event = pageEvent(account.number, aws.home, path, account.time.now());
    const { payload, failure } = await account.invoke(FUNCTIONS.show.name, aws.home, event);
    if (failure) throw new Error(`the page failed: ${failure.errorMessage}`);
    const { statusCode, body, isBase64Encoded } = payload as PageAnswer;
    if (statusCode !== 200) throw new Error(`the page answers ${statusCode}`);
    return isBase64Encoded ? Buffer.from(body, 'base64').toString() : body;
  }

  /** What lies in all queues of dead letters; it is taken off them. */
  async deadLetters(): Promise<DeadLetter[]> {
    const { queues } = this.account;
    const letters: DeadLetter[] = [];
    for (const queue of this.#stacks.queues.filter(({ name }) => name.endsWith(deadLettersOf('')))) {
      for (let found = await queues.receive(queue); found.length > 0; found = await queues.receive(queue)) {
        letters.push(
          ...found.map(({ Body = '' }) => ({ queue: queue.name, region: queue.region, body: Body })),
        );
        for (const message of found) await queues.delete(queue, message);
      }
    }
    return letters;
  }

  async close(): Promise<void> {
    await this.account.close();
    const { pagerDuty, webhook } = this.receivers;
    await Promise.all([pagerDuty[Symbol.asyncDispose](), webhook[Symbol.asyncDispose]()]);
    await rm(this.#folder, { recursive: true });
  }

  #synthesize(config: Config): Stacks {
    const key = JSON.stringify(config);
    const out = join(this.#folder, `${this.#made.size}`);
    const stacks = this.#made.get(key) ?? synthesize(config, this.account.number, out, this.#containers);
    this.#made.set(key, stacks);
    return stacks;
  }
}
