import type { Status } from './reading.ts';

interface Meaning {
  /** The status it gives, unless a check's policy says otherwise. */
  readonly status: Status;
  readonly means: string;
  /** Nothing that a second try could mend: it is believed at once. */
  readonly final?: true;
}

const down = (means: string): Meaning => ({ status: 'down', means });
const degraded = (means: string): Meaning => ({ status: 'degraded', means });
const unknown = (means: string): Meaning => ({ status: 'unknown', means });
const final = (meaning: Meaning): Meaning => ({ ...meaning, final: true });

/**
 * Every reason code, in the order of the docs. They are a public contract: the API, the CLI, pages and tests
 * use the same words, and a code keeps its meaning. docs/reasons.md is generated from this table.
 */
export const REASONS = {
  // our own fault: we could not tell
  self_dns: unknown('Our resolver answers nobody.'),
  self_fds: unknown('We ran out of file descriptors.'),
  self_network: unknown('Our own network is broken (no route, no free port, no buffers).'),
  self_memory: unknown('We ran out of memory.'),
  self_frozen: unknown('Our process stood still during the run.'),
  self_error: unknown('Watchbill itself failed; the log tells why.'),
  observer_blind: unknown('Nothing passed here and every canary failed: the location itself is cut off.'),
  target_refused: final(unknown('The policy forbids the address (see network.allow).')),
  misconfigured: final(unknown('The check cannot run as it is configured, a missing secret for example.')),
  http2_unsupported: final(unknown('The server speaks HTTP/2 only.')),
  partial: degraded('A minority of the locations sees it down.'),

  // network and DNS
  connect_refused: down('The connection was refused.'),
  connect_timeout: down('No answer to the connection attempt in time.'),
  connection_reset: down('The connection was reset.'),
  host_unreachable: down('The network reports that the host cannot be reached.'),
  response_timeout: down('Connected, but no answer in time.'),
  write_timeout: down('The server stopped reading our request.'),
  empty_reply: down('The connection was closed without an answer.'),
  port_open: down('The port is open and should not be.'),
  port_closed: down('The port is closed.'),
  dns_nxdomain: down('The name does not exist.'),
  dns_nodata: down('The name exists, but has no record of the type.'),
  dns_servfail: down('The name server failed.'),
  dns_refused: down('The name server refused the question.'),
  dns_timeout: down('The name server did not answer in time.'),
  dns_error: down('The answer is not usable: a loop, a broken packet, a truncated answer without TCP.'),
  dns_mismatch: down('The record is not what was expected.'),
  ttl_too_long: degraded('The record may be cached for longer than expected.'),

  // TLS
  cert_expired: down('The certificate has expired.'),
  chain_cert_expired: down('A certificate above the leaf has expired.'),
  cert_not_yet_valid: down('The certificate is not valid yet.'),
  cert_expires_soon: degraded('The certificate expires soon; down once "fail" is reached.'),
  chain_cert_expires_soon: degraded(
    'A certificate above the leaf expires soon; down once "fail" is reached.',
  ),
  host_mismatch: down('The certificate is for other names.'),
  no_san: down('The certificate has no subject alternative name.'),
  self_signed: down('The certificate is signed by itself.'),
  untrusted_issuer: down('The chain ends at an issuer that is not trusted.'),
  chain_incomplete: down('An intermediate certificate is missing.'),
  chain_order: degraded('The certificates are sent in the wrong order, or with strangers among them.'),
  revoked: down('A certificate of the chain is revoked.'),
  revocation_unknown: degraded('Whether it is revoked cannot be told.'),
  no_staple: degraded('The certificate demands a stapled OCSP answer and there is none.'),
  weak_signature: down('A certificate is signed with a broken digest.'),
  weak_key: degraded('A key is too short; down below 1024 bits.'),
  weak_cipher: down('The cipher suite is weak; degraded for CBC.'),
  weak_dh: down('The Diffie-Hellman group is too small.'),
  no_forward_secrecy: degraded('The key exchange gives no forward secrecy.'),
  no_shared_cipher: down('No cipher suite in common.'),
  protocol_too_old: down('The TLS version is older than the minimum.'),
  cert_too_large: down('The certificate is too large to be read.'),
  wrong_purpose: down('The certificate is not for servers.'),
  invalid_ca: down('An issuer in the chain is no certificate authority.'),
  path_length_exceeded: down('The chain is longer than its authority allows.'),
  name_constraint: down('The name is outside of what its authority may sign.'),
  unknown_critical_extension: down('The certificate has a critical extension that nobody knows.'),
  client_cert_required: down('The server demands a client certificate.'),
  client_cert_rejected: down('The server rejects our client certificate.'),
  client_cert_expired: down('The server says that our client certificate has expired.'),
  pin_mismatch: down('The key is not the pinned one.'),
  not_tls: down('The server does not speak TLS.'),
  tls_timeout: down('The handshake did not end in time.'),
  tls_closed: down('The server closed the connection in the handshake.'),
  tls_reset: down('The server reset the connection in the handshake.'),
  sni_rejected: down('The server does not know the name.'),
  tls_protocol_error: down('The handshake is broken.'),

  // HTTP
  unexpected_status: down('The status code is not an expected one.'),
  unauthorized: down('401: the credentials are missing or no longer valid.'),
  forbidden: down('403: the credentials do not allow it.'),
  rate_limited: degraded('429: too many requests.'),
  unavailable: down('503: the service says that it is unavailable.'),
  body_mismatch: down('The body is not what was expected.'),
  json_mismatch: down('The JSON is not what was expected.'),
  header_mismatch: down('A header is not what was expected.'),
  too_slow: degraded('It answered, but not within the expected time.'),
  redirect_loop: down('The redirects go in a circle.'),
  too_many_redirects: down('More redirects than allowed.'),
  bad_redirect: down('A redirect without a usable Location.'),
  redirect_scheme_refused: down('A redirect to something that is not http or https.'),
  redirect_blocked: down('A redirect to an address that the policy forbids.'),
  downgrade: down('A redirect from https to http.'),
  body_truncated: down('The body ended before its announced end.'),
  bad_framing: down('The length of the body is contradictory or malformed.'),
  bad_encoding: down('The body cannot be decoded.'),
  headers_too_large: down('The headers are larger than 16 KiB.'),
  bad_http: down('The answer breaks the rules of HTTP.'),
  not_http: down('The answer is not HTTP.'),
  unexpected_upgrade: down('The server switched protocols without being asked.'),

  // the APIs of AWS
  aws_denied: final(unknown('AWS does not let us look: the message names the missing action.')),
  aws_throttled: unknown('AWS throttles us.'),
  aws_unavailable: unknown('The API of AWS does not answer, or fails.'),

  // tokens and credentials
  token_expired: final(down('The token or credential has expired.')),
  token_expires_soon: final(degraded('It expires soon; down once "fail" is reached.')),
  token_not_yet_valid: final(down('The token is not valid yet, or was issued in the future.')),
  token_never_expires: final(down('The token never expires, though a longest lifetime is set.')),
  token_lives_too_long: final(down('The token is valid for longer than "lifetime" allows.')),
  token_invalid: final(down('The token is not what it should be: its form, algorithm, signature or claims.')),
  token_inactive: final(down('The authorization server says that the token is not active.')),
  token_missing: final(down('The answer holds no token where there should be one.')),
  token_type_unsupported: final(down('The token is of a type that is not "Bearer".')),
  wrong_issuer: final(down('The token is from another issuer.')),
  wrong_audience: final(down('The token is for another audience.')),
  jwks_unavailable: degraded('The keys that prove the signature cannot be had.'),
  introspection_unavailable: degraded('The authorization server does not say whether the token is active.'),
  invalid_client: final(down('The authorization server does not take our client id and secret.')),
  invalid_scope: final(down('The authorization server does not give the scope or audience.')),
  grant_refused: final(down('The authorization server refuses the token for another reason.')),
  expiry_missing: final(down('Nothing says when it expires.')),
  not_rejected: final(down('What must be refused was accepted: an expired, revoked or rotated credential.')),
  not_accepted: final(down('The new credential is refused.')),

  // keys and their rotation
  key_missing: final(down('There is no key, or none that is in use.')),
  key_too_old: final(down('The key is older than its policy allows.')),
  key_due_soon: final(degraded('The key is soon older than its policy allows.')),
  key_unused: final(degraded('The key was not used for so long that nobody seems to need it.')),
  root_key: final(down('The root user of the account has access keys.')),
  rotation_disabled: final(down('Rotation is switched off.')),
  rotation_failing: final(down('A rotation was due and did not happen.')),
  rotation_stuck: final(down('A rotation has begun and does not end.')),
  renewal_failed: final(down('The renewal of the certificate has failed.')),
  renewal_pending: final(degraded('The renewal of the certificate waits for somebody.')),

  // backups
  backup_missing: final(down('There is no backup that could be restored.')),
  backup_too_old: final(down('The newest good backup is older than its policy allows.')),
  backup_due_soon: final(degraded('The newest good backup is soon older than its policy allows.')),
  backup_failed: final(degraded('The newest backup has failed; an older one is still good.')),
  backup_future: final(degraded('A backup is dated in the future: it does not count.')),
  backup_empty: final(degraded('A backup is empty: it does not count.')),
  backup_too_small: final(down('The newest good backup is smaller than "minSize".')),
  backup_shrunk: final(degraded('The newest backup is far smaller than the ones before.')),
  backup_not_encrypted: final(down('The backup is not encrypted.')),
  copy_missing: final(down('The copy in the other region is missing or too old.')),
  retention_too_short: final(degraded('The oldest backup does not reach back far enough.')),
  pitr_off: final(down('Recovery to a point in time is switched off.')),
  restore_untested: final(degraded('No restore was tested for longer than the policy allows.')),
  restore_failed: final(down('The newest test of a restore has failed.')),
  restore_too_slow: final(degraded('The newest test of a restore took longer than allowed.')),

  // what reports by itself
  heartbeat_awaited: final(unknown('Nothing was heard of it yet; it is not late yet.')),
  heartbeat_missed: final(down('It is late: nothing was heard for "every" and "grace".')),
  heartbeat_failed: final(down('It reported a failure.')),

  // what others have found wrong
  alarm_raised: down('An alarm of CloudWatch is raised.'),
  budget_exceeded: down('More is spent than the threshold of a budget.'),
  budget_forecast: degraded('More is forecast to be spent than the threshold of a budget.'),
  cost_anomaly: degraded('Something costs more than usual.'),
  health_event: degraded('AWS tells of trouble, or of what it plans.'),
  event_received: degraded('An event of EventBridge came by an alert topic.'),
  unparsed_event: degraded('A message came by an alert topic that is of no known format: its text tells.'),
} as const satisfies Record<string, Meaning>;

/** A reason code of docs/reasons.md. */
export type Reason = keyof typeof REASONS;

/** The status that a reason gives by itself. */
export const statusOf = (reason: Reason): Status => REASONS[reason].status;

/** Whether a second try could not mend it. */
export const isFinal = (reason: string): boolean => reason in REASONS && 'final' in REASONS[reason as Reason];

/** Reasons that speak of the observer and not of one target: they belong to the location. */
export const OBSERVER_REASONS: ReadonlySet<string> = new Set<Reason>([
  'self_dns',
  'self_fds',
  'self_network',
  'self_memory',
  'self_frozen',
  'observer_blind',
]);
