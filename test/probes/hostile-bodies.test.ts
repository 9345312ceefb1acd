import { brotliCompressSync, constants, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { expect, it } from 'vitest';
import type { Finding } from '../../lib/reading.ts';
import { closesAtEnd } from '../kit/at-end.ts';
import { answer, httpCheck, runHttp, says, scripted } from '../kit/http.ts';
import { countSections } from '../kit/sections.ts';
import { until } from '../kit/sockets.ts';

/* Bodies: C22 to C26 of the catalogue of faults, and what they may cost. */

countSections();
const started = closesAtEnd();

type Fields = Readonly<Record<string, unknown>>;

const MIB = 1_048_576;
const OK = 'HTTP/1.1 200 OK\r\n';

async function finding(bytes: readonly (string | Buffer)[], fields: Fields = {}): Promise<Finding> {
  const { url } = await started(scripted(says(...bytes)));
  return runHttp(httpCheck({ url, ...fields }));
}

const encoded = (coding: string, body: Buffer, fields: Fields = {}): Promise<Finding> =>
  finding([`${OK}content-encoding: ${coding}\r\ncontent-length: ${body.length}\r\n\r\n`, body], fields);

it.each([
  ['with a length', `content-length: ${10 * 2 ** 30}`, ''],
  ['in chunks', 'transfer-encoding: chunked', '10000\r\n'],
  ['without a length', 'x: y', ''],
])('C22 a body of 10 GB %s is read up to the cap and judged', async (_, header, before) => {
  const piece = Buffer.from(`${before}${'x'.repeat(65_536)}${before && '\r\n'}`);
  const server = await started(
    scripted((socket) => {
      socket.write(`${OK}${header}\r\n\r\n`);
      const pour = () => {
        while (!socket.destroyed && socket.write(piece));
      };
      socket.on('drain', pour);
      pour();
    }),
  );
  const found = await runHttp(
    httpCheck({ url: server.url, expect: { body: { contains: 'x', notContains: 'y' } } }),
  );
  expect(found).toMatchObject({ status: 'up', facts: { body_capped: true, bytes: MIB } });
  const socket = await server.accepted();
  await until(() => socket.destroyed);
});

/** 1 GiB of zeros: a gzip file may be several in a row. */
const gzipBomb = (): Buffer => Buffer.concat(Array(64).fill(gzipSync(Buffer.alloc(16 * MIB), { level: 9 })));
const zeros = Buffer.alloc(64 * MIB);
const quick = { params: { [constants.BROTLI_PARAM_QUALITY]: 2 } };

it.each([
  ['gzip', gzipBomb()],
  ['deflate', deflateSync(zeros)],
  ['br', brotliCompressSync(zeros, quick)],
  ['gzip, gzip', gzipSync(gzipBomb())],
  ['br, gzip', gzipSync(brotliCompressSync(zeros, quick))],
])('C23 a bomb of %s is cut at 1 MiB and costs less than 32 MB', async (coding, bomb) => {
  const before = process.memoryUsage().rss;
  const found = await encoded(coding, bomb, { expect: { body: { notContains: 'x' } } });
  expect(found).toMatchObject({ status: 'up', facts: { body_capped: true } });
  expect(process.memoryUsage().rss - before).toBeLessThan(32 * MIB);
});

it('C12 a body of 250000 chunks costs less than 32 MB', async () => {
  const chunks = Buffer.from('1\r\nx\r\n'.repeat(250_000));
  const before = process.memoryUsage().rss;
  const found = await finding([`${OK}transfer-encoding: chunked\r\n\r\n`, chunks, '0\r\n\r\n']);
  expect(found).toMatchObject({ status: 'up', facts: { bytes: 250_000 } });
  expect(found.facts).not.toHaveProperty('body_capped');
  expect(process.memoryUsage().rss - before).toBeLessThan(32 * MIB);
});

const text = 'the quick brown fox '.repeat(100);

it.each([
  ['C23 nested ten times', Array(10).fill('gzip').join(', '), gzipSync(text)],
  ['C23 nested three times', 'gzip, gzip, gzip', gzipSync(gzipSync(gzipSync(text)))],
  ['C23 with a thousand tokens', Array(1_000).fill('identity').join(','), Buffer.from(text)],
  ['C24 truncated gzip', 'gzip', gzipSync(text).subarray(0, -9)],
  ['C24 gzip without its check sum', 'gzip', gzipSync(text).subarray(0, -8)],
  [
    'C24 gzip with a wrong check sum',
    'gzip',
    Buffer.concat([gzipSync(text).subarray(0, -8), Buffer.alloc(8)]),
  ],
  ['C24 gzip with something behind', 'gzip', Buffer.concat([gzipSync(text), Buffer.from('more')])],
  ['C24 truncated deflate', 'deflate', deflateSync(text).subarray(0, -5)],
  ['C24 truncated br', 'br', brotliCompressSync(text).subarray(0, -1)],
  ['C24 truncated in the inner coding', 'deflate, gzip', gzipSync(deflateSync(text).subarray(0, -5))],
  ['C24 text that is called gzip', 'gzip', Buffer.from(text)],
  ['C24 gzip that is called deflate', 'deflate', gzipSync(text)],
  ['C24 text that is called br', 'br', Buffer.from(text)],
  ['C24 an unknown coding', 'x-secret', Buffer.from(text)],
  ['C24 a coding named like something of JavaScript', 'constructor', Buffer.from(text)],
  ['C24 an empty token', 'gzip,', gzipSync(text)],
  ['C24 zstd, which was not asked for', 'zstd', zstdCompressSync(text)],
])('%s is a fault of the coding', async (_, coding, body) => {
  expect(await encoded(coding, body)).toMatchObject({
    status: 'down',
    reasons: ['bad_encoding'],
    facts: { httpStatus: 200 },
  });
});

const atByte = (end: number, word = 'KEYWORD'): Buffer => {
  const body = Buffer.alloc(2 * MIB, 'x');
  body.write(word, end - Buffer.byteLength(word));
  return body;
};

it.each([
  [MIB, 'KEYWORD', 'up', []],
  [MIB + 1, 'KEYWORD', 'down', ['body_mismatch']],
  [MIB, 'grüße', 'up', []],
  [MIB + 1, 'grüß', 'down', ['body_mismatch']],
])(
  'C25 with the cap at 1048576, a keyword that ends at byte %i (%s) makes it %s',
  async (end, word, status, reasons) => {
    const body = atByte(end, word);
    for (const bytes of [
      [`${OK}content-length: ${body.length}\r\n\r\n`, body],
      [`${OK}\r\n`, body],
    ]) {
      const found = await finding(bytes, { expect: { body: { contains: word } } });
      expect(found).toMatchObject({ status, reasons, facts: { body_capped: true } });
    }
  },
);

it('C25 a keyword is found across chunks, split within a character', async () => {
  const bytes = Buffer.from('viele grüße');
  const parts = [...bytes].map((byte) =>
    Buffer.concat([Buffer.from('1\r\n'), Buffer.from([byte]), Buffer.from('\r\n')]),
  );
  const found = await finding([`${OK}transfer-encoding: chunked\r\n\r\n`, ...parts, '0\r\n\r\n'], {
    expect: { body: { contains: 'grüße' } },
  });
  expect(found).toMatchObject({ status: 'up' });
});

it('C26 a keyword on an error page does not make it good', async () => {
  const found = await finding([answer('all ok', { status: 500 })], { expect: { body: { contains: 'ok' } } });
  expect(found).toMatchObject({ status: 'down', reasons: ['unexpected_status'] });
});

it.each([
  ['down', 'hello', 'bye'],
  ['up', 'bye', 'hello'],
])('C26 of a redirect and its target, the target is judged: %s', async (status, before, after) => {
  const { url } = await started(
    scripted((socket, request) => {
      const isFirst = request.startsWith('GET / ');
      socket.end(isFirst ? answer(before, { status: 302, headers: { location: '/x' } }) : answer(after));
    }),
  );
  expect(await runHttp(httpCheck({ url, expect: { body: { contains: 'hello' } } }))).toMatchObject({
    status,
  });
});
