import { encode } from '../../lib/net/der.ts';

/** ASN.1 values as DER, for certificates, CRLs and OCSP answers of any shape, wrong ones included. */
export const seq = (...parts: readonly Uint8Array[]) => encode(0x30, ...parts);
export const set = (...parts: readonly Uint8Array[]) => encode(0x31, ...parts);
export const octets = (...parts: readonly Uint8Array[]) => encode(0x04, ...parts);
export const bits = (bytes: Uint8Array, unused = 0) => encode(0x03, Buffer.from([unused]), bytes);
export const boolean = (value: boolean) => encode(0x01, Buffer.from([value ? 0xff : 0]));
export const enumerated = (value: number) => encode(0x0a, Buffer.from([value]));
export const utf8 = (text: string) => encode(0x0c, Buffer.from(text));
export const ascii = (text: string) => encode(0x16, Buffer.from(text, 'latin1'));
export const nothing = () => encode(0x05);
/** A context-specific tag: `[n]`, constructed unless said otherwise. */
export const tagged = (n: number, ...parts: readonly Uint8Array[]) => encode(0xa0 | n, ...parts);
export const taggedBytes = (n: number, bytes: Uint8Array) => encode(0x80 | n, bytes);

export function integer(value: bigint | number): Buffer {
  const hex = BigInt(value).toString(16);
  const bytes = Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex');
  return encode(0x02, (bytes[0] ?? 0) & 0x80 ? Buffer.concat([Buffer.alloc(1), bytes]) : bytes);
}

export function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  return encode(0x06, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]));
}

function base128(value: number): number[] {
  const digits = [value & 0x7f];
  for (let rest = value >>> 7; rest > 0; rest >>>= 7) digits.unshift(0x80 | (rest & 0x7f));
  return digits;
}

/** GeneralizedTime, as OCSP and everything after 2049 has it. */
export const generalizedTime = (ms: number) => encode(0x18, Buffer.from(`${digitsOf(ms)}Z`));

/** UTCTime up to 2049, GeneralizedTime after it: RFC 5280, 4.1.2.5. */
export function time(ms: number): Buffer {
  const year = new Date(ms).getUTCFullYear();
  if (year < 1950 || year > 2049) return generalizedTime(ms);
  return encode(0x17, Buffer.from(`${digitsOf(ms).slice(2)}Z`));
}

const digitsOf = (ms: number) =>
  new Date(ms)
    .toISOString()
    .replace(/\.\d+Z$/, '')
    .replace(/\D/g, '');
