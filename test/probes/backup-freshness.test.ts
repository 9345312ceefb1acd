import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Backup } from '../../lib/probes/backup-freshness/backups.ts';
import { judgeBackups } from '../../lib/probes/backup-freshness/judge.ts';
import { restoreIssues } from '../../lib/probes/backup-freshness/restores.ts';
import { bytesOf, showBytes } from '../../lib/probes/bytes.ts';
import { accountCheck, clockAt, runAccount } from '../kit/account.ts';
import { closesAtEnd } from '../kit/at-end.ts';
import { onLoopback } from '../kit/front.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const NOW = Date.UTC(2026, 10, 26, 12);

const ago = (ms: number, more: Partial<Backup> = {}): Backup => ({
  name: `backup of ${ms / HOUR} h ago`,
  at: NOW - ms,
  state: 'complete',
  bytes: 1_000_000,
  encrypted: true,
  ...more,
});
const judge = (backups: readonly Backup[], policy: object = {}) =>
  judgeBackups({ backups }, { maxAge: 26 * HOUR, ...policy }, NOW);
const reasonsOf = (backups: readonly Backup[], policy: object = {}) =>
  judge(backups, policy).issues.map(({ reason }) => reason);

describe('E23: only a complete, non-empty backup of the past counts', () => {
  const good = ago(HOUR);
  it.each<[string, Backup[], string[]]>([
    ['none', [], ['backup_missing']],
    ['one in progress', [ago(0, { state: 'running' })], ['backup_missing']],
    ['one that failed', [ago(HOUR, { state: 'failed' })], ['backup_failed', 'backup_missing']],
    ['one that is partial', [ago(HOUR, { state: 'partial' })], ['backup_failed', 'backup_missing']],
    ['one of the future', [ago(-HOUR)], ['backup_future', 'backup_missing']],
    ['one of 0 bytes', [ago(HOUR, { bytes: 0 })], ['backup_empty', 'backup_missing']],
    ['one that is old', [ago(30 * HOUR)], ['backup_too_old']],
    ['a good one', [good], []],
    ['a good one, and one in progress', [good, ago(0, { state: 'running' })], []],
    ['a good one, and one that failed after it', [good, ago(MINUTE, { state: 'failed' })], ['backup_failed']],
    ['a good one, and one that failed before it', [good, ago(2 * HOUR, { state: 'failed' })], []],
    ['a good one, and an empty one after it', [good, ago(MINUTE, { bytes: 0 })], ['backup_empty']],
    ['a good one, and one of the future', [good, ago(-DAY)], ['backup_future']],
    ['one that is ahead by what two clocks may differ', [ago(-5 * MINUTE)], []],
    [
      'an old one, and one that failed after it',
      [ago(30 * HOUR), ago(HOUR, { state: 'failed' })],
      ['backup_failed', 'backup_too_old'],
    ],
  ])('%s', (_, backups, reasons) => {
    expect(reasonsOf(backups)).toEqual(reasons);
  });

  it.each([
    [26 * HOUR - SECOND, []],
    [26 * HOUR, []],
    [26 * HOUR + SECOND, ['backup_too_old']],
  ])('to the second: one that is %i ms old', (age, reasons) => {
    expect(reasonsOf([ago(age)])).toEqual(reasons);
  });

  it.each([
    [25 * HOUR, []],
    [25 * HOUR + SECOND, ['backup_due_soon']],
  ])('and is told of before, where that is asked for: %i ms', (age, reasons) => {
    expect(reasonsOf([ago(age)], { warn: 25 * HOUR })).toEqual(reasons);
  });
});

describe('what else is asked of the newest good one', () => {
  const sizes = (...bytes: number[]) => bytes.map((one, i) => ago((i + 1) * HOUR, { bytes: one }));

  it.each<[string, Backup[], object, string[]]>([
    ['its size, and it has that', sizes(500), { minSize: 500 }, []],
    ['its size, and it has a byte less', sizes(499), { minSize: 500 }, ['backup_too_small']],
    ['a share of the median of those before', sizes(500, 1_000, 1_000, 9_000), { shrink: 0.5 }, []],
    ['the same, and it has a byte less', sizes(499, 1_000, 1_000, 9_000), { shrink: 0.5 }, ['backup_shrunk']],
    ['the same, with a median between two', sizes(900, 1_000, 3_000), { shrink: 0.5 }, ['backup_shrunk']],
    ['the same, and there is none before', sizes(1), { shrink: 0.5 }, []],
    [
      'the same, and only the seven before count',
      sizes(500, ...Array(7).fill(1_000), ...Array(9).fill(99_000)),
      { shrink: 0.5 },
      [],
    ],
    ['that it is encrypted, and it is', [ago(HOUR)], { encrypted: true }, []],
    [
      'that it is encrypted, and it isn’t',
      [ago(HOUR, { encrypted: false })],
      { encrypted: true },
      ['backup_not_encrypted'],
    ],
    ['how far back the oldest reaches, to the second', [ago(HOUR), ago(7 * DAY)], { retention: 7 * DAY }, []],
    [
      'the same, and a second is missing',
      [ago(HOUR), ago(7 * DAY - SECOND)],
      { retention: 7 * DAY },
      ['retention_too_short'],
    ],
    [
      'the same, and the oldest was deleted too early: what failed doesn’t count',
      [ago(HOUR), ago(9 * DAY, { state: 'failed' })],
      { retention: 7 * DAY },
      ['retention_too_short'],
    ],
  ])('%s', (_, backups, policy, reasons) => {
    expect(reasonsOf(backups, policy)).toEqual(reasons);
  });
});

