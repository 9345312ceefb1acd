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

export function createReader(message: Buffer, start: number, end = message.length): Reader {
  let at = start;
  function take(bytes: number): Buffer {
    if (at + bytes > end) throw new RangeError('a message ends too early');
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
      const { text, bytes } = readName(message.subarray(0, end), message, at);
      take(bytes);
      return text;
    },
    part(bytes) {
      take(bytes);
      return createReader(message, at - bytes, at);
    },
  };
}

/**
 * A name may end in a pointer to an earlier name. dns-packet's decoder follows any number of them, which lets one
 * hostile message hold up the process for 0.2 s; here a name costs its labels and a pointer for each of them.
 */
function readName(part: Buffer, message: Buffer, start: number): { text: string; bytes: number } {
  const labels: string[] = [];
  let octets = 1;
  let pointers = 0;
  let bytes = 0;
  for (let at = start; ; ) {
    const within = pointers === 0 ? part : message;
    const length = within.readUInt8(at);
    if (length === 0) return { text: labels.join('.') || '.', bytes: bytes || at + 1 - start };
    if (length >= POINTER) {
      if (pointers === 0) bytes = at + 2 - start;
      if (++pointers > POINTERS_MAX) throw new RangeError('a name of too many pointers');
      at = within.readUInt16BE(at) - (POINTER << 8);
    } else {
      octets += 1 + length;
      if (length > LABEL_MAX || octets > NAME_MAX) throw new RangeError('a name that is too long');
      if (at + 1 + length > within.length) throw new RangeError('a message ends too early');
      labels.push(label(within.subarray(at + 1, at + 1 + length)));
      at += 1 + length;
    }
  }
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
