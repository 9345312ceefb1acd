import { isIP, type Socket } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import type { Clock } from '../ports.ts';
import { type Issue, statusOfIssue } from '../probes/finding.ts';
import type { Facts, Phases } from '../reading.ts';
import type { Reason } from '../reasons.ts';
import { type ChainPolicy, type JudgedChain, judgeChain } from './chain.ts';
import { type Hold, holdTo } from './hold.ts';
import { lastLook } from './last-look.ts';
import { type Address, Fault, type Limits, type Net, type Target } from './net.ts';
import { servedChain } from './served-chain.ts';
import { stopwatch } from './stopwatch.ts';
import { contextFor, type Offer } from './tls-context.ts';
import { handshakeFault, nothing } from './tls-fault.ts';
import { grade, type TlsVersion } from './tls-grade.ts';

export interface TlsOptions extends Omit<ChainPolicy, 'host'> {
  /** The name to ask for and to find in the certificate; default: the target's host. */
  readonly servername?: string | undefined;
  /** Application protocols to offer, the best first; default: none. */
  readonly alpn?: readonly string[] | undefined;
  /** Default: TLSv1.2. */
  readonly minVersion?: TlsVersion | undefined;
  /** Monotonic ms by which it must be connected; default: the limits' deadline. */
  readonly connectBy?: number | undefined;
  /** Whether to wait, briefly, for a server that refuses us only after the handshake; default: no. */
  readonly settle?: boolean | undefined;
}

export interface Secured extends Address {
  /** Open, and the caller's to close. */
  readonly socket: TLSSocket;
  readonly port: number;
  readonly phases: Pick<Phases, 'dns' | 'connect' | 'tls'>;
  /** Everything that is wrong with the certificates and with what was agreed on. */
  readonly issues: readonly Issue[];
  readonly facts: Facts;
  /** The certificates that the server sent, DER, in its order. */
  readonly served: readonly Buffer[];
  readonly chain: JudgedChain;
  /** The OCSP answer that the server stapled to them. */
  readonly staple: Buffer | undefined;
}

interface Look {
  readonly offer: Offer;
  readonly alpn: readonly string[];
}

/**
 * TLS on a fresh connection, never on a resumed session. A fault of the certificates doesn't end it: all of
 * them are found and listed in `issues`, and the caller decides. It throws `Fault` when there is no TLS
 * connection to be had; a server that refuses the usual offer gets a hybrid one, which may be what it wants, and then a
 * lenient one, to say what it does speak.
 */
export async function handshake(
  net: Net,
  target: Target,
  options: TlsOptions,
  limits: Limits,
): Promise<Secured> {
  const usual: Look = { offer: 'usual', alpn: options.alpn ?? [] };
  try {
    return await look(net, target, options, limits, usual);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    for (const again of furtherLooks(usual, error)) {
      // a further look that comes to nothing says nothing: the first one stands
      const seen = await look(net, target, options, limits, again).catch(nothing);
      if (seen) return again.offer === 'lenient' ? explained(seen, error) : seen;
    }
    const named = await lastLook(net, target, options.servername ?? target.host, error, limits).catch(
      nothing,
    );
    throw named ? named.after(error.phases, error.facts) : withoutHttp2(error, usual);
  }
}

/** A server that was offered HTTP/2 and refused that, too, isn't one that speaks nothing else. */
function withoutHttp2(fault: Fault, { alpn }: Look): Fault {
  if (fault.reason !== 'http2_unsupported' || !alpn.includes('h2')) return fault;
  const { message, cause, phases, facts } = fault;
  return new Fault('tls_protocol_error', message, { cause, phases, facts });
}

/** How to look again after this fault, where that may tell more: one after the other, until one comes to something. */
function furtherLooks(first: Look, { reason }: Fault): Look[] {
  // neither of the protocols of the web: it may be fine all the same
  if (reason === 'http2_unsupported' && first.alpn.includes('h2')) return [{ ...first, alpn: [] }];
  const hybrid: Look = { ...first, offer: 'hybrid' };
  const lenient: Look = { ...first, offer: 'lenient' };
  // the alert of a server that has no suite in common with us, or no group: RFC 8446, 4.1.1
  if (reason === 'no_shared_cipher') return [hybrid, lenient];
  return reason === 'protocol_too_old' || reason === 'weak_dh' ? [lenient] : [];
}

/** What the lenient offer led to says why the usual one was refused; if it doesn't, the refusal itself is told. */
function explained(second: Secured, { reason, message }: Fault): Secured {
  const told = second.issues.some(
    (issue) => REFUSALS.includes(issue.reason) && statusOfIssue(issue) === 'down',
  );
  return told ? second : { ...second, issues: [...second.issues, { reason, message }] };
}

/** What the usual offer doesn't have, so that a server that has nothing else must refuse it. */
const REFUSALS: readonly Reason[] = ['protocol_too_old', 'weak_cipher', 'weak_dh', 'weak_key'];

