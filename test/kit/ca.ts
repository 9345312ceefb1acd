import {
  createHash,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
} from 'node:crypto';
import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import {
  bits,
  boolean,
  integer,
  nothing,
  octets,
  oid,
  seq,
  set,
  tagged,
  taggedBytes,
  time,
  utf8,
} from './asn1.ts';
import { multiPrimeKey } from './rsa.ts';

/**
 * A certificate authority that lives in the test. It signs whatever it is told to, broken digests and short
 * keys included: the certificate is written here byte by byte and only the signature is node:crypto's.
 */
export interface Authority extends Issued {
  /** A certificate signed by this authority; by default a sound server certificate. */
  issue(spec?: CertificateSpec): Issued;
  /** An authority below this one. */
  intermediate(spec?: CertificateSpec): Authority;
}

export interface Issued {
  /** The certificate alone, PEM. */
  readonly pem: string;
  /** What a server sends: the certificate and every authority above it but the root, PEM. */
  readonly cert: string;
  /** Its private key, PEM. */
  readonly key: string;
  readonly der: Buffer;
  readonly privateKey: KeyObject;
  readonly serial: bigint;
  /** Its subject, DER. */
  readonly subject: Buffer;
  /** Who signed it; nobody above a root or a self-signed certificate. */
  readonly issuer: Issued | undefined;
}

export type KeyType = 'ec256' | 'ec384' | 'ed25519' | `rsa${number}`;
export type Digest = 'md5' | 'sha1' | 'sha256' | 'sha384' | 'sha512';

export interface CertificateSpec {
  /** Common name; `''` leaves the subject empty. Default: the first of `names`, or a name for an authority. */
  readonly name?: string;
  /** Subject alternative names: DNS names and IP addresses. Empty: no such extension. */
  readonly names?: readonly string[];
  /** Validity, epoch ms; by default from a day ago to 90 days (an authority: ten years) from now. */
  readonly from?: number;
  readonly to?: number;
  /** A type to generate (default `ec256`), or a key to reuse. */
  readonly key?: KeyType | KeyObject;
  /** Digest of the signature on this certificate; default sha256. */
  readonly digest?: Digest;
  /** OIDs of the extended key usage; default serverAuth, for an authority none. */
  readonly purposes?: readonly string[];
  /** Basic constraints; default: what it is made as. */
  readonly ca?: boolean;
  readonly pathLength?: number;
  /** What an authority may sign for: DNS suffixes, CIDRs. */
  readonly permitted?: readonly string[];
  /** Further extensions. */
  readonly extensions?: readonly Buffer[];
  readonly serial?: bigint;
}

const DAY = 86_400_000;
const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';
export const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2';

/** A root authority, signed by itself. */
export function makeAuthority(spec: CertificateSpec = {}): Authority {
  return authority({ ...asAuthority(spec), name: spec.name ?? 'Test root' }, undefined);
}

/** A certificate that nobody but itself signed. */
export function selfSigned(spec: CertificateSpec = {}): Issued {
  return certificate(asLeaf(spec), undefined);
}

/** An extension: `value` is the DER that the octet string holds. */
export const extension = (id: string, value: Buffer, critical = false): Buffer =>
  seq(oid(id), ...(critical ? [boolean(true)] : []), octets(value));

function authority(spec: CertificateSpec, issuer: Issued | undefined): Authority {
  const own = certificate(spec, issuer);
  return {
    ...own,
    issue: (leaf = {}) => certificate(asLeaf(leaf), own),
    intermediate: (below = {}) => authority(asAuthority(below), own),
  };
}

const asAuthority = (spec: CertificateSpec): CertificateSpec => ({
  name: 'Test intermediate',
  names: [],
  to: Date.now() + 3650 * DAY,
  ca: true,
  ...spec,
});

const asLeaf = (spec: CertificateSpec): CertificateSpec => ({
  names: ['localhost', '127.0.0.1', '::1'],
  to: Date.now() + 90 * DAY,
  purposes: [SERVER_AUTH],
  ca: false,
  ...spec,
});

function certificate(spec: CertificateSpec, issuer: Issued | undefined): Issued {
  const privateKey = keyOf(spec.key ?? 'ec256');
  const serial = spec.serial ?? BigInt(`0x${randomBytes(15).toString('hex')}`) + 1n;
  const subject = nameOf(spec.name ?? spec.names?.[0] ?? '');
  const signer = issuer?.privateKey ?? privateKey;
  const algorithm = signatureAlgorithm(signer, spec.digest ?? 'sha256');
  const body = seq(
    tagged(0, integer(2)),
    integer(serial),
    algorithm,
    issuer?.subject ?? subject,
    seq(time(spec.from ?? Date.now() - DAY), time(spec.to ?? Date.now() + DAY)),
    subject,
    publicKeyInfo(privateKey),
    tagged(3, seq(...extensionsOf(spec, privateKey, signer))),
  );
  const der = signed(body, signer, spec.digest ?? 'sha256');
  const pem = toPem('CERTIFICATE', der);
  const above = issuer?.issuer ? issuer.cert : '';
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  return { pem, cert: pem + above, key, der, privateKey, serial, subject, issuer };
}

