import { CreateTopicCommand, SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import { CreateQueueCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SnsMail } from '../../lib/adapters/aws/sns-mail.ts';
import { systemClock } from '../../lib/adapters/local/clock.ts';
import type { Outcome } from '../../lib/notifiers/define.ts';
import { email, toMail } from '../../lib/notifiers/email.ts';
import { client } from '../kit/account-aws.ts';
import { closesAtEnd } from '../kit/at-end.ts';
import { CREDENTIALS, onMoto, REGION } from '../kit/aws.ts';
import { awsProxy } from '../kit/aws-proxy.ts';
import { VirtualClock } from '../kit/clock.ts';
import { contextOf, noticed } from '../kit/notice.ts';
import { hostileIncident } from './hostile.ts';

const TOPIC = `arn:aws:sns:${REGION}:123456789012:watchbill-mail`;
const started = closesAtEnd();
const receiver = {
  name: 'email',
  type: 'email' as const,
  hears: 'everything' as const,
  updates: true,
  to: ['a@acme.test'],
};

test('a mail says what is the case, and where to look', () => {
  const { subject, text } = toMail(noticed('page'));
  expect(subject).toMatch(/^Public API is down/);
  expect(text.split('\n')[0]).toMatch(/^🔴 Public API is down/);
  expect(text).toMatch(/^Severity {3}page$/m);
  expect(text).toMatch(/^Runbook: https:\/\/\S+$/m);
});

test('whatever is in it, a subject is what SNS takes: ASCII, a line, at most 100 characters', () => {
  fc.assert(
    fc.property(hostileIncident('hunter2-hunter2'), (incident) => {
      const { subject, text } = toMail(noticed('page', { incident }));
      expect(subject).toMatch(/^[!-~](?:[ -~]{0,98}[!-~])?$/);
      expect(text.isWellFormed()).toBe(true);
      expect(Buffer.byteLength(text)).toBeLessThan(262_144);
    }),
  );
});

test('where nothing can send it, it is refused in words', async () => {
  const outcome = await email.send(receiver, noticed('page'), contextOf(new VirtualClock()));
  expect(outcome).toEqual({ outcome: 'refused', why: 'E-mails are sent on AWS alone.', final: true });
});

const mailBy = (endpoint: string) =>
  new SnsMail({ topic: TOPIC, clock: systemClock, client: { endpoint, credentials: CREDENTIALS } });

describe('what SNS answers', () => {
  test.each<[string, 'AccessDenied' | 'Throttling' | 'down', Outcome['outcome'], object]>([
    ['that we may not', 'AccessDenied', 'refused', { final: false }],
    ['that it is too much', 'Throttling', 'retry', { uncertain: false }],
    ['nothing', 'down', 'retry', { uncertain: true }],
  ])('%s', async (_, kind, outcome, more) => {
    const proxy = await started(awsProxy('http://127.0.0.1:1'));
    proxy.trouble = () => kind;
    const answer = await mailBy(proxy.endpoint).send({ subject: 'x', text: 'y' });
    expect(answer).toMatchObject({ outcome, ...more });
    expect(JSON.stringify(answer)).not.toContain(CREDENTIALS.sessionToken);
    expect(proxy.actions).toEqual(['sns:Publish']);
  });
});

onMoto('a mail is published to the topic, once', async (endpoint) => {
  const [sns, sqs] = [client(SNSClient, endpoint), client(SQSClient, endpoint)];
  await sns.send(new CreateTopicCommand({ Name: 'watchbill-mail' }));
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: 'mails' }));
  const Endpoint = `arn:aws:sqs:${REGION}:123456789012:mails`;
  await sns.send(new SubscribeCommand({ TopicArn: TOPIC, Protocol: 'sqs', Endpoint }));
  expect(await mailBy(endpoint).send({ subject: 'It is down', text: 'Look.' })).toEqual({
    outcome: 'accepted',
  });
  const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }));
  expect(Messages.map(({ Body = '' }) => JSON.parse(Body))).toEqual([
    expect.objectContaining({ Subject: 'It is down', Message: 'Look.' }),
  ]);
});
