import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../lib/adapters/local/clock.ts';
import { createNet } from '../../lib/net/create.ts';
import { Fault, type Target } from '../../lib/net/net.ts';
import { selfSigned } from '../kit/ca.ts';
import { a, type DnsServer, type Script, startDnsServer } from '../kit/dns-server.ts';
import { countSections } from '../kit/sections.ts';
import { listen, saysNothing } from '../kit/sockets.ts';
import { httpsServer } from '../kit/tls-server.ts';

countSections();

const signal = new AbortController().signal;
const LOOPBACK = ['127.0.0.0/8', '::1/128'];
const openAtEnd: { close(): unknown }[] = [];

afterEach(async () => {
  for (const one of openAtEnd.splice(0).reverse()) await one.close();
});

async function started<T extends { close(): unknown }>(starting: Promise<T>): Promise<T> {
  const one = await starting;
  openAtEnd.push(one);
  return one;
}

/** A name server that gives each name the addresses of a table, and has no IPv6. */
const names = (table: Readonly<Record<string, readonly string[]>>): Promise<DnsServer> =>
  started(
    startDnsServer(({ name, type }) =>
      type === 'A' ? { answers: (table[name] ?? []).map((ip) => a(name, ip)) } : {},
    ),
  );

interface Setting {
  readonly allow?: readonly string[];
  readonly self?: readonly { host: string; port: number }[];
  readonly dns?: DnsServer;
}

const netOf = ({ allow = LOOPBACK, self = [], dns }: Setting = {}) =>
  createNet({ clock: systemClock, allow, self, ...(dns && { servers: [dns.address] }) });

const soon = () => ({ deadline: systemClock.monotonic() + 10_000, signal });

/** What came of a dial: the address that was reached, or the fault. */
async function outcome(target: Target, setting: Setting = {}): Promise<string> {
  try {
    const { socket, address } = await netOf(setting).dial(target, soon());
    socket.destroy();
    return address;
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return `${error.reason}: ${error.message}`;
  }
}

