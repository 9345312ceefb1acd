import { createHash, randomUUID } from 'node:crypto';
import type { Receiver } from './config/compiled.ts';
import type { Cursor, Incident } from './incident.ts';
import { incidentKey, LANES, laneKey } from './items.ts';
import { type Lane, lease, noted, released } from './lane.ts';
import { attemptDue, isDue, isRefused, isUntold, nextEntry, waitingSince } from './outbox.ts';
import { type Store, sleep } from './ports.ts';
import { update } from './store.ts';
import { type Errand, type Post, receiverOf, tell } from './tell.ts';

export type { Sender } from './send.ts';
export type { Post } from './tell.ts';

/** An errand, in its lane. */
interface Job extends Errand {
  readonly lane: string;
  readonly perMinute: number;
  /** Of those that wait for the same lane the lowest comes first. */
  readonly rank: number;
  readonly dueAt: number;
  readonly isDue: boolean;
}

/** So many attempts to one receiver at the same time. */
const AT_ONCE = 8;
const MOST_INCIDENTS = 20_000;
/** Someone else holds the lease: looked at again after this. */
const BUSY_MS = 5_000;
/** A pass waits for the pace of a lane so long; then it ends, and the next one sees what has become more urgent. */
const STAY_MS = 10_000;

/**
 * One pass: sends what is due, each receiver in its own lane, each incident's entries in order. Passes may
 * overlap, in one process or in several: a lane belongs to one of them at a time. Answers when the next pass
 * is due, epoch ms; undefined: nothing waits.
 */
export async function deliverDue(
  post: Post,
  only: (incident: Incident) => boolean = () => true,
): Promise<number | undefined> {
  const incidents = (await incidentsOf(post)).filter(only);
  const takenAt = await takenAtIn(incidents, post);
  const jobs = incidents.flatMap((incident) => jobsOf(incident, post, takenAt));
  const [ready, later] = [jobs.filter((job) => job.isDue), jobs.filter((job) => !job.isDue)];
  const owner = randomUUID();
  const lanes = Map.groupBy(ready, ({ lane }) => lane);
  const looks = await all([...lanes].map(([hash, inLane]) => runLane({ hash, owner }, inLane, post)));
  const lookAt = new Map([...lanes.keys()].map((hash, i) => [hash, looks[i] ?? 0]));
  const next = Math.min(...looks, ...later.map(({ lane, dueAt }) => Math.max(dueAt, lookAt.get(lane) ?? 0)));
  return Number.isFinite(next) ? next : undefined;
}

/** The earliest of them say how long somebody has waited. */
const MOST_WAITING = 100;

/** For how long the message has waited that has waited longest, of all receivers, ms. Throws `StoreError`. */
export async function longestWait(store: Pick<Store, 'due'>, now: number): Promise<number> {
  const listed = await store.due<Incident>(Number.MAX_SAFE_INTEGER, MOST_WAITING);
  return Math.max(0, ...listed.map(({ body }) => now - (waitingSince(body) ?? now)));
}

/** Each once, as it was written last: the index may list an older version than what is read by key. */
async function incidentsOf({ store, named = [] }: Post): Promise<Incident[]> {
  const listed = await store.due<Incident>(Number.MAX_SAFE_INTEGER, MOST_INCIDENTS);
  const read = await all(named.map((incident) => store.get<Incident>(incidentKey(incident))));
  const oldestFirst = [...listed, ...read.flatMap((item) => item ?? [])].sort(
    (a, b) => a.version - b.version,
  );
  return [...new Map(oldestFirst.map(({ body }) => [body.key, body])).values()];
}

/** When each lane took something last, where somebody has refused something. */
async function takenAtIn(incidents: readonly Incident[], post: Post): Promise<ReadonlyMap<string, number>> {
  const isNeeded = incidents.some(({ delivery }) => Object.values(delivery).some(isRefused));
  const lanes = isNeeded ? await post.store.list<Lane>(LANES) : [];
  return new Map(lanes.map(({ sort, body }) => [sort, body.takenAt ?? 0]));
}

function jobsOf(incident: Incident, post: Post, takenAt: ReadonlyMap<string, number>): Job[] {
  const now = post.clock.now();
  return Object.entries(incident.delivery).flatMap(([name, cursor]) => {
    const lane = nextEntry(incident, cursor) && laneOf(receiverOf(incident, name, cursor, post), post);
    if (lane === undefined) return [];
    const mendedAt = Math.max(post.configuredAt(), takenAt.get(lane.lane) ?? 0);
    const dueAt = attemptDue(incident, cursor, mendedAt);
    if (dueAt === undefined) return [];
    const due = isDue(incident, cursor, now, mendedAt);
    return [{ incident, name, mendedAt, ...lane, rank: rankOf(incident, cursor), dueAt, isDue: due }];
  });
}

