import { CfnSubscription, Topic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { MAIL_TOPIC } from '../deployment.ts';
import { acknowledge } from './acknowledge.ts';
import { tagPart } from './tags.ts';

/**
 * By which e-mails go out: each address gets one that asks whether it wants them. Only the functions that tell people
 * publish to it, by their roles. What it says is no secret: it isn't encrypted, as the others aren't.
 */
export class MailTopic extends Construct {
  constructor(scope: Construct, id: string, to: readonly string[]) {
    super(scope, id);
    const topic = new Topic(this, 'Topic', {
      topicName: MAIL_TOPIC,
      displayName: 'Watchbill',
      enforceSSL: true,
    });
    for (const [index, endpoint] of to.entries())
      new CfnSubscription(this, `To${index + 1}`, { topicArn: topic.topicArn, protocol: 'email', endpoint });
    acknowledge(this, {
      'Serverless-SNSRedrivePolicy':
        'SNS hands a mail to a mail server and tries for an hour; what bounces after that is told to nobody who could send it again.',
    });
    tagPart(this, 'deliver');
  }
}
