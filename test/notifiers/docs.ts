import type { Receiver, Severity } from '../../lib/config/compiled.ts';
import { advance, type EntryKind, end, type Incident } from '../../lib/incident.ts';
import { pagerduty, toEvent } from '../../lib/notifiers/pagerduty.ts';
import { toBlocks } from '../../lib/notifiers/slack.ts';
import { webhook } from '../../lib/notifiers/webhook.ts';
import { nextEntry } from '../../lib/outbox.ts';
import { noticeOf } from '../../lib/tell.ts';
import { VirtualClock } from '../kit/clock.ts';
import { contextOf, incidentOf, noticed, OPENED_AT, pagerDutyAt, SECRETS, webhookAt } from '../kit/notice.ts';
import { PagerDuty, type PagerDutyEvent } from '../kit/pagerduty.ts';
import type { Received } from '../kit/stand-in.ts';
import { Webhook } from '../kit/webhook.ts';
import { alarmNotice } from './alarm.ts';

const RECEIVERS = { PagerDuty: pagerDutyAt(''), 'Webhook, Slack, Teams': webhookAt('') };

const OCCASIONS: readonly [kind: EntryKind, severity: Severity, when: string][] = [
  ['page', 'page', 'a check of severity `page` goes down, or most locations fall silent'],
  ['reminder', 'page', 'it is still down after `remind` (4 h): a page again, by the same key'],
  ['update', 'page', 'it is still down, but for another reason or seen from elsewhere'],
  [
    'resolved',
    'page',
    'it is well again, or no longer watched (one that opened within ten minutes of the last end: well for ten minutes)',
  ],
  [
    'ticket',
    'ticket',
    'a check of severity `ticket` goes down; one is degraded or cannot be checked for 10 minutes; a location is silent or blind; a config was rejected',
  ],
  ['update', 'ticket', 'that changes'],
  ['resolved', 'ticket', 'that is over'],
];

/** An incident as it opens, told to these receivers. */
function opened(receivers: readonly Receiver[], severity: Severity = 'page'): Incident {
  const { check, ...about } = incidentOf({ severity });
  const seen = {
    ...about,
    ...(check && { check }),
    want: 'open' as const,
    heldBy: undefined,
    announceAfter: 0,
  };
  const incident = advance(undefined, seen, {
    now: OPENED_AT,
    installation: 'docs',
    quiet: false,
    receivers,
  });
  if (!incident) throw new Error('no incident');
  return incident;
}

/** Whether a receiver is told of such an entry: asked of the code that decides it. */
function isTold(receiver: Receiver, kind: EntryKind, severity: Severity): boolean {
  const incident = opened([receiver], severity);
  const cursor = incident.delivery[receiver.name];
  const entry = { seq: 9, at: OPENED_AT, kind, text: '' };
  return cursor !== undefined && nextEntry({ ...incident, timeline: [entry] }, cursor) !== undefined;
}

/** The requests that reach PagerDuty and a webhook in the course of one outage of 12 minutes. */
export async function outage(): Promise<{ events: readonly Received[]; messages: readonly Received[] }> {
  const clock = new VirtualClock(OPENED_AT);
  await using pagerDuty = await PagerDuty.start(clock);
  await using hook = await Webhook.start(clock, SECRETS.HOOK_KEY);
  const receivers = [pagerDutyAt(pagerDuty.url), webhookAt(hook.url)] as const;
  const tell = async (incident: Incident) => {
    const entry = incident.timeline.at(-1);
    if (!entry) throw new Error('nothing to tell');
    const notice = noticeOf(incident, entry, 'https://status.acme.test/');
    await pagerduty.send(receivers[0], notice, contextOf(clock));
    await webhook.send(receivers[1], notice, contextOf(clock));
  };
  const incident = opened(receivers);
  await tell(incident);
  await clock.advance(720_000);
  await tell(end(incident, clock.now(), 'Public API is well again after 12 min.'));
  if (pagerDuty.ledger.totals.resolved !== 1 || hook.ledger.accepted.length !== 2)
    throw new Error('not accepted');
  return { events: pagerDuty.requests, messages: hook.requests };
}

