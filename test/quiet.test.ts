import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import type { QuietHours, Route } from '../lib/config/compiled.ts';
import { isQuiet } from '../lib/quiet.ts';
import { configOf, World } from './kit/world.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const quiet = (from: number, to: number, more: Partial<QuietHours> = {}): QuietHours => ({
  from: from * 60,
  to: to * 60,
  timeZone: 'UTC',
  weekends: false,
  ...more,
});
/** A Thursday. */
const at = (time: string, day = '2026-11-26') => Date.parse(`${day}T${time}Z`);

describe('it is quiet', () => {
  it.each<[string, QuietHours, number, boolean]>([
    ['over midnight, before it', quiet(22, 7), at('23:00'), true],
    ['over midnight, after it', quiet(22, 7), at('06:59:59'), true],
    ['not from its end on', quiet(22, 7), at('07:00'), false],
    ['from its beginning on', quiet(22, 7), at('22:00'), true],
    ['not in between', quiet(22, 7), at('12:00'), false],
    ['within a day', quiet(12, 13), at('12:30'), true],
    ['all day, where both are the same', quiet(8, 8), at('12:00'), true],
    ['by the clock of people', quiet(22, 7, { timeZone: 'Asia/Tokyo' }), at('14:00'), true],
    ['in summer, too', quiet(22, 7, { timeZone: 'Europe/Berlin' }), at('20:30', '2026-07-01'), true],
    ['and in winter an hour later', quiet(22, 7, { timeZone: 'Europe/Berlin' }), at('20:30'), false],
    ['all Saturday', quiet(22, 7, { weekends: true }), at('12:00', '2026-11-28'), true],
    ['until Monday morning', quiet(22, 7, { weekends: true }), at('06:00', '2026-11-30'), true],
    ['not on a Saturday that is as any day', quiet(22, 7), at('12:00', '2026-11-28'), false],
  ])('%s', (_, hours, now, expected) => {
    expect(isQuiet(hours, now)).toBe(expected);
  });

  it('never, where nobody says so', () => expect(isQuiet(undefined, at('03:00'))).toBe(false));

  it('for as many minutes of a day as it says, whatever these are', () => {
    const minute = fc.integer({ min: 0, max: 1_439 });
    fc.assert(
      fc.property(minute, minute, (from, to) => {
        const hours = { ...quiet(0, 0), from, to };
        const day = Array.from({ length: 1_440 }, (_, i) => isQuiet(hours, at('00:00') + i * MINUTE));
        expect(day.filter(Boolean)).toHaveLength((to - from + 1_440) % 1_440 || 1_440);
      }),
      { numRuns: 20 },
    );
  });
});

/** Two checks, of which one is only a ticket; it is two in the morning. */
async function atNight(routes: readonly Route[] = [], to = 7) {
  const base = configOf(['api', 'batch']);
  const checks = base.checks.map((check) =>
    check.id === 'batch' ? { ...check, severity: 'ticket' as const, tags: ['nightly'] } : check,
  );
  const world = new World({ config: { ...base, checks, routes, quietHours: quiet(22, to) } });
  const now = world.clock.now();
  await world.clock.advance(at('02:00', '2026-12-03') - now);
  await world.boot();
  await world.clock.advance(2 * MINUTE);
  const told = (receiver: string) =>
    world.notices
      .filter((one) => one.receiver === receiver)
      .map(({ notice }) => `${notice.kind} ${notice.incident.title}`);
  return { world, told };
}

test('a page never waits; a ticket is told in the morning, if it is still so', async () => {
  const { world, told } = await atNight();
  world.targets.set('api', 'down');
  world.targets.set('batch', 'down');
  await world.clock.advance(HOUR);
  expect(told('pagerduty')).toEqual(['page api is down']);
  expect(told('webhook')).toEqual(['page api is down']);
  const held = world.snapshot.incidents.find(({ check }) => check === 'batch');
  expect(held?.timeline.map(({ text }) => text)).toContain(
    'Nobody is told in quiet hours, since it can wait: batch is down.',
  );
  await world.clock.advance(4 * HOUR);
  expect(told('webhook')).toEqual(['page api is down', 'ticket batch is down']);
  await world.stop();
});

test('what is over by the morning is told to nobody', async () => {
  const { world, told } = await atNight();
  world.targets.set('batch', 'down');
  await world.clock.advance(HOUR);
  world.targets.set('batch', 'up');
  await world.clock.advance(6 * HOUR);
  expect(told('webhook')).toEqual([]);
  await world.stop();
});

test('routes choose by tag, and for checks as for alarms: what is to be told to nobody isn’t, and ends all the same', async () => {
  const routes: Route[] = [
    { match: { tag: 'nightly' }, severity: 'none' },
    { match: { source: 'check', name: 'api', severity: 'page' }, notify: ['webhook'] },
  ];
  const { world, told } = await atNight(routes);
  world.targets.set('api', 'down');
  world.targets.set('batch', 'down');
  await world.clock.advance(HOUR);
  expect(told('pagerduty')).toEqual([]);
  expect(told('webhook')).toEqual(['page api is down']);
  world.targets.set('api', 'up');
  await world.clock.advance(HOUR);
  expect(told('webhook').at(-1)).toBe('resolve api is down');
  await world.stop();
});
