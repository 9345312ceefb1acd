import { type Money, parseMoney, showMoney } from '../money.ts';
import { clean } from '../notifiers/text.ts';
import type { Letter, Signal, SignalFormat } from '../signal.ts';
import { MESSAGE_MAX, NAME_MAX, RUNBOOK } from './reading.ts';

/** Shares of a budget, per mille, from which on it is told. */
const PAGE_ACTUAL = 1_000;
const PAGE_FORECAST = 1_200;
const TICKET = 800;

/**
 * What AWS Budgets writes: prose for people, with lines "Label: value". No format is promised, so a line is looked for by
 * its label, wherever it is: https://docs.aws.amazon.com/cost-management/latest/userguide/budgets-sns-policy.html
 */
export const budgets: SignalFormat = {
  source: 'budgets',
  summary: 'An alert of AWS Budgets: what was spent or is forecast is above a threshold',
  read(letter) {
    const { text, subject = '' } = letter;
    if (!/\bAWS Budgets?\b/i.test(subject + text.slice(0, 4_000))) return undefined;
    const name = labelled(text, 'Budget Name');
    const threshold = amountOf(labelled(text, 'Alert Threshold'));
    const type = labelled(text, 'Alert Type')?.toUpperCase();
    if (name === undefined || !threshold || type === undefined) return undefined;
    return signalOf({ name, threshold, isForecast: type.startsWith('FORECAST') }, letter);
  },
};

interface Alert {
  readonly name: string;
  readonly threshold: Money;
  readonly isForecast: boolean;
}

function signalOf({ name, threshold, isForecast }: Alert, { text, at }: Letter): Signal {
  const [, account = ''] = /\bAWS Account:? +(\d{12})\b/i.exec(text) ?? [];
  const limit = amountOf(labelled(text, 'Budgeted Amount'));
  const now = amountOf(labelled(text, '(?:ACTUAL|FORECASTED|FORECAST) Amount'));
  const { period, until } = periodOf(text, at);
  const share = limit && limit.micros > 0 ? Math.round((threshold.micros / limit.micros) * 1_000) : undefined;
  const amount = `${isForecast ? 'is forecast to be' : 'is'} ${now ? showMoney(now) : 'too much'}`;
  const of = limit ? ` of ${showMoney(limit)}` : '';
  return {
    source: 'budgets',
    about: [account, name, isForecast ? 'forecast' : 'actual', threshold.micros, period].join('/'),
    name,
    at,
    state: 'alarm',
    severity: severityOf(share, isForecast),
    reason: isForecast ? 'budget_forecast' : 'budget_exceeded',
    title: clean(
      `Budget ${name}: ${share === undefined ? showMoney(threshold) : `${share / 10} %`} ${isForecast ? 'is forecast' : 'is spent'}`,
      NAME_MAX,
    ),
    message: clean(
      `What is spent ${amount}${of}; the alert is for more than ${showMoney(threshold)} in ${period}.`,
      MESSAGE_MAX,
    ),
    facts: {
      budget: clean(name, NAME_MAX),
      ...(account && { account }),
      period,
      threshold: showMoney(threshold),
      ...(limit && { limit: showMoney(limit) }),
      ...(now && { [isForecast ? 'forecast' : 'spent']: showMoney(now) }),
      console: 'https://console.aws.amazon.com/costmanagement/home#/budgets',
    },
    runbook: RUNBOOK.cost,
    until,
  };
}

/** Without its budget nobody knows how bad a threshold is: then it is a ticket. */
function severityOf(share: number | undefined, isForecast: boolean): Signal['severity'] {
  if (share === undefined) return 'ticket';
  if (share >= (isForecast ? PAGE_FORECAST : PAGE_ACTUAL)) return 'page';
  return share >= TICKET ? 'ticket' : 'none';
}

const labelled = (text: string, label: string): string | undefined =>
  new RegExp(`^[ \\t]*${label}[ \\t]*:[ \\t]*(.+?)[ \\t]*$`, 'im').exec(text)?.[1];

/** `> $80.00`. */
const amountOf = (text: string | undefined): Money | undefined =>
  text === undefined ? undefined : parseMoney(text.replace(/^(>=?|greater than|more than)\s*/i, ''));

/** The period that it is about (UTC), and when that is over: then everything begins at zero. Mostly it is a month. */
function periodOf(text: string, at: number): { readonly period: string; readonly until: number } {
  const said = /\b(?:current|this) (day|month|quarter|year)\b/i.exec(text)?.[1]?.toLowerCase();
  // a daily budget tells of yesterday
  const unit = said ?? (/\byesterday\b/i.test(text) ? 'day' : 'month');
  const date = new Date(at);
  const [year, month, day] = [date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()];
  if (unit === 'day')
    return { period: date.toISOString().slice(0, 10), until: Date.UTC(year, month, day + 1) };
  if (unit === 'year') return { period: `${year}`, until: Date.UTC(year + 1, 0, 1) };
  if (unit === 'quarter') {
    const quarter = Math.floor(month / 3);
    return { period: `${year}-Q${quarter + 1}`, until: Date.UTC(year, 3 * quarter + 3, 1) };
  }
  return { period: date.toISOString().slice(0, 7), until: Date.UTC(year, month + 1, 1) };
}
