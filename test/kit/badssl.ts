import { createServer as createHttpServer } from 'node:http';
import type { TlsOptions } from 'node:tls';
import type { Status } from '../../lib/reading.ts';
import type { Reason } from '../../lib/reasons.ts';
import { octets, oid, seq } from './asn1.ts';
import { extension, type Issued, selfSigned } from './ca.ts';
import { oldServer, ssl2Server } from './hello-server.ts';
import { ocspAnswer } from './revocation.ts';
import {
  alone,
  compositeModulus,
  MOZILLA_INTERMEDIATE,
  makeLab,
  manyNames,
  page,
  sending,
  serving,
  servingGroup,
  servingTinyGroup,
  stapling,
  TLS12,
  unsafePrime,
} from './tls-lab.ts';
import { type Listening, listening } from './tls-server.ts';

/** One of badssl.com's hosts, a server of its kind, and what a tls check must find there. */
export interface Badssl {
  readonly group: string;
  readonly host: string;
  readonly server: () => Promise<Listening>;
  readonly status: Status;
  readonly reasons: readonly Reason[];
  readonly note: string;
}

export const DOMAIN = 'badssl.test';
export const lab = makeLab([DOMAIN, `*.${DOMAIN}`]);
const { root, intermediate, leaf, rsaLeaf, strangersLeaf } = lab;
const names = [DOMAIN, `*.${DOMAIN}`];

const DAY = 86_400_000;
const past = { from: Date.now() - 9 * DAY, to: Date.now() - DAY };
const demanding: TlsOptions = { requestCert: true, rejectUnauthorized: true };
const SCTS = '1.3.6.1.4.1.11129.2.4.2';

const from =
  (one: () => Issued, options: TlsOptions = {}) =>
  () =>
    serving(one(), options);
const suites = (ciphers: string) => from(rsaLeaf, { ...TLS12, ciphers });
const only = (version: 'TLSv1' | 'TLSv1.1' | 'TLSv1.2') =>
  from(leaf, { minVersion: version, maxVersion: version });
const below = (spec: Parameters<typeof root.intermediate>[0]) => () =>
  root.intermediate(spec).issue({ names });
const stranger = (name: string) => from(() => strangersLeaf(name));
const plain = () => listening(createHttpServer());
const site =
  (headers: Record<string, string> = {}, body = '') =>
  () =>
    page(leaf(), headers, body);
const old = (version: number, suite: number) => () => oldServer({ version, suite });
const revoked = () => {
  const one = leaf();
  return stapling(one, ocspAnswer(one, { status: 'revoked' }));
};

type Row = readonly [
  host: string,
  server: () => Promise<Listening>,
  status: Status,
  reasons: readonly Reason[],
  note?: string,
];

const CT = 'Certificate Transparency is a fact (`sctsEmbedded`), never a fault.';
const UI = 'A matter of browsers.';
const CONTENT = 'Page content, not TLS.';
const HSTS = 'An http check notes what the header says (fact `hsts`).';
const PLAIN = 'It speaks plain HTTP.';
const NAMED = 'The message names the issuer.';

const named = (host: string): Row => [host, stranger(host), 'down', ['untrusted_issuer'], NAMED];
const sound = (host: string, server = from(leaf), note = ''): Row => [host, server, 'up', [], note];
const http = (host: string): Row => [host, plain, 'down', ['not_tls'], PLAIN];

