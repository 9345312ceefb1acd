import { onAbort } from './abort.ts';

/** At most so many at the same time; the others wait, first come, first served. */
export class Turns {
  #free: number;
  readonly #waiting = new Set<() => void>();

  constructor(atOnce: number) {
    this.#free = atOnce;
  }

  /** Runs it once it is its turn; undefined: the signal was aborted before. */
  async take<T>(signal: AbortSignal, run: () => Promise<T>): Promise<T | undefined> {
    if (this.#free > 0) this.#free -= 1;
    else if (!(await this.#wait(signal))) return undefined;
    try {
      return await run();
    } finally {
      this.#pass();
    }
  }

  /** Whether somebody who was done has passed a turn on before the signal was aborted. */
  #wait(signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      const turn = () => {
        forget();
        resolve(true);
      };
      this.#waiting.add(turn);
      const forget = onAbort(signal, () => {
        this.#waiting.delete(turn);
        resolve(false);
      });
    });
  }

  #pass(): void {
    const [next] = this.#waiting;
    if (!next) this.#free += 1;
    else {
      this.#waiting.delete(next);
      next();
    }
  }
}
