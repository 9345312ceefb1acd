import { networkInterfaces } from 'node:os';
import { describe, expect, it } from 'vitest';
import { createPolicy, isCidr } from '../../lib/net/policy.ts';
import { countSections } from '../kit/sections.ts';

countSections();

const strict = createPolicy({ allow: [], self: [] });
const METADATA = 'is a metadata service and is never dialled';

describe('without network.allow', () => {
  it.each([
    '8.8.8.8',
    '1.1.1.1',
    '172.15.255.255',
    '172.32.0.1',
    '100.63.255.255',
    '100.128.0.0',
    '11.0.0.0',
    '192.31.196.1',
    '2606:4700::1111',
    '2a00:1450::1',
    '2001:200::1',
    '2620:4f:8000::1',
  ])('J08 a public address is allowed: %s', (address) => {
    expect(strict.refuses(address, 443)).toBeUndefined();
  });

  it.each([
    '127.0.0.1',
    '10.1.2.3',
    '172.16.0.0',
    '172.31.255.255',
    '192.168.1.1',
    '169.254.1.1',
    '100.64.0.0',
    '100.127.255.255',
    '192.0.2.1',
    '198.18.0.1',
    '224.0.0.1',
    '240.0.0.1',
    '255.255.255.255',
    '0.1.2.3',
  ])('J08 a special IPv4 address is refused: %s', (address) => {
    expect(strict.refuses(address, 443)).toBe(
      `${address} is not a public address; list its network in "network.allow" to permit it.`,
    );
  });

  it.each([
    '::1',
    'fe80::1',
    'febf::1',
    'fec0::1',
    'fc00::1',
    'fd12::1',
    'ff02::1',
    '100::1',
    '2001:db8::1',
    '5f00::1',
    '3fff::1',
    '4000::1',
    '2001:10::1',
  ])('J05 a special IPv6 address is refused: %s', (address) => {
    expect(strict.refuses(address, 443)).toMatch(/is not a public address/);
  });

  it.each([
    '::ffff:8.8.8.8',
    '::8.8.8.8',
    '::ffff:0:8.8.8.8',
    '64:ff9b::8.8.8.8',
    '64:ff9b:1::8.8.8.8',
    '2002:808:808::1',
    '2001:0:808:808::f7f7:f7f7',
  ])('J04 an IPv4 address inside an IPv6 address is refused, a public one too: %s', (address) => {
    expect(strict.refuses(address, 443)).toMatch(/is not a public address/);
  });
});

describe('network.allow', () => {
  it('J18 permits what it lists and nothing else', () => {
    const policy = createPolicy({ allow: ['10.1.0.0/16', 'fd00:1::/32'], self: [] });
    const permitted = [
      '10.1.0.0',
      '10.1.255.255',
      '10.0.255.255',
      '10.2.0.0',
      'fd00:1::5',
      'fd00:2::5',
      '127.0.0.1',
      '::ffff:10.1.0.1',
    ];
    expect(permitted.filter((address) => policy.refuses(address, 80) === undefined)).toEqual([
      '10.1.0.0',
      '10.1.255.255',
      'fd00:1::5',
    ]);
  });

  it('J18 permits an address inside another only when both are listed', () => {
    const nat64 = createPolicy({ allow: ['64:ff9b::/96'], self: [] });
    expect(nat64.refuses('64:ff9b::8.8.8.8', 80)).toBeUndefined();
    expect(nat64.refuses('64:ff9b::10.0.0.1', 80)).toMatch(/^10\.0\.0\.1 is not a public address/);
    const both = createPolicy({ allow: ['64:ff9b::/96', '10.0.0.0/8'], self: [] });
    expect(both.refuses('64:ff9b::10.0.0.1', 80)).toBeUndefined();
  });

  const everything = createPolicy({ allow: ['0.0.0.0/0', '::/0'], self: [] });

  it.each([
    ...[
      '169.254.169.254',
      '169.254.170.2',
      '169.254.170.23',
      '100.100.100.200',
      '192.0.0.192',
      '168.63.129.16',
    ],
    ...['fd00:ec2::254', 'fd00:ec2::23', 'fd20:ce::254'],
    ...[
      '::ffff:169.254.169.254',
      '::169.254.169.254',
      '::ffff:0:169.254.169.254',
      '64:ff9b::169.254.169.254',
      '64:ff9b:1::169.254.169.254',
    ],
    ...['2002:a9fe:a9fe::1', '2001:0:a9fe:a9fe::1', '2001:0:808:808::5601:5601'],
  ])('J18 never permits a metadata service: %s', (address) => {
    expect(everything.refuses(address, 80)).toContain(METADATA);
  });

  it('J17 never permits an address of no host, nor port 0', () => {
    for (const address of ['0.0.0.0', '::', '::ffff:0.0.0.0'])
      expect(everything.refuses(address, 80)).toMatch(/no address to dial/);
    for (const port of [0, -1, 1.5, 65_536, Number.NaN])
      for (const refusal of [
        everything.refuses('8.8.8.8', port),
        everything.refusesHost('example.com', port),
      ])
        expect(refusal).toMatch(/cannot be dialled/);
    expect(everything.refuses('127.0.0.1', 80)).toBeUndefined();
    expect(everything.refuses('::1', 80)).toBeUndefined();
  });

  it.each(['10.0.0.0/8', '10.0.0.1/32', '0.0.0.0/0', 'fd00::/8', '::1/128', '::/0'])('takes %s', (text) => {
    expect(isCidr(text)).toBe(true);
  });

  it.each([
    '10.0.0.1',
    '10.0.0.0/33',
    '10.0.0.0/',
    '10/8',
    '0x7f.0.0.1/8',
    '::1/129',
    '10.0.0.0/8/8',
    '10.0.0.0/-1',
    '10.0.0.0/ 8',
    'fe80::1%eth0/64',
    'localhost/8',
    '',
  ])('does not take %j', (text) => {
    expect(isCidr(text)).toBe(false);
    expect(() => createPolicy({ allow: [text], self: [] })).toThrow(TypeError);
  });
});

