import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../lib/adapters/local/clock.ts';
import { hostsFile, parseHosts } from '../../lib/net/hosts.ts';
import { Fault } from '../../lib/net/net.ts';
import { createResolver } from '../../lib/net/resolver.ts';
import type { Clock } from '../../lib/ports.ts';
import { VirtualClock } from '../kit/clock.ts';
import {
  a,
  cname,
  type DnsServer,
  manyA,
  type Reply,
  type Script,
  startDnsServer,
  type Zone,
} from '../kit/dns-server.ts';
import { countSections } from '../kit/sections.ts';

countSections();

const signal = new AbortController().signal;
const noHosts = async () => [];
const aaaa = (name: string, data: string) => ({ type: 'AAAA' as const, name, data, ttl: 60 });
const root: Reply = { answers: [{ type: 'NS', name: '.', data: 'a.root-servers.net', ttl: 60 }] };

const servers: DnsServer[] = [];
afterEach(() => Promise.all(servers.splice(0).map((server) => server.close())));

async function serve(script: Zone | Script, options = {}): Promise<DnsServer> {
  const server = await startDnsServer(script, options);
  servers.push(server);
  return server;
}

const resolverOf = (server: DnsServer, clock: Clock = systemClock) =>
  createResolver({ clock, hosts: noHosts, servers: [server.address] });

const soon = (clock: Clock = systemClock) => ({ deadline: clock.monotonic() + 30_000, signal });

async function faultOf(promise: Promise<unknown>): Promise<Fault> {
  const error = await promise.then(
    (value) => new Error(`it resolved to ${value}`),
    (error) => error,
  );
  expect(error).toBeInstanceOf(Fault);
  return error;
}

