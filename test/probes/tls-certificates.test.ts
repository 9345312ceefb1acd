import { expect, it } from 'vitest';
import { octets, oid, seq } from '../kit/asn1.ts';
import { CLIENT_AUTH, extension, makeAuthority, selfSigned } from '../kit/ca.ts';
import { VirtualClock } from '../kit/clock.ts';
import { loopbackNet, runTls } from '../kit/tls.ts';
import { below, type Case, check, DAY, HOST, lab, past, tlsCases, UP } from '../kit/tls-cases.ts';
import { alone, manyNames, serving, TLS12 } from '../kit/tls-lab.ts';

/* The certificates of a server, and what makes them unfit: B01–B10, B15–B24 in the catalogue of faults. */

const { root, leaf, rsaLeaf, strangersLeaf } = lab;
const oldRoot = makeAuthority({ key: 'rsa2048', digest: 'sha1' });
const trusting = { ca: oldRoot.pem };

const { started, look } = tlsCases([
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
  ['B17 a SHA-1 root, which says nothing', () => serving(oldRoot.issue({ names: [HOST] })), ...UP, trusting],
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
  ['B21 1,000 names', () => serving(leaf({ names: [HOST, ...manyNames(1000)] })), ...UP],
  [
    'B21 10,000 names',
    () => serving(leaf({ names: [HOST, ...manyNames(10_000)] })),
    'down',
    ['cert_too_large'],
  ],
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
    'B42 three faults at once',
    () => serving(selfSigned({ names: ['www.acme.test'], ...past })),
    'down',
    ['self_signed', 'host_mismatch', 'cert_expired'],
  ],
]);

const policies = (id: string) => extension('2.5.29.32', seq(seq(oid(id))));

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
  const { message } = await look(serving(leaf({ names: manyNames(12) })));
  expect(message).toContain('host-9.acme.test and 2 more.');
  expect(message).not.toContain('host-10');
});

it('B09 names the stranger', async () => {
  expect((await look(serving(strangersLeaf('Superfish, Inc.')))).message).toBe(
    'The issuer "Superfish, Inc." is not trusted.',
  );
});

it('B19 records how long the handshake of a large key takes', async () => {
  expect((await look(serving(leaf({ key: 'rsa8192' })))).phases.tls).toBeGreaterThan(0);
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
