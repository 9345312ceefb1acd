import { type Clock, type Log, type Queue, StoreError, sleep } from '../../ports.ts';

const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 30_000;
/** A message that fails so often, and not for the store's sake, is a defect of ours: it must not stop the others. */
const POISONED_AFTER = 5;

export interface QueueOptions<T> {
  readonly name: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly handle: (message: T) => Promise<void>;
  /** How many messages may wait; beyond it the oldest is dropped, and counted. */
  readonly limit: number;
  readonly signal: AbortSignal;
}

/**
 * A queue in memory: one message after the other, each again until it is handled, so that a store that is
 * away for a while loses nothing that the limit can hold.
 */
export class MemoryQueue<T> implements Queue<T> {
  readonly #options: QueueOptions<T>;
  readonly #waiting: T[] = [];
  #working: Promise<void> | undefined;
  #dropped = 0;

  constructor(options: QueueOptions<T>) {
    this.#options = options;
  }

  /** Messages dropped since the start. */
  get dropped(): number {
    return this.#dropped;
  }

  async send(message: T): Promise<void> {
    this.#waiting.push(message);
    if (this.#waiting.length > this.#options.limit) this.#drop();
    this.#working ??= this.#work();
  }

  /** Resolves once nothing waits any more, or the process stops. */
  async idle(): Promise<void> {
    await this.#working;
  }

  #drop(): void {
    this.#waiting.splice(1, 1);
    this.#dropped += 1;
    this.#options.log.error(`${this.#options.name}: full, ${this.#dropped} dropped so far`);
  }

  async #work(): Promise<void> {
    const { signal } = this.#options;
    for (let failures = 0; this.#waiting.length > 0 && !(signal.aborted && failures > 0); ) {
      const message = this.#waiting[0] as T;
      failures = (await this.#handled(message, failures)) ? 0 : failures + 1;
      if (failures === 0) this.#waiting.shift();
      else
        await sleep(
          this.#options.clock,
          Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (failures - 1)),
          signal,
        );
    }
    this.#working = undefined;
  }

  async #handled(message: T, failures: number): Promise<boolean> {
    try {
      await this.#options.handle(message);
      return true;
    } catch (error) {
      const { name, log } = this.#options;
      const isPoison = !(error instanceof StoreError) && failures + 1 >= POISONED_AFTER;
      const why =
        error instanceof Error ? (isPoison ? (error.stack ?? error.message) : error.message) : String(error);
      log.error(`${name}: ${why}; it is ${isPoison ? 'given up' : 'tried again'}`, {
        failures: failures + 1,
      });
      if (isPoison) this.#dropped += 1;
      return isPoison;
    }
  }
}
