import { createHash } from 'node:crypto';
import type { Issue } from '../probes/finding.ts';
import type { Facts } from '../reading.ts';
import { type Certificate, parseCertificate } from './certificate.ts';
import type { Crl } from './crl.ts';
import type { Limits, Net } from './net.ts';
import { remember } from './remember.ts';
import { ask, type Lists, type Outcome, type Question } from './revocation-sources.ts';
import type { Secured } from './tls.ts';
import { trustIn } from './trust.ts';

export interface RevocationPolicy {
  /** That it can't be told is a fact with `soft`, an issue with `hard`. */
  readonly mode: 'soft' | 'hard';
  /** The PEM certificates that the chain was judged against. */
  readonly ca?: string | undefined;
}

/** What one door to the network was told, for as long as the sources stand by it. */
interface Memory {
  /** By the fingerprint of the certificate and the hash of what was stapled to it. */
  readonly outcomes: (key: string, ask: () => Promise<Outcome>) => Promise<Outcome>;
  readonly lists: Lists;
}

const OUTCOMES_MAX = 20_000;
const LISTS_MAX = 8;
const memories = new WeakMap<Net, Memory>();

/** How long the sources may take, and how long they are left alone when they were of no use, ms. */
const PATIENCE_MS = 5_000;
const USELESS_MS = 300_000;

/** The longest that a word is taken for, ms: the list that an intermediate is on may stand for a year. */
const BELIEVED_MS = 86_400_000;

interface Verdict {
  readonly issues: readonly Issue[];
  readonly facts: Facts;
}

/**
 * Whether a certificate of a trusted chain, the trusted one excepted, is revoked: by what the server stapled,
 * by OCSP, else by CRLs, fetched through `net` and remembered for as long as they say.
 */
export async function revocation(
  net: Net,
  secured: Secured,
  { mode, ca }: RevocationPolicy,
  limits: Limits,
): Promise<Verdict> {
  const { path, anchored } = secured.chain;
  const links = anchored ? path.slice(0, -1) : [];
  const deadline = Math.min(limits.deadline, net.clock.monotonic() + PATIENCE_MS);
  const { outcomes: known, lists } = memoryOf(net);
  // read again, and only when it is needed, which is seldom
  const certificates = () => pathCertificates(secured, ca);
  const outcomes = await Promise.all(
    links.map(async ({ fingerprint, subject }, i) => {
      const staple = i === 0 ? secured.staple : undefined;
      const key = `${fingerprint} ${staple ? createHash('sha256').update(staple).digest('base64') : ''}`;
      const question = () => ({ ...pairAt(certificates(), i), staple });
      const outcome = await known(key, () => ask(net, question(), lists, { ...limits, deadline }));
      return { subject, outcome };
    }),
  );
  return outcomes.length > 0 ? verdictOn(outcomes, mode) : { issues: [], facts: {} };
}

function memoryOf(net: Net): Memory {
  const { clock } = net;
  const memory = memories.get(net) ?? {
    outcomes: remember(clock, OUTCOMES_MAX, (outcome: Outcome) => believedUntil(outcome, clock.now())),
    lists: remember(clock, LISTS_MAX, ({ until = 0 }: Crl) => Math.min(until, clock.now() + BELIEVED_MS)),
  };
  memories.set(net, memory);
  return memory;
}

function believedUntil(outcome: Outcome, now: number): number {
  if (outcome.status === 'unknown') return now + USELESS_MS;
  return Math.min(outcome.until ?? now, now + BELIEVED_MS);
}

function pathCertificates({ chain, served }: Secured, ca: string | undefined): Certificate[] {
  const known = [...trustIn(ca), ...served.map(parseCertificate)];
  return chain.path.map(
    (link) => known.find(({ fingerprint }) => fingerprint === link.fingerprint) as Certificate,
  );
}

function pairAt(path: readonly Certificate[], i: number): Pick<Question, 'certificate' | 'issuer'> {
  const [certificate, issuer] = path.slice(i) as [Certificate, Certificate];
  return { certificate, issuer };
}

function verdictOn(
  outcomes: readonly { subject: string; outcome: Outcome }[],
  mode: RevocationPolicy['mode'],
): Verdict {
  const issues = outcomes.flatMap(({ subject, outcome }) => issuesOf(subject, outcome));
  const unknown = issues.filter(({ reason }) => reason === 'revocation_unknown');
  const revoked = issues.filter(({ reason }) => reason === 'revoked');
  const standing = revoked.length > 0 ? 'revoked' : unknown.length > 0 ? 'unknown' : 'good';
  if (mode === 'hard') return { issues, facts: { revocation: standing } };
  const why = unknown.map(({ message }) => message).join(' ');
  return {
    issues: revoked,
    facts: { revocation: standing, ...(why && { revocation_unknown: why.slice(0, 500) }) },
  };
}

function issuesOf(subject: string, outcome: Outcome): Issue[] {
  if (outcome.status === 'good') return [];
  if (outcome.status === 'unknown') {
    const message = `Whether the certificate of "${subject}" is revoked can't be told: ${outcome.why}.`;
    return [{ reason: 'revocation_unknown', message }];
  }
  const since = new Date(outcome.since).toISOString().replace('.000Z', 'Z');
  return [
    {
      reason: 'revoked',
      message: `The certificate of "${subject}" was revoked at ${since} (${outcome.source}).`,
    },
  ];
}
