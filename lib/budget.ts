import type { Budget as Described, Spend } from '@aws-sdk/client-budgets';
import type { Budget, BudgetAlert, Cost } from './config/compiled.ts';
import { type Money, moneyOf } from './money.ts';
import type { Signal } from './signal.ts';

/** Budgets, decided: how bad a threshold is, and how long a period lasts. */

/** Shares of a budget, in percent, from which on it is told, where nobody says otherwise. */
const PAGE = { actual: 100, forecast: 120 } as const;
const TICKET = 80;

/** `percent` undefined: without its budget nobody knows how bad a threshold is: then it is a ticket. */
export function usualSeverity(of: BudgetAlert['of'], percent: number | undefined): Signal['severity'] {
  if (percent === undefined) return 'ticket';
  if (percent >= PAGE[of]) return 'page';
  return percent >= TICKET ? 'ticket' : 'none';
}

/** What an alert is of, by its reason. */
export const whatOf = (reason: Signal['reason']): BudgetAlert['of'] =>
  reason === 'budget_forecast' ? 'forecast' : 'actual';

/** What AWS says of a budget; undefined: it doesn't. */
export function amountsOf({ BudgetLimit, CalculatedSpend }: Described) {
  const { ActualSpend, ForecastedSpend } = CalculatedSpend ?? {};
  const money = (spend: Spend | undefined) => spend && moneyOf(spend.Amount, spend.Unit);
  return { limit: money(BudgetLimit), actual: money(ActualSpend), forecast: money(ForecastedSpend) };
}

/** The alert of a budget of the config that tells of it; undefined: none of them does. */
export const ownAlert = ({ reason, facts }: Signal, own: Budget | undefined): BudgetAlert | undefined =>
  own?.alerts.find(({ of, percent }) => of === whatOf(reason) && percent === facts.percent);

/** What the config says of an alert of one of its own budgets; undefined: it is another's. */
export function ownSeverity(signal: Signal, { budgets }: Cost): Signal['severity'] | undefined {
  if (signal.source !== 'budgets') return undefined;
  return ownAlert(
    signal,
    budgets.find(({ name }) => name === signal.name),
  )?.severity;
}

/** Of an amount, in percent, to a tenth; both in millionths. Undefined: of nothing there is no share. */
export const percentOf = (part: number, whole: number): number | undefined =>
  whole > 0 ? Math.round((part / whole) * 1_000) / 10 : undefined;

/** So many percent, to a tenth, of an amount that is not negative; to the millionth, half up. */
export function thresholdOf({ micros, currency }: Money, percent: number): Money {
  const perMille = Math.round(percent * 10);
  // in two parts, each of which is an exact number
  const rest = Math.round(((micros % 1_000) * perMille) / 1_000);
  return { micros: Math.trunc(micros / 1_000) * perMille + rest, currency };
}

/** More than that: as much is not over yet, and amounts of two currencies can't be compared. */
export const isOver = (spent: Money, limit: Money, percent: number): boolean =>
  spent.currency === limit.currency && spent.micros > thresholdOf(limit, percent).micros;

/** The period (UTC) that a time is in, and when that is over: then everything begins at zero. */
export function periodAt(
  period: Budget['period'],
  at: number,
): { readonly period: string; readonly until: number } {
  const date = new Date(at);
  const [year, month, day] = [date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()];
  const iso = date.toISOString();
  if (period === 'daily') return { period: iso.slice(0, 10), until: Date.UTC(year, month, day + 1) };
  if (period === 'annually') return { period: `${year}`, until: Date.UTC(year + 1, 0, 1) };
  if (period === 'quarterly') {
    const quarter = Math.floor(month / 3);
    return { period: `${year}-Q${quarter + 1}`, until: Date.UTC(year, 3 * quarter + 3, 1) };
  }
  return { period: iso.slice(0, 7), until: Date.UTC(year, month + 1, 1) };
}
