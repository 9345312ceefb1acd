import { createSecureContext, DEFAULT_CIPHERS, rootCertificates, type SecureContext } from 'node:tls';

/**
 * How we present ourselves: `usual` as a client does that is not after secrets that must last; `hybrid` with the key
 * exchanges that quantum computers can't break either, for a server that takes nothing else; `lenient` takes whatever
 * this OpenSSL still knows, to find out what a server that refused the usual offer does speak.
 */
export type Offer = 'usual' | 'hybrid' | 'lenient';

/**
 * The groups that OpenSSL 3.5 offers by itself, without X25519MLKEM768: its key share is 1,216 bytes of each hello, which
 * is most of what a check sends, and two packets in place of one. Named further down, without a share, it would cost
 * more: a server that has it asks for it (HelloRetryRequest), and all of it goes out once more, a round trip later.
 */
export const GROUPS = 'X25519:P-256:X448:P-384:P-521:ffdhe2048:ffdhe3072';
/** All that OpenSSL 3.5 knows. The share of the first is sent, the others are asked for. */
const HYBRID_GROUPS = 'X25519MLKEM768:SecP256r1MLKEM768:SecP384r1MLKEM1024';

const OFFERS = {
  usual: { minVersion: 'TLSv1.2', ciphers: DEFAULT_CIPHERS, ecdhCurve: GROUPS },
  hybrid: { minVersion: 'TLSv1.3', ciphers: DEFAULT_CIPHERS, ecdhCurve: HYBRID_GROUPS },
  // a security level of 0 allows short keys, old digests and old versions: SSL_CTX_set_security_level(3)
  // and 1.3 has nothing to be lenient about
  lenient: { minVersion: 'TLSv1', maxVersion: 'TLSv1.2', ciphers: 'ALL:COMPLEMENTOFALL:@SECLEVEL=0' },
} as const;

const contexts = new Map<string | undefined, Partial<Record<Offer, SecureContext>>>();

/**
 * The context to dial with; made once for each set of trusted certificates, since reading them takes longer
 * than a handshake. It holds no session: a client resumes only what is passed to `connect`, which never is.
 */
export function contextFor(ca: string | undefined, offer: Offer): SecureContext {
  const known = contexts.get(ca) ?? {};
  contexts.set(ca, known);
  known[offer] ??= createSecureContext({
    ...OFFERS[offer],
    ca: ca ?? [...rootCertificates],
    allowPartialTrustChain: true,
  });
  return known[offer];
}
