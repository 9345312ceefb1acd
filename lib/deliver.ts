import { createHash } from 'node:crypto';
import type { Receiver } from './config/compiled.ts';
import { draftOf } from './home.ts';
import { append, type Cursor, type Entry, type Incident } from './incident.ts';
import { incidentKey, laneKey } from './items.ts';
import { type Lane, LEASE_MS, lease, noted, released } from './lane.ts';
import type { Net } from './net/net.ts';
import type { Notice, Outcome, SendContext } from './notifiers/define.ts';
import { accepted, attemptDue, begun, LONGEST_WAIT_MS, nextEntry, postponed, refused } from './outbox.ts';
import { type Clock, type Item, type Log, SecretError, type Secrets, type Store } from './ports.ts';
import { redact } from './redact.ts';
import { update } from './store.ts';

/** What delivery needs of a notifier. */
export interface Sender {
  readonly perMinute: number;
  lane(receiver: Receiver): string;
  send(receiver: Receiver, notice: Notice, context: SendContext): Promise<Outcome>;
}

export interface Post {
  readonly store: Store;
  readonly clock: Clock;
  readonly net: Net;
  readonly secrets: Secrets;
  readonly log: Log;
  readonly sender: (type: string) => Sender;
  /** This process's name for leases: random, new at each start. */
  readonly owner: string;
  /** Where links below the status page point; undefined: nowhere. */
  readonly baseUrl: () => string | undefined;
  /** 0–1. */
  readonly random: () => number;
  readonly signal: AbortSignal;
  /** Told of each incident that delivery wrote. */
  readonly wrote: (item: Item<Incident>) => void;
}

/** One receiver's next entry of one incident. */
interface Job {
  readonly incident: Incident;
  readonly name: string;
  readonly receiver: Receiver;
  readonly dueAt: number;
  readonly isDue: boolean;
}

const ATTEMPT_MS = 10_000;
const AT_ONCE = 8;
const MOST_JOBS = 20_000;
/** Someone else holds the lease: looked at again after this. */
const BUSY_MS = 5_000;

/**
 * One pass: sends what is due, each receiver in its own lane, each incident's entries in order. Answers when
 * the next pass is due, epoch ms; undefined: nothing waits.
 */
export async function deliverDue(
  post: Post,
  only?: (incident: Incident) => boolean,
): Promise<number | undefined> {
  const now = post.clock.now();
  const items = await post.store.due<Incident>(now + LONGEST_WAIT_MS, MOST_JOBS);
  const jobs = items
    .map(({ body }) => body)
    .filter((incident) => !only || only(incident))
    .flatMap((incident) => jobsOf(incident, now));
  const [ready, later] = [jobs.filter((job) => job.isDue), jobs.filter((job) => !job.isDue)];
  const lanes = Map.groupBy(ready, ({ receiver }) => laneOf(receiver, post));
  const waits = await Promise.all([...lanes].map(([hash, inLane]) => runLane(hash, inLane, post)));
  const next = [...later.map(({ dueAt }) => dueAt), ...waits.flatMap((at) => at ?? [])];
  return next.length > 0 ? Math.min(...next) : undefined;
}

function jobsOf(incident: Incident, now: number): Job[] {
  return Object.entries(incident.delivery).flatMap(([name, cursor]) => {
    const dueAt = attemptDue(incident, cursor);
    const { receiver } = cursor;
    return dueAt === undefined
      ? []
      : [{ incident, name, receiver, dueAt, isDue: isDue(incident, cursor, now) }];
  });
}

const laneOf = (receiver: Receiver, post: Post): string =>
  createHash('sha256')
    .update(`${receiver.type}\n${post.sender(receiver.type).lane(receiver)}`)
    .digest('hex')
    .slice(0, 32);

/** Works through one lane while its lease and its tokens last. Answers when to look again, if anything is left. */
async function runLane(hash: string, jobs: readonly Job[], post: Post): Promise<number | undefined> {
  const waiting = jobs.toSorted((a, b) => a.dueAt - b.dueAt);
  const perMinute = post.sender(waiting[0]?.receiver.type ?? '').perMinute;
  try {
    while (waiting.length > 0 && !post.signal.aborted) {
      const grant = await take(hash, Math.min(AT_ONCE, waiting.length), perMinute, post);
      if (!grant) return post.clock.now() + BUSY_MS;
      if (grant.tokens === 0) return post.clock.now() + grant.waitMs;
      const outcomes = await Promise.all(
        waiting.splice(0, grant.tokens).map((job) => attempt(job, grant.until, post)),
      );
      await note(
        hash,
        outcomes.flatMap((outcome) => outcome ?? []),
        post,
      );
      for (const outcome of outcomes) if (outcome?.more) waiting.unshift(outcome.more);
    }
    return waiting.length > 0 ? post.clock.now() : undefined;
  } finally {
    await changeLane(hash, (lane) => (lane?.owner === post.owner ? released(lane) : undefined), post);
  }
}

async function take(
  hash: string,
  want: number,
  perMinute: number,
  post: Post,
): Promise<{ tokens: number; waitMs: number; until: number } | undefined> {
  let grant: ReturnType<typeof lease>;
  await changeLane(
    hash,
    (lane) => {
      grant = lease(lane, post.owner, want, perMinute, post.clock.now());
      return grant?.lane;
    },
    post,
  );
  return grant && { tokens: grant.tokens, waitMs: grant.waitMs, until: grant.lane.until };
}

async function changeLane(
  hash: string,
  change: (lane: Lane | undefined) => Lane | undefined,
  post: Post,
): Promise<void> {
  await update<Lane>(post.store, laneKey(hash), (current) => {
    const body = change(current?.body);
    return body && { body };
  });
}

