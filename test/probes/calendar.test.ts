import { describe, expect, it } from 'vitest';
import { ageIssues } from '../../lib/probes/ages.ts';
import { timeOf } from '../../lib/probes/dates.ts';
import { heartbeatIssues } from '../../lib/probes/heartbeat.ts';

/** H05: what calendars do changes nothing in how old something is. Ages are of the time that has passed. */

const SECOND = 1_000;
const HOUR = 3_600 * SECOND;
const DAY = 24 * HOUR;
const REASONS = { over: 'backup_too_old', soon: 'backup_due_soon' } as const;

describe('a daily job at the same hour of Berlin', () => {
  const policy = { period: DAY, grace: 0.1 * DAY };
  it.each([
    ['the clocks go back: 25 hours', '2026-10-24T03:00:00+02:00', '2026-10-25T03:00:00+01:00', 25],
    ['the clocks go forward: 23 hours', '2027-03-27T03:30:00+01:00', '2027-03-28T03:30:00+02:00', 23],
    ['a leap day', '2028-02-28T03:00:00+01:00', '2028-02-29T03:00:00+01:00', 24],
    ['a year ends', '2026-12-31T03:00:00+01:00', '2027-01-01T03:00:00+01:00', 24],
  ])('%s, and it is not late', (_, last, next, hours) => {
    const [from, to] = [Date.parse(last), Date.parse(next)];
    expect((to - from) / HOUR).toBe(hours);
    const heard = { since: from, listening: from, last: { at: from, ok: true } };
    expect(heartbeatIssues(heard, policy, to)).toEqual([]);
  });
});

describe('a backup of at most 26 hours', () => {
  it.each([
    ['over the end of a year', '2026-12-31T00:00:00Z'],
    ['over a leap day', '2028-02-28T23:00:00Z'],
    ['over the end of February in 2100, which has no leap day', '2100-02-28T12:00:00Z'],
    ['over the night in which New York’s clocks go back', '2026-11-01T00:30:00-04:00'],
    ['over the second that was inserted at the end of 2016', '2016-12-31T12:00:00Z'],
  ])('%s: exact to the second', (_, made) => {
    const at = Date.parse(made);
    const issues = (age: number) => ageIssues('It', at, { maxAge: 26 * HOUR }, at + age, REASONS);
    expect(issues(26 * HOUR)).toEqual([]);
    expect(issues(26 * HOUR + SECOND).map(({ reason }) => reason)).toEqual(['backup_too_old']);
  });
});

it.each<[string, unknown, string | undefined]>([
  ['a leap day', '2028-02-29T00:00:00Z', '2028-02-29T00:00:00.000Z'],
  ['a leap day that is none', '2027-02-29T00:00:00Z', undefined],
  ['the 31st of a month of 30', '2026-11-31T00:00:00Z', undefined],
  ['midnight at the end of a day', '2026-12-31T24:00:00Z', '2027-01-01T00:00:00.000Z'],
  ['a time with its zone', '2026-10-25T02:30:00+02:00', '2026-10-25T00:30:00.000Z'],
  ['the same hour once more', '2026-10-25T02:30:00+01:00', '2026-10-25T01:30:00.000Z'],
  ['a date of HTTP', 'Tue, 29 Feb 2028 23:59:59 GMT', '2028-02-29T23:59:59.000Z'],
  ['seconds', 1_900_000_000, '2030-03-17T17:46:40.000Z'],
  ['seconds in ms', 1_900_000_000_000, '2030-03-17T17:46:40.000Z'],
  ['a leap second', '2016-12-31T23:59:60Z', '2017-01-01T00:00:00.000Z'],
])('a date that an API gives: %s', (_, said, at) => {
  const time = timeOf(said, Date.UTC(2026, 10, 26));
  expect(time === undefined ? undefined : new Date(time).toISOString()).toBe(at);
});
