import { connect, createServer as createTcpServer, type Socket } from 'node:net';
import { createServer, type TlsOptions } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../lib/adapters/local/clock.ts';
import { Fault } from '../../lib/net/net.ts';
import { handshake, type Secured, type TlsOptions as Wishes } from '../../lib/net/tls.ts';
import type { Clock } from '../../lib/ports.ts';
import { closesAtEnd } from '../kit/at-end.ts';
import { type Issued, makeAuthority } from '../kit/ca.ts';
import { VirtualClock } from '../kit/clock.ts';
import { listen, saysNothing, until } from '../kit/sockets.ts';
import { loopbackNet } from '../kit/tls.ts';
import { listening, tlsServer } from '../kit/tls-server.ts';

const root = makeAuthority();
const intermediate = root.intermediate();
const sound = intermediate.issue({ names: ['api.acme.test', '127.0.0.1'] });
const serving = ({ cert, key }: Issued): TlsOptions => ({ cert, key });

const started = closesAtEnd();

function shake(
  port: number,
  wishes: Wishes & { host?: string } = {},
  clock: Clock = systemClock,
): Promise<Secured> {
  const { host = 'api.acme.test', ...options } = wishes;
  const target = { host, port, connectTo: { host: '127.0.0.1', port } };
  const limits = { deadline: clock.monotonic() + 10_000, signal: new AbortController().signal };
  const secured = handshake(loopbackNet(clock), target, { ca: root.pem, ...options }, limits);
  return secured.finally(() =>
    secured.then(
      ({ socket }) => socket.destroy(),
      () => {},
    ),
  );
}

async function faultOf(attempt: Promise<Secured>): Promise<Fault> {
  const error = await attempt.catch((error: unknown) => error);
  if (!(error instanceof Fault)) throw new Error('no fault', { cause: error });
  return error;
}

/** A server that answers the first bytes it gets with these, and says no more. */
const answering = (bytes: Buffer | string) =>
  started(listening(createTcpServer((socket) => socket.once('data', () => socket.write(bytes)))));

const alert = (code: number) => Buffer.from([0x15, 3, 3, 0, 2, 2, code]);

