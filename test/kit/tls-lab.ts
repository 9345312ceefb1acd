import { generatePrimeSync } from 'node:crypto';
import { createServer as createTcpServer, type Socket } from 'node:net';
import { createServer, type TLSSocket, type TlsOptions } from 'node:tls';
import { integer, seq } from './asn1.ts';
import { type CertificateSpec, type Issued, makeAuthority, toPem } from './ca.ts';
import { type Listening, listening, tlsServer } from './tls-server.ts';

/** The authorities of a test: a trusted root with an intermediate, and one that can sign with old digests. */
export function makeLab(names: readonly string[]) {
  const root = makeAuthority({ name: 'Acme root' });
  const intermediate = root.intermediate({ name: 'Acme intermediate' });
  const rsaRoot = makeAuthority({ name: 'Acme RSA root', key: 'rsa2048' });
  return {
    root,
    intermediate,
    rsaRoot,
    /** What a check trusts. */
    ca: root.pem + rsaRoot.pem,
    /** A sound certificate for the names, but for what the spec says. */
    leaf: (spec: CertificateSpec = {}) => intermediate.issue({ names, ...spec }),
    /** The same, signed with RSA. */
    rsaLeaf: (spec: CertificateSpec = {}) => rsaRoot.issue({ names, key: 'rsa2048', ...spec }),
    /** From a root that nobody trusts, which is sent along. */
    strangersLeaf(name: string, spec: CertificateSpec = {}): Issued {
      const stranger = makeAuthority({ name });
      const leaf = stranger.issue({ names, ...spec });
      return { ...leaf, cert: leaf.pem + stranger.pem };
    },
  };
}

/** A server with this certificate that takes old versions, suites and keys when it is told to. */
export function serving(
  { cert, key }: Issued,
  options: TlsOptions = {},
  onConnection?: (socket: TLSSocket) => void,
): Promise<Listening> {
  const ciphers = `${options.ciphers ?? 'DEFAULT'}:@SECLEVEL=0`;
  return tlsServer({ cert, key, ...options, ciphers }, onConnection);
}

/** A server that staples this OCSP answer. */
export function stapling({ cert, key }: Issued, staple: Buffer): Promise<Listening> {
  const server = createServer({ cert, key });
  server.on('OCSPRequest', (_certificate, _issuer, answer) => answer(null, staple));
  return listening(server);
}

/** A TCP server that does this once it has heard something. */
export const hearing = (then: (socket: Socket) => void): Promise<Listening> =>
  listening(createTcpServer((socket) => socket.once('data', () => then(socket))));

export const TLS12: TlsOptions = { maxVersion: 'TLSv1.2' };

/** A server with a Diffie-Hellman group of our own making. */
export const servingGroup = (leaf: Issued, modulus: bigint): Promise<Listening> =>
  serving(leaf, {
    ...TLS12,
    ciphers: 'DHE-RSA-AES128-GCM-SHA256',
    dhparam: toPem('DH PARAMETERS', seq(integer(modulus), integer(2))),
  });

export const compositeModulus = (): bigint => prime(1024) * prime(1024);

/** A prime, but not a safe one: it leaves small subgroups. */
export const unsafePrime = (bits: number): bigint => prime(bits);

const prime = (bits: number): bigint => generatePrimeSync(bits, { bigint: true });
