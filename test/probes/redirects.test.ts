import { expect, it } from 'vitest';
import { closesAtEnd } from '../kit/at-end.ts';
import { makeAuthority } from '../kit/ca.ts';
import { VirtualClock } from '../kit/clock.ts';
import { a, startDnsServer, type Zone } from '../kit/dns-server.ts';
import { answer, httpCheck, runHttp, says, scripted } from '../kit/http.ts';
import { countSections } from '../kit/sections.ts';
import { httpsServer } from '../kit/tls-server.ts';

/* Redirects: C01 to C08 of the catalogue of faults, and J15 to J17, what an attacker makes of them. */

countSections();
const started = closesAtEnd();

const to = (location: string, status = 302): string => answer('', { status, headers: { location } });

/** Answers each path from the table, `/end` with "the end". */
const site = (table: (port: number) => Readonly<Record<string, string>>) => {
  const server = scripted((socket, request) => {
    const path = request.split(' ')[1] ?? '';
    server.then(({ port }) =>
      socket.end(path === '/end' ? answer('the end') : (table(port)[path] ?? answer('', { status: 404 }))),
    );
  });
  return started(server);
};

it('follows redirects to the end, which is judged', async () => {
  const { url, requests } = await site(() => ({ '/': to('/b', 301), '/b': to('c/../end#x', 307) }));
  const found = await runHttp(httpCheck({ url, expect: { body: { contains: 'the end' } } }));
  expect(found).toMatchObject({ status: 'up', facts: { redirects: 2, httpStatus: 200 } });
  expect(requests.map((request) => request.split('\r\n')[0])).toEqual([
    'GET / HTTP/1.1',
    'GET /b HTTP/1.1',
    'GET /end HTTP/1.1',
  ]);
});

it('makes a connection for each, and sums the phases', async () => {
  const clock = new VirtualClock();
  const server = await started(
    scripted(async (socket, request) => {
      await clock.advance(100);
      socket.end(request.startsWith('GET /end ') ? answer('') : to('/end'));
    }),
  );
  const found = await runHttp(httpCheck({ url: server.url }), { clock });
  expect(found).toMatchObject({
    status: 'up',
    latencyMs: 200,
    phases: { connect: 0, firstByte: 200, body: 0 },
  });
  expect(server.count).toBe(2);
});

it('takes a redirect for the answer where none is to be followed', async () => {
  const { url } = await site(() => ({ '/': to('/end') }));
  const expectation = { status: [302], headers: { location: '/end' } };
  expect(await runHttp(httpCheck({ url, follow: 0, expect: expectation }))).toMatchObject({ status: 'up' });
  expect(await runHttp(httpCheck({ url, follow: 0 }))).toMatchObject({ reasons: ['unexpected_status'] });
});

it.each([
  ['C01 a circle', '/', 'redirect_loop'],
  ['C01 a longer circle', '/b', 'redirect_loop'],
  ['C01 a circle with fragments', '/#x', 'redirect_loop'],
  ['C03 no Location', undefined, 'bad_redirect'],
  ['C03 an empty Location', '', 'bad_redirect'],
  ['C03 a Location of blanks', '  ', 'bad_redirect'],
  ['C03 a Location that is none', 'http://[1:2]:x/', 'bad_redirect'],
  ['C03 a Location with a port that is none', 'http://acme.test:65536/', 'bad_redirect'],
  ['C04 a file', 'file:///etc/passwd', 'redirect_scheme_refused'],
  ['C04 data', 'data:text/plain,ok', 'redirect_scheme_refused'],
  ['C04 gopher', 'gopher://127.0.0.1:70/', 'redirect_scheme_refused'],
  ['C04 ftp', 'ftp://127.0.0.1/', 'redirect_scheme_refused'],
  ['C04 a script', 'javascript:alert(1)', 'redirect_scheme_refused'],
  ['C04 a web socket', 'ws://127.0.0.1/', 'redirect_scheme_refused'],
  ['C04 a UNIX socket', 'http+unix://%2Fvar%2Frun%2Fdocker.sock/', 'redirect_scheme_refused'],
])('%s is a fault at once', async (_, location, reason) => {
  const { url, requests } = await site(() => ({
    '/': location === undefined ? answer('', { status: 302 }) : to(location),
    '/b': to('/'),
  }));
  expect(await runHttp(httpCheck({ url }))).toMatchObject({ status: 'down', reasons: [reason] });
  expect(requests.length).toBeLessThanOrEqual(2);
});

it.each([
  [10, 'up', []],
  [9, 'down', ['too_many_redirects']],
])('C02 ten where %i are allowed make it %s', async (follow, status, reasons) => {
  const hops = Object.fromEntries(
    Array.from({ length: 10 }, (_, i) => [`/${i}`, to(i === 9 ? '/end' : `/${i + 1}`)]),
  );
  const { url } = await site(() => hops);
  expect(await runHttp(httpCheck({ url: `${url}/0`, follow }))).toMatchObject({ status, reasons });
});

