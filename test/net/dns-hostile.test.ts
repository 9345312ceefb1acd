import type { Answer } from 'dns-packet';
import * as dnsPacket from 'dns-packet';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask } from '../../lib/net/dns.ts';
import { answers, isTruncated, readAnswer, writeQuestion } from '../../lib/net/dns-message.ts';
import { RECORD_TYPES } from '../../lib/net/dns-records.ts';
import { Fault } from '../../lib/net/net.ts';
import { settle, VirtualClock } from '../kit/clock.ts';
import { cname, type DnsServer, encode, manyA, type Reply, startDnsServer } from '../kit/dns-server.ts';

const RUNS = Math.max(300, Number(process.env.WATCHBILL_RUNS ?? 0));

/** A message in answer to a question for `acme.test`, with these bytes in place of its records. */
function message(records: number, bytes: Buffer): Buffer {
  const head = dnsPacket.encode({ type: 'response', questions: [{ type: 'A', name: 'acme.test' }] });
  head.writeUInt16BE(records, 6);
  return Buffer.concat([head, bytes]);
}

/** Where the first record starts, behind the header and the question for `acme.test`. */
const FIRST = 12 + 11 + 4;
/** Where the name of the question starts. */
const NAME = 12;
const pointer = (to: number): Buffer => Buffer.from([0xc0 | (to >> 8), to & 0xff]);
/** Type, class, TTL and length of a record. */
const fields = (type: number, length: number): Buffer =>
  Buffer.from([type >> 8, type & 255, 0, 1, 0, 0, 0, 60, length >> 8, length & 255]);
const A = Buffer.concat([fields(1, 4), Buffer.from([192, 0, 2, 10])]);
const readNames = (bytes: Buffer, records = 1) =>
  readAnswer(message(records, bytes)).records.map(({ name }) => name);

/** `count` pointers, each to the one before it; the first to the name of the question. */
const pointers = (count: number, at: number): Buffer =>
  Buffer.concat(Array.from({ length: count }, (_, i) => pointer(i === 0 ? NAME : at + 2 * (i - 1))));

describe('compressed names', () => {
  it('are read, also where they are used again', () => {
    const cnameOf = Buffer.concat([
      pointer(NAME),
      fields(5, 6),
      Buffer.from([3]),
      Buffer.from('www'),
      pointer(NAME),
    ]);
    const used = Buffer.concat([pointer(FIRST + 12), A]);
    const { records } = readAnswer(message(3, Buffer.concat([cnameOf, used, pointer(NAME), A])));
    expect(records.map(({ name, text }) => `${name} ${text}`)).toEqual([
      'acme.test www.acme.test',
      'www.acme.test 192.0.2.10',
      'acme.test 192.0.2.10',
    ]);
  });

  it.each<[string, Buffer]>([
    ['point to themselves', pointer(FIRST)],
    ['point to each other', Buffer.concat([pointer(FIRST + 2), pointer(FIRST)])],
    ['come back behind a label', Buffer.concat([Buffer.from([1, 97]), pointer(FIRST)])],
    ['point behind the end', pointer(0x3fff)],
    ['point ahead, into nothing', pointer(FIRST + 14)],
    ['end after half a pointer', Buffer.from([0xc0])],
    ['have a label of 64 bytes', Buffer.concat([Buffer.from([64]), Buffer.alloc(64, 97), Buffer.from([0])])],
    ['have a label of an unknown kind', Buffer.from([0x80, 1, 0])],
    ['have a label that leads out of the message', Buffer.from([63, 97])],
    [
      'have 256 octets',
      Buffer.concat([
        ...Array(4).fill(Buffer.concat([Buffer.from([63]), Buffer.alloc(63, 97)])),
        Buffer.from([0]),
      ]),
    ],
  ])('are refused when they %s', (_, name) => {
    expect(() => readNames(Buffer.concat([name, A]))).toThrow(RangeError);
  });

  it('may have 255 octets', () => {
    const labels = [63, 63, 63, 61].map((length) =>
      Buffer.concat([Buffer.from([length]), Buffer.alloc(length, 97)]),
    );
    const [name] = readNames(Buffer.concat([...labels, Buffer.from([0]), A]));
    expect(name).toHaveLength(253);
  });

  it.each([
    [126, true],
    [127, false],
    [8_000, false],
  ])('may go over 127 pointers: over %i more than the first, %s', (count, fine) => {
    const chain = pointers(count, FIRST + 11); // in the data of a NULL record of the root
    const holder = Buffer.concat([Buffer.from([0]), fields(10, chain.length), chain]);
    const user = Buffer.concat([pointer(FIRST + 11 + 2 * (count - 1)), A]);
    const read = () => readNames(Buffer.concat([holder, user]), 2);
    if (fine) expect(read()).toEqual(['acme.test']);
    else expect(read).toThrow(RangeError);
  });
});

