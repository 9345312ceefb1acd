import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { append, type Cursor, type EntryKind, end, type Incident } from '../lib/incident.ts';
import type { Outcome } from '../lib/notifiers/define.ts';
import {
  attemptDue,
  begun,
  ended,
  isDue,
  isPending,
  isUntold,
  nextDue,
  nextEntry,
  undelivered,
  waitingSince,
} from '../lib/outbox.ts';
import { incidentOf, OPENED_AT } from './kit/notice.ts';
import { PAGERDUTY, WEBHOOK } from './kit/receivers.ts';

const RUNS = Number(process.env.WATCHBILL_RUNS ?? 300);
const MINUTE = 60_000;
const HOUR = 3_600_000;
const DAY = 86_400_000;

const ACCEPTED: Outcome = { outcome: 'accepted' };
const FAILED: Outcome = { outcome: 'retry', why: 'It answered 503.', uncertain: false };
const LOST: Outcome = { outcome: 'retry', why: 'No answer.', uncertain: true };
const REVOKED: Outcome = { outcome: 'refused', why: 'It answered 403.', final: false };
const INVALID: Outcome = { outcome: 'refused', why: 'It answered 400.', final: true };

const cursorOf = (some: Partial<Cursor> = {}): Cursor => ({
  receiver: PAGERDUTY,
  done: 1,
  attempts: 0,
  nextAt: OPENED_AT,
  since: OPENED_AT,
  uncertain: false,
  ...some,
});

/** An incident to which all this has happened, a minute apart. */
const incidentWith = (...kinds: EntryKind[]): Incident =>
  kinds.reduce<Incident>(
    (incident, kind, i) =>
      kind === 'resolved'
        ? end(incident, OPENED_AT + i * MINUTE, 'It is well again.')
        : append(incident, OPENED_AT + i * MINUTE, kind, kind),
    incidentOf(),
  );

/** Makes one attempt at what is next. */
function attempted(incident: Incident, cursor: Cursor, outcome: Outcome, now: number, random = 1): Cursor {
  const entry = nextEntry(incident, cursor);
  if (!entry) throw new Error('nothing is to be told');
  return ended(incident, begun(cursor, cursor.receiver), entry, outcome, { now, random }) ?? cursor;
}

describe('what a receiver is told next', () => {
  test.each<[string, Cursor['receiver'], number, EntryKind[], number | undefined]>([
    ['PagerDuty: the page', PAGERDUTY, 0, ['opened', 'page'], 2],
    ['PagerDuty: no updates', PAGERDUTY, 2, ['opened', 'page', 'update'], undefined],
    ['PagerDuty: reminders', PAGERDUTY, 2, ['opened', 'page', 'update', 'reminder'], 4],
    ['PagerDuty: the end', PAGERDUTY, 2, ['opened', 'page', 'update', 'resolved'], 4],
    ['a webhook: the ticket', WEBHOOK, 0, ['opened', 'held', 'ticket'], 3],
    ['a webhook: updates', WEBHOOK, 2, ['opened', 'page', 'update'], 3],
    ['a webhook: no reminders', WEBHOOK, 2, ['opened', 'page', 'reminder'], undefined],
    ['nobody: that it opened, was held and ended', WEBHOOK, 0, ['opened', 'held', 'ended'], undefined],
  ])('%s', (_, receiver, done, kinds, seq) => {
    const cursor = cursorOf({ receiver, done });
    expect(nextEntry(incidentWith(...kinds), cursor)?.seq).toBe(seq);
    expect(isPending({ ...incidentWith(...kinds), delivery: { it: cursor } })).toBe(seq !== undefined);
  });

  test('the resolve once more, while it is to be repeated', () => {
    const cursor = cursorOf({ done: 3, repeatAt: OPENED_AT + HOUR, nextAt: OPENED_AT });
    const incident = append(
      incidentWith('opened', 'page', 'resolved'),
      OPENED_AT + HOUR,
      'update',
      'refused',
    );
    expect(nextEntry(incident, cursor)?.kind).toBe('resolved');
    expect(attemptDue(incident, cursor)).toBe(OPENED_AT + HOUR);
  });
});

