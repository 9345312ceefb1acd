import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Answer } from 'dns-packet';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../lib/adapters/local/clock.ts';
import { createNet } from '../../lib/net/create.ts';
import { Fault, type Limits } from '../../lib/net/net.ts';
import { exchangeFollowing } from '../../lib/net/redirects.ts';
import { a, type DnsServer, type Script, startDnsServer } from '../kit/dns-server.ts';
import { countSections } from '../kit/sections.ts';
import { listen, saysNothing } from '../kit/sockets.ts';

countSections();

const openAtEnd: { close(): unknown }[] = [];
afterEach(async () => {
  for (const one of openAtEnd.splice(0)) await one.close();
});

async function started<T extends { close(): unknown }>(starting: Promise<T>): Promise<T> {
  const one = await starting;
  openAtEnd.push(one);
  return one;
}

const PERMITTED = '127.0.0.1';
const allow = [`${PERMITTED}/32`];
const limits = (): Limits => ({
  deadline: systemClock.monotonic() + 10_000,
  signal: new AbortController().signal,
});
const netOf = (dns: DnsServer) => createNet({ clock: systemClock, allow, self: [], servers: [dns.address] });

const record = (name: string, data: string): Answer =>
  data.includes(':') ? { type: 'AAAA', name, data, ttl: 0 } : a(name, data, 0);

/** A name server that gives every name these addresses, the next list at each look-up. */
function resolvingTo(...rounds: readonly (readonly string[])[]): Promise<DnsServer> {
  const script: Script = ({ name, type, nth }) => {
    const round = rounds[Math.min(nth, rounds.length) - 1] ?? [];
    return {
      answers: round
        .filter((data) => data.includes(':') === (type === 'AAAA'))
        .map((data) => record(name, data)),
    };
  };
  return started(startDnsServer(script));
}

/** `target_refused` … or the address that was reached. */
async function dialled(dns: DnsServer, port: number): Promise<string> {
  try {
    const { socket, address } = await netOf(dns).dial({ host: 'evil.test', port }, limits());
    socket.destroy();
    return address;
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return `${error.status} ${error.reason}`;
  }
}

const REFUSED = 'unknown target_refused';

describe('a name', () => {
  it.each([
    ...[
      '127.0.0.2',
      '10.0.0.1',
      '192.168.1.1',
      '169.254.169.254',
      '0.0.0.0',
      '100.64.0.1',
      '192.0.2.1',
      '224.0.0.1',
      '255.255.255.255',
    ],
    ...[
      '::1',
      'fd00::1',
      'fe80::1',
      'fd00:ec2::254',
      '::ffff:127.0.0.1',
      '::ffff:10.0.0.1',
      '::127.0.0.1',
      '64:ff9b::10.0.0.1',
      '2002:a00:1::',
      '2001:0:7f00:1::',
    ],
  ])('J12 that resolves to %s is refused', async (address) => {
    const server = await started(listen(saysNothing));
    expect(await dialled(await resolvingTo([address]), server.port)).toBe(REFUSED);
    expect(server.count).toBe(0);
  });

  it.each([
    [[PERMITTED, '10.0.0.1']],
    [['10.0.0.1', PERMITTED]],
    [[PERMITTED, '::1']],
    [['8.8.8.8', '::ffff:8.8.8.8']],
  ])('J13 that resolves to %j is refused as a whole', async (addresses) => {
    const server = await started(listen(saysNothing));
    expect(await dialled(await resolvingTo(addresses), server.port)).toBe(REFUSED);
    expect(server.count).toBe(0);
  });

  it('J14 that changes after the check is dialled where the check found it', async () => {
    const server = await started(listen(saysNothing));
    const dns = await resolvingTo([PERMITTED], ['10.0.0.1']);
    expect(await dialled(dns, server.port)).toBe(PERMITTED);
    expect(dns.asked.map(({ type }) => type).sort()).toEqual(['A', 'AAAA']);
  });

  it('J15 is checked anew at each try', async () => {
    const server = await started(listen(saysNothing));
    const dns = await resolvingTo([PERMITTED], ['169.254.169.254'], [PERMITTED]);
    const tries = [
      await dialled(dns, server.port),
      await dialled(dns, server.port),
      await dialled(dns, server.port),
    ];
    expect(tries).toEqual([PERMITTED, REFUSED, PERMITTED]);
  });
});

describe('a redirect', () => {
  /** What comes of a GET to a permitted server that redirects to `to(port)`. */
  async function following(dns: DnsServer, to: (port: number) => string): Promise<string> {
    const server = createServer((_, response) =>
      response.writeHead(302, { location: Buffer.from(to(port)).toString('latin1') }).end(),
    );
    server.listen(0, PERMITTED);
    await once(server, 'listening');
    openAtEnd.push(server);
    const { port } = server.address() as AddressInfo;
    const request = { url: new URL(`http://evil.test:${port}/`), method: 'GET', headers: {} };
    const fault = await exchangeFollowing(netOf(dns), request, limits(), { max: 5, abroad: {} }).catch(
      (error) => error,
    );
    return fault instanceof Fault ? `${fault.status} ${fault.reason}` : String(fault);
  }

  it('J15 to the same name is checked anew', async () => {
    const dns = await resolvingTo([PERMITTED], ['10.0.0.1']);
    expect(await following(dns, (port) => `http://evil.test:${port}/next`)).toBe('down redirect_blocked');
  });

  it.each([
    ...[
      '127.0.0.2',
      '127.2',
      '2130706434',
      '0x7f000002',
      '0',
      '[::1]',
      '[::ffff:127.0.0.1]',
      '[::127.0.0.1]',
      '[64:ff9b::7f00:1]',
      '[2002:7f00:1::]',
      '[fe80::1]',
      '[fd00:ec2::254]',
    ],
    ...[
      '169.254.169.254',
      '100.100.100.200',
      'metadata.google.internal',
      '10.0.0.1',
      '192.0.2.1',
      '①②⑦.0.0.2',
    ],
  ])('J16 to %s is blocked, over http and https', async (host) => {
    const dns = await resolvingTo([PERMITTED]);
    expect(await following(dns, () => `http://${host}/`)).toBe('down redirect_blocked');
    expect(await following(dns, () => `https://${host}/`)).toBe('down redirect_blocked');
  });

  it.each([
    'file:///etc/passwd',
    'gopher://127.0.0.1/',
    'data:text/plain,x',
    'javascript:alert(1)',
    'ws://example.com/',
    'ftp://example.com/',
  ])('J11 to %s is refused', async (url) => {
    expect(await following(await resolvingTo([PERMITTED]), () => url)).toBe('down redirect_scheme_refused');
  });
});