/** Undefined for a receiver that this version doesn't understand: it keeps nobody else waiting. */
function laneOf(receiver: Receiver, post: Post): Pick<Job, 'lane' | 'perMinute'> | undefined {
  try {
    const sender = post.sender(receiver.type);
    const hash = createHash('sha256')
      .update(`${receiver.type}\n${sender.lane(receiver)}`)
      .digest('hex');
    return { lane: hash.slice(0, 32), perMinute: sender.perMinute };
  } catch (error) {
    post.log.error(`nothing can be sent to ${receiver.name}`, { error: String(error) });
    return undefined;
  }
}

/** A pass's claim to a lane. */
interface Claim {
  readonly hash: string;
  readonly owner: string;
}

/**
 * Works through one lane at its pace, while its lease lasts. Answers when to look again: at once where it has
 * sent something, since what came meanwhile found the lane taken.
 */
async function runLane(claim: Claim, jobs: readonly Job[], post: Post): Promise<number> {
  const { clock, signal } = post;
  const waiting = jobs.toSorted(byUrgency);
  const perMinute = Math.min(...jobs.map((job) => job.perMinute));
  const end = clock.monotonic() + STAY_MS;
  let held = false;
  try {
    while (waiting.length > 0 && clock.monotonic() < end && !signal.aborted) {
      const grant = await take(claim, Math.min(AT_ONCE, waiting.length), perMinute, post);
      if (!grant) return clock.now() + BUSY_MS;
      if (clock.monotonic() + grant.waitMs > end) return clock.now() + grant.waitMs;
      held ||= grant.tokens > 0;
      if (grant.tokens === 0) await sleep(clock, grant.waitMs, signal);
      else
        waiting.push(...(await sendTogether(claim, waiting.splice(0, grant.tokens), grant.lane.until, post)));
    }
    return clock.now();
  } finally {
    if (held)
      await changeLane(claim, (lane) => (lane?.owner === claim.owner ? released(lane) : undefined), post);
  }
}

/** What is open and was told to nobody there comes first; then what is open; then what is over. */
function rankOf(incident: Incident, cursor: Cursor): number {
  if (incident.closedAt !== undefined) return 2;
  return isUntold(incident, cursor) ? 0 : 1;
}

/** Of the same rank the one that has waited longest comes first. */
const byUrgency = (a: Job, b: Job): number => a.rank - b.rank || a.dueAt - b.dueAt;

async function take(
  claim: Claim,
  want: number,
  perMinute: number,
  post: Post,
): Promise<ReturnType<typeof lease>> {
  let grant: ReturnType<typeof lease>;
  const claimed = (lane: Lane | undefined) => {
    grant = lease(lane, claim.owner, want, perMinute, post.clock.now());
    return grant && grant.tokens > 0 ? grant.lane : undefined;
  };
  await changeLane(claim, claimed, post);
  return grant;
}

/** Makes attempts at the same time. Answers what comes next where something was accepted. */
async function sendTogether(
  claim: Claim,
  jobs: readonly Job[],
  leaseUntil: number,
  post: Post,
): Promise<Job[]> {
  const told = (await all(jobs.map((job) => tell(job, leaseUntil, post)))).flatMap((one) => one ?? []);
  const round = told.map(({ name, outcome }) => ({ receiver: name, outcome }));
  if (round.length > 0) await changeLane(claim, (lane) => lane && noted(lane, round, post.clock.now()), post);
  return told
    .filter(({ outcome }) => outcome.outcome === 'accepted')
    .flatMap(({ incident, name }) =>
      jobsOf(incident, post, new Map()).filter((job) => job.isDue && job.name === name),
    );
}

async function changeLane(
  { hash }: Claim,
  change: (lane: Lane | undefined) => Lane | undefined,
  post: Post,
): Promise<void> {
  await update<Lane>(post.store, laneKey(hash), (current) => {
    const body = change(current?.body);
    return body && { body };
  });
}

/** Waits until each has ended, also where one fails; then throws what failed first. */
async function all<T>(promises: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(promises);
  return Promise.all(promises);
}
