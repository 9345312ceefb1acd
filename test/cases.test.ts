import { describe, expect, test } from 'vitest';
import { casesOf, checkSubject, locationCases } from '../lib/cases.ts';
import type { Maintenance } from '../lib/config/compiled.ts';
import type { Latest } from '../lib/latest.ts';
import { type Scene, worldOf } from './kit/cases.ts';
import { checkOf, latestOf, MINUTE, NOON, SECOND } from './kit/readings.ts';

const DOWN = checkSubject('api', 'down');

/** The case of one class of the check `api`. */
function caseOf(scene: Scene, kind = 'down') {
  const world = worldOf(scene);
  const check = world.check('api');
  return check && casesOf(check, world).find((one) => one.class === kind);
}

describe('a window of maintenance', () => {
  const window = (more: Partial<Maintenance> = {}): Maintenance =>
    ({ checks: ['api'], title: undefined, from: NOON, to: NOON + MINUTE, ...more }) as Maintenance;
  const known = { api: { local: latestOf(['down'], NOON) } };

  test.each<[string, Maintenance, number, string | undefined]>([
    ['of the check, at its first millisecond', window(), NOON, 'maintenance'],
    ['at its last', window(), NOON + MINUTE - 1, 'maintenance'],
    ['that is over', window(), NOON + MINUTE, undefined],
    ['of everything', window({ checks: '*' }), NOON, 'maintenance'],
    ['of another check', window({ checks: ['web'] }), NOON, undefined],
  ])('%s', (_, maintenance, now, heldBy) => {
    const scene = { checks: [checkOf('api')], known, now, config: { maintenance: [maintenance] } };
    for (const kind of ['down', 'degraded', 'unknown'])
      expect(caseOf(scene, kind)?.heldBy, kind).toBe(heldBy);
  });
});

describe('a check that depends on another', () => {
  const checks = [checkOf('api', { dependsOn: ['dns'] }), checkOf('dns', { name: 'DNS' })];
  /** The child was first seen failing a minute ago. */
  const since = NOON - MINUTE;
  const open = { [DOWN]: { failedAt: since, openedAt: since + 10 * SECOND } };

  test.each<[string, Latest | undefined, number, string | undefined]>([
    ['that is down', latestOf(['down'], NOON - SECOND), NOON, 'depends on DNS'],
    ['that has been down for long', latestOf(['down', 'down'], NOON), NOON + MINUTE, 'depends on DNS'],
    [
      'that was up before, and hasn’t been looked at since',
      latestOf(['up'], since - 1),
      NOON,
      'depends on DNS',
    ],
    ['that was seen up after its first failure', latestOf(['up'], since), NOON, undefined],
    ['that was seen degraded after it', latestOf(['degraded'], since), NOON, undefined],
    ['that can’t be told for a minute', latestOf(['up', 'unknown'], since), NOON, 'depends on DNS'],
    [
      'that can’t be told again and again, for two minutes',
      latestOf(['up', 'unknown', 'unknown', 'unknown'], NOON),
      NOON,
      undefined,
    ],
    ['that can’t be told for two minutes', latestOf(['up', 'unknown'], NOON - 2 * MINUTE), NOON, undefined],
    ['that nobody has ever looked at, for less than two minutes', undefined, NOON, 'depends on DNS'],
    ['that nobody has ever looked at, for longer', undefined, NOON + MINUTE + 10 * SECOND, undefined],
    ['whose last word was too long ago to count', latestOf(['up'], NOON - 5 * MINUTE), NOON, undefined],
    [
      'whose last word counted until two minutes ago',
      latestOf(['up'], NOON - 5 * MINUTE + 1),
      NOON,
      'depends on DNS',
    ],
  ])('%s', (_, parent, now, heldBy) => {
    const known = { api: { local: latestOf(['down'], now) }, ...(parent && { dns: { local: parent } }) };
    expect(caseOf({ checks, known, open, now })?.heldBy).toBe(heldBy);
  });

  test('is not held once it is up, and never where its parent is not configured any more', () => {
    const known = { api: { local: latestOf(['up', 'up'], NOON) }, dns: { local: latestOf(['down'], NOON) } };
    expect(caseOf({ checks, known, open })).toMatchObject({ want: 'close', heldBy: undefined });
    const failing = { api: { local: latestOf(['down'], NOON) } };
    expect(
      caseOf({ checks: [checks[0] as (typeof checks)[0]], known: failing, open })?.heldBy,
    ).toBeUndefined();
  });

  test('of two parents is held by the one that isn’t well', () => {
    const two = [
      checkOf('api', { dependsOn: ['dns', 'net'] }),
      checkOf('dns'),
      checkOf('net', { name: 'Net' }),
    ];
    const known = {
      api: { local: latestOf(['down'], NOON) },
      dns: { local: latestOf(['up'], NOON) },
      net: { local: latestOf(['down'], NOON) },
    };
    expect(caseOf({ checks: two, known, open })?.heldBy).toBe('depends on Net');
  });

  test('needs its parent up at half of the locations that have a say', () => {
    const far = checks.map((check) => ({ ...check, locations: ['a', 'b', 'c'] }));
    const at = (...statuses: ('up' | 'down')[]) =>
      Object.fromEntries(statuses.map((status, i) => ['abc'[i], latestOf([status], NOON)]));
    const heldBy = (dns: Record<string, Latest>) =>
      caseOf({ checks: far, known: { api: at('down', 'down', 'down'), dns }, open })?.heldBy;
    expect(heldBy(at('up', 'down', 'down'))).toBe('depends on DNS');
    expect(heldBy(at('up', 'down'))).toBeUndefined();
  });
});

