import fc from 'fast-check';
import { afterAll, describe, it } from 'vitest';
import { parseHost } from '../../lib/net/host.ts';
import { createPolicy } from '../../lib/net/policy.ts';
import { countSections } from '../kit/sections.ts';

countSections();

/** Six properties of twenty addresses each: 10,000 runs make 1,200,000. */
const RUNS = { numRuns: Number(process.env.WATCHBILL_RUNS ?? 50) * 20 };

let checked = 0;
afterAll(() => {
  process.stdout.write(`J20: ${checked} addresses held against the oracle\n`);
});

/**
 * The oracle: IANA's registries of special addresses (iana.org/assignments/iana-ipv4-special-registry and
 * iana-ipv6-special-registry) typed in as numbers, and the metadata service that has a public address.
 */
const SPECIAL_4: readonly (readonly [first: number, bits: number])[] = [
  [0x00000000, 8], // this network
  [0x0a000000, 8], // private
  [0x64400000, 10], // shared
  [0x7f000000, 8], // loopback
  [0xa9fe0000, 16], // link-local
  [0xac100000, 12], // private
  [0xc0000000, 24], // protocol assignments
  [0xc0000200, 24], // documentation
  [0xc0586300, 24], // 6to4 relays
  [0xc0a80000, 16], // private
  [0xc6120000, 15], // benchmarking
  [0xc6336400, 24], // documentation
  [0xcb007100, 24], // documentation
  [0xe0000000, 4], // multicast
  [0xf0000000, 4], // reserved, broadcast
  [0xa83f8110, 32], // 168.63.129.16
];
const SPECIAL_6: readonly (readonly [first: bigint, bits: number])[] = [
  [0x0n << 124n, 3], // below 2000::/3: loopback, IPv4 inside, NAT64, discard …
  [0x4n << 124n, 2], // above it: not given out …
  [0x8n << 124n, 1], // … private, link-local, multicast
  [0x20010000n << 96n, 23], // protocol assignments, Teredo; a few of them are global, and not tried here
  [0x20010db8n << 96n, 32], // documentation
  [0x2002n << 112n, 16], // 6to4
  [0x3fff0n << 108n, 20], // documentation
];

const isSpecial4 = (ip: number): boolean =>
  SPECIAL_4.some(([first, bits]) => ip >= first && ip < first + 2 ** (32 - bits));
const isSpecial6 = (ip: bigint): boolean =>
  SPECIAL_6.some(([first, bits]) => ip >> BigInt(128 - bits) === first >> BigInt(128 - bits));

/** Any IPv4 address; every other one lies within a step or two of the edge of a special range. */
const ip4 = fc.oneof(
  fc.nat(0xffffffff),
  fc
    .tuple(fc.constantFrom(...SPECIAL_4), fc.boolean(), fc.integer({ min: -2, max: 2 }))
    .map(([[first, bits], atEnd, step]) => {
      const edge = (atEnd ? first + 2 ** (32 - bits) : first) + step;
      return Math.min(Math.max(edge, 0), 0xffffffff);
    }),
);
const special4 = fc
  .tuple(fc.constantFrom(...SPECIAL_4), fc.nat(0xffffffff))
  .map(([[first, bits], at]) => first + (at % 2 ** (32 - bits)));
const bits = (count: number) => fc.bigInt({ min: 0n, max: (1n << BigInt(count)) - 1n });
const global6 = bits(125)
  .map((rest) => (0x1n << 125n) | rest)
  .filter((ip) => !isSpecial6(ip));
const special6 = fc
  .tuple(fc.constantFrom(...SPECIAL_6), bits(128))
  .map(([[first, length], rest]) => first | (rest & ((1n << BigInt(128 - length)) - 1n)));

const octets = (ip: number): number[] => [24, 16, 8, 0].map((shift) => (ip >>> shift) & 255);
const dotted = (ip: number): string => octets(ip).join('.');
const groups = (ip: bigint): string[] => ip.toString(16).padStart(32, '0').match(/.{4}/g) ?? [];
const colons = (ip: bigint): string => groups(ip).join(':');
const within = (text: string, from: string, to: string): string =>
  [...text]
    .map((c) =>
      String.fromCodePoint((c.codePointAt(0) ?? 0) - (from.codePointAt(0) ?? 0) + (to.codePointAt(0) ?? 0)),
    )
    .join('');

