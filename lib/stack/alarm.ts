import { Duration, Stack } from 'aws-cdk-lib';
import {
  Alarm,
  ComparisonOperator,
  type IMetric,
  MathExpression,
  Metric,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { FUNCTIONS, type FunctionName } from '../deployment.ts';
import { topicIn } from './alert-topic.ts';
import { tagPart } from './tags.ts';

/** What an alarm says to somebody who was woken by it. */
export interface Words {
  readonly name: string;
  /** What is the case and what that means, and where to look first. */
  readonly text: string;
  /** Where the status page is, with a slash at its end, if that is known here: it serves the runbook. */
  readonly pageUrl: string | undefined;
  /** ARN of the topic that it calls; default: that of alerts in its region. */
  readonly topic?: string;
}

/** What an alarm watches: `below`, `above`: the value from which on it is one. */
export interface Watched {
  readonly metric: IMetric;
  readonly below?: number;
  readonly above?: number;
}

/** Shorter ones cost more. */
export const MINUTE = Duration.minutes(1);
/** So many minutes of silence are no hiccup of CloudWatch's own. */
const SILENT_MINUTES = 5;

/**
 * It calls a topic of its region, when it begins and when it ends. What is below its value for five minutes is silent; so is
 * what isn't there at all. What is above it in any minute is too much; what nobody writes is fine. Each metric in it costs $0.10 a month
 * (us-east-1; ten of an account are free: https://aws.amazon.com/cloudwatch/pricing/).
 */
export class WatchbillAlarm extends Construct {
  constructor(scope: Construct, id: string, words: Words, { metric, below, above }: Watched) {
    super(scope, id);
    const isFloor = below !== undefined;
    const minutes = isFloor ? SILENT_MINUTES : 1;
    const alarm = new Alarm(this, 'Alarm', {
      alarmName: words.name,
      alarmDescription: `${words.text} Runbook: ${runbookAt(words.pageUrl)}`,
      metric,
      threshold: below ?? above ?? 0,
      comparisonOperator: isFloor
        ? ComparisonOperator.LESS_THAN_THRESHOLD
        : ComparisonOperator.GREATER_THAN_THRESHOLD,
      evaluationPeriods: minutes,
      datapointsToAlarm: minutes,
      treatMissingData: isFloor ? TreatMissingData.BREACHING : TreatMissingData.NOT_BREACHING,
    });
    tagPart(this, 'alarms');
    const topic = Topic.fromTopicArn(this, 'Topic', words.topic ?? topicIn(Stack.of(this).region));
    alarm.addAlarmAction(new SnsAction(topic));
    alarm.addOkAction(new SnsAction(topic));
  }
}

/** The page may be down as well: then it lies in the package. */
const runbookAt = (pageUrl: string | undefined): string =>
  pageUrl === undefined ? 'runbooks/aws.md' : `${pageUrl}runbooks/aws (runbooks/aws.md)`;

/** How often a function was called in a minute. */
export const callsOf = (name: FunctionName): Metric => ofFunction(name, 'Invocations');

/** How often it was called in a minute and came to its end: one that can't even be loaded is called, too. */
export const successesOf = (name: FunctionName): IMetric =>
  new MathExpression({
    expression: 'calls - errors',
    label: `${FUNCTIONS[name].name}: calls that succeeded`,
    usingMetrics: { calls: callsOf(name), errors: ofFunction(name, 'Errors') },
    period: MINUTE,
  });

const ofFunction = (name: FunctionName, metricName: string): Metric =>
  new Metric({
    namespace: 'AWS/Lambda',
    metricName,
    dimensionsMap: { FunctionName: FUNCTIONS[name].name },
    statistic: 'Sum',
    period: MINUTE,
  });

/** What SQS counts of a queue, the largest of a minute. */
export const ofQueue = (queue: string, metricName: string): Metric =>
  new Metric({
    namespace: 'AWS/SQS',
    metricName,
    dimensionsMap: { QueueName: queue },
    statistic: 'Maximum',
    period: MINUTE,
  });
