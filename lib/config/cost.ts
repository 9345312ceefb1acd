import { z } from 'zod';
import { MICROS } from '../money.ts';
import type { Budget, Config } from './compiled.ts';
import type { Mistake } from './error.ts';
import type { OwnFields } from './make-fields.ts';

/** Of one budget: https://docs.aws.amazon.com/cost-management/latest/userguide/management-limits.html; one subscriber each is ours. */
const ALERTS_MAX = 10;
/** How far back AWS looks for an amount that adjusts itself: the same page, by the period of the budget. */
const LOOK_BACK: Readonly<Record<Budget['period'], number>> = {
  daily: 60,
  monthly: 12,
  quarterly: 4,
  annually: 1,
};

/** Who is told when, without a word about it: half of it is worth knowing, most of it a ticket, all of it a page. */
const ALERTS: Budget['alerts'] = [
  { of: 'actual', percent: 50, severity: 'none' },
  { of: 'actual', percent: 80, severity: 'ticket' },
  { of: 'actual', percent: 100, severity: 'page' },
  { of: 'forecast', percent: 120, severity: 'page' },
];

/** What the bill may be, and how it is watched. All of it is made by "cdk deploy". */
export const costShape = (fields: OwnFields) =>
  z.strictObject({
    budgets: z
      .array(budgetShape(fields))
      .max(100)
      .default([])
      .describe('What may be spent, and who is told when'),
    anomalies: anomaliesShape(fields)
      .optional()
      .describe('Cost Anomaly Detection of AWS: what costs more than usual'),
    bands: z
      .array(bandShape(fields))
      .max(50)
      .default([])
      .describe('Alarms on what is used, as soon as it is unusual: minutes before a bill shows it'),
  });

/** Dollars, kept as whole millionths. */
const dollars = z
  .number()
  .min(0.01, 'must be at least 0.01')
  .max(1e9, 'must be at most 1000000000')
  .transform((amount) => Math.round(amount * MICROS));

const severity = z.enum(['page', 'ticket', 'none']);
const account = z.string().regex(/^\d{12}$/, 'must be the number of an account: 12 digits');

const tagShape = ({ text }: OwnFields) =>
  z.strictObject({
    key: text(128).describe('Its key, activated as a cost allocation tag'),
    value: text(256).describe('Its value'),
  });

const budgetShape = (fields: OwnFields) =>
  z.strictObject({
    name: fields
      .text(100)
      .refine((name) => !/[:\\]/.test(name), 'must not hold ":" or "\\": AWS takes no such name of a budget')
      .describe('Its name at AWS, and in incidents'),
    amount: dollars
      .optional()
      .describe('US dollars that may be spent in each period; without it, "autoAdjust" says how much'),
    autoAdjust: z
      .union([
        z.literal('forecast').describe('What AWS expects'),
        z
          .strictObject({
            periods: z
              .int()
              .min(1)
              .max(60)
              .describe('How many periods before: 60 days, 12 months, 4 quarters, a year at most'),
          })
          .describe('The average of some periods before'),
      ])
      .optional()
      .describe('AWS sets the amount anew for each period'),
    period: z
      .enum(['daily', 'monthly', 'quarterly', 'annually'])
      .default('monthly')
      .describe('How long it lasts'),
    service: fields.text(100).optional().describe('Only this service, as bills call it: "Amazon DynamoDB"'),
    tag: tagShape(fields).optional().describe('Only what has this tag'),
    account: account.optional().describe('Only this linked account'),
    alerts: z
      .array(
        z.strictObject({
          of: z.enum(['actual', 'forecast']).default('actual').describe('What is spent, or what AWS expects'),
          percent: z
            .number()
            .min(0.1)
            .max(1_000)
            .refine((percent) => Math.round(percent * 10) / 10 === percent, 'must have one decimal at most')
            .describe('More than so much of the amount'),
          severity: severity.describe('"page", "ticket", or "none": it is kept, and nobody is told'),
        }),
      )
      .min(1)
      .max(ALERTS_MAX)
      .default([...ALERTS])
      .describe('Who is told when'),
  });

const anomaliesShape = (fields: OwnFields) =>
  z.strictObject({
    services: z
      .union([
        z.boolean(),
        z
          .string()
          .regex(
            /^arn:aws:ce::\d{12}:anomalymonitor\/[\w-]+$/,
            'must be the ARN of a monitor, such as "arn:aws:ce::123456789012:anomalymonitor/…"',
          ),
      ])
      .default(true)
      .describe(
        'One monitor for all services: true makes it; if the account has it already, its ARN; false: none',
      ),
    monitors: z
      .array(
        z.strictObject({
          name: fields.text(100).describe('Its name at AWS'),
          tag: tagShape(fields).optional().describe('What has this tag'),
          account: account.optional().describe('This linked account'),
        }),
      )
      .max(50)
      .default([])
      .describe('More of them, each for a part of the bill'),
    atLeast: dollars.prefault(10).describe('Told of only from so many US dollars more than expected on'),
    percent: z
      .number()
      .min(1)
      .max(10_000)
      .default(20)
      .describe('Told of only from so much more than expected on, in percent'),
  });

