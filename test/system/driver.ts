import type { Outcome } from './container.ts';
import type { Lambda } from './lambda.ts';
import type { Time } from './time.ts';

/** Something that a function is to be called with, at a time. */
export interface Errand {
  /** Epoch ms. */
  readonly at: number;
  /** Looked up when it is begun; nothing: there is nobody to call, and the errand is dropped. */
  lambda(): Lambda | undefined;
  readonly event: unknown;
  done(outcome: Outcome): Promise<void> | void;
}

/** Where errands come from. */
export interface Source {
  /** Those that are due, which will not be answered again. */
  due(now: number): Promise<Errand[]> | Errand[];
  /** When it has something for a function that could take it, epoch ms. */
  next(): Promise<number> | number;
}

/**
 * Goes from one event to the next: while something runs, time goes on by itself and what falls due is begun beside it;
 * when all stands still, time leaps to what comes next.
 */
export class Driver {
  readonly #time: Time;
  readonly #sources: readonly Source[];
  readonly #leapt: () => void;
  #waiting: Errand[] = [];
  readonly #running = new Set<Promise<void>>();
  #news = Promise.withResolvers<void>();
  #failed: unknown;

  /** `leapt` is called after each leap. */
  constructor(time: Time, sources: readonly Source[], leapt: () => void) {
    this.#time = time;
    this.#sources = sources;
    this.#leapt = leapt;
  }

  /** Something was sent: to be looked at now. */
  wake(): void {
    this.#news.resolve();
  }

  /** Until this time, epoch ms, and until what had begun by then is over. */
  async runUntil(end: number): Promise<void> {
    for (;;) {
      this.#news = Promise.withResolvers();
      const isOver = this.#time.now() >= end;
      if (!isOver) await this.#begin();
      const next = isOver ? Number.POSITIVE_INFINITY : Math.min(end, await this.#next());
      if (this.#running.size > 0) await this.#change(next);
      else if (isOver) return;
      else this.#leap(next);
      if (this.#failed) throw this.#failed;
    }
  }

  async #begin(): Promise<void> {
    const now = this.#time.now();
    const due = await Promise.all(this.#sources.map((source) => source.due(now)));
    this.#waiting.push(...due.flat());
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const errand of waiting) {
      const lambda = errand.lambda();
      if (lambda?.isFree) this.#start(lambda, errand);
      else if (lambda) this.#waiting.push(errand);
    }
  }

  #start(lambda: Lambda, { event, done }: Errand): void {
    const run = lambda
      .invoke(event)
      .then(done)
      .catch((error: unknown) => {
        this.#failed = error;
      })
      .finally(() => {
        this.#running.delete(run);
        this.wake();
      });
    this.#running.add(run);
  }

  async #next(): Promise<number> {
    return Math.min(...(await Promise.all(this.#sources.map((source) => source.next()))));
  }

  /** Something is over or sent, or the time of something has come. */
  async #change(next: number): Promise<void> {
    const cancel = this.#time.after(next - this.#time.now(), () => this.wake());
    await this.#news.promise;
    cancel();
  }

  #leap(to: number): void {
    this.#time.leapTo(to);
    this.#leapt();
  }
}
