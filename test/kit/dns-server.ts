import { createSocket, type RemoteInfo, type Socket as Udp } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Server, type Socket as Tcp } from 'node:net';
import * as dnsPacket from 'dns-packet';

/** Response codes by name: RFC 1035 §4.1.1, RFC 2136 §2.2. */
const RCODES = { NOERROR: 0, FORMERR: 1, SERVFAIL: 2, NXDOMAIN: 3, NOTIMP: 4, REFUSED: 5 } as const;

/** What one message says. Everything is optional: `{}` is a well-formed answer without records (NODATA). */
export interface Reply {
  readonly rcode?: keyof typeof RCODES;
  readonly answers?: readonly dnsPacket.Answer[];
  readonly authorities?: readonly dnsPacket.Answer[];
  readonly additionals?: readonly dnsPacket.Answer[];
  readonly authoritative?: boolean;
  /** Sets TC, and leaves the records in. */
  readonly truncated?: boolean;
  /** Added to the id of the question: anything but 0 is a wrong one. */
  readonly idOffset?: number;
  /** Takes the place of the question in the answer: another one, or none. */
  readonly questions?: readonly dnsPacket.Question[];
  /** Sent from another port, as a forger who isn't on the path would. UDP only. */
  readonly forged?: boolean;
  /** Sent in place of all of the above, as it is (on TCP behind a right length). */
  readonly bytes?: Buffer | ((query: Buffer) => Buffer);
  /** On TCP: sent as it is, without a length. */
  readonly stream?: Buffer;
  /** On TCP: the message arrives in pieces of so many bytes; otherwise as a whole. */
  readonly pieces?: number;
  /** On TCP: what follows the message; otherwise the connection stays open. */
  readonly ending?: 'end' | 'reset';
}

/** A question that arrived. */
export interface Asked {
  readonly name: string;
  readonly type: string;
  readonly transport: 'udp' | 'tcp';
  /** How often this name and type was asked, this time included. */
  readonly nth: number;
  /** The port that it came from. */
  readonly from: number;
  readonly query: Buffer;
}

/** What a question is answered with: one message, or several in a row; `[]` is silence. */
export type Script = (asked: Asked) => Reply | readonly Reply[];

/** The same as a table: `{ 'A acme.test': { answers } }`. What it doesn't list does not exist (NXDOMAIN). */
export type Zone = Readonly<Record<string, Reply | readonly Reply[] | Script>>;

export interface DnsServerOptions {
  /** Default 127.0.0.1. */
  readonly host?: '127.0.0.1' | '::1';
  /** Whether the port takes TCP connections as well; default: yes. */
  readonly tcp?: 'accepted' | 'refused';
}

/** A name server of our own on a free port of loopback, UDP and TCP, which says what it is told to. */
export interface DnsServer {
  readonly host: string;
  readonly port: number;
  /** `127.0.0.1:port` or `[::1]:port`: the form of the config. */
  readonly address: string;
  /** Every question so far, in order. */
  readonly asked: readonly Asked[];
  /** Waits until so many questions have arrived in all. */
  received(count: number): Promise<void>;
  close(): Promise<void>;
}

/** Starts one. A table answers by `TYPE name`, a function as it likes. */
export async function startDnsServer(
  script: Zone | Script,
  options: DnsServerOptions = {},
): Promise<DnsServer> {
  const host = options.host ?? '127.0.0.1';
  const { udp, tcp } = await bindBoth(host);
  const forger = await bindUdp(host, 0);
  const port = udp.address().port;
  const answer = typeof script === 'function' ? script : fromZone(script);
  const asked: Asked[] = [];
  const counts = new Map<string, number>();
  const connections = new Set<Tcp>();
  let waiting: { readonly count: number; readonly resolve: () => void }[] = [];

  function replies(query: Buffer, transport: Asked['transport'], from: number): readonly Reply[] {
    const [question] = dnsPacket.decode(query).questions ?? [];
    if (!question) throw new Error('a query without a question');
    const key = `${question.type} ${question.name}`;
    const nth = (counts.get(key) ?? 0) + 1;
    counts.set(key, nth);
    const one: Asked = { name: question.name, type: question.type, transport, nth, from, query };
    asked.push(one);
    for (const { resolve } of waiting.filter(({ count }) => count <= asked.length)) resolve();
    waiting = waiting.filter(({ count }) => count > asked.length);
    const reply = answer(one);
    return isList(reply) ? reply : [reply];
  }

  udp.on('message', (query: Buffer, from: RemoteInfo) => {
    for (const reply of replies(query, 'udp', from.port)) {
      (reply.forged ? forger : udp).send(encode(reply, query), from.port, from.address);
    }
  });
  tcp.on('connection', (socket: Tcp) => {
    connections.add(socket);
    socket.on('close', () => connections.delete(socket));
    socket.on('error', () => socket.destroy()); // the client may reset at any time
    readMessages(socket, (query) => {
      for (const reply of replies(query, 'tcp', socket.remotePort ?? 0)) writeReply(socket, reply, query);
    });
  });
  if (options.tcp === 'refused') await closeTcp(tcp);

  return {
    host,
    port,
    address: host === '::1' ? `[::1]:${port}` : `${host}:${port}`,
    asked,
    received: (count) =>
      asked.length >= count ? Promise.resolve() : new Promise((resolve) => waiting.push({ count, resolve })),
    async close() {
      for (const socket of connections) socket.destroy();
      await Promise.all([closeUdp(udp), closeUdp(forger), tcp.listening ? closeTcp(tcp) : undefined]);
    },
  };
}

