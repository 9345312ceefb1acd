import { randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import { closesAtEnd } from '../kit/at-end.ts';
import { makeAuthority, selfSigned } from '../kit/ca.ts';
import { VirtualClock } from '../kit/clock.ts';
import { a, startDnsServer } from '../kit/dns-server.ts';
import { answer, httpCheck, runHttp, type Script, says, scripted } from '../kit/http.ts';
import { countSections } from '../kit/sections.ts';
import { closes, delivered, listen, resets } from '../kit/sockets.ts';
import { httpsServer, tlsServer } from '../kit/tls-server.ts';

/* The way to an answer: A03 to A09 and A19, B39 and what is left of C in the catalogue of faults. */

countSections();
const started = closesAtEnd();

const OK = 'HTTP/1.1 200 OK\r\n';
const authority = makeAuthority();
const named = authority.issue({ names: ['web.test'] });

type Fields = Readonly<Record<string, unknown>>;

/** A check of a server on loopback whose name is web.test. */
const secureCheck = (port: number, more: Fields = {}) =>
  httpCheck({ url: `https://web.test:${port}/`, connectTo: `127.0.0.1:${port}`, ca: authority.pem, ...more });

it.each([
  ['A03 says nothing', () => {}, 'response_timeout'],
  ['A04 closes at once', closes, 'empty_reply'],
  ['A05 resets at once', resets, 'connection_reset'],
])('%s: a server that accepts', async (_, onConnection, reason) => {
  const clock = new VirtualClock();
  const server = await started(listen(onConnection));
  const finding = runHttp(httpCheck({ url: `http://127.0.0.1:${server.port}/` }), { clock });
  await server.accepted();
  await delivered();
  await clock.advance(10_000);
  expect(await finding).toMatchObject({ status: 'down', reasons: [reason] });
});

const saysAndResets =
  (bytes: string): Script =>
  async (socket) => {
    socket.write(bytes);
    await delivered();
    socket.resetAndDestroy();
  };

it.each<[string, Script, string, number | undefined]>([
  ['A04 closes after the request', (socket) => socket.end(), 'empty_reply', undefined],
  ['A05 resets after the request', (socket) => socket.resetAndDestroy(), 'connection_reset', undefined],
  ['A06 resets within the head', saysAndResets(`${OK}content-length: 5\r\n`), 'connection_reset', undefined],
  ['A06 closes within the head', says(`${OK}content-le`), 'bad_http', undefined],
  ['A07 resets within the body', saysAndResets(`${OK}content-length: 5\r\n\r\nhel`), 'body_truncated', 200],
  ['A07 resets within a body without a length', saysAndResets(`${OK}\r\nhel`), 'body_truncated', 200],
  [
    'A07 resets between chunks',
    saysAndResets(`${OK}transfer-encoding: chunked\r\n\r\n1\r\nx\r\n`),
    'body_truncated',
    200,
  ],
])('%s: a server that has heard us', async (_, script, reason, httpStatus) => {
  const { url } = await started(scripted(script));
  const finding = await runHttp(httpCheck({ url }));
  expect(finding).toMatchObject({ status: 'down', reasons: [reason] });
  expect(finding.facts.httpStatus).toBe(httpStatus);
});

it('A08 a server that stops reading what we send', async () => {
  const clock = new VirtualClock();
  const { port } = await started(
    listen(async (socket) => {
      socket.pause();
      await delivered();
      await clock.advance(10_000);
    }),
  );
  const check = httpCheck({ url: `http://127.0.0.1:${port}/`, method: 'POST', body: 'x'.repeat(30_000_000) });
  const finding = await runHttp(check, { clock });
  expect(finding).toMatchObject({ status: 'down', reasons: ['write_timeout'], latencyMs: 10_000 });
});

it('A03 a TLS server that says nothing more', async () => {
  const clock = new VirtualClock(Date.now());
  const asked = Promise.withResolvers<void>();
  const server = await started(
    tlsServer({ cert: named.cert, key: named.key }, (socket) => socket.once('data', () => asked.resolve())),
  );
  const finding = runHttp(secureCheck(server.port), { clock });
  await asked.promise;
  await clock.advance(10_000);
  expect(await finding).toMatchObject({
    status: 'down',
    reasons: ['response_timeout'],
    phases: { firstByte: 10_000 },
  });
});

it('A09 of two addresses one refuses and one answers', async () => {
  const server = await started(scripted(says(answer('ok')), { host: '127.0.0.2' }));
  const answers = [a('web.test', '127.0.0.3'), a('web.test', '127.0.0.2')];
  const { address } = await started(startDnsServer({ 'A web.test': { answers } }));
  const check = httpCheck({ url: `http://web.test:${server.port}/` });
  expect(await runHttp(check, { servers: [address] })).toMatchObject({
    status: 'up',
    facts: { address: '127.0.0.2' },
  });
});

it('A19 M2 C34 a name that has moved to a dead address is down, though the old connection would live', async () => {
  const keepAlive: Script = (socket) => socket.write(answer('ok', { headers: { connection: 'keep-alive' } }));
  const server = await started(scripted(keepAlive));
  const where = (nth: number) => (nth <= 2 ? '127.0.0.1' : '127.0.0.2');
  const { address } = await started(
    startDnsServer({ 'A web.test': ({ nth }) => ({ answers: [a('web.test', where(nth), 3600)] }) }),
  );
  const check = httpCheck({ url: `http://web.test:${server.port}/` });
  const options = { servers: [address] };
  expect(await runHttp(check, options)).toMatchObject({ status: 'up' });
  expect(await runHttp(check, options)).toMatchObject({ status: 'up' });
  expect(server.count).toBe(2);
  expect(await runHttp(check, options)).toMatchObject({ status: 'down', reasons: ['connect_refused'] });
});

it('B39 M01 a certificate swapped for an expired one is seen by the very next probe', async () => {
  const ticketKeys = randomBytes(48);
  const { cert, key } = authority.issue({ names: ['web.test'], to: Date.now() - 1_000 });
  const good = await started(
    httpsServer({ cert: named.cert, key: named.key, ticketKeys }, (_, r) => r.end()),
  );
  expect(await runHttp(secureCheck(good.port))).toMatchObject({ status: 'up' });
  expect(await runHttp(secureCheck(good.port))).toMatchObject({ status: 'up' });
  const bad = await started(httpsServer({ cert, key, ticketKeys }, (_, r) => r.end()));
  expect(await runHttp(secureCheck(bad.port))).toMatchObject({ status: 'down', reasons: ['cert_expired'] });
});

it.each(['TLSv1.2', 'TLSv1.3'] as const)(
  'M04 a server that demands a client certificate, %s',
  async (version) => {
    const { cert, key } = named;
    const options = {
      cert,
      key,
      requestCert: true,
      ca: authority.pem,
      minVersion: version,
      maxVersion: version,
    };
    const { port } = await started(httpsServer(options, (_, response) => response.end('ok')));
    expect(await runHttp(secureCheck(port))).toMatchObject({
      status: 'down',
      reasons: ['client_cert_required'],
    });
  },
);

it('M05 every fault of a certificate is told', async () => {
  const { cert, key } = selfSigned({ names: ['other.test'], to: Date.now() - 1_000 });
  const { port } = await started(httpsServer({ cert, key }, (_, response) => response.end('ok')));
  const { status, reasons } = await runHttp(secureCheck(port));
  expect(status).toBe('down');
  expect([...reasons].sort()).toEqual(['cert_expired', 'host_mismatch', 'self_signed']);
});

it('M07 a certificate with 10000 names', async () => {
  const names = Array.from({ length: 10_000 }, (_, i) => `host-${i}.some-long-name.test`);
  const { cert, key } = authority.issue({ names });
  const { port } = await started(httpsServer({ cert, key }, (_, response) => response.end('ok')));
  expect(await runHttp(secureCheck(port))).toMatchObject({ status: 'down', reasons: ['cert_too_large'] });
});

it('M11 names that nobody answers for delay no other check', async () => {
  const clock = new VirtualClock();
  const zone = { 'A web.test': { answers: [a('web.test', '127.0.0.1')] }, 'A hung.test': [] };
  const { address } = await started(startDnsServer({ ...zone, 'AAAA hung.test': [] }));
  const server = await started(scripted(says(answer('ok'))));
  const options = { clock, servers: [address] };
  const check = (name: string) => httpCheck({ url: `http://${name}:${server.port}/` });
  const hung = Array.from({ length: 20 }, () => runHttp(check('hung.test'), options));
  const healthy = Array.from({ length: 50 }, () => runHttp(check('web.test'), options));
  for (const finding of await Promise.all(healthy))
    expect(finding).toMatchObject({ status: 'up', latencyMs: 0 });
  for (const finding of await clock.run(Promise.all(hung))) expect(finding.status).not.toBe('up');
});

it.each([
  ['M16 C20 100 every 20 ms', 'HTTP/1.1 100 Continue\r\n\r\n', 20],
  ['C20 103 every 100 ms', 'HTTP/1.1 103 X\r\nlink: </a>\r\n\r\n', 100],
  ['C21 a head of one byte every 100 ms', 'x', 100, `${OK}x: `],
  ['C21 a body of one byte every 100 ms', 'x', 100, `${OK}\r\n`],
  ['C21 chunks of one byte every 100 ms', '1\r\nx\r\n', 100, `${OK}transfer-encoding: chunked\r\n\r\n`],
])('%s: the deadline holds', async (_, bytes, every, first = '') => {
  const clock = new VirtualClock();
  const { url } = await started(
    scripted(async (socket) => {
      socket.write(first);
      while (!socket.destroyed) {
        socket.write(bytes);
        await clock.advance(every);
      }
    }),
  );
  const finding = await runHttp(httpCheck({ url, timeout: '2s' }), { clock });
  expect(finding).toMatchObject({ status: 'down', reasons: ['response_timeout'], latencyMs: 2_000 });
});

it('C33 the phases add up to the latency', async () => {
  const clock = new VirtualClock(Date.now());
  const { port } = await started(
    httpsServer({ cert: named.cert, key: named.key }, async (_, response) => {
      await clock.advance(123);
      response.write('a');
      await delivered();
      await clock.advance(45);
      response.end('b');
    }),
  );
  const { latencyMs, phases } = await runHttp(secureCheck(port), { clock });
  expect(phases).toMatchObject({ firstByte: 123, body: 45 });
  expect(Object.values(phases).reduce((sum, ms) => sum + ms, 0)).toBe(latencyMs);
});

it('C35 a TLS server that speaks HTTP/2 only', async () => {
  const { cert, key } = named;
  const { port } = await started(tlsServer({ cert, key, ALPNProtocols: ['h2'] }));
  expect(await runHttp(secureCheck(port))).toMatchObject({
    status: 'unknown',
    reasons: ['http2_unsupported'],
  });
});

it('C36 cookies are not kept', async () => {
  const cookies = Array.from({ length: 300 }, (_, i) => `set-cookie: c${i}=${'x'.repeat(20)}\r\n`).join('');
  const { url, requests } = await started(scripted(says(`${OK}${cookies}content-length: 2\r\n\r\nok`)));
  const check = httpCheck({ url });
  expect(await runHttp(check)).toMatchObject({ status: 'up' });
  expect(await runHttp(check)).toMatchObject({ status: 'up' });
  expect(requests[1]).toBe(requests[0]);
  expect(requests[1]).not.toContain('cookie');
});

it('C36 a cookie of 1 MB is too large', async () => {
  const { url } = await started(scripted(says(`${OK}set-cookie: a=${'x'.repeat(1_000_000)}\r\n\r\n`)));
  expect(await runHttp(httpCheck({ url }))).toMatchObject({ status: 'down', reasons: ['headers_too_large'] });
});

it.each(['\u001b[31mred\u001b[0m', 'a\r\nlevel=error forged', '\u202egnp.exe', '\u2028\u0085\u0000\u007f'])(
  'C37 a body of %j stays one harmless line',
  async (body) => {
    const { url } = await started(scripted(says(answer(body))));
    const expectation = { body: { contains: 'fine' }, json: { '$.a': 1 } };
    const { message } = await runHttp(httpCheck({ url, expect: expectation }));
    expect(message).toContain('The body is "');
    expect(message).not.toMatch(/[\p{C}\u2028\u2029]/u);
  },
);

it('C38 HEAD that is not allowed is not tried as GET', async () => {
  const { url, requests } = await started(
    scripted(says('HTTP/1.1 405 No\r\nallow: GET\r\ncontent-length: 0\r\n\r\n')),
  );
  const finding = await runHttp(httpCheck({ url, method: 'HEAD' }));
  expect(finding).toMatchObject({ status: 'down', reasons: ['unexpected_status'] });
  expect(requests).toHaveLength(1);
});

it('C39 two probes of one target at once share nothing', async () => {
  let count = 0;
  const server = await started(
    scripted((socket) => {
      count += 1;
      socket.end(answer('', { status: count === 1 ? 500 : 200 }));
    }),
  );
  const check = httpCheck({ url: server.url });
  const findings = await Promise.all([runHttp(check), runHttp(check)]);
  expect(findings.map(({ status }) => status).sort()).toEqual(['down', 'up']);
  expect(server.count).toBe(2);
});

it('C40 a server that renegotiates is answered', async () => {
  const { cert, key } = named;
  const { port } = await started(
    tlsServer({ cert, key, maxVersion: 'TLSv1.2' }, (socket) => {
      socket.once('data', () => {
        socket.renegotiate({}, () => {});
        socket.end(answer('ok'));
      });
    }),
  );
  expect(await runHttp(secureCheck(port))).toMatchObject({ status: 'up' });
});

it.each([
  ['a login page after a redirect', '<form action="/login">'],
  ['a soft 404', '<h1>Page not found</h1>'],
  ['an error page with 200', 'Internal Server Error'],
])('C30 %s is caught by a keyword', async (_, page) => {
  const { url } = await started(
    scripted((socket, request) =>
      socket.end(
        request.startsWith('GET / ')
          ? answer('', { status: 302, headers: { location: '/x' } })
          : answer(page),
      ),
    ),
  );
  const finding = await runHttp(httpCheck({ url, expect: { body: { contains: 'Welcome back' } } }));
  expect(finding).toMatchObject({ status: 'down', reasons: ['body_mismatch'] });
});
