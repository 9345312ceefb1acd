import type { Budget as Described, Notification } from '@aws-sdk/client-budgets';
import type { Anomaly } from '@aws-sdk/client-cost-explorer';
import { amountsOf, isOver, usualSeverity } from './budget.ts';
import type { Budget } from './config/compiled.ts';
import { BILLING_REGION } from './deployment.ts';
import { type Money, moneyOf } from './money.ts';
import { Fault } from './net/net.ts';
import type { Clock } from './ports.ts';
import type { AwsApi } from './probes/define.ts';
import type { Signal } from './signal.ts';

/** The bill as AWS knows it: up to a day late. Amounts are millionths. */
export interface Bill {
  /** Undefined: it could not be asked for. */
  readonly month: MonthSoFar | undefined;
  /** Of the whole month: what is spent, and what AWS expects yet. Undefined: AWS has too little to go by, or can't be asked. */
  readonly forecast: Money | undefined;
  readonly budgets: readonly BudgetNow[];
  readonly anomalies: readonly AnomalyNow[];
  /** What could not be asked for, a line each. */
  readonly unread: readonly string[];
  /** Requests to Cost Explorer, each of which AWS charges for. */
  readonly asked: number;
}

export interface MonthSoFar {
  /** `2026-11`. */
  readonly month: string;
  readonly spent: Money;
  /** From the first of the month on, UTC. Negative: a credit or a refund. */
  readonly days: readonly Money[];
  /** How many days the month has. */
  readonly of: number;
}

export interface BudgetNow {
  readonly name: string;
  readonly period: string;
  readonly limit: Money | undefined;
  readonly spent: Money | undefined;
  readonly forecast: Money | undefined;
  readonly alerts: readonly AlertNow[];
}

export interface AlertNow {
  readonly of: 'actual' | 'forecast';
  /** Of the limit. */
  readonly percent: number;
  readonly severity: Signal['severity'];
  readonly passed: boolean;
}

export interface AnomalyNow {
  readonly id: string;
  readonly what: string;
  /** When it began, `2026-11-25`. */
  readonly since: string;
  readonly impact: Money | undefined;
  /** Service, region and kind of use that cost most of it. */
  readonly cause: string;
}

/** https://aws.amazon.com/aws-cost-management/aws-cost-explorer/pricing/: US dollars for one request. */
export const ASKING_COSTS = 0.01;

const DAY_MS = 86_400_000;
/** Anomalies of the last so many days that are not over. */
const LATELY_DAYS = 14;
const MOST_PAGES = 100;

export interface Asking {
  readonly aws: AwsApi;
  readonly clock: Clock;
  /** Number of the account whose credentials we have. */
  readonly account: string;
  /** Those of the config: they say how bad each of their thresholds is. */
  readonly budgets: readonly Budget[];
}

/** Asks for all of it; what can't be asked for is told, and the rest stands. */
export async function readBill(asking: Asking): Promise<Bill> {
  const unread: string[] = [];
  let asked = 0;
  const attempt = async <T>(ask: Promise<T>, instead: T): Promise<T> => {
    try {
      return await ask;
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      unread.push(error.message);
      return instead;
    }
  };
  const paid: AwsApi = {
    client: asking.aws.client,
    call: ((...args: Parameters<AwsApi['call']>) => {
      asked += 1;
      return asking.aws.call(...args);
    }) as AwsApi['call'],
  };
  const explorer = { ...asking, aws: paid };
  const [month, rest, anomalies, budgets] = await Promise.all([
    attempt<MonthSoFar | undefined>(monthSoFar(explorer), undefined),
    attempt<Money | undefined>(expectedYet(explorer), undefined),
    attempt<AnomalyNow[]>(openAnomalies(explorer), []),
    attempt<BudgetNow[]>(budgetsNow(asking), []),
  ]);
  return { month, forecast: month && rest && wholeMonth(month, rest), budgets, anomalies, unread, asked };
}

const isoDay = (at: number): string => new Date(at).toISOString().slice(0, 10);

