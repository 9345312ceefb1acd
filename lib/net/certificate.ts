import { createHash, type KeyObject, X509Certificate } from 'node:crypto';
import ipaddr from 'ipaddr.js';
import { children, DerError, type Element, expect, oidOf, read, TAG, timeOf } from './der.ts';

/** A certificate, read from its DER: what judging needs, and nothing that depends on the time. */
export interface Certificate {
  readonly der: Buffer;
  /** SHA-256 of the certificate, hex. */
  readonly fingerprint: string;
  /** SHA-256 of the public key info, base64: what a pin names. */
  readonly pin: string;
  /** The public key info, DER. */
  readonly publicKeyInfo: Buffer;
  /** Content octets. */
  readonly serial: Buffer;
  readonly subject: Name;
  readonly issuer: Name;
  /** Epoch ms; the certificate is valid from the first and no longer valid from the second on. */
  readonly notBefore: number;
  readonly notAfter: number;
  /** OID of the algorithm that signed it. */
  readonly signatureAlgorithm: string;
  readonly extensions: ReadonlyMap<string, Extension>;
  /** Node's own view, for its public key and to verify signatures. */
  readonly x509: X509Certificate;
}

export interface Name {
  readonly der: Buffer;
  /** Equal for names that RFC 5280, 7.1 holds equal (case and spaces don't count). */
  readonly key: string;
  /** For people: the common name, else the organisation, else the first part; made printable and cut. */
  readonly text: string;
}

export interface Extension {
  readonly critical: boolean;
  readonly value: Buffer;
}

/** OIDs of the extensions that are read here. */
export const EXTENSION = {
  keyUsage: '2.5.29.15',
  alternativeNames: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  nameConstraints: '2.5.29.30',
  crlPoints: '2.5.29.31',
  purposes: '2.5.29.37',
  infoAccess: '1.3.6.1.5.5.7.1.1',
  tlsFeature: '1.3.6.1.5.5.7.1.24',
  scts: '1.3.6.1.4.1.11129.2.4.2',
} as const;

/** Reads a certificate; throws `DerError` on bytes that are none. */
export function parseCertificate(der: Buffer): Certificate {
  const [body] = children(expect(read(der), TAG.sequence));
  const fields = children(expect(body, TAG.sequence));
  if (fields[0]?.tag === 0xa0) fields.shift();
  const [serial, algorithm, issuer, validity, subject, key, ...rest] = fields;
  const [from, to] = children(expect(validity, TAG.sequence));
  if (!from || !to || !key) throw new DerError('the certificate ends early');
  return {
    der,
    fingerprint: createHash('sha256').update(der).digest('hex'),
    pin: createHash('sha256').update(key.bytes).digest('base64'),
    publicKeyInfo: key.bytes,
    serial: expect(serial, TAG.integer).content,
    subject: nameOf(expect(subject, TAG.sequence)),
    issuer: nameOf(expect(issuer, TAG.sequence)),
    notBefore: timeOf(from),
    notAfter: timeOf(to),
    signatureAlgorithm: oidOf(expect(children(expect(algorithm, TAG.sequence))[0], TAG.oid)),
    extensions: extensionsOf(rest.find((field) => field.tag === 0xa3)),
    x509: opensslView(der),
  };
}

function opensslView(der: Buffer): X509Certificate {
  try {
    return new X509Certificate(der);
  } catch (error) {
    throw new DerError('OpenSSL takes it for no certificate', { cause: error });
  }
}

/** Extensions of a certificate, a CRL or an OCSP answer: a sequence within an explicit tag. */
export function extensionsOf(wrapper: Element | undefined): Map<string, Extension> {
  const found = new Map<string, Extension>();
  if (!wrapper) return found;
  for (const item of children(expect(children(wrapper)[0], TAG.sequence))) {
    const [id, ...rest] = children(expect(item, TAG.sequence));
    const critical = rest[0]?.tag === TAG.boolean && rest.shift()?.content[0] !== 0;
    found.set(oidOf(expect(id, TAG.oid)), { critical, value: expect(rest[0], TAG.octets).content });
  }
  return found;
}

const COMMON_NAME = '2.5.4.3';
const ORGANISATION = '2.5.4.10';

/** A distinguished name. */
export function nameOf(element: Element): Name {
  const parts = children(element)
    .flatMap(children)
    .map((attribute) => {
      const [id, value] = children(attribute);
      return { id: oidOf(expect(id, TAG.oid)), value: value ? textOf(value) : '' };
    });
  const best = [COMMON_NAME, ORGANISATION]
    .map((id) => parts.findLast((part) => part.id === id))
    .find(Boolean);
  return {
    der: element.bytes,
    key: parts.map(({ id, value }) => `${id}=${value.trim().replace(/\s+/g, ' ').toLowerCase()}`).join('\n'),
    text: printable((best ?? parts[0])?.value ?? ''),
  };
}

