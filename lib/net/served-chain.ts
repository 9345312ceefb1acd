import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { children, read } from './der.ts';
import { Recent } from './recent.ts';

/** What a server sent when it was last read. */
interface Known {
  readonly leaf: Buffer;
  /** What OpenSSL says of the chain. */
  readonly objection: string;
  /** Bytes of the server's side of the handshake. */
  readonly size: number;
  readonly served: readonly Buffer[];
  /** Monotonic ms. */
  readonly readAt: number;
}

const known = new Recent<Known>(10_000);

/** Two handshakes with one chain differ by this much: a signature of ECDSA has 70 to 72 bytes, seldom fewer. */
const SIZE_VARIES = 8;

const DAY_MS = 86_400_000;

/**
 * The certificates that a server sent, DER, in its order; to be asked for as soon as the handshake has ended. Node
 * never frees the ones above the leaf once it has shown them (it takes them out of OpenSSL's list:
 * nodejs/node#65579), some 5 KB each time. So they are read when a server is new, when its leaf, OpenSSL's view of
 * the chain or the size of its handshake has changed, and once a day. `server` names it: address, port, name.
 */
export function servedChain(socket: TLSSocket, tcp: Socket, server: string, now: number): readonly Buffer[] {
  const leaf = leafOf(socket);
  const objection = String(socket.authorizationError ?? '');
  const size = tcp.bytesRead;
  const last = known.get(server);
  if (
    last &&
    leaf?.equals(last.leaf) &&
    objection === last.objection &&
    Math.abs(size - last.size) <= SIZE_VARIES &&
    now - last.readAt < DAY_MS
  )
    return last.served;
  const served = readChain(socket);
  if (leaf) known.set(server, { leaf, objection, size, served, readAt: now });
  return served;
}

function readChain(socket: TLSSocket): Buffer[] {
  const served: Buffer[] = [];
  for (let next = socket.getPeerX509Certificate(); next; next = next.issuerCertificate) served.push(next.raw);
  return served;
}

/** SEQUENCE of up to 64 KiB, and the field [3], "peer", of what OpenSSL's i2d_SSL_SESSION writes. */
const SEQUENCE = Buffer.from([0x30, 0x82]);
const PEER = 0xa3;

/** The leaf, found in the session, sooner than by any other way (15 of 1,000 microseconds); undefined: not there. */
function leafOf(socket: TLSSocket): Buffer | undefined {
  const session = socket.getSession();
  if (!session) return undefined;
  // it reaches to the end; before it Node may write a few words of its own
  const last = session.length - 4;
  for (let at = session.indexOf(SEQUENCE); at >= 0 && at <= last; at = session.indexOf(SEQUENCE, at + 1)) {
    if (session.readUInt16BE(at + 2) !== last - at) continue;
    return children(read(session, at)).find(({ tag }) => tag === PEER)?.content;
  }
  return undefined;
}
