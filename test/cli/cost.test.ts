import { afterEach, expect, test, vi } from 'vitest';
import { systemClock } from '../../lib/adapters/local/clock.ts';
import { cost } from '../../lib/cli/cost.ts';
import { closesAtEnd } from '../kit/at-end.ts';
import { CREDENTIALS, onMoto } from '../kit/aws.ts';
import { type BillingData, startBilling } from '../kit/billing.ts';
import { Folder } from './kit.ts';

/** "watchbill cost" against Cost Explorer and Budgets. */

const started = closesAtEnd();
afterEach(() => void vi.unstubAllEnvs());

/** The 27th of November 2026, at noon. */
const NOW = Date.UTC(2026, 10, 27, 12);
const usd = (Amount: string) => ({ Amount, Unit: 'USD' });

const budget = (BudgetName: string, limit: string, actual: string, forecast?: string, more: object = {}) => ({
  BudgetName,
  BudgetType: 'COST',
  TimeUnit: 'MONTHLY',
  BudgetLimit: usd(limit),
  CalculatedSpend: {
    ActualSpend: usd(actual),
    ...(forecast !== undefined && { ForecastedSpend: usd(forecast) }),
  },
  ...more,
});

const DATA: BillingData = {
  today: '2026-11-27',
  // a refund on the third, the newest day not over yet; one amount as Java writes it
  days: [...Array(2).fill('10'), '-4.5', ...Array(22).fill('10.25'), '41', '1.2E-7'],
  forecast: '44.75',
  budgets: [
    budget('total', '500', '272.00', '330'),
    budget('old one', '20', '19.999999', undefined, { TimeUnit: 'ANNUALLY' }),
    budget('hours', '100', '3', undefined, { BudgetType: 'USAGE' }),
  ],
  notifications: {
    'old one': [
      {
        NotificationType: 'ACTUAL',
        ComparisonOperator: 'GREATER_THAN',
        Threshold: 10,
        ThresholdType: 'ABSOLUTE_VALUE',
      },
      {
        NotificationType: 'ACTUAL',
        ComparisonOperator: 'GREATER_THAN',
        Threshold: 100,
        ThresholdType: 'PERCENTAGE',
      },
    ],
  },
  anomalies: [
    {
      AnomalyId: 'a-1',
      AnomalyStartDate: '2026-11-25T00:00:00Z',
      AnomalyEndDate: '2026-11-26T00:00:00Z',
      DimensionValue: 'AWS Lambda',
      Impact: { MaxImpact: 31, TotalImpact: 61.5 },
      RootCauses: [{ Service: 'AWS Lambda', Region: 'eu-west-1', UsageType: 'EU-Lambda-GB-Second' }],
    },
    {
      AnomalyId: 'a-2',
      AnomalyStartDate: '2026-11-14',
      AnomalyEndDate: '2026-11-16',
      Impact: { MaxImpact: 5 },
    },
    { AnomalyId: 'a-3', AnomalyStartDate: '2026-11-26', Feedback: 'NO', Impact: { MaxImpact: 5 } },
    { AnomalyId: 'a-4', AnomalyStartDate: '2026-11-26', Impact: { MaxImpact: 5 } },
  ],
};

const CONFIG = { name: 'Acme', checks: [], cost: { budgets: [{ name: 'total', amount: 500 }] } };

async function asking(changed: Partial<BillingData> = {}, now = NOW, config: object = CONFIG) {
  const billing = await started(startBilling({ ...DATA, ...changed }));
  const folder = await Folder.make({ 'watchbill.config.json': config });
  vi.stubEnv('AWS_ENDPOINT_URL', billing.endpoint);
  vi.stubEnv('AWS_ACCESS_KEY_ID', CREDENTIALS.accessKeyId);
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', CREDENTIALS.secretAccessKey);
  const clock = { ...systemClock, now: () => now };
  const ask = (json = false) =>
    cost({ cwd: folder.dir, named: undefined, color: false, json, err: folder.shell.stderr, clock });
  return { billing, ask };
}

