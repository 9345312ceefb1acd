import { withAwsApi } from '../adapters/aws/api.ts';
import { accountOf } from '../adapters/aws/inquirer.ts';
import { printable } from '../adapters/local/console-log.ts';
import {
  type AlertNow,
  type AnomalyNow,
  ASKING_COSTS,
  type Bill,
  type BudgetNow,
  type MonthSoFar,
  readBill,
} from '../bill.ts';
import { loadConfig } from '../config.ts';
import { MICROS, type Money, showMoney } from '../money.ts';
import { Fault } from '../net/net.ts';
import type { Clock } from '../ports.ts';
import { plural } from '../status/words.ts';
import { columns } from './chart.ts';
import { painter } from './colors.ts';
import { CommandError } from './failure.ts';
import type { ExitCode } from './main.ts';
import { progressOn, type Screen } from './progress.ts';
import { table } from './table.ts';

export interface CostOptions {
  readonly cwd: string;
  readonly named: string | undefined;
  readonly color: boolean;
  readonly json?: boolean;
  readonly err: Screen;
  readonly clock: Clock;
}

type Paint = ReturnType<typeof painter>;

/** All of it: AWS is slow with this. */
const ASK_MS = 60_000;

/**
 * What the account of the credentials costs: month to date, forecast, budgets, open anomalies. Throws `ConfigError`,
 * `CommandError`.
 */
export async function cost(options: CostOptions): Promise<{ text: string; exitCode: ExitCode }> {
  const { clock, err, color, json } = options;
  const { config } = await loadConfig(options);
  const say = progressOn(err);
  try {
    say('asking AWS for the bill …');
    const [account, bill] = await withAwsApi(ASK_MS, clock, async (aws) => {
      const account = await accountOf(aws).catch((error: unknown) => {
        throw error instanceof Fault ? new CommandError(error.message, 2, { cause: error }) : error;
      });
      return [account, await readBill({ aws, clock, account, budgets: config.cost.budgets })] as const;
    });
    return {
      text: json ? JSON.stringify(billJson(account, bill), null, 2) : billText(account, bill, painter(color)),
      exitCode: exitCodeOf(bill),
    };
  } finally {
    say('');
  }
}

/** 1 a threshold that pages is passed · 3 none is, as far as could be seen. */
function exitCodeOf({ budgets, unread }: Bill): ExitCode {
  const pages = budgets.some(({ alerts }) =>
    alerts.some(({ severity, passed }) => passed && severity === 'page'),
  );
  if (pages) return 1;
  return unread.length > 0 ? 3 : 0;
}

function billText(account: string, bill: Bill, paint: Paint): string {
  const { month, forecast, budgets, anomalies, unread, asked } = bill;
  return [
    ...unread.map((line) => paint.bold(`! ${printable(line)}`)),
    ...(unread.length > 0 ? [''] : []),
    ...(month ? [...monthLines(account, month, forecast, paint), ''] : []),
    budgets.length === 0
      ? 'No budget: "cost.budgets" in the config makes some.'
      : table([
          ['BUDGET', 'PERIOD', 'SPENT', 'OF', 'USED', 'FORECAST', 'ALERTS'].map(paint.dim),
          ...budgets.map((one) => budgetRow(one, paint)),
        ]),
    '',
    anomalies.length === 0
      ? 'No open anomaly.'
      : table([
          ['SINCE', 'ANOMALY', 'MORE THAN EXPECTED', 'BY'].map(paint.dim),
          ...anomalies.map(anomalyRow),
        ]),
    '',
    paint.dim(
      `AWS knows this up to a day late. ${plural(asked, 'request')} to Cost Explorer: $${(asked * ASKING_COSTS).toFixed(2)}.`,
    ),
  ].join('\n');
}

function monthLines(
  account: string,
  { month, spent, days, of }: MonthSoFar,
  forecast: Money | undefined,
  paint: Paint,
): string[] {
  const name = new Date(`${month}-01`).toLocaleString('en', {
    month: 'long',
    year: 'numeric',
    timeZone: 'UTC',
  });
  return [
    paint.bold(
      `${name}, account ${account}: ${showMoney(spent)} so far, ${forecast ? `${showMoney(forecast)} expected` : 'no forecast yet'}`,
    ),
    '',
    ...columns({
      values: days.map(({ micros }) => micros),
      slots: of,
      label: (micros) => showMoney({ micros, currency: spent.currency }),
    }),
  ];
}

const BAR = 10;

function budgetRow({ name, period, limit, spent, forecast, alerts }: BudgetNow, paint: Paint): string[] {
  return [
    printable(name),
    period,
    moneyOrDash(spent),
    moneyOrDash(limit),
    used(spent, limit),
    moneyOrDash(forecast),
    alerts.map((alert) => alertWords(alert, paint)).join(' · '),
  ];
}

const moneyOrDash = (money: Money | undefined): string => (money ? showMoney(money) : '–');

/** `███░░░░░░░ 35 %`: rounded down, so that a hundred is a hundred. */
function used(spent: Money | undefined, limit: Money | undefined): string {
  if (!spent || !limit || limit.micros <= 0) return '–';
  const share = spent.micros / limit.micros;
  const full = Math.min(BAR, Math.max(0, Math.floor(share * BAR)));
  return `${'█'.repeat(full)}${'░'.repeat(BAR - full)} ${Math.floor(share * 100)} %`;
}

function alertWords({ of, percent, severity, passed }: AlertNow, paint: Paint): string {
  const words = `${of === 'forecast' ? 'forecast ' : ''}${percent} %${severity === 'none' ? '' : ` ${severity}`}`;
  return passed ? paint.bold(`▲ ${words}`) : words;
}

const anomalyRow = ({ since, what, impact, cause }: AnomalyNow): string[] => [
  since,
  printable(what),
  moneyOrDash(impact),
  printable(cause),
];

/** For machines: amounts as decimal texts with their currency, what isn't known is null. */
function billJson(account: string, { month, forecast, budgets, anomalies, unread, asked }: Bill) {
  return {
    account,
    month: month && {
      month: month.month,
      spent: amountOf(month.spent),
      forecast: amountOf(forecast),
      days: month.days.map(amountOf),
    },
    budgets: budgets.map(({ name, period, limit, spent, forecast: expected, alerts }) => ({
      name,
      period,
      limit: amountOf(limit),
      spent: amountOf(spent),
      forecast: amountOf(expected),
      alerts,
    })),
    anomalies: anomalies.map(({ impact, ...rest }) => ({ ...rest, impact: amountOf(impact) })),
    unread,
    asked: { requests: asked, usd: Math.round(asked * ASKING_COSTS * 100) / 100 },
  };
}

const amountOf = (money: Money | undefined) =>
  money ? { amount: (money.micros / MICROS).toFixed(6), currency: money.currency } : null;
