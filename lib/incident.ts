import { createHash } from 'node:crypto';
import type { Receiver, Severity } from './config/compiled.ts';
import type { Want } from './judge.ts';
import { wasSetBack } from './outbox.ts';
import { QUIET } from './quiet.ts';
import type { Facts } from './reading.ts';
import { cutToBytes, endedWords, heldWords, lasted, toldOf } from './words.ts';

/** What kind of trouble a subject is in: each class of a subject has incidents of its own. */
export type IncidentClass =
  | 'down'
  | 'degraded'
  | 'unknown'
  | 'silent'
  | 'blind'
  | 'config'
  | 'drill'
  | 'signal';

/** One problem of one subject, from open to resolved. Stored whole in one item; at most ~300 KB. */
export interface Incident {
  /** Short, public, unique: what people and URLs call it. */
  readonly id: string;
  /** `check/<id>/<class>`, `location/<name>/<class>`, … (segments encoded). */
  readonly subject: string;
  /** The opening number, 1 for the first incident of the subject. */
  readonly n: number;
  /** The deduplication key at every receiver: a hash of (installation, subject, n, opening time). Never changes. */
  readonly key: string;
  readonly class: IncidentClass;
  readonly severity: Severity;
  /** One line for a person: `Public API is down`. */
  readonly title: string;
  /** The check it is about, as it was configured when the incident opened. */
  readonly check?: {
    readonly id: string;
    readonly name: string;
    readonly type: string;
    readonly target: string;
    readonly group: string | undefined;
    readonly public: boolean;
  };
  /** What it is about, for people, where that is no check. */
  readonly target?: string;
  readonly openedAt: number;
  /** When the first bad reading was due, epoch ms: the trouble began by then. */
  readonly failedAt: number;
  /** When its newest stretch of failing began, epoch ms, where it passed in between; undefined: at `failedAt`. */
  readonly failingSince?: number;
  readonly closedAt?: number;
  /** The user's own (absolute URL) or a built-in one (path below the status page: `/runbooks/http`). */
  readonly runbook: string;
  /** What people were told, or will be. */
  readonly evidence: Evidence;
  readonly timeline: readonly Entry[];
  /** When the page or ticket entry was appended; undefined: nobody has been told. */
  readonly announcedAt?: number;
  /** What holds the announcement back, or held it until the end: `maintenance`, `depends on apex`. */
  readonly heldBy?: string;
  /** When a person has taken it on, epoch ms: nobody is reminded of it any more. */
  readonly acknowledgedAt?: number;
  /** While flapping: since when the subject is well again; a bad verdict ends it. */
  readonly quietSince?: number;
  /** It opened within ten minutes of its predecessor's end: it closes only after ten quiet minutes. */
  readonly flapping: boolean;
  readonly flaps: number;
  /** The names of those who may be told, where a route says so. */
  readonly notify?: readonly string[];
  /** Per receiver (its name in the config): how far its delivery is. */
  readonly delivery: Readonly<Record<string, Cursor>>;
}

export interface Evidence {
  readonly at: number;
  readonly reasons: readonly string[];
  /** Redacted, ≤ 500 characters. */
  readonly message: string;
  /** The locations that see it. */
  readonly locations: readonly string[];
  readonly of: number;
  readonly facts: Facts;
}

/** `opened`, `held` and `ended` (resolved before anybody was told) are for the timeline; the others are delivered. */
export type EntryKind =
  | 'opened'
  | 'held'
  | 'page'
  | 'ticket'
  | 'update'
  | 'reminder'
  | 'acknowledged'
  | 'note'
  | 'resolved'
  | 'ended';

export interface Entry {
  /** 1, 2, 3 … within the incident. */
  readonly seq: number;
  readonly at: number;
  readonly kind: EntryKind;
  /** Human words that stand alone, ≤ 1 KB. */
  readonly text: string;
  /** The receiver that has not taken what was sent: the others are told of it, as long as that is so. */
  readonly about?: string;
}

