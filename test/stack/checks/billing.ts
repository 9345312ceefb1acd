import type { Budget } from '../../../lib/config/compiled.ts';
import { ACCOUNT, differences, type Flat, ofType } from '../flat.ts';
import { isBilling } from './queues.ts';

const TOPIC = `arn:aws:sns:us-east-1:${ACCOUNT}:watchbill-billing`;
const UNITS = { daily: 'DAILY', monthly: 'MONTHLY', quarterly: 'QUARTERLY', annually: 'ANNUALLY' } as const;

/** Budgets, monitors and what they tell, in the shapes and the casing that AWS documents; elsewhere there is none. */
export function billIsWatched(flat: Flat): string[] {
  const { budgets, anomalies } = isBilling(flat)
    ? flat.plan.config.cost
    : { budgets: [], anomalies: undefined };
  const all = (type: string) =>
    ofType(flat, type).map(({ properties: { ResourceTags, ...properties } }) => properties);
  const monitors = [
    ...(anomalies?.services === true
      ? [{ MonitorName: 'watchbill-services', MonitorType: 'DIMENSIONAL', MonitorDimension: 'SERVICE' }]
      : []),
    ...(anomalies?.monitors ?? []).map(({ name, tag, account }) => ({
      MonitorName: name,
      MonitorType: 'CUSTOM',
      MonitorSpecification: JSON.stringify(
        tag
          ? { Tags: { Key: tag.key, Values: [tag.value], MatchOptions: ['EQUALS'] } }
          : { Dimensions: { Key: 'LINKED_ACCOUNT', Values: [account], MatchOptions: ['EQUALS'] } },
      ),
    })),
  ];
  const listened = [
    ...(typeof anomalies?.services === 'string' ? [anomalies.services] : []),
    ...ofType(flat, 'AWS::CE::AnomalyMonitor').map(({ id }) => `<${id}.MonitorArn>`),
  ];
  const impact = (Key: string, value: number) => ({
    Dimensions: { Key, MatchOptions: ['GREATER_THAN_OR_EQUAL'], Values: [String(value)] },
  });
  return [
    ...differences(all('AWS::Budgets::Budget'), budgets.map(budgetOf), 'budgets'),
    ...differences(all('AWS::CE::AnomalyMonitor'), monitors, 'monitors'),
    ...differences(
      all('AWS::CE::AnomalySubscription'),
      anomalies && listened.length > 0
        ? [
            {
              SubscriptionName: 'watchbill',
              Frequency: 'IMMEDIATE',
              MonitorArnList: listened,
              Subscribers: [{ Type: 'SNS', Address: TOPIC }],
              ThresholdExpression: JSON.stringify({
                And: [
                  impact('ANOMALY_TOTAL_IMPACT_ABSOLUTE', anomalies.atLeast / 1e6),
                  impact('ANOMALY_TOTAL_IMPACT_PERCENTAGE', anomalies.percent),
                ],
              }),
            },
          ]
        : [],
      'subscriptions to anomalies',
    ),
  ];
}

function budgetOf({ name, amount, autoAdjust, period, service, tag, account, alerts }: Budget): object {
  const filters = {
    ...(service && { Service: [service] }),
    ...(tag && { TagKeyValue: [`user:${tag.key}$${tag.value}`] }),
    ...(account && { LinkedAccount: [account] }),
  };
  const adjusted =
    typeof autoAdjust === 'object'
      ? { AutoAdjustType: 'HISTORICAL', HistoricalOptions: { BudgetAdjustmentPeriod: autoAdjust.periods } }
      : { AutoAdjustType: 'FORECAST' };
  return {
    Budget: {
      BudgetName: name,
      BudgetType: 'COST',
      TimeUnit: UNITS[period],
      ...(amount !== undefined && { BudgetLimit: { Amount: amount / 1e6, Unit: 'USD' } }),
      ...(autoAdjust !== undefined && { AutoAdjustData: adjusted }),
      ...(Object.keys(filters).length > 0 && { CostFilters: filters }),
    },
    NotificationsWithSubscribers: alerts.map(({ of, percent }) => ({
      Notification: {
        NotificationType: of === 'actual' ? 'ACTUAL' : 'FORECASTED',
        ComparisonOperator: 'GREATER_THAN',
        Threshold: percent,
        ThresholdType: 'PERCENTAGE',
      },
      Subscribers: [{ SubscriptionType: 'SNS', Address: TOPIC }],
    })),
  };
}
