import { createServer, type Socket } from 'node:net';
import { type Listening, listening } from './tls-server.ts';

/** What a server of another time has to offer. */
export interface OldTerms {
  /** 0x0300 is SSL 3.0, 0x0303 is TLS 1.2. */
  readonly version: number;
  readonly suite: number;
  /** Certificates to send, DER. */
  readonly certificates?: readonly Buffer[];
  /** The modulus of a Diffie-Hellman group, sent with the certificates. */
  readonly modulus?: Buffer;
}

/**
 * A server that speaks what the local OpenSSL can't: it answers a hello that offers its suite with its first
 * flight, every other one with the alert `handshake_failure`, as real ones do; it never ends a handshake.
 */
export const oldServer = (terms: OldTerms): Promise<Listening> =>
  listening(
    createServer((socket) =>
      socket.once('data', (hello) => {
        const offered = suitesIn(hello).includes(terms.suite);
        socket.end(offered ? firstFlight(terms) : alert(terms.version, HANDSHAKE_FAILURE));
      }),
    ),
  );

const HANDSHAKE_FAILURE = 40;

/** Without this extension OpenSSL talks to no server: RFC 5746, 3.4. */
const RENEGOTIATION_INFO = Buffer.from('ff01000100', 'hex');

export const alert = (version: number, code: number): Buffer =>
  Buffer.concat([u8(21), u16(version), vector(2, u8(2), u8(code))]);

/** A handshake record with one message. */
export const handshakeRecord = (version: number, type: number, ...body: readonly Buffer[]): Buffer =>
  Buffer.concat([u8(22), u16(version), vector(2, u8(type), vector(3, ...body))]);

/** ServerHello, Certificate, ServerKeyExchange and ServerHelloDone: RFC 5246, 7.4. */
function firstFlight({ version, suite, certificates = [], modulus }: OldTerms): Buffer {
  const hello: Buffer[] = [u16(version), Buffer.alloc(32, 7), u8(0), u16(suite), u8(0)];
  // SSL 3.0 knows no extensions
  if (version > 0x0300) hello.push(vector(2, RENEGOTIATION_INFO));
  const flight = [handshakeRecord(version, 2, ...hello)];
  if (certificates.length > 0) {
    flight.push(handshakeRecord(version, 11, vector(3, ...certificates.map((der) => vector(3, der)))));
  }
  if (modulus) {
    const half = Buffer.concat([u8(0x40), modulus.subarray(1)]);
    const parameters = [vector(2, modulus), vector(2, u8(2)), vector(2, half)];
    flight.push(handshakeRecord(version, 12, ...parameters, u16(0x0401), vector(2, Buffer.alloc(256, 1))));
  }
  return Buffer.concat([...flight, handshakeRecord(version, 14)]);
}

/** The suites that a ClientHello offers. */
function suitesIn(hello: Buffer): number[] {
  // record head 5, message head 4, version 2, random 32, then the session id
  const at = 44 + hello.readUInt8(43);
  const count = hello.readUInt16BE(at) / 2;
  return Array.from({ length: count }, (_, i) => hello.readUInt16BE(at + 2 + 2 * i));
}

/** A server that understands the hello of SSL 2.0 only, and closes on every other one. */
export const ssl2Server = (): Promise<Listening> =>
  listening(
    createServer((socket: Socket) =>
      socket.once('data', (hello) => socket.end(isSsl2(hello) ? SSL2_HELLO : '')),
    ),
  );

const isSsl2 = (hello: Buffer): boolean =>
  hello.readUInt8(0) >= 0x80 && hello.readUInt8(2) === 1 && hello.readUInt16BE(3) === 2;

/** ServerHello: no session hit, an X.509 certificate, version 0.2, empty lists. */
const SSL2_HELLO = Buffer.from('800b0400010002000000000000', 'hex');

const u8 = (value: number) => Buffer.from([value]);
const u16 = (value: number) => Buffer.from([value >> 8, value & 0xff]);

function vector(bytes: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const length = Buffer.alloc(bytes);
  length.writeUIntBE(content.length, 0, bytes);
  return Buffer.concat([length, content]);
}