/** How far the delivery of one incident to one receiver is. */
export interface Cursor {
  /** Whom the last attempt went to (references, no values). Once it took an entry, the others go there as well. */
  readonly receiver: Receiver;
  /** The sequence number of the last entry that is done with. */
  readonly done: number;
  /** Attempts at the entry after it, counted before each is made. */
  readonly attempts: number;
  /** Not before this, epoch ms. */
  readonly nextAt: number;
  /** When that was decided, epoch ms: a clock that says less was set back, and nothing is waited for. */
  readonly since: number;
  /** An attempt has begun and hasn't ended: found by another process, it may have arrived. */
  readonly inFlight?: boolean;
  /** An attempt's outcome stayed unknown: the resolve is sent once more, five minutes after it was accepted. */
  readonly uncertain: boolean;
  readonly repeatAt?: number;
  /** When it first accepted that there is an incident, and when its end, epoch ms. */
  readonly announcedAt?: number;
  readonly resolvedAt?: number;
  readonly lastError?: string;
  /** The receiver refused for good: who hears of it instead is a matter of `deliver`. */
  readonly refused?: string;
}

/** What it is about, as a person would look for it; undefined: its title says all there is. */
export const targetOf = ({ check, target }: Pick<Incident, 'check' | 'target'>): string | undefined =>
  check?.target ?? target;

/** What is known of one subject now: what `decide` asks the incident log to take in. */
export interface Case {
  readonly subject: string;
  readonly class: IncidentClass;
  readonly severity: Severity;
  readonly want: Want;
  readonly title: string;
  readonly runbook: string;
  readonly check?: Incident['check'];
  readonly target?: string;
  readonly evidence: Evidence;
  /** When the newest stretch of failing began, as far as the newest readings tell, epoch ms. */
  readonly failingSince?: number;
  /** The names of those who may be told; undefined: all. */
  readonly notify?: readonly string[];
  /** What holds the announcement back, if anything does. */
  readonly heldBy: string | undefined;
  /** The trouble must have lasted so long before anybody is told, ms. */
  readonly announceAfter: number;
}

/** What doesn't depend on the subject. */
export interface Rules {
  readonly now: number;
  /** The installation's random id: keys of two installations never meet. */
  readonly installation: string;
  /** Who may be told. */
  readonly receivers: readonly Receiver[];
  /** Whether tickets wait now. */
  readonly quiet: boolean;
}

/** Opened so soon after its predecessor's end, an incident is flapping, and closes only after as long a quiet. */
export const FLAP_MS = 600_000;
/** Changes of what is wrong are told at most so often. */
const UPDATE_MS = 600_000;
const MAX_ENTRIES = 200;
/** Bytes as JSON: with 200 of them an incident stays below the 390,000 that an item holds. */
const MAX_TEXT = 1_000;

/**
 * The next state of a subject's newest incident: opened, announced, reminded of, closed; undefined: nothing
 * changes. Pure, and the same for every kind of subject.
 */
export function advance(newest: Incident | undefined, seen: Case, rules: Rules): Incident | undefined {
  if (!newest || newest.closedAt !== undefined) {
    return seen.want === 'open' ? announce(open(newest, seen, rules), seen, rules) : undefined;
  }
  const changed = seen.want === 'close' ? close(newest, rules) : goOn(newest, seen, rules);
  return changed === newest ? undefined : changed;
}

function open(predecessor: Incident | undefined, seen: Case, { now, installation }: Rules): Incident {
  const n = (predecessor?.n ?? 0) + 1;
  const key = createHash('sha256')
    .update(JSON.stringify([installation, seen.subject, n, now]))
    .digest('hex')
    .slice(0, 40);
  const { subject, severity, title, check, target, runbook, evidence } = seen;
  const incident: Incident = {
    id: key.slice(0, 10),
    subject,
    n,
    key,
    class: seen.class,
    severity,
    title,
    ...(check && { check }),
    ...(target !== undefined && { target }),
    openedAt: now,
    failedAt: evidence.at,
    runbook,
    evidence,
    ...(seen.notify && { notify: seen.notify }),
    timeline: [],
    flapping: predecessor?.closedAt !== undefined && !hasPassed(FLAP_MS, predecessor.closedAt, now),
    flaps: 0,
    delivery: {},
  };
  return append(incident, now, 'opened', toldOf(seen));
}

