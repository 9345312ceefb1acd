import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Hono } from 'hono';
import { afterEach, describe, expect, it } from 'vitest';
import {
  ANSWER_MS,
  MAX_CONNECTIONS,
  peerOf,
  REQUEST_MS,
  type Serving,
  serve,
} from '../../lib/adapters/local/serve.ts';
import { VirtualClock } from '../kit/clock.ts';
import { SCENES } from '../kit/scenes.ts';
import { until } from '../kit/sockets.ts';
import { missingHeaders, visit } from './kit.ts';

const log = { info() {}, warn() {}, error() {} };
const GET = 'GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n';
const closing: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** The status app, or another, on a real port, in virtual time. */
async function serving(app: Pick<Hono, 'fetch'> = visit(SCENES.operator(), { operator: { peerOf } }).app) {
  const clock = new VirtualClock();
  const server: Serving = await serve(app, { host: '127.0.0.1', port: 0, clock, log });
  closing.push(() => clock.run(server.close()));
  const { port } = new URL(server.url);
  async function dial(): Promise<Socket> {
    const socket = connect({ host: '127.0.0.1', port: Number(port) });
    closing.push(() => socket.destroy());
    socket.on('error', () => {}); // a reset is an end like any other
    await once(socket, 'connect');
    return socket;
  }
  return { clock, server, dial, url: server.url };
}

/** What comes until the server ends it. */
async function rest(socket: Socket): Promise<string> {
  let text = '';
  socket.setEncoding('utf8').on('data', (part) => {
    text += part;
  });
  await once(socket, 'close');
  return text;
}

/** The headers of one answer, as `fetch` would give them. */
function headersOf(answer: string): Headers {
  const lines = answer.split('\r\n\r\n')[0]?.split('\r\n').slice(1) ?? [];
  return new Headers(
    lines.map(
      (line) =>
        [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()] as [string, string],
    ),
  );
}

describe('slow and idle connections (J37)', () => {
  it('one that says nothing is closed after 10 s', async () => {
    const { clock, dial } = await serving();
    const socket = await dial();
    await until(() => clock.pending === 1);
    await clock.advance(REQUEST_MS - 1);
    expect(socket.destroyed).toBe(false);
    await clock.advance(1);
    await rest(socket);
    expect(clock.pending).toBe(0);
  });

  it('one that says a byte now and then gains nothing by it', async () => {
    const { clock, dial } = await serving();
    const socket = await dial();
    const over = rest(socket);
    await until(() => clock.pending === 1);
    for (const byte of 'GET / HTT') {
      socket.write(byte);
      await clock.advance(REQUEST_MS / 9);
    }
    expect(await over).toBe('');
  });

  it('one that asked once has 10 s again for its next request', async () => {
    const { clock, dial } = await serving();
    const socket = await dial();
    await until(() => clock.pending === 1);
    await clock.advance(REQUEST_MS - 1);
    socket.write(GET);
    await once(socket, 'data');
    await clock.advance(REQUEST_MS - 1);
    socket.write(GET);
    await once(socket, 'data');
    await clock.advance(REQUEST_MS);
    await rest(socket);
  });

  it('one that doesn’t take its answer is closed after 30 s', async () => {
    let asked = false;
    const app = new Hono().get('*', (c) => {
      asked = true;
      return c.body('x'.repeat(64 * 1024 * 1024));
    });
    const { clock, dial } = await serving(app);
    const socket = await dial();
    socket.pause();
    socket.write(GET);
    await until(() => asked && clock.pending === 1);
    await clock.advance(REQUEST_MS);
    expect(clock.pending).toBe(1);
    await clock.advance(ANSWER_MS - REQUEST_MS);
    expect(clock.pending).toBe(0);
    socket.resume();
    await once(socket, 'close');
  });

  it('a crowd of them keeps nobody out, and takes no more than its share', async () => {
    const { clock, dial, url } = await serving();
    const crowd: Socket[] = [];
    for (let i = 0; i < MAX_CONNECTIONS + 200; i += 50)
      crowd.push(...(await Promise.all(Array.from({ length: 50 }, dial))));
    for (const socket of crowd) socket.resume();
    await until(() => crowd.filter((socket) => !socket.destroyed).length <= MAX_CONNECTIONS);
    expect(clock.pending).toBe(MAX_CONNECTIONS);
    const answers = await Promise.all(Array.from({ length: 20 }, () => fetch(url)));
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200));
    await Promise.all(answers.map((answer) => answer.text()));
    expect(clock.pending).toBeLessThanOrEqual(MAX_CONNECTIONS);
  });
});

