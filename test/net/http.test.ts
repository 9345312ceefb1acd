import { randomBytes } from 'node:crypto';
import { getEventListeners } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { ServerOptions } from 'node:https';
import { createSecureContext } from 'node:tls';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../lib/adapters/local/clock.ts';
import { createNet } from '../../lib/net/create.ts';
import { exchange, type HttpRequest, type HttpResponse } from '../../lib/net/http.ts';
import type { Fault } from '../../lib/net/net.ts';
import type { Clock } from '../../lib/ports.ts';
import { VERSION } from '../../lib/version.ts';
import { closesAtEnd } from '../kit/at-end.ts';
import { makeAuthority, selfSigned } from '../kit/ca.ts';
import { VirtualClock } from '../kit/clock.ts';
import { answer, says, scripted } from '../kit/http.ts';
import { delivered, listen, until } from '../kit/sockets.ts';
import { httpsServer, type Listening, listening } from '../kit/tls-server.ts';

const started = closesAtEnd();

const serve = (onRequest: RequestListener): Promise<Listening> => started(listening(createServer(onRequest)));

/** A request to a port of this machine. */
function ask(
  port: number,
  more: Partial<HttpRequest> & { path?: string } = {},
  clock: Clock = systemClock,
  ms = 10_000,
): Promise<HttpResponse> {
  const net = createNet({ clock, allow: ['127.0.0.0/8'], self: [] });
  const { path = '/', ...rest } = more;
  const request = { url: new URL(`http://127.0.0.1:${port}${path}`), method: 'GET', headers: {}, ...rest };
  return exchange(net, request, { deadline: clock.monotonic() + ms, signal: new AbortController().signal });
}

const faultOf = (failing: Promise<unknown>): Promise<Fault> =>
  failing.then(
    () => expect.fail('no fault'),
    (error) => error as Fault,
  );

describe('a request', () => {
  const echo: RequestListener = (request, response) => {
    request.toArray().then((body) => {
      const { method, url, rawHeaders } = request;
      response.end(JSON.stringify({ method, url, rawHeaders, body: Buffer.concat(body).toString() }));
    });
  };
  const sent = ({ body }: HttpResponse) => JSON.parse(body.toString());

  it('says who asks, for what, and nothing else', async () => {
    const { port } = await serve(echo);
    const { status, body } = await ask(port, { path: '/a%20b?c=d&e' });
    expect(status).toBe(200);
    expect(JSON.parse(body.toString())).toEqual({
      method: 'GET',
      url: '/a%20b?c=d&e',
      rawHeaders: [
        ...['host', `127.0.0.1:${port}`],
        ...['user-agent', `Watchbill/${VERSION.split('.').slice(0, 2).join('.')}`],
        ...['accept', '*/*'],
        ...['accept-encoding', 'identity'],
        ...['connection', 'close'],
      ],
      body: '',
    });
  });

  it('has the headers that it is given in place of the usual ones', async () => {
    const { port } = await serve(echo);
    const response = await ask(port, {
      headers: { 'Accept-Encoding': 'gzip', 'USER-AGENT': 'me', host: 'other', 'x-a': 'é' },
    });
    expect(sent(response).rawHeaders).toEqual([
      ...[
        'host',
        'other',
        'user-agent',
        'me',
        'accept',
        '*/*',
        'accept-encoding',
        'gzip',
        'x-a',
        'é',
        'connection',
        'close',
      ],
    ]);
  });

  it.each(['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])('frames the body of %s', async (method) => {
    const { port } = await serve(echo);
    const response = await ask(port, {
      method,
      body: 'grüße',
      headers: { 'content-length': '1' },
    });
    expect(sent(response)).toMatchObject({ method, body: 'grüße' });
  });

  it.each([
    ['a line break in a value', { 'x-a': 'b\r\nx-c: d' }],
    ['a name that is none', { 'x a': 'b' }],
    ['a character beyond Latin-1', { 'x-a': '€' }],
  ])('is not sent with %s, nor is anything dialled', async (_, headers) => {
    const { port, accepted } = await serve(echo);
    const fault = await faultOf(ask(port, { headers }));
    expect(fault).toMatchObject({ reason: 'misconfigured', status: 'unknown' });
    expect(fault.message).toMatch(/^The header "x.a" has characters that cannot be sent\.$/);
    expect(accepted()).toBe(0);
  });
});

