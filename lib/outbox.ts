import type { Receiver } from './config/compiled.ts';
import type { Cursor, Entry, EntryKind, Incident } from './incident.ts';

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
/** No wait is longer than this; one that seems so comes from a clock that was set back. */
export const LONGEST_WAIT_MS = REFUSED_MS + 60_000;

const TOLD: ReadonlySet<EntryKind> = new Set<EntryKind>(['page', 'ticket', 'update', 'reminder', 'resolved']);

function hears(receiver: Receiver, kind: EntryKind): boolean {
  if (kind === 'update') return receiver.updates;
  if (kind === 'reminder') return receiver.remind !== undefined;
  return TOLD.has(kind);
}

/** The next entry that the receiver is to be told; undefined: it is up to date. */
export function nextEntry(incident: Incident, cursor: Cursor): Entry | undefined {
  if (cursor.repeatAt !== undefined) return incident.timeline.findLast(({ kind }) => kind === 'resolved');
  return incident.timeline.find(({ seq, kind }) => seq > cursor.done && hears(cursor.receiver, kind));
}

/** When the receiver's next attempt is due, epoch ms; undefined: nothing is to be told. */
export function attemptDue(incident: Incident, cursor: Cursor): number | undefined {
  if (cursor.repeatAt !== undefined) return Math.max(cursor.repeatAt, cursor.nextAt);
  return nextEntry(incident, cursor) && cursor.nextAt;
}

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
export function begun(cursor: Cursor): Cursor {
  return {
    ...cursor,
    attempts: cursor.attempts + 1,
    uncertain: cursor.uncertain || cursor.inFlight === true,
    inFlight: true,
  };
}

/** The receiver has it. A resolve that an earlier attempt may overtake is repeated once. */
export function accepted(cursor: Cursor, entry: Entry, now: number): Cursor {
  const { repeatAt, inFlight: _i, lastError: _e, refused: _r, ...rest } = cursor;
  const next = { ...rest, done: Math.max(cursor.done, entry.seq), attempts: 0, nextAt: now };
  if (repeatAt !== undefined) return { ...next, uncertain: false };
  return entry.kind === 'resolved' && cursor.uncertain ? { ...next, repeatAt: now + REPEAT_MS } : next;
}

/** It may be tried again: later each time, with jitter (`random` 0–1), or when the receiver says so. */
export function postponed(
  cursor: Cursor,
  {
    why,
    retryAfterMs,
    uncertain,
    now,
    random,
  }: { why: string; retryAfterMs: number | undefined; uncertain: boolean; now: number; random: number },
): Cursor {
  const backoff =
    Math.min(LONGEST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** (cursor.attempts - 1)) * (0.5 + random / 2);
  const { inFlight: _, ...rest } = cursor;
  return {
    ...rest,
    lastError: why,
    uncertain: cursor.uncertain || uncertain,
    nextAt: now + Math.max(backoff, retryAfterMs ?? 0),
  };
}

/** It was refused: for good (this entry is given up), or as long as nobody mends the key. */
export function refused(cursor: Cursor, entry: Entry, why: string, final: boolean, now: number): Cursor {
  const { inFlight: _, repeatAt: _r, ...rest } = cursor;
  const done = final ? Math.max(cursor.done, entry.seq) : cursor.done;
  return {
    ...rest,
    done,
    attempts: final ? 0 : cursor.attempts,
    lastError: why,
    refused: why,
    nextAt: final ? now : now + REFUSED_MS,
  };
}
