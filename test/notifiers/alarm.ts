import { advance } from '../../lib/incident.ts';
import type { Notice } from '../../lib/notifiers/define.ts';
import { signalCase } from '../../lib/signal-log.ts';
import { readLetter } from '../../lib/signals/index.ts';
import { noticeOf } from '../../lib/tell.ts';
import { pagerDutyAt } from '../kit/notice.ts';
import { configOf } from '../kit/world.ts';
import { alarm, letter, NOW } from '../signals/letters.ts';

/** What is told of an alarm of CloudWatch, from the message of SNS on: the page of it. */
export function alarmNotice(): Notice {
  const [case_] = signalCase(readLetter(letter(alarm())), configOf([]), NOW);
  const rules = { now: NOW, installation: 'docs', quiet: false, receivers: [pagerDutyAt('')] };
  const incident = case_ && advance(undefined, case_, rules);
  const entry = incident?.timeline.at(-1);
  if (!incident || !entry) throw new Error('nobody is told');
  return noticeOf(incident, entry, 'https://status.acme.test/');
}