it('whatever there is: it is fresh exactly if a good one is young enough, and order says nothing', () => {
  const state = fc.constantFrom<Backup['state']>('complete', 'running', 'failed', 'partial');
  const one = fc
    .record({ ms: fc.integer({ min: -DAY, max: 3 * DAY }), state, bytes: fc.constantFrom(0, 1, 1e9) })
    .map(({ ms, ...more }) => ago(ms, more));
  fc.assert(
    fc.property(fc.array(one), fc.array(fc.nat()), (backups, order) => {
      const { issues, dues } = judge(backups);
      const good = backups.filter(
        ({ state, bytes, at }) => state === 'complete' && bytes !== 0 && at <= NOW + 5 * MINUTE,
      );
      const isFresh = good.some(({ at }) => NOW - at <= 26 * HOUR);
      const isStale = issues.some(({ reason }) => reason === 'backup_missing' || reason === 'backup_too_old');
      expect(isStale).toBe(!isFresh);
      expect(dues).toHaveLength(good.length > 0 ? 1 : 0);
      const shuffled = backups.toSorted(
        (a, b) => (order[backups.indexOf(a)] ?? 0) - (order[backups.indexOf(b)] ?? 0),
      );
      expect(judge(shuffled).issues.map(({ reason }) => reason)).toEqual(issues.map(({ reason }) => reason));
    }),
  );
});

describe('tests of a restore', () => {
  const policy = { maxAge: 30 * DAY, maxDuration: 4 * HOUR };
  const test = (ms: number, more = {}) => ({ at: NOW - ms, ok: true, ...more });

  it.each([
    ['none', [], ['restore_untested']],
    ['one of 30 days ago', [test(30 * DAY)], []],
    ['one that is a second older', [test(30 * DAY + SECOND)], ['restore_untested']],
    ['one that failed', [test(DAY, { ok: false })], ['restore_failed']],
    ['one that failed, and a good one after it', [test(2 * DAY, { ok: false }), test(DAY)], []],
    ['one that took four hours', [test(DAY, { tookMs: 4 * HOUR })], []],
    ['one that took longer', [test(DAY, { tookMs: 4 * HOUR + 1 })], ['restore_too_slow']],
  ])('%s', (_, restored, reasons) => {
    expect(restoreIssues(restored, policy, NOW).map(({ reason }) => reason)).toEqual(reasons);
  });
});

describe('a config that can’t be meant', () => {
  const check = (fields: object) => () =>
    accountCheck({ type: 'backup-freshness', maxAge: '26h', ...fields });
  const s3 = { kind: 's3', bucket: 'dumps', prefix: 'db/' };
  it.each<[string, object, RegExp]>([
    ['has no age', { maxAge: undefined, source: s3 }, /maxAge.*required/],
    ['warns too late', { warn: '26h', source: s3 }, /must be less than/],
    ['names no database', { source: { kind: 'rds' } }, /either .*instance.* or .*cluster/],
    ['names two', { source: { kind: 'rds', instance: 'a', cluster: 'b' } }, /either/],
    ['asks RDS for a size', { source: { kind: 'rds', instance: 'a' }, minSize: '1GB' }, /how large/],
    [
      'asks a file whether it is encrypted',
      { source: { kind: 'file', path: '/x' }, encrypted: true },
      /encrypted/,
    ],
    [
      'wants a copy of a bucket without a bucket',
      { source: s3, copyIn: { region: 'eu-west-3' } },
      /bucket.*required/,
    ],
    [
      'wants a copy where the source is',
      { source: { ...s3, region: 'eu-west-3' }, copyIn: { region: 'eu-west-3', bucket: 'copy' } },
      /another region/,
    ],
    [
      'wants a copy of a file',
      { source: { kind: 'file', path: '/x' }, copyIn: { region: 'eu-west-3' } },
      /no copies/,
    ],
    ['doesn’t say who tests restores', { source: s3, restoreTest: { maxAge: '30d' } }, /who knows/],
    ['has a size that is none', { source: s3, minSize: '5 gigs' }, /must be a size/],
    ['names a region that is none', { source: { ...s3, region: 'eu-wset-1' } }, /eu-west-1/],
  ])('%s', (_, fields, message) => {
    expect(check(fields)).toThrow(message);
  });

  it('of a table that can be put back to any moment no age is needed', () => {
    expect(check({ maxAge: undefined, source: { kind: 'dynamodb', table: 'orders' } })()).toMatchObject({
      source: { pitr: { maxLag: 15 * MINUTE } },
    });
  });
});

