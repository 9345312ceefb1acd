import { onAbort } from './abort.ts';
import type { Net } from './net/net.ts';
import type { Clock, Secrets } from './ports.ts';
import type { ProbeContext } from './probes/define.ts';

/** What a probe or a notifier gets to work with. */
export interface Means {
  readonly net: Net;
  readonly clock: Clock;
  readonly secrets: Secrets;
  /** Aborted when the process stops. */
  readonly signal: AbortSignal;
}

/** How long something may overstay its deadline before its run goes on without it. */
const GRACE_MS = 1_000;

/** Why a signal is aborted: without a reason, Node makes an error with a stack for each. */
const OVER = 'over';

/** Something was told to stop at its deadline and didn't. */
export class Overstayed extends Error {
  override readonly name = 'Overstayed';
}

/**
 * Gives it `ms`, or until the process stops; then it is told to stop, and a moment later it is left to itself:
 * `Overstayed`. What it comes to all the same is told to `late`.
 */
export async function limited<T>(
  { net, clock, secrets, signal: processEnds }: Means,
  ms: number,
  run: (context: ProbeContext) => Promise<T>,
  late: (result: T) => void = () => {},
): Promise<T> {
  const stop = new AbortController();
  const { signal } = stop;
  const end = () => stop.abort(OVER);
  const cancel = clock.after(ms, end);
  const forget = onAbort(processEnds, end);
  const deadline = clock.monotonic() + ms;
  try {
    const running = run({ net, clock, secret: (ref) => secrets.get(ref), signal, deadline });
    return await withGrace(running, signal, clock, late);
  } finally {
    cancel();
    forget();
    end();
  }
}

function withGrace<T>(
  run: Promise<T>,
  signal: AbortSignal,
  clock: Clock,
  late: (result: T) => void,
): Promise<T> {
  return new Promise((resolve, reject) => {
    let settle = resolve as (result: T) => void;
    let cancel = () => {};
    const forget = onAbort(signal, () => {
      cancel = clock.after(GRACE_MS, () => {
        settle = late;
        reject(new Overstayed('It did not end by its deadline.'));
      });
    });
    const over = () => {
      forget();
      cancel();
    };
    run.then((result) => settle(result), reject).finally(over);
  });
}
