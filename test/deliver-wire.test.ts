import { afterEach, beforeEach, expect, test } from 'vitest';
import { deliverDue, type Post, type Sender } from '../lib/deliver.ts';
import { createNet } from '../lib/net/create.ts';
import { notifierOf } from '../lib/notifiers/index.ts';
import { Desk } from './kit/desk.ts';
import { pagerDutyAt, SECRETS, webhookAt } from './kit/notice.ts';
import { PagerDuty } from './kit/pagerduty.ts';
import { modes } from './kit/stand-in.ts';
import { Webhook } from './kit/webhook.ts';
import { configOf } from './kit/world.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

let desk: Desk;
let post: Post;
let pagerDuty: PagerDuty;
let hook: Webhook;

beforeEach(async () => {
  desk = new Desk();
  pagerDuty = await PagerDuty.start(desk.clock, { perMinute: 120 });
  hook = await Webhook.start(desk.clock, SECRETS.HOOK_KEY);
  desk.config = configOf([], { notify: [pagerDutyAt(pagerDuty.url), webhookAt(hook.url)] });
  await desk.boot();
  post = desk.postOn(desk.memory, {
    net: createNet({ clock: desk.clock, allow: ['127.0.0.0/8'], self: [] }),
    sender: (type) => notifierOf(type) as unknown as Sender,
  });
});
afterEach(async () => {
  await pagerDuty[Symbol.asyncDispose]();
  await hook[Symbol.asyncDispose]();
});

const effects = () => pagerDuty.ledger.accepted.map(({ effect }) => effect);
const kinds = () => hook.ledger.messages.map(({ body }) => (body as { kind: string }).kind);
/** A pass in which every receiver answers, or isn't there: no time passes. */
const pass = () => deliverDue(post);

test('page and end go out over the wire, signed and with their links, and one alert is opened and closed', async () => {
  await desk.say('api', 'open');
  await pass();
  await desk.clock.advance(MINUTE);
  await desk.say('api', 'close');
  await pass();
  expect([effects(), kinds()]).toEqual([
    ['opened', 'resolved'],
    ['page', 'resolve'],
  ]);
  expect(pagerDuty.ledger.accepted[0]?.event.links?.map(({ href }) => href)).toEqual([
    'https://status.acme.test/runbooks/tcp',
    'https://status.acme.test/',
  ]);
  expect(await pass()).toBeUndefined();
});

test('a receiver that hangs is given up after ten seconds, and the other one has been told long before (F11)', async () => {
  pagerDuty.mode = modes.hang;
  await desk.say('api', 'open');
  const passing = pass();
  await Promise.all([pagerDuty.received(1), hook.received(1)]);
  expect(kinds()).toEqual(['page']);
  await desk.clock.advance(10 * SECOND);
  await passing;
  expect((await desk.incident('api')).delivery.pagerduty).toMatchObject({ attempts: 1, uncertain: true });
  pagerDuty.mode = modes.accept;
  await desk.clock.advance(SECOND);
  await pass();
  expect(effects()).toEqual(['opened']);
});

test('an answer that is lost, a receiver that is gone and comes back, garbage for an answer: one alert, closed (F04, F05)', async () => {
  pagerDuty.next(modes.dropResponse);
  await desk.say('api', 'open');
  await pass();
  await pagerDuty.gone();
  for (let i = 0; i < 5; i++) {
    await desk.clock.advance(MINUTE);
    await pass();
  }
  await desk.say('api', 'close');
  await pagerDuty.back();
  pagerDuty.next(modes.garbage, modes.empty);
  await desk.clock.advance(MINUTE);
  await pass();
  expect(effects()).toEqual(['opened', 'merged', 'resolved']);
  await desk.clock.advance(5 * MINUTE);
  await pass();
  expect(effects()).toEqual(['opened', 'merged', 'resolved', 'dropped']);
  expect(pagerDuty.ledger.open).toEqual([]);
});

test('a revoked key is told to the webhook in the words of the answer; once it is mended, page and end arrive (F06)', async () => {
  pagerDuty.mode = modes.status(403, {}, '{"message":"Forbidden: this key was revoked"}');
  await desk.say('api', 'open');
  await pass();
  await pass();
  expect(kinds()).toEqual(['page', 'update']);
  expect(hook.ledger.messages[1]?.body).toMatchObject({
    text: '"api is down" is not delivered to pagerduty: It answered 403 Forbidden: {"message":"Forbidden: this key was revoked"}',
  });
  await desk.say('api', 'close');
  await pass();
  expect(pagerDuty.requests).toHaveLength(1);
  pagerDuty.mode = modes.accept;
  await desk.clock.advance(15 * MINUTE);
  await pass();
  expect([effects(), kinds()]).toEqual([
    ['opened', 'resolved'],
    ['page', 'update', 'resolve'],
  ]);
});

test('what PagerDuty asks for after 429 is kept, and nobody else waits for it (F07)', async () => {
  pagerDuty.next(modes.status(429, { 'retry-after': '90' }));
  await desk.say('api', 'open');
  await pass();
  await desk.clock.advance(60 * SECOND);
  await desk.say('web', 'open');
  await pass();
  expect([pagerDuty.requests.length, kinds()]).toEqual([1, ['page', 'page']]);
  await desk.clock.advance(30 * SECOND);
  await pass();
  expect(effects()).toEqual(['opened', 'opened']);
});
