import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Letter, Signal } from '../../lib/signal.ts';
import { readLetter } from '../../lib/signals/index.ts';
import {
  ALARM,
  alarm,
  alarmEvent,
  anomaly,
  band,
  budget,
  composite,
  healthEvent,
  letter,
  NOW,
  TOPIC,
} from './letters.ts';

const DAY = 86_400_000;
const STATE_CHANGED = Date.UTC(2026, 10, 26, 11, 59, 30, 123);
const NOVEMBER_ENDS = Date.UTC(2026, 11, 1);

type Row = readonly [title: string, of: Letter, signal: Partial<Signal>];
const table = (rows: readonly Row[]) =>
  it.each(rows)('%s', (_, of, signal) => {
    expect(readLetter(of)).toMatchObject(signal);
  });

describe('an alarm of CloudWatch', () => {
  const raised = {
    source: 'cloudwatch',
    about: ALARM,
    name: 'checkout-5xx',
    at: STATE_CHANGED,
    state: 'alarm',
  } as const;
  table([
    [
      'of a metric pages, with why, where, and the runbook that its description names',
      letter(alarm()),
      {
        ...raised,
        severity: 'page',
        reason: 'alarm_raised',
        title: 'Alarm: checkout-5xx',
        message: expect.stringContaining('greater than the threshold (5.0).'),
        runbook: 'https://wiki.acme.test/checkout',
        facts: {
          alarm: ALARM,
          region: 'eu-west-1',
          account: '123456789012',
          description: 'Checkout fails. https://wiki.acme.test/checkout',
          console:
            'https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1#alarmsV2:alarm/checkout-5xx',
        },
      },
    ],
    ['that is over', letter(alarm({ NewStateValue: 'OK' })), { ...raised, state: 'ok' }],
    [
      'that cannot tell',
      letter(alarm({ NewStateValue: 'INSUFFICIENT_DATA' })),
      { ...raised, state: 'unknown' },
    ],
    [
      'without a description has the built-in runbook',
      letter(alarm({ AlarmDescription: null })),
      { runbook: '/runbooks/alarm' },
    ],
    [
      'with a description that has no link',
      letter(alarm({ AlarmDescription: 'see the wiki' })),
      { runbook: '/runbooks/alarm' },
    ],
    [
      'without a time is of when it was published',
      letter(alarm({ StateChangeTime: undefined })),
      { at: NOW },
    ],
    ['with a time that is none', letter(alarm({ StateChangeTime: 'soon' })), { at: NOW }],
    ['with fields of the future', letter(alarm({ NewField: { deep: [1] } })), raised],
    ['of a band is a ticket', letter(band()), { severity: 'ticket', name: 'invocations-band' }],
    [
      'of several alarms says which',
      letter(composite()),
      {
        source: 'cloudwatch',
        name: 'checkout',
        severity: 'page',
        message: expect.stringMatching(/Raised by checkout-5xx\.$/),
      },
    ],
    ['by EventBridge is the same', letter(alarmEvent()), raised],
    ['by EventBridge that is over', letter(alarmEvent('OK')), { ...raised, state: 'ok' }],
    ['wrapped in a text of JSON', letter(JSON.stringify(JSON.stringify(alarm()))), raised],
    [
      'with a name that needs care',
      letter(alarm({ AlarmName: 'a/b c&d' })),
      {
        name: 'a/b c&d',
        facts: expect.objectContaining({ console: expect.stringContaining('alarm/a%2Fb%20c%26d') }),
      },
    ],
    [
      'in a state that is none is told of as it came',
      letter(alarm({ NewStateValue: 'BROKEN' })),
      { source: 'text', reason: 'unparsed_event' },
    ],
    [
      'whose ARN is none is told of as it came',
      letter(alarm({ AlarmArn: 'checkout-5xx' })),
      { source: 'text' },
    ],
    [
      'without its ARN is told of as it came',
      letter(alarm({ AlarmArn: undefined })),
      { source: 'text', severity: 'ticket' },
    ],
  ]);
});

