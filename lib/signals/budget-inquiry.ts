import type { BudgetsClient, Budget as Described } from '@aws-sdk/client-budgets';
import { amountsOf, isOver, ownAlert, thresholdOf, whatOf } from '../budget.ts';
import type { Budget } from '../config/compiled.ts';
import { BILLING_REGION } from '../deployment.ts';
import { type Money, parseMoney } from '../money.ts';
import type { AwsApi } from '../probes/define.ts';
import type { Asking, Inquiry, Signal } from '../signal.ts';
import { budgetSignal } from './budget-alert.ts';
import { gone } from './gone.ts';

/**
 * By DescribeBudget: AWS tells only that a threshold was passed, and refreshes what is spent up to three times a day. What
 * has fallen back is over; of the config's own budgets, what nobody told of is found.
 */
export const budgetInquiry: Inquiry = {
  everyMinutes: 240,
  permissions: (account) => [
    { actions: ['budgets:ViewBudget'], resources: [`arn:aws:budgets::${account}:budget/*`] },
  ],
  ask(known, asking) {
    const { account, budgets } = asking;
    const mine = known.filter(
      ({ facts, state, until = 0 }) =>
        state === 'alarm' && (facts.account ?? account) === account && until > asking.clock.now(),
    );
    const names = new Set([...mine.map(({ name }) => name), ...budgets.map(({ name }) => name)]);
    return names.size === 0 ? [] : [askAll([...names], mine, asking)];
  },
};

async function askAll(names: readonly string[], known: readonly Signal[], asking: Asking): Promise<Signal[]> {
  const { BudgetsClient } = await import('@aws-sdk/client-budgets');
  const client = asking.aws.client(BudgetsClient, BILLING_REGION);
  const signals: Signal[] = [];
  // one after the other: it takes few calls a second
  for (const name of names) {
    const alerts = known.filter((one) => one.name === name);
    const described = await describeBudget(client, asking.account, name, asking.aws);
    const own = asking.budgets.find((budget) => budget.name === name);
    signals.push(...statesOf(described, alerts, own, asking));
  }
  return signals;
}

/** Undefined: there is none of that name. Throws a `Fault`. */
async function describeBudget(
  client: BudgetsClient,
  account: string,
  name: string,
  aws: AwsApi,
): Promise<Described | undefined> {
  const { DescribeBudgetCommand } = await import('@aws-sdk/client-budgets');
  const command = new DescribeBudgetCommand({ AccountId: account, BudgetName: name });
  const answer = await aws.call('budgets:ViewBudget', (options) => client.send(command, options), [
    'NotFoundException',
  ]);
  return answer?.Budget;
}

type Amounts = ReturnType<typeof amountsOf>;

function statesOf(
  described: Described | undefined,
  alerts: readonly Signal[],
  own: Budget | undefined,
  { account, clock }: Asking,
): Signal[] {
  const now = clock.now();
  if (!described) return alerts.map((signal) => gone(signal, now));
  const amounts = amountsOf(described);
  const over = own ? passed(amounts, own, account, now) : [];
  const stillOver = new Set(over.map(({ about }) => about));
  const back = alerts
    .filter(({ about }) => !stillOver.has(about))
    .filter((signal) => hasFallenBack(signal, amounts, own))
    .map((signal): Signal => ({ ...signal, at: now, state: 'ok' }));
  return [...over, ...back];
}

/** One of our own by the amount of now, which may be another; of others by the words in which it was told. */
function hasFallenBack(signal: Signal, { limit, ...so }: Amounts, own: Budget | undefined): boolean {
  const spent = so[whatOf(signal.reason)];
  const alert = ownAlert(signal, own);
  const threshold = alert && limit ? thresholdOf(limit, alert.percent) : toldThreshold(signal);
  return spent !== undefined && spent.currency === threshold?.currency && spent.micros <= threshold.micros;
}

const toldThreshold = ({ facts: { threshold } }: Signal): Money | undefined =>
  typeof threshold === 'string' ? parseMoney(threshold) : undefined;

/** The thresholds of one of our own that are passed. Of a day AWS tells only when it is over. */
function passed({ limit, ...so }: Amounts, own: Budget, account: string, now: number): Signal[] {
  if (!limit || own.period === 'daily') return [];
  return own.alerts.flatMap(({ of, percent }) => {
    const spent = so[of];
    if (!spent || !isOver(spent, limit, percent)) return [];
    const threshold = thresholdOf(limit, percent);
    const alert = { account, name: own.name, of, threshold, limit, now: spent, period: own.period };
    return [budgetSignal(alert, now)];
  });
}
