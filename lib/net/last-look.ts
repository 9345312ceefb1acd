import type { Reason } from '../reasons.ts';
import { bareHello } from './bare-hello.ts';
import { greetingFault } from './greeting.ts';
import { Fault, type Limits, type Net, type Target } from './net.ts';

/** Suites that current OpenSSL no longer has, or has under old versions only: the IANA registry. */
const OLD_SUITES: ReadonlyMap<number, string> = new Map([
  [0xc011, 'TLS_ECDHE_RSA_WITH_RC4_128_SHA'],
  [0xc007, 'TLS_ECDHE_ECDSA_WITH_RC4_128_SHA'],
  [0x0005, 'TLS_RSA_WITH_RC4_128_SHA'],
  [0x0004, 'TLS_RSA_WITH_RC4_128_MD5'],
  [0xc012, 'TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA'],
  [0xc008, 'TLS_ECDHE_ECDSA_WITH_3DES_EDE_CBC_SHA'],
  [0x0016, 'TLS_DHE_RSA_WITH_3DES_EDE_CBC_SHA'],
  [0x000a, 'TLS_RSA_WITH_3DES_EDE_CBC_SHA'],
  [0x0015, 'TLS_DHE_RSA_WITH_DES_CBC_SHA'],
  [0x0009, 'TLS_RSA_WITH_DES_CBC_SHA'],
  [0x0018, 'TLS_DH_anon_WITH_RC4_128_MD5'],
  [0x001b, 'TLS_DH_anon_WITH_3DES_EDE_CBC_SHA'],
  [0x0003, 'TLS_RSA_EXPORT_WITH_RC4_40_MD5'],
  [0x0006, 'TLS_RSA_EXPORT_WITH_RC2_CBC_40_MD5'],
  [0x0008, 'TLS_RSA_EXPORT_WITH_DES40_CBC_SHA'],
  [0x0014, 'TLS_DHE_RSA_EXPORT_WITH_DES40_CBC_SHA'],
]);

/** Offered besides, for servers whose fault is only their version. */
const AES_SUITES = [0xc014, 0xc013, 0xc00a, 0xc009, 0x0039, 0x0033, 0x0035, 0x002f];

const OLD_VERSIONS: Readonly<Record<number, string>> = { 768: 'SSL 3.0', 769: 'TLS 1.0', 770: 'TLS 1.1' };

/** How long it may take, ms: what is wrong is known by then, and somebody waits for it. */
const PATIENCE_MS = 2_000;

/** What a server that speaks something else answers to a TLS hello, and what one that has other terms. */
const NO_TLS: readonly Reason[] = ['not_tls', 'tls_closed', 'tls_reset'];
const NO_TERMS: readonly Reason[] = ['no_shared_cipher', 'protocol_too_old'];

/**
 * Asks a server that OpenSSL can't come to terms with, in our own words, what it does speak: SSL, a suite of
 * another time, or no TLS at all. `undefined`: it doesn't say.
 */
export async function lastLook(
  net: Net,
  target: Target,
  servername: string,
  first: Fault,
  within: Limits,
): Promise<Fault | undefined> {
  const limits = { ...within, deadline: Math.min(within.deadline, net.clock.monotonic() + PATIENCE_MS) };
  if (NO_TLS.includes(first.reason)) return greetingFault(net, target, limits);
  if (!NO_TERMS.includes(first.reason)) return undefined;
  const suites = [...OLD_SUITES.keys(), ...AES_SUITES];
  const choice = await bareHello(net, target, { suites, servername }, limits);
  const version = choice && OLD_VERSIONS[choice.version];
  const suite = choice && OLD_SUITES.get(choice.suite);
  if (version) {
    return new Fault(
      'protocol_too_old',
      `The server speaks ${version}${suite ? ` with the broken suite ${suite}` : ''}.`,
    );
  }
  return suite === undefined ? undefined : new Fault('weak_cipher', `The cipher suite ${suite} is broken.`);
}