describe('a record that is none', () => {
  const record = (type: number, data: string) => {
    const bytes = Buffer.from(data, 'hex');
    return Buffer.concat([pointer(NAME), fields(type, bytes.length), bytes]);
  };
  it.each<[string, Buffer]>([
    ['an A record of three bytes', record(1, 'c00002')],
    ['an A record of five bytes', record(1, 'c000020a00')],
    ['an AAAA record of four bytes', record(28, 'c000020a')],
    ['an AAAA record of 17 bytes', record(28, '00'.repeat(17))],
    ['an MX record without a name', record(15, '000a')],
    ['an MX record with half a preference', record(15, '00')],
    ['an NS record with something behind it', record(2, 'c00c00')],
    ['an NS record whose name leads out of it', record(2, '03777777')],
    ['a TXT record whose string leads out of it', record(16, '0541')],
    ['an SRV record without a name', record(33, '000a000a01bb')],
    ['a CAA record whose tag leads out of it', record(257, '0009')],
    ['an SOA record without its numbers', record(6, 'c00cc00c')],
    [
      'a record that is longer than the message',
      Buffer.concat([pointer(NAME), fields(1, 5), Buffer.alloc(4)]),
    ],
    ['a record without its length', Buffer.concat([pointer(NAME), fields(1, 4).subarray(0, 8)])],
    ['no record where one is announced', Buffer.alloc(0)],
  ])('breaks the answer: %s', (_, bytes) => {
    expect(() => readNames(bytes)).toThrow(RangeError);
  });

  it('breaks the answer: 65,535 announced, one there', () => {
    expect(() => readNames(Buffer.concat([pointer(NAME), A]), 0xffff)).toThrow(RangeError);
  });

  it('does not matter behind the answers', () => {
    const whole = message(1, Buffer.concat([pointer(NAME), A, Buffer.from('not a record')]));
    whole.writeUInt16BE(7, 8); // authorities
    expect(readAnswer(whole).records).toMatchObject([{ text: '192.0.2.10' }]);
  });
});

it('the greatest answer of the longest names takes bounded memory', () => {
  const label = Buffer.concat([Buffer.from([63]), Buffer.alloc(63, 7)]);
  const longest = Buffer.concat([
    label,
    label,
    label,
    Buffer.from([61]),
    Buffer.alloc(61, 7),
    Buffer.from([0]),
  ]);
  const first = Buffer.concat([longest, fields(5, 2), pointer(FIRST)]);
  const other = Buffer.concat([pointer(FIRST), fields(5, 2), pointer(FIRST)]);
  const count = 1 + Math.floor((0xffff - FIRST - first.length) / other.length);
  const { records } = readAnswer(message(count, Buffer.concat([first, ...Array(count - 1).fill(other)])));
  expect(records).toHaveLength(4_661);
  expect(records.reduce((sum, { name, text }) => sum + name.length + text.length, 0)).toBeLessThan(
    10_000_000,
  );
});

const u16 = fc.integer({ min: 0, max: 0xffff });

/** What is done to the bytes of a good answer. */
const damage: fc.Arbitrary<(bytes: Buffer) => Buffer> = fc.oneof(
  fc.tuple(u16, fc.integer({ min: 0, max: 255 })).map(([at, value]) => (bytes: Buffer) => {
    const copy = Buffer.from(bytes);
    copy.writeUInt8(value, at % bytes.length);
    return copy;
  }),
  fc.tuple(u16, u16).map(([at, to]) => (bytes: Buffer) => {
    const copy = Buffer.from(bytes);
    copy.writeUInt16BE(0xc000 | (to % bytes.length), at % (bytes.length - 1));
    return copy;
  }),
  u16.map((end) => (bytes: Buffer) => bytes.subarray(0, Math.max(12, end % bytes.length))),
  fc.tuple(u16, fc.uint8Array({ maxLength: 40 })).map(([at, more]) => (bytes: Buffer) => {
    const where = at % bytes.length;
    return Buffer.concat([bytes.subarray(0, where), more, bytes.subarray(where)]);
  }),
  fc.tuple(fc.constantFrom(4, 6, 8, 10), u16).map(([at, count]) => (bytes: Buffer) => {
    const copy = Buffer.from(bytes);
    copy.writeUInt16BE(count, at);
    return copy;
  }),
);

const good: readonly Answer[] = [
  cname('acme.test', 'web.acme.test'),
  ...manyA('web.acme.test', 3),
  { type: 'AAAA', name: 'acme.test', data: '2001:db8::1' },
  { type: 'MX', name: 'acme.test', data: { preference: 10, exchange: 'mail.acme.test' } },
  { type: 'TXT', name: 'acme.test', data: ['v=spf1', ' -all'] },
  { type: 'SRV', name: 'acme.test', data: { port: 443, target: 'sip.acme.test' } },
  { type: 'CAA', name: 'acme.test', data: { flags: 0, tag: 'issue', value: 'ca.test' } },
  { type: 'SOA', name: 'acme.test', data: { mname: 'ns.acme.test', rname: 'h.acme.test', serial: 1 } },
];