describe('an alert of a budget', () => {
  const spent = { source: 'budgets', name: 'whole-account', state: 'alarm', until: NOVEMBER_ENDS } as const;
  table([
    [
      'at 80 % is a ticket, until the month is over',
      letter(budget(), { subject: 'AWS Budgets: whole-account has exceeded your alert threshold' }),
      {
        ...spent,
        severity: 'ticket',
        reason: 'budget_exceeded',
        title: 'Budget whole-account: 80 % is spent',
        message: 'What is spent is $81.20 of $100.00; the alert is for more than $80.00 in 2026-11.',
        runbook: '/runbooks/cost',
        about: '123456789012/whole-account/actual/80 %/2026-11',
      },
    ],
    [
      'at 50 % is told to nobody',
      letter(budget({ 'Alert Threshold': '> $50.00' })),
      { ...spent, severity: 'none' },
    ],
    [
      'at 100 % pages',
      letter(budget({ 'Alert Threshold': '> $100.00', 'ACTUAL Amount': '$1,234.56' })),
      { ...spent, severity: 'page', message: expect.stringContaining('is $1,234.56 of $100.00') },
    ],
    [
      'forecast at 100 % is a ticket',
      letter(
        budget({
          'Alert Type': 'FORECASTED',
          'Alert Threshold': '> $100.00',
          'ACTUAL Amount': '',
          'FORECASTED Amount': '$130.00',
        }),
      ),
      {
        ...spent,
        severity: 'ticket',
        reason: 'budget_forecast',
        message: expect.stringContaining('is forecast to be $130.00'),
      },
    ],
    [
      'forecast at 120 % pages',
      letter(budget({ 'Alert Type': 'FORECASTED', 'Alert Threshold': '> $120.00' })),
      { ...spent, severity: 'page' },
    ],
    [
      'in another currency',
      letter(
        budget({
          'Budgeted Amount': 'EUR 200.00',
          'Alert Threshold': '> EUR 200.00',
          'ACTUAL Amount': 'EUR 201.50',
        }),
      ),
      { severity: 'page', message: expect.stringContaining('201.50 EUR of 200.00 EUR') },
    ],
    [
      'of nothing is a ticket: nobody knows its share',
      letter(budget({ 'Budgeted Amount': '$0.00', 'Alert Threshold': '> $0.00' })),
      { ...spent, severity: 'ticket' },
    ],
    [
      'of which the limit isn’t said is a ticket',
      letter(budget({ 'Budgeted Amount': '' })),
      { ...spent, severity: 'ticket' },
    ],
    [
      'after a refund',
      letter(budget({ 'ACTUAL Amount': '-$5.00' })),
      { ...spent, message: expect.stringContaining('is −$5.00') },
    ],
    [
      'of a day is over with it',
      letter(budget({}, 'day')),
      { about: expect.stringMatching(/\/2026-11-26$/), until: Date.UTC(2026, 10, 27) },
    ],
    [
      'of yesterday is of a day',
      letter(budget().replace('for the current month', 'for Yesterday')),
      { about: expect.stringMatching(/\/2026-11-26$/), until: Date.UTC(2026, 10, 27) },
    ],
    [
      'of a quarter is over with it',
      letter(budget({}, 'quarter')),
      { about: expect.stringMatching(/\/2026-Q4$/), until: Date.UTC(2027, 0, 1) },
    ],
    [
      'of a year is over with it',
      letter(budget({}, 'year')),
      { about: expect.stringMatching(/\/2026$/), until: Date.UTC(2027, 0, 1) },
    ],
    [
      'with its lines in another order',
      letter(budget().split('\n').reverse().join('\n')),
      { ...spent, severity: 'ticket' },
    ],
    [
      'with lines that end as Windows ends them',
      letter(budget().replaceAll('\n', '\r\n')),
      { ...spent, severity: 'ticket' },
    ],
    ['in the last second of a month', letter(budget(), { at: NOVEMBER_ENDS - 1 }), { until: NOVEMBER_ENDS }],
    [
      'without its threshold is told of as it came',
      letter(budget({ 'Alert Threshold': '' })),
      { source: 'text', message: expect.stringContaining('AWS Budget Notification') },
    ],
    [
      'whose threshold is no amount is told of as it came',
      letter(budget({ 'Alert Threshold': '> plenty' })),
      { source: 'text' },
    ],
  ]);

  it('is another one for each threshold, kind and month, and the same one when it is repeated', () => {
    const abouts = [
      letter(budget()),
      letter(budget({ 'Alert Threshold': '> $100.00' })),
      letter(budget({ 'Alert Type': 'FORECASTED' })),
      letter(budget(), { at: NOVEMBER_ENDS }),
      letter(budget({ 'ACTUAL Amount': '$99.00' }), { at: NOW + DAY }),
    ].map((one) => readLetter(one).about);
    expect(new Set(abouts).size).toBe(4);
    expect(abouts[4]).toBe(abouts[0]);
  });
});

