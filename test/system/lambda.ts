import { Container, type ContainerOptions, type Outcome } from './container.ts';
import { type Behind, type Caller, type Front, startFront } from './front.ts';

/** What a container is started with, but for the way to AWS, which each has of its own. */
export interface LambdaOptions extends ContainerOptions {
  readonly containers: number;
  readonly behind: Behind;
  readonly caller: Omit<Caller, 'kill'>;
  /** A call is over. */
  ended(done: Done): void;
}

/** A call that is over: when it began, epoch ms, and how long it took. */
export interface Done {
  readonly at: number;
  readonly ms: number;
  readonly event: unknown;
  readonly outcome: Outcome;
}

interface Running {
  readonly container: Container;
  readonly front: Front;
  isBusy: boolean;
}

/** A function in one region: its containers, which are started when they are needed. */
export class Lambda {
  readonly #options: LambdaOptions;
  #running: Running[] = [];
  #starting = 0;

  constructor(options: LambdaOptions) {
    this.#options = options;
  }

  /** Whether it can take another call now. */
  get isFree(): boolean {
    const busy = this.#here().filter(({ isBusy }) => isBusy).length;
    return busy + this.#starting < this.#options.containers;
  }

  /** Calls it in the container that was idle for longest, or in a new one while there are too few. */
  async invoke(event: unknown): Promise<Outcome> {
    const one = await this.#take();
    const { time, ended } = this.#options;
    const began = time.now();
    const outcome = await one.container.invoke(event);
    ended({ at: began, ms: time.now() - began, event, outcome });
    one.isBusy = false;
    this.#running.splice(this.#running.indexOf(one), 1);
    if (one.container.isGone) await one.front.close();
    else this.#running.push(one);
    return outcome;
  }

  /** Its containers end at once, whatever they are doing. */
  async kill(): Promise<void> {
    await Promise.all(this.#running.map(({ container }) => container.kill()));
  }

  /** Services close connections that were idle for so long. */
  hangUp(): void {
    for (const { front } of this.#running) front.hangUp();
  }

  async close(): Promise<void> {
    await this.kill();
    await Promise.all(this.#running.map(({ front }) => front.close()));
  }

  #here(): Running[] {
    return this.#running.filter(({ container }) => !container.isGone);
  }

  async #take(): Promise<Running> {
    const here = this.#here();
    const idle = here.find(({ isBusy }) => !isBusy);
    if (idle && here.length + this.#starting >= this.#options.containers) {
      idle.isBusy = true;
      return idle;
    }
    this.#starting++;
    const one = await this.#start();
    this.#starting--;
    this.#running.push(one);
    return one;
  }

  async #start(): Promise<Running> {
    const { behind, caller } = this.#options;
    let container: Container | undefined;
    const front = await startFront(behind, { ...caller, kill: () => void container?.kill() });
    const env = { ...this.#options.env, AWS_ENDPOINT_URL: front.endpoint };
    container = await Container.start({ ...this.#options, env });
    return { container, front, isBusy: true };
  }
}
