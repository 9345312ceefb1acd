import { randomBytes } from 'node:crypto';
import { deflateRawSync } from 'node:zlib';
import {
  type AttributeValue,
  DeleteItemCommand,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
} from '@aws-sdk/client-dynamodb';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { endOf, key } from '../../../lib/keys.ts';
import { type Item, StoreError } from '../../../lib/ports.ts';
import { putIfAbsent, update, writeId } from '../../../lib/store.ts';
import { TABLE } from '../../../lib/table.ts';
import type { Said } from '../../kit/front.ts';
import { countSections } from '../../kit/sections.ts';
import { NOW, stage } from './stage.ts';

countSections();
const on = stage();

type Row = Record<string, AttributeValue>;

const rawKey = (sort: string): Row => ({ partition: { S: on.at(sort).partition }, sort: { S: sort } });
const rawItem = async (sort: string): Promise<Row | undefined> =>
  (await on.raw.send(new GetItemCommand({ TableName: on.table, Key: rawKey(sort), ConsistentRead: true })))
    .Item;
const vanish = (sort: string) =>
  on.raw.send(new DeleteItemCommand({ TableName: on.table, Key: rawKey(sort) }));
const create = (sort: string, times: { due?: number; expires?: number } = {}) =>
  on.store.put({ ...on.at(sort), body: 'old', ...times }, 'absent', writeId());

describe('a stale read', () => {
  it('G05 is never asked for, but of the index', async () => {
    await create('s', { due: NOW });
    await on.store.get(on.at('s'));
    await on.store.list(on.at('s').partition, { from: 'a', to: 'z' });
    await on.store.due(NOW, 10);
    await create('s');
    const reads = on.front.asked.filter(({ operation }) => /Get|Query/.test(operation));
    expect(reads.map(({ operation, body }) => [operation, isConsistent(body)])).toEqual([
      ['GetItem', true],
      ['Query', true],
      ['Query', false],
      ['BatchGetItem', true],
      ['GetItem', true],
    ]);
  });

  const isConsistent = ({ ConsistentRead, RequestItems = {} }: { readonly [name: string]: unknown }) =>
    [
      ConsistentRead,
      ...Object.values(RequestItems as Row).map((asked) => Object(asked).ConsistentRead),
    ].includes(true);

  /** From now on the index answers as it would have until now, each key as often as said. */
  async function freezeIndex(times = 1): Promise<void> {
    const { Items = [] } = await on.raw.send(
      new QueryCommand({
        TableName: on.table,
        IndexName: TABLE.due.index,
        KeyConditionExpression: 'listed = :listed',
        ExpressionAttributeValues: { ':listed': { S: 'due' } },
      }),
    );
    const keys = Array.from({ length: times }, () =>
      Items.map(({ partition, sort }) => ({ partition, sort })),
    );
    const said: Said = { status: 200, body: JSON.stringify({ Items: keys.flat(), ConsumedCapacity: {} }) };
    on.front.trouble = ({ body }) => (body.IndexName === undefined ? undefined : said);
  }

  it('G05 of the index shows what is due as it stands now, and nothing that is not', async () => {
    for (const sort of ['changed', 'gone', 'later', 'never', 'earlier']) await create(sort, { due: NOW });
    await create('as it was', { due: NOW - 1 });
    await freezeIndex();
    const replace = (sort: string, times = {}) =>
      on.store.put({ ...on.at(sort), body: 'new', ...times }, 1, writeId());
    await replace('changed', { due: NOW });
    await on.store.delete(on.at('gone'), 1);
    await replace('later', { due: NOW + 1 });
    await replace('never');
    await replace('earlier', { due: NOW - 2 });
    expect((await on.store.due(NOW, 10)).map(({ sort, body, version }) => [sort, body, version])).toEqual([
      ['earlier', 'new', 2],
      ['as it was', 'old', 1],
      ['changed', 'new', 2],
    ]);
  });

  it('G05 that lists an item on two pages shows it once', async () => {
    for (const sort of ['a', 'b']) await create(sort, { due: NOW });
    await freezeIndex(2);
    expect((await on.store.due(NOW, 10)).map(({ sort }) => sort).toSorted()).toEqual(['a', 'b']);
  });
});

