import type { RequestListener } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo, Server, Socket } from 'node:net';
import { createServer, type TLSSocket, type TlsOptions } from 'node:tls';

/** A server on loopback. */
export interface Listening {
  readonly port: number;
  readonly host: string;
  /** TCP connections accepted so far. */
  readonly accepted: () => number;
  /** Ends the server and every connection it has. */
  close(): Promise<void>;
}

/** A real TLS server on a free port of 127.0.0.1; a connection that is not told otherwise stays open. */
export function tlsServer(
  options: TlsOptions,
  onConnection: (socket: TLSSocket) => void = () => {},
): Promise<Listening> {
  const server = createServer(options, (socket) => {
    socket.on('error', ignore);
    onConnection(socket);
  });
  server.on('tlsClientError', ignore);
  return listening(server);
}

/** A real HTTPS server on a free port of 127.0.0.1. */
export function httpsServer(options: TlsOptions, onRequest: RequestListener): Promise<Listening> {
  const server = createHttpsServer(options, onRequest);
  server.on('tlsClientError', ignore);
  return listening(server);
}

/** Listens on a free port, or the wanted one, and keeps account of the connections, so that closing leaves none behind. */
export async function listening(server: Server, host = '127.0.0.1', wanted = 0): Promise<Listening> {
  const sockets = new Set<Socket>();
  let accepted = 0;
  server.on('connection', (socket) => {
    accepted += 1;
    sockets.add(socket);
    socket.on('error', ignore);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(wanted, host, resolve));
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      for (const socket of sockets) socket.destroy();
    });
  const { port } = server.address() as AddressInfo;
  return { port, host, accepted: () => accepted, close };
}

/** A client that goes away in the middle is no event of the test. */
function ignore(): void {}
