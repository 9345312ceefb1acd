import { networkInterfaces } from 'node:os';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../lib/adapters/local/clock.ts';
import { ask } from '../../lib/net/dns.ts';
import type { RecordType } from '../../lib/net/dns-records.ts';
import { Fault } from '../../lib/net/net.ts';
import type { Clock } from '../../lib/ports.ts';
import { settle, VirtualClock } from '../kit/clock.ts';
import {
  a,
  type DnsServer,
  type DnsServerOptions,
  encode,
  manyA,
  type Reply,
  type Script,
  startDnsServer,
} from '../kit/dns-server.ts';
import { countSections } from '../kit/sections.ts';

countSections();

const hasIPv6 = Object.values(networkInterfaces())
  .flat()
  .some((one) => one?.address === '::1');

const servers: DnsServer[] = [];
afterEach(() => Promise.all(servers.splice(0).map((server) => server.close())));

async function serve(script: Script, options: DnsServerOptions = {}): Promise<DnsServer> {
  const server = await startDnsServer(script, options);
  servers.push(server);
  return server;
}

interface Setting {
  readonly clock?: Clock;
  readonly type?: RecordType;
  readonly deadline?: number;
  readonly signal?: AbortSignal;
}

/** What `server` says to a question for `acme.test`. */
function answerOf(server: DnsServer, setting: Setting = {}) {
  const { clock = systemClock, type = 'A', signal = new AbortController().signal } = setting;
  const deadline = setting.deadline ?? clock.monotonic() + 10_000;
  return ask(
    clock,
    { address: server.host, port: server.port },
    { name: 'acme.test', type },
    { deadline, signal },
  );
}

async function faultOf(promise: Promise<unknown>): Promise<Fault> {
  const error = await promise.then(
    (value) => new Error(`it was answered ${JSON.stringify(value)}`),
    (error) => error,
  );
  if (!(error instanceof Fault)) throw error;
  return error;
}

const RIGHT: Reply = { answers: [a('acme.test', '192.0.2.10')] };
const LIE: Reply = { answers: [a('acme.test', '203.0.113.66')] };

describe('a question', () => {
  it('is answered over UDP, with everything that the answer says', async () => {
    const server = await serve(() => ({ ...RIGHT, authoritative: true }));
    expect(await answerOf(server)).toEqual({
      rcode: 'NOERROR',
      records: [{ name: 'acme.test', type: 'A', ttl: 60, text: '192.0.2.10' }],
      authoritative: true,
      transport: 'udp',
      server: server.address,
    });
  });

  it.skipIf(!hasIPv6)('reaches a server over IPv6 (where the machine has it)', async () => {
    const server = await serve(() => RIGHT, { host: '::1' });
    expect(await answerOf(server)).toMatchObject({ rcode: 'NOERROR', server: `[::1]:${server.port}` });
  });

  it('asks for recursion, under another id and from another port each time', async () => {
    const server = await serve(() => RIGHT);
    for (let i = 0; i < 10; i++) await answerOf(server);
    expect(new Set(server.asked.map(({ query }) => query.readUInt16BE(0))).size).toBeGreaterThan(8);
    expect(new Set(server.asked.map(({ from }) => from)).size).toBeGreaterThan(8);
    expect(server.asked.every(({ query }) => query.readUInt16BE(2) === 0x0100)).toBe(true);
  });

  it.each(['FORMERR', 'SERVFAIL', 'NXDOMAIN', 'NOTIMP', 'REFUSED'] as const)(
    'A13 hears %s as an answer',
    async (rcode) => {
      const server = await serve(() => ({ rcode }));
      expect(await answerOf(server)).toMatchObject({ rcode, records: [] });
    },
  );

  it('hears a server that could not read the question and left it out', async () => {
    const server = await serve(() => ({ rcode: 'FORMERR', questions: [] }));
    expect(await answerOf(server)).toMatchObject({ rcode: 'FORMERR' });
  });

  it('goes out once more after a second, when the first datagram was lost', async () => {
    const server = await serve(({ nth }) => (nth === 1 ? [] : RIGHT));
    const clock = new VirtualClock();
    const answer = answerOf(server, { clock });
    await server.received(1);
    await clock.advance(999);
    expect(server.asked).toHaveLength(1);
    await clock.advance(1);
    expect(await answer).toMatchObject({ rcode: 'NOERROR' });
    expect(server.asked).toHaveLength(2);
    expect(clock.pending).toBe(0);
  });

  it('A14 ends in dns_timeout at the limit, after two datagrams', async () => {
    const server = await serve(() => []);
    const clock = new VirtualClock();
    const fault = faultOf(answerOf(server, { clock, deadline: 5_000 }));
    await server.received(1);
    await clock.advance(4_999);
    await server.received(2);
    expect(clock.pending).toBe(1);
    await clock.advance(1);
    expect(await fault).toMatchObject({
      reason: 'dns_timeout',
      status: 'down',
      message: `The name server ${server.address} did not answer in time.`,
      facts: { server: server.address },
    });
    expect(server.asked).toHaveLength(2);
    expect(clock.pending).toBe(0);
  });

  it('ends at once when it is aborted', async () => {
    const server = await serve(() => []);
    const clock = new VirtualClock();
    const stop = new AbortController();
    const fault = faultOf(answerOf(server, { clock, signal: stop.signal }));
    await server.received(1);
    stop.abort();
    expect(await fault).toMatchObject({ reason: 'dns_timeout' });
    expect(clock.pending).toBe(0);
    expect(await faultOf(answerOf(server, { clock, signal: stop.signal }))).toMatchObject({
      reason: 'dns_timeout',
    });
  });

  it('is refused at once by a closed port', async () => {
    const closed = await startDnsServer({});
    await closed.close();
    const fault = await faultOf(answerOf(closed));
    expect(fault).toMatchObject({
      reason: 'connect_refused',
      message: `The name server ${closed.address} cannot be asked (ECONNREFUSED).`,
    });
  });

  it('A23 blames our own network when not even a packet can be sent', async () => {
    const nowhere = { address: '255.255.255.255', port: 53 }; // broadcasts are forbidden to a socket that didn't ask
    const limits = { deadline: 10_000, signal: new AbortController().signal };
    const asking = ask(new VirtualClock(), nowhere, { name: 'acme.test', type: 'A' }, limits);
    expect(await faultOf(asking)).toMatchObject({ reason: 'self_network', status: 'unknown' });
  });
});

