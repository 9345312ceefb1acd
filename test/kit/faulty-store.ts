import {
  type Clock,
  type Draft,
  type Item,
  type Key,
  type ListOptions,
  type Store,
  StoreError,
  sleep,
} from '../../lib/ports.ts';

/**
 * What goes wrong with a call: `before`: refused and not done (throttled, unreachable); `after`: done, but the
 * answer is lost; a number: it takes that many ms first; `crash…`: the process dies before or after it is done.
 */
export type StoreFault = 'before' | 'after' | number | 'crash before' | 'crash after';

export interface StoreCall {
  /** 1 for the first. */
  readonly n: number;
  readonly method: keyof Store;
  /** Undefined for `due`, which looks everywhere. */
  readonly partition: string | undefined;
}

/** The process is dead: no code of ours catches this, and every later call meets it too. */
export class Crash extends Error {
  override readonly name = 'Crash';
}

/** A store before which a plan stands that makes calls go wrong. */
export class FaultyStore implements Store {
  /** How many calls there were. */
  calls = 0;
  /** What goes wrong with the calls to come. */
  plan: (call: StoreCall) => StoreFault | undefined;
  readonly #inner: Store;
  readonly #clock: Clock;
  #dead = false;

  constructor(
    inner: Store,
    clock: Clock,
    plan: (call: StoreCall) => StoreFault | undefined = () => undefined,
  ) {
    this.#inner = inner;
    this.#clock = clock;
    this.plan = plan;
  }

  /** The process dies now: no call gets through any more. */
  die(): void {
    this.#dead = true;
  }

  /** Whether the process has died. */
  get dead(): boolean {
    return this.#dead;
  }

  get<T>(key: Key): Promise<Item<T> | undefined> {
    return this.#call('get', key.partition, () => this.#inner.get(key));
  }

  list<T>(partition: string, options?: ListOptions): Promise<Item<T>[]> {
    return this.#call('list', partition, () => this.#inner.list(partition, options));
  }

  put<T>(draft: Draft<T>, expected: number | 'absent', writeId: string): Promise<boolean> {
    return this.#call('put', draft.partition, () => this.#inner.put(draft, expected, writeId));
  }

  delete(key: Key, version: number): Promise<boolean> {
    return this.#call('delete', key.partition, () => this.#inner.delete(key, version));
  }

  due<T>(now: number, limit: number): Promise<Item<T>[]> {
    return this.#call('due', undefined, () => this.#inner.due(now, limit));
  }

  async #call<R>(method: keyof Store, partition: string | undefined, perform: () => Promise<R>): Promise<R> {
    if (this.#dead) throw new Crash('the process is dead');
    const fault = this.plan({ n: ++this.calls, method, partition });
    if (typeof fault === 'number') await sleep(this.#clock, fault);
    if (fault === 'before') throw new StoreError('throttled');
    if (fault !== 'crash before') {
      const result = await perform();
      if (fault === undefined || typeof fault === 'number') return result;
      if (fault === 'after') throw new StoreError('the answer was lost');
    }
    this.#dead = true;
    throw new Crash(fault);
  }
}

/** The next `times` calls go wrong in this way (those of one method, where it is named), and no other. */
export function nextCalls(
  fault: StoreFault,
  times = 1,
  method?: keyof Store,
): (call: StoreCall) => StoreFault | undefined {
  let left = times;
  return (call) => ((method ?? call.method) === call.method && left-- > 0 ? fault : undefined);
}

/** Call number `n` goes wrong in this way, and no other. */
export const atCall = (n: number, fault: StoreFault) => (call: StoreCall) =>
  call.n === n ? fault : undefined;