const bandShape = ({ text, region, duration }: OwnFields) =>
  z.strictObject({
    name: text(100)
      .refine((name) => /^[\w.-]+$/.test(name), 'may hold letters, digits and _ . - only')
      .describe('The alarm is called "watchbill-band-" and this'),
    namespace: text(255).describe('Whose metric: "AWS/Lambda"'),
    metric: text(255).describe('Which: "Invocations"'),
    dimensions: z
      .record(text(255), text(1_024))
      .default({})
      .describe('Of what: { "FunctionName": "checkout" }'),
    statistic: z
      .string()
      .regex(
        /^(Sum|Average|Maximum|Minimum|SampleCount|p\d{1,2}(\.\d+)?)$/,
        'must be "Sum", "Average", "Maximum", "Minimum", "SampleCount" or a percentile such as "p99"',
      )
      .default('Sum')
      .describe('How its values are put together'),
    region: region.describe('Where the metric is: home, or one of the locations'),
    period: duration
      .prefault('5m')
      .refine((ms) => PERIODS.includes(ms), 'must be "1m", "5m", "15m" or "1h"')
      .describe('How much of it makes one value: 1m, 5m, 15m or 1h'),
    periods: z.int().min(1).max(24).default(3).describe('So many values in a row must be above'),
    width: z.number().min(1).max(20).default(3).describe('How wide the band is, in standard deviations'),
  });

const PERIODS = [60_000, 300_000, 900_000, 3_600_000];

/** What only a look across fields shows. */
export function wrongCost({ cost, aws }: Config): Mistake[] {
  const regions = aws ? [aws.home, ...aws.locations] : undefined;
  return [
    ...twice(cost.budgets, 'budgets'),
    ...twice(cost.anomalies?.monitors ?? [], 'anomalies', 'monitors'),
    ...twice(cost.bands, 'bands'),
    ...cost.budgets.flatMap((budget, index) =>
      wrongBudget(budget).map(({ path, message }) => ({
        path: ['cost', 'budgets', index, ...path],
        message,
      })),
    ),
    ...(cost.anomalies?.monitors ?? []).flatMap(({ tag, account }, index) =>
      (tag === undefined) === (account === undefined)
        ? [
            {
              path: ['cost', 'anomalies', 'monitors', index],
              message: 'needs "tag" or "account", and one of them',
            },
          ]
        : [],
    ),
    ...cost.bands.flatMap(({ region }, index) =>
      !regions || regions.includes(region)
        ? []
        : [
            {
              path: ['cost', 'bands', index, 'region'],
              message: `${JSON.stringify(region)} is neither home nor one of "aws.locations": there is no topic for its alarm`,
            },
          ],
    ),
  ];
}

function wrongBudget({ amount, autoAdjust, period, service, tag, account, alerts }: Budget): Mistake[] {
  const mistakes: Mistake[] = [];
  if ((amount === undefined) === (autoAdjust === undefined))
    mistakes.push({ path: ['amount'], message: 'needs "amount" or "autoAdjust", and one of them' });
  const most = LOOK_BACK[period];
  if (typeof autoAdjust === 'object' && autoAdjust.periods > most)
    mistakes.push({ path: ['autoAdjust', 'periods'], message: `must be at most ${most} for "${period}"` });
  if ([service, tag, account].filter((one) => one !== undefined).length > 1)
    mistakes.push({ path: [], message: 'may name one of "service", "tag" and "account"' });
  const known = new Set<string>();
  for (const [index, { of, percent }] of alerts.entries()) {
    const id = `${of} ${percent}`;
    if (known.has(id))
      mistakes.push({ path: ['alerts', index], message: `is there twice: ${percent} % ${of}` });
    known.add(id);
    if (of === 'forecast' && period === 'daily')
      mistakes.push({ path: ['alerts', index, 'of'], message: 'cannot be "forecast" for a "daily" budget' });
  }
  return mistakes;
}

function twice(all: readonly { readonly name: string }[], ...where: string[]): Mistake[] {
  const names = all.map(({ name }) => name);
  return names.flatMap((name, index) =>
    names.indexOf(name) < index
      ? [{ path: ['cost', ...where, index, 'name'], message: `${JSON.stringify(name)} is there twice` }]
      : [],
  );
}