/** First of this month, first of the next, and today, epoch ms, UTC. */
function monthAt(now: number) {
  const date = new Date(now);
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()];
  return {
    first: Date.UTC(year, month, 1),
    next: Date.UTC(year, month + 1, 1),
    today: Math.floor(now / DAY_MS) * DAY_MS,
  };
}

/** Today's share is of the forecast, too: what is spent of it is left out. */
function wholeMonth({ days }: MonthSoFar, rest: Money): Money {
  const before = days.slice(0, -1).reduce((sum, { micros }) => sum + micros, 0);
  return { micros: before + rest.micros, currency: rest.currency };
}

async function monthSoFar({ aws, clock }: Asking): Promise<MonthSoFar> {
  const { CostExplorerClient, GetCostAndUsageCommand } = await import('@aws-sdk/client-cost-explorer');
  const client = aws.client(CostExplorerClient, BILLING_REGION);
  const { first, next, today } = monthAt(clock.now());
  const command = new GetCostAndUsageCommand({
    // its end is not a part of it
    TimePeriod: { Start: isoDay(first), End: isoDay(today + DAY_MS) },
    Granularity: 'DAILY',
    Metrics: ['UnblendedCost'],
  });
  const { ResultsByTime = [] } = await aws.call('ce:GetCostAndUsage', (options) =>
    client.send(command, options),
  );
  const days = ResultsByTime.map(({ Total }) => {
    const { Amount, Unit } = Total?.UnblendedCost ?? {};
    return moneyOf(rounded(Amount), Unit) ?? { micros: 0, currency: 'USD' };
  });
  const currency = days[0]?.currency ?? 'USD';
  return {
    month: isoDay(first).slice(0, 7),
    spent: { micros: days.reduce((sum, { micros }) => sum + micros, 0), currency },
    days,
    of: Math.round((next - first) / DAY_MS),
  };
}

/** Some amounts come as `1.2E-7`. */
const rounded = (amount: string | undefined): number | undefined =>
  amount === undefined ? undefined : Number(amount);

async function expectedYet({ aws, clock }: Asking): Promise<Money | undefined> {
  const { CostExplorerClient, GetCostForecastCommand } = await import('@aws-sdk/client-cost-explorer');
  const client = aws.client(CostExplorerClient, BILLING_REGION);
  const { next, today } = monthAt(clock.now());
  const command = new GetCostForecastCommand({
    TimePeriod: { Start: isoDay(today), End: isoDay(next) },
    Granularity: 'MONTHLY',
    Metric: 'UNBLENDED_COST',
  });
  const answer = await aws.call('ce:GetCostForecast', (options) => client.send(command, options), [
    'DataUnavailableException',
  ]);
  return answer?.Total && moneyOf(rounded(answer.Total.Amount), answer.Total.Unit);
}

async function openAnomalies({ aws, clock }: Asking): Promise<AnomalyNow[]> {
  const { CostExplorerClient, GetAnomaliesCommand } = await import('@aws-sdk/client-cost-explorer');
  const client = aws.client(CostExplorerClient, BILLING_REGION);
  const now = clock.now();
  const found: Anomaly[] = [];
  let NextPageToken: string | undefined;
  for (let page = 0; page < MOST_PAGES; page++) {
    const command = new GetAnomaliesCommand({
      DateInterval: { StartDate: isoDay(now - LATELY_DAYS * DAY_MS) },
      NextPageToken,
    });
    const answer = await aws.call('ce:GetAnomalies', (options) => client.send(command, options));
    found.push(...(answer.Anomalies ?? []));
    NextPageToken = answer.NextPageToken;
    if (!NextPageToken) break;
  }
  return found.filter((one) => isOpen(one, now)).map(anomalyNow);
}

/** The end that it has so far is that of what AWS has looked at: one of two days ago may go on. */
const isOpen = ({ AnomalyEndDate, Feedback }: Anomaly, now: number): boolean =>
  Feedback !== 'NO' &&
  (AnomalyEndDate === undefined || Date.parse(AnomalyEndDate.slice(0, 10)) >= now - 3 * DAY_MS);

