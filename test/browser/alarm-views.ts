import type { toBlocks } from '../../lib/notifiers/slack.ts';
import type { Block, Text } from '../kit/blocks.ts';
import type { PagerDutyEvent } from '../kit/pagerduty.ts';

/**
 * How Slack and PagerDuty show what they are sent, for the pictures of the docs: every part of it, and nothing that isn't
 * in it. What such a view doesn't know throws.
 */

const STYLE = `
  :root { color-scheme: light; font: 15px/1.46 "Open Sans", sans-serif; color: #1d1c1d; background: #fff }
  body { margin: 0; padding: 20px 24px; width: max-content; max-width: 672px; box-sizing: border-box }
  a { color: #1264a3; text-decoration: none }
  .from { display: flex; gap: 10px; align-items: center; margin-bottom: 6px }
  .from b { font-weight: 700 } .from i { font: 600 10px "Open Sans"; background: #e8e8e8; border-radius: 2px; padding: 1px 4px; color: #616061 }
  .face { width: 36px; height: 36px; border-radius: 6px; background: #0b3d4f; color: #fff; display: grid; place-items: center; font-weight: 700 }
  .attachment { border-left: 4px solid; border-radius: 4px; padding: 4px 0 4px 14px; margin-left: 46px }
  h1 { font-size: 18px; line-height: 1.3; margin: 4px 0 8px }
  p { margin: 0 0 10px } .fields { display: grid; grid-template-columns: 1fr 1fr; gap: 10px 18px; margin-bottom: 10px }
  .fields > * { overflow-wrap: anywhere } small { font-size: 13px; color: #616061 }
  .dot { display: inline-block; width: .82em; height: .82em; border-radius: 50%; background: #dd2e44; vertical-align: -.06em }
  .pd h1 { margin: 10px 0 4px } .urgency { font-weight: 700; font-size: 12px; color: #fff; background: #b42318; border-radius: 3px; padding: 2px 8px }
  .pd .about { color: #616061; margin: 0 0 14px } table { border-collapse: collapse; width: 100% }
  th { text-align: left; font-weight: 600; color: #616061; white-space: nowrap; padding: 5px 18px 5px 0; vertical-align: top }
  td { padding: 5px 0; overflow-wrap: anywhere; vertical-align: top } tr + tr > * { border-top: 1px solid #eee }
  .links { display: flex; gap: 22px; margin: 14px 0 0; font-weight: 600 }`;

const page = (body: string): string =>
  `<!doctype html><html lang="en"><meta charset="utf-8"><title>Alarm</title><style>${STYLE}</style><main>${body}</main></html>`;

const EMOJI: Readonly<Record<string, string>> = { '🔴': '<span class="dot"></span>' };

/** The font of the browser has no emoji. */
const drawn = (html: string): string =>
  html.replaceAll(/\p{Extended_Pictographic}/gu, (emoji) => {
    const drawing = EMOJI[emoji];
    if (drawing === undefined) throw new Error(`no drawing of ${emoji}`);
    return drawing;
  });

const html = (text: string): string =>
  drawn(
    text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;'),
  );

/** https://docs.slack.dev/messaging/formatting-message-text/: what Slack has escaped stays so. */
const mrkdwn = (text: string): string =>
  drawn(text)
    .replaceAll(/<(https?:[^|<>]+)\|([^<>]+)>/g, '<a href="$1">$2</a>')
    .replaceAll(/(?<![\w*])\*([^*\n]+)\*(?![\w*])/g, '<b>$1</b>')
    .replaceAll('\n', '<br>');

const written = ({ type, text }: Text): string => (type === 'plain_text' ? html(text) : mrkdwn(text));

function block({ type, text, fields = [], elements = [] }: Block): string {
  if (type === 'header' && text) return `<h1>${written(text)}</h1>`;
  if (type === 'section' && text) return `<p>${written(text)}</p>`;
  if (type === 'section')
    return `<div class="fields">${fields.map((field) => `<div>${written(field)}</div>`).join('')}</div>`;
  if (type === 'context') return `<small>${elements.map(written).join(' ')}</small>`;
  throw new Error(`a block of type ${type}`);
}

export function slackView({ attachments }: ReturnType<typeof toBlocks>): string {
  const parts = attachments.map(
    ({ color, blocks }) =>
      `<div class="attachment" style="border-color:${color}">${blocks.map(block).join('')}</div>`,
  );
  return page(
    `<div class="from"><span class="face">W</span><b>Watchbill</b><i>APP</i></div>${parts.join('')}`,
  );
}

/** The fields of an event that a person is shown. */
export function pagerDutyView({ payload, links = [], client = '' }: PagerDutyEvent): string {
  if (!payload) throw new Error('an event without a payload');
  const { summary, source, severity, timestamp = '', custom_details: details = {} } = payload;
  const value = (one: unknown): string =>
    typeof one !== 'object' || one === null
      ? html(String(one))
      : Object.entries(one)
          .map(([name, inner]) => `${html(name)}: ${value(inner)}`)
          .join('<br>');
  const rows = Object.entries(details).map(
    ([name, one]) => `<tr><th scope="row">${html(name)}</th><td>${value(one)}</td></tr>`,
  );
  return page(`<div class="pd"><span class="urgency">${html(severity)}</span>
    <h1>${html(summary)}</h1>
    <p class="about">${html(source)} · ${html(timestamp)} · via ${html(client)}</p>
    <table>${rows.join('')}</table>
    <p class="links">${links.map(({ href, text = href }) => `<a href="${html(href)}">${html(text)}</a>`).join('')}</p></div>`);
}
