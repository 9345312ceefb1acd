import type { Receiver } from './config/compiled.ts';
import { draftOf } from './home.ts';
import { append, type Cursor, type Entry, type Incident } from './incident.ts';
import { incidentKey } from './items.ts';
import { LEASE_MS } from './lane.ts';
import type { Notice, Outcome } from './notifiers/define.ts';
import { begun, ended, isDue, isUntold, nextEntry } from './outbox.ts';
import type { Item, Log, Store } from './ports.ts';
import { ATTEMPT_MS, messageTo, type Sender, send, type Wire, words } from './send.ts';
import { update } from './store.ts';
import { notTaken } from './words.ts';

/** What delivery needs of the world. */
export interface Post extends Wire {
  readonly store: Store;
  readonly sender: (type: string) => Sender;
  /** The receiver that the config calls so now, if it does. */
  readonly receiver: (name: string) => Receiver | undefined;
  /** When the receivers were configured last (a start, a reload), epoch ms: who refused before is asked again. */
  readonly configuredAt: () => number;
  /** Where links below the status page point; undefined: nowhere. */
  readonly baseUrl: () => string | undefined;
  /** 0–1. */
  readonly random: () => number;
  /** Incidents that are known to have changed: they are read by key, since `due` may not list them yet. */
  readonly named?: readonly Pick<Incident, 'subject' | 'n'>[];
  /** Told of each incident that delivery wrote. */
  readonly wrote: (item: Item<Incident>) => void;
}

/** What came of an attempt, and the incident as it stands afterwards. */
export interface Told {
  readonly incident: Incident;
  readonly name: string;
  readonly outcome: Outcome;
}

/** One receiver's next entry of one incident; what was refused before `mendedAt` (epoch ms) waits no longer. */
export interface Errand {
  readonly incident: Incident;
  readonly name: string;
  readonly mendedAt: number;
}

/**
 * One attempt to tell a receiver the next entry of an incident, under a lease that holds until `leaseUntil`
 * (epoch ms). It is noted before it is made, so that a process that dies in it leaves a trace; the entry is
 * marked as done only after the receiver has accepted it. Answers undefined where no attempt was made.
 */
export async function tell(
  { incident: { subject, n }, name, mendedAt }: Errand,
  leaseUntil: number,
  post: Post,
): Promise<Told | undefined> {
  const { clock } = post;
  const change = (next: Change) => changeIncident({ subject, n }, name, next, post);
  const started = await change((incident, cursor) => {
    if (!isDue(incident, cursor, clock.now(), mendedAt)) return undefined;
    return withCursor(incident, name, begun(cursor, receiverOf(incident, name, cursor, post)));
  });
  const cursor = started?.delivery[name];
  const entry = started && cursor && nextEntry(started, cursor);
  if (!started || !entry || !holds(leaseUntil, clock.now())) return undefined;
  const note = (outcome: Outcome) => {
    const moment = { now: clock.now(), random: post.random() };
    return change((current, before) => {
      const after = ended(current, before, entry, outcome, moment);
      return after && tellOthers(withCursor(current, name, after), name, before, outcome, moment.now);
    });
  };
  const { receiver } = cursor;
  const outcome = await send(
    messageTo(receiver, () => noticeOf(started, entry, post.baseUrl()), post.sender),
    post,
    () => holds(leaseUntil, clock.now()),
    (late) => void note(late).catch((error: unknown) => sayFailed(receiver, error, post.log)),
  );
  const incident = await note(outcome);
  report({ incident: started, entry, name, cursor }, outcome, post.log);
  return { incident: incident ?? started, name, outcome };
}

interface Attempt {
  readonly incident: Incident;
  readonly entry: Entry;
  readonly name: string;
  readonly cursor: Cursor;
}

/** What came of an attempt, for whoever looks at the console; a failure is said once, and its end. */
function report({ incident, entry, name, cursor }: Attempt, outcome: Outcome, log: Log): void {
  const { id, title } = incident;
  if (outcome.outcome === 'accepted') log.info(`incident ${id}, ${entry.kind}: ${name} accepted "${title}"`);
  else if (outcome.outcome === 'refused') {
    if (cursor.refused === undefined) log.error(notTaken(title, name, outcome.why));
  } else if (cursor.attempts === 1) log.warn(`"${title}" is not delivered to ${name} yet: ${outcome.why}`);
}

const sayFailed = ({ name }: Receiver, error: unknown, log: Log): void =>
  log.error(`what ${name} answered late could not be noted`, { why: words(error) });

/** Whom the next entry goes to: the one that has heard of the incident, or else whoever has that name now. */
export const receiverOf = (incident: Incident, name: string, cursor: Cursor, post: Post): Receiver =>
  (isUntold(incident, cursor) ? post.receiver(name) : undefined) ?? cursor.receiver;

/** Whether a lease outlasts an attempt; one that seems longer than any comes from a clock that was set back. */
const holds = (until: number, now: number): boolean => now + ATTEMPT_MS <= until && until <= now + LEASE_MS;

type Change = (incident: Incident, cursor: Cursor) => Incident | undefined;

/** Changes an incident with regard to one receiver. Answers undefined where nothing was to be changed. */
async function changeIncident(
  incident: Pick<Incident, 'subject' | 'n'>,
  name: string,
  change: Change,
  post: Post,
): Promise<Incident | undefined> {
  let changed: Incident | undefined;
  const item = await update<Incident>(post.store, incidentKey(incident), (current) => {
    const cursor = current?.body.delivery[name];
    changed = current && cursor && change(current.body, cursor);
    return changed && draftOf(changed);
  });
  if (item && changed) post.wrote(item);
  return changed;
}

const withCursor = (incident: Incident, name: string, cursor: Cursor): Incident => ({
  ...incident,
  delivery: { ...incident.delivery, [name]: cursor },
});

/** What one receiver refuses, the others are told, once. */
function tellOthers(
  incident: Incident,
  name: string,
  before: Cursor,
  outcome: Outcome,
  now: number,
): Incident {
  if (outcome.outcome !== 'refused' || before.refused !== undefined) return incident;
  return append(incident, now, 'update', notTaken(incident.title, name, outcome.why), name);
}

/** What a receiver is told. */
export function noticeOf(incident: Incident, entry: Entry, baseUrl: string | undefined): Notice {
  const below = (path: string) => baseUrl && new URL(path, baseUrl).href;
  const runbook = incident.runbook.startsWith('/') ? below(incident.runbook) : incident.runbook;
  const { console } = incident.evidence.facts;
  return {
    id: `${incident.key.slice(0, 20)}-${entry.seq}`,
    entry,
    kind: incident.class === 'drill' ? 'drill' : kindOf(entry),
    incident,
    links: { runbook, statusPage: below('/'), console: typeof console === 'string' ? console : undefined },
  };
}

function kindOf({ kind }: Entry): Notice['kind'] {
  if (kind === 'page' || kind === 'ticket') return kind;
  return kind === 'resolved' ? 'resolve' : 'update';
}
