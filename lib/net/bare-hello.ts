import { randomBytes } from 'node:crypto';
import { isIP } from 'node:net';
import { gather } from './gather.ts';
import { holdTo } from './hold.ts';
import { Fault, type Limits, type Net, type Target } from './net.ts';

/** What a server chose from an offer that OpenSSL can't make. */
export interface ServerChoice {
  /** 0x0300 is SSL 3.0, 0x0303 is TLS 1.2. */
  readonly version: number;
  readonly suite: number;
  /** The modulus of its Diffie-Hellman group, if the suite has one. */
  readonly modulus: Buffer | undefined;
}

const HANDSHAKE = 22;
const SERVER_HELLO = 2;
const SERVER_KEY_EXCHANGE = 12;
const SERVER_HELLO_DONE = 14;

/** A server that hasn't chosen after so many bytes never will. */
const BYTES_MAX = 32_768;

/**
 * Offers suites in a TLS 1.2 hello of our own making and reads what the server chooses, and nothing more:
 * there is never a key, and nothing is verified. `undefined`: it chose nothing. Throws `Fault` when it can't
 * be reached or doesn't answer.
 */
export async function bareHello(
  net: Net,
  target: Target,
  offer: { readonly suites: readonly number[]; readonly servername: string },
  limits: Limits,
): Promise<ServerChoice | undefined> {
  const { socket } = await net.dial(target, limits);
  const hold = holdTo(limits, net.clock);
  const received = gather(BYTES_MAX);
  const choice = new Promise<ServerChoice | undefined>((resolve) => {
    socket.once('close', () => resolve(choiceIn(received.bytes(), true)));
    socket.on('data', (piece) => {
      const isAll = !received.add(piece);
      const chosen = choiceIn(received.bytes(), isAll);
      if (chosen || isAll || received.bytes()[0] !== HANDSHAKE) resolve(chosen);
    });
    socket.write(clientHello(offer.suites, offer.servername));
  });
  try {
    return await hold.during(choice, () => new Fault('tls_timeout', 'The server did not choose in time.'));
  } finally {
    hold.release();
    socket.destroy();
  }
}

/** Big-endian numbers, and vectors with their length before them: the notation of RFC 5246, 4. */
const u8 = (value: number) => Buffer.from([value]);
const u16 = (value: number) => Buffer.from([value >> 8, value & 0xff]);
const vector8 = (...parts: readonly Buffer[]) => sized(1, parts);
const vector16 = (...parts: readonly Buffer[]) => sized(2, parts);
const vector24 = (...parts: readonly Buffer[]) => sized(3, parts);

function sized(bytes: number, parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const length = Buffer.alloc(bytes);
  length.writeUIntBE(content.length, 0, bytes);
  return Buffer.concat([length, content]);
}

/** Says that renegotiation is secure; servers may refuse a hello that doesn't: RFC 5746, 3.3. */
const RENEGOTIATION_INFO = 0x00ff;
const GROUPS = [0x001d, 0x0017, 0x0018];
/** RSA, ECDSA and DSA with SHA-512, SHA-384, SHA-256 and SHA-1. */
const SIGNATURES = [6, 5, 4, 2].flatMap((hash) => [1, 3, 2].map((algorithm) => (hash << 8) | algorithm));

function clientHello(suites: readonly number[], servername: string): Buffer {
  const name = vector16(u8(0), vector16(Buffer.from(servername)));
  const extensions = [
    ...(isIP(servername) ? [] : [u16(0), vector16(name)]),
    ...[u16(10), vector16(vector16(...GROUPS.map(u16)))],
    ...[u16(11), vector16(vector8(u8(0)))],
    ...[u16(13), vector16(vector16(...SIGNATURES.map(u16)))],
  ];
  const hello = [
    ...[u16(0x0303), randomBytes(32), vector8()],
    ...[vector16(...[...suites, RENEGOTIATION_INFO].map(u16)), vector8(u8(0)), vector16(...extensions)],
  ];
  return Buffer.concat([u8(HANDSHAKE), u16(0x0301), vector16(u8(1), vector24(...hello))]);
}

/** The choice in what has come so far; before `isAll` only once nothing of it can be missing. */
function choiceIn(received: Buffer, isAll: boolean): ServerChoice | undefined {
  const messages = messagesIn(handshakeIn(received));
  const hello = messages.get(SERVER_HELLO);
  const exchange = messages.get(SERVER_KEY_EXCHANGE);
  if (!hello || !(isAll || exchange || messages.has(SERVER_HELLO_DONE))) return undefined;
  const suiteAt = 35 + (hello[34] ?? 0);
  if (hello.length < suiteAt + 2) return undefined;
  const suite = hello.readUInt16BE(suiteAt);
  return { version: hello.readUInt16BE(0), suite, modulus: exchange && modulusIn(suite, exchange) };
}

/** The content of the handshake records at the beginning of the stream. */
function handshakeIn(stream: Buffer): Buffer {
  const fragments: Buffer[] = [];
  for (let at = 0; stream[at] === HANDSHAKE && at + 5 <= stream.length; ) {
    const end = at + 5 + stream.readUInt16BE(at + 3);
    fragments.push(stream.subarray(at + 5, end));
    at = end;
  }
  return Buffer.concat(fragments);
}

/** The whole messages, by type. */
function messagesIn(handshake: Buffer): Map<number, Buffer> {
  const messages = new Map<number, Buffer>();
  for (let at = 0; at + 4 <= handshake.length; ) {
    const end = at + 4 + handshake.readUIntBE(at + 1, 3);
    if (end > handshake.length) break;
    messages.set(handshake.readUInt8(at), handshake.subarray(at + 4, end));
    at = end;
  }
  return messages;
}

/** The first vector of a finite-field key exchange; those of elliptic curves name theirs. */
function modulusIn(suite: number, exchange: Buffer): Buffer | undefined {
  if (!DHE_SUITES.includes(suite) || exchange.length < 2) return undefined;
  return exchange.subarray(2, 2 + exchange.readUInt16BE(0));
}

/** Suites with an ephemeral finite-field Diffie-Hellman, from the IANA registry. */
export const DHE_SUITES: readonly number[] = [
  ...[0x009f, 0x009e, 0xccaa, 0xc09f, 0xc09e, 0x006b, 0x0067, 0x0039, 0x0033, 0x0016, 0x0015, 0x0014],
];
