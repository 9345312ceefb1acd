import type { Receiver } from './config/compiled.ts';
import type { Cursor, Entry, EntryKind, Incident } from './incident.ts';
import type { Outcome } from './notifiers/define.ts';

/**
 * What is still to be told to whom: pure functions of an incident. Its timeline is the outbox; a cursor per
 * receiver says how far that one is.
 */

/** The resolve is repeated so long after it was accepted where an earlier attempt may still arrive late. */
const REPEAT_MS = 300_000;
/** A receiver that refuses us (a revoked key) is asked again so often: someone may mend it. */
const REFUSED_MS = 900_000;
const FIRST_BACKOFF_MS = 1_000;
const LONGEST_BACKOFF_MS = 60_000;
/** The clocks of two processes differ by less than this. */
const SKEW_MS = 5_000;

const TOLD: ReadonlySet<EntryKind> = new Set<EntryKind>([
  'page',
  'ticket',
  'update',
  'reminder',
  'acknowledged',
  'note',
  'resolved',
]);

/** That another receiver has not taken something is news as long as it is so, and never for that one itself. */
function isNewsFor({ delivery }: Incident, { receiver, done }: Cursor, { seq, about }: Entry): boolean {
  if (seq <= done) return false;
  return about === undefined || (about !== receiver.name && delivery[about]?.refused !== undefined);
}

function hears(receiver: Receiver, kind: EntryKind): boolean {
  if (kind === 'update' || kind === 'note') return receiver.updates;
  if (kind === 'reminder') return receiver.remind !== undefined;
  return TOLD.has(kind);
}

/** The next entry that the receiver is to be told; undefined: it is up to date. */
export function nextEntry(incident: Incident, cursor: Cursor): Entry | undefined {
  if (cursor.repeatAt !== undefined) return incident.timeline.findLast(({ kind }) => kind === 'resolved');
  return waitingEntries(incident, cursor)[0];
}

/** What the receiver has yet to take, in order. */
const waitingEntries = (incident: Incident, cursor: Cursor): Entry[] =>
  incident.timeline.filter(
    (entry) => hears(cursor.receiver, entry.kind) && isNewsFor(incident, cursor, entry),
  );

/** How many messages have yet to be taken, of all receivers. A resolve that is repeated was taken. */
export const undelivered = (incident: Incident): number =>
  Object.values(incident.delivery).reduce((sum, cursor) => sum + waitingEntries(incident, cursor).length, 0);

/** Since when the message waits that has waited longest, of all receivers, epoch ms; undefined: none waits. */
export function waitingSince(incident: Incident): number | undefined {
  const first = Object.values(incident.delivery).flatMap(
    (cursor) => waitingEntries(incident, cursor)[0] ?? [],
  );
  return first.length > 0 ? Math.min(...first.map(({ at }) => at)) : undefined;
}

/**
 * When the receiver's next attempt is due, epoch ms; undefined: nothing is to be told. `mendedAt`: when it last took
 * something, or was configured; what it refused before that waits no longer.
 */
export function attemptDue(incident: Incident, cursor: Cursor, mendedAt = 0): number | undefined {
  if (cursor.repeatAt !== undefined) return Math.max(cursor.repeatAt, cursor.nextAt);
  if (!nextEntry(incident, cursor)) return undefined;
  return isRefused(cursor) && mendedAt > cursor.since ? Math.min(mendedAt, cursor.nextAt) : cursor.nextAt;
}

/** Whether the receiver is to be told something now. */
export function isDue(incident: Incident, cursor: Cursor, now: number, mendedAt = 0): boolean {
  const dueAt = attemptDue(incident, cursor, mendedAt);
  return dueAt !== undefined && (dueAt <= now || wasSetBack(cursor.since, now));
}

/** Whether the last attempt was refused, so that the next one waits until somebody may have mended it. */
export const isRefused = ({ refused, lastError }: Cursor): boolean =>
  refused !== undefined && refused === lastError;

/** Whether the clock was set back since it said `then`. */
export const wasSetBack = (then: number, now: number): boolean => now < then - SKEW_MS;

/** Whether the receiver has taken nothing yet: whoever stands under its name in the config now is to be told. */
export const isUntold = ({ timeline }: Incident, { done }: Cursor): boolean =>
  timeline.some(({ seq, kind }) => seq > done && (kind === 'page' || kind === 'ticket'));

/** Whether somebody is still to be told something. */
export const isPending = (incident: Incident): boolean =>
  Object.values(incident.delivery).some((cursor) => nextEntry(incident, cursor) !== undefined);