describe('what is refused before it reaches the app has the headers all the same (J29, J30)', () => {
  it.each([
    ['no HTTP at all', 'hello\r\n\r\n', 400],
    ['an unknown method', 'FROB / HTTP/1.1\r\nhost: a\r\n\r\n', 400],
    ['a URL of a megabyte', `GET /${'a'.repeat(1_000_000)} HTTP/1.1\r\nhost: a\r\n\r\n`, 431],
    ['headers of 100 KB', `GET / HTTP/1.1\r\nhost: a\r\nx: ${'a'.repeat(100_000)}\r\n\r\n`, 431],
    ['no host', 'GET / HTTP/1.1\r\nconnection: close\r\n\r\n', 400],
    ['a host that is none', 'GET / HTTP/1.1\r\nhost: a b\r\nconnection: close\r\n\r\n', 400],
    ['a host with a path', 'GET / HTTP/1.1\r\nhost: a/b\r\nconnection: close\r\n\r\n', 400],
    ['a newline in the host', 'GET / HTTP/1.1\r\nhost: a\n b\r\nconnection: close\r\n\r\n', 400],
    ['NUL in the path', 'GET /\0 HTTP/1.1\r\nhost: a\r\n\r\n', 400],
    ['a target that is no path', 'GET foo HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n', 400],
    ['an expectation', 'GET / HTTP/1.1\r\nhost: a\r\nexpect: a-miracle\r\nconnection: close\r\n\r\n', 200],
    ['two lengths', 'POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n', 400],
    [
      'a length and chunks',
      'POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n',
      400,
    ],
    [
      'a body that nobody asked for',
      'POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\nconnection: close\r\n\r\nabc',
      405,
    ],
    [
      'an upgrade',
      'GET /healthz HTTP/1.1\r\nhost: a\r\nupgrade: websocket\r\nconnection: upgrade, close\r\n\r\n',
      200,
    ],
    ['path traversal', 'GET /../../etc/passwd HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n', 404],
  ])('%s', async (_, request, status) => {
    const { dial } = await serving();
    const socket = await dial();
    const over = rest(socket);
    socket.write(request);
    const answer = await over;
    expect(answer.split('\r\n')[0]).toContain(`HTTP/1.1 ${status}`);
    expect(missingHeaders({ headers: headersOf(answer) })).toEqual([]);
  });

  it('a fault before the app can answer is a bare 500', async () => {
    const { url } = await serving({ fetch: () => Promise.reject(new Error('broken')) });
    const answer = await fetch(url);
    expect([answer.status, missingHeaders(answer), await answer.text()]).toEqual([500, [], '']);
  });
});

describe('the server', () => {
  it('knows who asks: the operator’s page is there on loopback, under a loopback name only', async () => {
    const { url, dial } = await serving();
    expect((await fetch(`${url}/operator`)).status).toBe(200);
    const socket = await dial();
    const over = rest(socket);
    socket.write('GET /operator HTTP/1.1\r\nhost: evil.test\r\nconnection: close\r\n\r\n');
    expect(await over).toContain('HTTP/1.1 404');
  });

  it('says where it listens, and fails when it can’t', async () => {
    const { url } = await serving();
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    const taken = serve(new Hono(), {
      host: '127.0.0.1',
      port: Number(new URL(url).port),
      clock: new VirtualClock(),
      log,
    });
    await expect(taken).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });

  it('closes at once where nothing is under way, and within 2 s where something is', async () => {
    const hung = new Hono().get('*', () => new Promise<Response>(() => {}));
    const clock = new VirtualClock();
    const server = await serve(hung, { host: '127.0.0.1', port: 0, clock, log });
    const answer = fetch(server.url).catch(() => 'cut off');
    await until(() => clock.pending === 1);
    const closed = server.close();
    await clock.advance(2_000);
    await closed;
    expect(await answer).toBe('cut off');
    expect(clock.pending).toBe(0);
  });
});