describe('what may vanish', () => {
  it('G11 vanishes when its time has come to the full second, and not before', async () => {
    const time = fc.double({ min: 1, max: Number.MAX_SAFE_INTEGER, noNaN: true });
    await fc.assert(
      fc.asyncProperty(time, async (expires) => {
        const stands = await on.store.get(on.at('s'));
        await on.store.put({ ...on.at('s'), body: 1, expires }, stands?.version ?? 'absent', writeId());
        const ttl = Number((await rawItem('s'))?.[TABLE.timeToLive]?.N);
        expect(Number.isInteger(ttl)).toBe(true);
        expect(ttl).toBeGreaterThanOrEqual(expires / 1000);
        expect(ttl).toBeLessThan(expires / 1000 + 1);
        expect((await on.store.get(on.at('s')))?.expires).toBe(expires);
      }),
      { numRuns: 100 },
    );
  });

  it('G11 stays, once a write takes its time away; what never had one stays anyway', async () => {
    await create('open');
    expect(Object.keys((await rawItem('open')) ?? {}).toSorted()).toEqual(
      ['partition', 'sort', 'version', 'writeId', 'body'].toSorted(),
    );
    await create('s', { due: NOW, expires: NOW });
    await on.store.put({ ...on.at('s'), body: 1 }, 1, writeId());
    const row = await rawItem('s');
    for (const name of [TABLE.timeToLive, TABLE.due.partition, TABLE.due.sort])
      expect(row).not.toHaveProperty(name);
  });

  it('G11 is gone for everyone: whoever held it loses the race, and begins anew', async () => {
    await create('s', { due: NOW, expires: NOW });
    const held = (await on.store.get(on.at('s'))) as Item<string>;
    await vanish('s');
    expect(await on.store.put({ ...held, body: 'late' }, held.version, writeId())).toBe(false);
    expect(await on.store.delete(held, held.version)).toBe(false);
    expect(await on.store.due(NOW, 10)).toEqual([]);
    expect(await update<string>(on.store, held, (item) => ({ body: item ? 'late' : 'new' }), held)).toEqual({
      ...on.at('s'),
      body: 'new',
      version: 1,
    });
    await vanish('s');
    expect(await putIfAbsent(on.store, { ...on.at('s'), body: 'newer' })).toMatchObject({ won: true });
  });
});

describe('what does not fit', () => {
  it('G12 is refused before it is sent', async () => {
    for (const body of [
      'x'.repeat(389_999),
      '日'.repeat(130_000),
      { san: Array(20_000).fill('www.example.com…') },
    ])
      await expect(on.store.put({ ...on.at('s'), body }, 'absent', writeId())).rejects.toThrow(RangeError);
    expect(on.front.asked).toEqual([]);
  });

  it.each([
    ['a bound that is longer than any key', { from: 's'.repeat(1025) }],
    ['an upper one', { to: 's'.repeat(1025) }],
    ['a bound that is no text', { from: 'a\ud800' }],
  ])('G12 so is %s', async (_, options) => {
    await expect(on.store.list('p', options)).rejects.toThrow(RangeError);
    expect(on.front.asked).toEqual([]);
  });

  it.each([
    ['list', () => on.store.list('p', { limit: 0 })],
    ['due', () => on.store.due(NOW, 0)],
  ])('G12 nothing is asked for where %s may answer nothing', async (_, call) => {
    expect(await call()).toEqual([]);
    expect(on.front.asked).toEqual([]);
  });
});

