import { type ChainPolicy, judgeChain } from '../../lib/net/chain.ts';
import { type CertificateSpec, type Issued, makeAuthority } from './ca.ts';

/* A root, an intermediate and their leaves, judged at one moment: what tests of chains share. */

export const SECOND = 1000;
export const DAY = 86_400 * SECOND;
export const NOW = Date.UTC(2026, 5, 1, 12);
export const validity = { from: NOW - 100 * DAY, to: NOW + 100 * DAY };

export const root = makeAuthority({ name: 'Acme root', ...validity });
export const intermediate = root.intermediate({ name: 'Acme intermediate', ...validity });
export const issue = (spec: CertificateSpec = {}) =>
  intermediate.issue({ ...validity, names: ['api.acme.test'], ...spec });

/** What a server sends for this certificate. */
export const sent = (leaf: Issued): Buffer[] =>
  leaf.issuer ? [leaf.der, ...(leaf.issuer.issuer ? sent(leaf.issuer) : [])] : [leaf.der];

export function judge(leaf: Issued | Buffer[], policy: Partial<ChainPolicy> = {}, now = NOW) {
  const served = Array.isArray(leaf) ? leaf : sent(leaf);
  return judgeChain(served, { host: 'api.acme.test', ca: root.pem, ...policy }, now);
}

export const reasons = (...args: Parameters<typeof judge>) =>
  judge(...args).issues.map(({ reason, status }) => (status ? `${reason}: ${status}` : reason));
