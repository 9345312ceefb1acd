import type { Context } from 'hono';

/** What tells the address at the other end of a request's socket; undefined where there is no socket. */
export type PeerOf = (context: Context) => string | undefined;

const LOOPBACK_ADDRESS = /^(?:(?:::ffff:)?127(?:\.\d{1,3}){3}|::1)$/;
const LOOPBACK_HOST = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;
/** What a proxy adds: then the socket's address is the proxy's, not the client's. */
const FORWARDING = ['forwarded', 'via', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip'];

/**
 * Whether a request comes from this machine, to it, by a loopback name. The socket's address is what counts,
 * never what a header claims; the name keeps out a foreign web page whose own name was made to resolve to
 * loopback (DNS rebinding); a forwarded request is refused. A proxy on the same machine that forwards to a
 * loopback name and adds no header at all can't be told from the operator: it must not forward /operator.
 */
export function isOperator(context: Context, peerOf: PeerOf): boolean {
  if (FORWARDING.some((name) => context.req.header(name) !== undefined)) return false;
  return (
    LOOPBACK_ADDRESS.test(peerOf(context) ?? '') && LOOPBACK_HOST.test(new URL(context.req.url).hostname)
  );
}