/** Shorthands for records, with a TTL of 60 s. */
export const a = (name: string, data: string, ttl = 60): dnsPacket.Answer => ({ type: 'A', name, data, ttl });
export const cname = (name: string, data: string, ttl = 60): dnsPacket.Answer => ({
  type: 'CNAME',
  name,
  data,
  ttl,
});

/** `count` different A records of one name. */
export const manyA = (name: string, count: number): dnsPacket.Answer[] =>
  Array.from({ length: count }, (_, i) => a(name, `192.0.${2 + (i >> 8)}.${i & 255}`));

/** `length` CNAME records, each pointing to the next: `0.name` → `1.name` → … → `length.name`; `name` is the first. */
export const cnameChain = (name: string, length: number): dnsPacket.Answer[] =>
  Array.from({ length }, (_, i) => cname(i === 0 ? name : `${i}.${name}`, `${i + 1}.${name}`));

/** The message as bytes, in answer to `query`. */
export function encode(reply: Reply, query: Buffer): Buffer {
  if (reply.bytes) return typeof reply.bytes === 'function' ? reply.bytes(query) : reply.bytes;
  const asked = dnsPacket.decode(query);
  return dnsPacket.encode({
    type: 'response',
    id: ((asked.id ?? 0) + (reply.idOffset ?? 0)) & 0xffff,
    flags:
      dnsPacket.RECURSION_DESIRED |
      dnsPacket.RECURSION_AVAILABLE |
      (reply.authoritative ? dnsPacket.AUTHORITATIVE_ANSWER : 0) |
      (reply.truncated ? dnsPacket.TRUNCATED_RESPONSE : 0) |
      RCODES[reply.rcode ?? 'NOERROR'],
    questions: [...(reply.questions ?? asked.questions ?? [])],
    answers: [...(reply.answers ?? [])],
    authorities: [...(reply.authorities ?? [])],
    additionals: [...(reply.additionals ?? [])],
  });
}

function fromZone(zone: Zone): Script {
  return (asked) => {
    const entry = zone[`${asked.type} ${asked.name.toLowerCase()}`] ?? { rcode: 'NXDOMAIN' };
    return typeof entry === 'function' ? entry(asked) : entry;
  };
}

const isList = (reply: Reply | readonly Reply[]): reply is readonly Reply[] => Array.isArray(reply);

/** Calls back for each message behind a length of two bytes: RFC 1035 §4.2.2. */
function readMessages(socket: Tcp, onMessage: (message: Buffer) => void): void {
  let read = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    read = Buffer.concat([read, chunk]);
    while (read.length >= 2 && read.length >= 2 + read.readUInt16BE(0)) {
      const end = 2 + read.readUInt16BE(0);
      onMessage(read.subarray(2, end));
      read = read.subarray(end);
    }
  });
}

async function writeReply(socket: Tcp, reply: Reply, query: Buffer): Promise<void> {
  const bytes = reply.stream ?? framed(encode(reply, query));
  const step = reply.pieces ?? bytes.length;
  for (let at = 0; at < bytes.length && !socket.destroyed; at += step) {
    await new Promise((written) => socket.write(bytes.subarray(at, at + step), written));
  }
  if (reply.ending === 'end') socket.end();
  if (reply.ending === 'reset') socket.resetAndDestroy();
}

function framed(message: Buffer): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(message.length);
  return Buffer.concat([length, message]);
}

/** UDP and TCP on the same free port. */
async function bindBoth(host: string): Promise<{ udp: Udp; tcp: Server }> {
  for (;;) {
    const udp = await bindUdp(host, 0);
    const tcp = createServer();
    tcp.listen(udp.address().port, host);
    try {
      await once(tcp, 'listening');
      return { udp, tcp };
    } catch (error) {
      await closeUdp(udp);
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error; // else the next port
    }
  }
}

async function bindUdp(host: string, port: number): Promise<Udp> {
  const socket = createSocket(host === '::1' ? 'udp6' : 'udp4');
  socket.bind(port, host);
  await once(socket, 'listening');
  return socket;
}

const closeUdp = (socket: Udp): Promise<void> => new Promise((resolve) => socket.close(() => resolve()));
const closeTcp = (server: Server): Promise<void> => new Promise((resolve) => server.close(() => resolve()));
