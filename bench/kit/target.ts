/**
 * The target of the probe benchmarks, a process of its own: http, https with keys of two kinds, and a port that
 * accepts and says nothing. It tells its parent the ports, then, when asked, when each path was last asked for and how often.
 */
import { createServer, type RequestListener } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { type AddressInfo, createServer as createSilentServer, type Server } from 'node:net';
import { type KeyType, makeAuthority } from '../../test/kit/ca.ts';

/** Its first message. */
export interface Target {
  readonly http: number;
  readonly https: number;
  readonly httpsRsa: number;
  readonly silent: number;
  /** PEM of the authorities behind the certificates of `https` and `httpsRsa`. */
  readonly ca: string;
}

/** Its answer to any message: what was asked for since the one before. */
export interface Seen {
  readonly answered: number;
  /** Epoch ms of each request, by path. */
  readonly arrivals: Readonly<Record<string, readonly number[]>>;
}

const keepsArrivals = process.argv[2] === 'arrivals';
const BODY = JSON.stringify({ status: 'ok', queue: 12, version: '1.2.3' });

let answered = 0;
let arrivals: Record<string, number[]> = {};

const answer: RequestListener = ({ url = '' }, response) => {
  answered += 1;
  if (keepsArrivals) note(url);
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': BODY.length });
  response.end(BODY);
};

const ecdsa = chainOf('ec256');
const rsa = chainOf('rsa2048');
const silent = createSilentServer((socket) => socket.on('error', () => socket.destroy()).resume());

tell({
  http: await listening(createServer(answer)),
  https: await listening(createSecureServer(ecdsa.leaf, answer)),
  httpsRsa: await listening(createSecureServer(rsa.leaf, answer)),
  silent: await listening(silent),
  ca: ecdsa.root + rsa.root,
});

process.on('message', () => {
  tell({ answered, arrivals });
  answered = 0;
  arrivals = {};
});
process.on('disconnect', () => process.exit());

/** A root, an intermediate and a leaf, all with a key of this type. */
function chainOf(key: KeyType) {
  const root = makeAuthority({ key });
  return { root: root.pem, leaf: root.intermediate({ key }).issue({ key, names: ['127.0.0.1'] }) };
}

function note(path: string): void {
  const times = arrivals[path] ?? [];
  arrivals[path] = times;
  times.push(Date.now());
}

function tell(message: Target | Seen): void {
  process.send?.(message);
}

function listening(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen({ host: '127.0.0.1', port: 0, backlog: 4_096 }, () =>
      resolve((server.address() as AddressInfo).port),
    );
  });
}
