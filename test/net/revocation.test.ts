import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:tls';
import { describe, expect, it } from 'vitest';
import type { Finding } from '../../lib/reading.ts';
import { octets } from '../kit/asn1.ts';
import { closesAtEnd } from '../kit/at-end.ts';
import {
  type Authority,
  type CertificateSpec,
  extension,
  type Issued,
  makeAuthority,
  selfSigned,
} from '../kit/ca.ts';
import { VirtualClock } from '../kit/clock.ts';
import {
  askAt,
  type CrlSpec,
  crl,
  listedAt,
  mustStaple,
  OCSP_SIGNING,
  type OcspSpec,
  ocspAnswer,
  ocspRefusal,
  partOnly,
  startPublisher,
} from '../kit/revocation.ts';
import { until } from '../kit/sockets.ts';
import { loopbackNet, runTls, tlsCheck } from '../kit/tls.ts';
import { listening } from '../kit/tls-server.ts';

const HOUR = 3_600_000;
const started = closesAtEnd();
const root = makeAuthority({ name: 'Acme root' });

const publisher = () => started(startPublisher());

async function serve({ cert, key }: Issued, staple?: () => Buffer): Promise<number> {
  const server = createServer({ cert, key });
  if (staple) server.on('OCSPRequest', (_certificate, _issuer, answer) => answer(null, staple()));
  return (await started(listening(server))).port;
}

const check = (port: number, mode: 'off' | 'soft' | 'hard' = 'soft') =>
  tlsCheck({ host: 'api.acme.test', port, connectTo: `127.0.0.1:${port}`, ca: root.pem, revocation: mode });

const issue = (spec: CertificateSpec = {}, by: Authority = root) =>
  by.issue({ names: ['api.acme.test'], ...spec });

const UP = { status: 'up', reasons: [] };
const REVOKED = { status: 'down', reasons: ['revoked'], facts: { revocation: 'revoked' } };
const GOOD = { ...UP, facts: { revocation: 'good' } };

/** "Cannot tell" is a fact with `soft` and degraded with `hard`. */
async function expectUnknown(port: number, why: string) {
  const soft = await runTls(check(port));
  expect(soft).toMatchObject({ ...UP, facts: { revocation: 'unknown' } });
  expect(soft.facts.revocation_unknown).toContain(why);
  const hard = await runTls(check(port, 'hard'));
  expect(hard).toMatchObject({
    status: 'degraded',
    reasons: ['revocation_unknown'],
    facts: { revocation: 'unknown' },
  });
  expect(hard.message).toContain(why);
}

