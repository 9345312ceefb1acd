import { closeSync, openSync, writeSync } from 'node:fs';
import { systemClock } from '../../lib/adapters/local/clock.ts';
import type { Clock } from '../../lib/ports.ts';

/**
 * The time of one account: the machine's, and some ms ahead of it. It goes on by itself while something runs, and leaps
 * when nothing does. What it is ahead by stands in a file, as one float64, where containers read it (shim.mjs).
 */
export class Time implements Clock {
  readonly after = systemClock.after;
  readonly #file: number;
  #ahead = 0;
  readonly #start = systemClock.monotonic();

  constructor(path: string, start: number) {
    this.#file = openSync(path, 'w');
    this.leapTo(start);
  }

  /** By how many ms. */
  get ahead(): number {
    return this.#ahead;
  }

  now(): number {
    return systemClock.now() + this.#ahead;
  }

  monotonic(): number {
    return systemClock.monotonic() - this.#start;
  }

  /** It is `at` at once, epoch ms, unless it is later already. */
  leapTo(at: number): void {
    const leap = at - this.now();
    if (leap <= 0 && this.#ahead !== 0) return;
    this.#ahead += leap;
    writeSync(this.#file, new Float64Array([this.#ahead]), 0, 8, 0);
  }

  close(): void {
    closeSync(this.#file);
  }
}
