import { createServer as createHttpServer } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import { createServer } from 'node:tls';
import { expect, it } from 'vitest';
import { parseCertificate } from '../../lib/net/certificate.ts';
import { octets } from '../kit/asn1.ts';
import { extension, selfSigned } from '../kit/ca.ts';
import { VirtualClock } from '../kit/clock.ts';
import { alert, handshakeRecord } from '../kit/hello-server.ts';
import { httpCheck, runHttp } from '../kit/http.ts';
import { until } from '../kit/sockets.ts';
import { loopbackNet, runTls } from '../kit/tls.ts';
import { check, HOST, lab, tlsCases, UP } from '../kit/tls-cases.ts';
import { alerting, answering, hearing, page, serving, TLS12 } from '../kit/tls-lab.ts';
import { type Listening, listening } from '../kit/tls-server.ts';

/* Refusals, notes and broken handshakes: B29–B38 and B43 in the catalogue of faults. */

const { root, leaf } = lab;
const SCTS = '1.3.6.1.4.1.11129.2.4.2';
const mutual = { requestCert: true, rejectUnauthorized: true };

const { started, look } = tlsCases([
  [
    'B29 a client certificate demanded under TLS 1.2',
    () => serving(leaf(), { ...mutual, ...TLS12 }),
    'down',
    ['client_cert_required'],
  ],
  [
    'B29 a client certificate demanded under TLS 1.3',
    () => serving(leaf(), mutual),
    'down',
    ['client_cert_required'],
  ],
  ['B30 no client certificate', () => alerting(116), 'down', ['client_cert_required']],
  ['B30 the wrong client certificate', () => alerting(48), 'down', ['client_cert_rejected']],
  ['B30 an expired client certificate', () => alerting(45), 'down', ['client_cert_expired']],
  [
    'B31 pinned, and changed',
    () => serving(leaf()),
    'down',
    ['pin_mismatch'],
    { pin: [parseCertificate(leaf().der).pin] },
  ],
  ['B31 pinned, and kept', () => serving(leaf()), ...UP, { pin: [parseCertificate(root.der).pin] }],
  ['B31 not pinned', () => serving(leaf()), ...UP],
  ['B32 no certificate timestamps', () => serving(leaf()), ...UP],
  [
    'B32 broken certificate timestamps',
    () => serving(leaf({ extensions: [extension(SCTS, octets(Buffer.from('x')))] })),
    ...UP,
  ],
  ['B33 a page without HSTS', () => page(leaf(), {}), ...UP],
  ['B34 a page with mixed content', () => page(leaf(), {}, '<img src="http://acme.test/x">'), ...UP],
  ['B35 plain HTTP', () => listening(createHttpServer()), 'down', ['not_tls']],
  [
    'B35 an SMTP banner',
    () => listening(createTcpServer((socket) => socket.write('220 mail.acme.test ESMTP\r\n'))),
    'down',
    ['not_tls'],
  ],
  ['B35 an SSH banner', () => answering('SSH-2.0-OpenSSH_9.2\r\n'), 'down', ['not_tls']],
  ['B36 closed in the handshake', () => hearing((socket) => socket.end()), 'down', ['tls_closed']],
  ['B36 reset in the handshake', () => hearing((socket) => socket.resetAndDestroy()), 'down', ['tls_reset']],
  ['B37 the right certificate only by name', () => byName(), ...UP],
  ['B37 an unknown name', () => alerting(112), 'down', ['sni_rejected']],
  ['B38 no protocol in common, whatever is offered', () => alerting(120), 'down', ['tls_protocol_error']],
  ['B38 HTTP/2 only', () => serving(leaf(), { ALPNProtocols: ['h2'] }), ...UP],
  [
    'B43 an oversized ServerHello',
    () => answering(handshakeRecord(0x0303, 2, Buffer.alloc(16_000))),
    'down',
    ['tls_protocol_error'],
  ],
  [
    'B43 a handshake message of 1 MB',
    () => answering(Buffer.from('160303400002100000'.padEnd(2 * 16_389, '0'), 'hex')),
    'down',
    ['cert_too_large'],
  ],
  [
    'B43 a compressed certificate that nobody asked for',
    () => answering(handshakeRecord(0x0303, 25, Buffer.alloc(100))),
    'down',
    ['tls_protocol_error'],
  ],
  [
    'B43 a renegotiation before there was a negotiation',
    () => answering(Buffer.concat([handshakeRecord(0x0303, 0), alert(0x0303, 100)])),
    'down',
    ['tls_protocol_error'],
  ],
  ['B43 a broken record', () => answering(Buffer.from('160303ffff', 'hex')), 'down', ['tls_protocol_error']],
]);

/** Without a name it sends a stranger's certificate. */
function byName(): Promise<Listening> {
  const stranger = selfSigned({ names: ['default.test'] });
  const server = createServer({ cert: stranger.cert, key: stranger.key });
  const { cert, key } = leaf();
  server.addContext(HOST, { cert, key });
  return listening(server);
}

it.each([
  ['has none', [], false],
  ['has some', [extension(SCTS, octets(octets()))], true],
])('B32 notes whether a certificate has timestamps: it %s', async (_, extensions, sctsEmbedded) => {
  expect((await look(serving(leaf({ extensions })))).facts.sctsEmbedded).toBe(sctsEmbedded);
});

const web = (port: number) =>
  runHttp(httpCheck({ url: `https://${HOST}:${port}/`, connectTo: `127.0.0.1:${port}`, ca: lab.ca }));

it.each([
  ['without HSTS', {}, 'missing'],
  ['that ends HSTS', { 'strict-transport-security': 'max-age=0' }, 'off'],
  ['that leaves out its subdomains', { 'strict-transport-security': 'max-age=9' }, 'this host'],
  ['that has it all', { 'strict-transport-security': 'max-age=9; includeSubDomains' }, 'subdomains, too'],
])('B33 an http check of a page %s notes it', async (_, headers, hsts) => {
  const { port } = await started(page(leaf(), headers));
  expect(await web(port)).toMatchObject({ status: 'up', reasons: [], facts: { hsts } });
});

it('B35 says what it is instead', async () => {
  expect((await look(listening(createHttpServer()))).message).toBe('The server speaks plain HTTP, not TLS.');
});

it('B36 silent in the handshake', async () => {
  const clock = new VirtualClock(Date.now());
  let heard = 0;
  const { port } = await started(hearing(() => heard++));
  const run = runTls(check(port), loopbackNet(clock));
  await until(() => heard === 1 && clock.pending === 1);
  await clock.advance(10_000);
  expect(await run).toMatchObject({ status: 'down', reasons: ['tls_timeout'], latencyMs: 10_000 });
});

it('B38 tells HTTP/2 as a fact; an http check can’t tell', async () => {
  const { port } = await started(serving(leaf(), { ALPNProtocols: ['h2'] }));
  expect((await runTls(check(port))).facts.alpn).toBe('h2');
  expect(await web(port)).toMatchObject({ status: 'unknown', reasons: ['http2_unsupported'] });
});
