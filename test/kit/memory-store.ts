import { checkKey, checkPartition, encodeDraft } from '../../lib/adapters/encode.ts';
import type { Draft, Item, Key, ListOptions, Store } from '../../lib/ports.ts';

interface Row extends Item<string> {
  readonly writeId: string;
}

interface Partition {
  readonly rows: Map<string, Row>;
  /** The keys of `rows`, in the order of `list`. */
  readonly sorts: string[];
}

/** A store in memory that behaves as the others do. Bodies are kept as text, so nobody shares them. */
export class MemoryStore implements Store {
  readonly #partitions = new Map<string, Partition>();
  /** Whatever has a `due`: open incidents, so a few. */
  readonly #due = new Map<string, Row>();

  async get<T>(key: Key): Promise<Item<T> | undefined> {
    checkKey(key);
    const row = this.#row(key);
    return row && decode(row);
  }

  async list<T>(partition: string, options: ListOptions = {}): Promise<Item<T>[]> {
    checkPartition(partition);
    const { rows, sorts } = this.#partitions.get(partition) ?? NOTHING;
    const { from, to, limit = sorts.length, newestFirst } = options;
    const first = from === undefined ? 0 : position(sorts, from, false);
    const end = to === undefined ? sorts.length : position(sorts, to, true);
    const length = Math.min(limit, Math.max(0, end - first));
    const found = newestFirst ? sorts.slice(end - length, end).reverse() : sorts.slice(first, first + length);
    return found.map((sort) => decode(rows.get(sort) as Row));
  }

  async put<T>(draft: Draft<T>, expected: number | 'absent', writeId: string): Promise<boolean> {
    const encoded = encodeDraft(draft);
    const current = this.#row(draft);
    if (current?.writeId === writeId) return true;
    if ((current?.version ?? 'absent') !== expected) return false;
    this.#set({ ...encoded, version: (current?.version ?? 0) + 1, writeId });
    return true;
  }

  async delete(key: Key, version: number): Promise<boolean> {
    checkKey(key);
    const row = this.#row(key);
    if (row?.version !== version) return false;
    this.#remove(row);
    return true;
  }

  async due<T>(now: number, limit: number): Promise<Item<T>[]> {
    const rows = [...this.#due.values()].filter((row) => Number(row.due) <= now);
    rows.sort((a, b) => Number(a.due) - Number(b.due));
    return rows.slice(0, limit).map(decode<T>);
  }

  /** What every store does now and then: removes what had expired by `now`. */
  purge(now: number): void {
    for (const { rows } of this.#partitions.values()) {
      for (const row of rows.values()) if (row.expires !== undefined && row.expires < now) this.#remove(row);
    }
  }

  /** Another store that holds the same, as a backup does. */
  copy(): MemoryStore {
    const copy = new MemoryStore();
    for (const { rows } of this.#partitions.values()) for (const row of rows.values()) copy.#set(row);
    return copy;
  }

  #row({ partition, sort }: Key): Row | undefined {
    return this.#partitions.get(partition)?.rows.get(sort);
  }

  #set(row: Row): void {
    const partition = this.#partitions.get(row.partition) ?? { rows: new Map(), sorts: [] };
    this.#partitions.set(row.partition, partition);
    if (!partition.rows.has(row.sort))
      partition.sorts.splice(position(partition.sorts, row.sort, false), 0, row.sort);
    partition.rows.set(row.sort, row);
    this.#due.delete(name(row));
    if (row.due !== undefined) this.#due.set(name(row), row);
  }

  #remove(row: Row): void {
    const partition = this.#partitions.get(row.partition);
    partition?.rows.delete(row.sort);
    partition?.sorts.splice(position(partition.sorts, row.sort, false), 1);
    this.#due.delete(name(row));
  }
}

const NOTHING: Partition = { rows: new Map(), sorts: [] };

const name = ({ partition, sort }: Key): string => `${partition.length} ${partition} ${sort}`;

function decode<T>({ writeId: _, body, ...rest }: Row): Item<T> {
  return { ...rest, body: JSON.parse(body) };
}

/** Where `sort` stands or would stand among the sorted; with `behind`, the place after it. */
function position(sorts: readonly string[], sort: string, behind: boolean): number {
  let low = 0;
  let high = sorts.length;
  // what is new usually goes to the end
  if (high > 0 && byUtf8(sorts[high - 1] as string, sort) < 0) return high;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const order = byUtf8(sorts[middle] as string, sort);
    if (order < 0 || (behind && order === 0)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The order of the UTF-8 bytes, without making them: that of the code points. */
export function byUtf8(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const left = a.charCodeAt(i);
    const right = b.charCodeAt(i);
    if (left !== right) return rank(left) - rank(right);
  }
  return a.length - b.length;
}

/** Surrogates stand for the code points above all others. */
const rank = (unit: number): number => (unit >= 0xd800 && unit < 0xe000 ? unit + 0x10000 : unit);
