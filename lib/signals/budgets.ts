import type { Budget } from '../config/compiled.ts';
import { type Money, parseMoney } from '../money.ts';
import type { SignalFormat } from '../signal.ts';
import { budgetSignal } from './budget-alert.ts';
import { budgetInquiry } from './budget-inquiry.ts';

/**
 * What AWS Budgets writes: prose for people, with lines "Label: value". No format is promised, so a line is looked for by
 * its label, wherever it is: https://docs.aws.amazon.com/cost-management/latest/userguide/budgets-sns-policy.html
 */
export const budgets: SignalFormat = {
  source: 'budgets',
  summary: 'An alert of AWS Budgets: what was spent or is forecast is above a threshold',
  read({ text, subject = '', at }) {
    if (!/\bAWS Budgets?\b/i.test(subject + text.slice(0, 4_000))) return undefined;
    const name = labelled(text, 'Budget Name');
    const threshold = amountOf(labelled(text, 'Alert Threshold'));
    const type = labelled(text, 'Alert Type')?.toUpperCase();
    if (name === undefined || !threshold || type === undefined) return undefined;
    const [, account = ''] = /\bAWS Account:? +(\d{12})\b/i.exec(text) ?? [];
    const alert = {
      account,
      name,
      of: type.startsWith('FORECAST') ? ('forecast' as const) : ('actual' as const),
      threshold,
      limit: amountOf(labelled(text, 'Budgeted Amount')),
      now: amountOf(labelled(text, '(?:ACTUAL|FORECASTED|FORECAST) Amount')),
      period: periodIn(text),
    };
    return budgetSignal(alert, at);
  },
  inquiry: budgetInquiry,
};

const labelled = (text: string, label: string): string | undefined =>
  new RegExp(`^[ \\t]*${label}[ \\t]*:[ \\t]*(.+?)[ \\t]*$`, 'im').exec(text)?.[1];

/** `> $80.00`. */
const amountOf = (text: string | undefined): Money | undefined =>
  text === undefined ? undefined : parseMoney(text.replace(/^(>=?|greater than|more than)\s*/i, ''));

const PERIODS: Readonly<Record<string, Budget['period']>> = {
  day: 'daily',
  month: 'monthly',
  quarter: 'quarterly',
  year: 'annually',
};

/** The period that it is about. Mostly it is a month. */
function periodIn(text: string): Budget['period'] {
  const said = /\b(?:current|this) (day|month|quarter|year)\b/i.exec(text)?.[1]?.toLowerCase() ?? '';
  // a daily budget tells of yesterday
  return PERIODS[said] ?? (/\byesterday\b/i.test(text) ? 'daily' : 'monthly');
}
