import { SIGNALS as KEPT } from './items.ts';
import { Fault } from './net/net.ts';
import type { Log, Store } from './ports.ts';
import { redact } from './redact.ts';
import type { Asking, Signal } from './signal.ts';
import { newer, subjectOf } from './signal-log.ts';
import { SIGNALS } from './signals/index.ts';

/** How often anybody looks whether it is time to ask: a common divisor of all formats' own times. */
export const INQUIRE_MINUTES = 5;

export interface Inquirer extends Asking {
  readonly store: Pick<Store, 'list'>;
  readonly log: Log;
}

/**
 * Messages get lost: whoever told of something is asked how it stands now, each as often as its format wants, by the
 * minute of the epoch. Answers what is news. Whoever can't be asked is asked again next time, and the log says why. Throws
 * `StoreError`.
 */
export async function inquire(minute: number, { store, log, ...asking }: Inquirer): Promise<Signal[]> {
  const due = SIGNALS.filter(({ inquiry }) => inquiry && minute % inquiry.everyMinutes === 0);
  if (due.length === 0) return [];
  const kept = (await store.list<Signal>(KEPT)).map(({ body }) => body);
  const answers = due.flatMap(
    ({ source, inquiry }) =>
      inquiry?.ask(
        kept.filter((signal) => signal.source === source),
        asking,
      ) ?? [],
  );
  const found = await Promise.all(answers.map((answer) => answer.catch((error) => tellOf(error, log))));
  const known = new Map(kept.map((signal) => [subjectOf(signal), signal]));
  return found.flat().filter((signal) => isNews(known.get(subjectOf(signal)), signal));
}

/** What stands as it is known is none, nor that all is well of which nobody has heard. */
const isNews = (known: Signal | undefined, now: Signal): boolean =>
  now.state !== (known?.state ?? 'ok') && newer(known, now);

function tellOf(error: unknown, log: Log): Signal[] {
  if (!(error instanceof Fault)) throw error;
  log.warn(`whether an alarm of others is over could not be asked: ${redact(error.message)}`);
  return [];
}
