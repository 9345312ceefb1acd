import { type KeyObject, verify } from 'node:crypto';
import { children, type Element, expect, oidOf, TAG } from './der.ts';

/** The digest of each signature algorithm that CRLs and OCSP answers carry; null: the algorithm has its own. */
const DIGESTS: Readonly<Record<string, string | null>> = {
  '1.2.840.113549.1.1.5': 'sha1',
  '1.2.840.113549.1.1.11': 'sha256',
  '1.2.840.113549.1.1.12': 'sha384',
  '1.2.840.113549.1.1.13': 'sha512',
  '1.2.840.10045.4.1': 'sha1',
  '1.2.840.10045.4.3.2': 'sha256',
  '1.2.840.10045.4.3.3': 'sha384',
  '1.2.840.10045.4.3.4': 'sha512',
  '1.3.101.112': null,
  '1.3.101.113': null,
};

/** What is signed, how, and the signature: how every signed thing of X.509 begins. */
export type Signed = readonly [body: Element, algorithm: Element, signature: Element];

/** The first three elements of a signed sequence. */
export function signedParts(sequence: Element): Signed {
  const [body, algorithm, signature] = children(expect(sequence, TAG.sequence));
  return [expect(body, TAG.sequence), expect(algorithm, TAG.sequence), expect(signature, TAG.bits)];
}

/** Whether the key made the signature; an algorithm or a key that isn't known here made none. */
export function signatureHolds([body, algorithm, signature]: Signed, key: KeyObject): boolean {
  const digest = DIGESTS[oidOf(expect(children(algorithm)[0], TAG.oid))];
  if (digest === undefined || (digest === null) !== key.asymmetricKeyType?.startsWith('ed')) return false;
  // the first octet of a bit string counts its unused bits: none
  return verify(digest, body.bytes, key, signature.content.subarray(1));
}
