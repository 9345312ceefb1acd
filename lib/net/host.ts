import { isIP, isIPv4, isIPv6 } from 'node:net';

/** Longest host name and longest label, in octets of its ASCII form: RFC 1035, 2.3.4 (253 without the final dot). */
const NAME_MAX = 253;
const LABEL_MAX = 63;

/** What would end the host in a URL, be decoded in it or be dropped from it. */
const URL_SYNTAX = /[\s\p{C}/\\?#@:%]/u;

/**
 * A host as it is written → the one form of it that config, guard and resolver work with: lower-case ASCII
 * (`ＥＸＡＭＰＬＥ.com` → `example.com`, `bücher.example` → `xn--bcher-kva.example`), `127.1`, `0x7f000001` and
 * `①②⑦.0.0.1` → `127.0.0.1`, IPv6 compressed and without brackets, no final dot. It is read the way the URL
 * standard reads the host of an http URL. `undefined`: not a host.
 */
export function parseHost(text: string): string | undefined {
  const bare = text.startsWith('[') && text.endsWith(']') ? text.slice(1, -1) : text;
  if (isIPv6(bare)) return bare.includes('%') ? undefined : urlHost(`[${bare}]`)?.slice(1, -1);
  if (bare !== text || URL_SYNTAX.test(text)) return undefined;
  const host = urlHost(text)?.replace(/\.$/, '');
  return host !== undefined && (isIPv4(host) || isName(host)) ? host : undefined;
}

/** The same for what DNS can be asked for: a name and no address. */
export function parseName(text: string): string | undefined {
  const host = parseHost(text);
  return host === undefined || isIP(host) ? undefined : host;
}

/** `localhost` and everything below it: always loopback, never asked of DNS (RFC 6761, 6.3). */
export const isLocalhost = (host: string): boolean => host === 'localhost' || host.endsWith('.localhost');

/** What localhost resolves to where /etc/hosts doesn't say. */
export const LOOPBACK: readonly string[] = ['127.0.0.1', '::1'];

/** For a message: `127.0.0.1:80`, `[::1]:80`. */
export const hostPort = (host: string, port: number): string =>
  `${isIPv6(host) ? `[${host}]` : host}:${port}`;

const urlHost = (host: string): string | undefined => URL.parse(`http://${host}/`)?.hostname;

function isName(host: string): boolean {
  return (
    host.length <= NAME_MAX &&
    host.split('.').every((label) => /^[a-z0-9_-]+$/.test(label) && label.length <= LABEL_MAX)
  );
}
