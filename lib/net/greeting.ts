import { holdTo } from './hold.ts';
import { Fault, type Limits, type Net, type Target } from './net.ts';

/** A ClientHello of SSL 2.0: version 0.2, three suites, no session, a challenge of 16 bytes. */
const SSL2_HELLO = Buffer.from(`80220100020009000000100100800700c0020080${'5a'.repeat(16)}`, 'hex');

/** What a server that speaks no TLS says first, and what it is. */
const GREETINGS: readonly (readonly [RegExp, string])[] = [
  [/^HTTP\/|^<(!doctype|html)/i, 'plain HTTP'],
  [/^SSH-/, 'SSH'],
  [/^220[ -].*(ftp|vsftpd)/i, 'FTP'],
  [/^220[ -]/, 'SMTP'],
  [/^\+OK/, 'POP3'],
  [/^\* OK/, 'IMAP'],
];

/** A ServerHello of SSL 2.0: two bytes of length, the message type 4, three more, version 0.2. */
const isSsl2 = (bytes: Buffer): boolean =>
  (bytes[0] ?? 0) >= 0x80 && bytes[2] === 4 && bytes[5] === 0 && bytes[6] === 2;

/**
 * Asks a server that speaks no TLS what it does speak, in words that only SSL 2.0 understands and that every
 * text protocol rejects; a server that says nothing within `limits` is told apart by nothing.
 */
export async function greetingFault(net: Net, target: Target, limits: Limits): Promise<Fault | undefined> {
  const { socket } = await net.dial(target, limits);
  const hold = holdTo(limits, net.clock);
  try {
    const first = new Promise<Buffer>((resolve) => {
      socket.once('data', resolve).once('close', () => resolve(Buffer.alloc(0)));
      socket.write(SSL2_HELLO);
    });
    const bytes = await hold.during(first, () => new Fault('response_timeout', 'It says nothing.'));
    if (isSsl2(bytes)) return new Fault('protocol_too_old', 'The server speaks SSL 2.0.');
    const [, name] = GREETINGS.find(([words]) => words.test(bytes.toString('latin1', 0, 200))) ?? [];
    return name === undefined ? undefined : new Fault('not_tls', `The server speaks ${name}, not TLS.`);
  } finally {
    hold.release();
    socket.destroy();
  }
}