function anomalyNow({
  AnomalyId = '',
  AnomalyStartDate = '',
  DimensionValue,
  Impact,
  RootCauses,
}: Anomaly): AnomalyNow {
  const { Service, Region, UsageType } = RootCauses?.[0] ?? {};
  return {
    id: AnomalyId,
    what: DimensionValue ?? Service ?? 'the account',
    since: AnomalyStartDate.slice(0, 10),
    impact: moneyOf(Impact?.TotalImpact ?? Impact?.MaxImpact),
    cause: [Service, Region, UsageType].filter((one) => one).join(', '),
  };
}

async function budgetsNow(asking: Asking): Promise<BudgetNow[]> {
  const { BudgetsClient, DescribeBudgetsCommand } = await import('@aws-sdk/client-budgets');
  const client = asking.aws.client(BudgetsClient, BILLING_REGION);
  const all: Described[] = [];
  let NextToken: string | undefined;
  for (let page = 0; page < MOST_PAGES; page++) {
    const command = new DescribeBudgetsCommand({ AccountId: asking.account, MaxResults: 100, NextToken });
    const answer = await asking.aws.call('budgets:ViewBudget', (options) => client.send(command, options));
    all.push(...(answer.Budgets ?? []));
    NextToken = answer.NextToken ?? undefined;
    if (!NextToken) break;
  }
  const costs = all.filter(({ BudgetType }) => BudgetType === 'COST');
  const now: BudgetNow[] = [];
  // one after the other: it takes few calls a second
  for (const budget of costs) now.push(budgetNow(budget, await alertsOf(budget, asking)));
  return now.toSorted((a, b) => shareOf(b) - shareOf(a));
}

const shareOf = ({ spent, limit }: BudgetNow): number =>
  spent && limit && limit.micros > 0 ? spent.micros / limit.micros : 0;

type AlertOf = Omit<AlertNow, 'passed'>;

/** Of one of our own the config knows them; of others AWS is asked. */
async function alertsOf({ BudgetName = '', BudgetLimit }: Described, asking: Asking): Promise<AlertOf[]> {
  const { aws, account, budgets } = asking;
  const own = budgets.find(({ name }) => name === BudgetName);
  if (own) return [...own.alerts];
  const { BudgetsClient, DescribeNotificationsForBudgetCommand } = await import('@aws-sdk/client-budgets');
  const client = aws.client(BudgetsClient, BILLING_REGION);
  const command = new DescribeNotificationsForBudgetCommand({ AccountId: account, BudgetName });
  const { Notifications = [] } = await aws.call('budgets:ViewBudget', (options) =>
    client.send(command, options),
  );
  return Notifications.flatMap((one) => alertOf(one, Number(BudgetLimit?.Amount)));
}

function alertOf({ NotificationType, Threshold, ThresholdType }: Notification, limit: number): AlertOf[] {
  const of = NotificationType === 'FORECASTED' ? ('forecast' as const) : ('actual' as const);
  const share = ThresholdType === 'ABSOLUTE_VALUE' ? (Number(Threshold) / limit) * 100 : Number(Threshold);
  if (!Number.isFinite(share)) return [];
  const percent = Math.round(share * 10) / 10;
  return [{ of, percent, severity: usualSeverity(of, percent) }];
}

function budgetNow(described: Described, alerts: readonly AlertOf[]): BudgetNow {
  const { BudgetName = '', TimeUnit = '' } = described;
  const { limit, ...so } = amountsOf(described);
  return {
    name: BudgetName,
    period: TimeUnit.toLowerCase(),
    limit,
    spent: so.actual,
    forecast: so.forecast,
    alerts: alerts.map((alert) => {
      const spent = so[alert.of];
      return {
        ...alert,
        passed: limit !== undefined && spent !== undefined && isOver(spent, limit, alert.percent),
      };
    }),
  };
}