describe('tells what was agreed on', () => {
  it.each([
    ['TLSv1.2', 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256', 'X25519'],
    ['TLSv1.3', 'TLS_AES_256_GCM_SHA384', 'X25519'],
  ] as const)('%s', async (protocol, cipher, keyExchange) => {
    const { port } = await started(
      tlsServer({ ...serving(sound), maxVersion: protocol, ALPNProtocols: ['http/1.1'] }),
    );
    const { issues, facts, phases, served, staple } = await shake(port, { alpn: ['h2', 'http/1.1'] });
    expect(issues).toEqual([]);
    expect(facts).toMatchObject({
      protocol,
      cipher,
      keyExchange,
      alpn: 'http/1.1',
      subject: 'api.acme.test',
    });
    expect(Object.keys(phases)).toEqual(['connect', 'tls']);
    expect(served).toEqual([sound.der, intermediate.der]);
    expect(staple).toBeUndefined();
  });

  it('a Diffie-Hellman group with its size', async () => {
    const leaf = root.issue({ names: ['api.acme.test'], key: 'rsa2048' });
    const ciphers = 'DHE-RSA-AES128-GCM-SHA256';
    const { port } = await started(
      tlsServer({ ...serving(leaf), maxVersion: 'TLSv1.2', ciphers, dhparam: 'auto' }),
    );
    expect((await shake(port)).facts.keyExchange).toBe('DH 2048');
  });
});

describe('offers no key share of a hybrid group unless it is the only one that will do', () => {
  /** What goes out on each connection, with what each of the server's answers is waited for. */
  async function saidTo(options: TlsOptions): Promise<{ flights: number[][]; keyExchange: unknown }> {
    const server = await started(tlsServer({ ...serving(sound), ...options }));
    const flights: number[][] = [];
    const between = createTcpServer((client) => {
      const sizes: number[] = [];
      flights.push(sizes);
      const upstream = connect({ port: server.port, host: '127.0.0.1' });
      client.on('data', (bytes) => upstream.write(bytes) && sizes.push(bytes.length));
      upstream.pipe(client);
      for (const socket of [client, upstream]) socket.on('error', () => client.destroy());
      client.on('close', () => upstream.destroy());
    });
    const { facts, issues } = await shake((await started(listening(between))).port);
    expect(issues).toEqual([]);
    return { flights, keyExchange: facts.keyExchange };
  }

  it('its hello is one small packet, which a server that prefers hybrid groups takes as it is', async () => {
    const { flights, keyExchange } = await saidTo({});
    expect(keyExchange).toBe('X25519');
    expect(flights).toHaveLength(1);
    expect(flights[0]?.[0]).toBeLessThan(500);
    // no second hello: what follows is the end of the handshake
    expect(flights[0]?.slice(1).every((size) => size < 100)).toBe(true);
  });

  it.each(['X25519MLKEM768', 'SecP256r1MLKEM768', 'SecP384r1MLKEM1024'])(
    'a server that takes %s only gets that, on a connection of its own',
    async (ecdhCurve) => {
      const { flights, keyExchange } = await saidTo({ ecdhCurve });
      expect(keyExchange).toBe(ecdhCurve);
      expect(flights).toHaveLength(2);
      expect(flights[0]?.[0]).toBeLessThan(500);
      expect(flights[1]?.[0]).toBeGreaterThan(1_216);
    },
  );

  it.each([
    ['P-256', 'prime256v1'],
    ['P-384', 'secp384r1'],
    ['P-521', 'secp521r1'],
    ['X448', 'X448'],
    ['ffdhe2048', 'DH 2048'],
  ])('a server that takes %s only asks for it, and gets it', async (ecdhCurve, keyExchange) => {
    const { flights, ...seen } = await saidTo({ ecdhCurve });
    expect(seen.keyExchange).toBe(keyExchange);
    expect(flights).toHaveLength(1);
  });

  it.each(['P-256', 'P-384', 'P-521'])('a server of TLS 1.2 that takes %s only', async (ecdhCurve) => {
    const { flights } = await saidTo({ ecdhCurve, maxVersion: 'TLSv1.2' });
    expect(flights).toHaveLength(1);
  });
});

it('asks for the name, but never for an address', async () => {
  const asked: unknown[] = [];
  const { port } = await started(tlsServer(serving(sound), ({ servername }) => asked.push(servername)));
  expect((await shake(port, { settle: true })).issues).toEqual([]);
  expect((await shake(port, { settle: true, host: '127.0.0.1' })).issues).toEqual([]);
  expect(
    (await shake(port, { settle: true, host: '127.0.0.1', servername: 'api.acme.test' })).issues,
  ).toEqual([]);
  expect(asked).toEqual(['api.acme.test', false, 'api.acme.test']);
});

it('resumes no session: a certificate that expires between two looks is seen at once', async () => {
  const server = createServer({ ...serving(sound), ticketKeys: Buffer.alloc(48, 1) });
  const resumed: boolean[] = [];
  server.on('secureConnection', (socket) => {
    resumed.push(socket.isSessionReused());
    socket.on('error', () => {});
  });
  const { port } = await started(listening(server));
  for (let i = 0; i < 3; i++) expect((await shake(port, { settle: true })).issues).toEqual([]);
  const hour = 3_600_000;
  const old = intermediate.issue({
    names: ['api.acme.test'],
    from: Date.now() - 2 * hour,
    to: Date.now() - hour,
  });
  server.setSecureContext(serving(old));
  expect((await shake(port, { settle: true })).issues).toMatchObject([{ reason: 'cert_expired' }]);
  server.setSecureContext(serving(sound));
  expect((await shake(port, { settle: true })).issues).toEqual([]);
  expect(resumed).toEqual([false, false, false, false, false]);
});

describe('says why there is no connection', () => {
  it.each<[string, Buffer | string, string]>([
    ['speaks HTTP', 'HTTP/1.1 400 Bad Request\r\n\r\n', 'not_tls'],
    ['speaks SMTP', '220 mail.acme.test ESMTP\r\n', 'not_tls'],
    ['speaks SSH', 'SSH-2.0-OpenSSH_9.2\r\n', 'not_tls'],
    ['sends an alert: unrecognized_name', alert(112), 'sni_rejected'],
    ['sends an alert: handshake_failure', alert(40), 'no_shared_cipher'],
    ['sends an alert: insufficient_security', alert(71), 'no_shared_cipher'],
    ['sends an alert: protocol_version', alert(70), 'protocol_too_old'],
    ['sends an alert: certificate_required', alert(116), 'client_cert_required'],
    ['sends an alert: unknown_ca', alert(48), 'client_cert_rejected'],
    ['sends an alert: certificate_expired', alert(45), 'client_cert_expired'],
    ['sends an alert: no_application_protocol', alert(120), 'http2_unsupported'],
    ['sends an alert: internal_error', alert(80), 'tls_protocol_error'],
    ['sends a broken record', Buffer.from([0x16, 3, 3, 0, 4, 9, 9, 9, 9]), 'tls_protocol_error'],
  ])('the server %s', async (_, bytes, reason) => {
    const { port } = await answering(bytes);
    const fault = await faultOf(shake(port));
    expect(fault.reason).toBe(reason);
    expect(Object.keys(fault.phases)).toEqual(['connect', 'tls']);
  });

  it.each<[string, (socket: Socket) => void, string]>([
    ['closes the connection', (socket) => socket.end(), 'tls_closed'],
    ['resets the connection', (socket) => socket.resetAndDestroy(), 'tls_reset'],
  ])('the server %s in the handshake', async (_, end, reason) => {
    const server = createTcpServer((socket) => socket.once('data', () => end(socket)));
    const { port } = await started(listening(server));
    expect((await faultOf(shake(port))).reason).toBe(reason);
  });

  it('the server accepts and never speaks', async () => {
    const clock = new VirtualClock();
    const server = await started(listen(saysNothing));
    const attempt = faultOf(shake(server.port, {}, clock));
    await server.accepted();
    await until(() => clock.pending === 1);
    await clock.advance(10_000);
    expect((await attempt).reason).toBe('tls_timeout');
    expect(clock.pending).toBe(0);
  });

  it.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'the server demands a client certificate under %s',
    async (maxVersion) => {
      const demanding = { ...serving(sound), maxVersion, requestCert: true, rejectUnauthorized: true };
      const { port } = await started(tlsServer(demanding));
      expect((await faultOf(shake(port, { settle: true }))).reason).toBe('client_cert_required');
    },
  );

  it('the certificate is larger than Node reads', async () => {
    const names = ['api.acme.test', ...Array.from({ length: 10_000 }, (_, i) => `host-${i}.acme.test`)];
    const { port } = await started(tlsServer(serving(intermediate.issue({ names }))));
    expect((await faultOf(shake(port))).reason).toBe('cert_too_large');
  });
});

