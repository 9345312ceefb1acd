import type { ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { endChild, lines, startChild } from './child.ts';
import { type Failure, type Hears, RuntimeApi } from './runtime-api.ts';
import type { Time } from './time.ts';
import { TOOLS } from './tools.ts';

/** How long a function may take to load: https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html */
const INIT_MS = 10_000;

/** What a container is started with. */
export interface ContainerOptions {
  readonly name: string;
  readonly arn: string;
  /** MB. */
  readonly memory: number;
  /** Of one invocation, ms. */
  readonly timeout: number;
  /** The folder of the code: index.mjs, and what lies beside it. */
  readonly root: string;
  readonly env: Readonly<Record<string, string>>;
  readonly time: Time;
  /** The file of that time. */
  readonly clock: string;
  log(line: string): void;
}

/** What came of an invocation. */
export interface Outcome {
  readonly id: string;
  readonly payload?: unknown;
  readonly failure?: Failure | undefined;
}

/** What is to come from the runtime. */
class Signals implements Hears {
  asks = Promise.withResolvers<undefined>();
  answer = Promise.withResolvers<Omit<Outcome, 'id'>>();
  readonly broken = Promise.withResolvers<Failure>();

  next = (): void => this.asks.resolve(undefined);
  responded = (_: string, payload: unknown): void => this.answer.resolve({ payload });
  failed = (_: string, failure: Failure): void => this.answer.resolve({ failure });
  initFailed = (failure: Failure): void => this.broken.resolve(failure);

  /** Before each invocation. */
  reset(): void {
    this.asks = Promise.withResolvers();
    this.answer = Promise.withResolvers();
  }
}

/**
 * One execution environment of a function: a process of the real runtime client, which does one invocation at a time
 * and stands still in between. It is used up when it fails to load, is killed, exits or exceeds its time.
 */
export class Container {
  readonly #options: ContainerOptions;
  readonly #api: RuntimeApi;
  readonly #child: ChildProcess;
  readonly #exit: Promise<Failure>;
  readonly #signals: Signals;
  #isGone = false;

  private constructor(options: ContainerOptions, api: RuntimeApi, host: string, signals: Signals) {
    this.#options = options;
    this.#signals = signals;
    this.#api = api;
    const args = [TOOLS.runtimeClient];
    this.#child = startChild(process.execPath, args, { cwd: options.root, env: envOf(options, host) });
    lines(this.#child, options.log);
    this.#exit = once(this.#child, 'exit').then(([code, signal]) => {
      this.#isGone = true;
      void api.close();
      return { errorType: 'Runtime.ExitError', errorMessage: `it ended with ${signal ?? code}` };
    });
  }

  static async start(options: ContainerOptions): Promise<Container> {
    const signals = new Signals();
    const [api, host] = await RuntimeApi.start(signals);
    return new Container(options, api, host, signals);
  }

  get isGone(): boolean {
    return this.#isGone;
  }

  async invoke(event: unknown): Promise<Outcome> {
    const id = randomUUID();
    const { arn, time, timeout } = this.#options;
    this.#child.kill('SIGCONT');
    const broken = await this.#unlessLate(INIT_MS);
    if (broken) return { id, failure: broken };
    this.#signals.reset();
    this.#api.give({ id, event, arn, deadline: time.now() + timeout });
    const failure = await this.#unlessLate(timeout);
    if (!failure) this.#child.kill('SIGSTOP');
    // What was answered before it failed counts.
    return { id, ...(await Promise.race([this.#signals.answer.promise, { failure }])) };
  }

  /** At once, as when its host fails. */
  kill(): Promise<void> {
    return endChild(this.#child);
  }

  /** Waits until it asks for work. Where it doesn't in time, or fails, it is ended; answers how Lambda puts that. */
  async #unlessLate(ms: number): Promise<Failure | undefined> {
    const { asks, broken } = this.#signals;
    const late = Promise.withResolvers<Failure>();
    const errorMessage = `Task timed out after ${(ms / 1_000).toFixed(2)} seconds`;
    const cancel = this.#options.time.after(ms, () =>
      late.resolve({ errorType: 'Sandbox.Timedout', errorMessage }),
    );
    const failure = await Promise.race([asks.promise, late.promise, broken.promise, this.#exit]);
    cancel();
    if (failure) await this.kill();
    return failure;
  }
}

/** https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime */
const envOf = ({ name, memory, root, env, clock }: ContainerOptions, host: string): NodeJS.ProcessEnv => ({
  PATH: process.env.PATH,
  TZ: ':UTC',
  LANG: 'en_US.UTF-8',
  _HANDLER: 'index.handler',
  LAMBDA_TASK_ROOT: root,
  AWS_LAMBDA_RUNTIME_API: host,
  AWS_LAMBDA_FUNCTION_NAME: name,
  AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
  AWS_LAMBDA_FUNCTION_MEMORY_SIZE: `${memory}`,
  AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${name}`,
  AWS_LAMBDA_LOG_STREAM_NAME: 'stream',
  AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
  AWS_LAMBDA_LOG_FORMAT: 'JSON',
  AWS_LAMBDA_LOG_LEVEL: 'INFO',
  NODE_OPTIONS: `--import ${join(import.meta.dirname, 'shim.mjs')}`,
  SYSTEM_TIME: clock,
  ...env,
});
