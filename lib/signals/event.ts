import { isObject } from '../config/plain.ts';
import { clean } from '../notifiers/text.ts';
import type { SignalFormat } from '../signal.ts';
import { MESSAGE_MAX, NAME_MAX, OVER_MS, RUNBOOK, resourceIn, textIn, timeIn } from './reading.ts';

/** Anything else of EventBridge: https://docs.aws.amazon.com/eventbridge/latest/ref/events-structure.html */
export const event: SignalFormat = {
  source: 'event',
  summary: 'An event of EventBridge of any other kind',
  read({ at: published }, json) {
    if (!isObject(json) || !isObject(json.detail)) return undefined;
    const source = textIn(json, 'source');
    const type = textIn(json, 'detail-type');
    if (source === undefined || type === undefined) return undefined;
    const at = timeIn(json, 'time') ?? published;
    const about = resourceIn(json) ?? textIn(json, 'id') ?? '';
    return {
      source: 'event',
      about: `${source}/${type}/${about}`,
      name: type,
      at,
      state: 'alarm',
      severity: 'ticket',
      reason: 'event_received',
      title: clean(`${type} (${source})`, NAME_MAX),
      message: clean(JSON.stringify(json.detail), MESSAGE_MAX),
      facts: {
        ...(about && { about: clean(about, NAME_MAX) }),
        ...(textIn(json, 'region') && { region: clean(String(json.region), NAME_MAX) }),
        ...(textIn(json, 'account') && { account: clean(String(json.account), NAME_MAX) }),
      },
      runbook: RUNBOOK.alarm,
      until: at + OVER_MS,
    };
  },
};
