import { describe, expect, it } from 'vitest';
import { type Item, type Store, StoreError } from '../lib/ports.ts';
import { patient, putIfAbsent, update } from '../lib/store.ts';
import { VirtualClock } from './kit/clock.ts';
import { atCall, Crash, FaultyStore, nextCalls, type StoreFault } from './kit/faulty-store.ts';
import { MemoryStore } from './kit/memory-store.ts';

const KEY = { partition: 'p', sort: 's' };

function setUp(plan?: FaultyStore['plan']) {
  const clock = new VirtualClock();
  const memory = new MemoryStore();
  const faulty = new FaultyStore(memory, clock, plan);
  return { clock, memory, faulty, store: patient(faulty, clock, () => 1) };
}

const count = (store: Store) =>
  update<number>(store, KEY, (item) => ({ body: (item?.body ?? 0) + 1, due: 5, expires: 9 }));

describe('update', () => {
  it('makes what is absent, and answers what stands', async () => {
    const { memory } = setUp();
    const item = { ...KEY, body: 1, due: 5, expires: 9, version: 1 };
    expect(await count(memory)).toStrictEqual(item);
    expect(await memory.get(KEY)).toStrictEqual(item);
  });

  it('replaces what stands', async () => {
    const { memory } = setUp();
    await count(memory);
    expect(await count(memory)).toMatchObject({ body: 2, version: 2 });
    expect(await memory.get(KEY)).toMatchObject({ body: 2, version: 2 });
  });

  it('leaves everything as it is when the change is none', async () => {
    const { memory, faulty } = setUp();
    await count(memory);
    expect(await update(faulty, KEY, () => undefined)).toMatchObject({ body: 1, version: 1 });
    expect(faulty.calls).toBe(1);
  });

  it('spares the first read where the item is known, and reads where that is old', async () => {
    const { memory, faulty } = setUp();
    const known = await count(memory);
    const change = (item: Item<number> | undefined) => ({ body: (item?.body ?? 0) + 1 });
    expect(await update(faulty, KEY, change, known)).toMatchObject({ body: 2, version: 2 });
    expect(faulty.calls).toBe(1);
    expect(await update(faulty, KEY, change, known)).toMatchObject({ body: 3, version: 3 });
    expect(faulty.calls).toBe(4);
  });

  it('starts over with what the winner wrote when it lost the race (G01)', async () => {
    const { memory } = setUp();
    const seen: unknown[] = [];
    await update<string>(memory, KEY, (item) => {
      seen.push(item?.body);
      return { body: 'first' };
    });
    const racing = update<string>(memory, KEY, (item) => {
      seen.push(item?.body);
      return { body: `${item?.body} and mine` };
    });
    await memory.put({ ...KEY, body: 'theirs' }, 1, 'theirs');
    expect(await racing).toMatchObject({ body: 'theirs and mine', version: 3 });
    expect(seen).toEqual([undefined, 'first', 'theirs']);
  });

  it('lets 100 racing writers all get on, each once', async () => {
    const { memory } = setUp();
    await Promise.all(Array.from({ length: 100 }, () => count(memory)));
    expect(await memory.get(KEY)).toMatchObject({ body: 100, version: 100 });
  });

  it('gives up on a race that it can not win', async () => {
    const { memory } = setUp();
    const jealous: Store = Object.assign(Object.create(memory), {
      put: async () => false,
      get: async () => undefined,
    });
    await expect(count(jealous)).rejects.toThrow(StoreError);
    await expect(putIfAbsent(jealous, { ...KEY, body: 1 })).rejects.toThrow(StoreError);
  });
});

describe('putIfAbsent', () => {
  it('makes what is absent', async () => {
    const { memory } = setUp();
    const item = { ...KEY, body: 'mine', version: 1 };
    expect(await putIfAbsent(memory, { ...KEY, body: 'mine' })).toStrictEqual({ won: true, item });
    expect(await memory.get(KEY)).toStrictEqual(item);
  });

  it('answers what stands there, whoever made it', async () => {
    const { memory } = setUp();
    await memory.put({ ...KEY, body: 'theirs' }, 'absent', 'theirs');
    expect(await putIfAbsent(memory, { ...KEY, body: 'mine' })).toStrictEqual({
      won: false,
      item: { ...KEY, body: 'theirs', version: 1 },
    });
  });
});