/** `body`, how it is signed, and the signature: the frame of certificates, CRLs and OCSP answers. */
export function signed(
  body: Buffer,
  signer: KeyObject,
  digest: Digest = 'sha256',
  ...after: readonly Buffer[]
): Buffer {
  const signature = sign(signer.asymmetricKeyType === 'ed25519' ? null : digest, body, signer);
  return seq(body, signatureAlgorithm(signer, digest), bits(signature), ...after);
}

function extensionsOf(spec: CertificateSpec, own: KeyObject, signer: KeyObject): Buffer[] {
  const { names = [], purposes = [], permitted = [], pathLength } = spec;
  const constraints = spec.ca
    ? [boolean(true), ...(pathLength === undefined ? [] : [integer(pathLength)])]
    : [];
  // keyCertSign and cRLSign, or digitalSignature and keyEncipherment
  const usage = spec.ca ? bits(Buffer.from([0x06]), 1) : bits(Buffer.from([0xa0]), 5);
  return [
    extension('2.5.29.19', seq(...constraints), true),
    extension('2.5.29.15', usage, true),
    extension('2.5.29.14', octets(keyId(own))),
    extension('2.5.29.35', seq(taggedBytes(0, keyId(signer)))),
    ...(names.length ? [extension('2.5.29.17', seq(...names.map(generalName)))] : []),
    ...(purposes.length ? [extension('2.5.29.37', seq(...purposes.map(oid)))] : []),
    ...(permitted.length
      ? [extension('2.5.29.30', seq(tagged(0, ...permitted.map((base) => seq(subtree(base))))), true)]
      : []),
    ...(spec.extensions ?? []),
  ];
}

const generalName = (name: string): Buffer =>
  isIP(name)
    ? taggedBytes(7, Buffer.from(ipaddr.parse(name).toByteArray()))
    : taggedBytes(2, Buffer.from(name));

/** A DNS suffix, or an address and the mask of its network. */
function subtree(base: string): Buffer {
  if (!base.includes('/')) return generalName(base);
  const [address, prefix] = ipaddr.parseCIDR(base);
  const mask = (address.kind() === 'ipv4' ? ipaddr.IPv4 : ipaddr.IPv6).subnetMaskFromPrefixLength(prefix);
  return taggedBytes(7, Buffer.from([...address.toByteArray(), ...mask.toByteArray()]));
}

const nameOf = (common: string): Buffer =>
  common === '' ? seq() : seq(set(seq(oid('2.5.4.3'), utf8(common))));

const publicKeyInfo = (key: KeyObject): Buffer =>
  createPublicKey(key).export({ type: 'spki', format: 'der' });

/** SHA-1 over the public key info: not RFC 5280's method 1, but as unique. */
const keyId = (key: KeyObject): Buffer => createHash('sha1').update(publicKeyInfo(key)).digest();

const RSA_SIGNATURES: Record<Digest, string> = {
  md5: '1.2.840.113549.1.1.4',
  sha1: '1.2.840.113549.1.1.5',
  sha256: '1.2.840.113549.1.1.11',
  sha384: '1.2.840.113549.1.1.12',
  sha512: '1.2.840.113549.1.1.13',
};
const EC_SIGNATURES: Partial<Record<Digest, string>> = {
  sha1: '1.2.840.10045.4.1',
  sha256: '1.2.840.10045.4.3.2',
  sha384: '1.2.840.10045.4.3.3',
  sha512: '1.2.840.10045.4.3.4',
};

function signatureAlgorithm(signer: KeyObject, digest: Digest): Buffer {
  if (signer.asymmetricKeyType === 'ed25519') return seq(oid('1.3.101.112'));
  if (signer.asymmetricKeyType === 'rsa') return seq(oid(RSA_SIGNATURES[digest]), nothing());
  const id = EC_SIGNATURES[digest];
  if (!id) throw new Error(`an EC key has no signature with ${digest}: sign with an RSA key`);
  return seq(oid(id));
}

const keys = new Map<string, KeyObject>();

/** One RSA key of each size is made and reused, since making one is slow. */
function keyOf(key: KeyType | KeyObject): KeyObject {
  if (typeof key !== 'string') return key;
  const known = keys.get(key);
  if (known) return known;
  const made = generate(key);
  if (key.startsWith('rsa')) keys.set(key, made);
  return made;
}

function generate(type: KeyType): KeyObject {
  if (type === 'ed25519') return generateKeyPairSync('ed25519').privateKey;
  if (type.startsWith('rsa')) return rsaKey(Number(type.slice(3)));
  return generateKeyPairSync('ec', { namedCurve: type === 'ec256' ? 'P-256' : 'P-384' }).privateKey;
}

const rsaKey = (modulusLength: number): KeyObject =>
  modulusLength > 4096
    ? multiPrimeKey(modulusLength)
    : generateKeyPairSync('rsa', { modulusLength }).privateKey;

export function toPem(label: string, der: Buffer): string {
  const lines = der.toString('base64').replace(/.{1,64}/g, '$&\n');
  return `-----BEGIN ${label}-----\n${lines}-----END ${label}-----\n`;
}
