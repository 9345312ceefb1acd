import { cardOf } from './card.ts';
import { defineNotifier, type Notice } from './define.ts';

/** "10 e-mails per second" of an account: https://docs.aws.amazon.com/general/latest/gr/sns.html */
const PER_MINUTE = 60;
/** https://docs.aws.amazon.com/sns/latest/api/API_Publish.html: ASCII, no line breaks. */
const SUBJECT_MAX = 100;

export const email = defineNotifier({
  type: 'email',
  summary: 'Writes e-mails, on AWS: each address is asked once whether it wants them.',
  shape: (z) => ({
    to: z
      .array(z.email('must be an e-mail address'))
      .min(1)
      .max(10)
      .refine((all) => new Set(all).size === all.length, 'has an address twice')
      .describe('Whom: "cdk deploy" subscribes them to a topic of SNS'),
  }),
  hears: 'everything',
  updates: true,
  perMinute: PER_MINUTE,
  lane: () => 'email',
  async send(_, notice, { mail }) {
    if (!mail) return { outcome: 'refused', why: 'E-mails are sent on AWS alone.', final: true };
    return mail.send(toMail(notice));
  },
});

/** One that is read on a phone: what is the case, then where to look. */
export function toMail(notice: Notice): { readonly subject: string; readonly text: string } {
  const { title, text, facts, links } = cardOf(notice);
  const width = Math.max(...facts.map(([name]) => name.length));
  return {
    subject: ascii(title).slice(0, SUBJECT_MAX).trim(),
    text: [
      title,
      '',
      ...(text === '' ? [] : [text, '']),
      ...facts.map(([name, value]) => `${name.padEnd(width)}  ${value}`),
      '',
      ...links.map(({ text: name, href }) => `${name}: ${href}`),
    ].join('\n'),
  };
}

/** The subject has no other letters: marks are taken off them, signs are left out. */
const ascii = (text: string): string =>
  text
    .normalize('NFKD')
    .replaceAll(/[–—−]/g, '-')
    .replaceAll(/[^\x20-\x7e]/g, '')
    .replaceAll(/ +/g, ' ')
    .trim() || 'Watchbill';
