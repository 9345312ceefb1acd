import type { Issue } from '../probes/finding.ts';
import {
  type AlternativeNames,
  alternativeNames,
  basicConstraints,
  type Certificate,
  EXTENSION,
  hasUsage,
  isSelfIssued,
  printable,
  publicKeyOf,
  purposes,
} from './certificate.ts';
import { outsideConstraints } from './server-name.ts';
import type { Path } from './trust.ts';

/** What is wrong with a path whatever the time is: RFC 5280, 6.1, and what browsers ask besides. */
export function pathIssues(path: Path): Issue[] {
  const [leaf, ...authorities] = path.certificates as readonly [Certificate, ...Certificate[]];
  const names = alternativeNames(leaf);
  return [
    ...anchorIssues(path),
    ...serverIssues(leaf),
    ...authorities.flatMap((authority, i) => authorityIssues(authority, authorities.slice(0, i), path)),
    ...(names ? authorities.flatMap((authority) => constraintIssues(authority, names)) : []),
    ...path.certificates.flatMap((certificate) => strengthIssues(certificate, path)),
    ...path.certificates.flatMap(criticalIssues),
  ];
}

function anchorIssues({ certificates, anchored }: Path): Issue[] {
  const top = certificates.at(-1) as Certificate;
  if (anchored) return [];
  if (isSelfIssued(top) && certificates.length === 1) {
    return [
      { reason: 'self_signed', message: `The certificate of "${top.subject.text}" is signed by itself.` },
    ];
  }
  if (isSelfIssued(top) || certificates.length > 1) {
    return [{ reason: 'untrusted_issuer', message: `The issuer "${top.issuer.text}" is not trusted.` }];
  }
  const message = `The server doesn't send the certificate of the issuer "${top.issuer.text}", and it isn't a trusted one.`;
  return [{ reason: 'chain_incomplete', message }];
}

const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';
const ANY_PURPOSE = '2.5.29.37.0';
const DIGITAL_SIGNATURE = 0;
const KEY_ENCIPHERMENT = 2;
const KEY_AGREEMENT = 4;
const CERTIFICATE_SIGN = 5;

const isForServers = (certificate: Certificate): boolean =>
  purposes(certificate)?.some((purpose) => purpose === SERVER_AUTH || purpose === ANY_PURPOSE) ?? true;

function serverIssues(leaf: Certificate): Issue[] {
  if (isForServers(leaf) && hasUsage(leaf, DIGITAL_SIGNATURE, KEY_ENCIPHERMENT, KEY_AGREEMENT)) return [];
  return [
    { reason: 'wrong_purpose', message: `The certificate of "${leaf.subject.text}" is not for servers.` },
  ];
}

function authorityIssues(authority: Certificate, between: readonly Certificate[], path: Path): Issue[] {
  const issues: Issue[] = [];
  const trusted = isAnchor(authority, path);
  const { ca, pathLength } = basicConstraints(authority);
  const name = `"${authority.subject.text}"`;
  // roots of the nineties have no such extension; that they are trusted is enough
  const exempt = trusted && !authority.extensions.has(EXTENSION.basicConstraints);
  if (!exempt && !(ca && hasUsage(authority, CERTIFICATE_SIGN))) {
    issues.push({ reason: 'invalid_ca', message: `The issuer ${name} may not sign certificates.` });
  }
  if (!trusted && !isForServers(authority)) {
    issues.push({ reason: 'wrong_purpose', message: `The authority ${name} may not sign for servers.` });
  }
  if (pathLength !== undefined && between.filter((lower) => !isSelfIssued(lower)).length > pathLength) {
    issues.push({
      reason: 'path_length_exceeded',
      message: `More authorities stand below ${name} than it allows.`,
    });
  }
  return issues;
}

function constraintIssues(authority: Certificate, names: AlternativeNames): Issue[] {
  const [outside] = outsideConstraints(names, authority);
  if (outside === undefined) return [];
  const message = `The authority "${authority.subject.text}" may not sign for "${printable(outside)}".`;
  return [{ reason: 'name_constraint', message }];
}

/** OIDs of signatures with MD2, MD4, MD5 or SHA-1, and the digest's name. */
const BROKEN_SIGNATURES: Readonly<Record<string, string>> = {
  '1.2.840.113549.1.1.2': 'MD2',
  '1.2.840.113549.1.1.3': 'MD4',
  '1.2.840.113549.1.1.4': 'MD5',
  '1.2.840.113549.1.1.5': 'SHA-1',
  '1.3.14.3.2.29': 'SHA-1',
  '1.2.840.10045.4.1': 'SHA-1',
  '1.2.840.10040.4.3': 'SHA-1',
};

function strengthIssues(certificate: Certificate, path: Path): Issue[] {
  const issues: Issue[] = [];
  const name = `"${certificate.subject.text}"`;
  const digest = BROKEN_SIGNATURES[certificate.signatureAlgorithm];
  // what a root says about itself proves nothing, however it is signed
  const isRoot = certificate !== path.certificates[0] && isSelfIssued(certificate);
  if (digest && !isRoot && !isAnchor(certificate, path)) {
    issues.push({
      reason: 'weak_signature',
      message: `The certificate of ${name} is signed with ${digest}.`,
    });
  }
  const { bits, broken, weak } = keyStrength(certificate);
  if (bits < weak) {
    const message = `The key of ${name} has only ${bits} bits.`;
    issues.push({ reason: 'weak_key', message, status: bits < broken ? 'down' : 'degraded' });
  }
  return issues;
}

/** Bits of the key, and below how many it is weak or broken: NIST SP 800-57, part 1, table 2 (80 and 112 bits). */
function keyStrength(certificate: Certificate): { bits: number; broken: number; weak: number } {
  const { modulusLength, namedCurve } = publicKeyOf(certificate)?.asymmetricKeyDetails ?? {};
  if (namedCurve) return { bits: Number(/\d{3}/.exec(namedCurve)?.[0] ?? Infinity), broken: 160, weak: 224 };
  return { bits: modulusLength ?? Infinity, broken: 1024, weak: 2048 };
}

/** Extensions that a client knows how to honour, those that bind only authorities included. */
const KNOWN_EXTENSIONS: ReadonlySet<string> = new Set([
  ...Object.values(EXTENSION),
  '2.5.29.32', // certificate policies
  '2.5.29.33', // policy mappings
  '2.5.29.36', // policy constraints
  '2.5.29.54', // inhibit any policy
  '2.16.840.1.113730.1.1', // Netscape certificate type
  '1.3.6.1.5.5.7.1.7', // IP resources (RFC 3779)
  '1.3.6.1.5.5.7.1.8', // AS resources
]);

function criticalIssues({ extensions, subject }: Certificate): Issue[] {
  const unknown = [...extensions].filter(([id, { critical }]) => critical && !KNOWN_EXTENSIONS.has(id));
  return unknown.map(([id]) => ({
    reason: 'unknown_critical_extension',
    message: `The certificate of "${subject.text}" has the unknown critical extension ${id}.`,
  }));
}

const isAnchor = (certificate: Certificate, { certificates, anchored }: Path): boolean =>
  anchored && certificate === certificates.at(-1);
