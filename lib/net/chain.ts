import { createHash } from 'node:crypto';
import { type Issue, statusOfIssue } from '../probes/finding.ts';
import { type Facts, STATUSES } from '../reading.ts';
import {
  type AlternativeNames,
  alternativeNames,
  type Certificate,
  EXTENSION,
  mustStaple,
  parseCertificate,
  shownNames,
} from './certificate.ts';
import { DerError } from './der.ts';
import { pathIssues } from './path-rules.ts';
import { Recent } from './recent.ts';
import { speaksFor } from './server-name.ts';
import { findPaths, type Trust, trustIn } from './trust.ts';

/** What a chain of certificates is held against. */
export interface ChainPolicy {
  /** The name or address that the certificate must be for. */
  readonly host: string;
  /** PEM certificates to trust in place of the ones that come with Node. */
  readonly ca?: string | undefined;
  /** Time left, ms: at or below `warn` it is degraded, at or below `fail` down. Default: only what has expired is told. */
  readonly expires?: { readonly warn: number; readonly fail: number } | undefined;
  /** SHA-256 of public key infos, base64, one of which must be in the chain. */
  readonly pins?: readonly string[] | undefined;
}

/** A certificate of the judged path. */
export interface Link {
  /** SHA-256 of the certificate, hex. */
  readonly fingerprint: string;
  readonly subject: string;
  /** Epoch ms. */
  readonly notBefore: number;
  readonly notAfter: number;
  /** SHA-256 of the public key info, base64. */
  readonly pin: string;
  /** Whether it demands a stapled OCSP answer. */
  readonly mustStaple: boolean;
}

/** A chain as it is judged: one way from the leaf to a trusted certificate, or to where it ends before one. */
export interface JudgedChain {
  /** Everything that is wrong with it. */
  readonly issues: readonly Issue[];
  readonly facts: Facts;
  /** Leaf first; empty when the certificates can't be read. */
  readonly path: readonly Link[];
  /** Whether the last certificate of the path is trusted. */
  readonly anchored: boolean;
}

/**
 * Everything that is wrong with the certificates that a server sent, leaf first, at `now` (epoch ms). Where
 * several ways lead to a trusted certificate, the best one counts. What doesn't depend on the time is remembered
 * by the bytes of the chain; the judgement against `now` is made each time. Of no certificate (an anonymous
 * cipher suite) there is nothing to say.
 */
export function judgeChain(served: readonly Buffer[], policy: ChainPolicy, now: number): JudgedChain {
  const ways = remembered(served, policy).map((way) => {
    return {
      ...way,
      issues: [...way.issues, ...timeIssues(way.path, policy, now), ...pinIssues(way.path, policy)],
    };
  });
  const [best = NOTHING] = ways.toSorted(
    (a, b) => badness(a.issues) - badness(b.issues) || firstToExpire(b.path) - firstToExpire(a.path),
  );
  return best;
}

const NOTHING: JudgedChain = { issues: [], facts: {}, path: [], anchored: false };

/** How many judged chains are remembered for each set of trusted certificates. */
const REMEMBERED_MAX = 5000;
const memory = new WeakMap<Trust, Recent<readonly JudgedChain[]>>();

/** Every way that a chain can be taken, with what doesn't change with the time. */
function remembered(served: readonly Buffer[], { host, ca }: ChainPolicy): readonly JudgedChain[] {
  const trust = trustIn(ca);
  const chains = memory.get(trust) ?? new Recent(REMEMBERED_MAX);
  memory.set(trust, chains);
  const hash = createHash('sha256');
  for (const der of served) hash.update(der);
  const key = `${host} ${hash.digest('base64')}`;
  const ways = chains.get(key) ?? waysOf(served, host, trust);
  chains.set(key, ways);
  return ways;
}

function waysOf(served: readonly Buffer[], host: string, trust: Trust): JudgedChain[] {
  try {
    const certificates = served.map(parseCertificate);
    const [leaf] = certificates;
    if (!leaf) return [];
    const names = alternativeNames(leaf);
    const common = [...nameIssues(host, names), ...orderIssues(certificates)];
    return findPaths(certificates, trust).map((found) => {
      const path = found.certificates.map(linkOf);
      const facts = {
        ...factsOf(leaf, names),
        chainLength: served.length,
        chainExpiresAt: iso(firstToExpire(path)),
      };
      return { issues: [...pathIssues(found), ...common], facts, path, anchored: found.anchored };
    });
  } catch (error) {
    if (!(error instanceof DerError)) throw error;
    const message = `A certificate can't be read: ${error.message}.`;
    return [
      {
        ...NOTHING,
        issues: [{ reason: 'tls_protocol_error', message }],
        facts: { chainLength: served.length },
      },
    ];
  }
}

