import { BudgetsClient, CreateBudgetCommand } from '@aws-sdk/client-budgets';
import {
  CloudWatchClient,
  DescribeAlarmsCommand,
  PutMetricAlarmCommand,
  SetAlarmStateCommand,
} from '@aws-sdk/client-cloudwatch';
import { CreateTopicCommand, PublishCommand, SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import { expect, inject, vi } from 'vitest';
import {
  deadLettersOf,
  FUNCTIONS,
  HOME_STACK,
  probesStack,
  QUEUES,
  TOPIC_NAME,
} from '../../lib/deployment.ts';
import { Folder } from '../cli/kit.ts';
import { client } from '../kit/account-aws.ts';
import { awsProxy } from '../kit/aws-proxy.ts';
import { metricAlarm } from '../signals/letters.ts';
import type { Cloud } from './cloud.ts';
import { unused } from './granted.ts';
import { checkOf, configOf, HOME, onCloud, STANDBY } from './suite.ts';

const NAME = 'checkout-5xx';
const CREDENTIALS_OF_A_PERSON = { AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE', AWS_SECRET_ACCESS_KEY: 'not-checked' };

/** The account's own SNS and CloudWatch, as moto has them: no emulator runs the actions of an alarm, so this does. */
async function alarmsOf({ account }: Cloud) {
  const proxy = await awsProxy(String(inject('emulators')?.moto), () => account.headers);
  const [sns, cloudwatch] = [client(SNSClient, proxy.endpoint), client(CloudWatchClient, proxy.endpoint)];
  const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: TOPIC_NAME }));
  const Endpoint = account.queues.arn({ name: 'watchbill-alerts', region: HOME });
  await sns.send(new SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint }));
  await cloudwatch.send(
    new PutMetricAlarmCommand({
      ...metricAlarm(NAME, String(TopicArn)),
      AlarmDescription: 'Checkout fails. https://wiki.acme.test/checkout',
    }),
  );
  return {
    close: () => proxy.close(),
    /** Of 100 dollars. */
    spend: (BudgetName: string, spent: string) =>
      client(BudgetsClient, proxy.endpoint).send(
        new CreateBudgetCommand({
          AccountId: account.number,
          Budget: {
            BudgetName,
            BudgetType: 'COST',
            TimeUnit: 'MONTHLY',
            BudgetLimit: { Amount: '100', Unit: 'USD' },
            CalculatedSpend: { ActualSpend: { Amount: spent, Unit: 'USD' } },
          },
        }),
      ),
    publish: (Message: string, Subject?: string) =>
      sns.send(new PublishCommand({ TopicArn, Message, Subject })),
    /** And no message of that arrives. */
    turnsSilently: (state: 'ALARM' | 'OK') =>
      cloudwatch.send(new SetAlarmStateCommand({ AlarmName: NAME, StateValue: state, StateReason: 'a try' })),
    /** https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html */
    async turns(state: 'ALARM' | 'OK', old: string): Promise<string> {
      await this.turnsSilently(state);
      const { MetricAlarms = [] } = await cloudwatch.send(new DescribeAlarmsCommand({ AlarmNames: [NAME] }));
      const [alarm] = MetricAlarms;
      const message = {
        AlarmName: alarm?.AlarmName,
        AlarmDescription: alarm?.AlarmDescription,
        AWSAccountId: account.number,
        NewStateValue: alarm?.StateValue,
        NewStateReason: alarm?.StateReason,
        StateChangeTime: new Date(account.time.now()).toISOString().replace('Z', '+0000'),
        Region: 'EU (Ireland)',
        AlarmArn: alarm?.AlarmArn,
        OldStateValue: old,
        Trigger: { MetricName: alarm?.MetricName, Namespace: alarm?.Namespace, Threshold: alarm?.Threshold },
      };
      await this.publish(JSON.stringify(message), `${state}: "${NAME}" in EU (Ireland)`);
      return String(alarm?.StateReason);
    },
  };
}