describe('sizes', () => {
  it.each([
    ['500B', 500],
    ['1.5kB', 1_500],
    ['500MB', 5e8],
    ['2GiB', 2 ** 31],
    ['1TB', 1e12],
  ])('%s', (text, bytes) => {
    expect(bytesOf(text)).toBe(bytes);
  });
  it.each([
    [0, '0 B'],
    [1_234, '1.23 kB'],
    [5e8, '500 MB'],
    [1.5e9, '1.5 GB'],
  ])('%i for people', (bytes, text) => {
    expect(showBytes(bytes)).toBe(text);
  });
});

describe('files', () => {
  let dir: string;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'watchbill-dumps-'));
    const put = async (name: string, at: number, text: string) => {
      await writeFile(join(dir, name), text);
      await utimes(join(dir, name), at / SECOND, at / SECOND);
    };
    await put('monday.gz', NOW - 30 * HOUR, 'data');
    await put('tuesday.gz', NOW - 26 * HOUR, 'data of tuesday');
    await put('empty.gz', NOW - HOUR, '');
    await put('other.txt', NOW, 'other');
    await put('writing.gz', NOW - 59 * SECOND, 'da');
  });
  afterAll(() => rm(dir, { recursive: true }));

  const look = (fields: object, now = NOW) =>
    runAccount(
      accountCheck({
        type: 'backup-freshness',
        maxAge: '26h',
        ...fields,
        source: { kind: 'file', path: join(dir, '*.gz'), ...(fields as { source?: object }).source },
      }),
      { clock: clockAt(() => now) },
    );

  it('by a pattern: the newest that is no longer written to and not empty counts', async () => {
    const found = await look({});
    expect(found).toMatchObject({
      status: 'degraded',
      reasons: ['backup_empty'],
      facts: { backups: 4, bytes: 15 },
    });
    expect(found.facts.newest).toMatch(/tuesday\.gz$/);
    expect(await look({}, NOW - 2 * HOUR)).toMatchObject({ reasons: ['backup_future'] });
  });

  it('what was being written counts once nobody has written to it for a minute', async () => {
    expect((await look({}, NOW + SECOND)).facts.newest).toMatch(/writing\.gz$/);
  });

  it('of which none matches are no backup', async () => {
    const nothing = await look({ source: { path: join(dir, '*.bak') } });
    expect(nothing).toMatchObject({
      status: 'down',
      reasons: ['backup_missing'],
      message: 'There is no backup at all.',
    });
  });
});

describe('a file behind a web server', () => {
  const started = closesAtEnd();
  const look = async (status: number, headers: Record<string, string>) => {
    const server = createServer((_, response) => void response.writeHead(status, headers).end());
    const { endpoint: url } = await started(onLoopback(server));
    const check = accountCheck({
      type: 'backup-freshness',
      maxAge: '26h',
      minSize: '1kB',
      source: { kind: 'http', url },
    });
    return runAccount(check, { clock: clockAt(() => NOW) });
  };
  const modified = (ms: number) => new Date(NOW - ms).toUTCString();

  it.each<[string, number, Record<string, string>, string[]]>([
    ['that is fresh', 200, { 'last-modified': modified(26 * HOUR), 'content-length': '1000' }, []],
    [
      'that is old',
      200,
      { 'last-modified': modified(26 * HOUR + SECOND), 'content-length': '1000' },
      ['backup_too_old'],
    ],
    [
      'that is small',
      200,
      { 'last-modified': modified(HOUR), 'content-length': '999' },
      ['backup_too_small'],
    ],
    [
      'that is empty',
      200,
      { 'last-modified': modified(HOUR), 'content-length': '0' },
      ['backup_missing', 'backup_empty'],
    ],
    ['that isn’t there', 404, {}, ['backup_missing']],
    ['that nobody may see', 403, {}, ['forbidden']],
    ['without a date', 200, { 'content-length': '1000' }, ['header_mismatch']],
  ])('%s', async (_, status, headers, reasons) => {
    expect((await look(status, headers)).reasons).toEqual(reasons);
  });
});
