import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

/** An answer of the front's own. `cut`: the connection is reset in the middle of it. */
export interface Said {
  readonly status: number;
  readonly body: string;
  readonly cut?: boolean;
}

/**
 * What becomes of a request instead of being passed on: it is reset before (`refuse`) or after the service has done
 * it (`lose`: the answer never comes), it stays without an answer (`hang`) or with the beginning of one (`stall`), or
 * the front answers.
 */
export type Trouble = 'refuse' | 'lose' | 'hang' | 'stall' | Said;

export interface Asked {
  /** `PutItem`, as the header x-amz-target ends. */
  readonly operation: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: { readonly [name: string]: unknown };
}

/** An AWS API behind a server that makes calls to it go wrong. */
export interface Front {
  readonly endpoint: string;
  /** Every request so far. */
  readonly asked: Asked[];
  /** What becomes of the requests to come; nothing: they are passed on. */
  trouble: (asked: Asked) => Trouble | undefined;
  /** Connections that are open. */
  connections(): Promise<number>;
  close(): Promise<void>;
}

export async function startFront(upstream: string): Promise<Front> {
  const server = createServer(async (req, res) => {
    const body = await buffer(req);
    const operation = String(req.headers['x-amz-target']).split('.').at(-1) ?? '';
    const asked = { operation, headers: req.headers, body: JSON.parse(body.toString()) };
    front.asked.push(asked);
    const trouble = front.trouble(asked);
    if (trouble === 'hang') return;
    if (trouble === 'stall') return void res.writeHead(200).write('{"Item":');
    if (trouble === 'refuse') return void req.socket.resetAndDestroy();
    if (typeof trouble === 'object') return say(res, trouble);
    const answer = await forward(upstream, req, body);
    if (trouble === 'lose') return void req.socket.resetAndDestroy();
    res.writeHead(answer.status, answer.headers).end(answer.body);
  });
  const front: Front = { ...(await onLoopback(server)), asked: [], trouble: () => undefined };
  return front;
}

/** Lets a stand-in listen: where it is, how many talk to it, how it ends. */
export async function onLoopback(server: Server): Promise<Pick<Front, 'endpoint' | 'connections' | 'close'>> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    connections: () => new Promise((resolve) => server.getConnections((_, count) => resolve(count))),
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function say(res: ServerResponse, { status, body, cut }: Said): void {
  const length = Buffer.byteLength(body) + (cut ? 1 : 0);
  res.writeHead(status, { 'content-type': 'application/x-amz-json-1.0', 'content-length': length });
  if (cut) res.write(body, () => res.socket?.resetAndDestroy());
  else res.end(body);
}

async function forward(upstream: string, { method, headers }: IncomingMessage, body: Buffer) {
  const req = request(upstream, { method, headers });
  req.end(body);
  const [res] = (await once(req, 'response')) as [IncomingMessage];
  return { status: res.statusCode ?? 0, headers: res.headers, body: await buffer(res) };
}

/** How AWS says that something failed. */
export const failure = (type: string, message = '', status = 400): Said => ({
  status,
  body: JSON.stringify({ __type: `com.amazonaws.dynamodb.v20120810#${type}`, message }),
});

/** The next `times` requests go wrong in this way (those of one operation, where it is named), and no other. */
export function next(trouble: Trouble, times = 1, operation?: string): Front['trouble'] {
  let left = times;
  return (asked) => ((operation ?? asked.operation) === asked.operation && left-- > 0 ? trouble : undefined);
}
