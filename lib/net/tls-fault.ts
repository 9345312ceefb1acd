import type { Reason } from '../reasons.ts';
import { errnoCode } from './errno.ts';
import { Fault } from './net.ts';

const HANDSHAKE_FAILURE = 40;

/** TLS alerts that say why: RFC 8446, 6. Every other alert is `tls_protocol_error`. */
const ALERTS: Readonly<Record<number, Reason>> = {
  [HANDSHAKE_FAILURE]: 'no_shared_cipher',
  41: 'client_cert_required', // no_certificate (SSLv3)
  42: 'client_cert_required', // bad_certificate: Go's word for a missing one, and we never have one
  43: 'client_cert_rejected', // unsupported_certificate
  44: 'client_cert_rejected', // certificate_revoked
  45: 'client_cert_expired', // certificate_expired
  46: 'client_cert_rejected', // certificate_unknown
  48: 'client_cert_rejected', // unknown_ca
  49: 'client_cert_rejected', // access_denied
  70: 'protocol_too_old', // protocol_version
  71: 'no_shared_cipher', // insufficient_security
  112: 'sni_rejected', // unrecognized_name
  116: 'client_cert_required', // certificate_required
  120: 'http2_unsupported', // no_application_protocol: we offer what we speak
};

/** What OpenSSL itself objects to, by the code that Node makes of its words. */
const OBJECTIONS: Readonly<Record<string, Reason>> = {
  ERR_SSL_WRONG_VERSION_NUMBER: 'not_tls',
  ERR_SSL_HTTP_REQUEST: 'not_tls',
  ERR_SSL_HTTPS_PROXY_REQUEST: 'not_tls',
  ERR_SSL_UNSUPPORTED_PROTOCOL: 'protocol_too_old',
  ERR_SSL_EXCESSIVE_MESSAGE_SIZE: 'cert_too_large',
  ERR_SSL_DH_KEY_TOO_SMALL: 'weak_dh',
  ERR_SSL_BAD_DH_VALUE: 'weak_dh',
  ERR_SSL_MODULUS_TOO_SMALL: 'weak_dh',
  ERR_SSL_UNKNOWN_SECURITY_BITS: 'weak_dh', // a group below 1024 bits
  ERR_TLS_DH_PARAM_SIZE: 'weak_dh',
  ERR_SSL_NO_CIPHERS_AVAILABLE: 'no_shared_cipher',
  ERR_SSL_WRONG_CIPHER_RETURNED: 'no_shared_cipher',
  ERR_SSL_UNKNOWN_CIPHER_RETURNED: 'no_shared_cipher',
};

/** The number of the alert that ended the connection, if one did. */
function alertOf(error: unknown): number | undefined {
  const [, number] = /SSL alert number (\d+)/.exec(error instanceof Error ? error.message : '') ?? [];
  return number === undefined ? undefined : Number(number);
}

/**
 * What an error of a TLS socket says about the target, in the handshake and after it (a server that demands a
 * client certificate under TLS 1.3 says so only then). `undefined`: the error is not one of TLS.
 */
export function tlsFault(error: unknown): Fault | undefined {
  const code = errnoCode(error);
  const alert = alertOf(error);
  if (alert === undefined && !/^ERR_(SSL|TLS)_/.test(code)) return undefined;
  const reason = (alert === undefined ? OBJECTIONS[code] : ALERTS[alert]) ?? 'tls_protocol_error';
  const words = opensslWords(error);
  const message =
    alert === undefined
      ? `The handshake is broken: ${words}.`
      : `The server ended TLS with an alert: ${words}.`;
  return new Fault(reason, message, { cause: error });
}

/** `404789…:error:0A000410:SSL routines:ssl3_read_bytes:no shared cipher:../rec.c:918:…` → `no shared cipher`. */
function opensslWords(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const [, words] = /error:[^:]*:[^:]*:[^:]*:([^:]*):/.exec(message) ?? [];
  return words?.replace(/^(ssl\/tls|tlsv1|tlsv13|sslv3) alert /, '') ?? message.slice(0, 200).trim();
}

/**
 * What an error of the socket says when it comes in the middle of the handshake; `flown`: the server had sent
 * its certificate by then, so that it can't be the versions or the suites that it didn't like.
 */
export function handshakeFault(error: unknown, flown: boolean): Fault {
  if (flown && alertOf(error) === HANDSHAKE_FAILURE) {
    return new Fault('client_cert_required', 'The server demands a client certificate.', { cause: error });
  }
  const fault = tlsFault(error);
  if (fault) return fault;
  // Node gives an end of the stream the code of a reset, but not its system call
  const reset = error instanceof Error && 'syscall' in error && errnoCode(error) === 'ECONNRESET';
  return reset
    ? new Fault('tls_reset', 'The server reset the connection in the handshake.', { cause: error })
    : new Fault('tls_closed', 'The server closed the connection in the handshake.', { cause: error });
}

/** For a look that was to tell more, and that failed as looks do: the look before it stands. */
export function nothing(error: unknown): undefined {
  if (!(error instanceof Fault)) throw error;
}