describe('a patient store', () => {
  it.each<[string, StoreFault]>([
    ['was refused', 'before'],
    ['was done, but its answer lost (G02)', 'after'],
  ])('does a put once that %s', async (_, fault) => {
    const { clock, memory, faulty, store } = setUp(nextCalls(fault, 3, 'put'));
    expect(await clock.run(count(store))).toMatchObject({ body: 1, version: 1 });
    expect(await memory.get(KEY)).toMatchObject({ body: 1, version: 1 });
    expect(faulty.calls).toBe(5);
  });

  it('knows its own write again when the answer to "put if absent" was lost', async () => {
    const { clock, store } = setUp(nextCalls('after', 1, 'put'));
    expect(await clock.run(putIfAbsent(store, { ...KEY, body: 1 }))).toMatchObject({ won: true });
  });

  it.each<keyof Store>(['get', 'list', 'delete', 'due', 'put'])('asks %s again', async (method) => {
    const { clock, memory, faulty, store } = setUp(nextCalls('before', 2, method));
    await memory.put({ ...KEY, body: 1, due: 1 }, 'absent', 'w');
    const calls = {
      get: () => store.get(KEY),
      list: () => store.list('p'),
      due: () => store.due(2, 5),
      put: () => store.put({ ...KEY, body: 2 }, 1, 'x'),
      delete: () => store.delete(KEY, 1),
    };
    expect(await clock.run<unknown>(calls[method]())).toBeTruthy();
    expect(faulty.calls).toBe(3);
  });

  it('waits longer each time, and lets the error out after seven tries (G03)', async () => {
    const { clock, faulty, store } = setUp(nextCalls('before', 1000));
    const start = clock.monotonic();
    await expect(clock.run(store.get(KEY))).rejects.toThrow(StoreError);
    expect(faulty.calls).toBe(7);
    expect(clock.monotonic() - start).toBe(100 + 200 + 400 + 800 + 1600 + 3200);
  });

  it('waits half as long at the least', async () => {
    const clock = new VirtualClock();
    const store = patient(
      new FaultyStore(new MemoryStore(), clock, nextCalls('before', 1000)),
      clock,
      () => 0,
    );
    await expect(clock.run(store.get(KEY))).rejects.toThrow(StoreError);
    expect(clock.monotonic()).toBe(3150);
  });

  it('lets anything else out at once', async () => {
    const { clock, faulty, store } = setUp(atCall(1, 'crash after'));
    await expect(store.put({ ...KEY, body: 1 }, 'absent', 'w')).rejects.toThrow(Crash);
    await expect(store.put({ ...KEY, body: undefined }, 'absent', 'w')).rejects.toThrow(Crash);
    expect(faulty.calls).toBe(1);
    expect(clock.pending).toBe(0);
  });

  it('loses nothing whatever goes wrong, as long as something gets through (G03)', async () => {
    for (const fault of ['before', 'after', 250] as const) {
      const { clock, memory, store } = setUp(({ n }) => (n % 4 === 0 ? undefined : fault));
      for (let n = 0; n < 50; n++) await clock.run(count(store));
      expect(await memory.get(KEY)).toMatchObject({ body: 50, version: 50 });
    }
  });
});

describe('the faulty store', () => {
  it.each([
    ['crash before', undefined],
    ['crash after', 1],
  ] as const)(
    '%s: the process is dead from there on, and the store is as it was left',
    async (fault, left) => {
      const { memory, faulty } = setUp(atCall(2, fault));
      await faulty.get(KEY);
      await expect(faulty.put({ ...KEY, body: 1 }, 'absent', 'w')).rejects.toThrow(Crash);
      await expect(faulty.get(KEY)).rejects.toThrow(Crash);
      expect((await memory.get(KEY))?.body).toBe(left);
    },
  );

  it('is slow by the clock', async () => {
    const { clock, faulty } = setUp(() => 60_000);
    await clock.run(faulty.get(KEY));
    expect(clock.monotonic()).toBe(60_000);
  });
});