const linkOf = (certificate: Certificate): Link => ({
  fingerprint: certificate.fingerprint,
  subject: certificate.subject.text,
  notBefore: certificate.notBefore,
  notAfter: certificate.notAfter,
  pin: certificate.pin,
  mustStaple: mustStaple(certificate),
});

const factsOf = (leaf: Certificate, names: AlternativeNames | undefined): Facts => ({
  subject: leaf.subject.text,
  names: shownNames(names),
  issuer: leaf.issuer.text,
  expiresAt: iso(leaf.notAfter),
  fingerprint: leaf.fingerprint,
  // a note: whether Certificate Transparency is enforced is the browsers' affair
  sctsEmbedded: leaf.extensions.has(EXTENSION.scts),
});

function nameIssues(host: string, names: AlternativeNames | undefined): Issue[] {
  if (!names) return [{ reason: 'no_san', message: 'The certificate has no subject alternative name.' }];
  if (speaksFor(host, names)) return [];
  const count = names.dns.length + names.addresses.length;
  const shown = shownNames(names);
  const offered = `${shown.join(', ')}${count > shown.length ? ` and ${count - shown.length} more` : ''}`;
  return [
    {
      reason: 'host_mismatch',
      message: `The certificate is not for ${host} but for ${offered || 'no host'}.`,
    },
  ];
}

/** Each certificate must certify the one before it (RFC 8446, 4.4.2 lets clients forgive it; many don't). */
function orderIssues(certificates: readonly Certificate[]): Issue[] {
  const misplaced = certificates.find((certificate, i) => {
    const before = certificates[i - 1];
    return (
      before &&
      (before.issuer.key !== certificate.subject.key || before.fingerprint === certificate.fingerprint)
    );
  });
  if (!misplaced) return [];
  const message = `The server sends the certificate of "${misplaced.subject.text}" where it doesn't belong in the chain.`;
  return [{ reason: 'chain_order', message }];
}

function timeIssues(links: readonly Link[], { expires }: ChainPolicy, now: number): Issue[] {
  return links.flatMap((link, i) => [...notYetValid(link, now), ...expiry(link, i > 0, expires, now)]);
}

const DAY = 86_400_000;

function notYetValid({ subject, notBefore }: Link, now: number): Issue[] {
  if (now >= notBefore) return [];
  const hint = notBefore - now < DAY ? ' Is a clock wrong, the server’s or ours?' : '';
  const message = `The certificate of "${subject}" is valid only from ${iso(notBefore)} on.${hint}`;
  return [{ reason: 'cert_not_yet_valid', message }];
}

function expiry(
  { subject, notAfter }: Link,
  above: boolean,
  expires: ChainPolicy['expires'],
  now: number,
): Issue[] {
  const left = notAfter - now;
  if (left <= 0) {
    const message = `The certificate of "${subject}" has expired at ${iso(notAfter)}.`;
    return [{ reason: above ? 'chain_cert_expired' : 'cert_expired', message }];
  }
  if (!expires || left > expires.warn) return [];
  const message = `The certificate of "${subject}" expires in ${span(left)}, at ${iso(notAfter)}.`;
  const status = left <= expires.fail ? 'down' : 'degraded';
  return [{ reason: above ? 'chain_cert_expires_soon' : 'cert_expires_soon', message, status }];
}

function pinIssues(links: readonly Link[], { pins }: ChainPolicy): Issue[] {
  if (!pins || links.some(({ pin }) => pins.includes(pin))) return [];
  return [
    {
      reason: 'pin_mismatch',
      message: `No key of the chain is a pinned one; the server's is ${links[0]?.pin}.`,
    },
  ];
}

/** Each issue weighs by its status: one that is down more than any number that are degraded. */
const badness = (issues: readonly Issue[]): number =>
  issues.reduce((sum, issue) => sum + 1000 ** -STATUSES.indexOf(statusOfIssue(issue)), 0);

const firstToExpire = (links: readonly Link[]): number => Math.min(...links.map(({ notAfter }) => notAfter));

const iso = (ms: number): string => new Date(ms).toISOString().replace('.000Z', 'Z');

function span(ms: number): string {
  const [size, unit] =
    ms >= 2 * DAY ? [DAY, 'days'] : ms >= 7_200_000 ? [3_600_000, 'hours'] : [60_000, 'minutes'];
  return `${Math.floor(ms / size)} ${unit}`;
}
