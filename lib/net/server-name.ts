import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import { type AlternativeNames, type Certificate, EXTENSION } from './certificate.ts';
import { children, expect, read, TAG } from './der.ts';

/**
 * Whether a certificate with these names may speak for the host. Stricter than Node and as strict as
 * browsers: only alternative names count, and a wildcard stands for one whole left-most label above at least
 * two others (RFC 6125, 6.4.3).
 */
export function speaksFor(host: string, names: AlternativeNames): boolean {
  if (isIP(host)) {
    const wanted = Buffer.from(ipaddr.parse(host).toByteArray());
    return names.addresses.some((address) => address.equals(wanted));
  }
  const wanted = host.toLowerCase().replace(/\.$/, '');
  return names.dns.some((name) => matches(wanted, name));
}

function matches(host: string, name: string): boolean {
  if (!name.startsWith('*.')) return name === host;
  const above = name.slice(1);
  return above.indexOf('.', 1) > 0 && host.indexOf('.') > 0 && host.slice(host.indexOf('.')) === above;
}

/** The names outside of what an authority may sign for (RFC 5280, 4.2.1.10), DNS names and addresses. */
export function outsideConstraints(names: AlternativeNames, authority: Certificate): string[] {
  const extension = authority.extensions.get(EXTENSION.nameConstraints);
  if (!extension) return [];
  const lists = children(expect(read(extension.value), TAG.sequence));
  const bases = (list: number) =>
    lists
      .filter(({ tag }) => tag === list)
      .flatMap((element) => children(element).flatMap((tree) => children(tree)[0] ?? []));
  const permitted = bases(0xa0);
  const excluded = bases(0xa1);
  const outside = <T>(tag: number, name: T, covers: (base: Buffer, name: T) => boolean): boolean => {
    const allowed = permitted.filter((base) => base.tag === tag);
    const forbidden = excluded.filter((base) => base.tag === tag);
    return (
      (allowed.length > 0 && !allowed.some(({ content }) => covers(content, name))) ||
      forbidden.some(({ content }) => covers(content, name))
    );
  };
  return [
    ...names.dns.filter((name) => outside(0x82, name, coversName)),
    ...names.addresses
      .filter((address) => outside(0x87, address, coversAddress))
      .map((address) => address.join('.')),
  ];
}

function coversName(base: Buffer, name: string): boolean {
  const suffix = base.toString('latin1').toLowerCase();
  return suffix === '' || name === suffix || name.endsWith(suffix.startsWith('.') ? suffix : `.${suffix}`);
}

/** `base` is an address followed by a mask of the same length. */
function coversAddress(base: Buffer, address: Buffer): boolean {
  if (base.length !== 2 * address.length) return false;
  return address.every((byte, i) => ((byte ^ (base[i] ?? 0)) & (base[address.length + i] ?? 0)) === 0);
}