async function look(
  net: Net,
  target: Target,
  options: TlsOptions,
  limits: Limits,
  how: Look,
): Promise<Secured> {
  const host = options.servername ?? target.host;
  const deadline = Math.min(limits.deadline, options.connectBy ?? Infinity);
  const { socket: tcp, phases: before, facts: way, ...at } = await net.dial(target, { ...limits, deadline });
  const watch = stopwatch(net.clock, before);
  watch.start('tls');
  const hold = holdTo(limits, net.clock);
  const socket = start(tcp, host, options.ca, how);
  try {
    const staple = await hold.during(agreed(socket), late);
    const phases = watch.stop();
    const served = servedChain(socket, tcp, `${at.address} ${at.port} ${host}`, net.clock.monotonic());
    if (options.settle) await settled(socket, phases, net.clock, hold);
    const seen = inspect(socket, served, { ...options, host }, staple, net.clock.now());
    return { ...at, ...seen, socket, phases, served, staple, facts: { ...way, ...seen.facts } };
  } catch (error) {
    socket.destroy();
    throw error instanceof Fault ? error.after(watch.stop(), { address: at.address, ...way }) : error;
  } finally {
    hold.release();
  }
}

function start(tcp: Socket, host: string, ca: string | undefined, how: Look): TLSSocket {
  const socket = connect({
    socket: tcp,
    secureContext: contextFor(ca, how.offer),
    ALPNProtocols: [...how.alpn],
    servername: isIP(host) ? '' : host,
    rejectUnauthorized: false,
    checkServerIdentity: () => undefined,
    requestOCSP: true,
    // smaller groups are judged, not refused
    minDHSize: 1,
  });
  // for `checkServerIdentity` Node would make an object of the whole chain: an eighth of the handshake's time
  socket.getPeerCertificate = (() => ({})) as TLSSocket['getPeerCertificate'];
  return socket;
}

const late = () => new Fault('tls_timeout', 'The TLS handshake did not end in time.');

/** Waits for the end of the handshake; the stapled OCSP answer, if there is one. */
function agreed(socket: TLSSocket): Promise<Buffer | undefined> {
  let staple: Buffer | undefined;
  let flown = false;
  return new Promise((resolve, reject) => {
    // comes, empty or not, when the server has said all that it has to say before it is the client's turn
    socket.once('OCSPResponse', (response: Buffer | null) => {
      flown = true;
      staple = response ?? undefined;
    });
    socket.once('secureConnect', () => resolve(staple));
    socket.on('error', (error) => reject(handshakeFault(error, flown)));
  });
}

/** Shortest wait for a server's second thoughts, ms, and how many times the way to it they may take. */
const SETTLE_MS = 100;
const SETTLE_ROUND_TRIPS = 3;

/**
 * Under TLS 1.3 a server that demands a client certificate refuses ours only after the handshake. Most servers
 * say at once that they are content, with a session ticket; for the others a few round trips are waited.
 */
async function settled(socket: TLSSocket, { connect = 0 }: Phases, clock: Clock, hold: Hold): Promise<void> {
  if (socket.getProtocol() !== 'TLSv1.3') return;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  socket
    .once('session', () => resolve())
    .once('data', () => resolve())
    .once('end', () => resolve());
  socket.once('error', (error) => reject(handshakeFault(error, true)));
  const cancel = clock.after(Math.max(SETTLE_MS, SETTLE_ROUND_TRIPS * connect), resolve);
  await hold.during(promise, late).finally(cancel);
}

function inspect(
  socket: TLSSocket,
  served: readonly Buffer[],
  options: TlsOptions & ChainPolicy,
  staple: Buffer | undefined,
  now: number,
): Pick<Secured, 'chain' | 'issues' | 'facts'> {
  const chain = judgeChain(served, options, now);
  const terms = grade(socket, options.minVersion ?? 'TLSv1.2');
  const issues = [
    ...chain.issues,
    ...objection(socket, chain),
    ...stapleIssues(chain, staple),
    ...terms.issues,
  ];
  return { chain, issues, facts: { ...terms.facts, ...chain.facts } };
}

/** What OpenSSL says of the chain, in the words of Node (`X509_V_ERR_` …), where we have a word for it, too. */
const OBJECTIONS: Readonly<Record<string, Reason>> = {
  INVALID_CA: 'invalid_ca',
  PATH_LENGTH_EXCEEDED: 'path_length_exceeded',
  INVALID_PURPOSE: 'wrong_purpose',
};

/** Our clock judges these; OpenSSL's is the machine's. */
const TIMELY = ['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID'];

/** OpenSSL names the first fault only. Where we have found none that it could mean, it knows better. */
function objection({ authorizationError }: TLSSocket, { path, issues }: JudgedChain): Issue[] {
  const code = authorizationError ? String(authorizationError) : '';
  const known = issues.some((issue) => issue.reason === 'weak_key' || statusOfIssue(issue) === 'down');
  if (!code || known || path.length === 0 || TIMELY.includes(code)) return [];
  return [
    {
      reason: OBJECTIONS[code] ?? 'untrusted_issuer',
      message: `OpenSSL doesn't accept the chain (${code}).`,
    },
  ];
}

function stapleIssues({ path: [leaf] }: JudgedChain, staple: Buffer | undefined): Issue[] {
  if (!leaf?.mustStaple || staple) return [];
  return [
    { reason: 'no_staple', message: 'The certificate demands a stapled OCSP answer and there is none.' },
  ];
}
