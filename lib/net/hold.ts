import type { Clock } from '../ports.ts';
import type { Fault, Limits } from './net.ts';

/** Holds stages that follow each other to the same limits, with one timer for all of them. */
export interface Hold {
  /** Waits for a stage; when the limits are reached first, it fails with what `late` says. */
  during<T>(stage: Promise<T>, late: () => Fault): Promise<T>;
  release(): void;
}

export function holdTo({ deadline, signal }: Limits, clock: Clock): Hold {
  let isOver = signal.aborted;
  let end = () => {};
  const expire = () => {
    isOver = true;
    end();
  };
  const cancel = clock.after(Math.max(0, deadline - clock.monotonic()), expire);
  signal.addEventListener('abort', expire);
  return {
    during: (stage, late) =>
      new Promise((resolve, reject) => {
        end = () => reject(late());
        stage.then(resolve, reject);
        if (isOver) end();
      }),
    release() {
      cancel();
      signal.removeEventListener('abort', expire);
    },
  };
}
