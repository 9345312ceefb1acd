import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../lib/adapters/local/clock.ts';
import { compile } from '../../lib/config/compile.ts';
import { createNet } from '../../lib/net/create.ts';
import { exchange } from '../../lib/net/http.ts';
import { Fault, type Limits } from '../../lib/net/net.ts';
import type { Json } from '../../lib/ports.ts';
import { type DnsServer, startDnsServer } from '../kit/dns-server.ts';
import { countSections } from '../kit/sections.ts';

countSections();

let dns: DnsServer;
beforeAll(async () => {
  dns = await startDnsServer({});
});
afterAll(() => dns.close());

/** What both the config and the probe say of a host: `refused` by the policy, or no host at all. */
type Verdict = 'refused' | 'invalid';

interface Hostile {
  readonly id: string;
  readonly hosts: readonly string[];
  readonly verdict: Verdict;
}

const LITERALS: readonly Hostile[] = [
  {
    id: 'J01',
    hosts: [
      '127.0.0.1',
      '127.1',
      '2130706433',
      '0x7f000001',
      '0177.0.0.1',
      '017700000001',
      '0',
      '0.0.0.0',
      '127.255.255.254',
      '0x7f.1',
      '127.0.0.1.',
    ],
    verdict: 'refused',
  },
  {
    id: 'J02',
    hosts: [
      '[::1]',
      '[::]',
      '[::ffff:127.0.0.1]',
      '[::ffff:7f00:1]',
      '[0:0:0:0:0:ffff:7f00:0001]',
      '[0000:0000:0000:0000:0000:0000:0000:0001]',
    ],
    verdict: 'refused',
  },
  { id: 'J03', hosts: ['[::127.0.0.1]', '[::7f00:1]', '[::10.0.0.1]', '[::8.8.8.8]'], verdict: 'refused' },
  {
    id: 'J04',
    hosts: [
      ...[
        '[::ffff:0:127.0.0.1]',
        '[::ffff:0:8.8.8.8]',
        '[64:ff9b::127.0.0.1]',
        '[64:ff9b::a9fe:a9fe]',
        '[64:ff9b::8.8.8.8]',
        '[64:ff9b:1::10.0.0.1]',
      ],
      ...[
        '[2002:7f00:1::]',
        '[2002:808:808::1]',
        '[2001:0:7f00:1::]',
        '[2001::f5ff:fffe]',
        '[2001:0:4136:e378:8000:63bf:3fff:fdd2]',
      ],
    ],
    verdict: 'refused',
  },
  {
    id: 'J05',
    hosts: [
      '[fe80::1]',
      '[fe90::1]',
      '[febf::1]',
      '[fec0::1]',
      '[feff::1]',
      '[fc00::1]',
      '[fdff::1]',
      '[fd00:ec2::254]',
      '[ff00::1]',
      '[ff02::1]',
      '[ffff::1]',
      '[100::1]',
      '[2001:db8::1]',
      '[5f00::1]',
    ],
    verdict: 'refused',
  },
  {
    id: 'J06',
    hosts: [
      '169.254.169.254',
      '169.254.170.2',
      '169.254.170.23',
      '100.100.100.200',
      '192.0.0.192',
      '168.63.129.16',
      'metadata.google.internal',
      'metadata.google.internal.',
      'METADATA.Google.Internal',
      'metadata.amazonaws.com',
      '0xa9fea9fe',
      '2852039166',
      '[::ffff:169.254.169.254]',
    ],
    verdict: 'refused',
  },
  {
    id: 'J08',
    hosts: [
      ...[
        '10.0.0.0',
        '10.255.255.255',
        '172.16.0.0',
        '172.31.255.255',
        '192.168.0.0',
        '192.168.255.255',
        '100.64.0.0',
        '100.127.255.255',
        '198.18.0.0',
        '198.19.255.255',
      ],
      ...[
        '192.0.2.0',
        '192.0.2.255',
        '198.51.100.1',
        '203.0.113.1',
        '192.88.99.1',
        '224.0.0.0',
        '239.255.255.255',
        '240.0.0.0',
        '255.255.255.255',
      ],
    ],
    verdict: 'refused',
  },
  {
    id: 'J09',
    hosts: [
      'localhost',
      'localhost.',
      'LOCALHOST',
      'foo.localhost',
      'ⓛⓞⓒⓐⓛⓗⓞⓢⓣ',
      '１２７.0.0.1',
      '127。0。0。1',
      '127．0．0．1',
      '①②⑦.⓪.⓪.①',
      'ｌocalhost',
    ],
    verdict: 'refused',
  },
];

