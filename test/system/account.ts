import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { random } from '../kit/scenes.ts';
import type { AwsCall } from './calls.ts';
import type { Outcome } from './container.ts';
import { Driver } from './driver.ts';
import type { Emulators } from './emulators.ts';
import { type Behind, type Front, startFront, type Trouble, timeOf } from './front.ts';
import { type Done, Lambda } from './lambda.ts';
import { Mappings } from './mappings.ts';
import { allows } from './policies.ts';
import { clientOf, credentialsOf, Queues } from './queues.ts';
import { Scheduler } from './scheduler.ts';
import { Time } from './time.ts';
import type { FunctionSpec, ScheduleSpec, Wiring } from './wiring.ts';

/** What a function of a region did. */
interface Deed {
  readonly at: number;
  readonly by: string;
  readonly in: string;
}

/** A call to AWS; `done`: whether AWS did what it asks for; `allowed`: whether the function's role lets it. */
export type Call = Deed & AwsCall & { readonly done: boolean; readonly allowed: boolean };
export type Line = Deed & { readonly line: string };
export type Run = Deed & Done;

interface OfFunction {
  readonly function: string;
  readonly region: string;
}

export interface AccountOptions {
  readonly emulators: Emulators;
  /** Epoch ms. */
  readonly start: number;
  /** How late Scheduler is. */
  readonly seed: number;
}

let accounts = 0;

/** An AWS account on this machine, in a time of its own: functions in several regions, and what calls them. */
export class Account {
  /** Every call that functions made, every line that they wrote, and every run of them that is over. */
  readonly calls: Call[] = [];
  readonly lines: Line[] = [];
  readonly runs: Run[] = [];
  /** Regions where nothing runs and that nobody reaches. */
  readonly dead = new Set<string>();
  /** What becomes of a call; nothing: AWS does what it asks for. */
  trouble: (call: Deed & AwsCall) => Trouble | undefined = () => undefined;
  readonly number: string;
  readonly time: Time;
  readonly scheduler: Scheduler;
  readonly mappings: Mappings;
  readonly queues: Queues;
  readonly #behind: Behind;
  readonly #folder: string;
  readonly #front: Front;
  readonly #lambdas = new Map<string, Lambda>();
  readonly #specs = new Map<string, FunctionSpec>();
  readonly #driver: Driver;