describe('the resolver', () => {
  it('asks for both families at once, and again each time', async () => {
    const server = await serve({
      'A two.test': { answers: [a('two.test', '192.0.2.1')] },
      'AAAA two.test': { answers: [aaaa('two.test', '2001:db8::1')] },
    });
    const resolve = resolverOf(server);
    expect(await resolve('two.test', soon())).toEqual(['192.0.2.1', '2001:db8::1']);
    expect(await resolve('two.test', soon())).toEqual(['192.0.2.1', '2001:db8::1']);
    expect(server.asked.map(({ type }) => type).sort()).toEqual(['A', 'A', 'AAAA', 'AAAA']);
  });

  it('follows the aliases in the answer', async () => {
    const server = await serve({
      'A www.test': { answers: [cname('www.test', 'web.test'), a('web.test', '192.0.2.1')] },
      'AAAA www.test': {},
    });
    expect(await resolverOf(server)('www.test', soon())).toEqual(['192.0.2.1']);
  });

  it('waits 50 ms for the other family once one has answered', async () => {
    const server = await serve({
      'A half.test': { answers: [a('half.test', '192.0.2.1')] },
      'AAAA half.test': [],
    });
    const clock = new VirtualClock();
    const resolving = resolverOf(server, clock)('half.test', soon(clock));
    await server.received(2);
    while (clock.pending < 2) await clock.advance(0);
    await clock.advance(50);
    expect(await resolving).toEqual(['192.0.2.1']);
    expect(clock.monotonic()).toBe(50);
    expect(clock.pending).toBe(0);
  });

  const silence: Script = () => [];
  const refusal =
    (rcode: NonNullable<Reply['rcode']>): Script =>
    () => ({ rcode });
  const cases: readonly [string, Script, string, string][] = [
    ['NXDOMAIN', refusal('NXDOMAIN'), 'dns_nxdomain', 'broken.test does not exist.'],
    [
      'SERVFAIL',
      refusal('SERVFAIL'),
      'dns_servfail',
      'broken.test cannot be resolved: the name server failed.',
    ],
    [
      'REFUSED',
      refusal('REFUSED'),
      'dns_refused',
      'broken.test cannot be resolved: the name server refused the question.',
    ],
    ['NODATA', () => ({}), 'dns_nodata', 'broken.test has no address.'],
    ['silence', silence, 'dns_timeout', 'broken.test cannot be resolved: no answer in time.'],
    [
      'a broken packet',
      () => ({
        bytes: (query) => Buffer.concat([query.subarray(0, 2), Buffer.from('8180000100010000', 'hex')]),
      }),
      'dns_error',
      'broken.test cannot be resolved: the answer is not usable.',
    ],
  ];

  it.each(cases)(
    'A13 takes %s for the fault of the name once the resolver answers others',
    async (_, script, reason, message) => {
      const server = await serve((asked) => (asked.type === 'NS' ? root : script(asked)));
      const clock = new VirtualClock();
      const failing = faultOf(resolverOf(server, clock)('broken.test', soon(clock)));
      await server.received(2);
      if (reason === 'dns_timeout') await clock.advance(5_000);
      expect(await failing).toMatchObject({ reason, status: 'down', message });
    },
  );

  it.each(cases)(
    'A13 takes %s for our own fault when the resolver says it to everything',
    async (_, script, reason) => {
      const server = await serve(script);
      const clock = new VirtualClock();
      const failing = faultOf(resolverOf(server, clock)('broken.test', soon(clock)));
      if (reason === 'dns_timeout') {
        await server.received(2);
        await clock.advance(5_000);
        await server.received(3);
        await clock.advance(4_999);
        expect(clock.pending).toBe(1);
        await clock.advance(1);
      }
      expect(await failing).toMatchObject({ reason: 'self_dns', status: 'unknown' });
      expect(clock.pending).toBe(0);
    },
  );

  it('gives the question half of the time that is left, and the control question half of the rest', async () => {
    const server = await serve(silence);
    const clock = new VirtualClock();
    const failing = faultOf(resolverOf(server, clock)('broken.test', { deadline: 1_000, signal }));
    await server.received(2);
    await clock.advance(500);
    await server.received(3);
    await clock.advance(250);
    expect(await failing).toMatchObject({ reason: 'self_dns' });
  });

  it('ends at once when it is aborted', async () => {
    const server = await serve(silence);
    const clock = new VirtualClock();
    const stop = new AbortController();
    const failing = faultOf(
      resolverOf(server, clock)('broken.test', { deadline: 10_000, signal: stop.signal }),
    );
    await server.received(2);
    stop.abort();
    expect(await failing).toMatchObject({ reason: 'self_dns' });
    expect(clock.pending).toBe(0);
  });

  it('A14 hangs for one name without delaying 50 others', async () => {
    const server = await serve(({ name, type }) =>
      name === 'hung.test' ? [] : type === 'A' ? { answers: [a(name, '192.0.2.1')] } : {},
    );
    const clock = new VirtualClock();
    const resolve = resolverOf(server, clock);
    const hung = faultOf(resolve('hung.test', soon(clock)));
    await server.received(2);
    const others = Array.from({ length: 50 }, (_, i) => resolve(`n${i}.test`, soon(clock)));
    expect(new Set((await Promise.all(others)).flat())).toEqual(new Set(['192.0.2.1']));
    expect(clock.monotonic()).toBe(0);
    await clock.advance(5_000);
    expect(await hung).toMatchObject({ reason: 'dns_timeout' });
  });

  it('A15 asks again over TCP when the answer is truncated', async () => {
    const server = await serve(({ name, type, transport }) =>
      type !== 'A' ? {} : transport === 'udp' ? { truncated: true } : { answers: manyA(name, 200) },
    );
    expect(await resolverOf(server)('big.test', soon())).toHaveLength(200);
  });

  it('A15 says dns_error when the answer is truncated and TCP is refused', async () => {
    const script: Script = ({ type }) => (type === 'NS' ? root : { truncated: true });
    const server = await serve(script, { tcp: 'refused' });
    expect(await faultOf(resolverOf(server)('big.test', soon()))).toMatchObject({
      reason: 'dns_error',
      status: 'down',
    });
  });

  it.each<[string, Script]>([
    [
      'a circle',
      ({ name }) => ({ answers: [cname(name, name === 'loop.test' ? 'pool.test' : 'loop.test')] }),
    ],
    ['a chain of 20', ({ name }) => ({ answers: [cname(name, `1.${name}`)] })],
  ])('A16 says dns_error for %s of aliases', async (_, script) => {
    const server = await serve((asked) => (asked.type === 'NS' ? root : script(asked)));
    const fault = await faultOf(resolverOf(server)('loop.test', soon()));
    expect(fault).toMatchObject({ reason: 'dns_error', status: 'down' });
  });

  it('says dns_nodata for an alias of a name without an address', async () => {
    const server = await serve(({ name, type }) =>
      type === 'NS' ? root : name === 'www.test' ? { answers: [cname('www.test', 'web.test')] } : {},
    );
    expect(await faultOf(resolverOf(server)('www.test', soon()))).toMatchObject({ reason: 'dns_nodata' });
  });

  it.each<[string, Reply]>([
    ['the wrong id', { idOffset: 1 }],
    ['another question', { questions: [{ type: 'A', name: 'other.test' }] }],
    ['another sender', { forged: true }],
  ])('A18 ignores an answer with %s', async (_, lie) => {
    const server = await serve(({ name, type }) =>
      type === 'A' ? [{ ...lie, answers: [a(name, '192.0.2.66')] }, { answers: [a(name, '192.0.2.1')] }] : {},
    );
    expect(await resolverOf(server)('spoofed.test', soon())).toEqual(['192.0.2.1']);
  });

  it('A18 ignores a second answer', async () => {
    const server = await serve(({ name, type }) =>
      type === 'A' ? [{ answers: [a(name, '192.0.2.1')] }, { answers: [a(name, '192.0.2.66')] }] : {},
    );
    expect(await resolverOf(server)('twice.test', soon())).toEqual(['192.0.2.1']);
  });

  it('asks the next name server when the first one is closed', async () => {
    const closed = await serve({});
    await closed.close();
    servers.splice(servers.indexOf(closed), 1);
    const server = await serve(({ name, type }) => (type === 'A' ? { answers: [a(name, '192.0.2.1')] } : {}));
    const resolve = createResolver({
      clock: systemClock,
      hosts: noHosts,
      servers: [closed.address, server.address],
    });
    expect(await resolve('some.test', soon())).toEqual(['192.0.2.1']);
  });
});

