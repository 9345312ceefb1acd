import type { Store } from '../../lib/ports.ts';

/** A store whose calls wait for their turn: whoever gives the turns decides who comes first. */
export function interleaved(
  store: Store,
  turn: (method: keyof Store, partition: string) => Promise<unknown>,
): Store {
  return {
    get: (key) => turn('get', key.partition).then(() => store.get(key)),
    list: (partition, options) => turn('list', partition).then(() => store.list(partition, options)),
    put: (draft, expected, id) => turn('put', draft.partition).then(() => store.put(draft, expected, id)),
    delete: (key, version) => turn('delete', key.partition).then(() => store.delete(key, version)),
    due: (now, limit) => turn('due', '').then(() => store.due(now, limit)),
  };
}

/** A store of which some calls wait, from `close` until `open`. */
export function gated(store: Store, isMeant: (method: keyof Store, partition: string) => boolean) {
  let waiting: PromiseWithResolvers<void> | undefined;
  return {
    store: interleaved(store, async (...call) => isMeant(...call) && (await waiting?.promise)),
    close: () => {
      waiting = Promise.withResolvers();
    },
    open: () => waiting?.resolve(),
  };
}
