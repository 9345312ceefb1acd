import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../lib/adapters/local/clock.ts';
import { createNet } from '../../lib/net/create.ts';
import { Fault, type Target } from '../../lib/net/net.ts';
import { a, type DnsServer, type Script, startDnsServer } from '../kit/dns-server.ts';
import { listen, saysNothing } from '../kit/sockets.ts';

const signal = new AbortController().signal;
const LOOPBACK = ['127.0.0.0/8', '::1/128'];
const openAtEnd: { close(): unknown }[] = [];

afterEach(async () => {
  for (const one of openAtEnd.splice(0).reverse()) await one.close();
  vi.unstubAllEnvs();
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

  it('refuses our own status server, by whatever name', async () => {
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

  it('A24 takes no notice of proxies in the environment', async () => {
    const server = await started(listen(saysNothing));
    for (const name of ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'http_proxy'])
      vi.stubEnv(name, 'http://127.0.0.9:9');
    vi.stubEnv('NODE_USE_ENV_PROXY', '1');
    expect(await outcome({ host: '127.0.0.1', port: server.port })).toBe('127.0.0.1');
  });

  it('A22 says self_fds when the process has no file descriptor left, for an address and for a name', async () => {
    const server = await started(listen(saysNothing));
    expect(await outOfDescriptors('127.0.0.1', server.port)).toBe('self_fds unknown');
    expect(await outOfDescriptors('some.test', server.port)).toBe('self_fds unknown');
  });
});

/** Dials in a process that has used up its descriptors. */
async function outOfDescriptors(host: string, port: number): Promise<string> {
  const lib = (path: string) => JSON.stringify(new URL(`../../lib/${path}`, import.meta.url).href);
  const script = `
    import { openSync } from 'node:fs';
    import { createNet } from ${lib('net/create.ts')};
    import { systemClock as clock } from ${lib('adapters/local/clock.ts')};
    const net = createNet({ clock, allow: ['127.0.0.0/8'], self: [] });
    const limits = { deadline: clock.monotonic() + 10_000, signal: new AbortController().signal };
    try { for (;;) openSync('/dev/null'); } catch {}
    const fault = await net.dial({ host: ${JSON.stringify(host)}, port: ${port} }, limits).catch((error) => error);
    process.stdout.write(fault.reason + ' ' + fault.status);
  `;
  const child = spawn(
    'bash',
    ['-c', 'ulimit -n 64; exec "$0" --input-type=module -e "$1"', process.execPath, script],
    {
      cwd: fileURLToPath(new URL('.', import.meta.url)),
    },
  );
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return out || err;
}
