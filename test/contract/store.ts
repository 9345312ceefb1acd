import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Item, ListOptions, Store } from '../../lib/ports.ts';

/** Text that no store can keep in much less room. */
const noise = (length: number): string => randomBytes(length).toString('base64').slice(0, length);

/** A store that this suite alone uses, and what ends it. */
export interface OpenStore {
  readonly store: Store;
  close(): Promise<void>;
}

/** Keys that each must be kept apart from all others, and come back as they were. */
const KEYS = [
  'a',
  'A',
  'a ',
  ' a',
  'a/b',
  'a//b',
  '/',
  '#',
  'a#b',
  '%2f;',
  '%',
  '_',
  "'",
  '"',
  '\\',
  ';--',
  '0',
  '00',
  '1e3',
  'null',
  '__proto__',
  'constructor',
  '\u0000',
  'a\u0000b',
  'a\u0000',
  '\u001f',
  '\u007f',
  '\n',
  'é',
  'e\u0301',
  'ß',
  'ss',
  '日本',
  '\ufeffa',
  '\uffff',
  '😀',
  '\u{10ffff}',
  'k'.repeat(1000),
];

/** Bodies that come back equal, without being changed on the way. */
const BODIES: readonly (readonly [string, unknown])[] = [
  ['null', null],
  ['true', true],
  ['false', false],
  ['zero', 0],
  ['a fraction', 0.1],
  ['a negative number', -12.5],
  ['the largest safe number', Number.MAX_SAFE_INTEGER],
  ['a tiny number', 5e-324],
  ['a huge number', 1.7976931348623157e308],
  ['an empty text', ''],
  ['a text', 'up'],
  ['a number as a text', '12'],
  ['JSON as a text', '{"a":1}'],
  ['control characters', '\u0000\u0001\u001f\u007f\n'],
  ['all bytes as characters', String.fromCharCode(...Array.from({ length: 256 }, (_, i) => i))],
  ['a lone surrogate', 'a\ud800b'],
  ['Unicode', 'é e\u0301 日本 😀 \u{10ffff} \u2028'],
  ['an empty list', []],
  ['an empty object', {}],
  ['a list of everything', [null, true, 1, 'a', [], {}, [[[]]]]],
  ['a nested object', { a: { b: { c: [{ d: 1 }] } } }],
  ['odd names', { '': 1, ' ': 2, 'a.b': 3, $ref: 4, '#': 5, toString: 6, '\u0000': 7 }],
  ['deep nesting', Array.from({ length: 200 }).reduce((inner) => [inner], 1)],
  ['300 KB of text', 'x'.repeat(300_000)],
  ['300 KB of Unicode', '日'.repeat(100_000)],
  ['300 KB of entries', Array.from({ length: 300 }, (_, seq) => ({ seq, text: 'e'.repeat(970) }))],
  ['the longest body', 'x'.repeat(389_998)],
];

/** Stored in any order, listed in this one: that of their UTF-8 bytes. */
const ORDER = [
  '\u0000',
  ' ',
  '!',
  '/',
  '0',
  '00',
  '01',
  '1',
  '10',
  '2',
  'A',
  'Z',
  '_',
  'a',
  'a\u0000',
  'aa',
  '~',
  '\u007f',
  'é',
  '日',
  '\ue000',
  '\uffff',
  '😀',
  '😁',
  '\u{10ffff}',
];

