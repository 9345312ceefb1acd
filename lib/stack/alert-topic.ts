import { Aws, CfnOutput, Stack } from 'aws-cdk-lib';
import { CfnRule } from 'aws-cdk-lib/aws-events';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { CfnSubscription, Topic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { QUEUES, TOPIC_NAME } from '../deployment.ts';
import { allowTopics, type DeadLetters } from './queue.ts';
import { tagPart } from './tags.ts';

export interface AlertTopicProps {
  /** The region where alerts are taken in. */
  readonly home: string;
  /** Where that goes which SNS could not bring there. */
  readonly dead: DeadLetters;
  /** Whether what AWS Health tells of this region goes here. */
  readonly health: boolean;
}

const HEALTH_RULE = 'watchbill-health';

/**
 * Where alarms of this region go: Watchbill's own, and any of this account that name it as their action. An alarm can
 * only act in its own region. The topic isn't encrypted: a key that CloudWatch may use costs $1 a month in each region,
 * and what an alarm says is no secret.
 */
export class AlertTopic extends Construct {
  constructor(scope: Construct, id: string, { home, dead, health }: AlertTopicProps) {
    super(scope, id);
    const topic = new Topic(this, 'Topic', { topicName: TOPIC_NAME, enforceSSL: true });
    const { region } = Stack.of(this);
    letPublish(topic, 'AlarmsOfThisAccount', 'cloudwatch', OF_THIS_ACCOUNT, alarmsOf(region));
    // https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html
    letPublish(
      topic,
      'RulesOfThisAccount',
      'events',
      from(`arn:aws:events:${region}:${Aws.ACCOUNT_ID}:rule/*`),
    );
    if (health) {
      dead.queue.addToResourcePolicy(
        new PolicyStatement({
          sid: 'HealthRule',
          principals: [new ServicePrincipal('events.amazonaws.com')],
          actions: ['sqs:SendMessage'],
          resources: [dead.queue.queueArn],
          conditions: {
            ArnEquals: { 'aws:SourceArn': `arn:aws:events:${region}:${Aws.ACCOUNT_ID}:rule/${HEALTH_RULE}` },
          },
        }),
      );
      new CfnRule(this, 'Health', {
        name: HEALTH_RULE,
        description: `What AWS Health tells of this account in ${region}`,
        eventPattern: { source: ['aws.health'] },
        targets: [{ id: 'alerts', arn: topic.topicArn, deadLetterConfig: { arn: dead.arn } }],
      });
    }
    bringToIntake(this, { topic, name: TOPIC_NAME, home, dead });
    tagPart(this, 'alarms');
    new CfnOutput(Stack.of(this), 'AlertTopic', {
      value: topic.topicArn,
      description: `The action for CloudWatch alarms of ${Stack.of(this).region}: what they tell becomes an incident here`,
    });
  }
}

/** By its name alone: in one region, one stack makes it for all. */
export const topicIn = (region: string): string => `arn:aws:sns:${region}:${Aws.ACCOUNT_ID}:${TOPIC_NAME}`;

/** Conditions under which a service may publish: in the name of this account, and of what. */
export const OF_THIS_ACCOUNT = { StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID } };
export const from = (source: string) => ({ ArnLike: { 'aws:SourceArn': source } });
export const alarmsOf = (region: string) => from(`arn:aws:cloudwatch:${region}:${Aws.ACCOUNT_ID}:alarm:*`);

/** A service of AWS may publish, if all of that is so. */
export const letPublish = (topic: Topic, sid: string, service: string, ...conditions: object[]): void =>
  void topic.addToResourcePolicy(
    new PolicyStatement({
      sid,
      principals: [new ServicePrincipal(`${service}.amazonaws.com`)],
      actions: ['sns:Publish'],
      resources: [topic.topicArn],
      conditions: Object.assign({}, ...conditions),
    }),
  );

export interface Brought {
  readonly topic: Topic;
  readonly name: string;
  /** The region where it is taken in. */
  readonly home: string;
  /** Where that goes which SNS could not bring there. */
  readonly dead: DeadLetters;
}

/** What comes by a topic is taken in at home: by names alone, for the queue is in another stack, and need not be there yet. */
export function bringToIntake(scope: Construct, { topic, name, home, dead }: Brought): void {
  const { region } = Stack.of(scope);
  allowTopics(dead.queue, [{ region, arn: `arn:aws:sns:${region}:${Aws.ACCOUNT_ID}:${name}` }]);
  new CfnSubscription(scope, 'Intake', {
    topicArn: topic.topicArn,
    protocol: 'sqs',
    endpoint: `arn:aws:sqs:${home}:${Aws.ACCOUNT_ID}:${QUEUES.alerts}`,
    redrivePolicy: { deadLetterTargetArn: dead.arn },
  });
}
