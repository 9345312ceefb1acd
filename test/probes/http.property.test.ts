import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { STATUSES } from '../../lib/reading.ts';
import { REASONS } from '../../lib/reasons.ts';
import { settle, VirtualClock } from '../kit/clock.ts';
import { leavesNothing } from '../kit/held.ts';
import { httpCheck, runHttp } from '../kit/http.ts';

/*
 * Invariant 9: whatever bytes a server sends, a probe ends by its deadline, in bounded memory, and leaves no
 * socket behind. The answers are made of sound and broken parts of HTTP, then damaged and cut in pieces.
 */

const RUNS = Number(process.env.WATCHBILL_RUNS ?? 300);
const TIMEOUT_MS = 10_000;
/** What is loaded, compiled and pooled once is there after so many. */
const WARM_UP = Math.min(RUNS, 20_000);

const bytes = fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array));
const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');
const oneOf = (...texts: readonly string[]) => fc.constantFrom(...texts);
const number = fc.oneof(fc.nat(30), fc.integer(), fc.bigInt()).map(String);

const statusLine = fc.oneof(
  {
    weight: 6,
    arbitrary: oneOf('HTTP/1.1 200 OK', 'HTTP/1.0 200 OK', 'HTTP/1.1 404 Not Found', 'HTTP/1.1 204 X'),
  },
  {
    weight: 2,
    arbitrary: oneOf('HTTP/1.1 302 X', 'HTTP/1.1 101 X', 'HTTP/1.1 304 X', 'HTTP/1.1 429 X', 'HTTP/1.1 600'),
  },
  fc
    .tuple(oneOf('HTTP/', 'http/', 'RTSP/', 'ICY ', ''), number, oneOf('.', ' ', ''), number)
    .map((parts) => parts.join('')),
);

const header = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.tuple(
      oneOf('x', 'date', 'server', 'set-cookie', '__proto__'),
      fc.string({ maxLength: 40 }),
    ),
  },
  { weight: 3, arbitrary: fc.tuple(fc.constant('content-length'), number) },
  fc.tuple(fc.constant('transfer-encoding'), oneOf('chunked', 'gzip', 'chunked, chunked', ' ', 'xchunked')),
  fc.tuple(
    fc.constant('content-encoding'),
    oneOf('gzip', 'br', 'deflate', 'gzip, gzip', 'identity', 'no', ','),
  ),
  fc.tuple(
    fc.constant('location'),
    oneOf('/', '/b', '//', 'http:', 'https://127.0.0.1:1/', 'file:///', '\xff', '/%'),
  ),
  fc.tuple(
    oneOf('connection', 'upgrade', 'trailer', 'expect'),
    oneOf('close', 'keep-alive', 'upgrade', 'h2c', 'x'),
  ),
  fc.tuple(fc.string({ maxLength: 10 }), fc.string({ maxLength: 10 })),
);

const line = fc
  .tuple(header, oneOf(': ', ':', ' : ', ''), fc.constantFrom('\r\n', '\r\n', '\r\n', '\n', '\r', '\r\n '))
  .map(([[name, value], colon, end]) => `${name}${colon}${value}${end}`);

const chunk = fc
  .tuple(fc.string({ maxLength: 20 }), oneOf('', '', ';a=b', ';'), fc.boolean())
  .map(([text, extension, isSound]) => {
    const size = isSound ? Buffer.byteLength(text, 'latin1').toString(16) : String(text.length * 7);
    return `${size}${extension}\r\n${text}\r\n`;
  });

const body = fc.oneof(
  fc.string({ maxLength: 50 }).map(latin1),
  bytes,
  fc
    .tuple(fc.array(chunk, { maxLength: 5 }), oneOf('0\r\n\r\n', '0\r\nx: y\r\n\r\n', '0\r\n', ''))
    .map(([chunks, end]) => latin1(chunks.join('') + end)),
  fc.string({ maxLength: 2_000 }).map((text) => gzipSync(text)),
  fc.nat(3_000).map((depth) => latin1('{"a":['.repeat(depth))),
  fc.nat(300_000).map((size) => Buffer.alloc(size, 'x')),
);