/** What a partition that holds a, b, c, d and e lists. */
const RANGES: readonly (readonly [string, ListOptions, string])[] = [
  ['everything', {}, 'abcde'],
  ['everything, newest first', { newestFirst: true }, 'edcba'],
  ['from one on', { from: 'c' }, 'cde'],
  ['from between two on', { from: 'bb' }, 'cde'],
  ['from before all', { from: '!' }, 'abcde'],
  ['from behind all', { from: 'f' }, ''],
  ['from the very beginning on', { from: '' }, 'abcde'],
  ['up to the very beginning', { to: '' }, ''],
  ['from on, newest first', { from: 'c', newestFirst: true }, 'edc'],
  ['up to one', { to: 'c' }, 'abc'],
  ['up to between two', { to: 'bb' }, 'ab'],
  ['up to before all', { to: '!' }, ''],
  ['up to behind all', { to: '\u{10ffff}' }, 'abcde'],
  ['up to one, newest first', { to: 'c', newestFirst: true }, 'cba'],
  ['both ends', { from: 'b', to: 'd' }, 'bcd'],
  ['both ends, newest first', { from: 'b', to: 'd', newestFirst: true }, 'dcb'],
  ['one', { from: 'c', to: 'c' }, 'c'],
  ['a range with nothing in it', { from: 'bb', to: 'bc' }, ''],
  ['a range that ends before it begins', { from: 'd', to: 'b' }, ''],
  ['the same, newest first', { from: 'd', to: 'b', newestFirst: true }, ''],
  ['the first', { limit: 1 }, 'a'],
  ['the newest', { limit: 1, newestFirst: true }, 'e'],
  ['as many as there are', { limit: 5 }, 'abcde'],
  ['more than there are', { limit: 500 }, 'abcde'],
  ['some from one on', { from: 'b', limit: 2 }, 'bc'],
  ['the newest up to one', { to: 'd', limit: 2, newestFirst: true }, 'dc'],
  ['some of a range', { from: 'b', to: 'e', limit: 3 }, 'bcd'],
  ['some of a range, newest first', { from: 'b', to: 'e', limit: 3, newestFirst: true }, 'edc'],
];

const NO_KEYS: readonly (readonly [string, string])[] = [
  ['an empty key', ''],
  ['a lone surrogate', 'a\ud800'],
  ['a key of more than 2048 bytes', 'é'.repeat(1025)],
];

const HOUR = 3_600_000;
const NOW = Date.UTC(2026, 0, 1);

