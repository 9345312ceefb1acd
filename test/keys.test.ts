import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkKey } from '../lib/adapters/encode.ts';
import { digits, endOf, key, time } from '../lib/keys.ts';
import { byUtf8 } from './kit/memory-store.ts';

type Segments = [string, ...string[]];

/** Segments as hostile as they come: separators, escapes, lone surrogates, hashes of others, 1,000 characters. */
const segment = fc.oneof(
  fc.string({ unit: fc.constantFrom('/', '%', ';', '~', '#', 'a', '0', '2', 'f', 'e') }),
  fc.string({ unit: 'binary' }),
  fc
    .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 6 })
    .map((units) => String.fromCharCode(...units)),
  fc.string({ minLength: 200, maxLength: 1000 }),
  fc.constantFrom(
    '',
    '\ud800',
    '\udfff',
    '\ufffd',
    '\u{10ffff}',
    '%;',
    '%2f;',
    'x'.repeat(1000),
    'é'.repeat(1000),
  ),
);
const segments = fc.array(segment, { minLength: 1, maxLength: 3 }).map((list) => list as Segments);
const heavy = { numRuns: Number(process.env.WATCHBILL_RUNS ?? 1000) };

describe('key', () => {
  it.each<[Segments, string]>([
    [['api'], 'api'],
    [['check', 'api', 'down'], 'check/api/down'],
    [['a/b', '50%'], 'a%2f;b/50%25;'],
    [['', ''], '%;/%;'],
    [['#', 'é 日 😀'], '#/é 日 😀'],
    [['\ud800', '\u0000'], '%d800;/%0;'],
  ])('joins %j to %j', (from, to) => {
    expect(key(...from)).toBe(to);
  });

  it('gives different keys to different segments, whatever they hold', () => {
    fc.assert(
      fc.property(segments, segments, (a, b) => {
        expect(key(...a) === key(...b)).toBe(JSON.stringify(a) === JSON.stringify(b));
      }),
      heavy,
    );
  });

  it('gives different keys to segments that differ in one place only', () => {
    fc.assert(
      fc.property(segment, segment, segment, (a, b, c) => {
        fc.pre(b !== c);
        expect(key(a, b)).not.toBe(key(a, c));
        expect(key(b + a)).not.toBe(key(c + a));
        expect(key(a + b)).not.toBe(key(a + c));
        expect(key(a, b)).not.toBe(key(a + b));
      }),
      heavy,
    );
  });

  it('gives keys that every store takes', () => {
    fc.assert(
      fc.property(segments, (list) => checkKey({ partition: key(...list), sort: key(...list) })),
      heavy,
    );
  });

  it('keeps the order of numbers of one width, whatever comes behind them', () => {
    const number = fc.nat({ max: 99_999 });
    fc.assert(
      fc.property(segment, number, number, segment, segment, (head, a, b, x, y) => {
        fc.pre(a < b);
        expect(byUtf8(key(head, digits(a, 5), x), key(head, digits(b, 5), y))).toBeLessThan(0);
      }),
      heavy,
    );
  });

  it('lies between its beginning and the end of that, and nothing else does', () => {
    fc.assert(
      fc.property(segments, segments, (head, other) => {
        const [from, to] = [`${key(...head)}/`, endOf(...head)];
        const inside = byUtf8(from, key(...other)) <= 0 && byUtf8(key(...other), to) <= 0;
        const below = other.length > head.length && head.every((text, index) => other[index] === text);
        expect(inside).toBe(below);
        expect(byUtf8(key(...head, ...other), to)).toBeLessThan(0);
      }),
      heavy,
    );
  });
});

describe('digits', () => {
  it.each<[number, number, string]>([
    [0, 1, '0'],
    [7, 3, '007'],
    [999, 3, '999'],
    [Number.MAX_SAFE_INTEGER, 16, '9007199254740991'],
  ])('%s in %s digits is %s', (value, width, text) => {
    expect(digits(value, width)).toBe(text);
  });

  it.each([
    [1000, 3],
    [-1, 3],
    [1.5, 3],
    [Number.NaN, 3],
    [1e21, 30],
    [Number.POSITIVE_INFINITY, 10],
  ])('%s does not fit into %s digits', (value, width) => {
    expect(() => digits(value, width)).toThrow(RangeError);
  });

  it('writes times in one width from the epoch on', () => {
    expect([0, Date.UTC(2026, 0, 1), Date.UTC(5138, 0, 1)].map(time)).toEqual([
      '00000000000000',
      '01767225600000',
      '99972403200000',
    ]);
  });
});
