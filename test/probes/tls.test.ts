import type { TlsOptions } from 'node:tls';
import { afterEach, expect, it } from 'vitest';
import { z } from 'zod';
import { systemClock } from '../../lib/adapters/local/clock.ts';
import { makeFields } from '../../lib/config/make-fields.ts';
import { parseCertificate } from '../../lib/net/certificate.ts';
import { createNet } from '../../lib/net/create.ts';
import { tls } from '../../lib/probes/tls.ts';
import { type CertificateSpec, type Issued, makeAuthority } from '../kit/ca.ts';
import { tlsServer } from '../kit/tls-server.ts';

type TlsCheck = Parameters<typeof tls.run>[0];

const DAY = 86_400_000;
const root = makeAuthority({ name: 'Acme root' });
const intermediate = root.intermediate({ name: 'Acme intermediate' });
const issue = (spec: CertificateSpec = {}) => intermediate.issue({ names: ['api.acme.test'], ...spec });

const openAtEnd: AsyncDisposable[] = [];
afterEach(async () => {
  for (const one of openAtEnd.splice(0)) await one[Symbol.asyncDispose]();
});

async function serve({ cert, key }: Issued, options: TlsOptions = {}): Promise<number> {
  const server = await tlsServer({ cert, key, ...options });
  openAtEnd.push(server);
  return server.port;
}

const shape = z.strictObject(tls.shape(z, makeFields({ read: () => root.pem, refuses: () => undefined })));

/** A check as the config makes it. */
const compile = (fields: z.input<typeof shape>): TlsCheck => ({
  ...{
    id: 'cert',
    type: 'tls',
    name: 'cert',
    group: undefined,
    every: 60_000,
    timeout: 10_000,
    severity: 'ticket',
  },
  ...{ runbook: undefined, public: false, dependsOn: [], locations: ['local'], target: '' },
  ...shape.parse(fields),
});

const check = (port: number, fields: Partial<z.input<typeof shape>> = {}): TlsCheck =>
  compile({ host: 'api.acme.test', port, connectTo: `127.0.0.1:${port}`, ca: './ca.pem', ...fields });

function run(one: TlsCheck) {
  const net = createNet({ clock: systemClock, allow: ['127.0.0.0/8'], self: [] });
  const { signal } = new AbortController();
  const secret = () => Promise.reject(new Error('no secret here'));
  const deadline = systemClock.monotonic() + one.timeout;
  return tls.run(one, { net, clock: systemClock, signal, secret, deadline });
}

it('fills in what a check leaves out', () => {
  expect(compile({ host: 'acme.test' })).toMatchObject({
    port: 443,
    expires: { warn: 21 * DAY, fail: 3 * DAY },
    minVersion: 'TLSv1.2',
    revocation: 'soft',
  });
  expect(compile({ host: 'acme.test', expires: { warn: '30d' } }).expires).toEqual({
    warn: 30 * DAY,
    fail: 3 * DAY,
  });
  expect(tls.defaults).toEqual({ severity: 'ticket' });
});

it.each([
  ['a pin that is no digest', { pin: ['abc'] }],
  ['no pin', { pin: [] }],
  ['an old version', { minVersion: 'TLSv1.1' as 'TLSv1.2' }],
  ['an unknown threshold', { expires: { warm: '1d' } as object }],
])('refuses %s', (_, fields) => {
  expect(shape.safeParse({ host: 'acme.test', ...fields }).success).toBe(false);
});

it('refuses to fail before it warns', () => {
  const wrong = tls.refine?.(shape.parse({ host: 'acme.test', expires: { warn: '1d', fail: '2d' } }));
  expect(wrong).toEqual([{ path: ['expires', 'fail'], message: 'must not be longer than "warn"' }]);
});

it('names its target', () => {
  expect(tls.target(compile({ host: '::1' }))).toBe('[::1]:443');
});

it('is up on a sound server, with the facts and phases that add up', async () => {
  const leaf = issue({ to: Date.UTC(2040, 0, 1) });
  const finding = await run(check(await serve(leaf)));
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
  expect(await run(check(await serve(issue(spec))))).toMatchObject({ status, reasons });
});

it('judges by its own thresholds', async () => {
  const port = await serve(issue({ to: Date.now() + 10 * DAY }));
  const statusWith = async (warn: string, fail: string) =>
    (await run(check(port, { expires: { warn, fail } }))).status;
  expect(await statusWith('9d', '1d')).toBe('up');
  expect(await statusWith('11d', '9d')).toBe('degraded');
  expect(await statusWith('30d', '11d')).toBe('down');
});

it('looks for another name when it is told to', async () => {
  const port = await serve(issue({ names: ['other.test'] }));
  expect(await run(check(port))).toMatchObject({ reasons: ['host_mismatch'] });
  expect(await run(check(port, { servername: 'other.test' }))).toMatchObject({ status: 'up' });
});

it('trusts only public authorities unless it is told otherwise', async () => {
  const { ca: _, ...withoutCa } = check(await serve(issue()));
  expect(await run(withoutCa)).toMatchObject({ status: 'down', reasons: ['untrusted_issuer'] });
});

it('wants a pinned key', async () => {
  const leaf = issue();
  const port = await serve(leaf);
  expect(await run(check(port, { pin: [parseCertificate(leaf.der).pin] }))).toMatchObject({ status: 'up' });
  expect(await run(check(port, { pin: [parseCertificate(issue().der).pin] }))).toMatchObject({
    status: 'down',
    reasons: ['pin_mismatch'],
  });
});

it('wants a newer version when it is told to', async () => {
  const port = await serve(issue(), { maxVersion: 'TLSv1.2' });
  expect(await run(check(port, { minVersion: 'TLSv1.3' }))).toMatchObject({ reasons: ['protocol_too_old'] });
});

it('clears a warning with the next look after a renewal', async () => {
  const old = await serve(issue({ to: Date.now() + DAY }));
  expect((await run(check(old))).status).toBe('down');
  expect((await run(check(await serve(issue())))).status).toBe('up');
});

it('is down where nobody listens, and unknown where it may not go', async () => {
  const port = await serve(issue());
  for (const server of openAtEnd.splice(0)) await server[Symbol.asyncDispose]();
  expect(await run(check(port))).toMatchObject({ status: 'down', reasons: ['connect_refused'] });
  const refused = await run(check(port, { connectTo: '10.0.0.1:443' }));
  expect(refused).toMatchObject({ status: 'unknown', reasons: ['target_refused'] });
});

it('says which check is misconfigured when its authorities can’t be read', async () => {
  const finding = await run({ ...check(await serve(issue())), ca: 'no certificate' });
  expect(finding).toMatchObject({ status: 'unknown', reasons: ['misconfigured'] });
});