test('this month with its days, the forecast, each budget with its thresholds, the open anomalies', async () => {
  const { billing, ask } = await asking();
  const { text, exitCode } = await ask();
  expect(`\n${text}\n`).toBe(`
November 2026, account 123456789012: $282.00 so far, $326.75 expected

$41.00 ┤                         █
       │                         █
       │                         █
       │                         █
       │▄▄ ▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄█
       │██ ███████████████████████
 $0.00 ┼──▼───────────────────────────
        1        10        20        30

BUDGET   PERIOD    SPENT    OF       USED             FORECAST  ALERTS
old one  annually  $20.00   $20.00   █████████░ 99 %  –         ▲ 50 % · 100 % page
total    monthly   $272.00  $500.00  █████░░░░░ 54 %  $330.00   ▲ 50 % · 80 % ticket · 100 % page · forecast 120 % page

SINCE       ANOMALY      MORE THAN EXPECTED  BY
2026-11-25  AWS Lambda   $61.50              AWS Lambda, eu-west-1, EU-Lambda-GB-Second
2026-11-26  the account  $5.00

AWS knows this up to a day late. 3 requests to Cost Explorer: $0.03.
`);
  expect(exitCode).toBe(0);
  expect(new Set(billing.actions)).toEqual(
    new Set([
      'sts:GetCallerIdentity',
      'ce:GetCostAndUsage',
      'ce:GetCostForecast',
      'ce:GetAnomalies',
      'budgets:DescribeBudgets',
      'budgets:DescribeNotificationsForBudget',
    ]),
  );
});

test('--json carries the same, amounts to the millionth', async () => {
  const { ask } = await asking();
  const { month, budgets, anomalies, asked, unread } = JSON.parse((await ask(true)).text);
  expect(month).toMatchObject({
    month: '2026-11',
    spent: { amount: '282.000000', currency: 'USD' },
    forecast: { amount: '326.750000', currency: 'USD' },
  });
  expect(month.days).toHaveLength(27);
  expect(month.days[26]).toEqual({ amount: '0.000000', currency: 'USD' });
  expect(budgets[0]).toMatchObject({
    name: 'old one',
    spent: { amount: '19.999999' },
    alerts: [
      { of: 'actual', percent: 50, severity: 'none', passed: true },
      { of: 'actual', percent: 100, severity: 'page', passed: false },
    ],
  });
  expect(anomalies.map(({ id }: { id: string }) => id)).toEqual(['a-1', 'a-4']);
  expect([asked, unread]).toEqual([{ requests: 3, usd: 0.03 }, []]);
});

test('on the first of a month, and on its last day: nothing is asked that AWS refuses', async () => {
  const first = await asking(
    { today: '2026-12-01', days: ['3'], forecast: '90' },
    Date.UTC(2026, 11, 1, 0, 5),
  );
  expect((await first.ask()).text).toContain(
    'December 2026, account 123456789012: $3.00 so far, $90.00 expected',
  );
  const last = await asking(
    { today: '2028-02-29', days: Array(29).fill('1'), forecast: '1' },
    Date.UTC(2028, 1, 29, 23, 59),
  );
  expect((await last.ask()).text).toContain(
    'February 2028, account 123456789012: $29.00 so far, $29.00 expected',
  );
});

test('a threshold that pages is passed: exit code 1', async () => {
  const { ask } = await asking({ budgets: [budget('total', '500', '500.000001')] });
  const { text, exitCode } = await ask();
  expect(text).toContain('▲ 100 % page');
  expect(exitCode).toBe(1);
});

test('an account that is new has no forecast, and one without a bill a chart of nothing', async () => {
  const { ask } = await asking({
    forecast: undefined,
    days: Array(27).fill('0'),
    budgets: [],
    anomalies: [],
  });
  const { text, exitCode } = await ask();
  expect(text).toContain('$0.00 so far, no forecast yet');
  expect(text).toContain('No budget: "cost.budgets" in the config makes some.');
  expect(text).toContain('No open anomaly.');
  expect(exitCode).toBe(0);
});

