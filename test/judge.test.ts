import { describe, expect, test } from 'vitest';
import { judge, judgeLocation, type Known, sayMs, silentLocations, type Want } from '../lib/judge.ts';
import type { Latest } from '../lib/latest.ts';
import type { Status } from '../lib/reading.ts';
import { checkOf, keptOf, latestOf, MINUTE, NOON, SECOND } from './kit/readings.ts';

/** What one location says: its last three readings, oldest first; `.`: nothing that still counts. */
const SAYS = {
  U: ['up', 'up', 'up'],
  u: ['down', 'down', 'up'],
  D: ['down', 'down', 'down'],
  d: ['up', 'up', 'down'],
  s: ['down', 'down'],
  g: ['degraded', 'degraded', 'degraded'],
  x: ['up', 'up', 'unknown'],
  '.': undefined,
} as const satisfies Record<string, readonly Status[] | undefined>;
type Say = keyof typeof SAYS;

const locationsOf = (n: number) => Array.from({ length: n }, (_, i) => `location-${i}`);

function verdictOf(says: readonly Say[], now = NOON) {
  const locations = locationsOf(says.length);
  const known: Known = new Map(
    says.flatMap((say, i): [string, Latest][] => {
      const statuses = SAYS[say];
      return statuses ? [[`location-${i}`, latestOf(statuses, NOON)]] : [];
    }),
  );
  return judge(checkOf('api', { locations }), known, now);
}

/** Every list of `n` of these. */
function* all<T>(of: readonly T[], n: number): Generator<T[]> {
  if (n === 0) yield [];
  else for (const rest of all(of, n - 1)) for (const one of of) yield [...rest, one];
}

/** The words of the architecture, written down a second time. */
function reference(says: readonly Say[]): { down: Want; status: Status } {
  const n = says.length;
  const count = (...kinds: Say[]) => says.filter((say) => kinds.includes(say)).length;
  const withSay = n - count('.');
  const isMajority = count('D', 'd') > n / 2;
  const isFew = withSay > 0 && withSay <= n / 2 && count('D') === withSay;
  const opens = isMajority || isFew;
  const closes = count('U') > 0 && count('U') >= withSay / 2;
  const status = withSay === 0 ? 'unknown' : opens ? 'down' : count('D', 'd') > 0 ? 'degraded' : 'up';
  return { down: opens ? 'open' : closes ? 'close' : 'hold', status };
}

