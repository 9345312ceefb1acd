import { isObject } from '../config/plain.ts';
import type { SignalFormat } from '../signal.ts';
import { alarmSignal, type Change, isBand } from './alarm.ts';
import { alarmInquiry } from './alarm-inquiry.ts';
import { resourceIn, textIn, timeIn } from './reading.ts';

/** An alarm of CloudWatch: as it tells SNS, https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html, and EventBridge. */
export const cloudwatch: SignalFormat = {
  source: 'cloudwatch',
  summary: 'An alarm of CloudWatch: of a metric, of several alarms, or of an anomaly band',
  read(letter, json) {
    const change = isObject(json) ? (bySns(json) ?? byEventBridge(json)) : undefined;
    return change && alarmSignal(change, letter.at);
  },
  inquiry: alarmInquiry,
};

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

const nameOf = (arn: string): string => arn.split(':alarm:')[1] ?? arn;
