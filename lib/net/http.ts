import { validateHeaderName, validateHeaderValue } from 'node:http';
import type { Socket } from 'node:net';
import type { Facts, FactValue, Phases } from '../reading.ts';
import { statusOf } from '../reasons.ts';
import { VERSION } from '../version.ts';
import { converse } from './converse.ts';
import { decode } from './decode.ts';
import { holdTo } from './hold.ts';
import { hstsOf } from './hsts.ts';
import { type Dialled, Fault, type Limits, type Net, type Target } from './net.ts';
import { stopwatch } from './stopwatch.ts';
import { handshake } from './tls.ts';

/** One request, one answer, one connection of its own. Redirects are the caller's. */
export interface HttpRequest {
  readonly url: URL;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
  readonly connectTo?: Target['connectTo'];
  /** PEM certificates to trust in place of the built-in ones. */
  readonly ca?: string | undefined;
  /** Bytes of body, wire and decoded, at which reading stops; default 1 MiB. */
  readonly maxBody?: number;
}

export interface HttpResponse {
  readonly status: number;
  /** Lower-case names; repeated headers joined with ", " (set-cookie with "\n"). */
  readonly headers: Readonly<Record<string, string>>;
  /** Decoded, cut at `maxBody`. */
  readonly body: Buffer;
  readonly phases: Phases;
  readonly facts: Facts;
}

const BODY_MAX = 1_048_576;

/** Sent unless the request says otherwise. */
const DEFAULT_HEADERS = {
  'user-agent': `Watchbill/${VERSION.replace(/\.\d+$/, '')}`,
  accept: '*/*',
  'accept-encoding': 'identity',
};

/** Throws `Fault` for everything that is wrong with the target or the way to it. */
export async function exchange(net: Net, request: HttpRequest, limits: Limits): Promise<HttpResponse> {
  const { url, method, body, maxBody = BODY_MAX } = request;
  const headers = headersOf(request);
  const { socket, address, phases, facts: way } = await open(net, request, limits);
  const facts: Record<string, FactValue> = { address, ...way };
  const watch = stopwatch(net.clock, phases);
  const hold = holdTo(limits, net.clock);
  const late = () => answerLate(socket, facts);
  try {
    watch.start('firstByte');
    const question = { method, path: url.pathname + url.search, headers, body, maxBody, facts };
    const answer = await hold.during(
      converse(socket, question, () => watch.start('body')),
      late,
    );
    const decoded = await hold.during(decode(answer.body, answer.headers['content-encoding'], maxBody), late);
    if (decoded.capped) facts.body_capped = true;
    if (url.protocol === 'https:') facts.hsts = hstsOf(answer.headers['strict-transport-security']);
    return { ...answer, body: decoded.bytes, phases: watch.stop(), facts };
  } catch (error) {
    throw error instanceof Fault ? error.after(watch.stop(), facts) : error;
  } finally {
    hold.release();
    socket.destroy();
  }
}

type Opened = Pick<Dialled, 'socket' | 'address' | 'facts'> & { readonly phases: Phases };

/** A connection on which the request may be sent: for https, to a server that has proved who it is. */
async function open(net: Net, { url, connectTo, ca }: HttpRequest, limits: Limits): Promise<Opened> {
  const target = { host: url.hostname.replace(/^\[|\]$|\.$/g, ''), port: portOf(url), connectTo };
  if (url.protocol === 'http:') return net.dial(target, limits);
  const secured = await handshake(net, target, { ca, alpn: ['http/1.1'] }, limits);
  const { address, phases, socket, issues } = secured;
  const { expiresAt, chainExpiresAt } = secured.facts;
  const facts = { ...(expiresAt && { expiresAt }), ...(chainExpiresAt && { chainExpiresAt }) };
  const fatal = issues.filter(({ reason, status = statusOf(reason) }) => status === 'down');
  const [worst] = fatal;
  if (!worst) return { socket, address, phases, facts };
  socket.destroy();
  throw new Fault(worst.reason, fatal.map(({ message }) => message).join(' '), {
    status: 'down',
    reasons: [...new Set(fatal.map(({ reason }) => reason))],
    phases,
    facts: { address, ...facts },
  });
}

/** The port that a URL means. */
export const portOf = ({ port, protocol }: URL): number => Number(port || (protocol === 'https:' ? 443 : 80));

/** All headers to send. What frames the message and names its receiver is ours to say. */
function headersOf({ url, headers, body }: HttpRequest): Record<string, string> {
  const all: Record<string, string> = { host: url.host, ...DEFAULT_HEADERS };
  for (const [name, value] of Object.entries(headers)) all[name.toLowerCase()] = sendable(name, value);
  if (body !== undefined) all['content-length'] = String(Buffer.byteLength(body));
  all.connection = 'close';
  return all;
}

/** A line break in a secret must not become a header of its own. */
function sendable(name: string, value: string): string {
  try {
    validateHeaderName(name);
    validateHeaderValue(name, value);
    return value;
  } catch {
    throw new Fault('misconfigured', `The header "${name}" has characters that cannot be sent.`);
  }
}

function answerLate(stream: Socket, { httpStatus }: Facts): Fault {
  if (httpStatus !== undefined)
    return new Fault('response_timeout', 'The body of the answer did not end in time.');
  if (stream.writableLength > 0) return new Fault('write_timeout', 'The server stopped reading our request.');
  return new Fault('response_timeout', 'Connected, but no answer in time.');
}