describe('an answer', () => {
  it('is its status, headers and body, the time of each phase and the facts', async () => {
    const { port } = await started(
      scripted(says(answer('hello', { headers: { 'X-One': '1', 'x-one': '2' } }))),
    );
    const response = await ask(port);
    expect(response).toMatchObject({
      status: 200,
      headers: { 'content-length': '5', 'x-one': '1, 2' },
      facts: { address: '127.0.0.1', httpStatus: 200, protocol: 'HTTP/1.1', bytes: 5 },
    });
    expect(response.body.toString()).toBe('hello');
    expect(Object.keys(response.phases)).toEqual(['connect', 'firstByte', 'body']);
  });

  it('keeps cookies apart', async () => {
    const { port } = await started(
      scripted(says('HTTP/1.1 204 X\r\nset-cookie: a=1, 2\r\nset-cookie: b\r\n\r\n')),
    );
    expect((await ask(port)).headers).toMatchObject({ 'set-cookie': 'a=1, 2\nb' });
  });

  it('may have a header that is called like something of JavaScript', async () => {
    const bytes = 'HTTP/1.1 204 X\r\n__proto__: x\r\nconstructor: y\r\n\r\n';
    const { port } = await started(scripted(says(bytes)));
    expect(Object.entries((await ask(port)).headers)).toEqual([
      ['__proto__', 'x'],
      ['constructor', 'y'],
    ]);
  });

  it.each([
    ['gzip', gzipSync('hello')],
    ['x-gzip', gzipSync('hello')],
    ['deflate', deflateSync('hello')],
    ['br', brotliCompressSync('hello')],
    ['identity', Buffer.from('hello')],
    ['deflate, GZIP', gzipSync(deflateSync('hello'))],
  ])('is decoded that comes as %s', async (coding, bytes) => {
    const head = `HTTP/1.1 200 X\r\ncontent-encoding: ${coding}\r\ncontent-length: ${bytes.length}\r\n\r\n`;
    const { port } = await started(scripted(says(head, bytes)));
    const { body, facts } = await ask(port);
    expect(body.toString()).toBe('hello');
    expect(facts).toMatchObject({ bytes: bytes.length });
  });

  it('has no body to decode where it may have none', async () => {
    const { port } = await started(
      scripted(says('HTTP/1.1 200 X\r\ncontent-encoding: gzip\r\ncontent-length: 9\r\n\r\n')),
    );
    const { body, facts } = await ask(port, { method: 'HEAD' });
    expect(body.length).toBe(0);
    expect(facts).not.toHaveProperty('length_unknown');
  });

  it.each([
    [4, 'hell', true],
    [5, 'hello', undefined],
    [6, 'hello', undefined],
  ])('is cut at %i bytes, if need be', async (maxBody, body, body_capped) => {
    const { port } = await started(scripted(says(answer('hello'))));
    const response = await ask(port, { maxBody });
    expect(response.body.toString()).toBe(body);
    expect(response.facts.body_capped).toBe(body_capped);
  });

  it('comes in phases that add up, by the clock that it was given', async () => {
    const clock = new VirtualClock();
    const { port } = await started(
      scripted(async (socket) => {
        await clock.advance(70);
        socket.write('HTTP/1.1 200 X\r\ncontent-length: 5\r\n\r\nhel');
        await delivered();
        await clock.advance(300);
        socket.end('lo');
      }),
    );
    expect((await ask(port, {}, clock)).phases).toEqual({ connect: 0, firstByte: 70, body: 300 });
  });

  it('leaves nothing behind: no socket, no timer, no listener', async () => {
    const clock = new VirtualClock();
    const stop = new AbortController();
    const server = await started(scripted(says(answer('x'))));
    const net = createNet({ clock, allow: ['127.0.0.0/8'], self: [] });
    const request = { url: new URL(server.url), method: 'GET', headers: {} };
    await exchange(net, request, { deadline: 1_000, signal: stop.signal });
    const socket = await server.accepted();
    await until(() => socket.destroyed);
    expect(clock.pending).toBe(0);
    expect(getEventListeners(stop.signal, 'abort')).toEqual([]);
  });
});