test('a ticket about a check waits as long as the config says, a page waits for nothing', () => {
  const judge = { tries: 4, over: 10_000, degradedAfter: 5 * MINUTE, unknownAfter: 7 * MINUTE };
  const cases = casesOf(checkOf('api'), worldOf({ checks: [checkOf('api')], config: { judge } }));
  expect(cases.map((one) => [one.class, one.severity, one.announceAfter])).toEqual([
    ['down', 'page', 0],
    ['degraded', 'ticket', 5 * MINUTE],
    ['unknown', 'ticket', 7 * MINUTE],
  ]);
});

test.each<[string, Latest | undefined, number, string]>([
  ['that has yet to run', undefined, 2 * MINUTE, 'hold'],
  ['whose time to run is over', undefined, 3 * MINUTE, 'open'],
  ['that was up before', latestOf(['up'], NOON - 5 * MINUTE), 2 * MINUTE, 'hold'],
  ['that was tried in vain', latestOf(['unknown'], NOON - MINUTE), 2 * MINUTE, 'open'],
  ['that has run', latestOf(['up', 'up'], NOON - MINUTE), 2 * MINUTE, 'close'],
])('a check %s, of which nothing else is known, wants its ticket so', (_, latest, age, want) => {
  const known = latest ? { api: { local: latest } } : {};
  const world = worldOf({ checks: [checkOf('api')], begun: NOON - age, known });
  expect(casesOf(checkOf('api'), world).at(-1)).toMatchObject({ class: 'unknown', want });
});

describe('locations', () => {
  const wants = (silent: readonly string[], locations: readonly string[]) => {
    const world = worldOf({ checks: [checkOf('api', { locations })], silent });
    return locationCases(world, () => []).flatMap(({ subject, want, severity }) =>
      subject.endsWith('blind') ? [] : [`${subject} ${want} ${severity}`],
    );
  };

  test('one of three that is silent is a ticket (A29)', () => {
    expect(wants(['b'], ['a', 'b', 'c'])).toEqual([
      'location/a/silent close ticket',
      'location/b/silent open ticket',
      'location/c/silent close ticket',
      'locations/silent close page',
    ]);
  });

  test('two of three that are silent are a page', () => {
    expect(wants(['a', 'b'], ['a', 'b', 'c'])).toEqual([
      'location/a/silent hold ticket',
      'location/b/silent hold ticket',
      'location/c/silent close ticket',
      'locations/silent open page',
    ]);
  });

  test('half of two is no majority; one machine is a majority of one', () => {
    expect(wants(['a'], ['a', 'b'])).toContain('locations/silent close page');
    expect(wants(['local'], ['local'])).toContain('locations/silent open page');
  });

  test('a blind one is a ticket of its own once it lasts, with its reason (A25)', () => {
    const detail = { reasons: ['observer_blind'], message: 'No canary answered.', facts: {}, phases: {} };
    const latest = latestOf(['unknown'], NOON);
    const reading = { ...latest.newest, detail };
    const world = worldOf({ checks: [checkOf('api')] });
    const [blind] = locationCases(world, () => [{ reading, every: MINUTE }]);
    expect(blind).toMatchObject({
      subject: 'location/local/blind',
      want: 'open',
      severity: 'ticket',
      announceAfter: 600_000,
      evidence: { reasons: ['observer_blind'], message: 'No canary answered.', locations: ['local'] },
    });
  });
});
