import { X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { parseCertificate } from '../../lib/net/certificate.ts';
import { DerError } from '../../lib/net/der.ts';
import { Fault } from '../../lib/net/net.ts';
import { ascii, seq } from '../kit/asn1.ts';
import { extension, type Issued, makeAuthority, selfSigned } from '../kit/ca.ts';
import {
  DAY,
  intermediate,
  issue,
  judge,
  NOW,
  reasons,
  root,
  SECOND,
  sent,
  validity,
} from '../kit/judged-chain.ts';

it('finds nothing wrong with a sound chain, and says what it is', () => {
  const leaf = issue();
  expect(judge(leaf)).toMatchObject({
    issues: [],
    facts: {
      subject: 'api.acme.test',
      names: ['api.acme.test'],
      issuer: 'Acme intermediate',
      expiresAt: '2026-09-09T12:00:00Z',
      chainExpiresAt: '2026-09-09T12:00:00Z',
      fingerprint: new X509Certificate(leaf.pem).fingerprint256.replaceAll(':', '').toLowerCase(),
      chainLength: 2,
    },
  });
});

describe('judges the time exactly to the second', () => {
  const expires = { warn: 21 * DAY, fail: 3 * DAY };
  const end = NOW + 50 * DAY;
  const leaf = issue({ to: end });
  const below = root.intermediate({ ...validity, to: end }).issue({ ...validity, names: ['api.acme.test'] });

  it.each([
    [-21 * DAY - SECOND, []],
    [-21 * DAY, ['cert_expires_soon: degraded']],
    [-3 * DAY - SECOND, ['cert_expires_soon: degraded']],
    [-3 * DAY, ['cert_expires_soon: down']],
    [-SECOND, ['cert_expires_soon: down']],
    [0, ['cert_expired']],
    [9 * DAY, ['cert_expired']],
  ])('a leaf, %i ms after its end: %j', (after, wanted) => {
    expect(reasons(leaf, { expires }, end + after)).toEqual(wanted);
    const above = wanted.map((reason) => `chain_${reason}`);
    expect(reasons(below, { expires }, end + after)).toEqual(above);
  });

  it.each([
    [-SECOND, ['cert_not_yet_valid']],
    [0, []],
  ])('a leaf, %i ms after its beginning: %j', (after, wanted) => {
    expect(reasons(issue({ from: NOW }), {}, NOW + after)).toEqual(wanted);
  });

  it('without thresholds only what has expired is told', () => {
    expect(reasons(leaf, {}, end - SECOND)).toEqual([]);
    expect(reasons(leaf, {}, end)).toEqual(['cert_expired']);
  });

  it('the first of the chain to expire is a fact, the trusted root included', () => {
    const brief = makeAuthority({ ...validity, to: end });
    const { facts } = judge(brief.issue({ ...validity, names: ['api.acme.test'] }), { ca: brief.pem });
    expect(facts).toMatchObject({
      expiresAt: '2026-09-09T12:00:00Z',
      chainExpiresAt: '2026-07-21T12:00:00Z',
    });
  });

  it('says since when, and which one', () => {
    const [issue] = judge(below, {}, end).issues;
    expect(issue?.message).toBe(
      'The certificate of "Test intermediate" has expired at 2026-07-21T12:00:00Z.',
    );
  });

  it('hints at a wrong clock only when it is a matter of hours', () => {
    const young = issue({ from: NOW });
    expect(judge(young, {}, NOW - DAY + SECOND).issues[0]?.message).toContain('Is a clock wrong');
    expect(judge(young, {}, NOW - DAY).issues[0]?.message).not.toContain('clock');
  });
});

describe('matches the host strictly', () => {
  it.each([
    ['api.acme.test', ['api.acme.test'], true],
    ['api.acme.test', ['API.Acme.TEST'], true],
    ['api.acme.test.', ['api.acme.test'], true],
    ['api.acme.test', ['*.acme.test'], true],
    ['acme.test', ['*.acme.test'], false],
    ['a.b.acme.test', ['*.acme.test'], false],
    ['api.acme.test', ['a*.acme.test'], false],
    ['api.acme.test', ['*pi.acme.test'], false],
    ['api.acme.test', ['api.*.test'], false],
    ['api.acme.test', ['*.*.test'], false],
    ['acme.test', ['*.test'], false],
    ['localhost', ['*'], false],
    ['api.acme.test', ['other.acme.test', 'api.acme.test'], true],
    ['api.acme.test', ['api.acme.test\0.evil.test'], false],
    ['api.acme.test', ['192.0.2.1'], false],
    ['192.0.2.1', ['192.0.2.1'], true],
    ['192.0.2.1', ['192.0.2.2'], false],
    ['192.0.2.1', ['api.acme.test'], false],
    ['2001:db8::1', ['2001:db8:0:0:0:0:0:1'], true],
    ['xn--bcher-kva.test', ['xn--bcher-kva.test'], true],
  ])('%s, certificate for %j: %s', (host, names, fits) => {
    expect(reasons(issue({ names }), { host })).toEqual(fits ? [] : ['host_mismatch']);
  });

  it('doesn’t take an address written as a name', () => {
    const asName = extension(
      '2.5.29.17',
      seq(Buffer.concat([Buffer.from([0x82, 9]), Buffer.from('192.0.2.1')])),
    );
    expect(reasons(issue({ names: [], extensions: [asName] }), { host: '192.0.2.1' })).toEqual([
      'host_mismatch',
    ]);
  });

  it('ignores the common name', () => {
    expect(reasons(issue({ name: 'api.acme.test', names: [] }))).toEqual(['no_san']);
  });

  it('names what is offered, at most ten of it', () => {
    const names = Array.from({ length: 12 }, (_, i) => `n${i}.acme.test`);
    const { issues, facts } = judge(issue({ names }));
    expect(issues[0]?.message).toBe(
      `The certificate is not for api.acme.test but for ${names.slice(0, 10).join(', ')} and 2 more.`,
    );
    expect(facts.names).toEqual(names.slice(0, 10));
  });
});

describe('finds the way to a trusted certificate', () => {
  it.each<[string, Issued | Buffer[], string[]]>([
    ['signed by itself', selfSigned({ ...validity, names: ['api.acme.test'] }), ['self_signed']],
    ['a stranger’s', strangers(), ['untrusted_issuer']],
    ['no intermediate', [issue().der], ['chain_incomplete']],
    ['the root sent, too', [...sent(issue()), root.der], []],
    ['the intermediate sent before its time', orderly(0, 2, 1), ['chain_order']],
    ['the leaf sent twice', orderly(0, 0, 1), ['chain_order']],
    ['a stranger in between', orderly(0, 3, 1), ['chain_order']],
    ['a stranger at the end', orderly(0, 1, 3), ['chain_order']],
  ])('%s', (_, chain, wanted) => {
    expect(reasons(chain)).toEqual(wanted);
  });

  function strangers() {
    const other = makeAuthority({ name: 'Superfish, Inc.', ...validity });
    return [other.issue({ ...validity, names: ['api.acme.test'] }).der, other.der];
  }

  function orderly(...order: number[]) {
    const all = [...sent(issue()), root.der, selfSigned({ name: 'stranger', ...validity }).der];
    return order.map((i) => all[i] as Buffer);
  }

  it('names the issuer that isn’t trusted', () => {
    expect(judge(strangers()).issues[0]?.message).toBe('The issuer "Superfish, Inc." is not trusted.');
  });

  it('doesn’t fall for a name without the signature', () => {
    const impostor = makeAuthority({ name: 'Acme root', ...validity });
    expect(reasons(impostor.issue({ ...validity, names: ['api.acme.test'] }))).toEqual(['chain_incomplete']);
  });

  it('trusts what it is told to trust: a server’s own certificate, an intermediate', () => {
    const own = selfSigned({ ...validity, names: ['api.acme.test'] });
    expect(reasons(own, { ca: own.pem })).toEqual([]);
    expect(reasons([issue().der], { ca: intermediate.pem })).toEqual([]);
  });

  it('takes the best of several ways: an old cross-signed root that has expired doesn’t count', () => {
    const old = makeAuthority({ name: 'Old root', ...validity, to: NOW - DAY });
    const cross = old.intermediate({ ...validity, name: 'Acme root', key: root.privateKey });
    const chain = [...sent(issue()), cross.der];
    expect(reasons(chain, { ca: root.pem + old.pem })).toEqual([]);
    expect(reasons(chain, { ca: old.pem })).toEqual(['chain_cert_expired']);
  });

  it('gives up on a maze of authorities that sign each other', () => {
    const keys = [makeAuthority(), makeAuthority()].map(({ privateKey }) => privateKey);
    const maze = makeAuthority({ name: 'Maze' });
    const many = Array.from(
      { length: 30 },
      (_, i) => maze.intermediate({ name: 'Maze', key: keys[i % 2] ?? 'ec256' }).der,
    );
    expect(reasons([maze.issue({ ...validity, names: ['api.acme.test'] }).der, ...many])).not.toEqual([]);
  });

  it('says that the check is misconfigured when "ca" holds nothing', () => {
    expect(() => judge(issue(), { ca: 'nothing' })).toThrow(Fault);
  });
});

it('lists every fault there is, not only the first', () => {
  const leaf = selfSigned({
    names: ['other.test'],
    from: NOW - 9 * DAY,
    to: NOW - DAY,
    key: 'rsa1024',
    digest: 'md5',
  });
  expect(reasons(leaf)).toEqual([
    'self_signed',
    'weak_signature',
    'weak_key: degraded',
    'host_mismatch',
    'cert_expired',
  ]);
});

it('makes names of strangers printable and cuts them', () => {
  const name = `\u202e<b>\0${'x'.repeat(10_000)}`;
  const { facts, issues } = judge(issue({ name, names: ['a\u0000b\u0007.test'] }));
  expect(facts.subject).toBe(`\ufffd<b>\ufffd${'x'.repeat(94)}…`);
  expect(facts.names).toEqual(['a\ufffdb\ufffd.test']);
  expect(issues[0]?.message).toBe('The certificate is not for api.acme.test but for a\ufffdb\ufffd.test.');
});

it('compares names as RFC 5280 does: case and spaces don’t count', () => {
  const loud = makeAuthority({ ...validity, name: 'ACME   Root' });
  const quiet = makeAuthority({ ...validity, name: 'acme root', key: loud.privateKey });
  expect(reasons(loud.issue({ ...validity, names: ['api.acme.test'] }), { ca: quiet.pem })).toEqual([]);
});

it.each([
  ['nothing', Buffer.alloc(0)],
  ['half of a certificate', issue().der.subarray(0, 200)],
  ['text', Buffer.from('-----BEGIN')],
  ['another sequence', seq(seq(ascii('x')))],
])('reads no certificate from %s', (_, bytes) => {
  expect(() => parseCertificate(bytes)).toThrow(DerError);
  expect(reasons([bytes])).toEqual(['tls_protocol_error']);
});
