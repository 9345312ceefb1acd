import { describe, expect, test } from 'vitest';
import type { Receiver } from '../lib/config/compiled.ts';
import { advance, append, type Case, end, type Incident, isVisible } from '../lib/incident.ts';
import type { Want } from '../lib/judge.ts';
import { HOUR, MINUTE, NOON, SECOND } from './kit/readings.ts';

const PAGERDUTY: Receiver = {
  name: 'pagerduty',
  type: 'pagerduty',
  hears: 'pages',
  updates: false,
  remind: 4 * HOUR,
};
const WEBHOOK: Receiver = { name: 'webhook', type: 'webhook', hears: 'everything', updates: true };

interface Step
  extends Partial<Pick<Case, 'heldBy' | 'announceAfter' | 'severity' | 'class' | 'failingSince'>> {
  /** Since the step before, ms. */
  readonly after?: number;
  readonly want: Want;
  readonly reasons?: readonly string[];
  readonly locations?: readonly string[];
  readonly receivers?: readonly Receiver[];
}

/** The incidents of one subject after these steps, oldest first. */
function lived(...steps: readonly Step[]): Incident[] {
  const incidents: Incident[] = [];
  let now = NOON;
  for (const step of steps) {
    now += step.after ?? 0;
    const next = advance(incidents.at(-1), caseOf(step, now), {
      now,
      installation: 'test',
      quiet: false,
      receivers: step.receivers ?? [PAGERDUTY, WEBHOOK],
    });
    if (next && next.n === incidents.at(-1)?.n) incidents.pop();
    if (next) incidents.push(next);
  }
  return incidents;
}

const caseOf = (
  { want, reasons = ['connect_refused'], locations = ['local'], ...more }: Step,
  at: number,
): Case => ({
  subject: 'check/api/down',
  class: 'down',
  severity: 'page',
  want,
  title: 'API is down',
  runbook: '/runbooks/http',
  evidence: { at, reasons, message: '', locations, of: 3, facts: {} },
  heldBy: undefined,
  announceAfter: 0,
  ...more,
});

const kinds = (incidents: readonly Incident[]): string[] =>
  incidents.map(({ timeline }) => timeline.map(({ kind }) => kind).join(' '));

const repeat = (count: number, step: Step): Step[] => Array.from({ length: count }, () => step);

