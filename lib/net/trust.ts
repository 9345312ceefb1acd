import { rootCertificates } from 'node:tls';
import { type Certificate, isSelfIssued, isSignedBy, parseCertificate } from './certificate.ts';
import { DerError } from './der.ts';
import { Fault } from './net.ts';

/** Longest chain that is followed, and how many signatures are checked to find it: a hostile server sends many. */
const DEPTH_MAX = 10;
const SIGNATURES_MAX = 100;

/** A leaf and what stands above it, each signed by the next. */
export interface Path {
  readonly certificates: readonly Certificate[];
  /** Whether its last certificate is trusted. */
  readonly anchored: boolean;
}

/** The certificates that are trusted as they are: an authority, or a server's own. */
export type Trust = readonly Certificate[];

const BUILT_IN = rootCertificates.join('\n');
const trusts = new Map<string, Trust>();

/**
 * The anchors in a PEM text, or the ones that come with Node; read once. What the environment adds
 * (NODE_EXTRA_CA_CERTS) doesn't count: a check means the same everywhere.
 */
export function trustIn(ca: string | undefined): Trust {
  const pem = ca ?? BUILT_IN;
  const trust = trusts.get(pem) ?? pemCertificates(pem);
  trusts.set(pem, trust);
  return trust;
}

function pemCertificates(pem: string): Trust {
  const blocks = pem.matchAll(/-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----([\s\S]*?)-----END/g);
  try {
    const found = [...blocks].map(([, base64 = '']) => parseCertificate(Buffer.from(base64, 'base64')));
    if (found.length === 0) throw new DerError('it holds no certificate');
    return found;
  } catch (error) {
    if (!(error instanceof DerError)) throw error;
    throw new Fault('misconfigured', `The certificates of "ca" can't be read: ${error.message}.`, {
      cause: error,
    });
  }
}

/** Every way from the leaf, the first of `served`, up to an anchor; else the ways that end before one. */
export function findPaths(served: readonly Certificate[], trust: Trust): Path[] {
  const found: Path[] = [];
  let signatures = 0;

  function climb(certificates: readonly Certificate[]): void {
    const top = certificates.at(-1) as Certificate;
    const anchored = trust.some((anchor) => same(anchor, top));
    const issuers = anchored || certificates.length === DEPTH_MAX ? [] : issuersOf(top, certificates);
    if (issuers.length === 0) found.push({ certificates, anchored });
    for (const issuer of issuers) climb([...certificates, issuer]);
  }

  function issuersOf(top: Certificate, below: readonly Certificate[]): Certificate[] {
    if (isSelfIssued(top) && signedBy(top, top)) return [];
    const named = [...trust, ...served].filter((candidate) => candidate.subject.key === top.issuer.key);
    const fresh = named.filter(
      (candidate, index) => named.findIndex((other) => same(other, candidate)) === index,
    );
    return fresh.filter(
      (candidate) => !below.some((lower) => same(lower, candidate)) && signedBy(top, candidate),
    );
  }

  function signedBy(certificate: Certificate, issuer: Certificate): boolean {
    signatures += 1;
    return signatures <= SIGNATURES_MAX && isSignedBy(certificate, issuer);
  }

  climb(served.slice(0, 1));
  return found.some(({ anchored }) => anchored) ? found.filter(({ anchored }) => anchored) : found;
}

const same = (a: Certificate, b: Certificate): boolean => a.fingerprint === b.fingerprint;
