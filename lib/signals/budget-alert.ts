import { percentOf, periodAt, usualSeverity } from '../budget.ts';
import type { Budget, BudgetAlert } from '../config/compiled.ts';
import { type Money, showMoney } from '../money.ts';
import { clean } from '../notifiers/text.ts';
import type { Signal } from '../signal.ts';
import { MESSAGE_MAX, NAME_MAX, RUNBOOK } from './reading.ts';

/** An alert of a budget, whoever tells of it. */
export interface Alert {
  /** Empty: not said. */
  readonly account: string;
  readonly name: string;
  readonly of: BudgetAlert['of'];
  readonly threshold: Money;
  readonly limit: Money | undefined;
  /** What is spent, or forecast. */
  readonly now: Money | undefined;
  readonly period: Budget['period'];
}

/** It is about a share of the budget where that is known: mails round amounts to the cent. */
export function budgetSignal(alert: Alert, at: number): Signal {
  const { account, name, of, threshold, limit, now } = alert;
  const isForecast = of === 'forecast';
  const { period, until } = periodAt(alert.period, at);
  const percent = limit && percentOf(threshold.micros, limit.micros);
  const share = percent === undefined ? showMoney(threshold) : `${percent} %`;
  const amount = `${isForecast ? 'is forecast to be' : 'is'} ${now ? showMoney(now) : 'too much'}`;
  return {
    source: 'budgets',
    about: [account, name, of, share, period].join('/'),
    name,
    at,
    state: 'alarm',
    severity: usualSeverity(of, percent),
    reason: isForecast ? 'budget_forecast' : 'budget_exceeded',
    title: clean(`Budget ${name}: ${share} ${isForecast ? 'is forecast' : 'is spent'}`, NAME_MAX),
    message: clean(
      `What is spent ${amount}${limit ? ` of ${showMoney(limit)}` : ''}; the alert is for more than ${showMoney(threshold)} in ${period}.`,
      MESSAGE_MAX,
    ),
    facts: {
      budget: clean(name, NAME_MAX),
      ...(account && { account }),
      period,
      ...(percent !== undefined && { percent }),
      threshold: showMoney(threshold),
      ...(limit && { limit: showMoney(limit) }),
      ...(now && { [isForecast ? 'forecast' : 'spent']: showMoney(now) }),
      console: 'https://console.aws.amazon.com/costmanagement/home#/budgets',
    },
    runbook: RUNBOOK.cost,
    until,
  };
}
