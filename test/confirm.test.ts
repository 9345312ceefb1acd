import { describe, expect, test } from 'vitest';
import { encode } from '../lib/adapters/aws/sqs-batches.ts';
import { checkSubject } from '../lib/cases.ts';
import type { Check } from '../lib/config/compiled.ts';
import { asksOf, asksOnEarly } from '../lib/confirm.ts';
import { PROBES_AT_ONCE } from '../lib/deployment.ts';
import type { Incident, IncidentClass } from '../lib/incident.ts';
import type { Latest } from '../lib/latest.ts';
import type { Ask, Status } from '../lib/reading.ts';
import { hashOf, shardingOf, shardOf } from '../lib/schedule.ts';
import { worldOf } from './kit/cases.ts';
import { checkOf, HOUR, latestOf, MINUTE, NOON, SECOND } from './kit/readings.ts';

const inWords = (asks: readonly Ask[]): string[] =>
  asks.map(({ location, checks }) => `${location}: ${checks.toSorted().join(' ')}`);

describe('on an early tick home asks', () => {
  const locations = ['a', 'b', 'c'];
  const checks = [
    checkOf('api', { locations, dependsOn: ['dns'] }),
    checkOf('dns', { locations }),
    checkOf('web', { locations }),
  ];
  const early = { location: 'a', at: NOON, checks: ['api'] };

  test('for the check at every other location at once, and for its parents everywhere', () => {
    expect(inWords(asksOnEarly([early], worldOf({ checks })))).toEqual([
      'a: dns',
      'b: api dns',
      'c: api dns',
    ]);
  });

  test.each<[string, Parameters<typeof worldOf>[0], string[]]>([
    ['while it is fresh', { checks, now: NOON + 30 * SECOND - 1 }, ['a: dns', 'b: api dns', 'c: api dns']],
    ['never once it is history', { checks, now: NOON + 30 * SECOND }, []],
    [
      'nothing where that location says down anyway',
      { checks, known: { api: { a: latestOf(['down'], NOON) } } },
      [],
    ],
    [
      'nothing once somebody was told of its outage',
      { checks, open: { [checkSubject('api', 'down')]: { announcedAt: NOON } } },
      [],
    ],
    [
      'the same while its outage is held back: it fails anew, and so may its parent',
      {
        checks,
        known: { api: { a: latestOf(['down', 'up'], NOON) } },
        open: { [checkSubject('api', 'down')]: {} },
      },
      ['a: dns', 'b: api dns', 'c: api dns'],
    ],
    ['nothing about a check that isn’t configured', { checks: [checkOf('web', { locations })] }, []],
    [
      'only where the check runs',
      { checks: [checkOf('api', { locations: ['a', 'b'] }), checkOf('web', { locations: ['c'] })] },
      ['b: api'],
    ],
  ])('%s', (_, scene, asks) => {
    expect(inWords(asksOnEarly([early], worldOf(scene)))).toEqual(asks);
  });

  test('under a name of its own for each set of checks, the same for the same: neither hides the other', () => {
    const world = worldOf({ checks });
    const name = (id: string) => asksOnEarly([{ ...early, checks: [id] }], world).at(-1)?.cause;
    expect(name('api')).not.toBe(name('web'));
    expect(name('api')).toBe(name('api'));
    expect(name('api')).toMatch(/^confirm-/);
  });

  test('each location once for all that came together', () => {
    const others = [
      { location: 'a', at: NOON, checks: ['web'] },
      { location: 'b', at: NOON, checks: ['web', 'api'] },
    ];
    expect(inWords(asksOnEarly([early, ...others], worldOf({ checks })))).toEqual([
      'a: api dns web',
      'b: api dns web',
      'c: api dns web',
    ]);
  });

  test('what is history asks for nothing, and what is not asks all the same', () => {
    const old = { ...early, at: NOON - 30 * SECOND, checks: ['web'] };
    expect(inWords(asksOnEarly([old, early], worldOf({ checks })))).toEqual(
      inWords(asksOnEarly([early], worldOf({ checks }))),
    );
  });
});

