import { expect, it } from 'vitest';
import { parseCertificate } from '../../lib/net/certificate.ts';
import { boolean, octets } from '../kit/asn1.ts';
import { type CertificateSpec, CLIENT_AUTH, extension, type Issued, makeAuthority } from '../kit/ca.ts';
import { issue, reasons, root, validity } from '../kit/judged-chain.ts';

/* Every certificate of a path is held to the rules: RFC 5280, and what browsers ask besides. */

const rsa = makeAuthority({ ...validity, key: 'rsa2048' });
const through = (spec: CertificateSpec) =>
  root.intermediate({ ...validity, ...spec }).issue({ ...validity, names: ['api.acme.test'] });
const signed = (spec: CertificateSpec) => rsa.issue({ ...validity, names: ['api.acme.test'], ...spec });

it.each<[string, () => Issued, string[]]>([
  ['SHA-1', () => signed({ digest: 'sha1' }), ['weak_signature']],
  ['MD5', () => signed({ digest: 'md5' }), ['weak_signature']],
  ['ECDSA with SHA-1', () => issue({ digest: 'sha1' }), ['weak_signature']],
  ['SHA-1 above the leaf', () => through({ digest: 'sha1' }), ['weak_signature']],
  ['SHA-384', () => issue({ digest: 'sha384' }), []],
  ['SHA-512', () => issue({ digest: 'sha512' }), []],
  ['RSA of 512 bits', () => issue({ key: 'rsa512' }), ['weak_key: down']],
  ['RSA of 1024 bits', () => issue({ key: 'rsa1024' }), ['weak_key: degraded']],
  ['RSA of 2048 bits', () => issue({ key: 'rsa2048' }), []],
  ['P-384', () => issue({ key: 'ec384' }), []],
  ['Ed25519', () => issue({ key: 'ed25519' }), []],
  ['RSA of 1024 bits above the leaf', () => through({ key: 'rsa1024' }), ['weak_key: degraded']],
  ['for clients only', () => issue({ purposes: [CLIENT_AUTH] }), ['wrong_purpose']],
  ['for any purpose', () => issue({ purposes: ['2.5.29.37.0'] }), []],
  ['without purposes', () => issue({ purposes: [] }), []],
  ['an authority for clients only', () => through({ purposes: [CLIENT_AUTH] }), ['wrong_purpose']],
  ['signed by a leaf', () => through({ ca: false }), ['invalid_ca']],
  ['an allowed path length', () => through({ pathLength: 0 }), []],
  [
    'an unknown critical extension',
    () => issue({ extensions: [strange(true)] }),
    ['unknown_critical_extension'],
  ],
  ['an unknown extension', () => issue({ extensions: [strange(false)] }), []],
  ['a name that its authority may sign for', () => through({ permitted: ['acme.test'] }), []],
  [
    'a name that its authority may not sign for',
    () => through({ permitted: ['cme.test'] }),
    ['name_constraint'],
  ],
])('%s', (_, leaf, wanted) => {
  expect(reasons(leaf(), { ca: root.pem + rsa.pem })).toEqual(wanted);
});

const strange = (critical: boolean) => extension('1.3.6.1.4.1.99999.1', octets(boolean(true)), critical);

it('counts the authorities below one that limits them', () => {
  const strict = root.intermediate({ ...validity, pathLength: 0 });
  const leaf = strict
    .intermediate({ ...validity, name: 'one too many' })
    .issue({ ...validity, names: ['api.acme.test'] });
  expect(reasons(leaf)).toEqual(['path_length_exceeded']);
});

it('honours constraints on addresses', () => {
  const net = root.intermediate({ ...validity, permitted: ['192.0.2.0/24'] });
  const leaf = (name: string) => net.issue({ ...validity, names: [name] });
  expect(reasons(leaf('192.0.2.77'), { host: '192.0.2.77' })).toEqual([]);
  expect(reasons(leaf('192.0.3.1'), { host: '192.0.3.1' })).toEqual(['name_constraint']);
});

it('wants one of the pinned keys in the chain', () => {
  const leaf = issue();
  const pinOf = ({ der }: Issued) => parseCertificate(der).pin;
  expect(reasons(leaf, { pins: [pinOf(leaf)] })).toEqual([]);
  expect(reasons(leaf, { pins: [pinOf(issue()), pinOf(root)] })).toEqual([]);
  expect(reasons(leaf, { pins: [pinOf(issue())] })).toEqual(['pin_mismatch']);
});