describe('a dial', () => {
  it('reaches a literal address and tells how long it took', async () => {
    const server = await started(listen(saysNothing));
    const dialled = await netOf().dial({ host: '127.0.0.1', port: server.port }, soon());
    dialled.socket.destroy();
    expect(dialled).toMatchObject({ address: '127.0.0.1', family: 4, port: server.port, facts: {} });
    expect(dialled.phases).toEqual({ connect: expect.any(Number) });
  });

  it('reaches a name, and localhost without asking DNS', async () => {
    const server = await started(listen(saysNothing));
    const dns = await names({ 'api.test': ['127.0.0.1'] });
    const dialled = await netOf({ dns }).dial({ host: 'API.test.', port: server.port }, soon());
    dialled.socket.destroy();
    expect(dialled.phases).toEqual({ dns: expect.any(Number), connect: expect.any(Number) });
    const asked = dns.asked.length;
    expect(await outcome({ host: 'localhost', port: server.port }, { dns })).toBe('127.0.0.1');
    expect(dns.asked).toHaveLength(asked);
  });

  it('goes to connectTo in place of the name, on its port where it has one', async () => {
    const server = await started(listen(saysNothing));
    const dns = await names({});
    const { port } = server;
    for (const target of [
      { host: 'api.test', port: 443, connectTo: { host: '127.0.0.1', port } },
      { host: 'api.test', port, connectTo: { host: '127.0.0.1', port: undefined } },
    ])
      expect(await outcome(target, { dns })).toBe('127.0.0.1');
    expect(dns.asked).toEqual([]);
    expect(await outcome({ host: '127.0.0.1', port, connectTo: { host: '10.0.0.1', port } })).toMatch(
      /^target_refused/,
    );
  });

  it.each([
    [
      '10.0.0.1',
      80,
      'target_refused: 10.0.0.1 is not a public address; list its network in "network.allow" to permit it.',
    ],
    ['169.254.169.254', 80, 'target_refused: 169.254.169.254 is a metadata service and is never dialled.'],
    [
      'metadata.google.internal.',
      80,
      'target_refused: metadata.google.internal is a metadata service and is never dialled.',
    ],
    ['127.0.0.1', 0, 'target_refused: Port 0 cannot be dialled.'],
    ['127.0.0.1', 65_536, 'target_refused: Port 65536 cannot be dialled.'],
    ['no host', 80, 'dns_error: "no host" is not a host name.'],
  ])('refuses %s port %d', async (host, port, why) => {
    expect(await outcome({ host, port })).toBe(why);
  });

  it('J07 refuses our own status server, by whatever name', async () => {
    const server = await started(listen(saysNothing));
    const dns = await names({ 'status.test': ['127.0.0.1'] });
    const self = [{ host: '127.0.0.1', port: server.port }];
    for (const host of ['127.0.0.1', 'localhost', 'status.test'])
      expect(await outcome({ host, port: server.port }, { dns, self })).toMatch(
        /^target_refused: .*Watchbill itself/,
      );
    expect(server.count).toBe(0);
  });

  it('J13 refuses a name when one of its addresses is refused', async () => {
    const dns = await names({ 'mixed.test': ['127.0.0.1', '10.0.0.1'] });
    const message =
      'target_refused: mixed.test: 10.0.0.1 is not a public address; list its network in "network.allow" to permit it.';
    expect(await outcome({ host: 'mixed.test', port: 80 }, { dns })).toBe(message);
  });

  it('takes of localhost the addresses that are allowed', async () => {
    const server = await started(listen(saysNothing));
    expect(await outcome({ host: 'x.localhost', port: server.port }, { allow: ['127.0.0.0/8'] })).toBe(
      '127.0.0.1',
    );
    expect(await outcome({ host: 'x.localhost', port: server.port }, { allow: [] })).toMatch(
      /^target_refused/,
    );
  });

  it('A19 A20 J14 dials the address that it checked, and asks anew for the next dial', async () => {
    const server = await started(listen(saysNothing));
    const flip: Script = ({ name, type, nth }) =>
      type === 'A' ? { answers: [a(name, nth === 1 ? '127.0.0.1' : '10.0.0.1', 0)] } : {};
    const dns = await started(startDnsServer(flip));
    const target = { host: 'flip.test', port: server.port };
    const first = await netOf({ dns }).dial(target, soon());
    expect(first.address).toBe('127.0.0.1');
    expect(dns.asked.filter(({ type }) => type === 'A')).toHaveLength(1);
    expect(await outcome(target, { dns })).toMatch(/^target_refused: flip.test: 10.0.0.1/);
    first.socket.destroy();
  });

  it('A09 falls over to the address that answers', async () => {
    const server = await started(listen(saysNothing, { host: '127.0.0.3' }));
    const dns = await names({ 'two.test': ['127.0.0.2', '127.0.0.3'] });
    expect(await outcome({ host: 'two.test', port: server.port }, { dns })).toBe('127.0.0.3');
  });

  it('tells the time of each phase when the connection fails, too', async () => {
    const server = await started(listen(saysNothing));
    const dns = await names({ 'gone.test': ['127.0.0.9'] });
    const fault = await netOf({ dns })
      .dial({ host: 'gone.test', port: server.port }, soon())
      .catch((error) => error);
    expect(fault).toMatchObject({
      reason: 'connect_refused',
      phases: { dns: expect.any(Number), connect: expect.any(Number) },
    });
  });

  it('A24 takes no notice of proxies and of TLS settings in the environment', async () => {
    const stranger = selfSigned({ names: ['api.test'] });
    const server = await started(httpsServer(stranger, (_, response) => response.end('ok')));
    const folder = await mkdtemp(join(tmpdir(), 'watchbill-'));
    await writeFile(join(folder, 'ca.pem'), stranger.pem);
    const proxy = 'http://127.0.0.9:9';
    const env = {
      ...Object.fromEntries(
        ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'http_proxy', 'https_proxy'].map((name) => [name, proxy]),
      ),
      NODE_USE_ENV_PROXY: '1',
      NODE_TLS_REJECT_UNAUTHORIZED: '0',
      NODE_EXTRA_CA_CERTS: join(folder, 'ca.pem'),
      NODE_NO_WARNINGS: '1',
    };
    const fetching = `
      const { exchange } = await import(${lib('net/http.ts')});
      const connectTo = { host: '127.0.0.1', port: ${server.port} };
      const request = { url: new URL('https://api.test/'), method: 'GET', headers: {}, connectTo };
      const { reason, status } = await exchange(net, request, limits).catch((error) => error);
      process.stdout.write(reason + ' ' + status);
    `;
    expect(await elsewhere(fetching, { env })).toBe('self_signed down');
    await rm(folder, { recursive: true });
  });

  it.each(['127.0.0.1', 'some.test'])(
    'A22 says self_fds when no file descriptor is left, dialling %s',
    async (host) => {
      const { port } = await started(listen(saysNothing));
      const dialling = `
      const { openSync } = await import('node:fs');
      try { for (;;) openSync('/dev/null'); } catch {}
      const { reason, status } = await net.dial({ host: '${host}', port: ${port} }, limits).catch((error) => error);
      process.stdout.write(reason + ' ' + status);
    `;
      expect(await elsewhere(dialling, { before: 'ulimit -n 64;' })).toBe('self_fds unknown');
    },
  );

  it.each(['{ host: "127.0.0.1", port: 53 }', 'undefined'])(
    'A22 says self_fds when no file descriptor is left, asking the name server %s',
    async (resolver) => {
      const asking = `
      const { openSync } = await import('node:fs');
      try { for (;;) openSync('/dev/null'); } catch {}
      const question = { name: 'some.test', type: 'A' };
      const { reason, status } = await net.ask(question, ${resolver}, limits).catch((error) => error);
      process.stdout.write(reason + ' ' + status);
    `;
      expect(await elsewhere(asking, { before: 'ulimit -n 64;' })).toBe('self_fds unknown');
    },
  );
});

const lib = (path: string): string => JSON.stringify(new URL(`../../lib/${path}`, import.meta.url).href);

/** What a process of its own prints that has a \`net\` and its \`limits\`. */
async function elsewhere(script: string, { env = {}, before = '' }): Promise<string> {
  const whole = `
    import { createNet } from ${lib('net/create.ts')};
    import { systemClock as clock } from ${lib('adapters/local/clock.ts')};
    const net = createNet({ clock, allow: ['127.0.0.0/8'], self: [] });
    const limits = { deadline: clock.monotonic() + 10_000, signal: new AbortController().signal };
    ${script}
  `;
  const command = `${before} exec "$0" --input-type=module -e "$1"`;
  const child = spawn('bash', ['-c', command, process.execPath, whole], { env: { ...process.env, ...env } });
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return out || err;
}