describe('names that are not asked of DNS', () => {
  const unasked = createResolver({
    clock: systemClock,
    hosts: async (name) => (name === 'box' ? ['192.0.2.7'] : []),
    servers: ['127.0.0.1:1'],
  });

  it.each([
    ['localhost', ['127.0.0.1', '::1']],
    ['api.localhost', ['127.0.0.1', '::1']],
    ['box', ['192.0.2.7']],
  ])('resolves %s to %j', async (name, addresses) => {
    expect(await unasked(name, soon())).toEqual(addresses);
  });

  it('reads a hosts file as the system does', () => {
    const text =
      '127.0.0.1\tlocalhost Box.test # comment\n#1.2.3.4 no\n::1 localhost\r\nfe80::1%lo0 localhost\nnonsense x\n';
    expect(Object.fromEntries(parseHosts(text))).toEqual({
      localhost: ['127.0.0.1', '::1'],
      'box.test': ['127.0.0.1'],
    });
  });

  it('sees a change of the hosts file after five seconds, and its absence as an empty one', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'watchbill-'));
    const path = join(folder, 'hosts');
    const clock = new VirtualClock();
    const hosts = hostsFile(path, clock);
    expect(await hosts('box')).toEqual([]);
    await writeFile(path, '192.0.2.8 box');
    expect(await hosts('box')).toEqual([]);
    await clock.advance(5_001);
    expect(await hosts('box')).toEqual(['192.0.2.8']);
    await rm(folder, { recursive: true });
  });

  it('says so when the hosts file cannot be read, and reads it again next time', async () => {
    const path = await mkdtemp(join(tmpdir(), 'watchbill-')); // a folder, where a file should be
    const resolve = createResolver({
      clock: new VirtualClock(),
      hosts: hostsFile(path, new VirtualClock()),
      servers: ['127.0.0.1:1'],
    });
    const fault = await faultOf(resolve('box', soon()));
    expect(fault).toMatchObject({ reason: 'self_dns', message: 'The hosts file cannot be read (EISDIR).' });
    await rm(path, { recursive: true });
    await writeFile(path, '192.0.2.9 box');
    expect(await resolve('box', soon())).toEqual(['192.0.2.9']);
    await rm(path);
  });
});
