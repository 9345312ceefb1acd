import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import ipaddr from 'ipaddr.js';
import { isLocalhost, LOOPBACK, parseHost } from './host.ts';
import { Recent } from './recent.ts';

type Ip = ipaddr.IPv4 | ipaddr.IPv6;
type Cidr = [Ip, number];

/** Which addresses may be dialled. Each answer is one sentence that says why not, or `undefined`: it may. */
export interface Policy {
  /** `address` is an IP address in its usual form. Without a port only the address is judged. */
  refuses(address: string, port?: number): string | undefined;
  /**
   * What can be said of a host (as `parseHost` gives it) without asking DNS: literal addresses, localhost,
   * the names of metadata services. Other names are judged by what they resolve to, when it is dialled.
   */
  refusesHost(host: string, port?: number): string | undefined;
}

export interface PolicyOptions {
  /** CIDRs of addresses that aren't public and may be dialled all the same: `network.allow`. */
  readonly allow: readonly string[];
  /**
   * What is never dialled: our own status server, the Lambda runtime's API. An IP address or `localhost`;
   * `0.0.0.0` and `::` stand for every address of this machine.
   */
  readonly self: readonly { readonly host: string; readonly port: number }[];
}

/** Metadata services: whoever reaches them has the machine's credentials. */
const METADATA = new Set(
  [
    '169.254.169.254', // AWS EC2, Azure, Google and others: docs.aws.amazonaws.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html
    'fd00:ec2::254', // the same over IPv6
    '169.254.170.2', // AWS ECS: docs.aws.amazonaws.com/AmazonECS/latest/developerguide/task-iam-roles.html
    '169.254.170.23', // AWS EKS: docs.aws.amazonaws.com/eks/latest/userguide/pod-id-how-it-works.html
    'fd00:ec2::23', // the same over IPv6
    'fd20:ce::254', // Google over IPv6: cloud.google.com/compute/docs/metadata/querying-metadata
    '168.63.129.16', // Azure's wire server: learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16
    '100.100.100.200', // Alibaba
    '192.0.0.192', // Oracle
  ].map(canonical),
);

/** Addresses and ports whose judgement is remembered: to read an address takes longer than to look one up. */
const REMEMBERED_MAX = 20_000;

/** On Linux a dial of these reaches the machine itself. */
const UNSPECIFIED = new Set(['0.0.0.0', '::']);

const METADATA_NAMES = new Set(['metadata.google.internal', 'metadata.amazonaws.com']);

/** Ranges in the words of ipaddr.js that anyone on the Internet can reach (IANA: "globally reachable"). */
const PUBLIC_RANGES = new Set(['unicast', 'as112', 'amt', 'as112v6']);

/** All that IANA has given out for IPv6 unicast: iana.org/assignments/ipv6-address-space. */
const IPV6_UNICAST = cidr('2000::/3');

/** Where an IPv6 address carries an IPv4 address: the prefix, and the 16-bit part at which it starts. */
const EMBEDDINGS: readonly { readonly prefix: Cidr; readonly at: number; readonly inverted?: true }[] = [
  { prefix: cidr('::/96'), at: 6 }, // IPv4-compatible: RFC 4291, 2.5.5.1
  { prefix: cidr('::ffff:0:0/96'), at: 6 }, // IPv4-mapped: RFC 4291, 2.5.5.2
  { prefix: cidr('::ffff:0:0:0/96'), at: 6 }, // IPv4-translated: RFC 2765
  { prefix: cidr('64:ff9b::/96'), at: 6 }, // NAT64: RFC 6052
  { prefix: cidr('64:ff9b:1::/48'), at: 6 }, // NAT64, local: RFC 8215
  { prefix: cidr('2002::/16'), at: 1 }, // 6to4: RFC 3056
  { prefix: cidr('2001::/32'), at: 2 }, // Teredo, the server: RFC 4380
  { prefix: cidr('2001::/32'), at: 6, inverted: true }, // Teredo, the client
];

/** Whether `network.allow` takes it: `10.0.0.0/8`, `fd00::/8`. */
export function isCidr(text: string): boolean {
  const [address = '', bits = ''] = text.split('/', 2);
  return isIP(address) > 0 && !address.includes('%') && /^\d{1,3}$/.test(bits) && ipaddr.isValidCIDR(text);
}