/** docs/notifications.md. */
export async function notifications(): Promise<string> {
  const { events, messages } = await outage();
  const [trigger, resolve] = events.map(({ bytes }) => JSON.parse(bytes.toString()) as PagerDutyEvent);
  const [message] = messages;
  if (!trigger || !resolve || !message) throw new Error('no request');
  return `# Notifications

<!-- Made by test/notifiers/docs.test.ts from requests that were really sent. WATCHBILL_UPDATE=1 makes it anew. -->

Every problem is one incident. What happens to it is written to its timeline first and then sent to each
receiver, in order, for as long as it takes: a receiver that is away for a day gets the page *and* its end
(but not the reminders that waited behind the page). A receiver gets at most 120 messages a minute; where more
are waiting, those of incidents that are still open go first.

| told when | ${Object.keys(RECEIVERS).join(' | ')} |
|---|${Object.keys(RECEIVERS)
    .map(() => '---|')
    .join('')}
${OCCASIONS.map(([kind, severity, when]) => `| ${when} | ${told(kind, severity).join(' | ')} |`).join('\n')}

Nobody is told of what began and ended in a maintenance window, below a parent that is down, or within the
tries of one run. \`watchbill drill\` sends a page and its end to every receiver, by a key of its own.

## How an answer is understood

| answer | means |
|---|---|
| 2xx, whatever the body says | accepted |
| 408, 425, 429, 5xx, or none (no connection, no TLS, no time left) | tried again: after 1 s, then twice as long each time up to 1 min, with jitter. \`Retry-After\` is honoured, up to 15 min |
| 413 | PagerDuty: once more at once, without details; then refused |
| 400, 413, 422 | refused for good: the same request would be refused again. The other receivers are told, and the operator's page says so |
| any other 4xx, 3xx (redirects are not followed) | refused: the other receivers are told, the operator's page says so, and it is tried again every 15 min, since somebody may mend the key or the address; and at once when the receiver has accepted anything else (a drill), when the config is read again, and at a start |
| none was asked for, since a secret that it needs is missing here | the same; it is called what it is |

If the answer to an attempt is lost, the attempt is repeated. PagerDuty knows the repetition by \`dedup_key\`, a
webhook by \`webhook-id\`. The end of such an incident is sent once more five minutes later, in case the lost
attempt arrives late.

Connections to receivers pass the same guard as those of checks: an address that isn't public must be listed in
\`network.allow\`. Secrets that Watchbill knows are replaced by \`[redacted]\` in everything that is sent.

## PagerDuty

Events API v2. This is what a person gets on the phone at night:

> **${trigger.payload?.summary}**
>
${rows(trigger)
  .map((row) => `> ${row}`)
  .join('\n')}
>
> ${(trigger.links ?? []).map(({ href, text }) => `[${text}](${href})`).join(' · ')}

And this is the event:

${json(trigger)}

A reminder is the same event with "Still open after 4 h: " before the summary: nothing new where somebody has
acknowledged the alert, a new alert where somebody has resolved it while the check still fails.

PagerDuty closes an alert only by the routing key that opened it. So give a new key a name of its own in the
config, and leave the old secret in place until what it opened is closed: the end of each incident goes to the
key that took its page, everything else to the new one. The end:

${json(resolve)}

### Changes

Most of what breaks was changed just before. Tell PagerDuty of each deployment, from the pipeline that makes it, and it
shows beside the incidents of the service (a change event); it pages nobody. The key is the same; on AWS, \`--stack\` reads
it where the deployment does. What isn't taken within a minute is said, with exit code 1.

\`\`\`sh
npx watchbill change "Deployed api 1.2.3" --link https://ci.acme.example/runs/7
\`\`\`

## Webhook

\`POST\` of JSON, signed as [Standard Webhooks](https://www.standardwebhooks.com) says:

\`\`\`http
${Object.entries(message.headers)
  .filter(([name]) => name.startsWith('webhook-') || name === 'content-type')
  .map(([name, value]) => `${name}: ${value}`)
  .join('\n')}
\`\`\`

${json(JSON.parse(message.bytes.toString()))}

\`kind\` is \`page\`, \`ticket\`, \`update\` or \`resolve\` (\`drill\` for both messages of a drill); \`incident.status\`
is \`open\` or \`resolved\`. \`webhook-id\` is the same in each repetition of a message: a receiver that has seen it
answers 2xx and does nothing. The key of the signature is what follows \`whsec_\` in \`signingKey\`, decoded from
base64; a signing key without \`whsec_\` is used as it is. To verify a message in Node:

\`\`\`js
${VERIFY}
\`\`\`

## Slack and Microsoft Teams

Both hear what a webhook hears, as a message that stands alone: what, why, where, since when, and links to the runbook, the
status page and, for an alarm of the account, the AWS console. Their URL is a secret: who knows it can write there. For
Slack it is that of an [incoming webhook](https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks/), for
Teams that of the workflow "When a Teams webhook request is received"; 60 messages a minute at most. What Slack gets:

${json(toBlocks(noticed('page')))}

## An alarm of the account

What Slack shows of a CloudWatch alarm ([alarms.md](alarms.md)), drawn from the message that it is sent, and what PagerDuty
shows:

![The Slack message: what, why, how bad, since when, and three links](alarm-slack.png)

![The PagerDuty incident: summary, where, details, links](alarm-pagerduty.png)

And the event that PagerDuty gets:

${json(toEvent(alarmNotice(), SECRETS.PD_KEY))}
`;
}

const VERIFY = `import { createHmac, timingSafeEqual } from 'node:crypto';

/** \`headers\` in lower case, \`body\` as it came, \`key\` as a Buffer, \`now\` in ms. */
export function verify(headers, body, key, now = Date.now()) {
  const { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures = '' } = headers;
  if (!(Math.abs(now / 1000 - Number(timestamp)) <= 300)) return false; // an old message, sent again by someone else
  const right = createHmac('sha256', key).update(\`\${id}.\${timestamp}.\${body}\`).digest();
  return signatures.split(' ').some((signature) => {
    const given = Buffer.from(signature.replace(/^v1,/, ''), 'base64');
    return given.length === right.length && timingSafeEqual(given, right);
  });
}`;

const told = (kind: EntryKind, severity: Severity): string[] =>
  Object.values(RECEIVERS).map((receiver) => (isTold(receiver, kind, severity) ? 'yes' : '–'));

/** The details as PagerDuty shows them: a name and a value in each row. */
function rows({ payload }: PagerDutyEvent): string[] {
  const details = Object.entries(payload?.custom_details ?? {});
  const cells = details.map(
    ([name, value]) => `| ${name} | ${typeof value === 'object' ? JSON.stringify(value) : value} |`,
  );
  return ['| | |', '|---|---|', ...cells];
}

const json = (value: unknown): string => `\`\`\`json\n${JSON.stringify(value, null, 2)}\n\`\`\``;