describe('keys', () => {
  const segment = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 300 }),
    fc.constantFrom('', '#', '/', '%', 'é', 'e\u0301', '\u0000', 'x'.repeat(1000), '日'.repeat(1000)),
  );
  const segments = fc.tuple(segment, segment);

  it('G13 of different ids are different items, whatever the ids hold', async () => {
    let runs = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(segments, { minLength: 2, maxLength: 5, selector: String }),
        async (ids) => {
          const home = `${on.at('').partition} ${++runs}`;
          for (const [first, second] of ids)
            for (const where of [
              { partition: key(home, first), sort: key(second) },
              { partition: home, sort: key(first, second) },
            ])
              expect(await on.store.put({ ...where, body: [first, second] }, 'absent', writeId())).toBe(true);
          for (const [first, second] of ids)
            expect((await on.store.get({ partition: home, sort: key(first, second) }))?.body).toEqual(
              JSON.parse(JSON.stringify([first, second])),
            );
          const range = (first: string) => ({ from: key(first), to: endOf(first) });
          for (const first of new Set(ids.map(([first]) => first)))
            expect(await on.store.list(home, range(first))).toHaveLength(
              ids.filter(([one]) => one === first).length,
            );
        },
      ),
      { numRuns: 50 },
    );
  });
});

describe('a range', () => {
  it('ends before it begins by UTF-8 bytes, not by UTF-16 units; then nothing is asked for', async () => {
    on.front.trouble = () => ({ status: 200, body: '{"Items":[],"ConsumedCapacity":{}}' });
    expect(await on.store.list('p', { from: '😀', to: '\uffff' })).toEqual([]);
    expect(on.front.asked).toHaveLength(0);
    expect(await on.store.list('p', { from: '\uffff', to: '😀' })).toEqual([]);
    expect(on.front.asked).toHaveLength(1);
  });
});

describe('a body', () => {
  it.each([
    ['a small one', 'x'.repeat(1_000), 'S'],
    ['one that costs another unit', 'é'.repeat(600), 'B'],
    ['the largest one', '日'.repeat(129_000), 'B'],
    ['a large one that is noise', randomBytes(200_000).toString('base64'), 'B'],
  ])('comes back as it was, and is stored in fewer bytes where that saves any: %s', async (_, body, kind) => {
    const key = on.at('large');
    expect(await on.store.put({ ...key, body }, 'absent', 'w1')).toBe(true);
    expect((await on.store.get(key))?.body).toBe(body);
    const { Item } = await on.raw.send(new GetItemCommand({ TableName: on.table, Key: rawKey('large') }));
    expect(Object.keys(Item?.body ?? {})).toEqual([kind]);
    const bytes = Buffer.byteLength(Object.values(Item?.body ?? {})[0]);
    expect(bytes).toBeLessThanOrEqual(Buffer.byteLength(JSON.stringify(body)));
    expect(await on.store.list(key.partition)).toMatchObject([{ body }]);
  });
});

describe('a row that we never wrote', () => {
  it.each<readonly [string, Row]>([
    ['has no body', {}],
    ['has a body that is no text', { body: { N: '1' } }],
    ['has a body that is no JSON', { body: { S: 'x' } }],
    ['has a body that ends too early', { body: { S: '{"a":' } }],
    ['has a body of bytes that are not deflated', { body: { B: Buffer.from('{"a":1}') } }],
    ['has a deflated body that ends too early', { body: { B: deflateRawSync('"abcdef"').subarray(0, 5) } }],
    ['has a deflated body without an end', { body: { B: deflateRawSync(`"${'a'.repeat(1_000_000)}"`) } }],
  ])('is a failure of the store, and its neighbours are none: it %s', async (_, attributes) => {
    await create('b');
    const row = { ...rawKey('a'), version: { N: '1' }, writeId: { S: 'theirs' }, ...attributes };
    await on.raw.send(new PutItemCommand({ TableName: on.table, Item: row }));
    const broken = on.store.get(on.at('a'));
    await expect(broken).rejects.toThrow(StoreError);
    await expect(broken).rejects.toThrow(`${on.at('').partition} a in the table is not as it was written`);
    await expect(on.store.list(on.at('').partition)).rejects.toThrow(StoreError);
    expect((await on.store.get(on.at('b')))?.body).toBe('old');
  });
});
