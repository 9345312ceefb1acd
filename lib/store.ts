import { randomBytes } from 'node:crypto';
import {
  backoff,
  type Clock,
  type Draft,
  type Item,
  type Key,
  type Store,
  StoreError,
  sleep,
} from './ports.ts';

/** How often `patient` tries in all; its waits add up to 3–7 s. */
const ATTEMPTS = 7;
const FIRST_WAIT_MS = 100;

/** Each lost race means that another writer got on, so this many in a row are a defect and not bad luck. */
const RACES = 100;

const thisProcess = randomBytes(9).toString('base64url');
let writes = 0;

/** A new name for one write, unique among all processes: see `Store.put`. */
export const writeId = (): string => `${thisProcess}${++writes}`;

/** What `update` writes in place of what stands. */
export type Change<T> = Omit<Draft<T>, keyof Key>;

/**
 * Read, compute, write by compare-and-set; a lost race starts over with what the winner wrote. `change` may
 * leave everything as it is by answering nothing. It must bear being applied to its own result: an answer
 * can be lost and another writer come between. `known` spares the first read: the item as it was seen last.
 * Answers what stands now.
 */
export async function update<T>(
  store: Store,
  key: Key,
  change: (current: Item<T> | undefined) => Change<T> | undefined,
  known?: Item<T>,
): Promise<Item<T> | undefined> {
  for (let race = 0; race < RACES; race++) {
    const current = race === 0 && known ? known : await store.get<T>(key);
    const changed = change(current);
    if (!changed) return current;
    const draft = { ...changed, partition: key.partition, sort: key.sort };
    if (await store.put(draft, current?.version ?? 'absent', writeId())) {
      return { ...draft, version: (current?.version ?? 0) + 1 };
    }
  }
  throw new StoreError(`lost ${RACES} races for ${key.partition} ${key.sort}`);
}

/** Writes what doesn't exist yet. Answers whether this call made it, and what stands there now. */
export async function putIfAbsent<T>(
  store: Store,
  draft: Draft<T>,
): Promise<{ won: boolean; item: Item<T> }> {
  for (let race = 0; race < RACES; race++) {
    if (await store.put(draft, 'absent', writeId())) return { won: true, item: { ...draft, version: 1 } };
    const item = await store.get<T>(draft);
    if (item) return { won: false, item };
  }
  throw new StoreError(`${draft.partition} ${draft.sort} came and went ${RACES} times`);
}

/**
 * A store that is asked again when it fails: the same call with the same write id, after a jittered wait that
 * doubles each time. A `StoreError` surfaces after seven tries. A `delete` whose answer was lost may answer no
 * the second time, since what it was to remove is gone.
 */
export function patient(store: Store, clock: Clock, random: () => number = Math.random): Store {
  async function ask<T>(call: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await call();
      } catch (error) {
        if (!(error instanceof StoreError) || attempt === ATTEMPTS) throw error;
        await sleep(clock, backoff(FIRST_WAIT_MS, attempt, random));
      }
    }
  }
  return {
    get: (key) => ask(() => store.get(key)),
    list: (partition, options) => ask(() => store.list(partition, options)),
    put: (draft, expected, id) => ask(() => store.put(draft, expected, id)),
    delete: (key, version) => ask(() => store.delete(key, version)),
    due: (now, limit) => ask(() => store.due(now, limit)),
  };
}
