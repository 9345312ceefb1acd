import type { TlsOptions } from 'node:tls';
import { expect, it } from 'vitest';
import { parseCertificate } from '../../lib/net/certificate.ts';
import { tls } from '../../lib/probes/tls.ts';
import { closesAtEnd } from '../kit/at-end.ts';
import { type CertificateSpec, type Issued, makeAuthority } from '../kit/ca.ts';
import { runTls, tlsCheck } from '../kit/tls.ts';
import { tlsServer } from '../kit/tls-server.ts';

const DAY = 86_400_000;
const root = makeAuthority({ name: 'Acme root' });
const intermediate = root.intermediate({ name: 'Acme intermediate' });
const issue = (spec: CertificateSpec = {}) => intermediate.issue({ names: ['api.acme.test'], ...spec });

const started = closesAtEnd();
const serve = async ({ cert, key }: Issued, options: TlsOptions = {}) =>
  (await started(tlsServer({ cert, key, ...options }))).port;

const check = (port: number, fields: Readonly<Record<string, unknown>> = {}) =>
  tlsCheck({ host: 'api.acme.test', port, connectTo: `127.0.0.1:${port}`, ca: root.pem, ...fields });

it('fills in what a check leaves out', () => {
  expect(tlsCheck({ host: 'acme.test' })).toMatchObject({
    port: 443,
    expires: { warn: 21 * DAY, fail: 3 * DAY },
    minVersion: 'TLSv1.2',
    revocation: 'soft',
  });
  expect(tlsCheck({ host: 'acme.test', expires: { warn: '30d' } }).expires).toEqual({
    warn: 30 * DAY,
    fail: 3 * DAY,
  });
  expect(tls.defaults).toEqual({ severity: 'ticket' });
});

it.each([
  ['a pin that is no digest', { pin: ['abc'] }],
  ['no pin', { pin: [] }],
  ['an old version', { minVersion: 'TLSv1.1' }],
  ['an unknown threshold', { expires: { warm: '1d' } }],
  ['to fail before it warns', { expires: { warn: '1d', fail: '2d' } }],
])('refuses %s', (_, fields) => {
  expect(() => tlsCheck({ host: 'acme.test', ...fields })).toThrow();
});

it('names its target', () => {
  expect(tls.target(tlsCheck({ host: '::1' }))).toBe('[::1]:443');
});

it('is up on a sound server, with the facts and phases that add up', async () => {
  const leaf = issue({ to: Date.UTC(2040, 0, 1) });
  const finding = await runTls(check(await serve(leaf)));
  expect(finding).toMatchObject({ status: 'up', reasons: [], message: '' });
  expect(finding.facts).toMatchObject({
    address: '127.0.0.1',
    protocol: 'TLSv1.3',
    cipher: 'TLS_AES_256_GCM_SHA384',
    subject: 'api.acme.test',
    names: ['api.acme.test'],
    issuer: 'Acme intermediate',
    expiresAt: '2040-01-01T00:00:00Z',
    fingerprint: parseCertificate(leaf.der).fingerprint,
    chainLength: 2,
  });
  const { connect = 0, tls: shaken = 0, ...others } = finding.phases;
  expect(others).toEqual({});
  expect(finding.latencyMs).toBe(connect + shaken);
});

it.each<[string, CertificateSpec, string, string[]]>([
  ['that ends in 22 days', { to: Date.now() + 22 * DAY }, 'up', []],
  ['that ends in 20 days', { to: Date.now() + 20 * DAY }, 'degraded', ['cert_expires_soon']],
  ['that ends in 2 days', { to: Date.now() + 2 * DAY }, 'down', ['cert_expires_soon']],
  ['that has ended', { to: Date.now() - 1000 }, 'down', ['cert_expired']],
  ['for another host', { names: ['www.acme.test'] }, 'down', ['host_mismatch']],
  [
    'with three faults',
    { names: ['www.acme.test'], to: Date.now() - 1000, digest: 'sha1' },
    'down',
    ['weak_signature', 'host_mismatch', 'cert_expired'],
  ],
])('a certificate %s', async (_, spec, status, reasons) => {
  expect(await runTls(check(await serve(issue(spec))))).toMatchObject({ status, reasons });
});

it('judges by its own thresholds', async () => {
  const port = await serve(issue({ to: Date.now() + 10 * DAY }));
  const statusWith = async (warn: string, fail: string) =>
    (await runTls(check(port, { expires: { warn, fail } }))).status;
  expect(await statusWith('9d', '1d')).toBe('up');
  expect(await statusWith('11d', '9d')).toBe('degraded');
  expect(await statusWith('30d', '11d')).toBe('down');
});

it('looks for another name when it is told to', async () => {
  const port = await serve(issue({ names: ['other.test'] }));
  expect(await runTls(check(port))).toMatchObject({ reasons: ['host_mismatch'] });
  expect(await runTls(check(port, { servername: 'other.test' }))).toMatchObject({ status: 'up' });
});

it('trusts only public authorities unless it is told otherwise', async () => {
  const { ca: _, ...withoutCa } = check(await serve(issue()));
  expect(await runTls(withoutCa)).toMatchObject({ status: 'down', reasons: ['untrusted_issuer'] });
});

it('wants a pinned key', async () => {
  const leaf = issue();
  const port = await serve(leaf);
  expect(await runTls(check(port, { pin: [parseCertificate(leaf.der).pin] }))).toMatchObject({
    status: 'up',
  });
  expect(await runTls(check(port, { pin: [parseCertificate(issue().der).pin] }))).toMatchObject({
    status: 'down',
    reasons: ['pin_mismatch'],
  });
});

it('wants a newer version when it is told to', async () => {
  const port = await serve(issue(), { maxVersion: 'TLSv1.2' });
  expect(await runTls(check(port, { minVersion: 'TLSv1.3' }))).toMatchObject({
    reasons: ['protocol_too_old'],
  });
});

it('is down where nobody listens, and unknown where it may not go', async () => {
  const server = await tlsServer({});
  await server.close();
  expect(await runTls(check(server.port))).toMatchObject({ status: 'down', reasons: ['connect_refused'] });
  const refused = await runTls({ ...check(443), connectTo: { host: '10.0.0.1', port: 443 } });
  expect(refused).toMatchObject({ status: 'unknown', reasons: ['target_refused'] });
});

it('says which check is misconfigured when its authorities can’t be read', async () => {
  const finding = await runTls({ ...check(await serve(issue())), ca: 'no certificate' });
  expect(finding).toMatchObject({ status: 'unknown', reasons: ['misconfigured'] });
});
