import { describe, expect, it } from 'vitest';
import { findingsIn, hasFindings } from './checks/index.ts';
import { CHECK, planOf, synthesize } from './kit.ts';
import { HARMLESS, mutantsOf } from './mutants.ts';

/** J58: whatever is taken out of a template, or changed in it, is noticed. */

const DOMAIN = {
  name: 'status.acme.test',
  certificate: 'arn:aws:acm:us-east-1:123456789012:certificate/0f0e0d0c',
};
const ACCOUNT_CHECKS = [
  { id: 'keys', type: 'key-rotation', source: { kind: 'iam-access-keys' }, maxAge: '90d' },
  { id: 'dump', type: 'heartbeat', token: { secret: 'DUMP_TOKEN' } },
];
const MAILED = {
  pagerduty: { routingKey: { secret: 'PD_KEY' } },
  email: { to: ['ada@acme.test', 'bob@acme.test'] },
};
/** One of everything that a bill can be watched by. */
const COST = {
  budgets: [
    { name: 'total', amount: 250.5 },
    {
      name: 'dynamodb',
      service: 'Amazon DynamoDB',
      autoAdjust: { periods: 6 },
      alerts: [{ percent: 90, severity: 'page' }],
    },
    { name: 'shop', tag: { key: 'team', value: 'shop' }, autoAdjust: 'forecast', period: 'quarterly' },
    { name: 'test account', account: '210987654321', amount: 10, period: 'annually' },
    { name: 'a day', amount: 9, period: 'daily', alerts: [{ percent: 100, severity: 'ticket' }] },
  ],
  anomalies: {
    atLeast: 25,
    percent: 40,
    monitors: [
      { name: 'shop', tag: { key: 'team', value: 'shop' } },
      { name: 'test', account: '210987654321' },
    ],
  },
  bands: [
    { name: 'calls', namespace: 'AWS/Lambda', metric: 'Invocations', region: 'eu-west-1' },
    {
      name: 'writes',
      namespace: 'AWS/DynamoDB',
      metric: 'ConsumedWriteCapacityUnits',
      dimensions: { TableName: 'orders' },
      statistic: 'Average',
      region: 'us-east-1',
      period: '1h',
      periods: 2,
      width: 4.5,
    },
  ],
};
const made = [
  ...synthesize(planOf({ cost: COST, notify: MAILED })),
  ...synthesize(
    planOf({
      alarms: { health: false },
      cost: { anomalies: { services: 'arn:aws:ce::123456789012:anomalymonitor/abc-1' } },
    }),
  ).slice(-2),
  ...synthesize(
    planOf({
      aws: { home: 'eu-west-1', locations: ['eu-west-1'], domain: DOMAIN, dashboard: true },
      checks: [CHECK, ...ACCOUNT_CHECKS],
    }),
  ),
];
const used = new Set<RegExp>();

describe('a template with one thing wrong', () => {
  it.each(made.map((one) => [one.stack, one.plan.aws.locations.length, one] as const))(
    '%s (of %i locations) is found out',
    (_, __, one) => {
      const escaped: string[] = [];
      let count = 0;
      for (const { name, template } of mutantsOf(one.template)) {
        const harmless = HARMLESS.find((pattern) => pattern.test(name));
        if (harmless) used.add(harmless);
        else if (++count && !hasFindings({ ...one, template })) escaped.push(name);
      }
      expect(escaped).toEqual([]);
      expect(count).toBeGreaterThan(100);
    },
  );

  it('is not excused by a pattern that excuses nothing', () => {
    expect(HARMLESS.filter((pattern) => !used.has(pattern)).map(String)).toEqual([]);
  });
});

describe('the templates as they are', () => {
  it.each(made.map((one) => [one.stack, one.plan.aws.locations.length, one] as const))(
    '%s (of %i locations) has nothing wrong',
    (_, __, one) => {
      expect(findingsIn(one)).toEqual([]);
    },
  );
});
