import { clean, webLink } from '../notifiers/text.ts';
import type { Signal } from '../signal.ts';
import { consoleOf, MESSAGE_MAX, NAME_MAX, RUNBOOK } from './reading.ts';

/** A state of an alarm of CloudWatch, whoever tells of it. */
export interface Change {
  readonly arn: string;
  readonly name: string;
  readonly description: string | undefined;
  readonly state: string | undefined;
  readonly why: string | undefined;
  readonly at: number | undefined;
  readonly isBand: boolean;
  readonly children: readonly string[];
}

/** Whether it compares with what is usual, wherever the format says that. */
export const isBand = (trigger: unknown): boolean =>
  /ANOMALY_DETECTION_BAND/.test(JSON.stringify(trigger) ?? '');

const STATES: Readonly<Record<string, Signal['state']>> = {
  ALARM: 'alarm',
  OK: 'ok',
  INSUFFICIENT_DATA: 'unknown',
};

/** What is not an alarm's ARN or state is not of this format: it is told of as it came. */
export function alarmSignal(
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

/** Who made the alarm often says in its description where to look. */
const linkIn = (description = ''): string | undefined =>
  webLink(/https?:\/\/[^\s"'<>)\]]+/.exec(description)?.[0].replace(/[.,;]$/, ''));