describe('Watchbill itself', () => {
  const allow = ['0.0.0.0/0', '::/0'];
  const refused = (host: string, addresses: readonly string[]) => {
    const policy = createPolicy({ allow, self: [{ host, port: 8080 }] });
    return addresses.filter((address) => policy.refuses(address, 8080) !== undefined);
  };

  it('J07 is never dialled, its neighbours and its other ports are', () => {
    const policy = createPolicy({ allow, self: [{ host: '127.0.0.1', port: 9001 }] });
    expect(policy.refuses('127.0.0.1', 9001)).toBe(
      'Port 9001 of 127.0.0.1 is Watchbill itself and is never dialled.',
    );
    expect(policy.refuses('::ffff:127.0.0.1', 9001)).toMatch(/Watchbill itself/);
    for (const [address, port] of [
      ['127.0.0.1', 9002],
      ['127.0.0.2', 9001],
    ] as const)
      expect(policy.refuses(address, port)).toBeUndefined();
    expect(policy.refuses('127.0.0.1')).toBeUndefined();
  });

  it('J07 is every address of the machine when it listens on all of them', () => {
    const mine = Object.values(networkInterfaces()).flatMap(
      (some) => some?.map(({ address }) => address) ?? [],
    );
    for (const host of ['0.0.0.0', '::'])
      expect(refused(host, [...mine, '127.8.8.8', '::1', '8.8.8.8'])).toEqual([...mine, '127.8.8.8', '::1']);
  });

  it('J07 is all of loopback when it listens on localhost', () => {
    expect(refused('localhost', ['127.0.0.1', '::1', '10.0.0.1'])).toEqual(['127.0.0.1', '::1']);
  });

  it('has to be told by its address', () => {
    for (const host of ['status.test', 'no host']) expect(() => refused(host, [])).toThrow(TypeError);
  });
});

describe('a host as it is written', () => {
  it.each([
    ['127.0.0.1', true],
    ['::1', true],
    ['8.8.8.8', false],
    ['localhost', true],
    ['foo.localhost', true],
    ['metadata.google.internal', true],
    ['metadata.amazonaws.com', true],
    ['example.com', false],
  ])('J09 %s refused: %s', (host, isRefused) => {
    expect(strict.refusesHost(host, 80) !== undefined).toBe(isRefused);
  });

  it('may be localhost when one of its addresses is allowed', () => {
    const allowed = (allow: string[]) =>
      createPolicy({ allow, self: [] }).refusesHost('localhost', 80) === undefined;
    expect([allowed(['127.0.0.0/8']), allowed(['::1/128']), allowed(['10.0.0.0/8'])]).toEqual([
      true,
      true,
      false,
    ]);
  });

  it('may never be the name of a metadata service', () => {
    const everything = createPolicy({ allow: ['0.0.0.0/0', '::/0'], self: [] });
    expect(everything.refusesHost('metadata.google.internal', 80)).toContain(METADATA);
  });
});
