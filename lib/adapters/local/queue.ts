import { type Clock, type Log, type Queue, StoreError, sleep } from '../../ports.ts';

const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 30_000;
/** A message that fails so often, and not for the store's sake, is a defect of ours: it must not stop the others. */
const POISONED_AFTER = 5;

export interface QueueOptions<T> {
  readonly name: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Handles everything that waits, whole or not at all: what fails comes again. */
  readonly handle: (messages: readonly T[]) => Promise<void>;
  /** How many messages may wait; beyond it the oldest is lost. */
  readonly limit: number;
  /** Told of each message that is lost: there was no room for it, or it could not be handled. */
  readonly lost: (message: T) => void;
  readonly signal: AbortSignal;
}

/**
 * A queue in memory. What waits is handled together, again until it is handled, so that a store that is away for a
 * while loses nothing that the limit can hold.
 */
export class MemoryQueue<T> implements Queue<T> {
  readonly #options: QueueOptions<T>;
  #waiting: T[] = [];
  #working: Promise<void> | undefined;
  #isFull = false;

  constructor(options: QueueOptions<T>) {
    this.#options = options;
  }

  async send(message: T): Promise<void> {
    this.#waiting.push(message);
    this.#trim();
    this.#working ??= this.#work();
  }

  /** Resolves once nothing waits any more, or the process stops. */
  async idle(): Promise<void> {
    await this.#working;
  }

  #trim(): void {
    const { name, limit, log, lost } = this.#options;
    const over = this.#waiting.length - limit;
    if (over <= 0) return;
    for (const message of this.#waiting.splice(0, over)) lost(message);
    if (!this.#isFull) log.error(`${name}: ${limit} wait, the oldest are dropped and counted`);
    this.#isFull = true;
  }

  async #work(): Promise<void> {
    const { signal } = this.#options;
    let oneByOne = 0;
    for (let failures = 0; this.#waiting.length > 0 && !(signal.aborted && failures > 0); ) {
      const batch = this.#waiting.splice(0, oneByOne > 0 ? 1 : this.#waiting.length);
      const fate = await this.#fateOf(batch, failures);
      failures = fate === 'again' ? failures + 1 : 0;
      oneByOne = fate === 'one by one' ? batch.length : Math.max(0, oneByOne - (failures === 0 ? 1 : 0));
      if (fate === 'done') continue;
      this.#waiting = [...batch, ...this.#waiting];
      this.#trim();
      if (fate === 'again') await sleep(this.#options.clock, waitAfter(failures), signal);
    }
    this.#isFull = false;
    this.#working = undefined;
  }

  /** Handled or given up; to be tried again; or a defect that must be found among them. */
  async #fateOf(batch: readonly T[], failures: number): Promise<'done' | 'again' | 'one by one'> {
    const { name, log, handle, lost } = this.#options;
    try {
      await handle(batch);
      return 'done';
    } catch (error) {
      const isDefect = !(error instanceof StoreError);
      const isPoison = isDefect && batch.length === 1 && failures + 1 >= POISONED_AFTER;
      const why =
        error instanceof Error ? (isPoison ? (error.stack ?? error.message) : error.message) : String(error);
      log.error(`${name}: ${why}; it is ${isPoison ? 'given up' : 'tried again'}`, {
        failures: failures + 1,
      });
      if (isDefect && batch.length > 1) return 'one by one';
      if (!isPoison) return 'again';
      batch.forEach(lost);
      return 'done';
    }
  }
}

const waitAfter = (failures: number): number =>
  Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (failures - 1));