test('what has waited longest is the first message that any receiver has yet to take', () => {
  const told = incidentWith('opened', 'page', 'update', 'resolved');
  const sinceOf = (...done: number[]) =>
    waitingSince({
      ...told,
      delivery: Object.fromEntries(
        done.map((seq, i) => [`receiver ${i}`, cursorOf({ receiver: WEBHOOK, done: seq })]),
      ),
    });
  expect(sinceOf(1)).toBe(OPENED_AT + MINUTE);
  expect(sinceOf(4, 2)).toBe(OPENED_AT + 2 * MINUTE);
  expect(sinceOf(4, 4)).toBeUndefined();
  expect(sinceOf()).toBeUndefined();
});

test.each<[string, Incident, Cursor, number | undefined]>([
  ['an open one always', incidentWith('opened', 'page'), cursorOf({ done: 2 }), OPENED_AT],
  [
    'one that is over and told never',
    incidentWith('opened', 'page', 'resolved'),
    cursorOf({ done: 3 }),
    undefined,
  ],
  [
    'one that is over and not told at the next attempt',
    incidentWith('opened', 'page', 'resolved'),
    cursorOf({ nextAt: OPENED_AT + HOUR }),
    OPENED_AT + HOUR,
  ],
])('of incidents, the store lists %s', (_, incident, cursor, due) => {
  expect(nextDue({ ...incident, delivery: { it: cursor } })).toBe(due);
});

test.each<[string, number, EntryKind[], boolean]>([
  ['before the page', 1, ['opened', 'page'], true],
  ['after it', 2, ['opened', 'page', 'resolved'], false],
  ['before the ticket', 0, ['opened', 'held', 'ticket'], true],
])('nothing is taken yet %s', (_, done, kinds, untold) => {
  expect(isUntold(incidentWith(...kinds), cursorOf({ done }))).toBe(untold);
});

describe('a failed attempt', () => {
  const page = incidentWith('opened', 'page');

  test('is repeated after 1 s, then twice as long each time up to a minute, less up to a half', () => {
    for (const [random, share] of [
      [1, 1],
      [0.5, 0.75],
      [0, 0.5],
    ] as const) {
      let cursor = cursorOf();
      const waits = Array.from({ length: 9 }, () => {
        cursor = attempted(page, cursor, FAILED, OPENED_AT, random);
        return cursor.nextAt - OPENED_AT;
      });
      const seconds = [1, 2, 4, 8, 16, 32, 60, 60, 60];
      expect(waits).toEqual(seconds.map((s) => s * 1_000 * share));
    }
  });

  test.each([
    ['longer than it would have', 120_000, 120_000],
    ['shorter than it would have', 10, 1_000],
  ])('waits as the receiver asks, %s', (_, retryAfterMs, waitMs) => {
    const cursor = attempted(page, cursorOf(), { ...FAILED, retryAfterMs }, OPENED_AT);
    expect(cursor.nextAt).toBe(OPENED_AT + waitMs);
  });

  test('is counted, and what was said is kept until one is accepted', () => {
    const failed = attempted(page, cursorOf({ attempts: 3 }), FAILED, OPENED_AT);
    expect(failed).toMatchObject({ attempts: 4, lastError: 'It answered 503.', done: 1 });
    const { lastError, attempts, done } = attempted(page, failed, ACCEPTED, OPENED_AT);
    expect({ lastError, attempts, done }).toEqual({ lastError: undefined, attempts: 0, done: 2 });
  });
});

