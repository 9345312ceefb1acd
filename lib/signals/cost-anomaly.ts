import { isObject } from '../config/plain.ts';
import { moneyOf, showMoney } from '../money.ts';
import { clean, webLink } from '../notifiers/text.ts';
import type { SignalFormat } from '../signal.ts';
import { MESSAGE_MAX, NAME_MAX, RUNBOOK, textIn } from './reading.ts';

/** It is sent again while it goes on, up to three times a day: not heard of for two days, it is over. */
const QUIET_MS = 2 * 86_400_000;

/** What Cost Anomaly Detection tells SNS, https://docs.aws.amazon.com/cost-management/latest/userguide/getting-started-ad.html, and EventBridge. */
export const costAnomaly: SignalFormat = {
  source: 'cost-anomaly',
  summary: 'An anomaly that AWS Cost Anomaly Detection has found',
  read({ at }, json) {
    const detail = isObject(json) && json.source === 'aws.ce' && isObject(json.detail) ? json.detail : json;
    if (!isObject(detail)) return undefined;
    const id = textIn(detail, 'anomalyId');
    if (id === undefined || !isObject(detail.impact)) return undefined;
    const { impact } = detail;
    const total = moneyOf(impact.totalImpact);
    const [spent, expected] = [moneyOf(impact.totalActualSpend), moneyOf(impact.totalExpectedSpend)];
    const what =
      textIn(detail, 'dimensionalValue') ??
      textIn(detail, 'dimensionValue') ??
      causeOf(detail) ??
      'An account';
    const instead = spent && expected ? `: ${showMoney(spent)} in place of ${showMoney(expected)}` : '';
    return {
      source: 'cost-anomaly',
      about: id,
      name: what,
      at,
      state: 'alarm',
      severity: 'ticket',
      reason: 'cost_anomaly',
      title: clean(`${what} costs more than usual`, NAME_MAX),
      message: clean(
        `${total ? `${showMoney(total)} more than expected` : 'More than expected'}${instead}.${causes(detail)}`,
        MESSAGE_MAX,
      ),
      facts: {
        anomaly: clean(id, NAME_MAX),
        ...(total && { impact: showMoney(total) }),
        ...(spent && { spent: showMoney(spent) }),
        ...(expected && { expected: showMoney(expected) }),
        ...(textIn(detail, 'accountId') && { account: clean(String(detail.accountId), NAME_MAX) }),
        console:
          webLink(textIn(detail, 'anomalyDetailsLink')) ??
          'https://console.aws.amazon.com/costmanagement/home#/anomaly-detection',
      },
      runbook: RUNBOOK.cost,
      until: at + QUIET_MS,
    };
  },
};

const rootCauses = ({ rootCauses: causes }: Readonly<Record<string, unknown>>) =>
  Array.isArray(causes) ? causes.filter(isObject) : [];

const causeOf = (detail: Readonly<Record<string, unknown>>): string | undefined =>
  rootCauses(detail).flatMap((one) => textIn(one, 'service') ?? [])[0];

/** The first three, as far as they say where. */
function causes(detail: Readonly<Record<string, unknown>>): string {
  const words = rootCauses(detail)
    .slice(0, 3)
    .map((one) =>
      ['service', 'usageType', 'region', 'linkedAccount']
        .flatMap((name) => textIn(one, name) ?? [])
        .join(', '),
    )
    .filter((text) => text !== '');
  return words.length > 0 ? ` By ${words.join('; ')}.` : '';
}
