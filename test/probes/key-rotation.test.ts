import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { judgeKeys } from '../../lib/probes/key-rotation.ts';
import { accountCheck, clockAt, runAccount } from '../kit/account.ts';
import { closesAtEnd } from '../kit/at-end.ts';
import { makeAuthority } from '../kit/ca.ts';
import { onLoopback } from '../kit/front.ts';

const SECOND = 1_000;
const HOUR = 3_600 * SECOND;
const DAY = 24 * HOUR;
const NOW = Date.UTC(2026, 10, 26, 12);

const started = closesAtEnd();
const serve = async (listener: RequestListener) =>
  (await started(onLoopback(createServer(listener)))).endpoint;

const check = (fields: object) => accountCheck({ type: 'key-rotation', maxAge: '90d', ...fields });
const at = (fields: object, now = NOW, secrets = {}) =>
  runAccount(check(fields), { clock: clockAt(() => now), secrets });

describe('a config that can’t be meant', () => {
  it.each<[string, object, RegExp]>([
    [
      'has no age where nothing else is known',
      { maxAge: undefined, source: { kind: 'ssm', name: 'x' } },
      /maxAge.*required/,
    ],
    [
      'warns only once it is too old',
      { warn: '90d', source: { kind: 'ssm', name: 'x' } },
      /must be less than/,
    ],
    [
      'warns of an age that is none',
      { maxAge: undefined, warn: '9d', source: { kind: 'kms', key: 'x' } },
      /says nothing without/,
    ],
    [
      'tries a credential that nobody knows',
      { source: { kind: 'ssm', name: 'x' }, oldRejected: { url: 'https://api.acme.test/' } },
      /credential.*required/,
    ],
    ['names a kind that is none', { source: { kind: 'vault' } }, /vault/],
  ])('%s', (_, fields, message) => {
    expect(() => check(fields)).toThrow(message);
  });
});

describe('E22: a key by its age', () => {
  const policy = { maxAge: 90 * DAY, warn: 80 * DAY };
  const reasonsAt = (age: number) =>
    judgeKeys({ keys: [{ name: 'key', bornAt: NOW - age }], issues: [] }, policy, NOW).issues.map(
      ({ reason }) => reason,
    );

  it.each([
    [80 * DAY, []],
    [80 * DAY + SECOND, ['key_due_soon']],
    [89 * DAY, ['key_due_soon']],
    [90 * DAY, ['key_due_soon']],
    [90 * DAY + SECOND, ['key_too_old']],
    [91 * DAY, ['key_too_old']],
  ])('of %i ms', (age, reasons) => {
    expect(reasonsAt(age)).toEqual(reasons);
  });

  it('is judged alone: each has its own word, the oldest first, and each its day', () => {
    const age = fc.integer({ min: 0, max: 200 * DAY });
    fc.assert(
      fc.property(fc.array(age), (ages) => {
        const keys = ages.map((one, i) => ({ name: `key ${i}`, bornAt: NOW - one }));
        const { issues, dues } = judgeKeys({ keys, issues: [] }, policy, NOW);
        expect(issues.filter(({ reason }) => reason === 'key_too_old')).toHaveLength(
          ages.filter((one) => one > policy.maxAge).length,
        );
        expect(issues).toHaveLength(ages.filter((one) => one > policy.warn).length);
        expect(dues.map((due) => due.at)).toEqual(
          ages.toSorted((a, b) => b - a).map((one) => NOW - one + policy.maxAge),
        );
      }),
    );
  });

  it('has nine tenths of it until it is told of, unless the check says otherwise', () => {
    const soon = (age: number) =>
      judgeKeys({ keys: [{ name: 'key', bornAt: NOW - age }], issues: [] }, { maxAge: 90 * DAY }, NOW).issues;
    expect(soon(81 * DAY)).toEqual([]);
    expect(soon(81 * DAY + SECOND)).toHaveLength(1);
  });
});

describe('a file', () => {
  let dir: string;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'watchbill-key-'));
    await writeFile(join(dir, 'key.pem'), 'a key');
    await utimes(join(dir, 'key.pem'), NOW / SECOND, (NOW - 90 * DAY) / SECOND);
  });
  afterAll(() => rm(dir, { recursive: true }));
  const source = () => ({ kind: 'file', path: join(dir, 'key.pem') });

  it('is as old as it was written', async () => {
    expect(await at({ source: source() })).toMatchObject({ status: 'degraded', reasons: ['key_due_soon'] });
    const late = await at({ source: source() }, NOW + SECOND);
    expect(late).toMatchObject({ status: 'down', reasons: ['key_too_old'] });
    expect(late.message).toMatch(/^The file .*key\.pem is 90 d old, more than the 90 d that are allowed\.$/);
    expect(late.dues).toEqual([
      { what: `file ${source().path}`, since: NOW - 90 * DAY, at: NOW, why: 'is 90 d old' },
    ]);
  });

  it('that isn’t there is no key', async () => {
    const gone = { kind: 'file', path: join(dir, 'gone.pem') };
    expect(await at({ source: gone })).toMatchObject({ status: 'down', reasons: ['key_missing'] });
  });
});