describe('a truncated answer', () => {
  const overTcp =
    (reply: Reply | Reply[]): Script =>
    ({ transport }) =>
      transport === 'udp' ? { truncated: true } : reply;

  it('A15 is asked for again over TCP', async () => {
    const server = await serve(overTcp({ answers: manyA('acme.test', 200) }));
    const answer = await answerOf(server);
    expect(answer).toMatchObject({ rcode: 'NOERROR', transport: 'tcp' });
    expect(answer.records).toHaveLength(200);
    expect(server.asked.map(({ transport }) => transport)).toEqual(['udp', 'tcp']);
  });

  it('A15 may be cut in the middle of a record', async () => {
    const cut: Reply = {
      bytes: (query) => encode({ ...RIGHT, truncated: true }, query).subarray(0, -3),
    };
    const server = await serve(({ transport }) => (transport === 'udp' ? cut : RIGHT));
    expect(await answerOf(server)).toMatchObject({ rcode: 'NOERROR', transport: 'tcp' });
  });

  it('has room for 65,535 bytes, in pieces of any size', async () => {
    const answers = manyA('acme.test', 2_400);
    const message = (query: Buffer) => {
      const room = 0xffff - encode({ answers }, query).length - 11; // root, type, class, TTL, length
      return encode({ answers, additionals: [{ type: 'NULL', name: '.', data: Buffer.alloc(room) }] }, query);
    };
    const server = await serve(overTcp({ bytes: message, pieces: 997 }));
    expect((await answerOf(server)).records).toHaveLength(2_400);
  });

  it.each<[string, Reply, string]>([
    ['another id', { ...LIE, idOffset: 1 }, 'says something else over TCP than an answer to the question'],
    [
      'another question',
      { ...LIE, questions: [{ type: 'A', name: 'other.test' }] },
      'says something else over TCP than an answer to the question',
    ],
    [
      'a truncated answer again',
      { ...RIGHT, truncated: true },
      'says something else over TCP than an answer to the question',
    ],
    [
      'nothing but the end',
      { stream: Buffer.alloc(0), ending: 'end' },
      'closed the connection before the end of its answer',
    ],
    [
      'half an answer and the end',
      { stream: Buffer.from([0, 40, 1, 2, 3]), ending: 'end' },
      'closed the connection before the end of its answer',
    ],
    [
      'an empty message',
      { stream: Buffer.from([0, 0]) },
      'says something else over TCP than an answer to the question',
    ],
    [
      'a reset',
      { stream: Buffer.from([0]), ending: 'reset' },
      'cut its answer short, and TCP fails (ECONNRESET)',
    ],
  ])('A15 is dns_error when TCP brings %s', async (_, reply, words) => {
    const server = await serve(overTcp(reply));
    expect(await faultOf(answerOf(server))).toMatchObject({
      reason: 'dns_error',
      status: 'down',
      message: `The name server ${server.address} ${words}.`,
    });
  });

  it('A15 is dns_error when TCP is refused', async () => {
    const server = await serve(() => ({ truncated: true }), { tcp: 'refused' });
    expect(await faultOf(answerOf(server))).toMatchObject({
      reason: 'dns_error',
      status: 'down',
      message: `The name server ${server.address} cut its answer short, and TCP fails (ECONNREFUSED).`,
    });
  });

  it('A15 is dns_timeout when TCP brings nothing until the limit', async () => {
    const server = await serve(({ transport }) => (transport === 'udp' ? { truncated: true } : []));
    const clock = new VirtualClock();
    const fault = faultOf(answerOf(server, { clock }));
    await server.received(2);
    await clock.advance(10_000);
    expect(await fault).toMatchObject({
      reason: 'dns_timeout',
      message: expect.stringContaining('over TCP'),
    });
    expect(clock.pending).toBe(0);
  });
});