/** Still open: new evidence is taken in, held-back news is told, those who were told are reminded. */
function goOn(incident: Incident, seen: Case, rules: Rules): Incident {
  // nobody is reminded of what nobody sees now: it may have been over for long
  if (seen.want === 'hold') return incident;
  const back = incident.quietSince !== undefined;
  const { quietSince: _, ...noisy } = incident;
  const current = back ? { ...noisy, flaps: incident.flaps + 1 } : incident;
  const failing = failAgain(current, seen.failingSince);
  return remind(announce(takeIn(failing, seen, rules), seen, rules), rules);
}

/** It passed in between and fails again: whether a parent is well is to be seen after that. */
const failAgain = (incident: Incident, since = 0): Incident =>
  since > newestFailureOf(incident) ? { ...incident, failingSince: since } : incident;

/** When the newest stretch of failing began, epoch ms. */
export const newestFailureOf = ({ failedAt, failingSince = failedAt }: Incident): number => failingSince;

/** Once people know of it, it changes for them at most every ten minutes: what is over by then is never told. */
function takeIn(incident: Incident, seen: Case, { now }: Rules): Incident {
  const same =
    sameList(incident.evidence.reasons, seen.evidence.reasons) &&
    sameList(incident.evidence.locations, seen.evidence.locations) &&
    // a message of others is all that there is of it: what it costs, for example, by now
    (incident.class !== 'signal' || incident.evidence.message === seen.evidence.message);
  if (same) return incident;
  const current = { ...incident, evidence: seen.evidence };
  if (incident.announcedAt === undefined) return current;
  const last = incident.timeline.at(-1)?.at ?? incident.openedAt;
  return hasPassed(UPDATE_MS, last, now) ? append(current, now, 'update', toldOf(seen)) : incident;
}

/** Tells, unless something holds it, or it hasn't lasted long enough; whoever was added since is told as well. */
function announce(incident: Incident, seen: Case, rules: Rules): Incident {
  if (incident.announcedAt !== undefined) return withReceivers(incident, rules);
  const held = seen.heldBy ?? (rules.quiet && incident.severity === 'ticket' ? QUIET : undefined);
  if (held !== undefined) return hold(incident, held, rules);
  const { heldBy, ...free } = incident;
  if (!hasPassed(seen.announceAfter, incident.openedAt, rules.now))
    return heldBy === undefined ? incident : free;
  return withReceivers(
    append({ ...free, announcedAt: rules.now }, rules.now, incident.severity, toldOf(seen)),
    rules,
  );
}

function hold(incident: Incident, heldBy: string, { now }: Rules): Incident {
  if (incident.heldBy === heldBy) return incident;
  return append({ ...incident, heldBy }, now, 'held', heldWords(incident.title, heldBy));
}

/** Gives each receiver that hears of such an incident a cursor before the announcement. */
function withReceivers(incident: Incident, { receivers, now }: Rules): Incident {
  const first = incident.timeline.find(({ kind }) => kind === 'page' || kind === 'ticket');
  const missing = receivers.filter(
    ({ name, hears }) =>
      !incident.delivery[name] &&
      (hears === 'everything' || incident.severity === 'page') &&
      (incident.notify?.includes(name) ?? true),
  );
  if (!first || missing.length === 0) return incident;
  const cursors = missing.map((receiver): [string, Cursor] => [
    receiver.name,
    { receiver, done: first.seq - 1, attempts: 0, nextAt: now, since: now, uncertain: false },
  ]);
  return { ...incident, delivery: { ...incident.delivery, ...Object.fromEntries(cursors) } };
}

