import { heartbeatKey } from './items.ts';
import { wasSetBack } from './outbox.ts';
import type { Clock, Item, Store } from './ports.ts';
import type { AccountContext, Beaten, Heard } from './probes/define.ts';
import { update } from './store.ts';

/** What a job says when it calls. */
export interface Call extends Omit<Beaten, 'at'> {
  /** The job's own name of this run: the same call once more is a repetition. */
  readonly run?: string;
}

/** What is stored of a heartbeat. */
export interface Known extends Heard {
  /** When it was looked at last, epoch ms, and how long a silence was allowed then, ms. */
  readonly lookedAt?: number;
  readonly patience?: number;
  /** The newest runs that had a name, newest first. */
  readonly runs?: readonly Run[];
}

interface Run {
  readonly name: string;
  readonly ok: boolean;
  readonly at: number;
}

/** So many names of runs are remembered, and so long, ms: who repeats a call does so soon. An item stays below 1 KiB. */
const RUNS = 5;
const REPEATED_MS = 3_600_000;
/** A heartbeat is looked at each minute. Not looked at for longer, calls may have been lost. */
const AWAY_MS = 150_000;

/** Asks a store what is known of a heartbeat, and notes whether it is waited for without a gap. */
export const heardIn =
  (store: Store, clock: Clock): AccountContext['heard'] =>
  async (id, patience) => {
    const key = heartbeatKey(id);
    if (patience === undefined)
      return (await store.get<Known>(key))?.body ?? awaited(undefined, undefined, clock.now());
    const item = await update<Known>(store, key, (old) => ({
      body: awaited(old?.body, patience, clock.now()),
    }));
    return (item as Item<Known>).body;
  };

/**
 * What is known when it is looked at. Whatever may have kept us from hearing it (we were away, it wasn't in the config,
 * our clock was wrong), or asks it to call sooner than it knew of, begins the waiting anew.
 */
export function awaited(known: Known | undefined, patience: number | undefined, now: number): Known {
  const noted = { lookedAt: now, ...(patience !== undefined && { patience }) };
  if (!known) return { since: now, listening: now, ...noted };
  const { since, listening, last, lookedAt = now, patience: before = patience } = known;
  const isGap = now - lookedAt > AWAY_MS || wasSetBack(lookedAt, now);
  const isSooner = patience !== undefined && before !== undefined && patience < before;
  return {
    ...known,
    ...noted,
    since: Math.min(since, now),
    listening: isGap || isSooner ? now : Math.min(listening, now),
    ...(last && { last: { ...last, at: Math.min(last.at, now) } }),
  };
}

/** What is known after a call that came at `now`. A repetition of an earlier call changes nothing. */
export function called(known: Known | undefined, { run, ...said }: Call, now: number): Known {
  const { runs = [], ...rest } = known ?? { since: now, listening: now };
  const [newest, ...older] = runs;
  const isRepeated = ({ name, ok, at }: Run) => name === run && ok === said.ok && now - at < REPEATED_MS;
  // the newest one repeated says that all is as it was
  const isNewest = newest && newest.at === known?.last?.at && isRepeated(newest);
  if (known && !isNewest && runs.some(isRepeated)) return known;
  const named =
    run === undefined ? runs : [{ name: run, ok: said.ok, at: now }, ...(isNewest ? older : runs)];
  return {
    ...rest,
    last: { ...said, at: now },
    ...(named.length > 0 && { runs: named.slice(0, RUNS) }),
  };
}

/** Takes a call. Answers what was known before it and after: the same, if it is a repetition. */
export async function takeCall(
  store: Store,
  id: string,
  call: Call,
  now: number,
): Promise<{ readonly before: Known | undefined; readonly after: Known }> {
  const key = heartbeatKey(id);
  let before: Known | undefined;
  const item = await update<Known>(store, key, (old) => {
    before = old?.body;
    const after = called(before, call, now);
    return after === before ? undefined : { body: after };
  });
  return { before, after: (item as Item<Known>).body };
}
