import type { Draft, Item, Key, ListOptions, Store } from '../ports.ts';
import { encodeDraft } from './encode.ts';

/** A body is kept as text, so nobody shares it. */
interface Row extends Item<string> {
  readonly writeId: string;
}

/** Of one partition what was written over it, by sort key; undefined: removed. */
type Layer = ReadonlyMap<string, Row | undefined>;

/**
 * A store over another one, which is only ever read: what is written stays in this process and is gone with it. For
 * those who look at what a running Watchbill has stored with the code that would write there. Whatever changes below
 * shows, but for an item that was written here.
 */
export class OverlayStore implements Store {
  readonly #below: Pick<Store, 'get' | 'list' | 'due'>;
  readonly #written = new Map<string, Map<string, Row | undefined>>();

  constructor(below: Pick<Store, 'get' | 'list' | 'due'>) {
    this.#below = below;
  }

  async get<T>(key: Key): Promise<Item<T> | undefined> {
    const layer = this.#layer(key.partition);
    if (!layer.has(key.sort)) return this.#below.get<T>(key);
    const row = layer.get(key.sort);
    return row && decode<T>(row);
  }

  async list<T>(partition: string, options: ListOptions = {}): Promise<Item<T>[]> {
    const layer: Layer = new Map(this.#layer(partition));
    const { limit, newestFirst } = options;
    const stored = await this.#below.list<T>(partition, {
      ...options,
      ...(limit !== undefined && { limit: limit + layer.size }),
    });
    const items = [
      ...stored.filter(({ sort }) => !layer.has(sort)),
      ...rowsIn(layer)
        .filter(({ sort }) => isInside(sort, options))
        .map(decode<T>),
    ].sort((a, b) => compare(a.sort, b.sort));
    return (newestFirst ? items.reverse() : items).slice(0, limit);
  }

  async put<T>(draft: Draft<T>, expected: number | 'absent', writeId: string): Promise<boolean> {
    const encoded = encodeDraft(draft);
    const current = this.#current(draft, await this.#below.get(draft));
    if (current && 'writeId' in current && current.writeId === writeId) return true;
    if ((current?.version ?? 'absent') !== expected) return false;
    this.#write(draft, { ...encoded, version: (current?.version ?? 0) + 1, writeId });
    return true;
  }

  async delete(key: Key, version: number): Promise<boolean> {
    const current = this.#current(key, await this.#below.get(key));
    if (current?.version !== version) return false;
    this.#write(key, undefined);
    return true;
  }

  async due<T>(now: number, limit: number): Promise<Item<T>[]> {
    const layers = new Map([...this.#written].map(([partition, layer]) => [partition, new Map(layer)]));
    const written = [...layers.values()].reduce((sum, { size }) => sum + size, 0);
    const stored = await this.#below.due<T>(now, limit + written);
    const items = [
      ...stored.filter(({ partition, sort }) => !layers.get(partition)?.has(sort)),
      ...[...layers.values()]
        .flatMap(rowsIn)
        .filter(isDueBy(now))
        .map(decode<T>),
    ];
    return items.sort((a, b) => Number(a.due) - Number(b.due)).slice(0, limit);
  }

  #layer(partition: string): Layer {
    return this.#written.get(partition) ?? NOTHING;
  }

  /** What stands now: whoever wrote here while the store below was asked is ahead of its answer. */
  #current({ partition, sort }: Key, stored: Item | undefined): Item | Row | undefined {
    const layer = this.#layer(partition);
    return layer.has(sort) ? layer.get(sort) : stored;
  }

  #write({ partition, sort }: Key, row: Row | undefined): void {
    const layer = this.#written.get(partition) ?? new Map<string, Row | undefined>();
    this.#written.set(partition, layer.set(sort, row));
  }
}

const NOTHING: Layer = new Map();

const rowsIn = (layer: Layer): Row[] => [...layer.values()].filter((row) => row !== undefined);

const isInside = (sort: string, { from = '', to }: ListOptions): boolean =>
  compare(from, sort) <= 0 && (to === undefined || compare(sort, to) <= 0);

const isDueBy =
  (now: number) =>
  ({ due }: Row): boolean =>
    due !== undefined && due <= now;

function decode<T>({ writeId: _, body, ...rest }: Row): Item<T> {
  return { ...rest, body: JSON.parse(body) };
}

/** By UTF-8 bytes, as every store sorts. */
const compare = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));
