import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Maintenance } from '../lib/config/compiled.ts';
import { inMaintenance, maintenanceBetween } from '../lib/maintenance.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const at = (iso: string) => Date.parse(`${iso}Z`);

const once = (from: string, to: string, checks: Maintenance['checks'] = '*'): Maintenance => ({
  checks,
  title: undefined,
  from: at(from),
  to: at(to),
});
const cron = (expression: string, minutes: number, timeZone = 'Europe/Berlin'): Maintenance => ({
  checks: '*',
  title: undefined,
  cron: expression,
  timeZone,
  for: minutes * MINUTE,
});

describe('a check is in maintenance', () => {
  it.each<[title: string, window: Maintenance, time: string, inside: boolean]>([
    ['before its start', once('2026-12-01T02:00', '2026-12-01T04:00'), '2026-12-01T01:59:59.999', false],
    ['from its start', once('2026-12-01T02:00', '2026-12-01T04:00'), '2026-12-01T02:00', true],
    ['to the last moment', once('2026-12-01T02:00', '2026-12-01T04:00'), '2026-12-01T03:59:59.999', true],
    ['not at its end', once('2026-12-01T02:00', '2026-12-01T04:00'), '2026-12-01T04:00', false],
    [
      'of the checks it names',
      once('2026-12-01T02:00', '2026-12-01T04:00', ['db', 'api']),
      '2026-12-01T03:00',
      true,
    ],
    ['and of no others', once('2026-12-01T02:00', '2026-12-01T04:00', ['db']), '2026-12-01T03:00', false],
    ['before a cron start', cron('0 3 * * SUN', 30), '2026-01-04T01:59:59.999', false],
    ['from a cron start, in its zone', cron('0 3 * * SUN', 30), '2026-01-04T02:00', true],
    ['between two seconds', cron('0 3 * * SUN', 30), '2026-01-04T02:00:00.001', true],
    ['to its last moment', cron('0 3 * * SUN', 30), '2026-01-04T02:29:59.999', true],
    ['not at its end', cron('0 3 * * SUN', 30), '2026-01-04T02:30', false],
    ['not on another day', cron('0 3 * * SUN', 30), '2026-01-05T02:00', false],
    ['an hour earlier in summer', cron('0 3 * * SUN', 30), '2026-07-05T01:15', true],
    ['over midnight and the end of the year', cron('0 23 31 12 *', 120), '2026-12-31T23:30', true],
    ['when one window follows on another', cron('*/5 * * * *', 5), '2026-01-04T02:04:59.999', true],
  ])('%s', (_, window, time, inside) => {
    expect(inMaintenance([window], 'api', at(time))).toBe(inside);
  });

  it('as soon as one of several windows says so', () => {
    expect(
      inMaintenance(
        [once('2026-01-01T00:00', '2026-01-01T01:00'), cron('0 0 * * *', 60, 'UTC')],
        'api',
        at('2026-05-01T00:30'),
      ),
    ).toBe(true);
    expect(inMaintenance([], 'api', at('2026-05-01T00:30'))).toBe(false);
  });
});

describe('windows when the clocks change', () => {
  const starts = (window: Maintenance, from: string, to: string) =>
    maintenanceBetween([window], at(from), at(to)).map(
      (stretch) =>
        `${new Date(stretch.from).toISOString().slice(5, 16)} ${(stretch.to - stretch.from) / MINUTE}`,
    );

  it('a time that does not exist comes at the first one after the gap, and lasts as long as always', () => {
    expect(starts(cron('30 2 * * *', 60), '2026-03-28T00:00', '2026-03-31T00:00')).toEqual([
      '03-28T01:30 60',
      '03-29T01:00 60',
      '03-30T00:30 60',
    ]);
  });

  it('a time that exists twice comes once', () => {
    expect(starts(cron('30 2 * * *', 60), '2026-10-24T00:00', '2026-10-27T00:00')).toEqual([
      '10-24T00:30 60',
      '10-25T00:30 60',
      '10-26T01:30 60',
    ]);
  });
});

describe('the stretches that a page shows', () => {
  it('are those that overlap, in the order of their start, each whole', () => {
    const windows = [
      cron('0 12 * * *', 60, 'UTC'),
      once('2026-01-01T10:00', '2026-01-02T12:30', ['db']),
      once('2025-01-01T00:00', '2025-01-02T00:00'),
    ];
    expect(maintenanceBetween(windows, at('2026-01-01T12:30'), at('2026-01-02T12:30'))).toEqual([
      { checks: ['db'], title: undefined, from: at('2026-01-01T10:00'), to: at('2026-01-02T12:30') },
      { checks: '*', title: undefined, from: at('2026-01-01T12:00'), to: at('2026-01-01T13:00') },
      { checks: '*', title: undefined, from: at('2026-01-02T12:00'), to: at('2026-01-02T13:00') },
    ]);
  });

  it('are not those that only touch', () => {
    const window = [once('2026-01-01T10:00', '2026-01-01T11:00'), cron('0 10 1 1 *', 60, 'UTC')];
    expect(maintenanceBetween(window, at('2026-01-01T11:00'), at('2026-01-01T12:00'))).toEqual([]);
    expect(maintenanceBetween(window, at('2026-01-01T09:00'), at('2026-01-01T10:00'))).toEqual([]);
  });

  it('are one where one follows on another', () => {
    const [stretch, ...others] = maintenanceBetween(
      [cron('*/30 9-11 * * *', 30, 'UTC')],
      at('2026-01-01T08:00'),
      at('2026-01-01T20:00'),
    );
    expect(stretch).toMatchObject({ from: at('2026-01-01T09:00'), to: at('2026-01-01T12:00') });
    expect(others).toEqual([]);
  });
});

it('both questions agree, whatever was asked before', () => {
  const windows = [
    cron('*/7 2,3 * * *', 5),
    cron('0 3 * * SUN', 30),
    cron('15 1-4 25 10 *', 45),
    cron('30 2 29 3 *', 120),
  ];
  const times = fc.array(fc.integer({ min: at('2026-03-28T00:00'), max: at('2026-10-27T00:00') }), {
    minLength: 1,
    maxLength: 5,
  });
  fc.assert(
    fc.property(fc.constantFrom(...windows), times, (window, asked) => {
      for (const time of asked) {
        const inside = maintenanceBetween([{ ...window }], time - 3 * HOUR, time + HOUR).some(
          ({ from, to }) => from <= time && time < to,
        );
        expect(inMaintenance([window], 'api', time)).toBe(inside);
      }
    }),
  );
});
