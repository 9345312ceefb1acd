import { ArnFormat, Aws, CfnOutput, Stack } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { TOPIC_NAME } from '../deployment.ts';
import { tagPart } from './tags.ts';

/**
 * Where alarms of this region go: Watchbill's own, and any of this account that name it as their action. An alarm can
 * only act in its own region. The topic isn't encrypted: a key that CloudWatch may use costs $1 a month in each region,
 * and what an alarm says is no secret.
 */
export class AlertTopic extends Construct {
  constructor(scope: Construct, id: string) {
    super(scope, id);
    const topic = new Topic(this, 'Topic', { topicName: TOPIC_NAME, enforceSSL: true });
    topic.addToResourcePolicy(
      new PolicyStatement({
        sid: 'AlarmsOfThisAccount',
        principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
        actions: ['sns:Publish'],
        resources: [topic.topicArn],
        conditions: {
          StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID },
          ArnLike: {
            'aws:SourceArn': Stack.of(this).formatArn({
              service: 'cloudwatch',
              resource: 'alarm',
              resourceName: '*',
              arnFormat: ArnFormat.COLON_RESOURCE_NAME,
            }),
          },
        },
      }),
    );
    tagPart(this, 'alarms');
    new CfnOutput(Stack.of(this), 'AlertTopic', {
      value: topic.topicArn,
      description: `The action for CloudWatch alarms of ${Stack.of(this).region}; subscribe an e-mail address to hear of Watchbill's own`,
    });
  }
}

/** By its name alone: in one region, one stack makes it for all. */
export const topicIn = (region: string): string => `arn:aws:sns:${region}:${Aws.ACCOUNT_ID}:${TOPIC_NAME}`;
