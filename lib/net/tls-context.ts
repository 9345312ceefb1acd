import { createSecureContext, DEFAULT_CIPHERS, rootCertificates, type SecureContext } from 'node:tls';

/**
 * How we present ourselves: `usual` as a current browser or client does; `lenient` takes whatever this
 * OpenSSL still knows, to find out what a server that refused the usual offer does speak.
 */
export type Offer = 'usual' | 'lenient';

const OFFERS = {
  usual: { minVersion: 'TLSv1.2', ciphers: DEFAULT_CIPHERS },
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