onCloud(
  'an alarm of the account, by SNS and SQS: one trigger, one resolve; what nobody can read is a ticket; intake may do what it does',
  async ({ cloud }) => {
    const alarms = await alarmsOf(cloud);
    try {
      await cloud.run(1);
      const why = await alarms.turns('ALARM', 'OK');
      await cloud.run(1);
      const page = cloud.ledger.accepted.find(({ event }) => event.event_action === 'trigger');
      expect(page?.event).toMatchObject({
        event_action: 'trigger',
        payload: {
          summary: `Alarm: ${NAME} — ${why}`,
          source: `${NAME} in ${HOME}, account ${cloud.account.number}`,
          custom_details: { reason: 'alarm_raised' },
        },
        links: [{ href: 'https://wiki.acme.test/checkout' }, { text: 'AWS console' }, {}],
      });
      await alarms.turns('ALARM', 'OK');
      await alarms.publish('the disk is full', 'Disk');
      await cloud.run(1);
      await alarms.turns('OK', 'ALARM');
      await cloud.run(1);
      expect(cloud.ledger.totals).toMatchObject({ opened: 1, resolved: 1, alerts: 1 });
      const told = cloud.receivers.webhook.ledger.messages.map(
        ({ body }) => body as { kind: string; text: string },
      );
      expect(told.map(({ kind }) => kind)).toEqual(['page', 'ticket', 'resolve']);
      expect(told[1]?.text).toContain('the disk is full');
      await alarms.spend('all', '81');
      await cloud.run(10);
      await alarms.turns('ALARM', 'OK');
      await cloud.run(1);
      expect(cloud.ledger.totals).toMatchObject({ opened: 2, resolved: 1, alerts: 2 });
      await alarms.turnsSilently('OK');
      await cloud.run(17);
      expect(cloud.ledger.totals, 'its OK lost: found by asking').toMatchObject({ opened: 2, resolved: 2 });
      await alarms.turnsSilently('ALARM');
      await cloud.run(6);
      expect(cloud.ledger.totals, 'its ALARM lost, too').toMatchObject({ opened: 3, resolved: 2 });
      const { body } =
        cloud.receivers.webhook.ledger.messages.find(({ body }) => JSON.stringify(body).includes('Budget')) ??
        {};
      expect(body, 'a budget of which no message came').toMatchObject({
        kind: 'ticket',
        incident: { title: 'Budget all: 80 % is spent' },
      });
      const killed = new Set<string>();
      cloud.account.trouble = ({ by, action }) => {
        if (action !== 'cloudwatch:DescribeAlarms' || killed.has(by)) return undefined;
        killed.add(by);
        return 'kill';
      };
      await cloud.run(6);
      expect(await cloud.deadLetters(), 'who asks was killed').toHaveLength(1);
      expect(unused(cloud).filter((grant) => grant.startsWith(FUNCTIONS.intake.name))).toEqual([]);
    } finally {
      await alarms.close();
    }
  },
  { config: { cost: { budgets: [{ name: 'all', amount: 100 }] } }, start: Date.UTC(2027, 0, 5, 11, 50) },
);

onCloud(
  'E07 dead letters: what is an alert is sent back and told, what was a run of the clock stays',
  async ({ cloud, service }) => {
    const { account } = cloud;
    const proxy = await awsProxy(String(inject('emulators')?.moto), () => account.headers);
    const raw = configOf([checkOf(service)], cloud.receivers);
    await using folder = await Folder.make({ 'watchbill.config.json': raw });
    vi.stubEnv('AWS_ENDPOINT_URL', proxy.endpoint);
    for (const [name, value] of Object.entries(CREDENTIALS_OF_A_PERSON)) vi.stubEnv(name, value);
    try {
      await cloud.run(1);
      const envelope = (Message: string) =>
        JSON.stringify({
          Type: 'Notification',
          MessageId: Message,
          TopicArn: `arn:aws:sns:${HOME}:1:x`,
          Message,
        });
      const dead = (name: string, region: string, text: string) =>
        account.queues.sendText({ name: deadLettersOf(name), region }, text);
      await dead(QUEUES.alerts, HOME, envelope('the first of 12'));
      await dead(QUEUES.alerts, HOME, 'not even JSON');
      for (let i = 2; i <= 12; i++)
        await dead(probesStack(STANDBY), STANDBY, envelope(`the letter ${i} of 12`));
      await dead(HOME_STACK, HOME, JSON.stringify({ requestPayload: { kind: 'clock' } }));
      const say = (json: boolean) => folder.cli(['redrive', ...(json ? ['--json'] : [])]);
      const { code, stdout, stderr } = await say(false);
      expect([code, stderr]).toEqual([0, '']);
      expect(stdout.split('\n').map((line) => line.replaceAll(/ +/g, ' ').trim())).toEqual([
        'DEAD LETTERS REGION SENT BACK TO',
        'watchbill-alerts-dead eu-west-1 2 watchbill-alerts',
        'Watchbill-Home-dead eu-west-1 0 – 1 left there: runs of the clock, which the next minute made good',
        'Watchbill-Probes-us-east-1-dead us-east-1 11 watchbill-alerts',
        '',
      ]);
      await cloud.run(1);
      const told = cloud.receivers.webhook.ledger.messages.map(({ body }) => JSON.stringify(body)).join();
      expect(told).toContain('the first of 12');
      expect(told).toContain('the letter 12 of 12');
      expect(told).toContain('not even JSON');
      const again = await say(true);
      expect(JSON.parse(again.stdout).map(({ moved }: { moved: number }) => moved)).toEqual(
        Array(10).fill(0),
      );
      await cloud.deadLetters();
    } finally {
      vi.unstubAllEnvs();
      await proxy.close();
    }
  },
);
