import { randomInt } from 'node:crypto';
import * as dnsPacket from 'dns-packet';
import type { Reason } from '../reasons.ts';
import { createReader, type Reader } from './dns-reader.ts';
import { type RecordType, readRecord, typeOf } from './dns-records.ts';

export interface Question {
  /** A name as `parseName` gives it. */
  readonly name: string;
  readonly type: RecordType;
}

export interface DnsRecord {
  readonly name: string;
  readonly type: RecordType;
  /** Seconds for which it may be cached. */
  readonly ttl: number;
  /** The data as people write it: `10 mail.acme.test` for MX. */
  readonly text: string;
}

/** What a message says in answer to a question. */
export interface Answer {
  /** `NOERROR`, `NXDOMAIN` …; `RCODE_9` for one that has no name here. */
  readonly rcode: string;
  /** The records of the answer section that are of types that can be asked for, in the order of the server. */
  readonly records: readonly DnsRecord[];
  /** Whether the server says that it speaks for the zone. */
  readonly authoritative: boolean;
}

/** ID, flags and four counts, 16 bits each; codes of responses; the Internet class: RFC 1035, 4.1.1 and 3.2.4. */
const HEADER_BYTES = 12;
const RCODES = ['NOERROR', 'FORMERR', 'SERVFAIL', 'NXDOMAIN', 'NOTIMP', 'REFUSED'];
const INTERNET = 1;
/** A greater TTL counts as none: RFC 2181, 8. */
const TTL_MAX = 2 ** 31 - 1;

const REASONS: Readonly<Record<string, Reason>> = {
  NXDOMAIN: 'dns_nxdomain',
  SERVFAIL: 'dns_servfail',
  REFUSED: 'dns_refused',
};

/** A question under a random id, as bytes. */
export const writeQuestion = ({ name, type }: Question): Buffer =>
  dnsPacket.encode({
    type: 'query',
    id: randomInt(0x10000),
    flags: dnsPacket.RECURSION_DESIRED,
    questions: [{ name, type, class: 'IN' }],
  });

/**
 * Whether a message answers a question: an answer, the same id, the same question (RFC 5452, 9.1). A server that
 * can't read the question, or won't, may leave it out.
 */
export function answers(message: Buffer, question: Buffer): boolean {
  if (message.length < HEADER_BYTES || message.readUInt16BE(0) !== question.readUInt16BE(0)) return false;
  const isAnswer = (message.readUInt8(2) & 0b1111_1000) === 0b1000_0000; // QR set, opcode 0
  const questions = message.readUInt16BE(4);
  if (questions === 0) return isAnswer && !['NOERROR', 'NXDOMAIN'].includes(rcodeOf(message));
  const asked = (bytes: Buffer) => bytes.toString('latin1', HEADER_BYTES, question.length).toLowerCase();
  return isAnswer && questions === 1 && asked(message) === asked(question);
}

/** Whether the message says that there is more than fits into it. */
export const isTruncated = (message: Buffer): boolean => (message.readUInt8(2) & 0b10) !== 0;

/** Reads a message that `answers` a question. Throws `RangeError` for a broken one. */
export function readAnswer(message: Buffer): Answer {
  const reader = createReader(message, HEADER_BYTES);
  if (message.readUInt16BE(4) === 1) {
    reader.name();
    reader.take(4); // type and class
  }
  const records = Array.from({ length: message.readUInt16BE(6) }, () => readOne(reader));
  return {
    rcode: rcodeOf(message),
    records: records.filter((record) => record !== undefined),
    authoritative: (message.readUInt8(2) & 0b100) !== 0,
  };
}

/** Why an answer has no record; `undefined`: it has one. */
export function reasonOf({ rcode, records }: Pick<Answer, 'rcode' | 'records'>): Reason | undefined {
  if (rcode !== 'NOERROR') return REASONS[rcode] ?? 'dns_error';
  return records.length === 0 ? 'dns_nodata' : undefined;
}

function rcodeOf(message: Buffer): string {
  const code = message.readUInt8(3) & 0b1111;
  return RCODES[code] ?? `RCODE_${code}`;
}

/** RFC 1035, 4.1.3. */
function readOne(reader: Reader): DnsRecord | undefined {
  const name = reader.name();
  const type = typeOf(reader.uint(2));
  const isInternet = reader.uint(2) === INTERNET;
  const ttl = reader.uint(4);
  const data = reader.part(reader.uint(2));
  if (!type || !isInternet) return undefined;
  return { name, type, ttl: ttl > TTL_MAX ? 0 : ttl, text: readRecord(type, data) };
}