/** A message that a hostile server may send, made of the query. */
const hostile: fc.Arbitrary<(query: Buffer) => Buffer> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.tuple(fc.subarray([...good]), fc.array(damage, { maxLength: 4 })).map(
      ([records, harm]) =>
        (query: Buffer) =>
          harm.reduce((bytes, one) => one(bytes), encode({ answers: records }, query)),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.uint8Array({ maxLength: 600 }).map((noise) => (query: Buffer) => {
      const head = Buffer.from([
        ...query.subarray(0, 2),
        0x80,
        0,
        0,
        1,
        noise.length & 7,
        noise.length & 255,
        0,
        0,
        0,
        0,
      ]);
      return Buffer.concat([head, query.subarray(12), noise]);
    }),
  },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 600 }).map((noise) => () => Buffer.from(noise)) },
);

it(
  'whatever a message says, it is read or refused',
  () => {
    const query = writeQuestion({ name: 'acme.test', type: 'A' });
    const seen = { strangers: 0, truncated: 0, refused: 0, read: 0 };
    fc.assert(
      fc.property(hostile, (make) => {
        const bytes = make(query);
        if (!answers(bytes, query)) return void seen.strangers++;
        if (isTruncated(bytes)) return void seen.truncated++;
        try {
          const { records } = readAnswer(bytes);
          seen.read++;
          expect(records.length).toBeLessThan(bytes.length / 11);
          for (const { text, type } of records) {
            expect(RECORD_TYPES).toContain(type);
            expect(text).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u);
          }
        } catch (error) {
          if (!(error instanceof RangeError)) throw error;
          seen.refused++;
        }
      }),
      { numRuns: RUNS * 10 },
    );
    process.stdout.write(
      `DNS messages: ${Object.entries(seen)
        .map(([what, count]) => `${count} ${what}`)
        .join(', ')}\n`,
    );
    expect(Math.min(seen.strangers, seen.refused, seen.read)).toBeGreaterThan(0);
  },
  10_000 + 50 * RUNS,
);

describe('a hostile server', () => {
  let server: DnsServer;
  let replies: { udp: readonly Reply[]; tcp: readonly Reply[] } = { udp: [], tcp: [] };
  beforeAll(async () => {
    server = await startDnsServer(({ transport }) => replies[transport]);
  });
  afterAll(() => server.close());

  const open = () => process.getActiveResourcesInfo().filter((kind) => /UDP|TCP/.test(kind)).length;

  const reply: fc.Arbitrary<Reply> = fc.oneof(
    { weight: 4, arbitrary: hostile.map((bytes): Reply => ({ bytes })) },
    fc.constant<Reply>({ truncated: true }),
    fc.constant<Reply>({ answers: [...good] }),
  );
  const overTcp: fc.Arbitrary<Reply> = fc.oneof(
    reply,
    // no resets: Node may keep the socket of the one who resets, which would spoil the count
    fc.uint8Array({ maxLength: 300 }).map((bytes): Reply => ({ stream: Buffer.from(bytes), ending: 'end' })),
    fc.tuple(hostile, fc.integer({ min: 1, max: 50 })).map(([bytes, pieces]): Reply => ({ bytes, pieces })),
  );

  it(
    'gets an answer read, or a fault told, by the deadline, and leaves no socket behind',
    async () => {
      const outcomes = new Map<string, number>();
      const before = open();
      await fc.assert(
        fc.asyncProperty(
          fc.array(reply, { maxLength: 4 }),
          fc.array(overTcp, { maxLength: 2 }),
          async (udp, tcp) => {
            replies = { udp: [...udp, { truncated: tcp.length > 0 }], tcp };
            const clock = new VirtualClock();
            const limits = { deadline: 5_000, signal: new AbortController().signal };
            let outcome: string | undefined;
            const asking = ask(
              clock,
              { address: server.host, port: server.port },
              { name: 'acme.test', type: 'A' },
              limits,
            )
              .then(
                ({ rcode }) => rcode,
                (error) => {
                  if (!(error instanceof Fault)) throw error;
                  return error.reason;
                },
              )
              .then((told) => {
                outcome = told;
              });
            for (let turn = 0; turn < 10 && outcome === undefined; turn++) await settle();
            while (outcome === undefined) await clock.advance(5_000);
            await asking;
            outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
            expect(clock.pending).toBe(0);
            expect(clock.monotonic()).toBeLessThanOrEqual(5_000);
          },
        ),
        { numRuns: RUNS },
      );
      process.stdout.write(
        `DNS servers: ${[...outcomes].map(([what, count]) => `${count} ${what}`).join(', ')}\n`,
      );
      while (open() > before) await settle();
    },
    10_000 + 50 * RUNS,
  );
});
