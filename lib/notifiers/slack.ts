import { cardOf } from './card.ts';
import { defineNotifier, type Notice } from './define.ts';
import { post } from './post.ts';

/** "1 per second": https://docs.slack.dev/apis/web-api/rate-limits/ */
const PER_MINUTE = 60;

/** Writes into a channel by an incoming webhook: https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks/ */
export const slack = defineNotifier({
  type: 'slack',
  summary: 'Writes into a Slack channel (incoming webhook).',
  shape: (_, fields) => ({
    url: fields.secret.describe(
      'The URL of the incoming webhook: who knows it can write there, so it is a secret',
    ),
  }),
  hears: 'everything',
  updates: true,
  perMinute: PER_MINUTE,
  lane: ({ url }) => url.secret,
  async send({ url }, notice, context) {
    return post({ url: (await context.secret(url)).trim(), body: JSON.stringify(toBlocks(notice)) }, context);
  },
});

const COLORS = { bad: '#d92d20', warning: '#f79009', good: '#12b76a', plain: '#667085' } as const;

/** https://docs.slack.dev/reference/block-kit/blocks/ */
export function toBlocks(notice: Notice) {
  const { title, text, facts, links, tone } = cardOf(notice);
  return {
    // what a phone shows, and who can't see blocks
    text: escaped(title),
    attachments: [
      {
        color: COLORS[tone],
        fallback: escaped(title),
        blocks: [
          { type: 'header', text: { type: 'plain_text', text: title, emoji: true } },
          ...(text === '' ? [] : [{ type: 'section', text: mrkdwn(escaped(text)) }]),
          {
            type: 'section',
            fields: facts.map(([name, value]) => mrkdwn(`*${name}*\n${escaped(value)}`)),
          },
          ...(links.length === 0
            ? []
            : [
                {
                  type: 'context',
                  elements: [mrkdwn(links.map((one) => `<${escaped(one.href)}|${one.text}>`).join('  ·  '))],
                },
              ]),
        ],
      },
    ],
  };
}

const mrkdwn = (text: string) => ({ type: 'mrkdwn', text });

/** https://docs.slack.dev/messaging/formatting-message-text/#escaping; and what would be read as bold, code or a mention. */
const escaped = (text: string): string =>
  text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll(/[*_~`]/g, (mark) => `${mark}\u200b`);
