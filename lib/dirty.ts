import { DIRTY, dirtyKey, hourOfMark } from './items.ts';
import type { Item, Key, Store } from './ports.ts';
import { putIfAbsent, writeId } from './store.ts';

/**
 * Hours whose history is to be computed again. A mark is put after what it is for was stored, and is taken away by who
 * has seen it first and computed the hour then. Each has a name of its own: one that came meanwhile stays.
 */

/** Marks an hour. */
export async function markDirty(store: Store, hour: number): Promise<Item> {
  return (await putIfAbsent(store, { ...dirtyKey(hour, writeId()), body: {} })).item;
}

/** The marks that stand now, by their hour. */
export async function dirtyHours(store: Store): Promise<Map<number, Item[]>> {
  return Map.groupBy(await store.list(DIRTY), hourOfMark);
}

/** Takes marks away. */
export async function clean(store: Store, marks: readonly Item<unknown>[]): Promise<void> {
  await Promise.all(marks.map((mark) => store.delete(mark satisfies Key, mark.version)));
}
