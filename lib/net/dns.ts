import { createSocket } from 'node:dgram';
import { connect, isIPv6 } from 'node:net';
import type { Clock } from '../ports.ts';
import { type Reason, statusOf } from '../reasons.ts';
import {
  type Answer,
  answers,
  isTruncated,
  type Question,
  readAnswer,
  writeQuestion,
} from './dns-message.ts';
import { errnoCode, errnoReason } from './errno.ts';
import { gather } from './gather.ts';
import { type Hold, holdTo } from './hold.ts';
import { hostPort } from './host.ts';
import { Fault, type Limits } from './net.ts';

/** Where a name server listens: a literal address that may be dialled. */
export interface NameServer {
  readonly address: string;
  readonly port: number;
}

/** What a name server said to a question, whatever it said. */
export interface DnsAnswer extends Answer {
  readonly transport: 'udp' | 'tcp';
  /** `192.0.2.53:53` */
  readonly server: string;
}

/** A datagram may get lost: the question goes out once more after this time, or half of what there is. */
const RESEND_MS = 1_000;
/** On TCP a message stands behind its length in two bytes: RFC 1035, 4.2.2. */
const LENGTH_BYTES = 2;
const MESSAGE_MAX_BYTES = 0xffff;

/**
 * Asks one name server one question: over UDP, and over TCP when the answer was cut short. A packet that doesn't
 * answer the question is ignored. Throws `Fault`: `dns_timeout`; `dns_error` for what can't be used;
 * `connect_refused` where nobody listens; `host_unreachable`; `self_…`.
 */
export async function ask(
  clock: Clock,
  server: NameServer,
  question: Question,
  limits: Limits,
): Promise<DnsAnswer> {
  const query = writeQuestion(question);
  const resendAfter = Math.min(RESEND_MS, (limits.deadline - clock.monotonic()) / 2);
  const hold = holdTo(limits, clock);
  try {
    const datagram = await overUdp(server, query, hold, (send) => clock.after(resendAfter, send));
    if (!isTruncated(datagram)) return { ...read(datagram, server), transport: 'udp', server: shown(server) };
    const message = await overTcp(server, query, hold);
    return { ...read(message, server), transport: 'tcp', server: shown(server) };
  } finally {
    hold.release();
  }
}

type Later = (callback: () => void) => () => void;

async function overUdp(server: NameServer, query: Buffer, hold: Hold, later: Later): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const fail = (error: Error) => {
    const reason = errnoReason(error) ?? 'dns_error';
    reject(fault(server, reason, `cannot be asked (${errnoCode(error)})`, error));
  };
  const socket = createSocket(isIPv6(server.address) ? 'udp6' : 'udp4');
  let strangers = 0;
  let cancel = () => {};
  socket.on('error', fail);
  socket.on('message', (message) => {
    if (answers(message, query)) resolve(message);
    else strangers++;
  });
  // connected, it hears nobody but the server, and hears of a closed port
  socket.connect(server.port, server.address);
  socket.once('connect', () => {
    const send = () => socket.send(query, (error) => error && fail(error));
    send();
    cancel = later(send);
  });
  try {
    return await hold.during(promise, () =>
      late(server, strangers > 0 ? ` (${strangers} packets were no answer to it)` : ''),
    );
  } finally {
    cancel();
    socket.close();
  }
}

async function overTcp(server: NameServer, query: Buffer, hold: Hold): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const socket = connect(server.port, server.address);
  const received = gather(LENGTH_BYTES + MESSAGE_MAX_BYTES);
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt16BE(query.length);
  socket.write(Buffer.concat([length, query]));
  socket.on('data', (chunk) => {
    received.add(chunk);
    const bytes = received.bytes();
    const end = bytes.length < LENGTH_BYTES ? Number.POSITIVE_INFINITY : LENGTH_BYTES + bytes.readUInt16BE(0);
    if (bytes.length >= end) resolve(bytes.subarray(LENGTH_BYTES, end));
  });
  socket.on('error', (error) => {
    const reason = errnoReason(error);
    const ours = reason !== undefined && statusOf(reason) === 'unknown' ? reason : 'dns_error';
    reject(fault(server, ours, `cut its answer short, and TCP fails (${errnoCode(error)})`, error));
  });
  socket.on('close', () => reject(unusable(server, 'closed the connection before the end of its answer')));
  try {
    const message = await hold.during(promise, () =>
      late(server, ' over TCP, after an answer that was cut short'),
    );
    if (answers(message, query) && !isTruncated(message)) return message;
    throw unusable(server, 'says something else over TCP than an answer to the question');
  } finally {
    socket.destroy();
  }
}

function read(message: Buffer, server: NameServer): Answer {
  try {
    return readAnswer(message);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw fault(server, 'dns_error', `gave a broken answer: ${error.message}`, error);
  }
}

const late = (server: NameServer, detail: string): Fault =>
  fault(server, 'dns_timeout', `did not answer in time${detail}`);

const unusable = (server: NameServer, words: string): Fault => fault(server, 'dns_error', words);

const shown = ({ address, port }: NameServer): string => hostPort(address, port);

const fault = (server: NameServer, reason: Reason, words: string, cause?: unknown): Fault =>
  new Fault(reason, `The name server ${shown(server)} ${words}.`, {
    cause,
    facts: { server: shown(server) },
  });
