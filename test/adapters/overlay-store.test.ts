import fc from 'fast-check';
import { expect, test } from 'vitest';
import { OverlayStore } from '../../lib/adapters/overlay-store.ts';
import type { Item, ListOptions, Store } from '../../lib/ports.ts';
import { storeContract } from '../contract/store.ts';
import { MemoryStore } from '../kit/memory-store.ts';

/** What lies below can't be written at all: whoever tries fails. */
const readOnly = (store: Store): Pick<Store, 'get' | 'list' | 'due'> => ({
  get: (key) => store.get(key),
  list: (partition, options) => store.list(partition, options),
  due: (now, limit) => store.due(now, limit),
});

storeContract('OverlayStore over a store that cannot be written', async () => ({
  store: new OverlayStore(readOnly(new MemoryStore())),
  close: async () => {},
}));

type Command =
  | { readonly do: 'put'; readonly sort: string; readonly due: number | undefined; readonly stale: number }
  | { readonly do: 'delete'; readonly sort: string; readonly stale: number }
  | { readonly do: 'list'; readonly options: ListOptions }
  | { readonly do: 'due'; readonly now: number; readonly limit: number };

const PARTITION = 'p';
const SORTS = ['a', 'aa', 'b', 'c', '\uffff', '😀'];
const sort = fc.constantFrom(...SORTS);
const stale = fc.constantFrom(0, 0, 0, 1);
const edge = { from: sort, to: sort, limit: fc.integer({ min: 1, max: 4 }), newestFirst: fc.boolean() };
const put = fc.record({
  do: fc.constant('put'),
  sort,
  // each key has due times of its own, since the order of equal ones is open
  due: fc.option(fc.nat({ max: 5 }), { nil: undefined }),
  stale,
});
const command: fc.Arbitrary<Command> = fc.oneof(
  put,
  put,
  fc.record({ do: fc.constant('delete'), sort, stale }),
  fc.record({ do: fc.constant('list'), options: fc.record(edge, { requiredKeys: [] }) }),
  fc.record({
    do: fc.constant('list'),
    options: fc.record({ limit: edge.limit, newestFirst: edge.newestFirst }),
  }),
  fc.record({ do: fc.constant('due'), now: fc.nat({ max: 700 }), limit: fc.integer({ min: 1, max: 4 }) }),
);

let writes = 0;

async function perform(store: Store, writeId: string, command: Command): Promise<unknown> {
  if (command.do === 'list') return store.list(PARTITION, command.options);
  if (command.do === 'due') return store.due(command.now, command.limit);
  const key = { partition: PARTITION, sort: command.sort };
  const stands = (await store.get(key))?.version;
  if (command.do === 'delete') return store.delete(key, (stands ?? 1) + command.stale);
  const due = command.due === undefined ? {} : { due: command.due * 100 + SORTS.indexOf(command.sort) };
  const expected = stands === undefined ? 'absent' : stands + command.stale;
  return store.put({ ...key, body: writeId, ...due }, expected, writeId);
}

const all = (store: Store): Promise<Item[]> => store.list(PARTITION);

test('over what is stored it answers as a copy of that does, and the store below stays as it was', async () => {
  const commands = fc.array(command, { maxLength: 20, size: 'max' });
  await fc.assert(
    fc.asyncProperty(commands, commands, async (before, after) => {
      const below = new MemoryStore();
      for (const one of before) await perform(below, `${++writes}`, one);
      const copy = below.copy();
      const overlay = new OverlayStore(readOnly(below));
      const stored = await all(below);
      for (const one of after) {
        const writeId = `${++writes}`;
        expect(await perform(overlay, writeId, one)).toStrictEqual(await perform(copy, writeId, one));
      }
      expect(await all(overlay)).toStrictEqual(await all(copy));
      expect(await all(below)).toStrictEqual(stored);
    }),
    { numRuns: Number(process.env.WATCHBILL_RUNS ?? 300) },
  );
});

test('of two who write at once, one wins', async () => {
  const below = new MemoryStore();
  const key = { partition: PARTITION, sort: 's' };
  await below.put({ ...key, body: 0 }, 'absent', 'below');
  const overlay = new OverlayStore(readOnly(below));
  const won = await Promise.all([1, 2].map((body) => overlay.put({ ...key, body }, 1, `write ${body}`)));
  expect(won).toEqual([true, false]);
  expect((await overlay.get(key))?.version).toBe(2);
});

test('what changes below shows, but not over what was written above', async () => {
  const below = new MemoryStore();
  const overlay = new OverlayStore(readOnly(below));
  const at = (sort: string) => ({ partition: PARTITION, sort });
  await overlay.put({ ...at('mine'), body: 'above' }, 'absent', 'a');
  for (const sort of ['mine', 'new']) await below.put({ ...at(sort), body: 'below' }, 'absent', sort);
  expect((await all(overlay)).map(({ body }) => body)).toEqual(['above', 'below']);
});