/** When the incident must be looked at: at its next attempt; as long as it is open, always. */
export function nextDue(incident: Incident): number | undefined {
  const attempts = Object.values(incident.delivery).flatMap((cursor) => attemptDue(incident, cursor) ?? []);
  if (incident.closedAt === undefined) attempts.push(incident.openedAt);
  return attempts.length > 0 ? Math.min(...attempts) : undefined;
}

/** An attempt begins. One that never ended (the process died in it) may have arrived. */
export function begun(cursor: Cursor, receiver: Receiver): Cursor {
  const uncertain = cursor.uncertain || cursor.inFlight === true;
  return { ...cursor, receiver, attempts: cursor.attempts + 1, uncertain, inFlight: true };
}

/** An attempt at an entry ended. Answers undefined where that changes nothing. */
export function ended(
  incident: Incident,
  cursor: Cursor,
  entry: Entry,
  outcome: Outcome,
  { now, random }: { readonly now: number; readonly random: number },
): Cursor | undefined {
  if (entry.seq <= cursor.done && entry.kind !== 'resolved') return overtaken(incident, cursor, outcome, now);
  const { inFlight: _, ...rest } = { ...cursor, since: now };
  switch (outcome.outcome) {
    case 'accepted':
      return accepted(incident, rest, entry, now);
    case 'refused':
      return refused(rest, entry, outcome.why, outcome.final, now);
    case 'retry':
      return postponed(rest, outcome, now, random);
  }
}

/** The receiver has it. A resolve that an earlier attempt may overtake is repeated once. */
function accepted(incident: Incident, cursor: Cursor, entry: Entry, now: number): Cursor {
  const { repeatAt, lastError: _e, refused: _r, ...rest } = cursor;
  const done = Math.max(cursor.done, lastTold(incident, cursor, entry));
  const next = { ...rest, ...heardAt(cursor, entry, now), done, attempts: 0, nextAt: now };
  if (entry.kind !== 'resolved' || !cursor.uncertain) return next;
  return repeatAt === undefined ? { ...next, repeatAt: now + REPEAT_MS } : { ...next, uncertain: false };
}

/** When it first heard of the incident, and of its end. */
const heardAt = ({ announcedAt, resolvedAt }: Cursor, { kind }: Entry, now: number): Partial<Cursor> =>
  kind === 'resolved' ? { resolvedAt: resolvedAt ?? now } : { announcedAt: announcedAt ?? now };

/** Whoever is called now need not be reminded of it as well: the reminders that waited meanwhile are done with. */
function lastTold({ timeline }: Incident, { receiver }: Cursor, { seq, kind }: Entry): number {
  if (kind !== 'page' && kind !== 'reminder') return seq;
  const later = timeline.filter((entry) => entry.seq > seq && hears(receiver, entry.kind));
  const news = later.findIndex((entry) => entry.kind !== 'reminder');
  return later.slice(0, news < 0 ? later.length : news).at(-1)?.seq ?? seq;
}

/** It may be tried again: later each time, with jitter (`random` 0–1), or when the receiver says so. */
function postponed(
  cursor: Cursor,
  { why, retryAfterMs = 0, uncertain }: Extract<Outcome, { outcome: 'retry' }>,
  now: number,
  random: number,
): Cursor {
  const longest = Math.min(LONGEST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** (cursor.attempts - 1));
  const waitMs = Math.max(longest * (0.5 + random / 2), retryAfterMs);
  return { ...cursor, lastError: why, uncertain: cursor.uncertain || uncertain, nextAt: now + waitMs };
}

/** It was refused: for good (this entry is given up), or as long as nobody mends the key. */
function refused(cursor: Cursor, entry: Entry, why: string, final: boolean, now: number): Cursor {
  const { repeatAt: _, ...rest } = { ...cursor, lastError: why, refused: why };
  if (!final) return { ...rest, nextAt: now + REFUSED_MS };
  return { ...rest, done: Math.max(cursor.done, entry.seq), attempts: 0, nextAt: now };
}

/**
 * Another process had the entry accepted while this attempt stood still. If it arrived all the same, then perhaps
 * after the resolve: that is to follow it once more.
 */
function overtaken(incident: Incident, cursor: Cursor, outcome: Outcome, now: number): Cursor | undefined {
  const mayHaveArrived = outcome.outcome === 'accepted' || (outcome.outcome === 'retry' && outcome.uncertain);
  if (!mayHaveArrived) return undefined;
  const isOver = incident.closedAt !== undefined && attemptDue(incident, cursor) === undefined;
  return { ...cursor, uncertain: true, ...(isOver && { repeatAt: now + REPEAT_MS, since: now }) };
}