/** Forms that are no host, and what a careless parser would make of them. */
const NO_HOSTS: readonly Hostile[] = [
  {
    id: 'J10',
    hosts: [
      '[fe80::1%eth0]',
      '[fe80::1%25eth0]',
      '127.0.0.1%00',
      '127.0.0.1%2e',
      '[::1',
      '256.256.256.256',
      '1.2.3.4.5',
      '0x7f.0.0.0.1',
      '0400.0.0.1',
      '127.0.0.1 ',
      '127.0.0.1\t',
      '127.0.0.1\0',
    ],
    verdict: 'invalid',
  },
];

const cases = [...LITERALS, ...NO_HOSTS].flatMap(({ id, hosts, verdict }) =>
  hosts.map((host) => [id, host, verdict] as const),
);

describe('without network.allow', () => {
  it.each(cases)(
    '%s %j in the host of a tcp check is %s, in the config and in the probe',
    async (_, host, verdict) => {
      expect(configured({ type: 'tcp', host, port: 80 })).toBe(verdict);
      expect(await dialled(host)).toBe(verdict);
      expect(dns.asked).toEqual([]);
    },
  );

  // a URL parser decodes %-escapes and drops tabs, and the guard sees what is left
  const inUrls = cases.filter(([, host]) => !/[%\s\0]/.test(host) || host.startsWith('['));

  it.each(inUrls)('%s %j in a URL is %s, in the config and in the probe', async (_, host, verdict) => {
    expect(configured({ type: 'http', url: `http://${host}/` })).toBe(verdict);
    expect(await fetched(`http://${host}/`)).toBe(verdict);
    expect(dns.asked).toEqual([]);
  });

  it.each([
    ['J10', 'http:\\\\127.0.0.1'],
    ['J10', 'http:127.0.0.1'],
    ['J10', 'http:///127.0.0.1'],
    ['J10', 'http:/127.0.0.1'],
    ['J10', 'http://user@127.0.0.1/'],
    ['J10', 'http://example.com@127.0.0.1/'],
    ['J10', 'http://example.com:80@127.0.0.1/'],
    ['J10', 'http://127.0.0.1#@example.com/'],
    ['J10', 'http://127.0.0.1\\@example.com/'],
    ['J10', 'http://127.0.0.1?@example.com/'],
    ['J10', 'http://127%2e0%2e0%2e1/'],
    ['J10', 'http://127.0.0.1%00/'],
    ['J10', 'http://127.0.0.1%09/'],
    ['J10', 'http://1\t27.0.0.1/'],
    ['J10', 'http://127.0.0.1\r\n/'],
    ['J10', ' http://127.0.0.1/'],
  ])('%s %j is taken by neither, and nothing is asked or dialled', async (_, url) => {
    expect(configured({ type: 'http', url })).not.toBe('taken');
    expect(await fetched(url)).not.toBe('dialled');
    expect(dns.asked).toEqual([]);
  });

  it.each([
    '8.8.8.8',
    '172.15.255.255',
    '172.32.0.0',
    '100.63.255.255',
    '100.128.0.0',
    '9.255.255.255',
    '11.0.0.0',
    '192.167.255.255',
    '192.169.0.0',
    '198.17.255.255',
    '198.20.0.0',
    '192.0.1.255',
    '192.0.3.0',
    '198.51.99.255',
    '198.51.101.0',
    '203.0.112.255',
    '203.0.114.0',
    '192.88.98.255',
    '192.88.100.0',
    '223.255.255.255',
    '169.253.255.255',
    '169.255.0.0',
    '126.255.255.255',
    '128.0.0.0',
    '1.0.0.0',
    '[2606:4700:4700::1111]',
  ])('J08 the neighbour %s is taken', (host) => {
    expect(configured({ type: 'tcp', host, port: 80 })).toBe('taken');
    expect(configured({ type: 'http', url: `http://${host}/` })).toBe('taken');
  });

  it.each([
    'file:///etc/passwd',
    'gopher://example.com/',
    'dict://example.com/',
    'ftp://example.com/',
    'data:text/plain,x',
    'javascript:alert(1)',
    'ws://example.com/',
    'wss://example.com/',
    'unix:/run/docker.sock',
    'http+unix://%2Frun%2Fdocker.sock/',
    'example.com',
    '//example.com/',
    '',
  ])('J11 %j is no URL for a check, nor for a canary or a webhook', (url) => {
    expect(configured({ type: 'http', url })).toBe('invalid');
    expect(mistakesOf({ observer: { canaries: [url] } })).toHaveLength(1);
    expect(mistakesOf({ notify: { webhook: { url, signingKey: { secret: 'KEY' } } } })).toHaveLength(1);
  });

  it.each([0, -1, 65_536, 1.5, '80', '007'])('J17 %j is no port', async (port) => {
    expect(configured({ type: 'tcp', host: 'example.com', port })).toBe('invalid');
  });

  it.each([
    'http://example.com:0/',
    'http://example.com:65536/',
    'http://example.com:-1/',
    'http://example.com:8 0/',
  ])('J17 %j is no URL', (url) => {
    expect(configured({ type: 'http', url })).toBe('invalid');
  });

  it.each([0, -1, 65_536, 1.5, Number.NaN])('J17 a dial of port %d is refused', async (port) => {
    expect(await dialled('8.8.8.8', port)).toBe('refused');
  });
});

