import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Heard } from '../../lib/probes/define.ts';
import { type HeartbeatCheck, heartbeatIssues, lateAt, policyOf } from '../../lib/probes/heartbeat.ts';
import { accountCheck, clockAt, runAccount } from '../kit/account.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const NOON = Date.UTC(2026, 10, 26, 12);

const TOKEN = { secret: 'BACKUP_BEAT' };
const check = (fields: object = {}) =>
  accountCheck({ type: 'heartbeat', token: TOKEN, every: '1d', grace: '1h', ...fields }) as HeartbeatCheck;

const at = (heard: Heard, now: number, fields: object = {}) =>
  runAccount(check(fields), { clock: clockAt(() => now), heard: async () => heard });

/** Every call since then was heard. */
const since = NOON - 9 * DAY;
const all = { since, listening: since };
const well: Heard = { ...all, last: { at: NOON, ok: true } };

describe('what a config says of a heartbeat', () => {
  it('is looked at each minute, however seldom it calls', () => {
    expect(check()).toMatchObject({
      every: MINUTE,
      period: DAY,
      severity: 'ticket',
      target: '/beat/looked-at',
    });
  });

  it.each([
    ['1d', 2.4 * HOUR],
    ['10m', MINUTE],
    ['5m', MINUTE],
    ['30d', 3 * DAY],
  ])('every %s: its grace is a tenth of that, and at least a minute', (every, grace) => {
    expect(policyOf(check({ every, grace: undefined })).grace).toBe(grace);
  });

  it('needs a token', () => {
    expect(() => accountCheck({ type: 'heartbeat', every: '1d' })).toThrow('token');
  });
});

describe('a heartbeat', () => {
  it.each([
    ['has just called', 0, 'up', []],
    ['is due this second', DAY, 'up', []],
    ['has used up its grace to the millisecond', DAY + HOUR, 'up', []],
    ['is late by a millisecond', DAY + HOUR + 1, 'down', ['heartbeat_missed']],
    ['is late by a second', DAY + HOUR + SECOND, 'down', ['heartbeat_missed']],
  ])('that %s', async (_, after, status, reasons) => {
    expect(await at(well, NOON + after)).toMatchObject({ status, reasons });
  });

  it('that never called is waited for, and then late', async () => {
    const never: Heard = { since: NOON, listening: NOON };
    expect(await at(never, NOON + DAY + HOUR)).toMatchObject({
      status: 'unknown',
      reasons: ['heartbeat_awaited'],
      message: 'It has not called yet; it is late in 0 s.',
    });
    expect(await at(never, NOON + DAY + HOUR + SECOND)).toMatchObject({
      status: 'down',
      message: 'It has never called, and is waited for since 1 d 1 h; it should call every 1 d.',
    });
  });

  it('that reports a failure says what the job said; later it is late as any other', async () => {
    const failed: Heard = { ...all, last: { at: NOON, ok: false, message: 'pg_dump: exit code 1' } };
    expect(await at(failed, NOON + MINUTE)).toMatchObject({
      status: 'down',
      reasons: ['heartbeat_failed'],
      message: 'It reported a failure 1 min ago: pg_dump: exit code 1',
    });
    expect(await at(failed, NOON + 2 * DAY)).toMatchObject({ reasons: ['heartbeat_missed'] });
  });

  it.each([
    [2 * HOUR, 'up', []],
    [2 * HOUR + 1, 'degraded', ['too_slow']],
  ])('whose job took %i ms of two hours that it may', async (tookMs, status, reasons) => {
    const took: Heard = { ...all, last: { at: NOON, ok: true, tookMs } };
    expect(await at(took, NOON, { maxDuration: '2h' })).toMatchObject({ status, reasons, facts: { tookMs } });
  });

  it('is not known while the store can’t say: that is our own fault', async () => {
    const gone = async () => {
      throw new Error('the store is away');
    };
    await expect(runAccount(check(), { heard: gone })).rejects.toThrow('the store is away');
  });
});

describe('a heartbeat whose calls may have been lost until some moment', () => {
  const policy = { period: DAY, grace: HOUR };
  const late = (listening: number, last = NOON) =>
    lateAt({ since, listening, last: { at: last, ok: true } }, policy) - NOON;

  it.each([
    ['before it called', -HOUR, DAY + HOUR],
    ['soon after it called', HOUR, DAY + 2 * HOUR],
    ['while it was due', DAY, 2 * DAY + HOUR],
    ['again and again: twice as long, and no longer', DAY + 23 * HOUR, 2 * DAY + HOUR],
    ['for longer than that: a period from then', 9 * DAY, 10 * DAY + HOUR],
  ])('%s', (_, listening, expected) => {
    expect(late(NOON + listening)).toBe(expected);
  });

  it('is not known to be well meanwhile: it is neither accused nor acquitted', async () => {
    const heard = { ...well, listening: NOON + DAY };
    expect(await at(heard, NOON + DAY + HOUR)).toMatchObject({ status: 'up' });
    expect(await at(heard, NOON + DAY + HOUR + SECOND)).toMatchObject({
      status: 'unknown',
      reasons: ['heartbeat_awaited'],
      message: 'Nothing was heard for 1 d 1 h, but calls may have been lost; it is late in 23 h 59 min.',
    });
    expect(await at(heard, NOON + 2 * DAY + HOUR + 1)).toMatchObject({ status: 'down' });
  });

  it('that reported a failure has failed all the same', async () => {
    const heard = { since, listening: NOON + DAY, last: { at: NOON, ok: false } };
    expect(await at(heard, NOON + 2 * DAY)).toMatchObject({ reasons: ['heartbeat_failed'] });
  });
});

it('is late exactly from when it says that it will be, never sooner than it should call, nor later than a period after we listen', () => {
  const policy = { period: DAY, grace: HOUR };
  const moment = fc.integer({ min: 0, max: NOON });
  const heard = fc.record(
    { since: moment, listening: moment, last: fc.record({ at: moment, ok: fc.boolean() }) },
    { requiredKeys: ['since', 'listening'] },
  );
  fc.assert(
    fc.property(heard, fc.integer({ min: -DAY, max: DAY }), (known, off) => {
      const late = lateAt(known, policy);
      const from = known.last?.at ?? known.since;
      expect(late).toBeGreaterThanOrEqual(from + DAY + HOUR);
      expect(late).toBeLessThanOrEqual(Math.max(from, known.listening) + DAY + HOUR);
      const reasons = heartbeatIssues(known, policy, late + off).map(({ reason }) => reason);
      expect(reasons.includes('heartbeat_missed')).toBe(off > 0);
    }),
  );
});