describe('a refusal', () => {
  const incident = incidentWith('opened', 'page', 'resolved');

  test('that can be mended keeps everything in its place, and is asked again after 15 minutes', () => {
    const cursor = attempted(incident, cursorOf(), REVOKED, OPENED_AT);
    expect(cursor).toMatchObject({ done: 1, nextAt: OPENED_AT + 15 * MINUTE, refused: 'It answered 403.' });
    expect(nextEntry(incident, cursor)?.kind).toBe('page');
  });

  test('for good gives up this entry, and the next one follows at once', () => {
    const cursor = attempted(incident, cursorOf(), INVALID, OPENED_AT);
    expect(cursor).toMatchObject({ done: 2, nextAt: OPENED_AT, attempts: 0, refused: 'It answered 400.' });
    expect(nextEntry(incident, cursor)?.kind).toBe('resolved');
  });

  test('is over once something is accepted', () => {
    const cursor = attempted(incident, cursorOf({ refused: 'It answered 403.' }), ACCEPTED, OPENED_AT);
    expect(cursor.refused).toBeUndefined();
  });

  test('of the repeated resolve ends the repeating', () => {
    const cursor = cursorOf({ done: 3, repeatAt: OPENED_AT, uncertain: true });
    expect(nextEntry(incident, attempted(incident, cursor, REVOKED, OPENED_AT))).toBeUndefined();
  });
});

describe('where an attempt may have arrived unseen', () => {
  const incident = incidentWith('opened', 'page', 'resolved');
  const now = OPENED_AT + HOUR;
  /** Makes an attempt with each outcome in turn, five minutes apart. */
  const through = (cursor: Cursor, ...outcomes: Outcome[]): Cursor =>
    outcomes.reduce(
      (current, outcome, i) => attempted(incident, current, outcome, now + i * 5 * MINUTE),
      cursor,
    );

  test.each<[string, Cursor, Outcome[], boolean]>([
    ['nothing was lost: it is not', cursorOf(), [ACCEPTED, ACCEPTED], false],
    ['the page failed for certain: it is not', cursorOf(), [FAILED, ACCEPTED, ACCEPTED], false],
    ["the page's answer was lost", cursorOf(), [LOST, ACCEPTED, ACCEPTED], true],
    ['its own answer was lost', cursorOf(), [ACCEPTED, LOST, ACCEPTED], true],
    ['a process died in an attempt', cursorOf({ inFlight: true }), [ACCEPTED, ACCEPTED], true],
    ['it was repeated: no more', cursorOf(), [LOST, ACCEPTED, ACCEPTED, ACCEPTED], false],
    ['the repetition was lost', cursorOf(), [LOST, ACCEPTED, ACCEPTED, LOST], true],
    ['the second repetition arrived: no more', cursorOf(), [LOST, ACCEPTED, ACCEPTED, LOST, ACCEPTED], false],
  ])('the resolve is repeated: %s', (_, cursor, outcomes, repeated) => {
    expect(nextEntry(incident, through(cursor, ...outcomes))?.kind).toBe(repeated ? 'resolved' : undefined);
  });

  test('it is repeated five minutes after it was accepted', () => {
    const cursor = through(cursorOf({ uncertain: true }), ACCEPTED, ACCEPTED);
    expect(attemptDue(incident, cursor)).toBe(now + 5 * MINUTE + 5 * MINUTE);
  });
});

describe('an attempt that ends after another process had the entry accepted', () => {
  const page = { seq: 2, at: OPENED_AT, kind: 'page' as const, text: '' };
  const late = (incident: Incident, done: number, outcome: Outcome) =>
    ended(incident, cursorOf({ done }), page, outcome, { now: OPENED_AT + HOUR, random: 0 });

  test.each<[string, Outcome]>([
    ['accepted', ACCEPTED],
    ['perhaps accepted', LOST],
  ])('%s: where all is told already, the resolve follows once more', (_, outcome) => {
    const incident = incidentWith('opened', 'page', 'resolved');
    const cursor = late(incident, 3, outcome) ?? cursorOf();
    expect(attemptDue(incident, cursor)).toBe(OPENED_AT + HOUR + 5 * MINUTE);
  });

  test.each<[string, EntryKind[]]>([
    ['is yet to come', ['opened', 'page']],
    ['is not told yet', ['opened', 'page', 'resolved']],
  ])('where the resolve %s, it is the one that is repeated', (_, kinds) => {
    const cursor = late(incidentWith(...kinds), 2, LOST);
    expect(cursor).toMatchObject({ uncertain: true });
    expect(cursor?.repeatAt).toBeUndefined();
  });

  test.each<[string, Outcome]>([
    ['failed', FAILED],
    ['refused', REVOKED],
    ['refused for good', INVALID],
  ])('%s: nothing changes', (_, outcome) => {
    expect(late(incidentWith('opened', 'page', 'resolved'), 3, outcome)).toBeUndefined();
  });
});

