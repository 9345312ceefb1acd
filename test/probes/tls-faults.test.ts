import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../lib/adapters/local/clock.ts';
import { parseCertificate } from '../../lib/net/certificate.ts';
import type { Finding, Status } from '../../lib/reading.ts';
import type { Reason } from '../../lib/reasons.ts';
import { octets, oid, seq } from '../kit/asn1.ts';
import { closesAtEnd } from '../kit/at-end.ts';
import { CLIENT_AUTH, extension, type Issued, makeAuthority, selfSigned } from '../kit/ca.ts';
import { VirtualClock } from '../kit/clock.ts';
import { a, startDnsServer } from '../kit/dns-server.ts';
import { alert, handshakeRecord, oldServer, ssl2Server } from '../kit/hello-server.ts';
import { askAt, crl, listedAt, mustStaple, ocspAnswer, startPublisher } from '../kit/revocation.ts';
import { countSections } from '../kit/sections.ts';
import { until } from '../kit/sockets.ts';
import { loopbackNet, runTls, tlsCheck } from '../kit/tls.ts';
import {
  compositeModulus,
  hearing,
  makeLab,
  serving,
  servingGroup,
  stapling,
  TLS12,
  unsafePrime,
} from '../kit/tls-lab.ts';
import { type Listening, listening } from '../kit/tls-server.ts';

const HOST = 'api.acme.test';
const DAY = 86_400_000;
const lab = makeLab([HOST]);
const { root, intermediate, leaf, rsaLeaf, strangersLeaf } = lab;
const started = closesAtEnd();
countSections();

type Fields = Readonly<Record<string, unknown>>;

const check = (port: number, fields: Fields = {}) =>
  tlsCheck({ host: HOST, port, connectTo: `127.0.0.1:${port}`, ca: lab.ca, ...fields });

const look = async (server: Promise<Listening>, fields: Fields = {}): Promise<Finding> =>
  runTls(check((await started(server)).port, fields));

/** A certificate from an authority that the trusted root has made to this measure. */
const below = (spec: Parameters<typeof root.intermediate>[0], name = HOST): Issued =>
  root.intermediate(spec).issue({ names: [name] });

const past = { from: Date.now() - 9 * DAY, to: Date.now() - DAY };
const mutual = { requestCert: true, rejectUnauthorized: true };

type Case = [
  title: string,
  server: () => Promise<Listening>,
  status: Status,
  reasons: Reason[],
  fields?: Fields,
];

const UP: readonly ['up', []] = ['up', []];

