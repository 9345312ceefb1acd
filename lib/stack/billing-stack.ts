import { Aws, CfnOutput, Stack } from 'aws-cdk-lib';
import { CfnBudget } from 'aws-cdk-lib/aws-budgets';
import { CfnAnomalyMonitor, CfnAnomalySubscription } from 'aws-cdk-lib/aws-ce';
import { Topic } from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';
import type { Anomalies, Budget, Tag } from '../config/compiled.ts';
import { BILLING_REGION, BILLING_STACK, BILLING_TOPIC, deadLettersOf, QUEUES } from '../deployment.ts';
import { MICROS } from '../money.ts';
import { ofQueue, WatchbillAlarm } from './alarm.ts';
import { alarmsOf, bringToIntake, from, letPublish, OF_THIS_ACCOUNT } from './alert-topic.ts';
import { knownPageUrl, type Plan } from './place.ts';
import { DeadLetters } from './queue.ts';
import { tagPart } from './tags.ts';

/** What watches the bill. AWS reckons costs in one region alone, and tells of them there. */
export class BillingStack extends Stack {
  constructor(scope: Construct, plan: Plan) {
    super(scope, BILLING_STACK, {
      env: { region: BILLING_REGION },
      description: 'Watchbill: budgets and cost anomalies. Removing it leaves nothing behind.',
    });
    const { budgets, anomalies } = plan.config.cost;
    const dead = new DeadLetters(this, 'Failed', BILLING_STACK);
    const topic = billingTopic(this, plan.aws.home, dead);
    tagPart(this, 'billing');
    for (const [index, budget] of budgets.entries()) addBudget(this, `Budget${index + 1}`, budget, topic);
    if (anomalies) addAnomalies(this, anomalies, topic);
    new WatchbillAlarm(
      this,
      'DeadLetters',
      {
        name: 'watchbill-dead-letters-billing',
        text: `Something that AWS told of the bill was given up: a message lies in ${deadLettersOf(BILLING_STACK)}. First look: its text, and whether the queue ${QUEUES.alerts} is there and lets the topic ${BILLING_TOPIC} in. It stays for 14 days.`,
        pageUrl: knownPageUrl(plan),
        topic: topic.topicArn,
      },
      { metric: ofQueue(deadLettersOf(BILLING_STACK), 'ApproximateNumberOfMessagesVisible'), above: 0 },
    );
    new CfnOutput(this, 'BillingTopic', {
      value: topic.topicArn,
      description: 'Where budgets and cost anomalies go: others of this account may name it, too',
    });
  }
}

/**
 * Not encrypted, as the other topics are not: a key that these services may use costs $1 a month. Who may publish:
 * https://docs.aws.amazon.com/cost-management/latest/userguide/budgets-sns-policy.html and
 * https://docs.aws.amazon.com/cost-management/latest/userguide/ad-SNS.html
 */
function billingTopic(stack: Stack, home: string, dead: DeadLetters): Topic {
  const topic = new Topic(stack, 'Topic', { topicName: BILLING_TOPIC, enforceSSL: true });
  letPublish(topic, 'Budgets', 'budgets', OF_THIS_ACCOUNT, from(`arn:aws:budgets::${Aws.ACCOUNT_ID}:*`));
  letPublish(topic, 'CostAnomalies', 'costalerts', OF_THIS_ACCOUNT);
  letPublish(topic, 'Alarms', 'cloudwatch', OF_THIS_ACCOUNT, alarmsOf(BILLING_REGION));
  bringToIntake(stack, { topic, name: BILLING_TOPIC, home, dead });
  return topic;
}

export const billingTopicArn = `arn:aws:sns:${BILLING_REGION}:${Aws.ACCOUNT_ID}:${BILLING_TOPIC}`;

