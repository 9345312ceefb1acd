import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer as createHttp, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttps } from 'node:https';
import { createServer as createTcp, type Server } from 'node:net';
import * as dnsPacket from 'dns-packet';
import { demoCertificate } from './certificate.ts';

/** Where the demo listens on 127.0.0.1: watchbill.config.ts names the same ports. */
export const PORTS = { shop: 18443, database: 18444, pager: 18445, dns: 18453 } as const;

const HOST = '127.0.0.1';
const FAILS_AFTER_MS = 20_000;
const FAILS_FOR_MS = 40_000;
const FAILS_EVERY_MS = 20 * 60_000;

/** A small shop to watch, and a pager that says on `out` who would be called. Rejects when a port is taken. */
export async function startService(out: { write(text: string): unknown }): Promise<() => void> {
  const started = performance.now();
  const servers = [
    await listening(createHttps(demoCertificate(), shop(started)), PORTS.shop),
    await listening(
      createTcp((socket) => socket.on('error', () => socket.destroy()).end()),
      PORTS.database,
    ),
    await listening(createHttp(pager(out)), PORTS.pager),
  ];
  const names = await nameServer();
  return () => {
    for (const server of servers) server.close();
    names.close();
  };
}

async function listening(server: Server, port: number): Promise<Server> {
  server.listen(port, HOST);
  await once(server, 'listening');
  return server.unref();
}

/** The storefront is well, the search takes its time, and the checkout fails every 20 minutes. */
const shop = (started: number) => (request: IncomingMessage, response: ServerResponse) => {
  const age = performance.now() - started;
  const failing = (age - FAILS_AFTER_MS + FAILS_EVERY_MS) % FAILS_EVERY_MS < FAILS_FOR_MS;
  const isDown = failing && request.url === '/checkout';
  const delay = request.url === '/search' ? 300 + 200 * Math.sin(age / 20_000) : 5;
  setTimeout(() => {
    response.writeHead(isDown ? 503 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ status: isDown ? 'error' : 'ok', queue: isDown ? 512 : 3 }));
  }, delay);
};

const pager =
  (out: { write(text: string): unknown }) => async (request: IncomingMessage, response: ServerResponse) => {
    const { kind, text } = JSON.parse(Buffer.concat(await request.toArray()).toString());
    out.write(`  pager: ${String(kind).toUpperCase()}  ${text}\n`);
    response.writeHead(204).end();
  };

/** Says that shop.test is at 127.0.0.1. */
async function nameServer(): Promise<ReturnType<typeof createSocket>> {
  const socket = createSocket('udp4');
  socket.on('message', (bytes, { port, address }) => {
    const { id, questions } = dnsPacket.decode(bytes);
    const answers = [{ type: 'A' as const, name: 'shop.test', ttl: 60, data: HOST }];
    const flags = dnsPacket.AUTHORITATIVE_ANSWER;
    socket.send(dnsPacket.encode({ type: 'response', id, flags, questions, answers }), port, address);
  });
  socket.bind(PORTS.dns, HOST);
  await once(socket, 'listening');
  return socket.unref();
}
