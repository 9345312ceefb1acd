import {
  basicConstraints,
  type Certificate,
  EXTENSION,
  type Extension,
  extensionsOf,
  nameOf,
  publicKeyOf,
} from './certificate.ts';
import { children, type Element, expect, isTime, read, TAG, timeOf } from './der.ts';
import { CannotTell, type Standing, timely } from './revocation-standing.ts';
import { signatureHolds, signedParts } from './signature.ts';

/** A list of revoked certificates, its signature checked: RFC 5280, 5. */
export interface Crl {
  readonly from: number;
  /** Epoch ms; undefined: it doesn't say when the next one comes. */
  readonly until: number | undefined;
  /** The entries, one after the other, DER. */
  readonly entries: Buffer;
  readonly extensions: ReadonlyMap<string, Extension>;
}

/** Reads what `issuer` has signed; throws `CannotTell`, or `DerError` for bytes that are no list. */
export function readCrl(der: Buffer, issuer: Certificate): Crl {
  const signed = signedParts(read(der));
  const fields = children(signed[0]);
  if (fields[0]?.tag === TAG.integer) fields.shift();
  const [, name, from, ...rest] = fields;
  const key = publicKeyOf(issuer);
  if (nameOf(expect(name, TAG.sequence)).key !== issuer.subject.key || !key || !signatureHolds(signed, key)) {
    throw new CannotTell(`the CRL is not by "${issuer.subject.text}"`);
  }
  if (!from) throw new CannotTell('the CRL ends early');
  const until = rest.find(isTime);
  return {
    from: timeOf(from),
    until: until && timeOf(until),
    entries: rest.find(({ tag }) => tag === TAG.sequence)?.content ?? Buffer.alloc(0),
    extensions: extensionsOf(rest.find(({ tag }) => tag === 0xa0)),
  };
}

/** What the list, fetched from `url`, says about a certificate at `now` (epoch ms). */
export function standingInCrl(crl: Crl, certificate: Certificate, url: string, now: number): Standing {
  const until = timely('CRL', crl.from, crl.until, now);
  assertCovers(crl, certificate, url);
  for (let at = 0; at < crl.entries.length; ) {
    const entry = read(crl.entries, at);
    const serial = read(entry.content);
    if (serial.content.equals(certificate.serial)) {
      return { status: 'revoked', since: timeOf(read(entry.content, serial.bytes.length)), until };
    }
    at += entry.bytes.length;
  }
  return { status: 'good', until };
}

const ISSUING_POINT = '2.5.29.28';

/** A list may say that it is only a part of all; what it says beyond that must not be overlooked. */
function assertCovers({ extensions }: Crl, certificate: Certificate, url: string): void {
  const unknown = [...extensions].find(([id, { critical }]) => critical && id !== ISSUING_POINT);
  if (unknown) throw new CannotTell(`the CRL has the unknown critical extension ${unknown[0]}`);
  const point = extensions.get(ISSUING_POINT);
  if (!point) return;
  const parts = new Map(children(read(point.value)).map((part) => [part.tag, part]));
  const { ca } = basicConstraints(certificate);
  const isSet = (tag: number) => parts.get(tag)?.content.some((byte) => byte !== 0) ?? false;
  // 1: leaves only, 2: authorities only, 3: some reasons, 4: of other issuers, 5: attributes
  const others = isSet(0x81) ? ca : isSet(0x82) ? !ca : false;
  const urls = urisIn(parts.get(0xa0));
  if (others || parts.has(0x83) || isSet(0x84) || isSet(0x85) || (urls.length > 0 && !urls.includes(url))) {
    throw new CannotTell('the CRL is not the one for this certificate');
  }
}

/** Where the lists for a certificate are: its distribution points, but for those of other issuers or some reasons only. */
export function crlUrls(certificate: Certificate): string[] {
  const extension = certificate.extensions.get(EXTENSION.crlPoints);
  if (!extension) return [];
  const points = children(expect(read(extension.value), TAG.sequence)).map(children);
  return points.filter((parts) => parts.every(({ tag }) => tag === 0xa0)).flatMap(([name]) => urisIn(name));
}

/** URIs among the full names of a distribution point's name. */
function urisIn(name: Element | undefined): string[] {
  const full = name ? children(name).filter(({ tag }) => tag === 0xa0) : [];
  return full
    .flatMap(children)
    .filter(({ tag }) => tag === 0x86)
    .map(({ content }) => content.toString('latin1'));
}