describe('reminders that waited', () => {
  const both = { ...PAGERDUTY, updates: true };
  test.each<[string, Cursor['receiver'], EntryKind[], EntryKind | undefined]>([
    [
      'are done with once the page is taken',
      PAGERDUTY,
      ['page', 'reminder', 'update', 'reminder'],
      undefined,
    ],
    ['do not take the end with them', PAGERDUTY, ['page', 'reminder', 'reminder', 'resolved'], 'resolved'],
    ['do not take news with them', both, ['page', 'reminder', 'update', 'reminder'], 'update'],
    ['are done with once a later one is taken', PAGERDUTY, ['reminder', 'reminder', 'resolved'], 'resolved'],
  ])('%s', (_, receiver, kinds, next) => {
    const incident = incidentWith('opened', ...kinds);
    const cursor = attempted(incident, cursorOf({ receiver }), ACCEPTED, OPENED_AT + DAY);
    expect(nextEntry(incident, cursor)?.kind).toBe(next);
  });
});

test('a clock that is set back postpones no attempt by more than the difference of two clocks (F26)', () => {
  const incident = incidentWith('opened', 'page');
  const cases = fc.record({
    outcome: fc.constantFrom<Outcome>(FAILED, LOST, REVOKED, { ...FAILED, retryAfterMs: 900_000 }),
    passed: fc.nat(900_000),
    back: fc.oneof(fc.nat(60_000), fc.nat(30 * DAY)),
  });
  fc.assert(
    fc.property(cases, ({ outcome, passed, back }) => {
      const cursor = attempted(incident, cursorOf(), outcome, OPENED_AT);
      const left = cursor.nextAt - OPENED_AT - passed;
      const now = OPENED_AT + passed - back;
      const waitMs = isDue(incident, cursor, now) ? 0 : (attemptDue(incident, cursor) ?? 0) - now;
      expect(waitMs).toBeLessThanOrEqual(Math.max(0, left) + Math.min(back, passed + 5_000));
    }),
    { numRuns: RUNS },
  );
});

test('whatever comes of the attempts, each entry is taken, in order, and the end is the last word', () => {
  const outcome = fc.oneof(
    { weight: 3, arbitrary: fc.constant<Outcome | 'dies'>(ACCEPTED) },
    fc.constantFrom<Outcome | 'dies'>(FAILED, LOST, REVOKED, 'dies'),
  );
  const kinds = fc.array(fc.constantFrom<EntryKind>('update', 'reminder', 'held'), { maxLength: 6 });
  const cases = fc.record({
    kinds,
    outcomes: fc.array(outcome, { maxLength: 25 }),
    receiver: fc.constantFrom<Cursor['receiver']>(PAGERDUTY, WEBHOOK),
  });
  fc.assert(
    fc.property(cases, ({ kinds, outcomes, receiver }) => {
      const incident = incidentWith('opened', 'page', ...kinds, 'resolved');
      const taken: EntryKind[] = [];
      let cursor = cursorOf({ receiver });
      let doubtful = false;
      for (const outcome of [...outcomes, ...new Array<Outcome>(20).fill(ACCEPTED)]) {
        const entry = nextEntry(incident, cursor);
        if (!entry) break;
        const now = Math.max(cursor.nextAt, attemptDue(incident, cursor) ?? 0);
        if (outcome === 'dies') cursor = begun(cursor, receiver);
        else cursor = attempted(incident, cursor, outcome, now);
        doubtful ||= outcome === 'dies' || outcome === LOST;
        if (outcome === ACCEPTED) taken.push(entry.kind);
      }
      expect(nextEntry(incident, cursor)).toBeUndefined();
      const words = taken.join(' ');
      if (receiver === PAGERDUTY) expect(words).toMatch(/^page( reminder)* resolved( resolved)*$/);
      else expect(words).toMatch(/^page( update)* resolved( resolved)*$/);
      const updates = receiver === WEBHOOK ? kinds.filter((kind) => kind === 'update').length : 0;
      expect(taken.filter((kind) => kind === 'update')).toHaveLength(updates);
      expect(taken.filter((kind) => kind === 'resolved').length).toBeLessThanOrEqual(doubtful ? 2 : 1);
    }),
    { numRuns: RUNS },
  );
});