describe('a date in the answer of an API', () => {
  const api = (body: unknown, status = 200) =>
    serve((_, response) => void response.writeHead(status).end(JSON.stringify(body)));

  it.each<[string, unknown, number]>([
    ['ISO 8601', '2026-09-01T00:00:00Z', Date.UTC(2026, 8, 1)],
    ['seconds', 1_756_684_800, 1_756_684_800_000],
    ['ms', 1_788_220_800_000, 1_788_220_800_000],
    ['as GitHub writes it', '2026-09-01 00:00:00 UTC', Date.UTC(2026, 8, 1)],
  ])('in %s', async (_, created, bornAt) => {
    const url = await api({ key: { created } });
    const { dues } = await at({ source: { kind: 'http', url, path: '$.key.created' } });
    expect(dues?.[0]?.at).toBe(bornAt + 90 * DAY);
  });

  it.each<[string, unknown, number, object]>([
    ['without the date', {}, 200, { status: 'down', reasons: ['json_mismatch'] }],
    ['with what is no date', { created: 'soon' }, 200, { status: 'down', reasons: ['json_mismatch'] }],
    ['that wants other credentials', {}, 401, { status: 'down', reasons: ['unauthorized'] }],
    ['that fails', {}, 500, { status: 'down', reasons: ['unexpected_status'] }],
  ])('an answer %s', async (_, body, status, finding) => {
    const url = await api(body, status);
    expect(await at({ source: { kind: 'http', url, path: '$.created' } })).toMatchObject(finding);
  });
});

describe('a JWKS', () => {
  const jwks = (body: unknown, headers = {}) =>
    serve((_, response) => void response.writeHead(200, headers).end(JSON.stringify(body)));
  const x5c = (from: number) => {
    const { cert } = makeAuthority({ from, to: NOW + 900 * DAY });
    return [cert.replaceAll(/-----[^-]+-----|\s/g, '')];
  };

  it.each<[string, object[], object, number]>([
    [
      'its newest certificate',
      [
        { kid: 'a', x5c: x5c(NOW - 100 * DAY) },
        { kid: 'b', x5c: x5c(NOW - 5 * DAY) },
      ],
      {},
      NOW - 5 * DAY,
    ],
    ['what its keys say', [{ kid: 'a', nbf: (NOW - 7 * DAY) / SECOND }], {}, NOW - 7 * DAY],
    [
      'when it was changed',
      [{ kid: 'a' }],
      { 'last-modified': new Date(NOW - 9 * DAY).toUTCString() },
      NOW - 9 * DAY,
    ],
  ])('is as old as %s', async (_, keys, headers, bornAt) => {
    const { dues } = await at({ source: { kind: 'jwks', url: await jwks({ keys }, headers) } });
    expect(dues).toHaveLength(1);
    expect(dues?.[0]?.at).toBe(bornAt + 90 * DAY);
  });

  it.each<[string, unknown, object]>([
    [
      'that says nothing of it cannot be judged',
      { keys: [{ kid: 'a' }] },
      { status: 'unknown', reasons: ['misconfigured'] },
    ],
    ['that is empty verifies nothing', { keys: [] }, { status: 'down', reasons: ['key_missing'] }],
    ['that is none', { key: 1 }, { status: 'down', reasons: ['json_mismatch'] }],
  ])('%s', async (_, body, finding) => {
    expect(await at({ source: { kind: 'jwks', url: await jwks(body) } })).toMatchObject(finding);
  });
});

describe('rotation without downtime', () => {
  const NEW = 'the-new-credential-of-all';
  const OLD = 'the-old-credential-of-all';
  const secrets = { NEW, OLD };

  /** An API that takes these, and a key that was made a week ago. */
  async function rotated(taken: readonly string[], other?: number) {
    const url = await serve(({ headers }, response) => {
      const isTaken = taken.some((one) => headers.authorization === `Bearer ${one}`);
      response.writeHead(other ?? (isTaken ? 200 : 401)).end();
    });
    const created = await serve((_, response) => void response.end(JSON.stringify({ at: NOW - 7 * DAY })));
    return at(
      {
        source: { kind: 'http', url: created, path: '$.at' },
        oldRejected: { url, credential: { secret: 'OLD' } },
        newAccepted: { url, credential: { secret: 'NEW' } },
      },
      NOW,
      secrets,
    );
  }

  it.each<[string, string[], string[]]>([
    ['is proven', [NEW], []],
    ['isn’t, when the old one is accepted still', [NEW, OLD], ['not_rejected']],
    ['isn’t, when the new one is refused', [], ['not_accepted']],
    ['isn’t, when it never took place', [OLD], ['not_rejected', 'not_accepted']],
  ])('%s', async (_, taken, reasons) => {
    const { reasons: found, message } = await rotated(taken);
    expect(found).toEqual(reasons);
    for (const value of Object.values(secrets)) expect(message).not.toContain(value.slice(4, 12));
  });

  it('can’t be told where the API fails: that is neither', async () => {
    expect(await rotated([], 503)).toMatchObject({ status: 'degraded', reasons: ['unexpected_status'] });
  });

  it('gives the old one a while', async () => {
    const url = await serve((_, response) => void response.end());
    const created = await serve((_, response) => void response.end(JSON.stringify({ at: NOW - HOUR })));
    const grace = (text: string, now = NOW) =>
      at(
        {
          source: { kind: 'http', url: created, path: '$.at' },
          oldRejected: { url, credential: { secret: 'OLD' }, grace: text },
        },
        now,
        secrets,
      );
    expect(await grace('1h')).toMatchObject({ reasons: [] });
    expect(await grace('1h', NOW + SECOND)).toMatchObject({ reasons: ['not_rejected'] });
  });
});