describe('many checks are asked for in portions', () => {
  const ids = Array.from({ length: 1_000 }, (_, n) => `${n}-${'é'.repeat(97)}`);
  const checks = ids.map((id) => checkOf(id, { locations: ['a', 'b'] }));
  const world = worldOf({ checks });
  const asks = asksOnEarly([{ location: 'a', at: NOON, checks: ids }], world);

  test('each of as many as a probe runs at once, under a name of its own', () => {
    expect(asks.flatMap((ask) => ask.checks).toSorted()).toEqual(ids.toSorted());
    expect(Math.max(...asks.map((ask) => ask.checks.length))).toBe(PROBES_AT_ONCE);
    expect(asks).toHaveLength(Math.ceil(1_000 / PROBES_AT_ONCE));
    expect(new Set(asks.map(({ cause }) => cause)).size).toBe(asks.length);
  });

  test('far smaller than what a queue takes', () => {
    for (const ask of asks) expect(encode({ kind: 'ask', ask }).length).toBeLessThan(26_214);
  });

  test('and of shards that lie together, so that they make few ticks', () => {
    const sharding = shardingOf(ids);
    const shards = new Set(ids.map((id) => shardOf(hashOf(id), sharding)));
    const ticks = asks.map((ask) => new Set(ask.checks.map((id) => shardOf(hashOf(id), sharding))).size);
    expect(ticks.reduce((sum, n) => sum + n, 0)).toBeLessThan(asks.length + shards.size);
  });

  test('every minute, too', () => {
    const rare = checks.map((check) => ({ ...check, every: HOUR }));
    const renewed = asksOf(worldOf({ checks: rare, since: 0 }));
    expect(renewed.flatMap((ask) => ask.checks)).toHaveLength(2_000);
    expect(Math.max(...renewed.map((ask) => ask.checks.length))).toBe(PROBES_AT_ONCE);
  });
});

describe('every minute home asks for', () => {
  const asked = (
    check: Check,
    latest: Latest | undefined,
    open: readonly IncidentClass[] = [],
    more = {},
  ): boolean => {
    const openedAt = NOON - 9 * MINUTE;
    const incidents = open.map((kind): [string, Partial<Incident>] => [
      checkSubject(check.id, kind),
      { openedAt },
    ]);
    const known = latest ? { [check.id]: { local: latest } } : {};
    return (
      asksOf(worldOf({ checks: [check], known, open: Object.fromEntries(incidents), ...more })).length > 0
    );
  };
  const rare = checkOf('api', { every: HOUR });
  const often = checkOf('api', { every: 30 * SECOND });
  const seen = (ago: number, ...statuses: Status[]) => latestOf(statuses, NOON - ago, HOUR);

  test.each<[string, boolean, boolean]>([
    ['an hourly check that is well: no', asked(rare, seen(0, 'up')), false],
    ['one whose reading is missing', asked(rare, undefined), true],
    ['one whose reading is due: not yet', asked(rare, seen(HOUR + MINUTE, 'up')), false],
    ['one whose reading is overdue', asked(rare, seen(HOUR + MINUTE + 1, 'up')), true],
    ['one with an open outage', asked(rare, seen(0, 'up'), ['down']), true],
    ['one that is down at a minority', asked(rare, seen(0, 'up', 'down'), ['degraded']), true],
    ['one that can’t be told', asked(rare, seen(0, 'unknown'), ['unknown']), true],
    ['one that this location alone can’t tell', asked(rare, seen(0, 'up', 'unknown')), true],
    [
      'one that couldn’t be told for ten minutes: not any more',
      asked(rare, latestOf(['up', 'unknown'], NOON, HOUR + 10 * MINUTE)),
      false,
    ],
    ['one that is merely slow: no', asked(rare, seen(0, 'degraded'), ['degraded']), false],
    [
      'a check of every 30 s that is down: no, it runs anyway',
      asked(often, seen(0, 'down'), ['down']),
      false,
    ],
    ['one whose readings don’t come', asked(often, seen(90 * SECOND + 1, 'up')), true],
    [
      'one that is new: no, it is due within the minute',
      asked(often, undefined, [], { since: NOON - MINUTE }),
      false,
    ],
    [
      'one that has brought no reading for longer',
      asked(often, undefined, [], { since: NOON - 2 * MINUTE }),
      true,
    ],
    ['nothing at other locations', asked(checkOf('api', { locations: [] }), undefined), false],
  ])('%s', (_, isAsked, expected) => {
    expect(isAsked).toBe(expected);
  });

  test('not longer than ten minutes for what is down or unknown without an outage', () => {
    const scene = (ago: number) =>
      worldOf({
        checks: [rare],
        known: { api: { local: latestOf(['up', 'down'], NOON, HOUR) } },
        open: { [checkSubject('api', 'degraded')]: { openedAt: NOON - ago } },
      });
    expect(asksOf(scene(10 * MINUTE - 1))).toHaveLength(1);
    expect(asksOf(scene(10 * MINUTE))).toHaveLength(0);
  });

  test('the parents of those as well, where they don’t run each minute anyway', () => {
    const child = checkOf('api', { every: HOUR, dependsOn: ['dns', 'net'] });
    const known = { dns: { local: seen(0, 'up') }, net: { local: latestOf(['up'], NOON) } };
    const world = worldOf({ checks: [child, checkOf('dns', { every: HOUR }), checkOf('net')], known });
    expect(inWords(asksOf(world))).toEqual(['local: api dns']);
  });
});