describe('looks again at a server that refuses the usual offer', () => {
  const rsa = root.issue({ names: ['api.acme.test'], key: 'rsa2048' });

  it.each<[string, Issued, TlsOptions, string[]]>([
    [
      'an old version',
      sound,
      { minVersion: 'TLSv1', maxVersion: 'TLSv1' },
      ['protocol_too_old', 'weak_cipher'],
    ],
    [
      'a less old version',
      sound,
      { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1' },
      ['protocol_too_old', 'weak_cipher'],
    ],
    ['no encryption', sound, { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-NULL-SHA' }, ['weak_cipher']],
    ['no authentication', sound, { maxVersion: 'TLSv1.2', ciphers: 'aNULL' }, ['weak_cipher']],
    ['a broken key', root.issue({ names: ['api.acme.test'], key: 'rsa512' }), {}, ['weak_key']],
    [
      'a small group',
      rsa,
      { maxVersion: 'TLSv1.2', ciphers: 'DHE-RSA-AES128-GCM-SHA256', dhparam: smallGroup() },
      ['weak_dh'],
    ],
  ])('%s', async (_, leaf, options, wanted) => {
    const ciphers = `${options.ciphers ?? 'DEFAULT'}:@SECLEVEL=0`;
    const { port, accepted } = await started(tlsServer({ ...options, ...serving(leaf), ciphers }));
    const { issues } = await shake(port);
    expect(issues.map(({ reason }) => reason)).toEqual(wanted);
    expect(accepted()).toBeLessThanOrEqual(3);
  });

  it('a server of neither web protocol is fine without one', async () => {
    const { port } = await started(tlsServer({ ...serving(sound), ALPNProtocols: ['mqtt'] }));
    expect((await shake(port, { alpn: ['h2', 'http/1.1'] })).issues).toEqual([]);
    expect((await faultOf(shake(port, { alpn: ['http/1.1'] }))).reason).toBe('http2_unsupported');
  });
});

it('holds a server to the wanted version', async () => {
  const { port } = await started(tlsServer({ ...serving(sound), maxVersion: 'TLSv1.2' }));
  const { issues } = await shake(port, { minVersion: 'TLSv1.3' });
  expect(issues).toEqual([
    { reason: 'protocol_too_old', message: 'The server speaks TLSv1.2, the minimum is TLSv1.3.' },
  ]);
});

it.each<[string, string, TlsOptions, unknown[]]>([
  ['CBC', 'ECDHE-RSA-AES128-SHA', {}, [{ reason: 'weak_cipher', status: 'degraded' }]],
  ['a static key exchange', 'AES128-GCM-SHA256', {}, [{ reason: 'no_forward_secrecy' }]],
  [
    'both',
    'AES128-SHA',
    {},
    [{ reason: 'weak_cipher', status: 'degraded' }, { reason: 'no_forward_secrecy' }],
  ],
  ['ChaCha20', 'ECDHE-RSA-CHACHA20-POLY1305', {}, []],
  ['a large group', 'DHE-RSA-AES256-GCM-SHA384', { dhparam: 'auto' }, []],
])('grades the cipher suite: %s', async (_, ciphers, options, wanted) => {
  const leaf = root.issue({ names: ['api.acme.test'], key: 'rsa2048' });
  const { port } = await started(tlsServer({ ...serving(leaf), maxVersion: 'TLSv1.2', ciphers, ...options }));
  expect((await shake(port)).issues).toMatchObject(wanted);
});

it('waits no longer than a few round trips for a server that says nothing after the handshake', async () => {
  const clock = new VirtualClock(Date.now());
  let secured = 0;
  const { port } = await started(tlsServer(serving(sound), () => secured++));
  const mute = createTcpServer((client) => {
    const server = connect({ port, host: '127.0.0.1' }).on('error', () => client.destroy());
    let flights = 0;
    client.on('data', (bytes) => server.write(bytes) && flights++);
    server.on('data', (bytes) => flights < 2 && client.write(bytes));
  });
  const attempt = shake((await started(listening(mute))).port, { settle: true }, clock);
  // the deadline, and the end of the wait
  await until(() => secured === 1 && clock.pending === 2);
  await clock.advance(99);
  expect(clock.pending).toBe(2);
  await clock.advance(1);
  expect((await attempt).issues).toEqual([]);
  expect(clock.pending).toBe(0);
});

function smallGroup(): string {
  // 1024 bits: the second Oakley group, RFC 2409, 6.2
  return [
    '-----BEGIN DH PARAMETERS-----',
    'MIGHAoGBAP//////////yQ/aoiFowjTExmKLgNwc0SkCTgiKZ8x0Agu+pjsTmyJR',
    'Sgh5jjQE3e+VGbPNOkMbMCsKbfJfFDdP4TVtbVHCReSFtXZiXn7G9ExC6aY37WsL',
    '/1y29Aa37e44a/taiZ+lrp8kEXxLH+ZJKGZR7OZTgf//////////AgEC',
    '-----END DH PARAMETERS-----',
  ].join('\n');
}