describe('a cost anomaly', () => {
  const found = {
    source: 'cost-anomaly',
    about: anomaly().anomalyId,
    severity: 'ticket',
    state: 'alarm',
    until: NOW + 2 * DAY,
  } as const;
  table([
    [
      'says what, how much, in place of what, and by what',
      letter(anomaly()),
      {
        ...found,
        title: 'AWS Lambda costs more than usual',
        message:
          '$151.20 more than expected: $301.20 in place of $150.00. By AWS Lambda, EU-Lambda-GB-Second, eu-west-1, 123456789012.',
        facts: expect.objectContaining({ console: anomaly().anomalyDetailsLink }),
      },
    ],
    [
      'by EventBridge is the same',
      letter({
        source: 'aws.ce',
        'detail-type': 'Anomaly Detected',
        detail: { ...anomaly({ dimensionalValue: undefined }), dimensionValue: 'AWS Lambda' },
      }),
      { ...found, title: 'AWS Lambda costs more than usual' },
    ],
    [
      'of a whole account',
      letter(anomaly({ dimensionalValue: '', rootCauses: [] })),
      { ...found, title: 'An account costs more than usual' },
    ],
    [
      'with figures that are none',
      letter(anomaly({ impact: { totalImpact: 'much' } })),
      { ...found, message: expect.stringMatching(/^More than expected\./) },
    ],
    [
      'with a link that leads elsewhere',
      letter(anomaly({ anomalyDetailsLink: 'javascript:alert(1)' })),
      { facts: expect.objectContaining({ console: expect.stringMatching(/^https:\/\/console\.aws/) }) },
    ],
    ['without its id is told of as it came', letter(anomaly({ anomalyId: undefined })), { source: 'text' }],
  ]);
});

describe('an event of AWS Health', () => {
  const trouble = {
    source: 'health',
    about: healthEvent().detail.eventArn,
    severity: 'ticket',
    reason: 'health_event',
  } as const;
  table([
    [
      'in English',
      letter(healthEvent()),
      {
        ...trouble,
        state: 'alarm',
        at: Date.UTC(2026, 10, 26, 11, 50),
        title: 'LAMBDA: AWS has trouble',
        message: 'Increased error rates for invocations.',
        facts: expect.objectContaining({ affected: ['i-abcd1111'] }),
      },
    ],
    ['that is closed', letter(healthEvent({ statusCode: 'closed' })), { ...trouble, state: 'ok' }],
    [
      'that is planned ends by itself',
      letter(healthEvent({ eventTypeCategory: 'scheduledChange', endTime: 'Fri, 27 Nov 2026 11:40:00 GMT' })),
      { ...trouble, title: 'LAMBDA: AWS plans a change', until: Date.UTC(2026, 11, 4, 11, 40) },
    ],
    [
      'that is a notice',
      letter(healthEvent({ eventTypeCategory: 'accountNotification' })),
      { ...trouble, title: 'LAMBDA: AWS has a notice' },
    ],
    [
      'without a description',
      letter(healthEvent({ eventDescription: undefined })),
      { ...trouble, message: 'It has no description.' },
    ],
    [
      'without its ARN is an event like others',
      letter(healthEvent({ eventArn: undefined })),
      { source: 'event' },
    ],
  ]);
});

