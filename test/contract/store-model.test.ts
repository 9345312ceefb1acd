import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Draft, Item, ListOptions, Store } from '../../lib/ports.ts';
import { elsewhere, openDynaliteStore } from '../kit/dynamo.ts';
import { openTemporaryStore } from '../kit/local-store.ts';
import { MemoryStore } from '../kit/memory-store.ts';

type Command =
  | { readonly do: 'get'; readonly sort: string }
  | { readonly do: 'list'; readonly options: ListOptions }
  | {
      readonly do: 'put';
      readonly draft: Omit<Draft, 'partition'>;
      readonly stale: number;
      readonly writeId: string;
    }
  | { readonly do: 'delete'; readonly sort: string; readonly stale: number }
  | { readonly do: 'due'; readonly now: number; readonly limit: number };

/** The contract once more, as plainly as it can be said: a list of items that is searched from end to end. */
class Model implements Store {
  #items: (Item & { writeId: string })[] = [];

  async get<T>(key: { partition: string; sort: string }): Promise<Item<T> | undefined> {
    return this.#find(key) as Item<T> | undefined;
  }

  async list<T>(
    partition: string,
    { from = '', to, limit, newestFirst }: ListOptions = {},
  ): Promise<Item<T>[]> {
    const inside = (sort: string) => compare(from, sort) <= 0 && (to === undefined || compare(sort, to) <= 0);
    const found = this.#items.filter((item) => item.partition === partition && inside(item.sort));
    found.sort((a, b) => compare(a.sort, b.sort));
    return (newestFirst ? found.reverse() : found).slice(0, limit) as Item<T>[];
  }

  async put(draft: Draft, expected: number | 'absent', writeId: string): Promise<boolean> {
    const current = this.#find(draft);
    if (current?.writeId === writeId) return true;
    if (expected !== (current ? current.version : 'absent')) return false;
    this.#items = this.#items.filter((item) => item !== current);
    this.#items.push({ ...draft, version: (current?.version ?? 0) + 1, writeId });
    return true;
  }

  async delete(key: { partition: string; sort: string }, version: number): Promise<boolean> {
    const current = this.#find(key);
    if (current?.version !== version) return false;
    this.#items = this.#items.filter((item) => item !== current);
    return true;
  }

  async due<T>(now: number, limit: number): Promise<Item<T>[]> {
    const found = this.#items.filter(({ due }) => due !== undefined && due <= now);
    return found.sort((a, b) => Number(a.due) - Number(b.due)).slice(0, limit) as Item<T>[];
  }

  #find(key: { partition: string; sort: string }) {
    return this.#items.find(({ partition, sort }) => partition === key.partition && sort === key.sort);
  }
}

const compare = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

// few keys and times, so that commands meet; each key has due times of its own, since the order of equal ones is open
const SORTS = ['a', 'a\u0000', 'aa', 'b', 'B', '\uffff', '😀', '%', '_', '1', '10', '9'];
const sort = fc.constantFrom(...SORTS);
const edge = fc.option(fc.oneof(sort, fc.constantFrom('', 'az', '\u{10ffff}')), { nil: undefined });
const stale = fc.constantFrom(0, 0, 0, 0, 1, -1, 5);
const draft = fc
  .record({
    sort,
    body: fc.oneof(fc.jsonValue(), fc.string({ unit: 'binary' })),
    hour: fc.option(fc.nat({ max: 5 }), { nil: undefined }),
    expires: fc.option(fc.nat(), { nil: undefined }),
  })
  .map(({ hour, expires, sort, body }) => ({
    sort,
    // JSON has no -0
    body: JSON.parse(JSON.stringify(body)),
    ...(hour !== undefined && { due: hour * 100 + SORTS.indexOf(sort) }),
    ...(expires !== undefined && { expires }),
  }));
const options = fc
  .record({
    from: edge,
    to: edge,
    limit: fc.option(fc.integer({ min: 1, max: 9 })),
    newestFirst: fc.boolean(),
  })
  .map(({ from, to, limit, newestFirst }) => ({
    newestFirst,
    ...(from !== undefined && { from }),
    ...(to !== undefined && { to }),
    ...(limit !== null && { limit }),
  }));
const writeId = fc.oneof(fc.uuid(), fc.constantFrom('w1', 'w2', 'w3'));
const put = fc.record({ do: fc.constant('put'), draft, stale, writeId });
const command: fc.Arbitrary<Command> = fc.oneof(
  fc.record({ do: fc.constant('get'), sort }),
  fc.record({ do: fc.constant('list'), options }),
  put,
  put,
  put,
  fc.record({ do: fc.constant('delete'), sort, stale }),
  fc.record({ do: fc.constant('due'), now: fc.nat({ max: 700 }), limit: fc.integer({ min: 1, max: 9 }) }),
);

/** What the store answers, `stale` versions away from what stands there. */
async function perform(store: Store, partition: string, command: Command): Promise<unknown> {
  switch (command.do) {
    case 'get':
      return plain(await store.get({ partition, sort: command.sort }));
    case 'list':
      return (await store.list(partition, command.options)).map(plain);
    case 'due':
      return (await store.due(command.now, command.limit)).map(plain);
    case 'put': {
      const draft = { ...command.draft, partition };
      const current = await store.get(draft);
      const expected = current
        ? current.version + command.stale
        : command.stale === 0
          ? 'absent'
          : command.stale;
      return store.put(draft, expected, command.writeId);
    }
    case 'delete': {
      const current = await store.get({ partition, sort: command.sort });
      return store.delete({ partition, sort: command.sort }, (current?.version ?? 1) + command.stale);
    }
  }
}

function plain(item: Item | undefined) {
  if (!item) return undefined;
  const { partition: _, sort, version, body, due, expires } = item;
  return { sort, version, body, due, expires };
}

/**
 * What one of them takes wrongly. dynalite compares the two ends of a range by UTF-16 units, and refuses it where
 * that makes it end before it begins.
 */
const misreadByDynalite = (command: Command): boolean => {
  const { from, to } = command.do === 'list' ? command.options : {};
  return from !== undefined && to !== undefined && from > to && compare(from, to) <= 0;
};

const none = () => false;
const BACKENDS = [
  {
    name: 'MemoryStore',
    open: async () => ({ store: new MemoryStore(), close: async () => {} }),
    misread: none,
  },
  { name: 'SqliteStore', open: openTemporaryStore, misread: none },
  { name: 'DynamoStore on dynalite', open: openDynaliteStore, misread: misreadByDynalite },
  ...elsewhere.map(([where, open]) => ({ name: `DynamoStore at ${where}`, open, misread: none })),
];

describe('whatever is done to it, in whatever order (G17)', () => {
  it.each(BACKENDS)('$name answers as the model does', async ({ open, misread }) => {
    const { store, close } = await open();
    let runs = 0;
    try {
      await fc.assert(
        fc.asyncProperty(fc.array(command, { maxLength: 40 }), async (commands) => {
          const partition = `run ${++runs}`;
          const model = new Model();
          for (const command of commands.filter((command) => !misread(command)))
            expect(await perform(store, partition, command)).toStrictEqual(
              await perform(model, partition, command),
            );
          for (const item of await store.list(partition)) await store.delete(item, item.version);
        }),
        { numRuns: Number(process.env.WATCHBILL_RUNS ?? 100) },
      );
    } finally {
      await close();
    }
  });
});