describe('the verdict of up to five locations', () => {
  test.each([1, 2, 3, 4, 5])('is what the rules say, in every combination of %i', (n) => {
    for (const says of all<Say>(['U', 'u', 'D', 'd', '.'], n)) {
      const { down, status } = verdictOf(says);
      expect({ down, status }, says.join('')).toEqual(reference(says));
    }
  });

  test.each([1, 2, 3, 4, 5])(
    'of which fewer than half lie or are silent: of %i they neither cause nor suppress a page',
    (n) => {
      const liars = Math.ceil(n / 2) - 1;
      for (const lies of all<Say>(['U', 'u', 'D', 'd', 'g', 'x', '.'], liars)) {
        const honest = n - liars;
        const whenUp = verdictOf([...Array<Say>(honest).fill('U'), ...lies]);
        expect(whenUp.down, `up, but ${lies.join('')}`).toBe('close');
        const whenDown = verdictOf([...Array<Say>(honest).fill('d'), ...lies]);
        expect(whenDown.down, `down, but ${lies.join('')}`).toBe('open');
      }
    },
  );

  test.each<[string, string, Want]>([
    ['half of two', 'DU', 'close'],
    ['both of two', 'dd', 'open'],
    ['one of three (A26)', 'DUU', 'close'],
    ['two of three (A27)', 'ddU', 'open'],
    ['half of four', 'DDUU', 'close'],
    ['three of four', 'dddU', 'open'],
    ['half of four, the others silent for a while', 'dd..', 'hold'],
    ['half of four, three times, the others silent', 'DD..', 'open'],
    ['the only one of three that has a say, once', 'd..', 'hold'],
    ['the only one of three that has a say, for the second time since it exists', 's..', 'hold'],
    ['the only one of three that has a say, three times', 'D..', 'open'],
    ['one of the two of five that have a say', 'DU...', 'close'],
    ['two in alternation, now the one', 'duU', 'hold'],
    ['two in alternation, now the other (A30)', 'udU', 'hold'],
  ])('opens at a strict majority of the configured: %s (A28)', (_, says, want) => {
    expect(verdictOf([...says] as Say[]).down).toBe(want);
  });

  test.each<[string, string, Want]>([
    ['all passed twice', 'UUU', 'close'],
    ['one of three passed once', 'uUU', 'close'],
    ['two of three passed once', 'uuU', 'hold'],
    ['half of two passed twice', 'Uu', 'close'],
    ['one passed twice, one is not known', 'Ux', 'close'],
    ['one passed twice, two are silent', 'U..', 'close'],
    ['nobody passed twice', 'u', 'hold'],
    ['nothing is known', 'xx', 'hold'],
    ['nobody says anything', '..', 'hold'],
    ['degraded is passed', 'gg', 'close'],
  ])('closes where at least half of those with a say passed twice: %s', (_, says, want) => {
    expect(verdictOf([...says] as Say[]).down).toBe(want);
  });

  test.each<[string, Status, Want]>([
    ['DUU', 'degraded', 'open'],
    ['gUU', 'up', 'close'],
    ['ggU', 'degraded', 'open'],
    ['g', 'degraded', 'open'],
    ['g..', 'degraded', 'open'],
    ['d..', 'degraded', 'open'],
    ['DDU', 'down', 'hold'],
    ['UUU', 'up', 'close'],
    ['x', 'unknown', 'hold'],
  ])('%s is %s, and a ticket about it would %s', (says, status, degraded) => {
    expect(verdictOf([...says] as Say[])).toMatchObject({ status, degraded });
  });

  test('of a minority says so: partial, who sees it, and why', () => {
    const { evidence } = verdictOf(['D', 'U', 'U']);
    expect(evidence).toMatchObject({ reasons: ['partial'], locations: ['location-0'], of: 3 });
  });
});

test('a location has its say for two intervals and a minute, to the millisecond', () => {
  const say = sayMs(MINUTE);
  expect(say).toBe(3 * MINUTE);
  expect(verdictOf(['D'], NOON + say - 1)).toMatchObject({ status: 'down', unknown: 'close' });
  expect(verdictOf(['D'], NOON + say)).toMatchObject({ status: 'unknown', down: 'hold', unknown: 'open' });
});

test('the trouble began with the first of the readings that tell of it', () => {
  const known = new Map([
    ['a', latestOf(['up', 'down'], NOON - 40 * SECOND)],
    ['b', latestOf(['up', 'down'], NOON - 10 * SECOND)],
  ]);
  expect(judge(checkOf('api', { locations: ['a', 'b'] }), known, NOON).evidence.at).toBe(NOON - 40 * SECOND);
});

describe('what nobody knows', () => {
  const check = checkOf('api', { locations: ['a', 'b'] });
  const blind = (): Latest => {
    const detail = { reasons: ['observer_blind'], message: '', facts: {}, phases: {} };
    return { newest: keptOf('unknown', NOON, { detail }), known: [] };
  };

  test.each<[string, Known, string[], Want]>([
    ['no location ever reported', new Map(), [], 'open'],
    ['one is silent, one can’t tell', new Map([['b', latestOf(['unknown'], NOON)]]), ['a'], 'open'],
    ['all are silent', new Map(), ['a', 'b'], 'hold'],
    ['one is silent, one is blind', new Map([['b', blind()]]), ['a'], 'hold'],
    [
      'all are blind',
      new Map([
        ['a', blind()],
        ['b', blind()],
      ]),
      [],
      'hold',
    ],
    ['one can tell', new Map([['a', latestOf(['up'], NOON)]]), ['b'], 'close'],
  ])('is a ticket of the check unless it is one of the locations: %s', (_, known, silent, want) => {
    expect(judge(check, known, NOON, new Set(silent)).unknown).toBe(want);
  });
});