/** Ways to write an IPv4 address that a URL parser takes for it. */
const SPELLINGS: readonly ((ip: number) => string)[] = [
  dotted,
  String,
  (ip) => `0x${ip.toString(16)}`,
  (ip) => `0X${ip.toString(16).toUpperCase().padStart(12, '0')}`,
  (ip) => `0${ip.toString(8)}`,
  (ip) =>
    octets(ip)
      .map((octet) => `0x${octet.toString(16)}`)
      .join('.'),
  (ip) =>
    octets(ip)
      .map((octet) => `0${octet.toString(8).padStart(3, '0')}`)
      .join('.'),
  (ip) => `${ip >>> 24}.${ip & 0xffffff}`,
  (ip) => `0x${(ip >>> 24).toString(16)}.${(ip >>> 16) & 255}.0${(ip & 0xffff).toString(8)}`,
  (ip) => `${dotted(ip)}.`,
  (ip) => dotted(ip).replaceAll('.', '。'),
  (ip) => dotted(ip).replaceAll('.', '｡'),
  (ip) =>
    octets(ip)
      .map((octet) => within(String(octet), '0', '０'))
      .join('．'),
  (ip) =>
    octets(ip)
      .map((octet) => within(String(octet), '0', '𝟎'))
      .join('.'),
];

/** IPv6 addresses that carry an IPv4 address, `rest` being the bits that are free. */
const CARRIERS: readonly ((ip: bigint, rest: bigint) => bigint)[] = [
  (ip) => ip, // IPv4-compatible
  (ip) => (0xffffn << 32n) | ip, // mapped
  (ip) => (0xffff0000n << 32n) | ip, // translated
  (ip) => (0x0064ff9bn << 96n) | ip, // NAT64
  (ip, rest) => (0x0064ff9b0001n << 80n) | ((rest & 0xffffffffffffn) << 32n) | ip, // NAT64, local
  (ip, rest) => (0x2002n << 112n) | (ip << 80n) | (rest & ((1n << 80n) - 1n)), // 6to4
  (ip, rest) => (0x20010000n << 96n) | (ip << 64n) | (rest & ((1n << 64n) - 1n)), // Teredo, the server
  (ip, rest) => (0x20010000n << 96n) | ((rest & 0xffffffffffffffffn) << 32n) | (ip ^ 0xffffffffn), // Teredo, the client
];

const strict = createPolicy({ allow: [], self: [] });
const isRefused = (address: string): boolean => strict.refuses(address, 443) !== undefined;

function everyOne<T>(arbitrary: fc.Arbitrary<T>, isRight: (item: T) => boolean): void {
  const counted = (item: T): boolean => {
    checked += 1;
    return isRight(item);
  };
  fc.assert(fc.property(arbitrary, counted), RUNS);
}

describe('the guard', { timeout: 600_000 }, () => {
  it('J20 refuses an IPv4 address exactly when it is special', () => {
    everyOne(ip4, (ip) => isRefused(dotted(ip)) === isSpecial4(ip));
  });

  it('J20 refuses a special IPv4 address however it is spelled', () => {
    everyOne(fc.tuple(special4, fc.constantFrom(...SPELLINGS)), ([ip, spell]) => {
      const host = parseHost(spell(ip));
      return (
        host === dotted(ip) &&
        strict.refusesHost(host, 443) !== undefined &&
        parseHost(new URL(`http://${spell(ip)}/`).hostname) === host
      );
    });
  });

  it('J20 refuses every IPv6 address that carries an IPv4 address', () => {
    everyOne(fc.tuple(fc.constantFrom(...CARRIERS), ip4, bits(128)), ([carry, ip, rest]) =>
      isRefused(colons(carry(BigInt(ip), rest))),
    );
  });

  it('J20 refuses a metadata service inside an IPv6 address, whatever network.allow lists', () => {
    const lax = createPolicy({ allow: ['0.0.0.0/0', '::/0'], self: [] });
    const metadata = fc.constantFrom(
      0xa9fea9fen,
      0xa9feaa02n,
      0xa9feaa17n,
      0x646464c8n,
      0xc00000c0n,
      0xa83f8110n,
    );
    everyOne(
      fc.tuple(fc.constantFrom(...CARRIERS), metadata, bits(128)),
      ([carry, ip, rest]) => lax.refuses(colons(carry(ip, rest)), 443) !== undefined,
    );
  });

  it('J20 refuses a special IPv6 address', () => {
    everyOne(
      special6.filter((ip) => ip >> 105n !== 0x20010000n >> 9n),
      (ip) => isRefused(colons(ip)),
    );
  });

  it('J20 permits a global IPv6 address, in its short form and in full', () => {
    everyOne(global6, (ip) => {
      const host = parseHost(colons(ip));
      return (
        host !== undefined && !isRefused(colons(ip)) && !isRefused(host) && parseHost(`[${host}]`) === host
      );
    });
  });
});