function remind(incident: Incident, { now, receivers }: Rules): Incident {
  if (incident.announcedAt === undefined || incident.acknowledgedAt !== undefined) return incident;
  const every = receivers.flatMap(({ name, remind }) =>
    remind !== undefined && incident.delivery[name] ? remind : [],
  );
  const last = incident.timeline.findLast(({ kind }) => kind === incident.severity || kind === 'reminder');
  if (every.length === 0 || !last || !hasPassed(Math.min(...every), last.at, now)) return incident;
  const text = `Still open after ${lasted(now - incident.openedAt)}: ${incident.title}.`;
  return append(incident, now, 'reminder', text);
}

function close(incident: Incident, { now }: Rules): Incident {
  if (incident.flapping) {
    const since = incident.quietSince;
    if (since === undefined || wasSetBack(since, now)) return { ...incident, quietSince: now };
    if (!hasPassed(FLAP_MS, since, now)) return incident;
  }
  return end(incident, now, endedWords(incident, now));
}

/** Closes an incident, whatever the verdict; those who were told of it are told of its end. */
export function end(incident: Incident, now: number, why: string): Incident {
  const ended = append(
    { ...incident, closedAt: now },
    now,
    incident.announcedAt === undefined ? 'ended' : 'resolved',
    why,
  );
  return incident.class === 'drill' ? withoutLatePages(ended) : ended;
}

/** Of a drill that is over nobody is called any more; who may have been is told of its end. */
function withoutLatePages(drill: Incident): Incident {
  const last = drill.timeline.at(-1)?.seq ?? 0;
  const delivery = Object.entries(drill.delivery).map(([name, cursor]): [string, Cursor] => {
    if (cursor.announcedAt !== undefined) return [name, cursor];
    const mayHaveHeard = cursor.uncertain || cursor.inFlight === true;
    return [name, { ...cursor, done: mayHaveHeard ? last - 1 : last }];
  });
  return { ...drill, delivery: Object.fromEntries(delivery) };
}

/** A person takes it on: whoever was told of it is told of that. Undefined: somebody has, or it is over. */
export function acknowledge(incident: Incident, now: number, by: string): Incident | undefined {
  if (incident.closedAt !== undefined || incident.acknowledgedAt !== undefined) return undefined;
  return append({ ...incident, acknowledgedAt: now }, now, 'acknowledged', `${by} has taken it on.`);
}

/** What a person has to say of it, also once it is over. */
export const note = (incident: Incident, now: number, by: string, text: string): Incident =>
  append(incident, now, 'note', `${by}: ${text}`);

/** Whether people see it: an outage at once, everything else once somebody was told. */
export const isVisible = (incident: Incident): boolean =>
  incident.class === 'down' || incident.announcedAt !== undefined;

/** Adds an entry. Beyond 200, the oldest of those make room that can be missed. */
export function append(
  incident: Incident,
  at: number,
  kind: EntryKind,
  text: string,
  about?: string,
): Incident {
  const seq = (incident.timeline.at(-1)?.seq ?? 0) + 1;
  const entry: Entry = {
    seq,
    at,
    kind,
    text: cutToBytes(text, MAX_TEXT),
    ...(about !== undefined && { about }),
  };
  const timeline = [...incident.timeline, entry];
  if (timeline.length <= MAX_ENTRIES) return { ...incident, timeline };
  const heard = Math.min(...Object.values(incident.delivery).map(({ done }) => done));
  const old = timeline.findIndex((entry) => MISSABLE.has(entry.kind) && entry.seq <= heard);
  const least = old < 0 ? timeline.findIndex((entry) => MISSABLE.has(entry.kind)) : old;
  return { ...incident, timeline: timeline.toSpliced(least, 1) };
}

/** What is no news any more once a later one of its kind is there. A page and its end are never left out. */
const MISSABLE: ReadonlySet<EntryKind> = new Set<EntryKind>(['held', 'update', 'reminder', 'note']);

/** Whether so much time went by; where the clock was set back in it nobody knows, and nothing waits for that. */
const hasPassed = (ms: number, since: number, now: number): boolean =>
  now - since >= ms || wasSetBack(since, now);

const sameList = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((x, i) => x === b[i]);
