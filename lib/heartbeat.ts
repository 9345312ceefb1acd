import { heartbeatKey } from './items.ts';
import type { Clock, Store } from './ports.ts';
import type { Beaten, Heard } from './probes/define.ts';
import { putIfAbsent, update } from './store.ts';

/** What a job says when it calls. */
export interface Call extends Omit<Beaten, 'at'> {
  /** The job's own name of this run: called with it again, nothing changes. */
  readonly run?: string;
}

/** What is stored of a heartbeat. */
export interface Known extends Heard {
  /** The newest runs that had a name, newest first. */
  readonly runs?: readonly string[];
}

/** So many names of runs are remembered: who repeats a call does so within a few. */
const RUNS = 20;

/** Asks a store what is known of a heartbeat. Asked for the first time, it is waited for from now on. */
export const heardIn =
  (store: Store, clock: Clock) =>
  async (id: string): Promise<Heard> => {
    const key = heartbeatKey(id);
    const known = await store.get<Known>(key);
    if (known) return known.body;
    const { item } = await putIfAbsent<Known>(store, { ...key, body: { since: clock.now() } });
    return item.body;
  };

/** What is known after a call that came at `now`. A clock that jumped back makes nothing older than it was. */
export function called(known: Known | undefined, { run, ...said }: Call, now: number): Known {
  const { since = now, last, runs = [] } = known ?? {};
  if (known && run !== undefined && runs.includes(run)) return known;
  return {
    since,
    last: { ...said, at: Math.max(now, last?.at ?? 0) },
    ...(run === undefined ? runs.length > 0 && { runs } : { runs: [run, ...runs].slice(0, RUNS) }),
  };
}

/** Takes a call. Answers what was known before it, and whether it is a repetition that changed nothing. */
export async function takeCall(
  store: Store,
  id: string,
  call: Call,
  now: number,
): Promise<{ readonly before: Known | undefined; readonly isRepeated: boolean }> {
  let before: Known | undefined;
  let isRepeated = false;
  await update<Known>(store, heartbeatKey(id), (item) => {
    const after = called(item?.body, call, now);
    before = item?.body;
    isRepeated = after === before;
    return isRepeated ? undefined : { body: after };
  });
  return { before, isRepeated };
}
