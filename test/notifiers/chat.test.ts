import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Notice } from '../../lib/notifiers/define.ts';
import { slack, toBlocks } from '../../lib/notifiers/slack.ts';
import { teams, toAdaptiveCard } from '../../lib/notifiers/teams.ts';
import { remember } from '../../lib/redact.ts';
import type { Block } from '../kit/blocks.ts';
import { VirtualClock } from '../kit/clock.ts';
import { contextOf, incidentOf, noticed, OPENED_AT } from '../kit/notice.ts';
import { modes, StandIn } from '../kit/stand-in.ts';
import { hostileIncident, textsOf } from './hostile.ts';

const RUNS = Number(process.env.WATCHBILL_RUNS ?? 100);

/** A chat that is as strict as the real one: what it would refuse, it refuses. */
class Chat extends StandIn {
  readonly taken: unknown[] = [];
  readonly refused: string[] = [];

  constructor(clock: VirtualClock, wrong: (body: unknown) => string | undefined) {
    super(clock, ({ bytes, headers, method }) => {
      const body: unknown = JSON.parse(bytes.toString());
      const why =
        method !== 'POST' || headers['content-type'] !== 'application/json' ? 'no JSON' : wrong(body);
      if (why !== undefined) {
        this.refused.push(why);
        return { status: 400, body: why };
      }
      this.taken.push(body);
      return { status: 200, body: 'ok' };
    });
  }
}

/** https://docs.slack.dev/reference/block-kit/blocks/: what is too long or empty is `invalid_blocks`. */
function wrongForSlack(body: unknown): string | undefined {
  const { text, attachments } = body as ReturnType<typeof toBlocks>;
  if (typeof text !== 'string' || text === '') return 'no_text';
  const blocks = attachments[0]?.blocks as readonly Block[];
  if (blocks.length > 50) return 'invalid_blocks: too many';
  for (const { type, text: own, fields = [], elements = [] } of blocks) {
    if (type === 'header' && (own?.type !== 'plain_text' || own.text === '' || own.text.length > 150))
      return 'invalid_blocks: header';
    if (type === 'section' && own && (own.text === '' || own.text.length > 3_000))
      return 'invalid_blocks: section';
    if (type === 'section' && !own && fields.length === 0) return 'invalid_blocks: empty section';
    if (fields.length > 10 || fields.some((field) => field.text.length > 2_000))
      return 'invalid_blocks: fields';
    if (elements.length > 10) return 'invalid_blocks: context';
  }
  return undefined;
}

/** https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/add-incoming-webhook: 28 KB. */
function wrongForTeams(body: unknown): string | undefined {
  const { type, attachments } = body as ReturnType<typeof toAdaptiveCard>;
  if (type !== 'message' || attachments.length !== 1) return 'not a message';
  const card = attachments[0];
  if (card?.contentType !== 'application/vnd.microsoft.card.adaptive') return 'no adaptive card';
  if (Buffer.byteLength(JSON.stringify(body)) > 28_000) return 'too large';
  if (card.content.actions.some(({ url }) => !URL.canParse(url))) return 'a link that is none';
  return undefined;
}

const CHATS = [
  ['slack', slack, wrongForSlack],
  ['teams', teams, wrongForTeams],
] as const;

describe.each(CHATS)('%s', (name, notifier, wrong) => {
  let clock: VirtualClock;
  let chat: Chat;
  beforeEach(async () => {
    clock = new VirtualClock(OPENED_AT);
    chat = new Chat(clock, wrong);
    await chat.back();
  });
  afterEach(() => chat[Symbol.asyncDispose]());
  const send = (notice: Notice) => {
    const receiver = {
      name,
      type: name,
      hears: 'everything',
      updates: true,
      url: { secret: 'CHAT_URL' },
    } as const;
    return notifier.send(
      receiver as never,
      notice,
      contextOf(clock, { secrets: { CHAT_URL: `${chat.url}\n` } }),
    );
  };

  test.each(['page', 'ticket', 'update', 'reminder', 'resolved'] as const)(
    'takes a %s, which says what, why, where and what to do',
    async (kind) => {
      expect(await send(noticed(kind, { afterMs: 720_000 }))).toEqual({ outcome: 'accepted' });
      const said = JSON.stringify(chat.taken[0]).replaceAll('\\\\', '').replaceAll('\u200b', '');
      expect(said).toContain('Public API');
      expect(said).toContain('api.acme.test:8443/health');
      expect(said).toContain('https://status.acme.test/');
      expect(said.includes('https://status.acme.test/runbooks/http')).toBe(kind !== 'resolved');
      expect(said).toContain(
        {
          page: '🔴',
          ticket: '🟠',
          update: '🔄',
          reminder: 'Still open after 12 min',
          resolved: '✅ Resolved',
        }[kind],
      );
    },
  );

  test('of an alarm of the account it leads to the console', async () => {
    const evidence = {
      ...incidentOf().evidence,
      facts: { console: 'https://eu-west-1.console.aws.amazon.com/x' },
    };
    await send(noticed('page', { incident: incidentOf({ evidence }) }));
    expect(JSON.stringify(chat.taken)).toContain('https://eu-west-1.console.aws.amazon.com/x');
  });

  test.each([
    [400, 'refused', true],
    [403, 'refused', false],
    [404, 'refused', false],
    [410, 'refused', false],
    [429, 'retry', undefined],
    [500, 'retry', undefined],
  ])('answers %i: %s', async (status, outcome, final) => {
    chat.mode = modes.status(status, { 'retry-after': '30' }, 'channel_is_archived');
    expect(await send(noticed('page'))).toMatchObject({ outcome, ...(final !== undefined && { final }) });
  });

  test('whatever an incident says, the chat takes it, and no mark-up or secret of it comes through', async () => {
    const secret = 'hooks-T000-B000-a1b2c3d4e5f6g7h8';
    remember(secret);
    await fc.assert(
      fc.asyncProperty(hostileIncident(secret), async (incident) => {
        expect(await send(noticed('page', { incident }))).toEqual({ outcome: 'accepted' });
      }),
      { numRuns: RUNS },
    );
    expect(chat.refused).toEqual([]);
    const marked = incidentOf({
      title: `<!channel> *b* [x](https://evil.test) <https://evil.test|y> ${secret}`,
    });
    await send(noticed('page', { incident: marked }));
    const said = textsOf(chat.taken.at(-1)).join('\n');
    expect(said).not.toContain('<!channel>\n');
    expect(JSON.stringify(chat.taken.at(-1))).not.toContain(secret);
    if (name === 'slack') expect(toBlocks(noticed('page', { incident: marked })).text).not.toMatch(/<[!@#h]/);
    else
      expect(
        toAdaptiveCard(noticed('page', { incident: marked })).attachments[0]?.content.body[0],
      ).toMatchObject({ items: [{ text: expect.stringContaining('\\[x\\]\\(') }] });
  });
});