it.each([
  [301, 'POST', 'GET'],
  [302, 'POST', 'GET'],
  [303, 'PUT', 'GET'],
  [302, 'HEAD', 'HEAD'],
  [307, 'POST', 'POST'],
  [308, 'POST', 'POST'],
])('%i turns %s into %s', async (status, method, then) => {
  const { url, requests } = await site(() => ({ '/': to('/end', status) }));
  const body = method === 'HEAD' ? {} : { body: 'posted' };
  expect(await runHttp(httpCheck({ url, method, ...body }))).toMatchObject({ status: 'up' });
  expect(requests[1]).toMatch(new RegExp(`^${then} /end `));
  expect(requests[1]?.includes('content-length: 6')).toBe(then === 'POST');
});

it('C07 C08 takes no secret to another origin, nor credentials that the redirect names', async () => {
  const abroad = await started(scripted(says(answer('ok'))));
  const { url, requests } = await site(() => ({
    '/': to(`http://user:pass@127.0.0.1:${abroad.port}/x`, 302),
  }));
  const headers = {
    authorization: { secret: 'TOKEN' },
    'x-key': 'plain',
    'user-agent': 'me',
    cookie: 'a=b',
  };
  const found = await runHttp(httpCheck({ url, headers }), { secrets: { TOKEN: 'Bearer tok-123' } });
  expect(found.status).toBe('up');
  expect(requests[0]).toMatch(/x-key: plain\r\ncookie: a=b\r\nauthorization: Bearer tok-123\r\n/);
  expect(abroad.requests[0]?.split('\r\n').slice(0, -2)).toEqual([
    'GET /x HTTP/1.1',
    `host: 127.0.0.1:${abroad.port}`,
    'user-agent: me',
    'accept: */*',
    'accept-encoding: identity',
    'connection: close',
  ]);
  expect(JSON.stringify(found)).not.toMatch(/user|pass|tok-123/);
});

it.each([307, 308])('C07 %i does not carry a body to another origin', async (status) => {
  const abroad = await started(scripted(says(answer('ok'))));
  const { url } = await site(() => ({ '/': to(`http://127.0.0.1:${abroad.port}/`, status) }));
  const found = await runHttp(httpCheck({ url, method: 'POST', body: 'posted' }));
  expect(found).toMatchObject({ status: 'down', reasons: ['redirect_blocked'] });
  expect(abroad.count).toBe(0);
});

it('C06 never goes from https to http', async () => {
  const authority = makeAuthority();
  const plain = await started(scripted(says(answer('ok'))));
  const { cert, key } = authority.issue({ names: ['web.test'] });
  const { port } = await started(
    httpsServer({ cert, key }, (_, response) => response.writeHead(302, { location: plain.url }).end()),
  );
  const check = httpCheck({
    url: `https://web.test:${port}`,
    connectTo: `127.0.0.1:${port}`,
    ca: authority.pem,
    headers: { authorization: 'Basic abc', cookie: 'a=b' },
  });
  expect(await runHttp(check)).toMatchObject({ status: 'down', reasons: ['downgrade'] });
  expect(plain.count).toBe(0);
});

it('keeps to connectTo for the host and port of the check alone', async () => {
  const names = await started(startDnsServer({ 'A other.test': { answers: [a('other.test', '10.0.0.1')] } }));
  const { port, requests } = await site((own) => ({
    '/': to(`http://web.test:${own}/b`),
    '/b': to(`http://other.test:${own}/`),
  }));
  const check = httpCheck({ url: `http://web.test:${port}/`, connectTo: `127.0.0.1:${port}` });
  const found = await runHttp(check, { servers: [names.address] });
  expect(requests).toHaveLength(2);
  expect(found).toMatchObject({ status: 'down', reasons: ['redirect_blocked'] });
});

/** Two servers, of which the policy allows the first. */
async function withForbidden() {
  const forbidden = await started(scripted(says(answer('secrets'))));
  const where = { host: '127.0.0.2' };
  const run = async (location: string, names: Zone = {}) => {
    const server = await started(scripted(says(to(location)), where));
    const { address } = await started(startDnsServer(names));
    const options = { allow: ['127.0.0.2/32'], servers: [address] };
    return runHttp(httpCheck({ url: server.url }), options);
  };
  return { forbidden, run };
}