describe('the timeline', () => {
  test.each<[string, Step[], string[]]>([
    ['nothing is wrong', [{ want: 'close' }, { want: 'hold' }], []],
    ['an outage', [{ want: 'open' }, { after: MINUTE, want: 'close' }], ['opened page resolved']],
    ['seen again and again', repeat(20, { after: SECOND, want: 'open' }), ['opened page']],
    [
      'nobody can tell meanwhile',
      [{ want: 'open' }, ...repeat(9, { after: MINUTE, want: 'hold' })],
      ['opened page'],
    ],
    [
      'held by a window, which ends before the outage',
      [
        { want: 'open', heldBy: 'maintenance' },
        { after: MINUTE, want: 'open', heldBy: 'maintenance' },
        { after: MINUTE, want: 'open' },
        { after: MINUTE, want: 'close' },
      ],
      ['opened held page resolved'],
    ],
    [
      'held, and over before anybody was told: no page, no resolve',
      [
        { want: 'open', heldBy: 'depends on dns' },
        { after: MINUTE, want: 'close' },
      ],
      ['opened held ended'],
    ],
    [
      'no longer held, but it isn’t known to be down any more',
      [
        { want: 'open', heldBy: 'maintenance' },
        { after: MINUTE, want: 'hold' },
        { after: MINUTE, want: 'close' },
      ],
      ['opened held ended'],
    ],
    [
      'a window that begins later holds neither the end nor anything else',
      [
        { want: 'open' },
        { after: MINUTE, want: 'open', heldBy: 'maintenance' },
        { after: MINUTE, want: 'close' },
      ],
      ['opened page resolved'],
    ],
    [
      'held by one thing after the other',
      [
        { want: 'open', heldBy: 'depends on dns' },
        { want: 'open', heldBy: 'depends on dns' },
        { want: 'open', heldBy: 'maintenance' },
        { want: 'open' },
      ],
      ['opened held held page'],
    ],
    [
      'a ticket is announced once it has lasted, not before',
      [
        { want: 'open', severity: 'ticket', announceAfter: 10 * MINUTE },
        { after: 10 * MINUTE - 1, want: 'open', severity: 'ticket', announceAfter: 10 * MINUTE },
        { after: 1, want: 'open', severity: 'ticket', announceAfter: 10 * MINUTE },
        { after: MINUTE, want: 'close' },
      ],
      ['opened ticket resolved'],
    ],
    [
      'it didn’t last: nobody hears of it',
      [
        { want: 'open', severity: 'ticket', announceAfter: 10 * MINUTE },
        { after: 9 * MINUTE, want: 'close' },
      ],
      ['opened ended'],
    ],
    [
      'two outages eleven minutes apart',
      [{ want: 'open' }, { want: 'close' }, { after: 11 * MINUTE, want: 'open' }, { want: 'close' }],
      ['opened page resolved', 'opened page resolved'],
    ],
  ])('of %s', (_, steps, expected) => {
    expect(kinds(lived(...steps))).toEqual(expected);
  });

  test('flapping is two incidents, not sixty', () => {
    const hour = Array.from({ length: 30 }, (): Step[] => [
      { after: MINUTE, want: 'open' },
      { after: MINUTE, want: 'close' },
    ]).flat();
    const incidents = lived(...hour, { after: 9 * MINUTE, want: 'close' }, { after: MINUTE, want: 'close' });
    expect(kinds(incidents)).toEqual(['opened page resolved', 'opened page resolved']);
    expect(incidents.map(({ flaps }) => flaps)).toEqual([0, 28]);
    const [, second] = incidents;
    expect(second?.closedAt).toBe(NOON + 70 * MINUTE);
  });

  test.each<[string, Step[], boolean]>([
    ['nine minutes of quiet', [{ want: 'close' }, { after: 9 * MINUTE, want: 'close' }], false],
    ['ten minutes of quiet', [{ want: 'close' }, { after: 10 * MINUTE, want: 'close' }], true],
    [
      'ten minutes in which nobody could tell for a while',
      [{ want: 'close' }, { after: 5 * MINUTE, want: 'hold' }, { after: 5 * MINUTE, want: 'close' }],
      true,
    ],
    [
      'a bad verdict in between',
      [
        { want: 'close' },
        { after: 5 * MINUTE, want: 'open' },
        { after: 5 * MINUTE, want: 'close' },
        { after: 9 * MINUTE, want: 'close' },
      ],
      false,
    ],
  ])('of a flapping one closes after ten minutes without a bad verdict: %s', (_, steps, isClosed) => {
    const flapping: Step[] = [{ want: 'open' }, { want: 'close' }, { after: MINUTE, want: 'open' }];
    expect(lived(...flapping, ...steps).at(-1)?.closedAt !== undefined).toBe(isClosed);
  });

  test('a held one that flaps is not paged while it is quiet', () => {
    const held: Step = { want: 'open', heldBy: 'maintenance' };
    const steps: Step[] = [held, { want: 'close' }, { after: MINUTE, ...held }, { want: 'close' }];
    expect(kinds(lived(...steps, { after: 5 * MINUTE, want: 'close' })).at(-1)).toBe('opened held');
  });
});

