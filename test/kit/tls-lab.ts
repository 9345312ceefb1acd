import { generatePrimeSync } from 'node:crypto';
import { createServer as createTcpServer, type Socket } from 'node:net';
import { createServer, type TLSSocket, type TlsOptions } from 'node:tls';
import { integer, seq } from './asn1.ts';
import { type CertificateSpec, type Issued, makeAuthority, toPem } from './ca.ts';
import { alert, oldServer } from './hello-server.ts';
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

/** A web server's page; a tls check looks only at the certificate. */
export const page = (one: Issued, headers: Readonly<Record<string, string>>, body = ''): Promise<Listening> =>
  serving(one, {}, (socket) => {
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.once('data', () => socket.end(`HTTP/1.1 200 OK\r\n${lines.join('')}\r\n${body}`));
  });

/** A TCP server that does this once it has heard something. */
export const hearing = (then: (socket: Socket) => void): Promise<Listening> =>
  listening(createTcpServer((socket) => socket.once('data', () => then(socket))));

/** A TCP server that answers what it hears with these bytes, or with a TLS alert. */
export const answering = (bytes: Buffer | string): Promise<Listening> =>
  hearing((socket) => socket.write(bytes));
export const alerting = (code: number): Promise<Listening> => answering(alert(0x0303, code));

/** What a server sends besides the certificate: nothing, or these. */
export const alone = (one: Issued): Issued => ({ ...one, cert: one.pem });
export const sending = (one: Issued, ...others: readonly Issued[]): Issued => ({
  ...one,
  cert: [one, ...others].map(({ pem }) => pem).join(''),
});

export const manyNames = (count: number): string[] =>
  Array.from({ length: count }, (_, i) => `host-${i}.acme.test`);

export const TLS12: TlsOptions = { maxVersion: 'TLSv1.2' };

/** A server with a Diffie-Hellman group of our own making. */
export const servingGroup = (leaf: Issued, modulus: bigint): Promise<Listening> =>
  serving(leaf, {
    ...TLS12,
    ciphers: 'DHE-RSA-AES128-GCM-SHA256',
    dhparam: toPem('DH PARAMETERS', seq(integer(modulus), integer(2))),
  });

/** The same with a group so small that OpenSSL makes no server of it. */
export const servingTinyGroup = (leaf: Issued, bits: number): Promise<Listening> =>
  oldServer({
    version: 0x0303,
    suite: 0x009e,
    certificates: [leaf.der],
    modulus: Buffer.from(unsafePrime(bits).toString(16), 'hex'),
  });

/** The suites of Mozilla's intermediate list. */
export const MOZILLA_INTERMEDIATE = [
  ...['ECDHE-ECDSA-AES128-GCM-SHA256', 'ECDHE-RSA-AES128-GCM-SHA256'],
  ...['ECDHE-ECDSA-AES256-GCM-SHA384', 'ECDHE-RSA-AES256-GCM-SHA384'],
].join(':');

export const compositeModulus = (): bigint => prime(1024) * prime(1024);

/** A prime, but not a safe one: it leaves small subgroups. */
export const unsafePrime = (bits: number): bigint => prime(bits);

const prime = (bits: number): bigint => generatePrimeSync(bits, { bigint: true });
