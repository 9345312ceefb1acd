import { type IncomingMessage, request } from 'node:http';
import type { Socket } from 'node:net';
import type { FactValue } from '../reading.ts';
import type { Body } from './decode.ts';
import { gather } from './gather.ts';
import { brokenBody, brokenHead, notHttp } from './http-faults.ts';
import { Fault } from './net.ts';

export interface Question {
  readonly method: string;
  readonly path: string;
  /** Every header, framing included. */
  readonly headers: Record<string, string>;
  readonly body: string | undefined;
  /** Bytes of body at which reading stops. */
  readonly maxBody: number;
  /** What is noticed goes here at once: it is known even if the answer then breaks off. */
  readonly facts: Record<string, FactValue>;
}

export interface Answer {
  readonly status: number;
  /** Lower-case names; repeated headers joined with ", " (set-cookie with "\n"). */
  readonly headers: Readonly<Record<string, string>>;
  /** As it came, content coding and all. */
  readonly body: Body;
}

/** Bytes of an answer's header lines; Node's own default, too. */
const HEADERS_MAX = 16_384;

/** Answers of the kind "not yet" (1xx) that may come before the real one. */
const INFORMATIONAL_MAX = 1_024;

/** Asks over a connection of its own and takes in the answer. Whatever happens, ending the connection is the caller's. */
export function converse(socket: Socket, question: Question, onFirstByte: () => void): Promise<Answer> {
  const { method, path, headers, body, maxBody, facts } = question;
  return new Promise((resolve, reject) => {
    const outgoing = request({
      createConnection: () => socket,
      method,
      path,
      headers,
      maxHeaderSize: HEADERS_MAX,
      insecureHTTPParser: false,
    });
    outgoing.maxHeadersCount = 0; // no limit: beyond one, headers would vanish without a word
    let incoming: IncomingMessage | undefined;
    let received = 0;
    let informational = 0;

    outgoing.once('socket', () => {
      socket.prependListener('data', (chunk: Buffer) => {
        if (received === 0) {
          onFirstByte();
          const fault = notHttp(chunk);
          if (fault) reject(fault);
        }
        received += chunk.length;
      });
      // after the parser: it cuts the connection as soon as anything follows a whole answer
      socket.on('data', () => {
        if (incoming?.complete && socket.destroyed) facts.extra_bytes = true;
      });
    });
    outgoing.on('information', () => {
      informational += 1;
      if (informational > INFORMATIONAL_MAX)
        reject(new Fault('bad_http', 'The server announces its answer without end.'));
    });
    outgoing.on('upgrade', () => reject(upgraded()));
    outgoing.on('error', (error) => {
      if (!incoming) reject(brokenHead(error, received));
      else if (!incoming.complete) reject(brokenBody(error));
    });
    outgoing.on('response', (response) => {
      incoming = response;
      response.on('error', (error) => reject(brokenBody(error)));
      try {
        const head = headOf(response);
        facts.httpStatus = head.status;
        facts.protocol = `HTTP/${response.httpVersion}`;
        if (hasUnknownLength(method, head)) facts.length_unknown = true;
        collect(response, maxBody, (body) => {
          facts.bytes = body.bytes.length;
          resolve({ ...head, body });
        });
      } catch (fault) {
        reject(fault);
      }
    });
    outgoing.end(body);
  });
}

type Head = Pick<Answer, 'status' | 'headers'>;

/** The head, held to the rules that Node's parser does not enforce; throws `Fault`. */
function headOf({ statusCode = 0, httpVersion, rawHeaders }: IncomingMessage): Head {
  if (statusCode === 101) throw upgraded();
  if (statusCode < 100 || !httpVersion.startsWith('1.'))
    throw new Fault('bad_http', 'The status line is no valid one.');
  const headers = joined(rawHeaders);
  const coding = headers['transfer-encoding'];
  // what is neither of the two would be read to the connection's end, or as chunks by some and not by others
  if (coding !== undefined && (coding.toLowerCase() !== 'chunked' || httpVersion === '1.0'))
    throw new Fault('bad_framing', 'The body is framed in a way that we did not ask for.');
  return { status: statusCode, headers };
}

function joined(raw: readonly string[]): Record<string, string> {
  const headers: Record<string, string> = Object.create(null);
  let size = 0;
  for (let i = 0; i < raw.length; i += 2) {
    const name = (raw[i] ?? '').toLowerCase();
    const value = raw[i + 1] ?? '';
    const known = headers[name];
    headers[name] = known === undefined ? value : `${known}${name === 'set-cookie' ? '\n' : ', '}${value}`;
    size += name.length + value.length + 4;
  }
  // Node counts names and values alone
  if (size > HEADERS_MAX) throw new Fault('headers_too_large', 'The headers are larger than 16 KiB.');
  return headers;
}

/** Whether nothing tells a whole body from one that was cut short. */
function hasUnknownLength(method: string, { status, headers }: Head): boolean {
  const isBodyless = method === 'HEAD' || status === 204 || status === 304;
  return !isBodyless && headers['content-length'] === undefined && headers['transfer-encoding'] === undefined;
}

function collect(response: IncomingMessage, max: number, done: (body: Body) => void): void {
  const body = gather(max);
  response.on('data', (piece: Buffer) => {
    if (body.add(piece)) return;
    done({ bytes: body.bytes(), capped: true });
    response.destroy();
  });
  response.on('end', () => done({ bytes: body.bytes(), capped: false }));
}

const upgraded = (): Fault =>
  new Fault('unexpected_upgrade', 'The server switched protocols without being asked.');