test('listings go on page by page', async () => {
  const many = Array.from({ length: 7 }, (_, i) => budget(`b${i}`, '10', '1'));
  const { ask } = await asking({ budgets: many, page: 2 });
  expect(JSON.parse((await ask(true)).text).budgets).toHaveLength(7);
});

test.each([
  ['ce:GetCostAndUsage', 'AccessDeniedException', 'We may not call ce:GetCostAndUsage'],
  ['ce:GetCostAndUsage', 'ThrottlingException', 'AWS did not answer ce:GetCostAndUsage'],
  ['ce:GetAnomalies', 'LimitExceededException', 'AWS did not answer ce:GetAnomalies'],
  ['budgets:DescribeBudgets', 'AccessDeniedException', 'We may not call budgets:ViewBudget'],
])('E21 what cannot be asked for (%s) is told, the rest stands: exit code 3', async (action, name, says) => {
  const { billing, ask } = await asking();
  billing.refuse = (one) => (one === action ? name : undefined);
  const { text, exitCode } = await ask();
  expect(text.split('\n')[0]).toContain(`! ${says}`);
  expect(text).toMatch(/Cost Explorer: \$0\.0\d\.$/);
  expect(text).not.toMatch(/signature|token/);
  expect(exitCode).toBe(3);
});

test('without credentials that are taken: one line, exit code 2', async () => {
  const { billing, ask } = await asking();
  billing.refuse = (action) => (action === 'sts:GetCallerIdentity' ? 'InvalidClientTokenId' : undefined);
  await expect(ask()).rejects.toMatchObject({ name: 'CommandError', exitCode: 2 });
});

onMoto('budgets are read back from moto, as the stack has them made', async (endpoint) => {
  const { BudgetsClient, CreateBudgetCommand, DeleteBudgetCommand } = await import('@aws-sdk/client-budgets');
  const { synthesize, planOf } = await import('../stack/kit.ts');
  const wanted = {
    cost: {
      budgets: [
        { name: 'moto total', amount: 123.45 },
        { name: 'moto dynamodb', amount: 10, service: 'Amazon DynamoDB', period: 'quarterly' },
      ],
    },
  };
  const template = synthesize(planOf(wanted)).at(-1)?.template;
  const made = Object.values(template?.Resources ?? {}).filter(({ Type }) => Type === 'AWS::Budgets::Budget');
  const credentials = { accessKeyId: 'AK', secretAccessKey: 'SK' };
  const client = new BudgetsClient({ endpoint, region: 'us-east-1', credentials });
  for (const { Properties } of made) {
    // CloudFormation has the amount as a number, and the topic by reference
    const { Budget, NotificationsWithSubscribers } = JSON.parse(
      JSON.stringify(Properties).replaceAll(/"Amount":([\d.]+)/g, '"Amount":"$1"'),
    );
    const AccountId = '123456789012';
    await client.send(new CreateBudgetCommand({ AccountId, Budget, NotificationsWithSubscribers }));
  }
  try {
    const { billing, ask } = await asking({}, NOW, { ...CONFIG, ...wanted });
    billing.refuse = (action) => (action.startsWith('ce:') ? 'AccessDeniedException' : undefined);
    vi.stubEnv('AWS_ENDPOINT_URL_BUDGETS', endpoint);
    const { budgets } = JSON.parse((await ask(true)).text);
    expect(budgets).toEqual([
      expect.objectContaining({
        name: 'moto total',
        period: 'monthly',
        limit: { amount: '123.450000', currency: 'USD' },
        spent: { amount: '0.000000', currency: 'USD' },
      }),
      expect.objectContaining({ name: 'moto dynamodb', period: 'quarterly' }),
    ]);
    expect(budgets[0].alerts.map(({ percent }: { percent: number }) => percent)).toEqual([50, 80, 100, 120]);
  } finally {
    for (const { Properties } of made) {
      const { BudgetName } = (Properties as { Budget: { BudgetName: string } }).Budget;
      await client.send(new DeleteBudgetCommand({ AccountId: '123456789012', BudgetName }));
    }
    client.destroy();
  }
});
