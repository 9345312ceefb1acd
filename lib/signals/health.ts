import { isObject } from '../config/plain.ts';
import { clean } from '../notifiers/text.ts';
import type { SignalFormat } from '../signal.ts';
import { consoleOf, MESSAGE_MAX, NAME_MAX, RUNBOOK, textIn, timeIn } from './reading.ts';

/** What is to come, or was only said, is over by itself. */
const SAID_MS = 7 * 86_400_000;

/** AWS Health by EventBridge: https://docs.aws.amazon.com/health/latest/ug/aws-health-events-eventbridge-schema.html */
export const health: SignalFormat = {
  source: 'health',
  summary: 'An event of AWS Health: trouble of a service, work that is planned, a notice to the account',
  read({ at: published }, json) {
    if (!isObject(json) || json.source !== 'aws.health' || !isObject(json.detail)) return undefined;
    const { detail } = json;
    const arn = textIn(detail, 'eventArn');
    if (arn === undefined) return undefined;
    const category = textIn(detail, 'eventTypeCategory');
    const service = textIn(detail, 'service') ?? 'AWS';
    const at = timeIn(detail, 'lastUpdatedTime') ?? timeIn(json, 'time') ?? published;
    const isIssue = category === 'issue' || category === 'investigation';
    const region = textIn(json, 'region') ?? 'us-east-1';
    return {
      source: 'health',
      about: arn,
      name: textIn(detail, 'eventTypeCode') ?? service,
      at,
      state: textIn(detail, 'statusCode') === 'closed' ? 'ok' : 'alarm',
      severity: 'ticket',
      reason: 'health_event',
      title: clean(
        `${service}: ${isIssue ? 'AWS has trouble' : category === 'scheduledChange' ? 'AWS plans a change' : 'AWS has a notice'}`,
        NAME_MAX,
      ),
      message: clean(descriptionIn(detail) ?? 'It has no description.', MESSAGE_MAX),
      facts: {
        event: arn,
        service,
        region,
        affected: entitiesIn(detail),
        console: consoleOf('health', 'health/home#/account/event-log'),
      },
      runbook: RUNBOOK.alarm,
      ...(!isIssue && { until: (timeIn(detail, 'endTime') ?? at) + SAID_MS }),
    };
  },
};

/** In English where there are several. */
function descriptionIn({ eventDescription: all }: Readonly<Record<string, unknown>>): string | undefined {
  const texts = Array.isArray(all) ? all.filter(isObject) : [];
  const english = texts.find(({ language }) => String(language).startsWith('en')) ?? texts[0];
  return english && textIn(english, 'latestDescription');
}

const entitiesIn = ({ affectedEntities: all }: Readonly<Record<string, unknown>>): string[] =>
  (Array.isArray(all) ? all : [])
    .filter(isObject)
    .slice(0, 20)
    .flatMap((one) => textIn(one, 'entityValue') ?? []);
