import { longestWait } from './deliver.ts';
import { aliveKey } from './items.ts';
import { limited, type Means } from './limited.ts';
import { exchange } from './net/http.ts';
import { Fault } from './net/net.ts';
import { type Log, SecretError, type SecretRef, type Store } from './ports.ts';
import { redact } from './redact.ts';

/** Home decided nothing for so long, ms: it is as good as dead. */
const SILENCE_MS = 180_000;
/** Somebody has waited for a page for so long, ms: nobody is told. */
const WAIT_MS = 300_000;
const ASK_MS = 10_000;
const ANSWER_MAX_BYTES = 4_096;

export interface Switch extends Means {
  readonly store: Pick<Store, 'get' | 'due'>;
  readonly log: Log;
}

/**
 * Calls a third party, while all is well: once these calls stop, that one tells people what we can't. They stop where
 * nothing is decided, or a page can't be delivered. Answers whether it was called. Throws `StoreError`.
 */
export async function holdSwitch(url: SecretRef, held: Switch): Promise<boolean> {
  const { store, clock, log, secrets } = held;
  const now = clock.now();
  const alive = await store.get<{ readonly at: number }>(aliveKey('decide'));
  if (!alive || now - alive.body.at > SILENCE_MS) return false;
  if ((await longestWait(store, now)) > WAIT_MS) return false;
  try {
    const address = new URL((await secrets.get(url)).trim());
    const { status } = await limited(held, ASK_MS, ({ net, deadline, signal }) =>
      exchange(
        net,
        { url: address, method: 'GET', headers: {}, maxBody: ANSWER_MAX_BYTES },
        { deadline, signal },
      ),
    );
    if (status >= 200 && status < 300) return true;
    log.warn(`the dead man's switch is not held: it answered ${status}`);
  } catch (error) {
    const isTheirs = error instanceof Fault || error instanceof SecretError || error instanceof TypeError;
    if (!isTheirs) throw error;
    log.warn(`the dead man's switch is not held: ${redact(error.message)}`);
  }
  return false;
}
