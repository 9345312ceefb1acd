import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { Worker } from 'node:worker_threads';
import { settle } from './clock.ts';

/** Lets the event loop turn until it holds. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await settle();
}

/** What was written to a socket of this machine has arrived and was read. */
export async function delivered(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await settle();
}

export interface Where {
  readonly host?: string;
  /** Default: a free one. */
  readonly port?: number;
}

/** A TCP server on loopback that does one thing with each connection. */
export interface TestServer {
  readonly host: string;
  readonly port: number;
  /** Waits until so many connections were accepted in all, and answers the last of them. */
  accepted(count?: number): Promise<Socket>;
  /** How many connections were accepted so far. */
  readonly count: number;
  close(): Promise<void>;
}

/** What to do with a connection: nothing at all, close it, reset it. */
export const saysNothing = (): void => {};
export const closes = (socket: Socket): void => void socket.end();
export const resets = (socket: Socket): void => void socket.resetAndDestroy();

export async function listen(onConnection: (socket: Socket) => void, where: Where = {}): Promise<TestServer> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => socket.destroy()); // the client may reset at any time
    socket.resume();
    onConnection(socket);
  });
  const { host = '127.0.0.1', port = 0 } = where;
  server.listen(port, host);
  await once(server, 'listening');
  return {
    host,
    port: (server.address() as AddressInfo).port,
    get count() {
      return sockets.length;
    },
    async accepted(count = 1) {
      while (sockets.length < count) await once(server, 'connection');
      return sockets[count - 1] as Socket;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** A port whose backlog is full: no connection to it is ever answered, until it is drained. */
export interface BlackHole {
  readonly host: string;
  readonly port: number;
  /** Accepts all that wait. A waiting connection comes about when its SYN is next repeated, ~1 s later. */
  drain(): void;
  close(): Promise<void>;
}

/** Its listener stands still in a thread of its own; two connections fill a backlog of one. */
export async function blackHole(where: Where = {}): Promise<BlackHole> {
  const { host = '127.0.0.1', port: wanted = 0 } = where;
  const gate = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(LISTENER, { eval: true, workerData: { host, port: wanted, gate } });
  const [port] = (await once(worker, 'message')) as [number];
  const fillers = [connect({ host, port }), connect({ host, port })];
  for (const filler of fillers) filler.on('error', () => filler.destroy()); // reset when the listener goes
  await Promise.all(fillers.map((filler) => once(filler, 'connect')));
  const drain = () => {
    Atomics.store(gate, 0, 1);
    Atomics.notify(gate, 0);
  };
  return {
    host,
    port,
    drain,
    async close() {
      drain();
      for (const filler of fillers) filler.destroy();
      await worker.terminate();
    },
  };
}

const LISTENER = `
  const { parentPort, workerData: { host, port, gate } } = require('node:worker_threads');
  const server = require('node:net').createServer((socket) => socket.on('error', () => {}));
  server.listen({ host, port, backlog: 1 }, () => {
    parentPort.postMessage(server.address().port);
    setImmediate(() => Atomics.wait(gate, 0, 0));
  });
`;
