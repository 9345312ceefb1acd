import { createHash } from 'node:crypto';
import { ownSeverity } from './budget.ts';
import type { Config } from './config/compiled.ts';
import type { Home } from './home.ts';
import type { Case, Incident } from './incident.ts';
import { SIGNALS, signalKey } from './items.ts';
import type { Want } from './judge.ts';
import { key } from './keys.ts';
import type { Store } from './ports.ts';
import { routedCase } from './routes.ts';
import { settle } from './settle.ts';
import type { Signal } from './signal.ts';
import { update } from './store.ts';

/** What others have found wrong: the newest that is known of each thing, and what that means for the incident log. */

/** What is over is remembered for so long, ms: an older message that comes after that would open it again. */
const REMEMBERED_MS = 14 * 86_400_000;

/** Of two of the same thing the one that counts: by the time of the event, whichever came last. At the same moment, the worse. */
export const newer = (known: Signal | undefined, heard: Signal): boolean =>
  !known ||
  heard.at > known.at ||
  (heard.at === known.at && heard.state === 'alarm' && known.state !== 'alarm');

const idOf = ({ about }: Signal): string =>
  createHash('sha256').update(about).digest('base64url').slice(0, 22);

export const subjectOf = (signal: Signal): string => key(SIGNALS, signal.source, idOf(signal));

/** Keeps what was heard, if it is news. Answers what is known then. */
export async function keepSignal(signal: Signal, store: Store): Promise<Signal> {
  const item = await update<Signal>(store, signalKey(signal.source, idOf(signal)), (old) =>
    newer(old?.body, signal) ? { body: signal, ...lifeOf(signal) } : undefined,
  );
  return item?.body ?? signal;
}

/** What is wrong until somebody takes it back stays for as long. */
const lifeOf = ({ state, at, until }: Signal): { readonly expires?: number } =>
  state !== 'ok' && until === undefined ? {} : { expires: Math.max(at, until ?? 0) + REMEMBERED_MS };

/** Takes in what was heard. Answers the incidents that it changed. */
export async function takeSignals(signals: readonly Signal[], home: Home): Promise<Incident[]> {
  const known = new Map<string, Signal>();
  for (const signal of signals) known.set(subjectOf(signal), await keepSignal(signal, home.store));
  return settleSignals([...known.values()], home);
}

/**
 * A person says that it is over, whoever has told of it: an older message opens it no more, a newer one does. Answers the
 * incident that this ends.
 */
export async function endSignal(subject: string, why: string, home: Home): Promise<Incident | undefined> {
  const now = home.clock.now();
  await update<Signal>(home.store, rowOf(subject), (old) => {
    if (!old) return undefined;
    const over: Signal = { ...old.body, at: Math.max(now, old.body.at), state: 'ok' };
    return { body: over, ...lifeOf(over) };
  });
  return home.endIncident(subject, why);
}

/** Where its signal is kept: the subject of an incident says it. */
const rowOf = (subject: string) => ({ partition: SIGNALS, sort: subject.slice(key(SIGNALS).length + 1) });

/** By the clock: what nobody takes back is over some day, and who was told is reminded. */
export async function lookAtSignals(home: Home): Promise<Incident[]> {
  const items = await home.store.list<Signal>(SIGNALS);
  const known = items.map(({ body }) => body);
  return settleSignals(
    known.filter((signal) => signal.state === 'alarm' || home.openIncident(subjectOf(signal))),
    home,
  );
}

function settleSignals(signals: readonly Signal[], home: Home): Promise<Incident[]> {
  const judge = (signal: Signal) => signalCase(signal, home.config, home.clock.now());
  return settle(
    signals.map((signal) => ({
      cases: judge(signal),
      async again() {
        const item = await home.store.get<Signal>(signalKey(signal.source, idOf(signal)));
        return judge(item?.body ?? signal);
      },
    })),
    home,
  );
}

/** None, where a route says that nobody is to be told. */
export function signalCase(
  signal: Signal,
  { routes, cost }: Pick<Config, 'routes' | 'cost'>,
  now: number,
): Case[] {
  const { source, name, title, runbook, at, reason, message, facts } = signal;
  const severity = ownSeverity(signal, cost) ?? signal.severity;
  return routedCase(
    routes,
    { source, name, severity },
    {
      subject: subjectOf(signal),
      class: 'signal',
      want: wantOf(signal, now),
      title,
      target: placeOf(signal),
      runbook,
      evidence: { at: Math.min(at, now), reasons: [reason], message, locations: [], of: 1, facts },
      heldBy: undefined,
      announceAfter: 0,
    },
  );
}

/** `checkout-5xx in eu-west-1, account 123456789012`. */
const placeOf = ({ name, facts: { region, account } }: Signal): string =>
  `${name}${region ? ` in ${region}` : ''}${account ? `, account ${account}` : ''}`;

function wantOf({ state, until = Number.POSITIVE_INFINITY }: Signal, now: number): Want {
  if (state === 'ok' || now >= until) return 'close';
  return state === 'alarm' ? 'open' : 'hold';
}