function textOf({ tag, content }: Element): string {
  if (tag === 0x0c) return content.toString('utf8');
  // BMPString: UTF-16, big end first
  if (tag === 0x1e && content.length % 2 === 0) return Buffer.from(content).swap16().toString('utf16le');
  return content.toString('latin1');
}

/** Text of a stranger, safe in any line: control, format and bidi characters replaced, cut after 100. */
export function printable(text: string, max = 100): string {
  const cut = text.length > max ? `${text.slice(0, max - 1).toWellFormed()}…` : text;
  return cut.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '\uFFFD');
}

/** The names a server certificate is for; undefined without the extension. */
export interface AlternativeNames {
  /** As written, lower case. */
  readonly dns: readonly string[];
  /** 4 or 16 bytes each. */
  readonly addresses: readonly Buffer[];
}

export function alternativeNames(certificate: Certificate): AlternativeNames | undefined {
  const extension = certificate.extensions.get(EXTENSION.alternativeNames);
  if (!extension) return undefined;
  const names = children(expect(read(extension.value), TAG.sequence));
  return {
    dns: names
      .filter(({ tag }) => tag === 0x82)
      .map(({ content }) => content.toString('latin1').toLowerCase()),
    addresses: names.filter(({ tag }) => tag === 0x87).map(({ content }) => content),
  };
}

/** The first ten names, for people. */
export function shownNames(names: AlternativeNames | undefined): string[] {
  const addresses = names?.addresses.filter(({ length }) => length === 4 || length === 16) ?? [];
  const texts = addresses.slice(0, 10).map((bytes) => ipaddr.fromByteArray([...bytes]).toString());
  return [...(names?.dns.slice(0, 10).map((name) => printable(name)) ?? []), ...texts].slice(0, 10);
}

/** Whether it may sign certificates, and how many authorities may stand below it before the leaf. */
export function basicConstraints(certificate: Certificate): { ca: boolean; pathLength: number | undefined } {
  const extension = certificate.extensions.get(EXTENSION.basicConstraints);
  if (!extension) return { ca: false, pathLength: undefined };
  const parts = children(expect(read(extension.value), TAG.sequence));
  const ca = parts[0]?.tag === TAG.boolean && parts.shift()?.content[0] !== 0;
  const length = parts[0]?.tag === TAG.integer ? parts[0].content : undefined;
  return { ca, pathLength: length?.length ? length.readUIntBE(0, Math.min(length.length, 4)) : undefined };
}

/** Whether the key usage has one of these bits (0 is digitalSignature, 5 is keyCertSign); without one it is free. */
export function hasUsage(certificate: Certificate, ...wanted: readonly number[]): boolean {
  const extension = certificate.extensions.get(EXTENSION.keyUsage);
  if (!extension) return true;
  // a bit string: the count of unused bits, then the bits, the highest first
  const bytes = read(extension.value).content.subarray(1);
  return wanted.some((bit) => ((bytes[bit >> 3] ?? 0) & (0x80 >> (bit & 7))) !== 0);
}

/** OIDs of the extended key usage; undefined: unrestricted. */
export function purposes(certificate: Certificate): string[] | undefined {
  const extension = certificate.extensions.get(EXTENSION.purposes);
  return extension && children(expect(read(extension.value), TAG.sequence)).map(oidOf);
}

/** The TLS feature `status_request` (RFC 7633): the server has to staple an OCSP answer. */
const STATUS_REQUEST = 5;

export function mustStaple(certificate: Certificate): boolean {
  const extension = certificate.extensions.get(EXTENSION.tlsFeature);
  return (
    extension !== undefined &&
    children(read(extension.value)).some(({ content }) => content.equals(Buffer.from([STATUS_REQUEST])))
  );
}

/** Its public key; undefined when it is of a kind that OpenSSL doesn't know. */
export function publicKeyOf({ x509 }: Certificate): KeyObject | undefined {
  try {
    return x509.publicKey;
  } catch {
    return undefined;
  }
}

/** Whether the issuer's key made the signature of this certificate. */
export function isSignedBy({ x509 }: Certificate, issuer: Certificate): boolean {
  const key = publicKeyOf(issuer);
  return key !== undefined && x509.verify(key);
}

/** Whether it is issued to itself; whether it also signed itself is another question. */
export const isSelfIssued = (certificate: Certificate): boolean =>
  certificate.subject.key === certificate.issuer.key;