/** Throws on an entry of `allow` that isn't a CIDR, and on one of `self` that is neither an address nor localhost. */
export function createPolicy({ allow, self }: PolicyOptions): Policy {
  const allowed = allow.map(cidr);
  const own = self.map(({ host, port }) => ({ isOurs: isOneOf(host), port }));

  const never = (ip: Ip, port: number | undefined): string | undefined => {
    if (METADATA.has(ip.toString())) return `${ip} is a metadata service and is never dialled.`;
    if (UNSPECIFIED.has(ip.toString())) return `${ip} is no address to dial.`;
    const ours = own.some((endpoint) => endpoint.port === port && endpoint.isOurs(ip));
    return ours ? `Port ${port} of ${ip} is Watchbill itself and is never dialled.` : undefined;
  };
  const unlisted = (ip: Ip): string | undefined =>
    isPublic(ip) || allowed.some((range) => within(ip, range))
      ? undefined
      : `${ip} is not a public address; list its network in "network.allow" to permit it.`;

  const judged = (address: string, port: number | undefined): string | undefined => {
    const ip = ipaddr.parse(address);
    const forms = [ip, ...embedded(ip)];
    const refusals = [...forms.map((form) => never(form, port)), ...forms.map(unlisted)];
    return refusals.find((why) => why !== undefined);
  };
  /** The same for the same address and port, always; the empty text: it may be dialled. */
  const known = new Recent<string>(REMEMBERED_MAX);

  const refuses = (address: string, port?: number): string | undefined => {
    if (!isPort(port)) return `Port ${port} cannot be dialled.`;
    return known.recall(`${address} ${port}`, () => judged(address, port) ?? '') || undefined;
  };
  const refusesHost = (host: string, port?: number): string | undefined => {
    if (!isPort(port)) return `Port ${port} cannot be dialled.`;
    if (METADATA_NAMES.has(host)) return `${host} is a metadata service and is never dialled.`;
    if (isIP(host)) return refuses(host, port);
    if (!isLocalhost(host)) return undefined;
    const refusals = LOOPBACK.map((address) => refuses(address, port));
    return refusals.includes(undefined) ? undefined : refusals[0];
  };
  return { refuses, refusesHost };
}

/** Whether an address reaches a server that listens on `host`. */
function isOneOf(host: string): (ip: Ip) => boolean {
  const name = parseHost(host);
  if (name !== undefined && isLocalhost(name)) return (ip) => ip.range() === 'loopback';
  if (name === undefined || !isIP(name)) throw new TypeError(`"${host}" is not an address`);
  if (!UNSPECIFIED.has(name)) return (ip) => ip.toString() === name;
  const here = new Set(
    Object.values(networkInterfaces()).flatMap((some) => some?.map(({ address }) => canonical(address))),
  );
  return (ip) => ip.range() === 'loopback' || here.has(ip.toString());
}

function isPublic(ip: Ip): boolean {
  return PUBLIC_RANGES.has(ip.range()) && (ip.kind() === 'ipv4' || within(ip, IPV6_UNICAST));
}

/** The IPv4 addresses that an IPv6 address carries: translators and tunnels send the packet on to them. */
function embedded(ip: Ip): Ip[] {
  if (!(ip instanceof ipaddr.IPv6) || ip.range() === 'loopback') return [];
  return EMBEDDINGS.filter(({ prefix }) => within(ip, prefix)).map(({ at, inverted }) => {
    const bytes = ip.toByteArray().slice(2 * at, 2 * at + 4);
    return new ipaddr.IPv4(inverted ? bytes.map((byte) => byte ^ 255) : bytes);
  });
}

const within = (ip: Ip, [network, bits]: Cidr): boolean =>
  ip.kind() === network.kind() && ip.match(network, bits);

const isPort = (port: number | undefined): boolean =>
  port === undefined || (Number.isInteger(port) && port > 0 && port < 65_536);

function cidr(text: string): Cidr {
  if (!isCidr(text)) throw new TypeError(`"${text}" is not a CIDR`);
  return ipaddr.parseCIDR(text);
}

function canonical(address: string): string {
  return ipaddr.parse(address).toString();
}
