import { expect, it } from 'vitest';
import { oldServer, ssl2Server } from '../kit/hello-server.ts';
import { type Case, lab, tlsCases, UP } from '../kit/tls-cases.ts';
import {
  compositeModulus,
  MOZILLA_INTERMEDIATE,
  serving,
  servingGroup,
  servingTinyGroup,
  TLS12,
  unsafePrime,
} from '../kit/tls-lab.ts';

/* What is agreed on, versions, suites and groups: B25–B28 in the catalogue of faults. */

const { leaf, rsaLeaf } = lab;

const { look } = tlsCases([
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
  ...['X25519MLKEM768', 'P-256', 'P-384', 'P-521'].map(
    (ecdhCurve): Case => [
      `B27 no other group than ${ecdhCurve}`,
      () => serving(leaf(), { minVersion: 'TLSv1.3', ecdhCurve }),
      ...UP,
    ],
  ),
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
      () => servingTinyGroup(rsaLeaf(), bits),
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
]);

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
