import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { getRequestListener, RequestError } from '@hono/node-server';
import { getConnInfo } from '@hono/node-server/conninfo';
import type { Hono } from 'hono';
import type { Clock, Log } from '../../ports.ts';
import { CACHE, SECURITY_HEADERS } from '../../status/headers.ts';
import type { PeerOf } from '../../status/loopback.ts';

/** A connection has so long to send a whole request, the first as well as each next one. */
export const REQUEST_MS = 10_000;
/** An answer must have been taken by then. */
export const ANSWER_MS = 30_000;
/**
 * More connections than this cost the probes their file descriptors (often 1,024 in all). The one that has
 * been idle for longest makes room, so that a crowd of idlers keeps nobody out.
 */
export const MAX_CONNECTIONS = 500;
/** When it ends, answers that are under way get so long. */
const CLOSE_MS = 2_000;
const MAX_HEADER_BYTES = 8_192;

/** The address at the other end of a request's socket. */
export const peerOf: PeerOf = (context) => getConnInfo(context).remote.address;

export interface Serving {
  /** `http://127.0.0.1:8080`, with the port that it got. */
  readonly url: string;
  close(): Promise<void>;
}

export interface ServeOptions {
  readonly host: string;
  /** 0: a free one. */
  readonly port: number;
  readonly clock: Clock;
  readonly log: Log;
}

/** Serves the status app over HTTP/1.1. Rejects with the system's error when it can't listen (`EADDRINUSE`). */
export async function serve(
  app: Pick<Hono, 'fetch'>,
  { host, port, clock, log }: ServeOptions,
): Promise<Serving> {
  const errorHandler = (error: unknown): Response => {
    if (error instanceof RequestError) return new Response(null, { status: 400, headers: REFUSED });
    log.error('a request could not be answered', { error: String(error) });
    return new Response(null, { status: 500, headers: REFUSED });
  };
  const listener = getRequestListener(app.fetch, { overrideGlobalObjects: false, errorHandler });
  // What Node would refuse by itself, without our headers, goes to the listener instead.
  const server = createServer({ maxHeaderSize: MAX_HEADER_BYTES, requireHostHeader: false }, listener);
  server.on('checkExpectation', listener);
  server.on('clientError', refuse);
  guard(server, clock);
  server.listen(port, host);
  await once(server, 'listening');
  const { port: got, family, address } = server.address() as AddressInfo;
  return {
    url: `http://${family === 'IPv6' ? `[${address}]` : address}:${got}`,
    close: () => close(server, clock),
  };
}

const REFUSED = { ...SECURITY_HEADERS, 'cache-control': CACHE.none };

/**
 * What isn't HTTP, or too much of it, gets the same headers as everything else, and the door. What still comes
 * after that is thrown away until the client closes, or its time is over: a reset could overtake the answer.
 */
function refuse(error: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable) return;
  const status =
    error.code === 'HPE_HEADER_OVERFLOW' ? '431 Request Header Fields Too Large' : '400 Bad Request';
  const headers = Object.entries({ ...REFUSED, connection: 'close', 'content-length': '0' });
  socket.end(
    [`HTTP/1.1 ${status}`, ...headers.map(([name, value]) => `${name}: ${value}`), '', ''].join('\r\n'),
  );
}

/** Slow and idle connections cost little, and never somebody else's turn. */
function guard(server: Server, clock: Clock): void {
  /** Those in wait of a request, the longest idle first, with what cancels their end. */
  const idle = new Map<Socket, () => void>();
  const busy = new Map<Socket, () => void>();

  const forget = (socket: Socket) => {
    for (const group of [idle, busy]) {
      group.get(socket)?.();
      group.delete(socket);
    }
  };
  const put = (socket: Socket, group: Map<Socket, () => void>, ms: number) => {
    forget(socket);
    if (!socket.destroyed)
      group.set(
        socket,
        clock.after(ms, () => socket.destroy()),
      );
  };

  server.on('connection', (socket: Socket) => {
    put(socket, idle, REQUEST_MS);
    socket.once('close', () => forget(socket));
    if (idle.size + busy.size > MAX_CONNECTIONS) (idle.keys().next().value ?? socket).destroy();
  });
  server.on('request', ({ socket }, response) => {
    put(socket, busy, ANSWER_MS);
    response.once('close', () => put(socket, idle, REQUEST_MS));
  });
}

async function close(server: Server, clock: Clock): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  const cancel = clock.after(CLOSE_MS, () => server.closeAllConnections());
  await closed;
  cancel();
}