describe('asks the authority’s OCSP responder', () => {
  async function about(spec: (leaf: Issued) => OcspSpec): Promise<number> {
    const { at, publish } = await publisher();
    const leaf = issue({ extensions: [askAt(at('ocsp'))] });
    publish({ ocsp: ocspAnswer(leaf, spec(leaf)) });
    return serve(leaf);
  }
  const delegate = root.issue({ name: 'responder', names: [], purposes: [OCSP_SIGNING] });

  it.each<[string, OcspSpec, object]>([
    ['good', { status: 'good' }, GOOD],
    ['revoked', { status: 'revoked', since: Date.UTC(2026, 0, 2) }, REVOKED],
    ['good, named by SHA-256', { digest: 'sha256' }, GOOD],
    ['good, by a delegate', { signer: delegate, certificates: [delegate] }, GOOD],
    ['revoked, by a delegate', { status: 'revoked', signer: delegate, certificates: [delegate] }, REVOKED],
    ['good, without an end', { until: null }, GOOD],
  ])('%s', async (_, spec, wanted) => {
    expect(await runTls(check(await about(() => spec)))).toMatchObject(wanted);
  });

  it('says since when, and by whom', async () => {
    const { message } = await runTls(
      check(await about(() => ({ status: 'revoked', since: Date.UTC(2026, 0, 2) }))),
    );
    expect(message).toBe('The certificate of "api.acme.test" was revoked at 2026-01-02T00:00:00Z (OCSP).');
  });

  const stranger = selfSigned({ name: 'stranger', purposes: [OCSP_SIGNING] });
  const unauthorized = root.issue({ name: 'no responder', names: [] });
  const retired = root.issue({ name: 'retired', names: [], purposes: [OCSP_SIGNING], to: Date.now() - HOUR });

  it.each<[string, (leaf: Issued) => OcspSpec, string]>([
    ['it doesn’t know', () => ({ status: 'unknown' }), 'doesn’t know the certificate'],
    ['it is out of date', () => ({ until: Date.now() - 1000 }), 'out of date'],
    ['it is from the future', () => ({ from: Date.now() + HOUR }), 'from the future'],
    ['it speaks of another', () => ({ about: issue() }), 'another certificate'],
    [
      'a stranger has signed',
      () => ({ signer: stranger, certificates: [stranger] }),
      'signed the OCSP answer',
    ],
    ['the signer isn’t sent', () => ({ signer: delegate }), 'signed the OCSP answer'],
    [
      'the signer may not',
      () => ({ signer: unauthorized, certificates: [unauthorized] }),
      'signed the OCSP answer',
    ],
    [
      'the signer has expired',
      () => ({ signer: retired, certificates: [retired] }),
      'signed the OCSP answer',
    ],
    [
      'the server itself has signed',
      (leaf) => ({ signer: leaf, certificates: [leaf] }),
      'signed the OCSP answer',
    ],
  ])('can’t tell when %s', async (_, spec, why) => {
    await expectUnknown(await about(spec), why);
  });

  it.each<[string, Buffer | number, string]>([
    ['says to try later', ocspRefusal(3), 'status 3'],
    ['answers 404', 404, 'the answer is 404'],
    ['answers with nothing', Buffer.alloc(0), 'not readable'],
    ['answers with a page', Buffer.from('<html>'), 'not readable'],
    ['answers with too much', Buffer.alloc(100_000), 'larger than'],
  ])('can’t tell when it %s', async (_, answer, why) => {
    const { at, publish } = await publisher();
    publish({ ocsp: answer });
    await expectUnknown(await serve(issue({ extensions: [askAt(at('ocsp'))] })), why);
  });

  it('can’t tell when it is out of reach, or where policy forbids to go', async () => {
    const { port, close } = await listening(createHttpServer());
    await close();
    await expectUnknown(
      await serve(issue({ extensions: [askAt(`http://127.0.0.1:${port}/`)] })),
      'Cannot connect',
    );
    await expectUnknown(
      await serve(issue({ extensions: [askAt('http://169.254.169.254/')] })),
      'never dialled',
    );
  });

  it('gives it five seconds', async () => {
    const clock = new VirtualClock(Date.now());
    const { at, publish, asked } = await publisher();
    publish({});
    const port = await serve(issue({ extensions: [askAt(at('ocsp'))] }));
    const run = runTls(check(port), loopbackNet(clock));
    await until(() => asked.length === 1);
    await clock.advance(4_999);
    expect(clock.pending).toBe(1);
    await clock.advance(1);
    expect((await run).facts.revocation_unknown).toContain('no answer in time');
  });
});

describe('reads what the server staples', () => {
  it.each<[string, OcspSpec, object]>([
    ['good', {}, GOOD],
    ['revoked', { status: 'revoked' }, REVOKED],
  ])('%s', async (_, spec, wanted) => {
    const { at, asked } = await publisher();
    const leaf = issue({ extensions: [mustStaple(), askAt(at('ocsp'))] });
    expect(await runTls(check(await serve(leaf, () => ocspAnswer(leaf, spec))))).toMatchObject(wanted);
    expect(asked).toEqual([]);
  });

  it('asks the authority when the staple is of no use', async () => {
    const { at, publish, asked } = await publisher();
    const leaf = issue({ extensions: [askAt(at('ocsp'))] });
    publish({ ocsp: ocspAnswer(leaf, { status: 'revoked' }) });
    const old = ocspAnswer(leaf, { from: Date.now() - 2 * HOUR, until: Date.now() - HOUR });
    expect(await runTls(check(await serve(leaf, () => old)))).toMatchObject(REVOKED);
    expect(asked).toEqual(['ocsp']);
  });

  it('sees at once when the staple says otherwise', async () => {
    const leaf = issue();
    let status: 'good' | 'revoked' = 'good';
    const port = await serve(leaf, () => ocspAnswer(leaf, { status }));
    const net = loopbackNet();
    expect(await runTls(check(port), net)).toMatchObject(GOOD);
    status = 'revoked';
    expect(await runTls(check(port), net)).toMatchObject(REVOKED);
  });

  it.each(['off', 'soft', 'hard'] as const)(
    'misses a staple that the certificate demands (%s)',
    async (mode) => {
      const finding = await runTls(check(await serve(issue({ extensions: [mustStaple()] })), mode));
      expect(finding.status).toBe('degraded');
      expect(finding.reasons).toContain('no_staple');
    },
  );
});

