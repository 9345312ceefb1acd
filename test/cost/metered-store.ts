import { itemSize, readUnits, writeUnits } from '../../lib/cost/sizes.ts';
import type { Draft, Item, Key, ListOptions, Store } from '../../lib/ports.ts';

/** A store that counts what each call would cost on DynamoDB, by the kind of item. */
export class MeteredStore implements Store {
  readonly writes = new Map<string, number>();
  readonly reads = new Map<string, number>();
  readonly #inner: Store;

  constructor(inner: Store) {
    this.#inner = inner;
  }

  clear(): void {
    this.writes.clear();
    this.reads.clear();
  }

  async get<T>(key: Key): Promise<Item<T> | undefined> {
    const item = await this.#inner.get<T>(key);
    add(this.reads, key.partition, readUnits(item ? itemSize(item) : 0));
    return item;
  }

  async list<T>(partition: string, options?: ListOptions): Promise<Item<T>[]> {
    const items = await this.#inner.list<T>(partition, options);
    add(this.reads, partition, readUnits(items.reduce((sum, item) => sum + itemSize(item), 0)));
    return items;
  }

  /** One that loses costs as much. */
  async put<T>(draft: Draft<T>, expected: number | 'absent', writeId: string): Promise<boolean> {
    add(this.writes, draft.partition, writeUnits(itemSize(draft)));
    return this.#inner.put(draft, expected, writeId);
  }

  async delete(key: Key, version: number): Promise<boolean> {
    add(this.writes, key.partition, 1);
    return this.#inner.delete(key, version);
  }

  /** The index is read as it may lag: half a unit; the items as they stand. */
  async due<T>(now: number, limit: number): Promise<Item<T>[]> {
    const items = await this.#inner.due<T>(now, limit);
    const units = items.reduce((sum, item) => sum + readUnits(itemSize(item)), 0.5);
    add(this.reads, 'due', units);
    return items;
  }
}

function add(counts: Map<string, number>, partition: string, units: number): void {
  const kind = partition.split('/')[0] ?? partition;
  counts.set(kind, (counts.get(kind) ?? 0) + units);
}
