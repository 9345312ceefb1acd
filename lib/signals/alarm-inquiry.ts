import type { CloudWatchClient, CompositeAlarm, MetricAlarm } from '@aws-sdk/client-cloudwatch';
import type { AwsApi } from '../probes/define.ts';
import type { Asking, Inquiry, Signal } from '../signal.ts';
import { alarmSignal, isBand } from './alarm.ts';
import { gone } from './gone.ts';

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html */
const MOST_NAMES = 100;
/** What was made a moment ago may not be listed yet. */
const LISTED_MS = 300_000;

/** By DescribeAlarms: of the alarms that act on our topics all, of others those of which something is known. */
export const alarmInquiry: Inquiry = {
  everyMinutes: 5,
  permissions: (account) => [
    { actions: ['cloudwatch:DescribeAlarms'], resources: [`arn:aws:cloudwatch:*:${account}:alarm:*`] },
  ],
  ask(known, asking) {
    const mine = known.filter(({ facts, state }) => facts.account === asking.account && state !== 'ok');
    const topics = asking.topics.filter((topic) => topic.split(':')[4] === asking.account);
    const regions = new Set([...topics.map(regionOf), ...mine.map(({ about }) => regionOf(about))]);
    return [...regions].map((region) => {
      const here = <T>(all: readonly T[], arn: (one: T) => string) =>
        all.filter((one) => regionOf(arn(one)) === region);
      return alarmsIn(
        region,
        here(mine, ({ about }) => about),
        here(topics, (topic) => topic),
        asking,
      );
    });
  },
};

const regionOf = (arn: string): string => arn.split(':')[3] ?? '';

async function alarmsIn(
  region: string,
  known: readonly Signal[],
  topics: readonly string[],
  { aws, clock }: Asking,
): Promise<Signal[]> {
  const { CloudWatchClient } = await import('@aws-sdk/client-cloudwatch');
  const client = aws.client(CloudWatchClient, region);
  const acting = await Promise.all(topics.map((topic) => describe(client, { ActionPrefix: topic }, aws)));
  const found = new Map(acting.flat().map((alarm) => [alarm.AlarmArn, alarm]));
  const others = known.filter(({ about }) => !found.has(about)).map(({ name }) => name);
  for (let i = 0; i < others.length; i += MOST_NAMES) {
    const AlarmNames = others.slice(i, i + MOST_NAMES);
    for (const alarm of await describe(client, { AlarmNames }, aws)) found.set(alarm.AlarmArn, alarm);
  }
  const now = clock.now();
  const ended = known.filter(({ about, at }) => !found.has(about) && now - at > LISTED_MS);
  const told = new Set([...known.map(({ about }) => about), ...toldTo(topics, acting.flat())]);
  return [
    ...[...found.values()].filter(({ AlarmArn = '' }) => told.has(AlarmArn)).flatMap((one) => stateOf(one)),
    ...ended.map((signal) => gone(signal, now)),
  ];
}

type Alarm = MetricAlarm | CompositeAlarm;

/** A topic that is named only as the action of an OK is told of no alarm. */
const toldTo = (topics: readonly string[], alarms: readonly Alarm[]): string[] =>
  alarms
    .filter(
      ({ ActionsEnabled, AlarmActions = [] }) =>
        ActionsEnabled !== false && topics.some((topic) => AlarmActions.includes(topic)),
    )
    .flatMap(({ AlarmArn }) => AlarmArn ?? []);

async function describe(
  client: CloudWatchClient,
  which: { readonly ActionPrefix: string } | { readonly AlarmNames: string[] },
  aws: AwsApi,
): Promise<Alarm[]> {
  const { DescribeAlarmsCommand } = await import('@aws-sdk/client-cloudwatch');
  const alarms: Alarm[] = [];
  let NextToken: string | undefined;
  do {
    const command = new DescribeAlarmsCommand({
      ...which,
      AlarmTypes: ['MetricAlarm', 'CompositeAlarm'],
      MaxRecords: MOST_NAMES,
      NextToken,
    });
    const page = await aws.call('cloudwatch:DescribeAlarms', (options) => client.send(command, options));
    alarms.push(...(page.MetricAlarms ?? []), ...(page.CompositeAlarms ?? []));
    NextToken = page.NextToken;
  } while (NextToken);
  return alarms;
}

/** Its state as a message would have told of it. */
function stateOf(alarm: Alarm): Signal[] {
  const { AlarmArn, AlarmName, AlarmDescription, StateValue, StateReason } = alarm;
  const since = alarm.StateTransitionedTimestamp ?? alarm.StateUpdatedTimestamp;
  if (!AlarmArn || !AlarmName || !since) return [];
  const change = {
    arn: AlarmArn,
    name: AlarmName,
    description: AlarmDescription,
    state: StateValue,
    why: StateReason,
    at: since.getTime(),
    isBand: isBand(alarm),
    children: [],
  };
  return [alarmSignal(change, since.getTime())].flatMap((signal) => signal ?? []);
}