describe('reads the authority’s list', () => {
  async function listed(spec: (leaf: Issued, url: string) => CrlSpec, by = root): Promise<number> {
    const { at, publish } = await publisher();
    const url = at('crl');
    const leaf = issue({ extensions: [listedAt(url)] }, by);
    publish({ crl: crl(leaf.issuer ?? leaf, spec(leaf, url)) });
    return serve(leaf);
  }
  const others = Array.from({ length: 100 }, () => issue());

  it.each<[string, (leaf: Issued, url: string) => CrlSpec, object]>([
    ['an empty one', () => ({}), GOOD],
    ['one with others', () => ({ revoked: others }), GOOD],
    ['one with the certificate', (leaf) => ({ revoked: [...others, leaf] }), REVOKED],
    ['one without an end', (leaf) => ({ until: null, revoked: [leaf] }), REVOKED],
    ['a part for this URL', (leaf, url) => ({ extensions: [partOnly({ url })], revoked: [leaf] }), REVOKED],
    ['a part for leaves', (leaf) => ({ extensions: [partOnly({ leaves: true })], revoked: [leaf] }), REVOKED],
  ])('%s', async (_, spec, wanted) => {
    expect(await runTls(check(await listed(spec)))).toMatchObject(wanted);
  });

  const impostor = makeAuthority({ name: 'Acme root' });

  it.each<[string, (leaf: Issued) => CrlSpec, string]>([
    ['is out of date', () => ({ until: Date.now() - 1000 }), 'out of date'],
    ['is from the future', () => ({ from: Date.now() + HOUR }), 'from the future'],
    ['is signed by another', () => ({ signer: impostor }), 'not by "Acme root"'],
    [
      'is a part for another URL',
      () => ({ extensions: [partOnly({ url: 'http://other.test/' })] }),
      'not the one',
    ],
    ['is a part for authorities', () => ({ extensions: [partOnly({ authorities: true })] }), 'not the one'],
  ])('can’t tell when it %s', async (_, spec, why) => {
    await expectUnknown(await listed(spec), why);
  });

  it('can’t tell by a list of another issuer', async () => {
    const { at, publish } = await publisher();
    publish({ crl: crl(makeAuthority({ name: 'Other' })) });
    await expectUnknown(await serve(issue({ extensions: [listedAt(at('crl'))] })), 'not by "Acme root"');
  });

  it('reads it when OCSP can’t tell', async () => {
    const { at, publish, asked } = await publisher();
    const leaf = issue({ extensions: [askAt(at('ocsp')), listedAt(at('crl'))] });
    publish({ ocsp: 500, crl: crl(root, { revoked: [leaf] }) });
    expect(await runTls(check(await serve(leaf)))).toMatchObject(REVOKED);
    expect(asked).toEqual(['ocsp', 'crl']);
  });
});

it('looks at the authorities above the leaf, too', async () => {
  const { at, publish } = await publisher();
  const intermediate = root.intermediate({ name: 'Acme intermediate', extensions: [listedAt(at('crl'))] });
  const leaf = issue({ extensions: [askAt(at('ocsp'))] }, intermediate);
  publish({ ocsp: ocspAnswer(leaf), crl: crl(root, { revoked: [intermediate] }) });
  const finding = await runTls(check(await serve(leaf)));
  expect(finding).toMatchObject(REVOKED);
  expect(finding.message).toContain('"Acme intermediate"');
});

it('can’t tell where the certificate’s list of responders can’t be read', async () => {
  const broken = extension('1.3.6.1.5.5.7.1.1', octets());
  await expectUnknown(await serve(issue({ extensions: [broken] })), 'not readable');
});

it('can’t tell where the authority offers no source', async () => {
  await expectUnknown(await serve(issue()), 'its authority offers no source');
  await expectUnknown(
    await serve(issue({ extensions: [askAt('ldap://127.0.0.1/')] })),
    'its authority offers no source',
  );
});

it('looks nothing up when it is off, or when the chain isn’t trusted', async () => {
  const { at, asked } = await publisher();
  const extensions = [askAt(at('ocsp'))];
  const off: Finding = await runTls(check(await serve(issue({ extensions })), 'off'));
  expect(off.facts.revocation).toBeUndefined();
  const untrusted = await runTls(check(await serve(selfSigned({ names: ['api.acme.test'], extensions }))));
  expect(untrusted).toMatchObject({ reasons: ['self_signed'] });
  expect(asked).toEqual([]);
});