const GROUPS: Readonly<Record<string, readonly Row[]>> = {
  cert: [
    ['md5', from(() => rsaLeaf({ digest: 'md5' })), 'down', ['weak_signature']],
    ['no-san', from(() => leaf({ name: `no-san.${DOMAIN}`, names: [] })), 'down', ['no_san']],
    ['rsa1024', from(() => leaf({ key: 'rsa1024' })), 'degraded', ['weak_key']],
    sound(
      'rsa3072',
      from(() => leaf({ key: 'rsa3072' })),
    ),
    ['rsa512', from(() => leaf({ key: 'rsa512' })), 'down', ['weak_key']],
    sound(
      '1000-sans',
      from(() => leaf({ names: [...names, ...manyNames(1_000)] })),
    ),
    [
      '10000-sans',
      from(() => leaf({ names: [...names, ...manyNames(10_000)] })),
      'down',
      ['cert_too_large'],
      'Node reads certificates of up to 100 KiB.',
    ],
    named('blocked-interception'),
    [
      'captive-portal',
      from(() => strangersLeaf('captive-portal', { names: ['portal.test'] })),
      'down',
      ['untrusted_issuer', 'host_mismatch'],
    ],
    sound('ecc256'),
    sound(
      'ecc384',
      from(() => leaf({ key: 'ec384' })),
    ),
    ['expired', from(() => leaf(past)), 'down', ['cert_expired']],
    sound(
      'extended-validation',
      from(() => leaf({ extensions: [extension('2.5.29.32', seq(seq(oid('2.23.140.1.1'))))] })),
    ),
    ['incomplete-chain', from(() => alone(leaf())), 'down', ['chain_incomplete']],
    sound(
      'invalid-expected-sct',
      from(() => leaf({ extensions: [extension(SCTS, octets(Buffer.from('x')))] })),
      CT,
    ),
    named('known-interception'),
    sound(
      'no-common-name',
      from(() => leaf({ name: '' })),
    ),
    sound('no-sct', from(leaf), CT),
    sound(
      'no-subject',
      from(() => leaf({ name: '' })),
    ),
    sound('pinning-test', from(leaf), 'With another key pinned (`pin`): down, `pin_mismatch`.'),
    sound('preloaded-expect-ct', from(leaf), CT),
    ['reversed-chain', from(() => sending(leaf(), root, intermediate)), 'degraded', ['chain_order']],
    ['revoked', revoked, 'down', ['revoked']],
    sound(
      'rsa2048',
      from(() => rsaLeaf()),
    ),
    sound(
      'rsa4096',
      from(() => leaf({ key: 'rsa4096' })),
    ),
    sound(
      'rsa8192',
      from(() => leaf({ key: 'rsa8192' })),
      'Slow to shake hands with; the phase `tls` tells.',
    ),
    ['self-signed', from(() => selfSigned({ names })), 'down', ['self_signed']],
    [
      'sha1-2016',
      from(() => rsaLeaf({ digest: 'sha1', ...past })),
      'down',
      ['weak_signature', 'cert_expired'],
      'All faults are listed.',
    ],
    ['sha1-2017', from(() => rsaLeaf({ digest: 'sha1' })), 'down', ['weak_signature']],
    ['sha1-intermediate', from(below({ digest: 'sha1' })), 'down', ['weak_signature']],
    ['sha1', from(() => rsaLeaf({ digest: 'sha1' })), 'down', ['weak_signature']],
    sound('sha256'),
    sound(
      'sha384',
      from(() => leaf({ digest: 'sha384' })),
    ),
    sound(
      'sha512',
      from(() => leaf({ digest: 'sha512' })),
    ),
    sound('spoof', from(leaf), UI),
    named('untrusted-root'),
    ['wrong.host', from(leaf), 'down', ['host_mismatch'], 'A wildcard stands for one label.'],
    sound('xn--n1aae7f7o'),
  ],
  'cipher-suite': [
    ['3des', old(0x0303, 0x000a), 'down', ['weak_cipher']],
    ['cbc', suites('ECDHE-RSA-AES128-SHA'), 'degraded', ['weak_cipher']],
    sound('mozilla-intermediate', from(rsaLeaf, { minVersion: 'TLSv1.2', ciphers: MOZILLA_INTERMEDIATE })),
    sound('mozilla-modern', from(leaf, { minVersion: 'TLSv1.3' })),
    sound(
      'mozilla-old',
      from(rsaLeaf, { ...TLS12, minVersion: 'TLSv1', ciphers: `${MOZILLA_INTERMEDIATE}:AES128-SHA` }),
      'A modern suite is agreed on.',
    ),
    ['null', suites('NULL-SHA256'), 'down', ['weak_cipher', 'no_forward_secrecy']],
    ['rc4-md5', old(0x0303, 0x0004), 'down', ['weak_cipher']],
    ['rc4', old(0x0303, 0x0005), 'down', ['weak_cipher']],
  ],
  client: [
    [
      'client-cert-missing',
      from(leaf, demanding),
      'down',
      ['client_cert_required'],
      'Where the server asks for it only in HTTP (status 400): what an http check finds.',
    ],
    ['client', from(leaf, { ...demanding, ...TLS12 }), 'down', ['client_cert_required']],
  ],
  http: [
    http('http-credit-card'),
    http('http-dynamic-login'),
    http('http-login'),
    http('http-password'),
    http('http-textarea'),
    http('http'),
  ],
  'key-exchange': [
    ['dh-composite', () => servingGroup(rsaLeaf(), compositeModulus()), 'down', ['weak_dh']],
    ['dh-small-subgroup', () => servingGroup(rsaLeaf(), unsafePrime(2048)), 'down', ['weak_dh']],
    ['dh1024', () => servingGroup(rsaLeaf(), unsafePrime(1024)), 'down', ['weak_dh']],
    sound('dh2048', from(rsaLeaf, { ...TLS12, ciphers: 'DHE-RSA-AES128-GCM-SHA256', dhparam: 'auto' })),
    ['dh480', () => servingTinyGroup(rsaLeaf(), 480), 'down', ['weak_dh']],
    ['dh512', () => servingTinyGroup(rsaLeaf(), 512), 'down', ['weak_dh']],
    ['static-rsa', suites('AES128-GCM-SHA256'), 'degraded', ['no_forward_secrecy']],
  ],
  'known-bad': [
    'dsdtestprovider',
    'edellroot',
    'mitm-software',
    'preact-cli',
    'superfish',
    'webpack-dev-server',
  ].map(named),
  misc: [sound('badssl.com'), sound('www')],
  mixed: [
    sound('mixed-favicon', site(), CONTENT),
    sound('mixed-form', site(), CONTENT),
    sound('mixed-script', site(), CONTENT),
    sound('mixed', site(), CONTENT),
    sound('very', site(), CONTENT),
  ],
  protocol: [
    ['ssl-v2', ssl2Server, 'down', ['protocol_too_old']],
    ['ssl-v3', old(0x0300, 0x002f), 'down', ['protocol_too_old']],
    ['tls-v1-0', only('TLSv1'), 'down', ['protocol_too_old', 'weak_cipher']],
    ['tls-v1-1', only('TLSv1.1'), 'down', ['protocol_too_old', 'weak_cipher']],
    sound('tls-v1-2', only('TLSv1.2')),
  ],
  ui: [
    sound(
      'lock-title',
      from(() => leaf({ name: '🔒 Secure' })),
      UI,
    ),
    sound('long-extended-subdomain-name-containing-many-letters-and-dashes', from(leaf), UI),
    sound('longextendedsubdomainnamewithoutdashesinordertotestwordwrapping', from(leaf), UI),
    sound('spoofed-favicon', from(leaf), UI),
  ],
  upgrade: [
    sound('hsts', site({ 'strict-transport-security': 'max-age=15768000' }), HSTS),
    sound('https-everywhere'),
    sound('preloaded-hsts', site({ 'strict-transport-security': 'max-age=15768000; preload' }), HSTS),
    ['subdomain.preloaded-hsts', from(leaf), 'down', ['host_mismatch'], 'A wildcard stands for one label.'],
    sound('upgrade'),
  ],
};

/** Every host configuration in the repository of badssl.com. */
export const BADSSL: readonly Badssl[] = Object.entries(GROUPS).flatMap(([group, rows]) =>
  rows.map(([host, server, status, reasons, note = '']) => ({ group, host, server, status, reasons, note })),
);
