import type { Clock } from '../../lib/ports.ts';

interface Timer {
  readonly at: number;
  readonly order: number;
  readonly callback: () => void;
}

/**
 * A clock that stands still until it is told to move. Timers fire in order, and everything that a timer
 * sets in motion settles before the next one fires: a day passes in milliseconds, the same way each time.
 */
export class VirtualClock implements Clock {
  #monotonic = 0;
  #wallOffset: number;
  #order = 0;
  #timers: Timer[] = [];

  constructor(start = Date.UTC(2026, 0, 1)) {
    this.#wallOffset = start;
  }

  now(): number {
    return this.#monotonic + this.#wallOffset;
  }

  monotonic(): number {
    return this.#monotonic;
  }

  after(ms: number, callback: () => void): () => void {
    const timer = { at: this.#monotonic + Math.max(0, ms), order: this.#order++, callback };
    let low = 0;
    let high = this.#timers.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#timers[middle] as Timer).at <= timer.at) low = middle + 1;
      else high = middle;
    }
    this.#timers.splice(low, 0, timer);
    return () => {
      const index = this.#timers.indexOf(timer);
      if (index >= 0) this.#timers.splice(index, 1);
    };
  }

  /** The wall clock jumps; timers and durations don't notice. */
  jump(ms: number): void {
    this.#wallOffset += ms;
  }

  /** The process stands still for `ms`: time passes, but no timer fires until it is over. */
  freeze(ms: number): void {
    this.#monotonic += ms;
  }

  /** How many timers are set. */
  get pending(): number {
    return this.#timers.length;
  }

  /** Moves on by `ms`, firing what falls due on the way. */
  async advance(ms: number): Promise<void> {
    const end = this.#monotonic + ms;
    await settle();
    for (let next = this.#timers[0]; next && next.at <= end; next = this.#timers[0]) {
      this.#timers.shift();
      this.#monotonic = Math.max(this.#monotonic, next.at);
      next.callback();
      await settle();
    }
    this.#monotonic = Math.max(this.#monotonic, end);
  }

  /** Moves on until `promise` settles, and answers what it answers; `limit` ms of virtual time at the most. */
  async run<T>(promise: Promise<T>, limit = 86_400_000): Promise<T> {
    let over = false;
    const watched = promise.finally(() => {
      over = true;
    });
    watched.catch(() => {});
    const end = this.#monotonic + limit;
    for (await settle(); !over; await settle()) {
      const next = this.#timers[0];
      if (!next) continue;
      if (next.at > end) throw new Error(`still waiting after ${limit} ms of virtual time`);
      await this.advance(Math.max(0, next.at - this.#monotonic));
    }
    return watched;
  }
}

/** Lets every pending microtask and immediate run. */
export const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