it.each<Case>([
  ['B01 expired', () => serving(leaf(past)), 'down', ['cert_expired']],
  ['B02 an expired intermediate', () => serving(below({ ...past })), 'down', ['chain_cert_expired']],
  [
    'B03 not yet valid',
    () => serving(leaf({ from: Date.now() + 3_600_000 })),
    'down',
    ['cert_not_yet_valid'],
  ],
  [
    'B03 an intermediate that is not yet valid',
    () => serving(below({ from: Date.now() + DAY })),
    'down',
    ['cert_not_yet_valid'],
  ],
  [
    'B04 expires within "warn"',
    () => serving(leaf({ to: Date.now() + 20 * DAY })),
    'degraded',
    ['cert_expires_soon'],
  ],
  [
    'B04 expires within "fail"',
    () => serving(leaf({ to: Date.now() + 2 * DAY })),
    'down',
    ['cert_expires_soon'],
  ],
  ['B04 expires after "warn"', () => serving(leaf({ to: Date.now() + 22 * DAY })), ...UP],
  [
    'B04 an intermediate within "warn"',
    () => serving(below({ to: Date.now() + 20 * DAY })),
    'degraded',
    ['chain_cert_expires_soon'],
  ],
  [
    'B04 an intermediate within "fail"',
    () => serving(below({ to: Date.now() + 2 * DAY })),
    'down',
    ['chain_cert_expires_soon'],
  ],
  ['B05 the wrong host', () => serving(leaf({ names: ['www.acme.test'] })), 'down', ['host_mismatch']],
  [
    'B06 a wildcard one level too deep',
    () => serving(leaf({ names: ['*.test'] })),
    'down',
    ['host_mismatch'],
  ],
  [
    'B06 a wildcard for a top-level domain',
    () => serving(leaf({ names: ['*.test'] })),
    'down',
    ['host_mismatch'],
    { servername: 'acme.test' },
  ],
  ['B06 a partial wildcard', () => serving(leaf({ names: ['a*.acme.test'] })), 'down', ['host_mismatch']],
  ['B06 a wildcard as it should be', () => serving(leaf({ names: ['*.acme.test'] })), ...UP],
  [
    'B07 an address, certificate for names',
    () => serving(leaf()),
    'down',
    ['host_mismatch'],
    { servername: '127.0.0.1' },
  ],
  [
    'B07 a name, certificate for an address',
    () => serving(leaf({ names: ['127.0.0.1'] })),
    'down',
    ['host_mismatch'],
  ],
  [
    'B07 an address, certificate for it',
    () => serving(leaf({ names: ['127.0.0.1'] })),
    ...UP,
    { servername: '127.0.0.1' },
  ],
  ['B08 signed by itself', () => serving(selfSigned({ names: [HOST] })), 'down', ['self_signed']],
  ...[
    ...[
      'untrusted root',
      'Superfish, Inc.',
      'eDellRoot',
      'DSDTestProvider',
      'preact-cli',
      'webpack-dev-server',
    ],
    ...['mitm-software', 'captive-portal', 'known-interception', 'blocked-interception'],
  ].map((name): Case => [`B09 ${name}`, () => serving(strangersLeaf(name)), 'down', ['untrusted_issuer']]),
  ['B10 an incomplete chain', () => serving(alone(leaf())), 'down', ['chain_incomplete']],
  ...(['TLSv1.2', 'TLSv1.3'] as const).flatMap((maxVersion): Case[] => [
    [
      `B11 a misordered chain under ${maxVersion}`,
      () => serving(sending(leaf(), root, intermediate), { maxVersion }),
      'degraded',
      ['chain_order'],
    ],
    [
      `B11 a stranger in the chain under ${maxVersion}`,
      () => serving(sending(leaf(), intermediate, selfSigned()), { maxVersion }),
      'degraded',
      ['chain_order'],
    ],
    [
      `B11 the root at the end under ${maxVersion}`,
      () => serving(sending(leaf(), intermediate, root), { maxVersion }),
      ...UP,
    ],
  ]),
  [
    'B14 a staple demanded and missing',
    () => serving(leaf({ extensions: [mustStaple()] })),
    'degraded',
    ['no_staple'],
  ],
  ['B14 a staple demanded and there', () => stapled({ extensions: [mustStaple()] }), ...UP],
  ['B15 no common name', () => serving(leaf({ name: '' })), ...UP],
  ['B15 a title with a lock', () => serving(leaf({ name: '🔒 Secure' })), ...UP],
  [
    'B15 a long name',
    () => serving(leaf({ names: [`${'long-extended-name-'.repeat(3)}x.acme.test`] })),
    ...UP,
    { servername: `${'long-extended-name-'.repeat(3)}x.acme.test` },
  ],
  [
    'B15 an internationalised name',
    () => serving(leaf({ names: ['xn--n1aae7f7o.acme.test'] })),
    ...UP,
    { servername: 'xn--n1aae7f7o.acme.test' },
  ],
  ['B16 a common name only', () => serving(leaf({ name: HOST, names: [] })), 'down', ['no_san']],
  ['B17 a SHA-1 leaf', () => serving(rsaLeaf({ digest: 'sha1' })), 'down', ['weak_signature']],
  ['B17 an MD5 leaf', () => serving(rsaLeaf({ digest: 'md5' })), 'down', ['weak_signature']],
  ['B17 a SHA-1 intermediate', () => serving(below({ digest: 'sha1' })), 'down', ['weak_signature']],
  ['B17 a SHA-1 root, which says nothing', () => serving(root.issue({ names: [HOST] })), ...UP],
  ...(['sha256', 'sha384', 'sha512'] as const).map(
    (digest): Case => [`B18 ${digest}`, () => serving(leaf({ digest })), ...UP],
  ),
  ...(['ec256', 'ec384', 'ed25519', 'rsa2048', 'rsa4096'] as const).map(
    (key): Case => [`B18 ${key}`, () => serving(leaf({ key })), ...UP],
  ),
  ['B18 extended validation', () => serving(leaf({ extensions: [policies('2.23.140.1.1')] })), ...UP],
  ['B19 rsa3072', () => serving(leaf({ key: 'rsa3072' })), ...UP],
  ['B19 rsa8192', () => serving(leaf({ key: 'rsa8192' })), ...UP],
  ['B20 rsa1024', () => serving(leaf({ key: 'rsa1024' })), 'degraded', ['weak_key']],
  ['B20 rsa512', () => serving(leaf({ key: 'rsa512' }), TLS12), 'down', ['weak_key']],
  ['B20 rsa512 where TLS 1.3 is tried first', () => serving(leaf({ key: 'rsa512' })), 'down', ['weak_key']],
  ['B21 1,000 names', () => serving(leaf({ names: [HOST, ...many(1000)] })), ...UP],
  ['B21 10,000 names', () => serving(leaf({ names: [HOST, ...many(10_000)] })), 'down', ['cert_too_large']],
  ['B22 for clients only', () => serving(leaf({ purposes: [CLIENT_AUTH] })), 'down', ['wrong_purpose']],
  ['B23 signed by a leaf', () => serving(below({ ca: false })), 'down', ['invalid_ca']],
  [
    'B23 a path too long',
    () =>
      serving(
        root
          .intermediate({ pathLength: 0 })
          .intermediate({ name: 'Third' })
          .issue({ names: [HOST] }),
      ),
    'down',
    ['path_length_exceeded'],
  ],
  [
    'B24 outside of a name constraint',
    () => serving(below({ permitted: ['other.test'] })),
    'down',
    ['name_constraint'],
  ],
  [
    'B24 an unknown critical extension',
    () => serving(leaf({ extensions: [extension('1.3.6.1.4.1.99999.1', octets(), true)] })),
    'down',
    ['unknown_critical_extension'],
  ],
  [
    'B25 TLS 1.0 only',
    () => serving(leaf(), { minVersion: 'TLSv1', maxVersion: 'TLSv1' }),
    'down',
    ['protocol_too_old', 'weak_cipher'],
  ],
  [
    'B25 TLS 1.1 only',
    () => serving(leaf(), { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1' }),
    'down',
    ['protocol_too_old', 'weak_cipher'],
  ],
  ['B25 SSL 3.0 only', () => oldServer({ version: 0x0300, suite: 0x002f }), 'down', ['protocol_too_old']],
  ['B25 SSL 2.0 only', () => ssl2Server(), 'down', ['protocol_too_old']],
  ['B26 TLS 1.2 only', () => serving(leaf(), TLS12), ...UP],
  [
    'B26 TLS 1.2 only, where 1.3 is wanted',
    () => serving(leaf(), TLS12),
    'down',
    ['protocol_too_old'],
    { minVersion: 'TLSv1.3' },
  ],
  ['B26 TLS 1.3 only', () => serving(leaf(), { minVersion: 'TLSv1.3' }), ...UP],
  ['B27 3DES', () => oldServer({ version: 0x0303, suite: 0x000a }), 'down', ['weak_cipher']],
  [
    'B27 CBC',
    () => serving(leaf(), { ...TLS12, ciphers: 'ECDHE-ECDSA-AES128-SHA' }),
    'degraded',
    ['weak_cipher'],
  ],
  [
    'B27 a static key exchange',
    () => serving(rsaLeaf(), { ...TLS12, ciphers: 'AES128-GCM-SHA256' }),
    'degraded',
    ['no_forward_secrecy'],
  ],
  [
    'B27 a Diffie-Hellman group of 2048 bits',
    () => serving(rsaLeaf(), { ...TLS12, ciphers: 'DHE-RSA-AES128-GCM-SHA256', dhparam: 'auto' }),
    ...UP,
  ],
  [
    'B27 Mozilla’s intermediate list',
    () => serving(rsaLeaf(), { minVersion: 'TLSv1.2', ciphers: MOZILLA_INTERMEDIATE }),
    ...UP,
  ],
  ['B27 Mozilla’s modern list', () => serving(leaf(), { minVersion: 'TLSv1.3' }), ...UP],
  ['B28 RC4', () => oldServer({ version: 0x0303, suite: 0x0005 }), 'down', ['weak_cipher']],
  ['B28 RC4 with MD5', () => oldServer({ version: 0x0303, suite: 0x0004 }), 'down', ['weak_cipher']],
  ['B28 an export suite', () => oldServer({ version: 0x0303, suite: 0x0003 }), 'down', ['weak_cipher']],
  [
    'B28 no encryption',
    () => serving(leaf(), { ...TLS12, ciphers: 'ECDHE-ECDSA-NULL-SHA' }),
    'down',
    ['weak_cipher'],
  ],
  ['B28 no authentication', () => serving(leaf(), { ...TLS12, ciphers: 'aNULL' }), 'down', ['weak_cipher']],
  ...[480, 512].map(
    (bits): Case => [
      `B28 a Diffie-Hellman group of ${bits} bits`,
      () => tinyGroup(bits),
      'down',
      ['weak_dh'],
    ],
  ),
  [
    'B28 a Diffie-Hellman group of 1024 bits',
    () => servingGroup(rsaLeaf(), unsafePrime(1024)),
    'down',
    ['weak_dh'],
  ],
  [
    'B28 a Diffie-Hellman group with small subgroups',
    () => servingGroup(rsaLeaf(), unsafePrime(2048)),
    'down',
    ['weak_dh'],
  ],
  [
    'B28 a composite Diffie-Hellman modulus',
    () => servingGroup(rsaLeaf(), compositeModulus()),
    'down',
    ['weak_dh'],
  ],
  [
    'B28 nothing in common',
    () => oldServer({ version: 0x0303, suite: 0xeeee }),
    'down',
    ['no_shared_cipher'],
  ],
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
    () => serving(leaf({ extensions: [extension('1.3.6.1.4.1.11129.2.4.2', octets(Buffer.from('x')))] })),
    ...UP,
  ],
  ['B33 a page without HSTS', () => page({}), ...UP],
  ['B33 a page that ends HSTS', () => page({ 'strict-transport-security': 'max-age=0' }), ...UP],
  ['B34 a page with mixed content', () => page({}, '<img src="http://acme.test/x">'), ...UP],
  ['B35 plain HTTP', () => listening(createHttpServer()), 'down', ['not_tls']],
  [
    'B35 an SMTP banner',
    () => hearing((socket) => socket.write('220 mail.acme.test ESMTP\r\n')),
    'down',
    ['not_tls'],
  ],
  [
    'B35 an SSH banner',
    () => hearing((socket) => socket.write('SSH-2.0-OpenSSH_9.2\r\n')),
    'down',
    ['not_tls'],
  ],
  ['B36 closed in the handshake', () => hearing((socket) => socket.end()), 'down', ['tls_closed']],
  ['B36 reset in the handshake', () => hearing((socket) => socket.resetAndDestroy()), 'down', ['tls_reset']],
  ['B37 the right certificate only by name', () => byName(), ...UP],
  ['B37 an unknown name', () => alerting(112), 'down', ['sni_rejected']],
  ['B38 HTTP/2 only', () => serving(leaf(), { ALPNProtocols: ['h2'] }), ...UP],
  [
    'B42 three faults at once',
    () => serving(selfSigned({ names: ['www.acme.test'], ...past })),
    'down',
    ['self_signed', 'host_mismatch', 'cert_expired'],
  ],
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
])('%s', async (_, server, status, reasons, fields) => {
  const finding = await look(server(), fields);
  expect({ status: finding.status, reasons: finding.reasons }).toEqual({ status, reasons });
  expect(finding.message !== '').toBe(status !== 'up');
});

const alone = (one: Issued): Issued => ({ ...one, cert: one.pem });
const sending = (one: Issued, ...others: readonly Issued[]): Issued => ({
  ...one,
  cert: [one, ...others].map(({ pem }) => pem).join(''),
});
const many = (count: number) => Array.from({ length: count }, (_, i) => `host-${i}.acme.test`);
const policies = (id: string) => extension('2.5.29.32', seq(seq(oid(id))));
const alerting = (code: number) => answering(alert(0x0303, code));
const answering = (bytes: Buffer) => hearing((socket) => socket.write(bytes));

const MOZILLA_INTERMEDIATE =
  'ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384';

function stapled(spec: Parameters<typeof leaf>[0]): Promise<Listening> {
  const one = leaf(spec);
  return stapling(one, ocspAnswer(one));
}

function tinyGroup(bits: number): Promise<Listening> {
  const modulus = Buffer.from(unsafePrime(bits).toString(16), 'hex');
  return oldServer({
    version: 0x0303,
    suite: 0x009e,
    certificates: [rsaLeaf().der, lab.rsaRoot.der],
    modulus,
  });
}

/** A web server's page; a tls check looks only at the certificate. */
const page = (headers: Record<string, string>, body = ''): Promise<Listening> =>
  serving(leaf(), {}, (socket) => {
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.once('data', () => socket.end(`HTTP/1.1 200 OK\r\n${lines.join('')}\r\n${body}`));
  });

/** Without a name it sends a stranger's certificate. */
function byName(): Promise<Listening> {
  const stranger = selfSigned({ names: ['default.test'] });
  const server = createServer({ cert: stranger.cert, key: stranger.key });
  const { cert, key } = leaf();
  server.addContext(HOST, { cert, key });
  return listening(server);
}

it('B01 says which certificate has expired, and since when', async () => {
  const { message } = await look(serving(leaf({ ...past, to: Date.UTC(2026, 0, 2, 3, 4, 5) })));
  expect(message).toBe(`The certificate of "${HOST}" has expired at 2026-01-02T03:04:05Z.`);
});

it('B02 names the intermediate that has expired', async () => {
  expect((await look(serving(below({ name: 'Old authority', ...past })))).message).toContain(
    '"Old authority"',
  );
});

it('B03 hints at the clock', async () => {
  expect((await look(serving(leaf({ from: Date.now() + 3_600_000 })))).message).toContain('Is a clock wrong');
});

it('B04 warns and fails exact to the second', async () => {
  const to = Math.ceil(Date.now() / 1000) * 1000 + 50 * DAY;
  const { port } = await started(serving(leaf({ to })));
  const statusAt = async (left: number) =>
    (await runTls(check(port), loopbackNet(new VirtualClock(to - left)))).status;
  expect(await statusAt(21 * DAY + 1000)).toBe('up');
  expect(await statusAt(21 * DAY)).toBe('degraded');
  expect(await statusAt(3 * DAY + 1000)).toBe('degraded');
  expect(await statusAt(3 * DAY)).toBe('down');
});

it('B05 shows what is offered, at most ten of it', async () => {
  const { message } = await look(serving(leaf({ names: many(12) })));
  expect(message).toContain('host-9.acme.test and 2 more.');
  expect(message).not.toContain('host-10');
});

it('B09 names the stranger', async () => {
  expect((await look(serving(strangersLeaf('Superfish, Inc.')))).message).toBe(
    'The issuer "Superfish, Inc." is not trusted.',
  );
});

/** A leaf whose authority publishes this, and an intermediate that has a list of its own. */
async function publishing(answer: (one: Issued, url: string) => Record<string, Buffer | number>, at = askAt) {
  const { at: url, publish } = await started(startPublisher());
  const authority = root.intermediate({ name: 'Acme intermediate', extensions: [listedAt(url('root-crl'))] });
  const one = authority.issue({ names: [HOST], extensions: [at(url('x'))] });
  publish({ 'root-crl': crl(root), ...answer(one, url('x')) });
  return started(serving(one));
}

it.each<[string, typeof askAt, (one: Issued) => Record<string, Buffer>]>([
  ['by OCSP', askAt, (one) => ({ x: ocspAnswer(one, { status: 'revoked' }) })],
  ['by CRL', listedAt, (one) => ({ x: crl(one.issuer as Issued, { revoked: [one] }) })],
  [
    'above the leaf',
    askAt,
    (one) => ({ x: ocspAnswer(one), 'root-crl': crl(root, { revoked: [one.issuer as Issued] }) }),
  ],
])('B12 revoked %s', async (_, at, answer) => {
  const { port } = await publishing(answer, at);
  expect(await runTls(check(port))).toMatchObject({ status: 'down', reasons: ['revoked'] });
  expect(await runTls(check(port, { revocation: 'off' }))).toMatchObject({ status: 'up', reasons: [] });
});

it('B12 revoked by what is stapled', async () => {
  const one = leaf();
  const finding = await look(stapling(one, ocspAnswer(one, { status: 'revoked' })));
  expect(finding).toMatchObject({ status: 'down', reasons: ['revoked'] });
});

it.each<[string, typeof askAt, (one: Issued) => Record<string, Buffer | number>]>([
  ['good by OCSP', askAt, (one) => ({ x: ocspAnswer(one) })],
  ['good by CRL', listedAt, (one) => ({ x: crl(one.issuer as Issued) })],
])('B12 %s', async (_, at, answer) => {
  const { port } = await publishing(answer, at);
  expect(await runTls(check(port, { revocation: 'hard' }))).toMatchObject({ status: 'up', reasons: [] });
});

const anHourAgo = { from: Date.now() - 2 * 3_600_000, until: Date.now() - 3_600_000 };
const impostor = makeAuthority({ name: 'Acme intermediate' });

it.each<[string, typeof askAt, (one: Issued) => Record<string, Buffer | number>]>([
  ['an OCSP responder out of order', askAt, () => ({ x: 503 })],
  ['a stale OCSP answer', askAt, (one) => ({ x: ocspAnswer(one, anHourAgo) })],
  ['an OCSP answer by a stranger', askAt, (one) => ({ x: ocspAnswer(one, { signer: impostor }) })],
  ['the OCSP answer "unknown"', askAt, (one) => ({ x: ocspAnswer(one, { status: 'unknown' }) })],
  ['a CRL out of reach', listedAt, () => ({ x: 404 })],
  ['a stale CRL', listedAt, (one) => ({ x: crl(one.issuer as Issued, anHourAgo) })],
  ['a CRL by a stranger', listedAt, (one) => ({ x: crl(one.issuer as Issued, { signer: impostor }) })],
])('B13 cannot tell from %s: a fact, or degraded with "hard"', async (_, at, answer) => {
  const { port } = await publishing(answer, at);
  expect(await runTls(check(port))).toMatchObject({
    status: 'up',
    reasons: [],
    facts: { revocation: 'unknown', revocation_unknown: expect.stringContaining("can't be told") },
  });
  expect(await runTls(check(port, { revocation: 'hard' }))).toMatchObject({
    status: 'degraded',
    reasons: ['revocation_unknown'],
  });
});

it('B13 cannot tell where no source is offered, which counts with "hard"', async () => {
  const { port } = await started(serving(leaf()));
  expect((await runTls(check(port))).status).toBe('up');
  expect(await runTls(check(port, { revocation: 'hard' }))).toMatchObject({
    reasons: ['revocation_unknown'],
  });
});

it('B19 records how long the handshake of a large key takes', async () => {
  expect((await look(serving(leaf({ key: 'rsa8192' })))).phases.tls).toBeGreaterThan(0);
});

it('B25 says which version it is', async () => {
  const { message } = await look(serving(leaf(), { minVersion: 'TLSv1', maxVersion: 'TLSv1' }));
  expect(message).toContain('The server speaks TLSv1, the minimum is TLSv1.2.');
  expect((await look(oldServer({ version: 0x0300, suite: 0x002f }))).message).toBe(
    'The server speaks SSL 3.0.',
  );
  expect((await look(ssl2Server())).message).toBe('The server speaks SSL 2.0.');
});

it('B27 records suite and group, whatever they are', async () => {
  const { facts } = await look(serving(rsaLeaf(), { ...TLS12, ciphers: 'ECDHE-RSA-AES128-SHA' }));
  expect(facts).toMatchObject({ cipher: 'TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA', keyExchange: 'X25519' });
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

it('B38 tells HTTP/2 as a fact', async () => {
  expect((await look(serving(leaf(), { ALPNProtocols: ['h2'] }))).facts.alpn).toBe('h2');
});

it('B39 sees on the very next look that the certificate was swapped for an expired one', async () => {
  const { cert, key } = leaf();
  const server = createServer({ cert, key, ticketKeys: Buffer.alloc(48, 7) });
  const { port } = await started(listening(server));
  const net = loopbackNet();
  expect((await runTls(check(port), net)).status).toBe('up');
  const old = leaf(past);
  server.setSecureContext({ cert: old.cert, key: old.key, ticketKeys: Buffer.alloc(48, 7) });
  expect((await runTls(check(port), net)).reasons).toEqual(['cert_expired']);
});

it('B40 clears a warning on the very next look after a renewal', async () => {
  const { cert, key } = leaf({ to: Date.now() + 5 * DAY });
  const server = createServer({ cert, key });
  const { port } = await started(listening(server));
  expect((await runTls(check(port))).status).toBe('degraded');
  const renewed = leaf();
  server.setSecureContext({ cert: renewed.cert, key: renewed.key });
  expect((await runTls(check(port))).status).toBe('up');
});

describe('B41 looks at every address of a name', () => {
  async function atBoth(first: Issued, second: Issued | undefined) {
    const dns = await started(
      startDnsServer({
        [`A ${HOST}`]: { answers: [a(HOST, '127.0.0.1'), a(HOST, '127.0.0.2')] },
        [`AAAA ${HOST}`]: {},
      }),
    );
    const one = await started(serving(first));
    if (second)
      await started(listening(createServer({ cert: second.cert, key: second.key }), '127.0.0.2', one.port));
    return runTls(
      tlsCheck({ host: HOST, port: one.port, ca: lab.ca }),
      loopbackNet(systemClock, [dns.address]),
    );
  }

  it('B41 the worst of all decides, and is told by its address', async () => {
    const finding = await atBoth(leaf(), leaf({ to: Date.now() + DAY }));
    expect(finding).toMatchObject({
      status: 'down',
      reasons: ['cert_expires_soon'],
      facts: { address: '127.0.0.2', addresses: { '127.0.0.1': 'ok', '127.0.0.2': 'cert_expires_soon' } },
    });
    expect(finding.message).toMatch(/^127\.0\.0\.2: The certificate/);
  });

  it('B41 says once what is wrong everywhere', async () => {
    const one = leaf(past);
    expect((await atBoth(one, one)).message).toMatch(
      /^The certificate of "api.acme.test" has expired at [^ ]+$/,
    );
  });

  it('B41 an address where nobody answers is a fact while another one does', async () => {
    expect(await atBoth(leaf(), undefined)).toMatchObject({
      status: 'up',
      facts: { addresses: { '127.0.0.1': 'ok', '127.0.0.2': 'connect_refused' } },
    });
  });
});

it('B42 says all three in words', async () => {
  const { message } = await look(serving(selfSigned({ names: ['www.acme.test'], ...past })));
  for (const words of ['signed by itself', 'not for api.acme.test', 'has expired'])
    expect(message).toContain(words);
});

it.each([
  ['a script', '<script>alert(1)</script>', '<script>alert(1)</script>'],
  ['a NUL', 'a\0b', 'a\ufffdb'],
  ['right-to-left marks', '\u202egnp.exe', '\ufffdgnp.exe'],
  ['a line break', 'a\r\nset-cookie: x', 'a\ufffd\ufffdset-cookie: x'],
  ['10 KB', 'x'.repeat(10_000), `${'x'.repeat(99)}…`],
])('B45 shows a subject with %s as one safe, short line; pages escape it', async (_, name, shown) => {
  const { message, facts } = await look(serving(leaf({ name, names: [HOST], ...past })));
  expect(facts.subject).toBe(shown);
  expect(message).toContain(`"${shown}"`);
});
