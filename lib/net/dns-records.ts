import { isIPv4, isIPv6 } from 'node:net';
import { printable, type Reader } from './dns-reader.ts';
import { parseHost, parseName } from './host.ts';

/** One field of a record: how it stands in a message, and how people write it. Both give the same text. */
interface Field {
  readonly read: (data: Reader) => string;
  /** `undefined`: not such a field. */
  readonly parse: (text: string) => string | undefined;
}

const ipv4: Field = {
  read: (data) => data.take(4).join('.'),
  parse: (text) => (isIPv4(text) ? text : undefined),
};

const ipv6: Field = {
  read: (data) =>
    parseHost(
      data
        .take(16)
        .toString('hex')
        .replaceAll(/.{4}(?=.)/g, '$&:'),
    ) ?? '',
  parse: (text) => (isIPv6(text) ? parseHost(text) : undefined),
};

const name: Field = {
  read: (data) => data.name(),
  parse: (text) => (text === '.' ? text : parseName(text)),
};

const number = (bytes: 1 | 2 | 4): Field => ({
  read: (data) => String(data.uint(bytes)),
  parse: (text) =>
    /^\d{1,10}$/.test(text) && Number(text) < 256 ** bytes ? String(Number(text)) : undefined,
});

/** The property of a CAA record: RFC 8659, 4.1. */
const tag: Field = {
  read: (data) => printable(data.take(data.uint(1))).toLowerCase(),
  parse: (text) => (/^[a-z0-9]+$/i.test(text) ? text.toLowerCase() : undefined),
};

const quoted: Field = {
  read: (data) => `"${printable(data.take(data.left))}"`,
  parse: (text) => (text.length > 1 && text.startsWith('"') && text.endsWith('"') ? text : `"${text}"`),
};

/** Strings of up to 255 bytes each, which mean what they say together: RFC 7208, 3.3. */
const strings: Field = {
  read(data) {
    const parts: Buffer[] = [];
    while (data.left > 0) parts.push(data.take(data.uint(1)));
    return printable(Buffer.concat(parts));
  },
  parse: (text) => text,
};

/** The types of records that can be asked for: their codes (iana.org/assignments/dns-parameters) and fields. */
const TYPES = {
  A: { code: 1, fields: [ipv4] },
  AAAA: { code: 28, fields: [ipv6] },
  CNAME: { code: 5, fields: [name] },
  MX: { code: 15, fields: [number(2), name] },
  NS: { code: 2, fields: [name] },
  TXT: { code: 16, fields: [strings] },
  SRV: { code: 33, fields: [number(2), number(2), number(2), name] },
  CAA: { code: 257, fields: [number(1), tag, quoted] },
  SOA: { code: 6, fields: [name, name, number(4), number(4), number(4), number(4), number(4)] },
} as const satisfies Record<string, { readonly code: number; readonly fields: readonly Field[] }>;

export type RecordType = keyof typeof TYPES;

export const RECORD_TYPES = Object.keys(TYPES) as [RecordType, ...RecordType[]];

const fieldsOf = (type: RecordType): readonly Field[] => TYPES[type].fields;

/** The type that has this code, if it is one of ours. */
export const typeOf = (code: number): RecordType | undefined =>
  RECORD_TYPES.find((type) => TYPES[type].code === code);

/** The data of a record as people write it: `10 mail.acme.test` for MX. Throws `RangeError` for what isn't one. */
export function readRecord(type: RecordType, data: Reader): string {
  const text = fieldsOf(type)
    .map((field) => field.read(data))
    .join(' ');
  if (data.left > 0) throw new RangeError('a record is longer than its fields');
  return text;
}

/** The same from what a person wrote: `10 Mail.Acme.test.` → `10 mail.acme.test`. `undefined`: no such record. */
export function parseRecord(type: RecordType, text: string): string | undefined {
  const fields = fieldsOf(type);
  const words = new RegExp(`^${'(\\S+)\\s+'.repeat(fields.length - 1)}(.*)$`, 's').exec(text)?.slice(1) ?? [];
  const parsed = fields.map((field, index) => field.parse(words[index] ?? ''));
  return words.length === fields.length && !parsed.includes(undefined) ? parsed.join(' ') : undefined;
}
