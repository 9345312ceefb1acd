import { expect, it } from 'vitest';
import { type Issued, makeAuthority, selfSigned } from '../kit/ca.ts';
import { askAt, crl, listedAt, mustStaple, ocspAnswer, startPublisher } from '../kit/revocation.ts';
import { runTls } from '../kit/tls.ts';
import { type Case, check, HOST, lab, tlsCases, UP } from '../kit/tls-cases.ts';
import { sending, serving, stapling } from '../kit/tls-lab.ts';
import type { Listening } from '../kit/tls-server.ts';

/* The chain as it is sent, and revocation: B11–B14 in the catalogue of faults. */

const { root, intermediate, leaf } = lab;

const { started, look } = tlsCases([
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
]);

function stapled(spec: Parameters<typeof leaf>[0]): Promise<Listening> {
  const one = leaf(spec);
  return stapling(one, ocspAnswer(one));
}

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
