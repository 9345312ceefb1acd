/**
 * A map of bounded size: what has not been used for long goes first. It is two maps: when the newer one is full it
 * becomes the older one, and what is still used moves over. To look something up costs no more than in a plain map.
 */
export class Recent<V> {
  readonly #half: number;
  #newer = new Map<string, V>();
  #older = new Map<string, V>();

  /** Holds `max` values at the most, and of those used last at least half as many. */
  constructor(max: number) {
    this.#half = Math.ceil(max / 2);
  }

  get(key: string): V | undefined {
    const value = this.#newer.get(key);
    if (value !== undefined) return value;
    const old = this.#older.get(key);
    if (old !== undefined) this.set(key, old);
    return old;
  }

  /** What is held, or is made now and held from now on. */
  recall(key: string, make: () => V): V {
    const known = this.get(key);
    if (known !== undefined) return known;
    const value = make();
    this.set(key, value);
    return value;
  }

  set(key: string, value: V): void {
    if (this.#newer.size === this.#half && !this.#newer.has(key)) {
      this.#older = this.#newer;
      this.#newer = new Map();
    }
    this.#newer.set(key, value);
  }
}