it.each([
  ...['127.0.0.1', '127.1', '2130706433', '0x7f000001', '0177.0.0.1', '017700000001', '0', '0.0.0.0'],
  ...['127.255.255.254', '[::1]', '[::]', '[::ffff:127.0.0.1]', '[::ffff:7f00:1]', '[::127.0.0.1]'],
  ...['[64:ff9b::7f00:1]', '[2002:7f00:1::]', 'localhost', 'LOCALHOST.', 'foo.localhost', '①②⑦.0.0.1'],
  ...['127。0。0。1', '%31%32%37.0.0.1', 'user@127.0.0.1', '127.0.0.2@127.0.0.1'],
])('J16 C05 a redirect to %s is blocked, nothing is fetched', async (host) => {
  const { forbidden, run } = await withForbidden();
  const found = await run(Buffer.from(`http://${host}:${forbidden.port}/`).toString());
  expect(found).toMatchObject({ status: 'down', reasons: ['redirect_blocked'] });
  expect(forbidden.count).toBe(0);
});

it.each([
  ...['169.254.169.254', '169.254.170.2', '[fd00:ec2::254]', '100.100.100.200', '168.63.129.16'],
  ...['metadata.google.internal', '10.0.0.1', '192.168.0.1', '100.64.0.1', '[fe80::1]', '[fc00::1]'],
])('J16 C05 a redirect to %s is blocked', async (host) => {
  const { run } = await withForbidden();
  expect(await run(`http://${host}/latest/meta-data/`)).toMatchObject({ reasons: ['redirect_blocked'] });
});

it.each([
  'http:\\127.0.0.1:%',
  '/\x57.0.0.1:%',
  '//127.0.0.1:%/',
  'http:127.0.0.1:%',
  'http:///127.0.0.1:%/',
  'https://127.0.0.1:%/',
])('J16 J10 a redirect to %s leads to nothing that is not allowed', async (location) => {
  const { forbidden, run } = await withForbidden();
  const found = await run(location.replace('%', String(forbidden.port)));
  expect(found.status).toBe('down');
  expect(forbidden.count).toBe(0);
});

it('C05 J12 a redirect to a name that resolves to a private address is blocked', async () => {
  const { forbidden, run } = await withForbidden();
  const names = { 'A inner.test': { answers: [a('inner.test', '127.0.0.1')] } };
  const found = await run(`http://inner.test:${forbidden.port}/`, names);
  expect(found).toMatchObject({ status: 'down', reasons: ['redirect_blocked'] });
  expect(forbidden.count).toBe(0);
});

/** A name that points to 127.0.0.2 when it is asked for the first time, and then elsewhere. */
const rebinding: Zone = {
  'A web.test': ({ nth }) => ({ answers: [a('web.test', nth === 1 ? '127.0.0.2' : '127.0.0.1', 0)] }),
};

it('J15 a name that moves between two hops is looked at again', async () => {
  const server = await started(scripted(says(to('/next')), { host: '127.0.0.2' }));
  const { address } = await started(startDnsServer(rebinding));
  const check = httpCheck({ url: `http://web.test:${server.port}/` });
  const found = await runHttp(check, { allow: ['127.0.0.2/32'], servers: [address] });
  expect(found).toMatchObject({ status: 'down', reasons: ['redirect_blocked'], facts: { redirects: 1 } });
  expect(server.count).toBe(1);
});

it('J15 a name that moves between two tries is looked at again', async () => {
  const server = await started(scripted(says(answer('ok')), { host: '127.0.0.2' }));
  const { address } = await started(startDnsServer(rebinding));
  const check = httpCheck({ url: `http://web.test:${server.port}/` });
  const options = { allow: ['127.0.0.2/32'], servers: [address] };
  expect(await runHttp(check, options)).toMatchObject({ status: 'up' });
  expect(await runHttp(check, options)).toMatchObject({ status: 'unknown', reasons: ['target_refused'] });
});

it('J16 redirects from http to https and back are a downgrade (CVE-2023-28155)', async () => {
  const authority = makeAuthority();
  const { cert, key } = authority.issue({ names: ['127.0.0.1'] });
  const last = await started(scripted(says(answer('ok'))));
  const middle = await started(
    httpsServer({ cert, key }, (_, response) => response.writeHead(307, { location: last.url }).end()),
  );
  const { url } = await site(() => ({ '/': to(`https://127.0.0.1:${middle.port}/`) }));
  const found = await runHttp(httpCheck({ url, ca: authority.pem }));
  expect(found).toMatchObject({ status: 'down', reasons: ['downgrade'] });
  expect(last.count).toBe(0);
});

it.each(['a\rb: c', 'a\nb: c', 'a\r\nb: c', 'a b', '\u00e4', 'a%0d%0ab'])(
  'J17 a Location of %j cannot inject a header',
  async (path) => {
    const { url, requests } = await site(() => ({ '/': to(encodeURI(`/x/${path}`)), '*': answer('') }));
    await runHttp(httpCheck({ url }));
    expect(requests).toHaveLength(2);
    expect(requests[1]?.split('\r\n')).toHaveLength(8);
  },
);