const head = fc
  .tuple(statusLine, fc.array(line, { maxLength: 8 }))
  .map(([start, lines]) => `${start}\r\n${lines.join('')}\r\n`);

const whole = fc
  .tuple(fc.nat(3), head, body, fc.option(head))
  .map(([early, first, content, second]) =>
    Buffer.concat([
      latin1('HTTP/1.1 103 X\r\n\r\n'.repeat(early ** 7) + first),
      content,
      latin1(second ?? ''),
    ]),
  );

const tlsRecord = fc
  .tuple(fc.constantFrom(20, 21, 22, 23, 24), fc.nat(4), bytes)
  .map(([type, minor, content]) =>
    Buffer.concat([Buffer.from([type, 3, minor, 0, content.length]), content]),
  );

const answer = fc.record({
  isSecure: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
  said: fc.oneof(
    { weight: 8, arbitrary: whole },
    bytes,
    tlsRecord,
    fc.array(tlsRecord).map((records) => Buffer.concat(records)),
  ),
  damage: fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 2 }),
  cuts: fc.array(fc.nat(), { maxLength: 3 }),
  ending: fc.constantFrom('end', 'reset', 'hang'),
});

type Answer = typeof answer extends fc.Arbitrary<infer T> ? T : never;

function pieces({ said, damage, cuts }: Answer): Buffer[] {
  const damaged = Buffer.from(said);
  if (damaged.length > 0) for (const [at, byte] of damage) damaged[at % damaged.length] = byte;
  const places = [0, ...cuts.map((cut) => cut % (damaged.length + 1)).sort((a, b) => a - b), damaged.length];
  return places.slice(1).map((end, i) => damaged.subarray(places[i], end));
}

let server: Server;
let port: number;
let current: Answer;

beforeAll(async () => {
  server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.once('data', () => say(socket, current)).resume();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  port = (server.address() as AddressInfo).port;
});
afterAll(() => server.close());

async function say(socket: Socket, one: Answer): Promise<void> {
  for (const piece of pieces(one)) {
    socket.write(piece);
    await settle();
  }
  if (one.ending === 'end') socket.end();
  if (one.ending === 'reset') socket.resetAndDestroy();
}

const expectation = {
  body: { contains: 'x', matches: '^[^y]*$' },
  json: { '$.a[0]': { exists: true } },
  headers: { x: { exists: true } },
};

async function holds(one: Answer): Promise<void> {
  current = one;
  const clock = new VirtualClock(Date.now());
  const url = `${one.isSecure ? 'https' : 'http'}://127.0.0.1:${port}/`;
  let isOver = false;
  const running = runHttp(httpCheck({ url, expect: expectation }), { clock }).finally(() => {
    isOver = true;
  });
  for (let turn = 0; turn < 50 && !isOver; turn += 1) await settle();
  const finding = await clock.run(running, 2 * TIMEOUT_MS);
  expect(clock.monotonic()).toBeLessThanOrEqual(TIMEOUT_MS);
  expect(clock.pending).toBe(0);
  expect(STATUSES).toContain(finding.status);
  expect(finding.reasons.every((reason) => reason in REASONS)).toBe(true);
  expect(finding.message.length).toBeLessThanOrEqual(500);
  expect(finding.status === 'up').toBe(finding.reasons.length === 0);
}

it(`whatever ${RUNS} servers say, a probe ends by its deadline, in little memory, and leaves no socket`, {
  timeout: 60_000 + 50 * RUNS,
}, async () => {
  const property = fc.asyncProperty(answer, holds);
  await leavesNothing(
    () => fc.assert(property, { numRuns: WARM_UP }),
    () => fc.assert(property, { numRuns: RUNS }),
  );
});
