import { createHash } from 'node:crypto';
import { type Certificate, isSignedBy, parseCertificate, publicKeyOf, purposes } from './certificate.ts';
import { children, type Element, encode, expect, oidOf, read, TAG, timeOf } from './der.ts';
import { CannotTell, type Standing, timely } from './revocation-standing.ts';
import { signatureHolds, signedParts } from './signature.ts';

const SHA1 = '1.3.14.3.2.26';

/** Digests that a responder may name a certificate by, as OpenSSL calls them. */
const DIGESTS: Readonly<Record<string, string>> = {
  [SHA1]: 'sha1',
  '2.16.840.1.101.3.4.2.1': 'sha256',
  '2.16.840.1.101.3.4.2.2': 'sha384',
  '2.16.840.1.101.3.4.2.3': 'sha512',
};

/** DER of the object identifier of SHA-1: what every responder knows (RFC 5019, 2.1.1). */
const SHA1_OID = encode(TAG.oid, Buffer.from('2b0e03021a', 'hex'));

/** What asks a responder about one certificate: RFC 6960, 4.1. */
export function ocspRequest(certificate: Certificate, issuer: Certificate): Buffer {
  const [name, key] = issuerHashes(issuer, 'sha1');
  const sequence = (...parts: Buffer[]) => encode(TAG.sequence, ...parts);
  const id = sequence(
    sequence(SHA1_OID, encode(TAG.null)),
    encode(TAG.octets, name),
    encode(TAG.octets, key),
    encode(TAG.integer, certificate.serial),
  );
  const list = sequence(sequence(id));
  return sequence(sequence(list));
}

/**
 * What a responder says about the certificate, at `now` (epoch ms): RFC 6960, 4.2. Throws `CannotTell`, or
 * `DerError` for bytes that are no answer.
 */
export function readOcsp(der: Buffer, certificate: Certificate, issuer: Certificate, now: number): Standing {
  const basic = basicResponse(read(der));
  const signed = signedParts(basic);
  const answers = children(signed[0]).find(({ tag }) => tag === TAG.sequence);
  const answer = children(expect(answers, TAG.sequence)).find((single) =>
    isAbout(single, certificate, issuer),
  );
  if (!answer) throw new CannotTell('the OCSP answer is about another certificate');
  const keys = signersOf(basic, issuer, now).map(publicKeyOf);
  if (!keys.some((key) => key && signatureHolds(signed, key))) {
    throw new CannotTell('nobody who may has signed the OCSP answer');
  }
  return standingIn(answer, now);
}

const SUCCESSFUL = 0;

/** The BasicOCSPResponse in an OCSPResponse. */
function basicResponse(response: Element): Element {
  const [status, wrapper] = children(expect(response, TAG.sequence));
  const code = expect(status, TAG.enumerated).content[0];
  if (code !== SUCCESSFUL || !wrapper) throw new CannotTell(`the OCSP responder answers with status ${code}`);
  const [, octets] = children(expect(children(wrapper)[0], TAG.sequence));
  return read(expect(octets, TAG.octets).content);
}

function isAbout(single: Element, certificate: Certificate, issuer: Certificate): boolean {
  const [id] = children(expect(single, TAG.sequence));
  const [algorithm, name, key, serial] = children(expect(id, TAG.sequence));
  const digest = DIGESTS[oidOf(expect(children(expect(algorithm, TAG.sequence))[0], TAG.oid))];
  if (!digest || !serial?.content.equals(certificate.serial)) return false;
  const [wantedName, wantedKey] = issuerHashes(issuer, digest);
  return name?.content.equals(wantedName) === true && key?.content.equals(wantedKey) === true;
}

function issuerHashes(issuer: Certificate, digest: string): [name: Buffer, key: Buffer] {
  const [, key] = children(read(issuer.publicKeyInfo));
  const hash = (bytes: Buffer) => createHash(digest).update(bytes).digest();
  // of a bit string without the octet that counts the unused bits
  return [hash(issuer.subject.der), hash(expect(key, TAG.bits).content.subarray(1))];
}

const OCSP_SIGNING = '1.3.6.1.5.5.7.3.9';

/** Who may answer: the issuer, and whom it has told to (RFC 6960, 4.2.2.2). */
function signersOf(basic: Element, issuer: Certificate, now: number): Certificate[] {
  const [, , , wrapper] = children(basic);
  const sent = wrapper ? children(expect(children(wrapper)[0], TAG.sequence)) : [];
  const delegates = sent
    .map(({ bytes }) => parseCertificate(bytes))
    .filter((delegate) => {
      const isTimely = delegate.notBefore <= now && now < delegate.notAfter;
      return isTimely && purposes(delegate)?.includes(OCSP_SIGNING) && isSignedBy(delegate, issuer);
    });
  return [issuer, ...delegates];
}

const GOOD = 0x80;
const REVOKED = 0xa1;

function standingIn(single: Element, now: number): Standing {
  const [, status, from, ...rest] = children(single);
  if (!status || !from) throw new CannotTell('the OCSP answer ends early');
  const [next] = rest.filter(({ tag }) => tag === 0xa0).flatMap(children);
  const until = timely('OCSP answer', timeOf(from), next && timeOf(next), now);
  if (status.tag === GOOD) return { status: 'good', until };
  if (status.tag !== REVOKED) throw new CannotTell('the OCSP responder doesn’t know the certificate');
  const [since] = children(status);
  if (!since) throw new CannotTell('the OCSP answer ends early');
  return { status: 'revoked', since: timeOf(since), until };
}