describe('those who were told', () => {
  test('are reminded every four hours, as the receiver wants it', () => {
    const day = repeat(24 * 60, { after: MINUTE, want: 'open' });
    const [incident] = lived({ want: 'open' }, ...day);
    const reminders = incident?.timeline.filter(({ kind }) => kind === 'reminder') ?? [];
    expect(reminders.map(({ at }) => (at - NOON) / HOUR)).toEqual([4, 8, 12, 16, 20, 24]);
  });

  test('are not reminded while it is held back, quiet, or where no receiver wants it', () => {
    const day = repeat(24, { after: HOUR, want: 'open' });
    expect(
      kinds(
        lived({ want: 'open', receivers: [WEBHOOK] }, ...day.map((s) => ({ ...s, receivers: [WEBHOOK] }))),
      ),
    ).toEqual(['opened page']);
    expect(kinds(lived(...day.map((step) => ({ ...step, heldBy: 'maintenance' }))))).toEqual(['opened held']);
  });

  test('hear of changes at most every ten minutes, of the one that stands then', () => {
    const seen = (after: number, ...locations: string[]): Step => ({ after, want: 'open', locations });
    const [incident] = lived(
      seen(0, 'a'),
      seen(MINUTE, 'a', 'b'),
      seen(MINUTE, 'a', 'b', 'c'),
      seen(8 * MINUTE, 'a', 'c'),
      seen(MINUTE, 'b'),
      seen(8 * MINUTE, 'a', 'c'),
      seen(30 * MINUTE, 'a', 'c'),
    );
    expect(kinds([incident as Incident])).toEqual(['opened page update']);
    expect(incident?.timeline.at(-1)).toMatchObject({ at: NOON + 10 * MINUTE });
    expect(incident?.evidence.locations).toEqual(['a', 'c']);
  });

  test('hear of a change that came too soon once ten minutes are over', () => {
    const [incident] = lived(
      { want: 'open' },
      { after: 5 * MINUTE, want: 'open', reasons: ['cert_expired'] },
      { after: 5 * MINUTE, want: 'open', reasons: ['cert_expired'] },
    );
    expect(kinds([incident as Incident])).toEqual(['opened page update']);
    expect(incident?.evidence.reasons).toEqual(['cert_expired']);
  });

  test('are told what is known when they are told, not when it opened', () => {
    const [incident] = lived(
      { want: 'open', heldBy: 'maintenance', locations: ['a'] },
      { after: MINUTE, want: 'open', locations: ['a', 'b'] },
    );
    expect(incident?.evidence.locations).toEqual(['a', 'b']);
    expect(incident?.timeline.at(-1)?.text).toContain('2 of 3: a, b');
  });

  test('are the receivers that hear of such an incident, also one that is added later, and nobody twice (D13)', () => {
    const pager = lived({ want: 'open', receivers: [PAGERDUTY] });
    expect(Object.keys(pager[0]?.delivery ?? {})).toEqual(['pagerduty']);
    const [later] = lived({ want: 'open', receivers: [PAGERDUTY] }, { after: MINUTE, want: 'open' });
    expect(Object.keys(later?.delivery ?? {})).toEqual(['pagerduty', 'webhook']);
    expect(kinds([later as Incident])).toEqual(['opened page']);
    const [ticket] = lived({ want: 'open', severity: 'ticket' });
    expect(Object.keys(ticket?.delivery ?? {})).toEqual(['webhook']);
    const [lessSevere] = lived({ want: 'open' }, { after: MINUTE, want: 'open', severity: 'ticket' });
    expect(kinds([lessSevere as Incident])).toEqual(['opened page']);
  });
});

describe('the next incident', () => {
  test('is opened only once the one before is closed, and counts on', () => {
    const incidents = lived(
      { want: 'open' },
      { want: 'open' },
      { want: 'close' },
      { after: HOUR, want: 'open' },
    );
    expect(incidents.map(({ n }) => n)).toEqual([1, 2]);
    expect(incidents[0]?.closedAt).toBe(NOON);
  });

  test('has a key of its own, which never changes', () => {
    const [first, second] = lived({ want: 'open' }, { want: 'close' }, { want: 'open' }) as [
      Incident,
      Incident,
    ];
    expect(first.key).not.toBe(second.key);
    expect(first.key).toMatch(/^[0-9a-f]{40}$/);
    expect(lived({ want: 'open' }, { after: MINUTE, want: 'close' })[0]?.key).toBe(first.key);
    const elsewhere = advance(undefined, caseOf({ want: 'open' }, NOON), {
      now: NOON,
      installation: 'b',
      quiet: false,
      receivers: [],
    });
    expect(elsewhere?.key).not.toBe(first.key);
  });
});

test('people see an outage at once, anything else once somebody was told', () => {
  const visible = (step: Step) => lived(step).map(isVisible);
  expect(visible({ want: 'open', heldBy: 'maintenance' })).toEqual([true]);
  expect(visible({ want: 'open', class: 'degraded', announceAfter: MINUTE })).toEqual([false]);
  expect(visible({ want: 'open', class: 'degraded' })).toEqual([true]);
});

describe('a timeline of more than 200 entries', () => {
  const opened = lived({ want: 'open' })[0] as Incident;
  const grown = (incident: Incident, count: number) => {
    let now = incident;
    for (let i = 0; i < count; i++) now = append(now, NOON + i, i % 2 ? 'update' : 'reminder', `${i}`);
    return now;
  };

  test.each([
    ['heard', 1_000],
    ['unheard', 0],
  ])('keeps what matters, however much was %s', (_, done) => {
    const delivery = Object.fromEntries(
      Object.entries(opened.delivery).map(([name, cursor]) => [name, { ...cursor, done }]),
    );
    const { timeline } = end(grown({ ...opened, delivery }, 500), NOON + HOUR, 'It is well again.');
    expect(timeline).toHaveLength(200);
    expect(timeline.slice(0, 2).map(({ kind }) => kind)).toEqual(['opened', 'page']);
    expect(timeline.at(-1)?.kind).toBe('resolved');
    expect(timeline.map(({ seq }) => seq)).toEqual(timeline.map(({ seq }) => seq).toSorted((a, b) => a - b));
  });

  test('and longest texts still fits into an item', () => {
    const text = '\u{1f525}"'.repeat(2_000);
    let incident = opened;
    for (let i = 0; i < 300; i++) incident = append(incident, NOON, 'update', text);
    expect(JSON.stringify(incident).length).toBeLessThan(390_000);
    expect(incident.timeline.every((entry) => entry.text.isWellFormed())).toBe(true);
  });
});