describe('a silent location', () => {
  const locations = ['a', 'b', 'c'];
  test.each<[string, Record<string, number>, number, string[]]>([
    ['ticked just now', { a: 0, b: 10 * SECOND, c: MINUTE }, 3_600 * SECOND, []],
    ['ticked a millisecond less than three minutes ago', { a: 180_000 - 1, b: 0, c: 0 }, 3_600 * SECOND, []],
    ['ticked three minutes ago', { a: 180_000, b: 0, c: 0 }, 3_600 * SECOND, ['a']],
    ['never ticked', { b: 0, c: 0 }, 3_600 * SECOND, ['a']],
    ['is not accused by a home that has just come back', {}, 179_999, []],
    ['is found three minutes after home came back', { b: 0 }, 180_000, ['a', 'c']],
  ])('%s', (_, agoMs, homeLivesMs, silent) => {
    const last = new Map(Object.entries(agoMs).map(([name, ago]) => [name, NOON - ago]));
    expect([...silentLocations(locations, last, NOON - homeLivesMs, NOON)]).toEqual(silent);
  });
});

describe('a blind location', () => {
  const reading = (status: Status, ago: number, reason?: string) => ({
    reading: keptOf(status, NOON - ago, {
      ...(reason && { detail: { reasons: [reason], message: '', facts: {}, phases: {} } }),
    }),
    every: MINUTE,
  });

  test.each<[string, ReturnType<typeof reading>[], Want]>([
    ['nothing was seen', [], 'hold'],
    ['everything passes', [reading('up', 0)], 'close'],
    ['a target is down', [reading('down', 0, 'connect_refused')], 'hold'],
    ['the canaries fail', [reading('unknown', 0, 'observer_blind')], 'open'],
    ['its resolver is dead', [reading('unknown', 0, 'self_dns')], 'open'],
    ['a check of it is misconfigured', [reading('unknown', 0, 'misconfigured')], 'hold'],
    [
      'it was blind, and something passed since',
      [reading('unknown', 9_000, 'self_fds'), reading('up', 0)],
      'close',
    ],
    ['it passed, and is blind since', [reading('unknown', 0, 'self_fds'), reading('up', 9_000)], 'open'],
    ['it was blind long ago', [reading('unknown', 3 * MINUTE, 'self_fds')], 'hold'],
  ])('%s', (_, readings, want) => {
    expect(judgeLocation(readings, NOON).want).toBe(want);
  });
});

test.each<[string, Partial<Record<string, readonly Status[]>>, number | undefined]>([
  ['that has just begun to fail', { a: ['up', 'up', 'down'] }, NOON],
  ['that failed twice in a row', { a: ['up', 'down', 'down'] }, NOON - MINUTE],
  ['that failed as far as anybody remembers', { a: ['down', 'down', 'down'] }, undefined],
  ['that was never seen before', { a: ['down'] }, undefined],
  ['that passed once in between', { a: ['down', 'degraded', 'down'] }, NOON],
  ['that could not be told in between', { a: ['up', 'down', 'unknown', 'down'] }, NOON - 2 * MINUTE],
  ['that is up', { a: ['down', 'up', 'up'] }, undefined],
  [
    'that comes and goes at one location, while a majority sees it down all the time',
    { a: ['down', 'down', 'down'], b: ['down', 'down', 'down'], c: ['up', 'up', 'down'] },
    undefined,
  ],
  [
    'of which the majority is as new as its newest location',
    { a: ['down', 'down', 'down'], b: ['up', 'down', 'down'], c: ['up', 'up', 'up'] },
    NOON - MINUTE,
  ],
])('a check %s has failed since then', (_, said, since) => {
  const known: Known = new Map(
    Object.entries(said).map(([location, statuses = []]) => [location, latestOf(statuses, NOON)]),
  );
  expect(judge(checkOf('api', { locations: Object.keys(said) }), known, NOON).failingSince).toBe(since);
});
