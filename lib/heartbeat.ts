import { heartbeatKey } from './items.ts';
import type { Clock, Store } from './ports.ts';
import type { Heard } from './probes/define.ts';
import { putIfAbsent } from './store.ts';

/** Asks a store what is known of a heartbeat. Asked for the first time, it is waited for from now on. */
export const heardIn =
  (store: Store, clock: Clock) =>
  async (id: string): Promise<Heard> => {
    const key = heartbeatKey(id);
    const known = await store.get<Heard>(key);
    if (known) return known.body;
    const { item } = await putIfAbsent<Heard>(store, { ...key, body: { since: clock.now() } });
    return item.body;
  };
