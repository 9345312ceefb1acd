/**
 * DER, as far as certificates, CRLs and OCSP need it (X.690). Reading is strict about lengths, so that bytes
 * from outside can't lead past their own end; it never copies.
 */

/** What `read` and its kin throw on bytes that are no DER. */
export class DerError extends Error {
  override readonly name = 'DerError';
}

export interface Element {
  /** The identifier octet: class, constructed bit and number. */
  readonly tag: number;
  readonly content: Buffer;
  /** The element whole, its head included. */
  readonly bytes: Buffer;
}

/** Identifier octets of the universal types in use. */
export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bits: 0x03,
  octets: 0x04,
  null: 0x05,
  oid: 0x06,
  enumerated: 0x0a,
  sequence: 0x30,
} as const;

/** The first element of `bytes`; what follows it is the caller's business. */
export function read(bytes: Buffer, at = 0): Element {
  const tag = bytes[at];
  const first = bytes[at + 1];
  if (tag === undefined || first === undefined) throw new DerError('the bytes end before the element');
  if ((tag & 0x1f) === 0x1f) throw new DerError('a tag number over 30');
  const digits = first < 0x80 ? 0 : first & 0x7f;
  if (first === 0x80 || digits > 4) throw new DerError('a length without end');
  const start = at + 2 + digits;
  if (start > bytes.length) throw new DerError('the bytes end in the length');
  const size = digits === 0 ? first : bytes.readUIntBE(at + 2, digits);
  if (start + size > bytes.length) throw new DerError('the bytes end in the element');
  return { tag, content: bytes.subarray(start, start + size), bytes: bytes.subarray(at, start + size) };
}

/** The elements inside a constructed element. */
export function children(element: Element): Element[] {
  const found: Element[] = [];
  for (let at = 0; at < element.content.length; at += found.at(-1)?.bytes.length ?? 0) {
    found.push(read(element.content, at));
  }
  return found;
}

/** The element itself if it has the tag that must be here. */
export function expect(element: Element | undefined, tag: number): Element {
  if (element?.tag !== tag) throw new DerError(`tag ${tag} expected, not ${element?.tag ?? 'the end'}`);
  return element;
}

/** An object identifier in dotted form. */
export function oidOf(element: Element): string {
  const numbers: number[] = [];
  let value = 0;
  for (const byte of element.content) {
    value = value * 128 + (byte & 0x7f);
    if (byte & 0x80) continue;
    numbers.push(value);
    value = 0;
  }
  const first = numbers.shift() ?? 0;
  const top = Math.min(2, Math.floor(first / 40));
  return [top, first - top * 40, ...numbers].join('.');
}

/** UTCTime or GeneralizedTime. */
export const isTime = ({ tag }: Element): boolean => tag === 0x17 || tag === 0x18;

/** A UTCTime or GeneralizedTime in epoch ms. */
export function timeOf(element: Element): number {
  const text = element.content.toString('latin1');
  const [, year = '', rest = ''] =
    (element.tag === 0x17 ? /^(\d\d)(\d{10})Z$/ : /^(\d{4})(\d{10})Z$/).exec(text) ?? [];
  const [month = 0, day, hour, minute, second] = (rest.match(/\d\d/g) ?? []).map(Number);
  // two digits: 50–99 are the last century's (RFC 5280, 4.1.2.5.1)
  const century = year.length === 2 ? (Number(year) < 50 ? 2000 : 1900) : 0;
  const ms = Date.UTC(century + Number(year), month - 1, day, hour, minute, second);
  if (!rest || Number.isNaN(ms)) throw new DerError(`no time: ${text.slice(0, 20)}`);
  return ms;
}

/** Writes one element: `tag` is its identifier octet, the parts are its content, in order. */
export function encode(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([tag]), lengthOf(content.length), content]);
}

function lengthOf(bytes: number): Buffer {
  if (bytes < 0x80) return Buffer.from([bytes]);
  const digits: number[] = [];
  for (let rest = bytes; rest > 0; rest >>>= 8) digits.unshift(rest & 0xff);
  return Buffer.from([0x80 | digits.length, ...digits]);
}
