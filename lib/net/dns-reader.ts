/** Longest name and longest label in octets; bits that mark a pointer: RFC 1035, 2.3.4 and 4.1.4. */
const NAME_MAX = 255;
const LABEL_MAX = 63;
const POINTER = 0b1100_0000;
/** A name has at most so many labels; more pointers than labels make no sense. */
const POINTERS_MAX = 127;

/** Reads a part of a message from its start on. Whatever would lead out of the part throws `RangeError`. */
export interface Reader {
  /** Bytes that are left. */
  readonly left: number;
  take(bytes: number): Buffer;
  uint(bytes: 1 | 2 | 4): number;
  /** A name in lower case without its final dot; `.` for the root. */
  name(): string;
  /** A reader of the next `bytes` alone. */
  part(bytes: number): Reader;
}

/** Reads `message` from `start` on. */
export const createReader = (message: Buffer, start: number): Reader =>
  readPart(message, start, message.length, createNames(message));

function readPart(message: Buffer, start: number, end: number, nameAt: (start: number) => Name): Reader {
  let at = start;
  function take(bytes: number): Buffer {
    if (at + bytes > end) throw new RangeError('a part of it is missing');
    at += bytes;
    return message.subarray(at - bytes, at);
  }
  return {
    get left() {
      return end - at;
    },
    take,
    uint: (bytes) => take(bytes).readUIntBE(0, bytes),
    name() {
      const { text, bytes } = nameAt(at);
      take(bytes);
      return text;
    },
    part(bytes) {
      take(bytes);
      return readPart(message, at - bytes, at, nameAt);
    },
  };
}

interface Name {
  readonly text: string;
  /** In full. */
  readonly octets: number;
  /** In its place in the message. */
  readonly bytes: number;
}

const ROOT: Name = { text: '.', octets: 1, bytes: 1 };

/**
 * A name may end in a pointer to an earlier one. Each that is pointed to is read once only: dns-packet's decoder
 * reads it each time, which lets one hostile message of 64 KB hold up the process for 0.2 s.
 */
function createNames(message: Buffer): (start: number) => Name {
  const known = new Map<number, Name>();

  function nameAt(start: number, pointers: number): Name {
    const labels: string[] = [];
    let at = start;
    let length = message.readUInt8(at);
    for (; length > 0 && length < POINTER; length = message.readUInt8(at)) {
      const next = at + 1 + length;
      if (length > LABEL_MAX || next > message.length) throw new RangeError('a name has a broken label');
      labels.push(label(message.subarray(at + 1, next)));
      at = next;
    }
    const rest = length === 0 ? ROOT : pointedTo(message.readUInt16BE(at) - (POINTER << 8), start, pointers);
    const octets = at - start + rest.octets;
    if (octets > NAME_MAX) throw new RangeError('a name is too long');
    if (rest.text !== '.') labels.push(rest.text);
    return { text: labels.join('.') || '.', octets, bytes: at - start + (length === 0 ? 1 : 2) };
  }

  function pointedTo(target: number, from: number, pointers: number): Name {
    if (target >= from || pointers === POINTERS_MAX) throw new RangeError('a name has no end');
    const name = known.get(target) ?? nameAt(target, pointers + 1);
    known.set(target, name);
    return name;
  }

  return (start) => nameAt(start, 0);
}

/** RFC 1035, 5.1: a dot inside of a label and what can't be printed are escaped. */
const label = (bytes: Buffer): string =>
  bytes
    .toString('latin1')
    .replace(/[.\\]/g, '\\$&')
    .replace(/[^!-~]/g, (char) => escaped(Buffer.from(char, 'latin1')))
    .toLowerCase();

/** Text of a stranger as it may be shown: what can't be printed, or turns what is around it, is escaped. */
export const printable = (bytes: Buffer): string =>
  bytes.toString('utf8').replace(/[\p{C}\p{Zl}\p{Zp}]/gu, (char) => escaped(Buffer.from(char)));

const escaped = (bytes: Buffer): string =>
  [...bytes].map((byte) => `\\${String(byte).padStart(3, '0')}`).join('');
