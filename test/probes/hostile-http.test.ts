import { expect, it } from 'vitest';
import { closesAtEnd } from '../kit/at-end.ts';
import { answer, httpCheck, runHttp, says, scripted } from '../kit/http.ts';
import { countSections } from '../kit/sections.ts';
import { delivered, until } from '../kit/sockets.ts';

/*
 * Section C of the catalogue of faults, C09 to C20: bytes that a web server may say, and what must be found.
 * Each title begins with the number of its line.
 */

countSections();
const started = closesAtEnd();

type Fields = Readonly<Record<string, unknown>>;

/** What a check finds that gets these bytes, after which the connection ends. */
async function finding(bytes: string | Buffer, fields: Fields = {}) {
  const { url } = await started(scripted(says(bytes)));
  return runHttp(httpCheck({ url, ...fields }));
}

const OK = 'HTTP/1.1 200 OK\r\n';
const CHUNKED = `${OK}transfer-encoding: chunked\r\n\r\n`;

const up = 'up';
const down = 'down';

it.each<[title: string, bytes: string | Buffer, status: string, reasons: string[], facts?: Fields]>([
  ['C09 a body shorter than announced', `${OK}content-length: 20\r\n\r\nok`, down, ['body_truncated']],
  [
    'C10 more than announced',
    `${OK}content-length: 2\r\n\r\nokMORE`,
    up,
    [],
    { extra_bytes: true, bytes: 2 },
  ],
  [
    'C10 more on a connection to close',
    `${OK}content-length: 2\r\nconnection: close\r\n\r\nokMORE`,
    up,
    [],
    { extra_bytes: true },
  ],
  ['C10 a second answer', `${answer('ok')}${answer('no')}`, up, [], { extra_bytes: true, bytes: 2 }],
  [
    'C11 two different lengths',
    `${OK}content-length: 2\r\ncontent-length: 3\r\n\r\nok`,
    down,
    ['bad_framing'],
  ],
  [
    'C11 the same length twice',
    `${OK}content-length: 2\r\ncontent-length: 2\r\n\r\nok`,
    down,
    ['bad_framing'],
  ],
  ['C11 a list of lengths', `${OK}content-length: 2, 2\r\n\r\nok`, down, ['bad_framing']],
  [
    'C11 a length and chunks',
    `${OK}content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n`,
    down,
    ['bad_framing'],
  ],
  [
    'C11 chunks and a length',
    `${OK}transfer-encoding: chunked\r\ncontent-length: 2\r\n\r\n2\r\nok\r\n0\r\n\r\n`,
    down,
    ['bad_framing'],
  ],
  ['C11 a negative length', `${OK}content-length: -2\r\n\r\nok`, down, ['bad_framing']],
  ['C11 a length with a sign', `${OK}content-length: +2\r\n\r\nok`, down, ['bad_framing']],
  ['C11 a length of 20 digits', `${OK}content-length: 99999999999999999999\r\n\r\nok`, down, ['bad_framing']],
  ['C11 a hexadecimal length', `${OK}content-length: 0x2\r\n\r\nok`, down, ['bad_framing']],
  ['C11 an empty length', `${OK}content-length:\r\n\r\nok`, down, ['bad_framing']],
  [
    'C11 a coding that only looks like chunks',
    `${OK}transfer-encoding: xchunked\r\n\r\n2\r\nok\r\n0\r\n\r\n`,
    down,
    ['bad_framing'],
  ],
  [
    'C11 chunks twice over',
    `${OK}transfer-encoding: chunked, chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n`,
    down,
    ['bad_framing'],
  ],
  [
    'C11 chunks said twice',
    `${OK}transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
    down,
    ['bad_framing'],
  ],
  [
    'C11 chunks of gzip that nobody asked for',
    `${OK}transfer-encoding: gzip, chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n`,
    down,
    ['bad_framing'],
  ],
  [
    'C11 chunks in HTTP/1.0',
    'HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n',
    down,
    ['bad_framing'],
  ],
  ['C12 a chunk size that is none', `${CHUNKED}zz\r\nok\r\n0\r\n\r\n`, down, ['bad_framing']],
  ['C12 a negative chunk size', `${CHUNKED}-2\r\nok\r\n0\r\n\r\n`, down, ['bad_framing']],
  [
    'C12 a chunk size beyond 64 bits',
    `${CHUNKED}fffffffffffffffff\r\nok\r\n0\r\n\r\n`,
    down,
    ['bad_framing'],
  ],
  ['C12 a chunk longer than its size', `${CHUNKED}2\r\nokay\r\n0\r\n\r\n`, down, ['bad_framing']],
  ['C12 no last chunk', `${CHUNKED}2\r\nok\r\n`, down, ['body_truncated']],
  ['C12 half a chunk', `${CHUNKED}5\r\nok`, down, ['body_truncated']],
  [
    'C12 100 KB of chunk extension',
    `${CHUNKED}2;${'x'.repeat(100_000)}\r\nok\r\n0\r\n\r\n`,
    down,
    ['bad_framing'],
  ],
  [
    'C12 a trailer of 100 KB',
    `${CHUNKED}2\r\nok\r\n0\r\na: ${'b'.repeat(100_000)}\r\n\r\n`,
    down,
    ['bad_framing'],
  ],
  [
    'C12 100 KB of trailers',
    `${CHUNKED}2\r\nok\r\n0\r\n${'a: b\r\n'.repeat(20_000)}\r\n`,
    down,
    ['bad_framing'],
  ],
  [
    'C12 chunks, an extension and a trailer that are fine',
    `${CHUNKED}2;a=b\r\nok\r\n0\r\nx: y\r\n\r\n`,
    up,
    [],
    { bytes: 2 },
  ],
  ['C13 a body that ends with the connection', `${OK}\r\nok`, up, [], { length_unknown: true, bytes: 2 }],
  ['C14 a header of 1 MB', `${OK}a: ${'b'.repeat(1_000_000)}\r\n\r\n`, down, ['headers_too_large']],
  ['C14 5000 headers', `${OK}${'a: b\r\n'.repeat(5_000)}\r\n`, down, ['headers_too_large']],
  ['C14 20000 headers without a value', `${OK}${'a:\r\n'.repeat(20_000)}\r\n`, down, ['headers_too_large']],
  ['C14 15 KB of headers', `${OK}a: ${'b'.repeat(15_000)}\r\ncontent-length: 2\r\n\r\nok`, up, []],
  [
    'C14 2500 headers in 15 KB',
    `${OK}${'a: b\r\n'.repeat(2_500)}content-length: 2\r\n\r\nok`,
    up,
    [],
    { bytes: 2 },
  ],
  ['C15 NUL in a header', `${OK}a: b\0c\r\n\r\nok`, down, ['bad_http']],
  ['C15 a space before the colon', `${OK}a : b\r\n\r\nok`, down, ['bad_http']],
  ['C15 a header without a colon', `${OK}abc\r\n\r\nok`, down, ['bad_http']],
  ['C15 a header without a name', `${OK}: b\r\n\r\nok`, down, ['bad_http']],
  ['C15 lines that end in LF alone', 'HTTP/1.1 200 OK\na: b\ncontent-length: 2\n\nok', down, ['bad_http']],
  ['C15 one line that ends in LF alone', `${OK}a: b\ncontent-length: 2\r\n\r\nok`, down, ['bad_http']],
  ['C15 CR within a line', `${OK}a: b\rc\r\ncontent-length: 2\r\n\r\nok`, down, ['bad_http']],
  ['C15 a folded header', `${OK}a: b\r\n c\r\ncontent-length: 2\r\n\r\nok`, down, ['bad_http']],
  ['C16 a page without a head', '<html>hello</html>', down, ['not_http']],
  ['C16 the greeting of SSH', 'SSH-2.0-OpenSSH_9.6\r\n', down, ['not_http']],
  ['C16 the greeting of SMTP', '220 mail.acme.test ESMTP\r\n', down, ['not_http']],
  ['C16 RTSP', 'RTSP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nok', down, ['not_http']],
  ['C16 Shoutcast', 'ICY 200 OK\r\n\r\nok', down, ['not_http']],
  ['C16 blank lines first', `\r\n\r\n${answer('ok')}`, down, ['not_http']],
  ['C16 an alert of TLS', Buffer.from([21, 3, 1, 0, 2, 2, 70]), down, ['not_http']],
  ['C17 status 099', 'HTTP/1.1 099 X\r\ncontent-length: 2\r\n\r\nok', down, ['bad_http']],
  ['C17 status 000', 'HTTP/1.1 000 X\r\ncontent-length: 2\r\n\r\nok', down, ['bad_http']],
  ['C17 status 1000', 'HTTP/1.1 1000 X\r\ncontent-length: 2\r\n\r\nok', down, ['bad_http']],
  ['C17 status 20', 'HTTP/1.1 20 X\r\ncontent-length: 2\r\n\r\nok', down, ['bad_http']],
  ['C17 status -200', 'HTTP/1.1 -200 X\r\ncontent-length: 2\r\n\r\nok', down, ['bad_http']],
  ['C17 status 600', 'HTTP/1.1 600 X\r\ncontent-length: 2\r\n\r\nok', down, ['unexpected_status']],
  ['C17 no reason phrase', 'HTTP/1.1 200\r\ncontent-length: 2\r\n\r\nok', up, []],
  ['C17 an empty reason phrase', 'HTTP/1.1 200 \r\ncontent-length: 2\r\n\r\nok', up, []],
  [
    'C17 a reason that is not UTF-8',
    Buffer.from('HTTP/1.1 200 \xff\xfe\r\ncontent-length: 2\r\n\r\nok', 'latin1'),
    up,
    [],
  ],
  ['C17 HTTP/1.2', 'HTTP/1.2 200 OK\r\ncontent-length: 2\r\n\r\nok', down, ['bad_http']],
  ['C17 HTTP/2.0 in words', 'HTTP/2.0 200 OK\r\ncontent-length: 2\r\n\r\nok', down, ['bad_http']],
  ['C17 HTTP/0.9 in words', 'HTTP/0.9 200 OK\r\ncontent-length: 2\r\n\r\nok', down, ['bad_http']],
  [
    'C18 204 with a body',
    'HTTP/1.1 204 X\r\ncontent-length: 2\r\n\r\nok',
    up,
    [],
    { extra_bytes: true, bytes: 0 },
  ],
  [
    'C18 304 with a body',
    'HTTP/1.1 304 X\r\ncontent-length: 2\r\n\r\nok',
    down,
    ['unexpected_status'],
    { bytes: 0 },
  ],
  [
    'C19 101 with Upgrade',
    'HTTP/1.1 101 X\r\nupgrade: x\r\nconnection: upgrade\r\n\r\nok',
    down,
    ['unexpected_upgrade'],
  ],
  ['C19 101 without Upgrade', 'HTTP/1.1 101 X\r\n\r\n', down, ['unexpected_upgrade']],
  ['C19 101 and an answer', `HTTP/1.1 101 X\r\n\r\n${answer('ok')}`, down, ['unexpected_upgrade']],
  [
    'C20 1000 × 103 and an answer',
    `${'HTTP/1.1 103 X\r\nlink: </a>\r\n\r\n'.repeat(1_000)}${answer('ok')}`,
    up,
    [],
  ],
  [
    'C20 100, 102, 199 and an answer',
    `${[100, 102, 199].map((code) => `HTTP/1.1 ${code} X\r\n\r\n`).join('')}${answer('ok')}`,
    up,
    [],
  ],
  ['C20 100000 × 100', 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(100_000), down, ['bad_http']],
  ['C20 100000 × 102', 'HTTP/1.1 102 Processing\r\n\r\n'.repeat(100_000), down, ['bad_http']],
  ['C20 100000 × 103', 'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(100_000), down, ['bad_http']],
  [
    'C35 HTTP/2: settings',
    Buffer.from([0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 100]),
    'unknown',
    ['http2_unsupported'],
  ],
  [
    'C35 HTTP/2: goodbye',
    Buffer.from([0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]),
    'unknown',
    ['http2_unsupported'],
  ],
  [
    'C35 HTTP/2: a flood',
    Buffer.alloc(9 * 200_000, Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0])),
    'unknown',
    ['http2_unsupported'],
  ],
])('%s', async (_, bytes, status, reasons, facts = {}) => {
  const found = await finding(bytes);
  expect({ status: found.status, reasons: found.reasons }).toEqual({ status, reasons });
  expect(found.facts).toMatchObject(facts);
  expect(found.message.length).toBeLessThanOrEqual(500);
});

it('C10 what follows the body is never matched as body', async () => {
  const found = await finding(`${OK}content-length: 2\r\n\r\nok secret word`, {
    expect: { body: { contains: 'word' } },
  });
  expect(found).toMatchObject({ status: 'down', reasons: ['body_mismatch'], facts: { extra_bytes: true } });
});

it('C13 a body cut short is caught by what is expected of it', async () => {
  const found = await finding(`${OK}\r\nall is`, { expect: { body: { contains: 'all is well' } } });
  expect(found).toMatchObject({
    status: 'down',
    reasons: ['body_mismatch'],
    facts: { length_unknown: true },
  });
});

it('C16 the greeting of SSH in single bytes', async () => {
  const { url } = await started(
    scripted(async (socket) => {
      for (const letter of 'SSH-2.0-X\r\n') {
        socket.write(letter);
        await delivered();
      }
    }),
  );
  expect(await runHttp(httpCheck({ url }))).toMatchObject({ status: 'down', reasons: ['not_http'] });
});

it('C18 HEAD with a body', async () => {
  const found = await finding(answer('ok'), { method: 'HEAD' });
  expect(found).toMatchObject({ status: 'up', facts: { bytes: 0, extra_bytes: true } });
});

it('C19 the socket is closed after 101', async () => {
  const server = await started(
    scripted((socket) => socket.write('HTTP/1.1 101 X\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n')),
  );
  await runHttp(httpCheck({ url: server.url }));
  const socket = await server.accepted();
  await until(() => socket.destroyed);
});
