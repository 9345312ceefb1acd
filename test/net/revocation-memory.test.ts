import { createServer } from 'node:tls';
import { expect, it } from 'vitest';
import { closesAtEnd } from '../kit/at-end.ts';
import { type CertificateSpec, type Issued, makeAuthority } from '../kit/ca.ts';
import { VirtualClock } from '../kit/clock.ts';
import { askAt, crl, listedAt, ocspAnswer, startPublisher } from '../kit/revocation.ts';
import { loopbackNet, runTls, tlsCheck } from '../kit/tls.ts';
import { listening } from '../kit/tls-server.ts';

/* What the sources of revocation said is remembered for as long as they stand by it. */

const HOUR = 3_600_000;
const started = closesAtEnd();
const root = makeAuthority({ name: 'Acme root' });

const publisher = () => started(startPublisher());

const serve = async ({ cert, key }: Issued): Promise<number> =>
  (await started(listening(createServer({ cert, key })))).port;

const check = (port: number) =>
  tlsCheck({ host: 'api.acme.test', port, connectTo: `127.0.0.1:${port}`, ca: root.pem });

const issue = (spec: CertificateSpec = {}) => root.issue({ names: ['api.acme.test'], ...spec });

const REVOKED = { status: 'down', reasons: ['revoked'], facts: { revocation: 'revoked' } };
const GOOD = { status: 'up', reasons: [], facts: { revocation: 'good' } };

it('fetches a list once for all certificates that it is for', async () => {
  const { at, publish, asked } = await publisher();
  const net = loopbackNet();
  publish({ crl: crl(root) });
  const runs = Array.from({ length: 5 }, async () => {
    const port = await serve(issue({ extensions: [listedAt(at('crl'))] }));
    expect(await runTls(check(port), net)).toMatchObject(GOOD);
  });
  await Promise.all(runs);
  expect(asked).toEqual(['crl']);
});

it('a good answer until its end', async () => {
  const clock = new VirtualClock(Date.now());
  const net = loopbackNet(clock);
  const { at, publish, asked } = await publisher();
  const leaf = issue({ extensions: [askAt(at('ocsp'))] });
  const port = await serve(leaf);
  publish({ ocsp: ocspAnswer(leaf, { until: clock.now() + HOUR }) });
  for (let i = 0; i < 3; i++) expect(await runTls(check(port), net)).toMatchObject(GOOD);
  expect(asked.length).toBe(1);
  clock.jump(HOUR);
  publish({ ocsp: ocspAnswer(leaf, { status: 'revoked', until: clock.now() + HOUR }) });
  expect(await runTls(check(port), net)).toMatchObject(REVOKED);
  expect(asked.length).toBe(2);
});

it('what stands for a year for a day', async () => {
  const clock = new VirtualClock(Date.now());
  const net = loopbackNet(clock);
  const { at, publish, asked } = await publisher();
  const leaf = issue({ extensions: [listedAt(at('crl'))], to: clock.now() + 2 * 8760 * HOUR });
  const port = await serve(leaf);
  publish({ crl: crl(root, { until: clock.now() + 8760 * HOUR }) });
  for (const hours of [0, 23]) {
    clock.jump(hours * HOUR);
    expect(await runTls(check(port), net)).toMatchObject(GOOD);
  }
  expect(asked).toEqual(['crl']);
  publish({ crl: crl(root, { revoked: [leaf], until: clock.now() + 8760 * HOUR }) });
  clock.jump(HOUR);
  expect(await runTls(check(port), net)).toMatchObject(REVOKED);
});

it('a source of no use for five minutes', async () => {
  const clock = new VirtualClock(Date.now());
  const net = loopbackNet(clock);
  const { at, publish, asked } = await publisher();
  const leaf = issue({ extensions: [askAt(at('ocsp'))] });
  const port = await serve(leaf);
  publish({ ocsp: 503 });
  for (let i = 0; i < 3; i++) expect((await runTls(check(port), net)).facts.revocation).toBe('unknown');
  expect(asked.length).toBe(1);
  publish({ ocsp: ocspAnswer(leaf) });
  clock.jump(300_000);
  expect(await runTls(check(port), net)).toMatchObject(GOOD);
});

it('what has no end not at all', async () => {
  const net = loopbackNet();
  const { at, publish } = await publisher();
  const leaf = issue({ extensions: [askAt(at('ocsp'))] });
  const port = await serve(leaf);
  publish({ ocsp: ocspAnswer(leaf, { until: null }) });
  expect(await runTls(check(port), net)).toMatchObject(GOOD);
  publish({ ocsp: ocspAnswer(leaf, { until: null, status: 'revoked' }) });
  expect(await runTls(check(port), net)).toMatchObject(REVOKED);
});
