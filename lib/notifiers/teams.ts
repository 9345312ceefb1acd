import { cardOf } from './card.ts';
import { defineNotifier, type Notice } from './define.ts';
import { post } from './post.ts';

/** "4 requests per second", of which a channel needs far less: https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using */
const PER_MINUTE = 60;

/** Writes into a channel by a workflow ("When a Teams webhook request is received"), as an adaptive card. */
export const teams = defineNotifier({
  type: 'teams',
  summary: 'Writes into a channel of Microsoft Teams (workflow webhook).',
  shape: (_, fields) => ({
    url: fields.secret.describe('The URL of the workflow: who knows it can write there, so it is a secret'),
  }),
  hears: 'everything',
  updates: true,
  perMinute: PER_MINUTE,
  lane: ({ url }) => url.secret,
  async send({ url }, notice, context) {
    return post(
      { url: (await context.secret(url)).trim(), body: JSON.stringify(toAdaptiveCard(notice)) },
      context,
    );
  },
});

const STYLES = { bad: 'attention', warning: 'warning', good: 'good', plain: 'default' } as const;

/** https://learn.microsoft.com/microsoftteams/platform/task-modules-and-cards/cards/cards-reference#adaptive-card; at most 28 KB. */
export function toAdaptiveCard(notice: Notice) {
  const { title, text, facts, links, tone } = cardOf(notice);
  return {
    type: 'message',
    attachments: [
      {
        contentType: 'application/vnd.microsoft.card.adaptive',
        content: {
          $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
          type: 'AdaptiveCard',
          version: '1.4',
          body: [
            {
              type: 'Container',
              style: STYLES[tone],
              bleed: true,
              items: [
                { type: 'TextBlock', text: plain(title), weight: 'Bolder', size: 'Medium', wrap: true },
              ],
            },
            ...(text === '' ? [] : [{ type: 'TextBlock', text: plain(text), wrap: true }]),
            { type: 'FactSet', facts: facts.map(([name, value]) => ({ title: name, value: plain(value) })) },
          ],
          actions: links.map((one) => ({ type: 'Action.OpenUrl', title: one.text, url: one.href })),
          msteams: { width: 'Full' },
        },
      },
    ],
  };
}

/** A card reads Markdown: https://learn.microsoft.com/adaptive-cards/authoring-cards/text-features */
const plain = (text: string): string => text.replaceAll(/[\\*_[\]()`~#>|]/g, '\\$&');