describe('the deadline', () => {
  const chunked = 'HTTP/1.1 200 X\r\ntransfer-encoding: chunked\r\n\r\n';

  it.each([
    ['nothing', '', 'response_timeout', 'firstByte', undefined],
    ['half a head', 'HTTP/1.1 200 X\r\nx: ', 'response_timeout', 'body', undefined],
    ['a head without its body', chunked, 'response_timeout', 'body', 200],
    ['half a body', `${chunked}5\r\nhel`, 'response_timeout', 'body', 200],
  ])('holds for a server that says %s', async (_, bytes, reason, phase, httpStatus) => {
    const clock = new VirtualClock();
    const { port } = await started(
      scripted(async (socket) => {
        socket.write(bytes);
        await delivered();
        await clock.advance(1_000);
      }),
    );
    const fault = await faultOf(ask(port, {}, clock, 1_000));
    expect(fault).toMatchObject({ reason, status: 'down', phases: { [phase]: 1_000 } });
    expect(fault.facts.httpStatus).toBe(httpStatus);
  });

  it('holds for a server that goes on and on', async () => {
    const clock = new VirtualClock();
    const { port } = await started(
      scripted(async (socket) => {
        socket.write(chunked);
        while (!socket.destroyed) {
          socket.write('1\r\nx\r\n');
          await delivered();
          await clock.advance(100);
        }
      }),
    );
    const fault = await faultOf(ask(port, {}, clock, 1_000));
    expect(fault).toMatchObject({ reason: 'response_timeout', phases: { firstByte: 0, body: 1_000 } });
  });

  it('holds for a server that does not read', async () => {
    const clock = new VirtualClock();
    const { port } = await started(
      listen(async (socket) => {
        socket.pause();
        await delivered();
        await clock.advance(1_000);
      }),
    );
    const fault = await faultOf(ask(port, { method: 'POST', body: 'x'.repeat(30_000_000) }, clock, 1_000));
    expect(fault).toMatchObject({ reason: 'write_timeout', status: 'down' });
  });

  it('comes early when the signal says so', async () => {
    const stop = new AbortController();
    const { url } = await started(scripted(() => stop.abort()));
    const net = createNet({ clock: new VirtualClock(), allow: ['127.0.0.0/8'], self: [] });
    const request = { url: new URL(url), method: 'GET', headers: {} };
    expect(await faultOf(exchange(net, request, { deadline: 1_000, signal: stop.signal }))).toMatchObject({
      reason: 'response_timeout',
    });
  });
});

describe('over TLS', () => {
  const authority = makeAuthority();
  const named = authority.issue({ names: ['web.test'] });
  const withRoot = { ...named, cert: named.cert + authority.pem };
  const secure = (issued = named, more: ServerOptions = {}) =>
    started(
      httpsServer({ cert: issued.cert, key: issued.key, ...more }, (_, response) => response.end('hello')),
    );
  const askName = (port: number, ca: string | undefined) =>
    ask(port, { url: new URL(`https://web.test:${port}/`), connectTo: { host: '127.0.0.1', port }, ca });

  it('the server proves that it is the one', async () => {
    const { port } = await secure();
    const { body, phases, facts } = await askName(port, authority.pem);
    expect(body.toString()).toBe('hello');
    expect(Object.keys(phases)).toEqual(['connect', 'tls', 'firstByte', 'body']);
    expect(facts).toMatchObject({ address: '127.0.0.1', protocol: 'HTTP/1.1', bytes: 5 });
    expect(Date.parse(String(facts.expiresAt))).toBeGreaterThan(Date.now());
  });

  it('the name is said to the server, and none where there is none', async () => {
    const asked: string[] = [];
    const byAddress = authority.issue({ names: ['127.0.0.1'] });
    const { port } = await secure(byAddress, {
      SNICallback: (name, done) => {
        asked.push(name);
        done(null, createSecureContext({ cert: named.cert, key: named.key }));
      },
    });
    await askName(port, authority.pem);
    await ask(port, { url: new URL(`https://127.0.0.1:${port}/`), ca: authority.pem });
    expect(asked).toEqual(['web.test']);
  });

  it.each([
    ['cert_expired', authority.issue({ names: ['web.test'], to: Date.now() - 1_000 }), authority.pem],
    ['host_mismatch', authority.issue({ names: ['*.test', 'w*.test'] }), authority.pem],
    ['no_san', authority.issue({ name: 'web.test', names: [] }), authority.pem],
    ['self_signed', selfSigned({ names: ['web.test'] }), authority.pem],
    ['untrusted_issuer', withRoot, makeAuthority().pem],
    ['untrusted_issuer', withRoot, undefined],
    ['chain_incomplete', named, undefined],
  ])('%s ends it before anything is asked', async (reason, issued, ca) => {
    let asked = 0;
    const { port } = await started(httpsServer({ cert: issued.cert, key: issued.key }, () => (asked += 1)));
    const fault = await faultOf(askName(port, ca));
    expect(fault).toMatchObject({ reason, status: 'down', reasons: expect.arrayContaining([reason]) });
    expect(asked).toBe(0);
  });

  it('no session is ever resumed: an expired certificate is seen at once', async () => {
    const ticketKeys = randomBytes(48);
    const expired = authority.issue({ names: ['web.test'], to: Date.now() - 1_000 });
    const first = await secure(named, { ticketKeys });
    await askName(first.port, authority.pem);
    await askName(first.port, authority.pem);
    const second = await secure(expired, { ticketKeys });
    expect(await faultOf(askName(second.port, authority.pem))).toMatchObject({ reason: 'cert_expired' });
  });
});