describe('a packet that is no answer to the question', () => {
  const stranger =
    (reply: Reply): Script =>
    () => [{ ...LIE, ...reply }, RIGHT];

  it.each<[string, Reply]>([
    ['another id', { idOffset: 1 }],
    ['another name in its question', { questions: [{ type: 'A', name: 'acme.tesu' }] }],
    ['a longer name in its question', { questions: [{ type: 'A', name: 'www.acme.test' }] }],
    ['another type in its question', { questions: [{ type: 'AAAA', name: 'acme.test' }] }],
    ['another class in its question', { questions: [{ type: 'A', name: 'acme.test', class: 'CH' }] }],
    ['no question', { questions: [] }],
    [
      'two questions',
      {
        questions: [
          { type: 'A', name: 'acme.test' },
          { type: 'A', name: 'acme.test' },
        ],
      },
    ],
    ['another sender', { forged: true }],
    ['the question instead of an answer', { bytes: (query) => query }],
    [
      'another opcode',
      { bytes: (query) => Buffer.concat([query.subarray(0, 2), Buffer.from([0xa0]), query.subarray(3)]) },
    ],
    ['no bytes', { bytes: Buffer.alloc(0) }],
    ['eleven bytes', { bytes: (query) => query.subarray(0, 11) }],
    ['64 KB of noise', { bytes: Buffer.alloc(60_000, 0xff) }],
  ])('A18 is ignored: %s', async (_, reply) => {
    const server = await serve(stranger(reply));
    expect(await answerOf(server)).toMatchObject({ records: [{ text: '192.0.2.10' }] });
  });

  it('A18 is ignored: a second answer', async () => {
    const server = await serve(() => [RIGHT, LIE]);
    expect(await answerOf(server)).toMatchObject({ records: [{ text: '192.0.2.10' }] });
  });

  it('A18 is counted for whoever looks into a timeout', async () => {
    const server = await serve(() => [
      { ...LIE, idOffset: 1 },
      { ...LIE, idOffset: 2 },
    ]);
    const clock = new VirtualClock();
    const fault = faultOf(answerOf(server, { clock, deadline: 100 }));
    await server.received(1);
    await clock.advance(99);
    await server.received(2);
    for (let turn = 0; turn < 20; turn++) await settle(); // on loopback what is sent has arrived
    await clock.advance(1);
    expect(await fault).toMatchObject({
      reason: 'dns_timeout',
      message: `The name server ${server.address} did not answer in time (4 packets were no answer to it).`,
    });
  });

  it('takes a question in other letters for the same', async () => {
    const server = await serve(() => ({ ...RIGHT, questions: [{ type: 'A', name: 'ACME.Test' }] }));
    expect(await answerOf(server)).toMatchObject({ records: [{ text: '192.0.2.10' }] });
  });
});