describe('a receiver that has refused', () => {
  const page = incidentWith('opened', 'page');
  const refused = attempted(page, cursorOf(), REVOKED, OPENED_AT);

  test.each<[string, number, number]>([
    ['before: in a quarter of an hour', OPENED_AT, 15 * MINUTE],
    ['later: at once', OPENED_AT + 1, 1],
    ['an hour later: it was asked by itself long since', OPENED_AT + HOUR, 15 * MINUTE],
  ])('and was mended %s', (_, mendedAt, dueAfter) => {
    expect(attemptDue(page, refused, mendedAt)).toBe(OPENED_AT + dueAfter);
    expect(isDue(page, refused, OPENED_AT + dueAfter, mendedAt)).toBe(true);
    expect(isDue(page, refused, OPENED_AT + dueAfter - 1, mendedAt)).toBe(false);
  });

  test('once, and failed for another reason since, waits as anybody does', () => {
    const failed = attempted(page, refused, FAILED, OPENED_AT + MINUTE);
    expect(attemptDue(page, failed, OPENED_AT + HOUR)).toBe(failed.nextAt);
  });
});

describe('that a receiver has not taken something', () => {
  const page = incidentWith('opened', 'page');
  const told = append(page, OPENED_AT, 'update', 'It is not delivered.', 'pagerduty');
  const [pagerduty, webhook] = [
    cursorOf({ receiver: { ...PAGERDUTY, updates: true }, done: 2, refused: 'It answered 403.' }),
    cursorOf({ receiver: WEBHOOK, done: 2 }),
  ];
  const heard = (incident: Incident, cursor: Cursor): boolean => nextEntry(incident, cursor) !== undefined;

  test('is news for the others, and never for itself', () => {
    const incident = { ...told, delivery: { pagerduty, webhook } };
    expect([heard(incident, webhook), heard(incident, pagerduty)]).toEqual([true, false]);
    expect(undelivered(incident)).toBe(1);
  });

  test('is no news once it has taken it', () => {
    const { refused: _, ...mended } = pagerduty;
    const incident = { ...told, delivery: { pagerduty: mended, webhook } };
    expect(heard(incident, webhook)).toBe(false);
    expect(isPending(incident)).toBe(false);
  });
});

test('what has yet to be taken is counted by receiver and message; a resolve that is repeated was taken', () => {
  const over = incidentWith('opened', 'page', 'update', 'resolved');
  const [pagerduty, webhook] = [cursorOf(), cursorOf({ receiver: WEBHOOK })];
  expect(undelivered({ ...over, delivery: { pagerduty, webhook } })).toBe(5);
  const repeated = cursorOf({ done: 4, repeatAt: OPENED_AT + HOUR });
  expect(undelivered({ ...over, delivery: { pagerduty: repeated } })).toBe(0);
});

test('a receiver has heard of an incident with what it accepts first, and of its end with the resolve', () => {
  const incident = incidentWith('opened', 'page', 'reminder', 'resolved');
  const refused = attempted(incident, cursorOf(), INVALID, OPENED_AT);
  expect(refused).not.toHaveProperty('announcedAt');
  const reminded = attempted(incident, refused, ACCEPTED, OPENED_AT + HOUR);
  expect(reminded).toMatchObject({ announcedAt: OPENED_AT + HOUR });
  const over = attempted(incident, reminded, ACCEPTED, OPENED_AT + 2 * HOUR);
  expect(over).toMatchObject({ announcedAt: OPENED_AT + HOUR, resolvedAt: OPENED_AT + 2 * HOUR });
});
