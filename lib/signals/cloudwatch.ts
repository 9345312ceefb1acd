import { isObject } from '../config/plain.ts';
import { clean, webLink } from '../notifiers/text.ts';
import type { Signal, SignalFormat } from '../signal.ts';
import { consoleOf, MESSAGE_MAX, NAME_MAX, RUNBOOK, resourceIn, textIn, timeIn } from './reading.ts';

/** An alarm of CloudWatch: as it tells SNS, https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html, and EventBridge. */
export const cloudwatch: SignalFormat = {
  source: 'cloudwatch',
  summary: 'An alarm of CloudWatch: of a metric, of several alarms, or of an anomaly band',
  read(letter, json) {
    const change = isObject(json) ? (bySns(json) ?? byEventBridge(json)) : undefined;
    return change && signalOf(change, letter.at);
  },
};

interface Change {
  readonly arn: string;
  readonly name: string;
  readonly description: string | undefined;
  readonly state: string | undefined;
  readonly why: string | undefined;
  readonly at: number | undefined;
  readonly isBand: boolean;
  readonly children: readonly string[];
}

function bySns(json: Readonly<Record<string, unknown>>): Change | undefined {
  const { Trigger: trigger, TriggeringChildren: children } = json;
  const arn = textIn(json, 'AlarmArn');
  const name = textIn(json, 'AlarmName');
  if (arn === undefined || name === undefined) return undefined;
  return {
    arn,
    name,
    description: textIn(json, 'AlarmDescription'),
    state: textIn(json, 'NewStateValue'),
    why: textIn(json, 'NewStateReason'),
    at: timeIn(json, 'StateChangeTime'),
    isBand: isBand(trigger),
    children: Array.isArray(children)
      ? children.flatMap((one) => (isObject(one) ? nameOf(textIn(one, 'Arn') ?? '') : []))
      : [],
  };
}

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html */
function byEventBridge(json: Readonly<Record<string, unknown>>): Change | undefined {
  const { detail } = json;
  if (json.source !== 'aws.cloudwatch' || !isObject(detail) || !isObject(detail.state)) return undefined;
  const arn = resourceIn(json);
  const name = textIn(detail, 'alarmName');
  if (arn === undefined || name === undefined) return undefined;
  const configuration = isObject(detail.configuration) ? detail.configuration : {};
  return {
    arn,
    name,
    description: textIn(configuration, 'description'),
    state: textIn(detail.state, 'value'),
    why: textIn(detail.state, 'reason'),
    at: timeIn(detail.state, 'timestamp') ?? timeIn(json, 'time'),
    isBand: isBand(configuration),
    children: [],
  };
}

/** Whether it compares with what is usual, wherever the format says that. */
const isBand = (trigger: unknown): boolean => /ANOMALY_DETECTION_BAND/.test(JSON.stringify(trigger) ?? '');

const STATES: Readonly<Record<string, Signal['state']>> = {
  ALARM: 'alarm',
  OK: 'ok',
  INSUFFICIENT_DATA: 'unknown',
};

/** What is not an alarm's ARN or state is not of this format: it is told of as it came. */
function signalOf(
  { arn, name, description, state = '', why, at, isBand, children }: Change,
  published: number,
): Signal | undefined {
  const [, region = '', account = ''] = /^arn:aws[\w-]*:cloudwatch:([\w-]+):(\d{12}):alarm:/.exec(arn) ?? [];
  const known = STATES[state];
  if (region === '' || known === undefined) return undefined;
  const raised = children.length > 0 ? ` Raised by ${children.join(', ')}.` : '';
  return {
    source: 'cloudwatch',
    about: arn,
    name,
    at: at ?? published,
    state: known,
    severity: isBand ? 'ticket' : 'page',
    reason: 'alarm_raised',
    title: clean(`Alarm: ${name}`, NAME_MAX),
    message: clean(`${why ?? 'It does not say why.'}${raised}`, MESSAGE_MAX),
    facts: {
      alarm: arn,
      region,
      account,
      ...(description !== undefined && { description: clean(description, MESSAGE_MAX) }),
      console: consoleOf(
        region,
        `cloudwatch/home?region=${region}#alarmsV2:alarm/${encodeURIComponent(name)}`,
      ),
    },
    runbook: linkIn(description) ?? RUNBOOK.alarm,
  };
}

const nameOf = (arn: string): string => arn.split(':alarm:')[1] ?? arn;

/** Who made the alarm often says in its description where to look. */
const linkIn = (description = ''): string | undefined =>
  webLink(/https?:\/\/[^\s"'<>)\]]+/.exec(description)?.[0].replace(/[.,;]$/, ''));