  private constructor(
    { start, seed }: AccountOptions,
    behind: Behind,
    front: Front,
    time: Time,
    folder: string,
  ) {
    this.number = behind.account;
    this.time = time;
    this.#behind = behind;
    this.#front = front;
    this.#folder = folder;
    this.queues = new Queues(behind, front.endpoint);
    const chance = random(seed);
    const find = (one: OfFunction) => this.#find(one.function, one.region);
    const failed = (schedule: ScheduleSpec, event: unknown) => this.#failed(schedule, event);
    const late = () => [Math.floor(chance() * 60_000)];
    this.scheduler = new Scheduler(find, failed, late, start);
    this.mappings = new Mappings(this.queues, find, (one, call) => this.#note(one, call));
    this.#driver = new Driver(time, [this.scheduler, this.mappings], () => this.#hangUp());
  }

  static async open(options: AccountOptions): Promise<Account> {
    const folder = await mkdtemp(join(tmpdir(), 'watchbill-account-'));
    const time = new Time(join(folder, 'ahead'), options.start);
    const number = `${100_000_000_000 + process.pid * 1_000 + ++accounts}`;
    const behind = { emulators: options.emulators, account: number, ahead: () => time.ahead };
    const front = await startFront(behind, { trouble: () => undefined, heard: () => {}, kill: () => {} });
    return new Account(options, behind, front, time, folder);
  }

  /**
   * Makes what isn't there and replaces the functions that are others now: their containers end, and others come when
   * they are called. `regions`: only there, for the rest is as it was.
   */
  async deploy(wiring: Wiring, regions?: readonly string[]): Promise<void> {
    const isMeant = ({ region }: { readonly region: string }) => regions?.includes(region) ?? true;
    const [later, first] = split(wiring.queues.filter(isMeant), ({ redrive }) => redrive !== undefined);
    for (const queue of [...first, ...later]) await this.queues.create(queue);
    for (const spec of wiring.functions.filter(isMeant)) {
      const key = keyOf(spec.name, spec.region);
      if (sameAs(spec, this.#specs.get(key))) continue;
      await this.#lambdas.get(key)?.close();
      this.#lambdas.set(key, new Lambda(this.#optionsOf(spec)));
      this.#specs.set(key, spec);
    }
    this.scheduler.schedules = wiring.schedules;
    this.mappings.mappings = wiring.mappings;
  }

  /** Headers by which moto knows whose a call is, and what time it is. */
  get headers(): Readonly<Record<string, string>> {
    return timeOf(this.#behind);
  }

  /** For clients of the account's own: AWS past all trouble. */
  clientIn(region: string) {
    return clientOf(this.#behind, this.#front.endpoint, region);
  }

  /** Goes on for so many minutes, and until what had begun by then is over. */
  async run(minutes: number): Promise<void> {
    await this.#driver.runUntil(this.time.now() + minutes * 60_000);
  }

  /** Calls a function, as somebody from outside does. */
  async invoke(name: string, region: string, event: unknown): Promise<Outcome> {
    const lambda = this.#find(name, region);
    if (!lambda) throw new Error(`there is no ${name} in ${region}`);
    return lambda.invoke(event);
  }

  /** The containers of a function end at once, whatever they are doing. */
  async kill(name: string, region: string): Promise<void> {
    await this.#lambdas.get(keyOf(name, region))?.kill();
  }

  async close(): Promise<void> {
    await Promise.all([...this.#lambdas.values()].map((lambda) => lambda.close()));
    this.queues.close();
    await this.#front.close();
    this.time.close();
    await rm(this.#folder, { recursive: true });
  }

  #find(name: string, region: string): Lambda | undefined {
    return this.dead.has(region) ? undefined : this.#lambdas.get(keyOf(name, region));
  }

  #optionsOf({ name, region, memory, timeout, containers, code, env }: FunctionSpec) {
    const deed = () => this.#deed(name, region);
    return {
      name,
      memory,
      containers,
      timeout: timeout * 1_000,
      root: code,
      arn: `arn:aws:lambda:${region}:${this.number}:function:${name}`,
      env: { ...environmentOf(this.number, region), ...env },
      time: this.time,
      clock: join(this.#folder, 'ahead'),
      behind: this.#behind,
      log: (line: string) => void this.lines.push({ ...deed(), line }),
      ended: (done: Done) => void this.runs.push({ ...deed(), ...done }),
      caller: {
        trouble: (call: AwsCall) =>
          this.dead.has(call.region) ? ('refuse' as const) : this.trouble({ ...deed(), ...call }),
        heard: (call: AwsCall, done: boolean) => this.#note({ function: name, region }, call, done),
      },
    };
  }

  #note(one: OfFunction, call: AwsCall, done = true): void {
    const allowed = allows(this.#specs.get(keyOf(one.function, one.region))?.policy ?? [], call);
    this.calls.push({ ...this.#deed(one.function, one.region), ...call, done, allowed });
    if (call.action === 'sqs:SendMessage') this.#driver.wake();
  }

  /** Lambda's destination for events that failed, which it writes to by the function's role. */
  async #failed(schedule: ScheduleSpec, event: unknown): Promise<void> {
    const { region, failed: name } = schedule;
    if (name === undefined) return;
    const resource = this.queues.arn({ name, region });
    this.#note(schedule, { service: 'sqs', region, action: 'sqs:SendMessage', resource, body: {} });
    await this.queues.send({ name, region }, { requestPayload: event });
  }

  #deed(name: string, region: string): Deed {
    return { at: this.time.now(), by: name, in: region };
  }

  #hangUp(): void {
    for (const lambda of this.#lambdas.values()) lambda.hangUp();
  }
}

/** A bundle's folder is named after what it holds. */
const sameAs = (one: FunctionSpec, other: FunctionSpec | undefined): boolean =>
  other !== undefined && isDeepStrictEqual(named(one), named(other));

const named = (spec: FunctionSpec) => ({ ...spec, code: basename(spec.code) });

const keyOf = (name: string, region: string): string => `${name} ${region}`;

function split<T>(list: readonly T[], test: (one: T) => boolean): readonly [T[], T[]] {
  return [list.filter(test), list.filter((one) => !test(one))];
}

const environmentOf = (account: string, region: string): Record<string, string> => {
  const { accessKeyId, secretAccessKey } = credentialsOf(account);
  return {
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_SESSION_TOKEN: 'token-of-the-session',
  };
};