const READ = () => {
  throw new Error('no file here');
};

const mistakesOf = (fields: Readonly<Record<string, Json>>) => {
  const compiled = compile({ name: 'Hostile', checks: [], ...fields }, READ);
  return 'mistakes' in compiled ? compiled.mistakes : [];
};

/** What the config says of a check. */
function configured(fields: Readonly<Record<string, Json>>): Verdict | 'taken' {
  const [mistake] = mistakesOf({ checks: [{ id: 'c', ...fields }] });
  if (!mistake) return 'taken';
  return /never dialled|not a public address|no address to dial/.test(mistake.message)
    ? 'refused'
    : 'invalid';
}

const limits = (): Limits => ({
  deadline: systemClock.monotonic() + 10_000,
  signal: new AbortController().signal,
});
const netOf = () => createNet({ clock: systemClock, allow: [], self: [], servers: [dns.address] });

/** What the probe says of a host. */
async function dialled(host: string, port = 80): Promise<Verdict | 'dialled' | string> {
  return verdictOf(netOf().dial({ host, port }, limits()));
}

/** What the probe says of a URL. */
async function fetched(text: string): Promise<Verdict | 'dialled' | string> {
  const url = URL.parse(text);
  return url ? verdictOf(exchange(netOf(), { url, method: 'GET', headers: {} }, limits())) : 'invalid';
}

async function verdictOf(attempt: Promise<unknown>): Promise<Verdict | 'dialled' | string> {
  try {
    await attempt;
    return 'dialled';
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    if (error.reason === 'target_refused' && error.status === 'unknown') return 'refused';
    return error.reason === 'dns_error' && error.message.endsWith('is not a host name.')
      ? 'invalid'
      : error.message;
  }
}