/** What every store must do, whatever it is made of. */
export function storeContract(name: string, open: () => Promise<OpenStore>): void {
  describe(`${name} keeps the contract of Store:`, () => {
    let store: Store;
    let close: () => Promise<void>;
    let partition = '';
    let cases = 0;
    let writes = 0;

    const id = () => `write-${++writes}`;
    const at = (sort: string) => ({ partition, sort });
    const create = (sort: string, body: unknown = sort, times: { due?: number; expires?: number } = {}) =>
      store.put({ ...at(sort), body, ...times }, 'absent', id());
    const sorts = async (options?: ListOptions) =>
      (await store.list(partition, options)).map(({ sort }) => sort);
    const dueSorts = async (now: number, limit = 1000) =>
      (await store.due(now, limit)).map(({ sort }) => sort);

    beforeAll(async () => {
      ({ store, close } = await open());
    });
    afterAll(() => close());
    beforeEach(() => {
      partition = `partition ${++cases}`;
    });
    afterEach(async () => {
      for (const item of await store.due(Number.MAX_SAFE_INTEGER, 1000))
        await store.delete(item, item.version);
    });

    describe('keys', () => {
      it.each(KEYS)('%j is a sort key like any other', async (sort) => {
        expect(await create(sort, [sort])).toBe(true);
        expect(await store.get(at(sort))).toEqual({ ...at(sort), version: 1, body: [sort] });
        expect(await sorts()).toEqual([sort]);
        expect(await sorts({ from: sort, to: sort })).toEqual([sort]);
      });

      it.each(KEYS)('%j is a partition like any other', async (odd) => {
        const key = { partition: `${partition}${odd}`, sort: 's' };
        expect(await store.put({ ...key, body: odd }, 'absent', id())).toBe(true);
        expect(await store.list(key.partition)).toEqual([{ ...key, version: 1, body: odd }]);
        expect(await store.list(partition)).toEqual([]);
      });

      it('keeps all of them apart', async () => {
        for (const sort of KEYS) expect(await create(sort)).toBe(true);
        for (const sort of KEYS) expect((await store.get(at(sort)))?.body).toBe(sort);
        expect(await store.list(partition)).toHaveLength(KEYS.length);
      });

      it('tells partition and sort apart', async () => {
        expect(await store.put({ partition: 'ab', sort: 'c', body: 1 }, 'absent', id())).toBe(true);
        expect(await store.put({ partition: 'a', sort: 'bc', body: 2 }, 'absent', id())).toBe(true);
        expect((await store.get({ partition: 'ab', sort: 'c' }))?.body).toBe(1);
        expect((await store.get({ partition: 'a', sort: 'bc' }))?.body).toBe(2);
      });

      it.each(NO_KEYS)('%s is refused as a defect', async (_, bad) => {
        for (const key of [
          { partition, sort: bad },
          { partition: bad, sort: 's' },
        ]) {
          await expect(store.get(key)).rejects.toThrow(RangeError);
          await expect(store.put({ ...key, body: 1 }, 'absent', id())).rejects.toThrow(RangeError);
          await expect(store.delete(key, 1)).rejects.toThrow(RangeError);
        }
        await expect(store.list(bad)).rejects.toThrow(RangeError);
      });

      it('a sort key has at most 1024 bytes, a partition 2048', async () => {
        const longest = { partition: 'p'.repeat(2048), sort: 's'.repeat(1024) };
        expect(await store.put({ ...longest, body: 1 }, 'absent', id())).toBe(true);
        expect((await store.get(longest))?.body).toBe(1);
        await expect(store.get(at('s'.repeat(1025)))).rejects.toThrow(RangeError);
      });
    });

    describe('bodies', () => {
      it.each(BODIES)('%s comes back as it was', async (_, body) => {
        await create('s', body);
        expect((await store.get(at('s')))?.body).toEqual(body);
        expect((await store.list(partition))[0]?.body).toEqual(body);
      });

      it('a field without a value is not there', async () => {
        await create('s', { a: undefined, b: 1 });
        expect(Object.keys((await store.get<object>(at('s')))?.body ?? {})).toEqual(['b']);
      });

      it('belongs to the store once it is put: what the caller does to it later changes nothing', async () => {
        const body = { list: [1] };
        const put = create('s', body);
        body.list.push(2);
        await put;
        body.list.push(3);
        expect((await store.get(at('s')))?.body).toEqual({ list: [1] });
      });

      it('belongs to the reader once it is read', async () => {
        await create('s', { list: [1] });
        const read = await store.get<{ list: number[] }>(at('s'));
        read?.body.list.push(2);
        expect((await store.get(at('s')))?.body).toEqual({ list: [1] });
      });

      it.each([
        ['nothing', undefined],
        ['a function', () => 1],
        ['more than 390,000 bytes', 'x'.repeat(389_999)],
        ['more than 390,000 bytes of Unicode', '日'.repeat(130_000)],
      ])('%s is refused as a defect', async (_, body) => {
        await expect(store.put({ ...at('s'), body }, 'absent', id())).rejects.toThrow(RangeError);
        expect(await store.get(at('s'))).toBeUndefined();
      });

      it('the longest body fits under the longest keys, with both times', async () => {
        const key = { partition: '日'.repeat(682), sort: 'é'.repeat(512) };
        const draft = {
          ...key,
          body: 'x'.repeat(389_998),
          due: NOW + 0.25,
          expires: Number.MAX_SAFE_INTEGER,
        };
        expect(await store.put(draft, 'absent', id())).toBe(true);
        expect(await store.get(key)).toStrictEqual({ ...draft, version: 1 });
      });

      it('every body of a list comes whole, however large they are together', async () => {
        for (let i = 0; i < 8; i++) await create(`${i}`, `${i}${noise(299_999)}`);
        const items = await store.list<string>(partition);
        expect(items.map(({ body }) => body.length)).toEqual(Array(8).fill(300_000));
        const newest = await store.list<string>(partition, { from: '1', limit: 5, newestFirst: true });
        expect(newest.map(({ body }) => body[0])).toEqual(['7', '6', '5', '4', '3']);
      });
    });

    describe('get and put', () => {
      it('gets nothing where nothing is', async () => {
        expect(await store.get(at('s'))).toBeUndefined();
      });

      it('puts what is absent, as version 1', async () => {
        expect(await create('s', 'new')).toBe(true);
        expect(await store.get(at('s'))).toEqual({ ...at('s'), version: 1, body: 'new' });
      });

      it('does not put what is there as absent', async () => {
        await create('s', 'old');
        expect(await create('s', 'new')).toBe(false);
        expect(await store.get(at('s'))).toEqual({ ...at('s'), version: 1, body: 'old' });
      });

      it('replaces the version it expects, and counts up by one', async () => {
        await create('s', 0);
        for (let version = 1; version <= 20; version++) {
          expect(await store.put({ ...at('s'), body: version }, version, id())).toBe(true);
          expect(await store.get(at('s'))).toEqual({ ...at('s'), version: version + 1, body: version });
        }
      });

      it.each([0, 1, 3, 99, -1])('does not replace version 2 where it expects %s', async (expected) => {
        await create('s', 'one');
        await store.put({ ...at('s'), body: 'two' }, 1, id());
        expect(await store.put({ ...at('s'), body: 'new' }, expected, id())).toBe(false);
        expect(await store.get(at('s'))).toEqual({ ...at('s'), version: 2, body: 'two' });
      });

      it.each([0, 1, 2])('does not replace what is absent where it expects version %s', async (expected) => {
        expect(await store.put({ ...at('s'), body: 'new' }, expected, id())).toBe(false);
        expect(await store.get(at('s'))).toBeUndefined();
      });

      it('replaces the body whole', async () => {
        await create('s', { a: 1, b: 2 });
        await store.put({ ...at('s'), body: { b: 3 } }, 1, id());
        expect((await store.get(at('s')))?.body).toEqual({ b: 3 });
      });

      it('writes an item that was read, and ignores the version in it', async () => {
        await create('s', 1, { due: NOW, expires: NOW });
        const item = (await store.get(at('s'))) as Item;
        expect(await store.put({ ...item, version: 7, body: 2 } as Item, 1, id())).toBe(true);
        expect(await store.get(at('s'))).toEqual({ ...item, version: 2, body: 2 });
      });

      it('touches no neighbour', async () => {
        for (const sort of ['a', 'b', 'c']) await create(sort);
        await store.put({ ...at('b'), body: 'new' }, 1, id());
        expect((await store.list(partition)).map(({ body, version }) => [body, version])).toEqual([
          ['a', 1],
          ['new', 2],
          ['c', 1],
        ]);
      });

      it('reads its own write, always', async () => {
        await create('s', 0);
        for (let n = 1; n <= 100; n++) {
          const written = store.put({ ...at('s'), body: n }, n, id());
          await written;
          expect((await store.get(at('s')))?.body).toBe(n);
        }
      });
    });

    describe('times', () => {
      it.each([
        ['none', {}],
        ['due', { due: NOW }],
        ['expires', { expires: NOW }],
        ['both', { due: NOW, expires: NOW + HOUR }],
        ['a fraction of a millisecond', { due: NOW + 0.25, expires: NOW + 0.75 }],
        ['the epoch', { due: 0, expires: 0 }],
        ['the far future', { due: Number.MAX_SAFE_INTEGER, expires: Number.MAX_SAFE_INTEGER }],
      ])('%s come back as they were', async (_, times) => {
        await create('s', 1, times);
        expect(await store.get(at('s'))).toStrictEqual({ ...at('s'), version: 1, body: 1, ...times });
        expect(await store.list(partition)).toStrictEqual([{ ...at('s'), version: 1, body: 1, ...times }]);
      });

      it('a write without them takes them away', async () => {
        await create('s', 1, { due: NOW, expires: NOW });
        await store.put({ ...at('s'), body: 2 }, 1, id());
        expect(await store.get(at('s'))).toStrictEqual({ ...at('s'), version: 2, body: 2 });
      });

      it.each([Number.NaN, Number.POSITIVE_INFINITY])('%s is refused as a defect', async (time) => {
        await expect(create('s', 1, { due: time })).rejects.toThrow(RangeError);
        await expect(create('s', 1, { expires: time })).rejects.toThrow(RangeError);
      });

      it('what expires later is there', async () => {
        await create('s', 1, { expires: Date.now() + HOUR });
        expect(await store.get(at('s'))).toBeDefined();
      });
    });

    describe('write ids', () => {
      it('the same write again is won again, and changes nothing', async () => {
        const draft = { ...at('s'), body: 'new' };
        for (let i = 0; i < 3; i++) expect(await store.put(draft, 'absent', 'same')).toBe(true);
        expect((await store.get(at('s')))?.version).toBe(1);
      });

      it('so is the same replacement', async () => {
        await create('s');
        for (let i = 0; i < 3; i++)
          expect(await store.put({ ...at('s'), body: 'new' }, 1, 'replace')).toBe(true);
        expect(await store.get(at('s'))).toEqual({ ...at('s'), version: 2, body: 'new' });
      });

      it('even with another body or version: the write is what its id says', async () => {
        await store.put({ ...at('s'), body: 'first', due: NOW }, 'absent', 'only');
        expect(await store.put({ ...at('s'), body: 'second' }, 1, 'only')).toBe(true);
        expect(await store.get(at('s'))).toEqual({ ...at('s'), version: 1, body: 'first', due: NOW });
      });

      it('a write that was replaced is no longer won', async () => {
        await store.put({ ...at('s'), body: 'mine' }, 'absent', 'mine');
        await store.put({ ...at('s'), body: 'theirs' }, 1, 'theirs');
        expect(await store.put({ ...at('s'), body: 'mine' }, 'absent', 'mine')).toBe(false);
        expect((await store.get(at('s')))?.body).toBe('theirs');
      });

      it('a write that was removed is done again where it expects nothing', async () => {
        await store.put({ ...at('s'), body: 'mine' }, 'absent', 'mine');
        await store.delete(at('s'), 1);
        expect(await store.put({ ...at('s'), body: 'mine' }, 'absent', 'mine')).toBe(true);
        expect((await store.get(at('s')))?.version).toBe(1);
      });

      it('belong to one item: another item may be written under the same', async () => {
        expect(await store.put({ ...at('a'), body: 1 }, 'absent', 'shared')).toBe(true);
        expect(await store.put({ ...at('b'), body: 2 }, 'absent', 'shared')).toBe(true);
        expect(await store.put({ ...at('c'), body: 3 }, 1, 'shared')).toBe(false);
        expect(await sorts()).toEqual(['a', 'b']);
      });

      it('are compared to the letter', async () => {
        await store.put({ ...at('s'), body: 1 }, 'absent', 'abc');
        for (const other of ['ABC', 'abc ', 'ab', 'abcd']) {
          expect(await store.put({ ...at('s'), body: 2 }, 'absent', other)).toBe(false);
        }
      });
    });

    describe('list', () => {
      it('lists nothing of a partition that has nothing', async () => {
        expect(await store.list(partition)).toEqual([]);
      });

      it.each([
        ['as they are', ORDER],
        ['backwards', ORDER.toReversed()],
        [
          'shuffled',
          ORDER.toSorted(
            (a, b) =>
              ((a.length * 7 + a.charCodeAt(0) * 31) % 13) - ((b.length * 7 + b.charCodeAt(0) * 31) % 13),
          ),
        ],
      ])('sorts by UTF-8 bytes what was put %s', async (_, inserted) => {
        for (const sort of inserted) await create(sort);
        expect(await sorts()).toEqual(ORDER);
        expect(await sorts({ newestFirst: true })).toEqual(ORDER.toReversed());
      });

      it('takes the ends of a range by UTF-8 bytes too', async () => {
        for (const sort of ORDER) await create(sort);
        for (const [index, end] of ORDER.entries()) {
          expect(await sorts({ from: end })).toEqual(ORDER.slice(index));
          expect(await sorts({ to: end })).toEqual(ORDER.slice(0, index + 1));
        }
      });

      it.each(RANGES)('%s', async (_, options, expected) => {
        for (const sort of 'cadbe') await create(sort);
        expect((await sorts(options)).join('')).toBe(expected);
      });

      it('gives whole items', async () => {
        await create('s', { a: 1 }, { due: NOW, expires: NOW + HOUR });
        await store.put({ ...at('s'), body: { a: 2 }, due: NOW }, 1, id());
        expect(await store.list(partition)).toStrictEqual([
          { ...at('s'), version: 2, body: { a: 2 }, due: NOW },
        ]);
      });

      it('pages through 500 items without a gap or a repeat', async () => {
        const all = Array.from({ length: 500 }, (_, i) => String(i).padStart(4, '0'));
        await Promise.all(all.map((sort) => create(sort)));
        const seen: string[] = [];
        for (let from = '0'; ; from = `${seen.at(-1)}\u0000`) {
          const page = await sorts({ from, limit: 70 });
          if (page.length === 0) break;
          seen.push(...page);
        }
        expect(seen).toEqual(all);
        expect(await sorts()).toEqual(all);
      });
    });

    describe('delete', () => {
      it('removes the version it is told', async () => {
        await create('s');
        expect(await store.delete(at('s'), 1)).toBe(true);
        expect(await store.get(at('s'))).toBeUndefined();
        expect(await store.list(partition)).toEqual([]);
      });

      it.each([0, 1, 3])('does not remove version 2 as version %s', async (version) => {
        await create('s');
        await store.put({ ...at('s'), body: 'two' }, 1, id());
        expect(await store.delete(at('s'), version)).toBe(false);
        expect((await store.get(at('s')))?.version).toBe(2);
      });

      it('does not remove what is not there', async () => {
        expect(await store.delete(at('s'), 1)).toBe(false);
      });

      it('removes once', async () => {
        await create('s');
        expect(await store.delete(at('s'), 1)).toBe(true);
        expect(await store.delete(at('s'), 1)).toBe(false);
      });

      it('removes that one only', async () => {
        for (const sort of ['a', 'b', 'c']) await create(sort);
        await store.delete(at('b'), 1);
        expect(await sorts()).toEqual(['a', 'c']);
      });

      it('what is created again begins at version 1', async () => {
        await create('s', 'old');
        await store.put({ ...at('s'), body: 'older' }, 1, id());
        await store.delete(at('s'), 2);
        expect(await create('s', 'new')).toBe(true);
        expect(await store.get(at('s'))).toEqual({ ...at('s'), version: 1, body: 'new' });
      });

      it('what was removed can not be replaced', async () => {
        await create('s');
        await store.delete(at('s'), 1);
        expect(await store.put({ ...at('s'), body: 'new' }, 1, id())).toBe(false);
      });

      it('takes an item that was read', async () => {
        await create('s');
        const item = (await store.get(at('s'))) as Item;
        expect(await store.delete(item, item.version)).toBe(true);
      });
    });

    describe('due', () => {
      it('lists nothing while nothing is due', async () => {
        await create('never');
        await create('later', 1, { due: NOW + 1 });
        expect(await dueSorts(NOW)).toEqual([]);
      });

      it('lists an item from its time on', async () => {
        await create('s', 1, { due: NOW });
        expect(await dueSorts(NOW - 1)).toEqual([]);
        expect(await dueSorts(NOW)).toEqual(['s']);
        expect(await dueSorts(NOW + HOUR)).toEqual(['s']);
      });

      it('lists whole items', async () => {
        await create('s', { a: 1 }, { due: NOW, expires: NOW + HOUR });
        expect(await store.due(NOW, 10)).toStrictEqual([
          { ...at('s'), version: 1, body: { a: 1 }, due: NOW, expires: NOW + HOUR },
        ]);
      });

      it('lists the earliest first, whatever the keys', async () => {
        for (const [sort, due] of Object.entries({ a: 30, b: 10, c: 20, d: 5, e: 25 }))
          await create(sort, 1, { due });
        expect(await dueSorts(NOW)).toEqual(['d', 'b', 'c', 'e', 'a']);
      });

      it('compares times as numbers', async () => {
        for (const due of [9, 10, 100, 1_000_000_000_000, 9.5]) await create(`${due}`, 1, { due });
        expect(await dueSorts(NOW)).toEqual(['9', '9.5', '10', '100', '1000000000000']);
      });

      it.each([1, 2, 3])('lists at most %s', async (limit) => {
        for (const [sort, due] of Object.entries({ a: 3, b: 2, c: 1 })) await create(sort, 1, { due });
        expect(await dueSorts(NOW, limit)).toEqual(['c', 'b', 'a'].slice(0, limit));
      });

      it('lists what is due at the same time, all of it', async () => {
        for (const sort of ['a', 'b', 'c']) await create(sort, 1, { due: NOW });
        expect((await dueSorts(NOW)).toSorted()).toEqual(['a', 'b', 'c']);
      });

      it('lists 250 at once, and the earliest of them where it is to list fewer', async () => {
        const all = Array.from({ length: 250 }, (_, n) => String(n).padStart(3, '0'));
        await Promise.all(all.map((sort, n) => create(sort, 1, { due: NOW + n })));
        expect(await dueSorts(NOW + HOUR)).toEqual(all);
        expect(await dueSorts(NOW + HOUR, 120)).toEqual(all.slice(0, 120));
        expect(await dueSorts(NOW + 9)).toEqual(all.slice(0, 10));
      });

      it('lists every body whole, however large they are together', async () => {
        for (let n = 0; n < 8; n++) await create(`${n}`, `${n}${noise(299_999)}`, { due: NOW + n });
        const items = await store.due<string>(NOW + HOUR, 10);
        expect(items.map(({ body }) => [body.length, body[0]])).toEqual(
          Array.from({ length: 8 }, (_, n) => [300_000, `${n}`]),
        );
      });

      it('lists across partitions', async () => {
        for (const [n, name] of ['x', 'y', 'z'].entries()) {
          await store.put(
            { partition: `${partition}${name}`, sort: 's', body: 1, due: NOW - n },
            'absent',
            id(),
          );
        }
        expect((await store.due(NOW, 10)).map((item) => item.partition)).toEqual(
          ['z', 'y', 'x'].map((name) => `${partition}${name}`),
        );
      });

      it('follows a time that moves', async () => {
        await create('s', 1, { due: NOW });
        await store.put({ ...at('s'), body: 1, due: NOW + HOUR }, 1, id());
        expect(await dueSorts(NOW)).toEqual([]);
        expect(await dueSorts(NOW + HOUR)).toEqual(['s']);
        await store.put({ ...at('s'), body: 1, due: NOW - HOUR }, 2, id());
        expect(await dueSorts(NOW - HOUR)).toEqual(['s']);
      });

      it('forgets an item whose time vanishes', async () => {
        await create('s', 1, { due: NOW });
        await store.put({ ...at('s'), body: 1 }, 1, id());
        expect(await dueSorts(NOW + HOUR)).toEqual([]);
        expect(await store.get(at('s'))).toBeDefined();
      });

      it('finds an item whose time appears', async () => {
        await create('s');
        await store.put({ ...at('s'), body: 1, due: NOW }, 1, id());
        expect(await dueSorts(NOW)).toEqual(['s']);
      });

      it('forgets an item that is removed', async () => {
        await create('s', 1, { due: NOW });
        await store.delete(at('s'), 1);
        expect(await dueSorts(NOW)).toEqual([]);
      });

      it('is not moved by a write that lost', async () => {
        await create('s', 1, { due: NOW });
        await store.put({ ...at('s'), body: 2, due: NOW + HOUR }, 7, id());
        await store.put({ ...at('s'), body: 2 }, 'absent', id());
        expect(await dueSorts(NOW)).toEqual(['s']);
      });
    });

    describe('writers at the same time', () => {
      it('one of 50 creates it', async () => {
        const won = await Promise.all(Array.from({ length: 50 }, (_, n) => create('s', n)));
        expect(won.filter(Boolean)).toHaveLength(1);
        expect((await store.get(at('s')))?.body).toBe(won.indexOf(true));
      });

      it('one of 50 replaces it', async () => {
        await create('s', 'old');
        const puts = Array.from({ length: 50 }, (_, n) => store.put({ ...at('s'), body: n }, 1, id()));
        const won = await Promise.all(puts);
        expect(won.filter(Boolean)).toHaveLength(1);
        expect(await store.get(at('s'))).toEqual({ ...at('s'), version: 2, body: won.indexOf(true) });
      });

      it('one of 20 removes it', async () => {
        await create('s');
        const won = await Promise.all(Array.from({ length: 20 }, () => store.delete(at('s'), 1)));
        expect(won.filter(Boolean)).toHaveLength(1);
      });

      it('either it is replaced or removed, never both', async () => {
        for (let n = 0; n < 20; n++) {
          await create(`${n}`);
          const [replaced, removed] = await Promise.all([
            store.put({ ...at(`${n}`), body: 'new' }, 1, id()),
            store.delete(at(`${n}`), 1),
          ]);
          expect([replaced, removed].filter(Boolean)).toHaveLength(1);
          expect(await store.get(at(`${n}`))).toEqual(
            replaced ? { ...at(`${n}`), version: 2, body: 'new' } : undefined,
          );
        }
      });

      it('the same write doubled is one write, and both copies are won', async () => {
        const copies = Array.from({ length: 10 }, () => store.put({ ...at('s'), body: 1 }, 'absent', 'copy'));
        expect(await Promise.all(copies)).toEqual(Array(10).fill(true));
        expect((await store.get(at('s')))?.version).toBe(1);
      });

      it('20 counters that each count to 10 by compare-and-set make 200', async () => {
        await create('s', 0);
        const count = async () => {
          for (let done = 0; done < 10; ) {
            const item = (await store.get<number>(at('s'))) as Item<number>;
            if (await store.put({ ...at('s'), body: item.body + 1 }, item.version, id())) done++;
          }
        };
        await Promise.all(Array.from({ length: 20 }, count));
        expect(await store.get(at('s'))).toEqual({ ...at('s'), version: 201, body: 200 });
      });

      it('300 writes to as many items are all won', async () => {
        const won = await Promise.all(Array.from({ length: 300 }, (_, n) => create(`${n}`, n)));
        expect(won.every(Boolean)).toBe(true);
        expect(await store.list(partition)).toHaveLength(300);
      });
    });
  });
}
