import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StoreError } from '../../../lib/ports.ts';
import { update, writeId } from '../../../lib/store.ts';
import { type Asked, failure, next, type Said, type Trouble } from '../../kit/front.ts';
import { MemoryStore } from '../../kit/memory-store.ts';
import { countSections } from '../../kit/sections.ts';
import { NOW, patiently, stage } from './stage.ts';

countSections();
const on = stage();

const THROTTLED = failure('ProvisionedThroughputExceededException', 'The level of configured throughput …');

const SCATTERED: Record<number, Trouble> = { 0: 'lose', 5: THROTTLED };

describe('writers at the same time', () => {
  it('G01 of 8 writers, each with connections of its own, exactly one wins each of 25 versions', async () => {
    const writers = Array.from({ length: 8 }, () => on.open());
    for (let version = 0; version < 25; version++) {
      const won = await Promise.all(
        writers.map((writer, n) =>
          writer.put({ ...on.at('s'), body: n }, version === 0 ? 'absent' : version, writeId()),
        ),
      );
      expect(won.filter(Boolean)).toHaveLength(1);
      expect(await on.store.get(on.at('s'))).toEqual({
        ...on.at('s'),
        version: version + 1,
        body: won.indexOf(true),
      });
    }
    for (const writer of writers) writer.close();
  });

  it('G01 of 8 that remove exactly one does, and none that comes later', async () => {
    await on.store.put({ ...on.at('s'), body: 1 }, 'absent', writeId());
    const won = await Promise.all(Array.from({ length: 8 }, () => on.store.delete(on.at('s'), 1)));
    expect(won.filter(Boolean)).toHaveLength(1);
    expect(await on.store.delete(on.at('s'), 1)).toBe(false);
  });

  it('G01 no count is lost where one request in ten is done and unanswered, and one in ten throttled', async () => {
    let n = 0;
    // scattered, so that nobody's tries keep step with them
    on.front.trouble = () => SCATTERED[((++n * 7919) % 1009) % 10];
    const count = async () => {
      const { store: one } = patiently(on.store);
      for (let done = 0; done < 20; done++)
        await update<number>(one, on.at('s'), (item) => ({ body: (item?.body ?? 0) + 1 }));
    };
    await Promise.all(Array.from({ length: 6 }, count));
    on.front.trouble = () => undefined;
    const item = await on.store.get<number>(on.at('s'));
    // a count whose answer was lost is made again if another came between: `update` says so
    expect(item?.body).toBeGreaterThanOrEqual(120);
    expect(item?.version).toBe(item?.body);
  });
});

describe('a lost answer', () => {
  const LOST = /: unreachable \(ECONNRESET\)$/;

  it('G02 a new item is written, and the same write again is won', async () => {
    on.front.trouble = next('lose');
    const put = () => on.store.put({ ...on.at('s'), body: 'new' }, 'absent', 'the same');
    await expect(put()).rejects.toThrow(LOST);
    expect(await on.store.get(on.at('s'))).toEqual({ ...on.at('s'), version: 1, body: 'new' });
    expect(await put()).toBe(true);
    expect((await on.store.get(on.at('s')))?.version).toBe(1);
  });

  it('G02 so is a replacement', async () => {
    await on.store.put({ ...on.at('s'), body: 'old' }, 'absent', writeId());
    on.front.trouble = next('lose');
    const put = () => on.store.put({ ...on.at('s'), body: 'new' }, 1, 'the same');
    await expect(put()).rejects.toThrow(LOST);
    expect(await put()).toBe(true);
    expect(await on.store.get(on.at('s'))).toEqual({ ...on.at('s'), version: 2, body: 'new' });
  });

  it('G02 whoever is patient notices nothing', async () => {
    const { store: one, waits } = patiently(on.store);
    on.front.trouble = next('lose', 6);
    expect(await one.put({ ...on.at('s'), body: 'new' }, 'absent', writeId())).toBe(true);
    expect(await one.put({ ...on.at('s'), body: 'newer' }, 1, writeId())).toBe(true);
    expect((await on.store.get(on.at('s')))?.version).toBe(2);
    expect(waits).toHaveLength(6);
  });

  it('G02 a write over which another went is not won', async () => {
    on.front.trouble = next('lose');
    const put = () => on.store.put({ ...on.at('s'), body: 'mine' }, 'absent', 'mine');
    await expect(put()).rejects.toThrow(LOST);
    expect(await on.store.put({ ...on.at('s'), body: 'theirs' }, 1, 'theirs')).toBe(true);
    expect(await put()).toBe(false);
    expect((await on.store.get(on.at('s')))?.body).toBe('theirs');
  });

  it('G02 a request that never arrived is done the second time', async () => {
    on.front.trouble = next('refuse');
    const { store: one } = patiently(on.store);
    expect(await one.put({ ...on.at('s'), body: 1 }, 'absent', writeId())).toBe(true);
    expect(on.front.asked.map(({ operation }) => operation)).toEqual(['PutItem', 'PutItem']);
  });

  it('G02 an item that was removed is gone, and the second time there is nothing to remove', async () => {
    await on.store.put({ ...on.at('s'), body: 1 }, 'absent', writeId());
    on.front.trouble = next('lose');
    expect(await patiently(on.store).store.delete(on.at('s'), 1)).toBe(false);
    expect(await on.store.get(on.at('s'))).toBeUndefined();
  });

  it.each([
    ['won', 'mine', true],
    ['lost', 'theirs', false],
  ])('G02 where DynamoDB tells what stands, one request tells that it is %s', async (_, id, won) => {
    const Item = { partition: { S: 'p' }, sort: { S: 's' }, version: { N: '1' }, writeId: { S: id } };
    const __type = 'com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException';
    on.front.trouble = () => ({ status: 400, body: JSON.stringify({ __type, Item }) });
    expect(await on.store.put({ ...on.at('s'), body: 1 }, 'absent', 'mine')).toBe(won);
    expect(on.front.asked.map(({ body }) => body.ReturnValuesOnConditionCheckFailure)).toEqual(['ALL_OLD']);
  });

  it('G02 the answer to the look at what stands may be lost, too', async () => {
    await on.store.put({ ...on.at('s'), body: 1 }, 'absent', 'mine');
    on.front.trouble = next('lose', 1, 'GetItem');
    const { store: one, waits } = patiently(on.store);
    expect(await one.put({ ...on.at('s'), body: 1 }, 'absent', 'mine')).toBe(true);
    expect(waits).toHaveLength(1);
  });

  const trouble = fc.constantFrom<(Trouble | undefined)[]>(undefined, undefined, 'lose', 'refuse', THROTTLED);
  const step = fc.record({
    sort: fc.constantFrom('a', 'b', 'c'),
    stale: fc.constantFrom(0, 0, 0, 1),
    troubles: fc.array(trouble, { maxLength: 6 }),
  });

  it('G02 whatever goes wrong up to six times in a row, every write is won or lost as if nothing had', async () => {
    let runs = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (steps) => {
        const memory = new MemoryStore();
        const { store: one } = patiently(on.store);
        const home = `${on.at('').partition} ${++runs}`;
        for (const [n, { sort, stale, troubles }] of steps.entries()) {
          const current = await memory.get({ partition: home, sort });
          const draft = { partition: home, sort, body: n };
          const expected = (current?.version ?? 0) - stale || 'absent';
          const left = [...troubles];
          on.front.trouble = () => left.shift();
          const won = await one.put(draft, expected, `${n}`);
          on.front.trouble = () => undefined;
          expect(won).toBe(await memory.put(draft, expected, `${n}`));
        }
        expect(await on.store.list(home)).toEqual(await memory.list(home));
      }),
      { numRuns: Number(process.env.WATCHBILL_RUNS ?? 100) },
    );
  });
});