interface Result {
  readonly outcome: Outcome;
  readonly receiver: Receiver;
  /** The same receiver's next entry of the same incident, where there is one. */
  readonly more: Job | undefined;
}

async function note(hash: string, results: readonly Result[], post: Post): Promise<void> {
  const now = post.clock.now();
  await changeLane(
    hash,
    (lane) => {
      return results.reduce<Lane | undefined>((current, { outcome, receiver }) => {
        if (!current) return undefined;
        const after = noted(
          current,
          outcome.outcome,
          now,
          outcome.outcome === 'retry' ? outcome.retryAfterMs : undefined,
        );
        return outcome.outcome === 'refused'
          ? { ...after, refusal: { at: now, receiver: receiver.name, why: outcome.why } }
          : after;
      }, lane);
    },
    post,
  );
}

/**
 * One attempt: noted before it is made, so that a process that dies in it leaves a trace; marked as done only
 * after the receiver has accepted it.
 */
async function attempt(job: Job, leaseUntil: number, post: Post): Promise<Result | undefined> {
  const started = await mark(
    job,
    (cursor, incident) => (isDue(incident, cursor, post.clock.now()) ? begun(cursor) : undefined),
    post,
  );
  const cursor = started?.delivery[job.name];
  const entry = started && cursor && nextEntry(started, cursor);
  if (!started || !entry) return undefined;
  if (post.clock.now() + ATTEMPT_MS > leaseUntil || leaseUntil > post.clock.now() + LEASE_MS)
    return undefined;
  const outcome = await send(started, entry, job.receiver, post);
  const now = post.clock.now();
  const ended = await mark(job, (current) => after(current, entry, outcome, now, post.random()), post);
  if (ended && outcome.outcome === 'refused' && cursor.refused === undefined)
    await tellOthers(ended, job, outcome.why, post);
  const left = ended && jobsOf(ended, now).find(({ name, isDue }) => name === job.name && isDue);
  return { outcome, receiver: job.receiver, more: outcome.outcome === 'accepted' ? left : undefined };
}

function after(cursor: Cursor, entry: Entry, outcome: Outcome, now: number, random: number): Cursor {
  if (outcome.outcome === 'accepted') return accepted(cursor, entry, now);
  if (outcome.outcome === 'refused') return refused(cursor, entry, outcome.why, outcome.final, now);
  const { why, retryAfterMs, uncertain } = outcome;
  return postponed(cursor, { why, retryAfterMs, uncertain, now, random });
}

/** Changes one receiver's cursor. Answers the incident as it stands now; undefined: nothing was to be changed. */
async function mark(
  job: Job,
  change: (cursor: Cursor, incident: Incident) => Cursor | undefined,
  post: Post,
): Promise<Incident | undefined> {
  let changed: Cursor | undefined;
  const item = await update<Incident>(post.store, incidentKey(job.incident), (current) => {
    const cursor = current?.body.delivery[job.name];
    changed = current && cursor && change(cursor, current.body);
    return (
      current &&
      changed &&
      draftOf({ ...current.body, delivery: { ...current.body.delivery, [job.name]: changed } })
    );
  });
  if (item) post.wrote(item);
  return changed && item?.body;
}

function isDue(incident: Incident, cursor: Cursor, now: number): boolean {
  const dueAt = attemptDue(incident, cursor);
  return dueAt !== undefined && (dueAt <= now || dueAt > now + LONGEST_WAIT_MS);
}

async function send(incident: Incident, entry: Entry, receiver: Receiver, post: Post): Promise<Outcome> {
  const { clock } = post;
  const stop = new AbortController();
  const cancel = clock.after(ATTEMPT_MS, () => stop.abort());
  const signal = AbortSignal.any([post.signal, stop.signal]);
  const context = {
    net: post.net,
    clock,
    secret: post.secrets.get.bind(post.secrets),
    signal,
    deadline: clock.monotonic() + ATTEMPT_MS,
  };
  try {
    return await post
      .sender(receiver.type)
      .send(receiver, noticeOf(incident, entry, post.baseUrl()), context);
  } catch (error) {
    if (error instanceof SecretError) return { outcome: 'refused', why: error.message, final: false };
    const why = redact(error instanceof Error ? error.message : String(error));
    post.log.error(`sending to ${receiver.name} failed`, { why });
    return { outcome: 'retry', why, uncertain: true };
  } finally {
    cancel();
    stop.abort();
  }
}

/** What a receiver is told. */
export function noticeOf(incident: Incident, entry: Entry, baseUrl: string | undefined): Notice {
  const below = (path: string) => baseUrl && new URL(path, baseUrl).href;
  const runbook = incident.runbook.startsWith('/') ? below(incident.runbook) : incident.runbook;
  return {
    id: `${incident.key.slice(0, 20)}-${entry.seq}`,
    entry,
    kind: incident.class === 'drill' ? 'drill' : kindOf(entry),
    incident,
    links: { runbook, statusPage: below('/') },
  };
}

function kindOf({ kind }: Entry): Notice['kind'] {
  if (kind === 'page' || kind === 'ticket') return kind;
  return kind === 'resolved' ? 'resolve' : 'update';
}

/** A page that one receiver refuses is told to the others, and to the operator. */
async function tellOthers(incident: Incident, job: Job, why: string, post: Post): Promise<void> {
  post.log.error(`${job.name} refuses "${incident.title}": ${why}`);
  const item = await update<Incident>(post.store, incidentKey(incident), (current) => {
    return (
      current && draftOf(append(current.body, post.clock.now(), 'update', `${job.name} refused this: ${why}`))
    );
  });
  if (item) post.wrote(item);
}