const TIME_UNITS: Readonly<Record<Budget['period'], string>> = {
  daily: 'DAILY',
  monthly: 'MONTHLY',
  quarterly: 'QUARTERLY',
  annually: 'ANNUALLY',
};

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-budgets-budget.html */
function addBudget(stack: Stack, id: string, budget: Budget, topic: Topic): void {
  const { name, amount, autoAdjust, period, alerts } = budget;
  const filters = filtersOf(budget);
  new CfnBudget(stack, id, {
    budget: {
      budgetName: name,
      budgetType: 'COST',
      timeUnit: TIME_UNITS[period],
      ...(amount !== undefined && { budgetLimit: { amount: amount / MICROS, unit: 'USD' } }),
      ...(autoAdjust !== undefined && { autoAdjustData: adjusting(autoAdjust) }),
      ...(filters && { costFilters: filters }),
    },
    notificationsWithSubscribers: alerts.map(({ of, percent }) => ({
      notification: {
        notificationType: of === 'actual' ? 'ACTUAL' : 'FORECASTED',
        comparisonOperator: 'GREATER_THAN',
        threshold: percent,
        thresholdType: 'PERCENTAGE',
      },
      subscribers: [{ subscriptionType: 'SNS', address: topic.topicArn }],
    })),
  });
}

const adjusting = (autoAdjust: NonNullable<Budget['autoAdjust']>): CfnBudget.AutoAdjustDataProperty =>
  autoAdjust === 'forecast'
    ? { autoAdjustType: 'FORECAST' }
    : {
        autoAdjustType: 'HISTORICAL',
        historicalOptions: { budgetAdjustmentPeriod: autoAdjust.periods },
      };

/** It is passed on as it is: the names are those of the service. https://docs.aws.amazon.com/cost-management/latest/userguide/budgets-create-filters.html */
function filtersOf({ service, tag, account }: Budget): Readonly<Record<string, string[]>> | undefined {
  if (service !== undefined) return { Service: [service] };
  if (tag) return { TagKeyValue: [`user:${tag.key}$${tag.value}`] };
  return account === undefined ? undefined : { LinkedAccount: [account] };
}

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-ce-anomalysubscription.html */
function addAnomalies(stack: Stack, anomalies: Anomalies, topic: Topic): void {
  const { services, monitors, atLeast, percent } = anomalies;
  const arns: string[] = [];
  if (typeof services === 'string') arns.push(services);
  if (services === true) {
    const monitor = new CfnAnomalyMonitor(stack, 'ServicesMonitor', {
      monitorName: 'watchbill-services',
      monitorType: 'DIMENSIONAL',
      monitorDimension: 'SERVICE',
    });
    arns.push(monitor.attrMonitorArn);
  }
  for (const [index, { name, tag, account }] of monitors.entries()) {
    const monitor = new CfnAnomalyMonitor(stack, `Monitor${index + 1}`, {
      monitorName: name,
      monitorType: 'CUSTOM',
      monitorSpecification: JSON.stringify(specification(tag, account)),
    });
    arns.push(monitor.attrMonitorArn);
  }
  if (arns.length === 0) return;
  new CfnAnomalySubscription(stack, 'Anomalies', {
    subscriptionName: 'watchbill',
    frequency: 'IMMEDIATE',
    monitorArnList: arns,
    subscribers: [{ type: 'SNS', address: topic.topicArn }],
    thresholdExpression: JSON.stringify({
      And: [
        impact('ANOMALY_TOTAL_IMPACT_ABSOLUTE', atLeast / MICROS),
        impact('ANOMALY_TOTAL_IMPACT_PERCENTAGE', percent),
      ],
    }),
  });
}

const specification = (tag: Tag | undefined, account: string | undefined) =>
  tag
    ? { Tags: { Key: tag.key, Values: [tag.value], MatchOptions: ['EQUALS'] } }
    : { Dimensions: { Key: 'LINKED_ACCOUNT', Values: [account], MatchOptions: ['EQUALS'] } };

const impact = (Key: string, atLeast: number) => ({
  Dimensions: { Key, MatchOptions: ['GREATER_THAN_OR_EQUAL'], Values: [`${atLeast}`] },
});
