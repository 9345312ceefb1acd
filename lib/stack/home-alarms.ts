import { MathExpression, Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import { METRICS, type MetricName, NAMESPACE } from '../adapters/aws/metrics.ts';
import { deadLettersOf, FUNCTIONS, logGroupOf, QUEUES, TABLE_NAME } from '../deployment.ts';
import { MINUTE, ofQueue, successesOf, WatchbillAlarm, type Watched } from './alarm.ts';

const { decide, deliver } = FUNCTIONS;
const MINUTE_SECONDS = 60;
const MINUTE_MS = 60_000;

interface HomeAlarm extends Watched {
  readonly id: string;
  readonly name: string;
  readonly text: string;
}

/** On what comes of it, not on causes: whether home decides and delivers, in time, and whether anything was given up. */
const alarms = (inspects: boolean): readonly HomeAlarm[] => [
  {
    id: 'DecideSilent',
    name: 'watchbill-silent-decide',
    text: `Home decided nothing for 5 minutes: ${decide.name} is not called, or fails each time. No outage is noticed and nobody is paged; watch the services by hand. First look: the log ${logGroupOf(decide.name)}, the last deployment, the table ${TABLE_NAME}, the schedule ${decide.name}.`,
    metric: successesOf('decide'),
    below: 1,
  },
  {
    id: 'DeliverSilent',
    name: 'watchbill-silent-deliver',
    text: `Home delivered nothing for 5 minutes: ${deliver.name} is not called, or fails each time. Incidents open, but no page leaves; look at the status page by hand. First look: the log ${logGroupOf(deliver.name)}, the last deployment, the table ${TABLE_NAME}, the schedule ${deliver.name}.`,
    metric: successesOf('deliver'),
    below: 1,
  },
  {
    id: 'OldestTick',
    name: 'watchbill-oldest-tick',
    text: `A tick has waited for more than 3 minutes in ${QUEUES.ticks}: outages are noticed late. First look: errors in the log ${logGroupOf(decide.name)}, throttling of the table ${TABLE_NAME}, throttling of Lambda. Nothing is lost for four days.`,
    metric: ofQueue(QUEUES.ticks, 'ApproximateAgeOfOldestMessage'),
    above: 3 * MINUTE_SECONDS,
  },
  {
    id: 'DeadLetters',
    name: 'watchbill-dead-letters',
    text: `Something was given up: a message lies in ${deadLettersOf(QUEUES.ticks)} (readings that miss in the history), in ${deadLettersOf(QUEUES.alerts)} (an alarm of the account that nobody was told of)${inspects ? `, in ${deadLettersOf(QUEUES.inspections)} (a look at the account that failed)` : ''} or in ${deadLettersOf(QUEUES.deliver)} (a page that may have come late). First look: its text, and the logs ${logGroupOf(decide.name)} and ${logGroupOf(deliver.name)} of when it was sent. Once the cause is mended, start a redrive of that queue. It stays for 14 days.`,
    metric: deadAtHome(inspects),
    above: 0,
  },
  {
    id: 'DeliveryLag',
    name: 'watchbill-delivery-lag',
    text: `A page or a ticket has waited for more than 5 minutes, and its receiver has not taken it. First look: the log ${logGroupOf(deliver.name)}: which receiver, and what does it answer? Until then look at the status page by hand.`,
    metric: own('DeliveryLag'),
    above: 5 * MINUTE_MS,
  },
];

/** SUM takes what is there: a queue that nobody used for six hours has no value at all. */
function deadAtHome(inspects: boolean): MathExpression {
  const waitingIn = (queue: string) => ofQueue(deadLettersOf(queue), 'ApproximateNumberOfMessagesVisible');
  return new MathExpression({
    expression: `SUM([ticks, deliver, alerts${inspects ? ', inspections' : ''}])`,
    label: 'Dead letters at home',
    usingMetrics: {
      ticks: waitingIn(QUEUES.ticks),
      deliver: waitingIn(QUEUES.deliver),
      alerts: waitingIn(QUEUES.alerts),
      ...(inspects && { inspections: waitingIn(QUEUES.inspections) }),
    },
    period: MINUTE,
  });
}

/** One of Watchbill's own metrics. */
export const own = (metricName: MetricName): Metric =>
  new Metric({
    namespace: NAMESPACE,
    metricName,
    statistic: METRICS[metricName].statistic,
    period: MINUTE,
  });

export class HomeAlarms extends Construct {
  constructor(
    scope: Construct,
    id: string,
    { pageUrl, inspects }: { readonly pageUrl: string; readonly inspects: boolean },
  ) {
    super(scope, id);
    for (const { id, name, text, ...watched } of alarms(inspects)) {
      new WatchbillAlarm(this, id, { name, text, pageUrl }, watched);
    }
  }
}