describe('E08 anything else', () => {
  const event = {
    source: 'acme.orders',
    'detail-type': 'Order stuck',
    id: '1',
    time: '2026-11-26T11:00:00Z',
    detail: { order: 7 },
  };
  table([
    [
      'an event of EventBridge',
      letter(event),
      {
        source: 'event',
        title: 'Order stuck (acme.orders)',
        message: '{"order":7}',
        at: Date.UTC(2026, 10, 26, 11),
        severity: 'ticket',
        until: Date.UTC(2026, 10, 27, 11),
      },
    ],
    [
      'a text',
      letter('the disk is full', { subject: 'Disk' }),
      { source: 'text', title: 'Disk', message: 'the disk is full', severity: 'ticket' },
    ],
    [
      'a text without a subject',
      letter('the disk is full'),
      { title: 'A message that nobody could read', message: 'the disk is full' },
    ],
    ['JSON that is of nobody', letter('{"a":1}'), { source: 'text', message: '{"a":1}' }],
    ['JSON that is cut off', letter('{"AlarmName":"checkout'), { source: 'text' }],
    ['null', letter('null'), { source: 'text', message: 'null' }],
    ['a number', letter('7'), { source: 'text' }],
    ['a list', letter([alarm()]), { source: 'text' }],
    ['nothing', letter(''), { source: 'text', message: 'It holds nothing that can be shown.' }],
    ['bytes that are no text', letter('\ufffd\u0000\u0007'), { source: 'text' }],
    ['256 KiB', letter('x'.repeat(262_144)), { source: 'text', message: expect.stringMatching(/^x{499}…$/) }],
    [
      'what turns round on a screen',
      letter('a\u202eb\nc', { subject: 'x\u202ey' }),
      { title: 'xy', message: 'ab c' },
    ],
  ]);

  it('the same words again are the same trouble, other words and other topics another', () => {
    const about = (text: string, more: Partial<Letter> = {}) => readLetter(letter(text, more)).about;
    expect(about('full', { id: '1', at: 1 })).toBe(about('full', { id: '2', at: 2 }));
    expect(about('7 % left', { subject: 'Disk' })).toBe(about('6 % left', { subject: 'Disk' }));
    expect(
      new Set([
        about('full'),
        about('empty'),
        about('full', { topic: `${TOPIC}2` }),
        about('full', { subject: 'Disk' }),
      ]).size,
    ).toBe(4);
    expect(about('', { id: '1' })).not.toBe(about('', { id: '2' }));
  });
});

it('whatever comes says something, and never throws', () => {
  const known = [alarm(), composite(), alarmEvent(), anomaly(), healthEvent()].map((one) =>
    JSON.stringify(one),
  );
  const cut = fc
    .tuple(fc.constantFrom(...known, budget()), fc.nat(), fc.nat(), fc.string({ unit: 'binary' }))
    .map(
      ([text, from, length, put]) =>
        text.slice(0, from % text.length) + put + text.slice((from % text.length) + (length % 40)),
    );
  const text = fc.oneof(fc.string({ unit: 'binary' }), fc.json(), cut);
  const runs = Number(process.env.WATCHBILL_RUNS ?? 2_000);
  fc.assert(
    fc.property(text, fc.option(fc.string(), { nil: undefined }), (said, subject) => {
      const signal = readLetter(letter(said, { ...(subject !== undefined && { subject }) }));
      expect(signal.title).not.toBe('');
      expect(signal.message).not.toBe('');
      expect(signal.message.length).toBeLessThanOrEqual(500);
      expect(Number.isFinite(signal.at)).toBe(true);
      expect(signal.about).not.toBe('');
      JSON.stringify(signal);
    }),
    { numRuns: runs },
  );
}, 600_000);