describe('a throttled table', () => {
  it.each([1, 10, 1_000])(
    'G03 %s times: it is asked once for each try, and nothing is lost',
    async (times) => {
      const { store: one, waits } = patiently(on.store);
      const errors: unknown[] = [];
      on.front.trouble = next(THROTTLED, times);
      const insist = async <T>(call: () => Promise<T>): Promise<T> => {
        for (;;) {
          try {
            return await call();
          } catch (error) {
            if (!(error instanceof StoreError)) throw error;
            errors.push(error);
          }
        }
      };
      for (let n = 0; n < 20; n++) {
        const id = writeId();
        expect(await insist(() => one.put({ ...on.at(`${n}`), body: n }, 'absent', id))).toBe(true);
      }
      const items = await insist(() => one.list(on.at('').partition));
      expect(items.map(({ version }) => version)).toEqual(Array(20).fill(1));
      expect(on.front.asked).toHaveLength(times + 21);
      // seven tries make one error
      expect(errors).toHaveLength(Math.floor(times / 7));
      expect(waits).toHaveLength(times - errors.length);
    },
  );

  it('G03 what a batch left unread is asked for again', async () => {
    for (let n = 0; n < 10; n++)
      await on.store.put({ ...on.at(`${n}`), body: n, due: n }, 'absent', writeId());
    on.front.trouble = ({ operation, body }) => (operation === 'BatchGetItem' ? halfOf(body) : undefined);
    const before = on.front.asked.length;
    expect((await on.store.due(NOW, 100)).map(({ body }) => body)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    // 10 → 5 → 2 → 1: a batch of one is passed on
    expect(on.front.asked.slice(before).map(({ operation }) => operation)).toEqual([
      'Query',
      ...Array(4).fill('BatchGetItem'),
    ]);
  });

  it('G03 a batch of which nothing was read is throttled', async () => {
    await on.store.put({ ...on.at('s'), body: 1, due: NOW }, 'absent', writeId());
    on.front.trouble = ({ operation, body }) =>
      operation === 'BatchGetItem' ? batch([], (body.RequestItems as Requested)[on.table]?.Keys) : undefined;
    await expect(on.store.due(NOW, 10)).rejects.toThrow('BatchGetItem on the table');
    await expect(on.store.due(NOW, 10)).rejects.toThrow('throttled (nothing was read)');
  });

  type Requested = { readonly [table: string]: { readonly Keys: { sort: { S: string } }[] } };

  const batch = (items: unknown[], unread: unknown[] = []): Said => ({
    status: 200,
    body: JSON.stringify({
      Responses: { [on.table]: items },
      UnprocessedKeys: unread.length > 0 ? { [on.table]: { Keys: unread, ConsistentRead: true } } : {},
      ConsumedCapacity: [{ TableName: on.table, CapacityUnits: 1 }],
    }),
  });

  /** What a table under pressure answers: the first half. */
  function halfOf(body: Asked['body']): Said | undefined {
    const keys = (body.RequestItems as Requested)[on.table]?.Keys ?? [];
    if (keys.length < 2) return undefined;
    const [read, unread] = [
      keys.slice(0, Math.ceil(keys.length / 2)),
      keys.slice(Math.ceil(keys.length / 2)),
    ];
    const items = read.map((key) => ({
      ...key,
      version: { N: '1' },
      body: { S: key.sort.S },
      due: { N: key.sort.S },
    }));
    return batch(items, unread);
  }
});
