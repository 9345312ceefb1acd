import { describe, expect, test } from 'vitest';
import type { Receiver } from '../lib/config/compiled.ts';
import { append, type Cursor, end, type Incident } from '../lib/incident.ts';
import { incidentView } from '../lib/incident-view.ts';
import { incidentOf, OPENED_AT } from './kit/notice.ts';
import { MINUTE, SECOND } from './kit/readings.ts';
import { PAGERDUTY, WEBHOOK } from './kit/receivers.ts';

const cursorOf = (receiver: Receiver, more: Partial<Cursor> = {}): Cursor => ({
  receiver,
  done: 2,
  attempts: 0,
  nextAt: OPENED_AT,
  since: OPENED_AT,
  uncertain: false,
  ...more,
});

/** Opened, and announced after so long, with these words. */
function announced(more: Partial<Incident> = {}, { after = 0, text = 'Public API is down.' } = {}): Incident {
  const opened = append(incidentOf(more), OPENED_AT, 'opened', 'Public API is down.');
  return append(opened, OPENED_AT + after, opened.severity, text);
}

/** Its timeline: seconds since it opened, kind, text. */
const lines = (incident: Incident): string[] =>
  incidentView(incident).timeline.map(
    ({ at, kind, text }) => `${(at - OPENED_AT) / SECOND} ${kind}: ${text}`,
  );

describe('the timeline says each thing once', () => {
  test('that it opened, for whom the page is, and when each of them accepted it', () => {
    const delivery = {
      pagerduty: cursorOf(PAGERDUTY, {
        announcedAt: OPENED_AT + 2 * SECOND,
        resolvedAt: OPENED_AT + 63 * SECOND,
      }),
      webhook: cursorOf(WEBHOOK, { announcedAt: OPENED_AT + SECOND }),
    };
    expect(
      lines(end(announced({ delivery }), OPENED_AT + MINUTE, 'Public API is well again after 1 min.')),
    ).toEqual([
      '0 opened: Public API is down.',
      '0 page: A page for pagerduty, webhook.',
      '1 paged: webhook accepted the page.',
      '2 paged: pagerduty accepted the page.',
      '60 resolved: Public API is well again after 1 min.',
      '63 accepted: pagerduty accepted that it is over.',
    ]);
  });

  test('of a ticket', () => {
    const delivery = { webhook: cursorOf(WEBHOOK, { announcedAt: OPENED_AT + SECOND }) };
    expect(lines(announced({ severity: 'ticket', delivery })).slice(1)).toEqual([
      '0 ticket: A ticket for webhook.',
      '1 ticketed: webhook accepted the ticket.',
    ]);
  });

  test('that nobody hears of it', () => {
    expect(lines(announced()).at(-1)).toBe('0 page: A page, which nobody hears of.');
  });

  test('and what is told where it is something else by then', () => {
    const delivery = { webhook: cursorOf(WEBHOOK) };
    expect(lines(announced({ delivery }, { after: MINUTE, text: 'Public API is down: 503.' })).at(-1)).toBe(
      '60 page: A page for webhook: Public API is down: 503.',
    );
  });
});

describe('who has not accepted it', () => {
  const waiting = { done: 1, attempts: 3, since: OPENED_AT + 9 * SECOND, lastError: 'It answered 503.' };

  test('stands there with the reason, until it does', () => {
    const delivery = { webhook: cursorOf(WEBHOOK, waiting) };
    expect(lines(announced({ delivery })).at(-1)).toBe(
      '9 waiting: Not delivered to webhook yet: It answered 503.',
    );
    const taken = { webhook: cursorOf(WEBHOOK, { ...waiting, done: 2, attempts: 0 }) };
    expect(lines(announced({ delivery: taken })).join()).not.toContain('yet');
  });

  test('is an entry of its own where it refused, and isn’t said twice', () => {
    const refused = { ...waiting, lastError: 'It answered 403.', refused: 'It answered 403.' };
    expect(lines(announced({ delivery: { webhook: cursorOf(WEBHOOK, refused) } }))).toHaveLength(2);
  });
});

describe('of one that flaps', () => {
  test.each([
    [1, 'once'],
    [7, '7 times'],
  ])('how often it came back: %i', (flaps, words) => {
    expect(lines(announced({ flaps, failingSince: OPENED_AT + MINUTE })).at(-1)).toBe(
      `60 flaps: It was well and failed again, ${words} so far.`,
    );
  });

  test('since when it is well, and why that isn’t its end', () => {
    expect(lines(announced({ flapping: true, quietSince: OPENED_AT + MINUTE })).at(-1)).toBe(
      '60 quiet: Well again. It is watched for ten minutes before this is called resolved, because it came back before.',
    );
  });
});

test('what holds it back is there for the operator', () => {
  expect(incidentView(announced({ heldBy: 'maintenance' })).heldBy).toBe('maintenance');
  expect(incidentView(announced())).not.toHaveProperty('heldBy');
});
