import type { Socket } from 'node:net';
import { systemClock } from '../../lib/adapters/local/clock.ts';
import { compile } from '../../lib/config/compile.ts';
import { createNet } from '../../lib/net/create.ts';
import { type Clock, SecretError, type SecretRef } from '../../lib/ports.ts';
import { http } from '../../lib/probes/http.ts';
import type { Finding } from '../../lib/reading.ts';
import { listen, type TestServer, type Where } from './sockets.ts';

export type HttpCheck = Parameters<typeof http.run>[0];

/** A check as a user writes it, compiled; the file that `ca` names holds the PEM text itself. */
export function httpCheck(fields: Readonly<Record<string, unknown>> & { readonly url: string }): HttpCheck {
  const checks = [{ id: 'web', type: 'http', ...fields }];
  const compiled = compile({ name: 'Test', network: { allow: ['127.0.0.0/8'] }, checks }, (text) => text);
  if ('mistakes' in compiled) throw new Error(JSON.stringify(compiled.mistakes));
  return compiled.config.checks[0] as HttpCheck;
}

export interface RunOptions {
  readonly clock?: Clock;
  readonly allow?: readonly string[];
  /** By name; one that isn't there cannot be resolved. */
  readonly secrets?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  /** Name servers, `address:port`. */
  readonly servers?: readonly string[];
}

/** One try. */
export function runHttp(check: HttpCheck, options: RunOptions = {}): Promise<Finding> {
  const { clock = systemClock, allow = ['127.0.0.0/8'], secrets = {}, servers } = options;
  const { signal = new AbortController().signal } = options;
  const net = createNet({ clock, allow, self: [], ...(servers && { servers }) });
  const secret = async ({ secret: name }: SecretRef) => {
    const value = secrets[name];
    if (value === undefined) throw new SecretError(`no secret "${name}"`);
    return value;
  };
  return http.run(check, { net, clock, secret, signal, deadline: clock.monotonic() + check.timeout });
}

/** What a server does with a connection once a request has come in. */
export type Script = (socket: Socket, request: string) => void;

/** A server that keeps what each connection was asked. */
export interface ScriptedServer extends TestServer {
  readonly url: string;
  readonly requests: readonly string[];
}

/** Answers the request of each connection as the script says; the head of a request counts as all of it. */
export async function scripted(script: Script, where: Where = {}): Promise<ScriptedServer> {
  const requests: string[] = [];
  const server = await listen((socket) => {
    let request = '';
    socket.on('data', (chunk) => {
      const isComplete = request.includes('\r\n\r\n');
      request += chunk.toString('latin1');
      if (isComplete || !request.includes('\r\n\r\n')) return;
      requests.push(request);
      script(socket, request);
    });
  }, where);
  return Object.assign(server, { url: `http://${server.host}:${server.port}`, requests });
}

/** Says these bytes and ends the connection. */
export const says =
  (...parts: readonly (string | Buffer)[]): Script =>
  (socket) => {
    for (const part of parts) socket.write(part);
    socket.end();
  };

/** A sound answer of HTTP/1.1. */
export const answer = (
  body: string,
  { status = 200, headers = {} }: { status?: number; headers?: Record<string, string> } = {},
): string =>
  [
    `HTTP/1.1 ${status} Word`,
    `content-length: ${Buffer.byteLength(body)}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    '',
    body,
  ].join('\r\n');