describe('a clock that was set back by an hour', () => {
  const back = (want: Want, more: Partial<Step> = {}): Step => ({ after: -HOUR, want, ...more });

  test.each<[string, Step[], string]>([
    ['delays no page', [{ want: 'open', heldBy: 'maintenance' }, back('open')], 'opened held page'],
    [
      'delays no ticket',
      [
        { want: 'open', severity: 'ticket', announceAfter: MINUTE },
        back('open', { severity: 'ticket', announceAfter: MINUTE }),
      ],
      'opened ticket',
    ],
    ['keeps nothing from closing', [{ want: 'open' }, back('close')], 'opened page resolved'],
  ])('%s', (_, steps, expected) => {
    expect(kinds(lived(...steps)).at(-1)).toBe(expected);
  });

  test('starts the ten quiet minutes anew', () => {
    const flapping: Step[] = [{ want: 'open' }, { want: 'close' }, { want: 'open' }, { want: 'close' }];
    const closed = lived(...flapping, back('close'), { after: 10 * MINUTE, want: 'close' });
    expect(kinds(closed).at(-1)).toBe('opened page resolved');
    expect(kinds(lived(...flapping, back('close'), { after: 9 * MINUTE, want: 'close' })).at(-1)).toBe(
      'opened page',
    );
  });
});

describe('the texts stand alone', () => {
  const texts = (...steps: readonly Step[]): string[] =>
    lived(...steps).flatMap(({ timeline }) => timeline.map(({ text }) => text));

  test('of an outage that something holds back', () => {
    const held: Step[] = [
      { want: 'open', heldBy: 'maintenance' },
      { want: 'open', heldBy: 'depends on DNS' },
    ];
    expect(texts(...held, { after: 5 * SECOND, want: 'close' }).slice(1)).toEqual([
      'Nobody is told while its maintenance lasts: API is down.',
      'Nobody is told yet, since it depends on DNS, which is not known to be well: API is down.',
      'Over after 5 s: API is down.',
    ]);
  });

  test('of a reminder', () => {
    expect(texts({ want: 'open' }, { after: 4 * HOUR, want: 'open' }).at(-1)).toBe(
      'Still open after 4 h: API is down.',
    );
  });

  test('of the end of a check’s outage; what is watched after a flapping is no part of it', () => {
    const check = { id: 'api', name: 'API', type: 'http', target: '', group: undefined, public: true };
    const about = (incident: Incident): Incident => ({ ...incident, check });
    const [opened] = lived({ want: 'open' });
    const closing = caseOf({ want: 'close' }, NOON);
    const rules = (ms: number) => ({ now: NOON + ms, installation: 'test', quiet: false, receivers: [] });
    expect(advance(about(opened as Incident), closing, rules(5 * SECOND))?.timeline.at(-1)?.text).toBe(
      'API is well again after 5 s.',
    );
    const quiet = { ...about(opened as Incident), flapping: true, quietSince: NOON + MINUTE };
    expect(advance(quiet, closing, rules(11 * MINUTE))?.timeline.at(-1)?.text).toBe(
      'API is well again after 1 min, and has stayed well for 10 min.',
    );
  });
});

test('what held an outage back until its end is remembered; what let it go is not', () => {
  const held: Step = { want: 'open', heldBy: 'maintenance' };
  expect(lived(held, { want: 'close' })[0]?.heldBy).toBe('maintenance');
  expect(lived(held, { want: 'open' }, { want: 'close' })[0]?.heldBy).toBeUndefined();
});

test('the newest stretch of failing is remembered, for as long as no newer one is seen', () => {
  const since = (...stretches: (number | undefined)[]) =>
    lived(
      { want: 'open' },
      ...stretches.map(
        (at): Step => ({ after: MINUTE, want: 'open', ...(at !== undefined && { failingSince: at }) }),
      ),
    )[0]?.failingSince;
  expect(since(undefined)).toBeUndefined();
  expect(since(NOON)).toBeUndefined();
  expect(since(NOON + 1, undefined)).toBe(NOON + 1);
  expect(since(NOON + MINUTE, NOON + 1)).toBe(NOON + MINUTE);
});
