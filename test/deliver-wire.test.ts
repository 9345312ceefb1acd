import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { deliverDue, type Post } from '../lib/deliver.ts';
import { createNet } from '../lib/net/create.ts';
import { sendersWith } from '../lib/notifiers/index.ts';
import { SecretError, type SecretRef, type Secrets, sleep } from '../lib/ports.ts';
import { Desk } from './kit/desk.ts';
import { pagerDutyAt, SECRETS, webhookAt } from './kit/notice.ts';
import { PagerDuty } from './kit/pagerduty.ts';
import { type Mode, modes } from './kit/stand-in.ts';
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
    sender: sendersWith(),
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

describe('a key that was replaced under the same name', () => {
  const [OLD, NEW] = [SECRETS.PD_KEY, SECRETS.PD_NEW_KEY];

  /** Secrets that are kept once they were asked for, as from Secrets Manager; `stored`: what stands there now. */
  class Kept implements Secrets {
    stored: Record<string, string | undefined> = { ...SECRETS };
    asked = 0;
    readonly #held = new Map<string, string>();

    async get({ secret }: SecretRef): Promise<string> {
      return this.#held.get(secret) ?? this.#ask(secret);
    }

    async renew({ secret }: SecretRef): Promise<string> {
      return this.#ask(secret);
    }

    async #ask(secret: string): Promise<string> {
      this.asked += 1;
      const value = this.stored[secret];
      if (value === undefined) throw new SecretError(`no secret "${secret}"`);
      this.#held.set(secret, value);
      return value;
    }
  }

  /** What is said of each key but the one that is good: PagerDuty's own words, and what a proxy may say. */
  const INVALID = modes.status(400, {}, '{"status":"Invalid Key","message":"Invalid routing key"}');
  const FORBIDDEN = modes.status(403);
  const onlyGood =
    (good: string, otherwise: Mode) =>
    ({ bytes }: { readonly bytes: Buffer }) =>
      JSON.parse(bytes.toString()).routing_key === good ? modes.accept : otherwise;

  let secrets: Kept;
  beforeEach(async () => {
    secrets = new Kept();
    desk.config = { ...desk.config, notify: [pagerDutyAt(pagerDuty.url)] };
    await desk.boot();
    post = { ...post, secrets };
  });

  test.each([
    ['400', INVALID],
    ['403', FORBIDDEN],
  ])('is asked for anew when PagerDuty answers %s, and the page goes out at once', async (_, refusal) => {
    await desk.say('web', 'open');
    await pass();
    secrets.stored = { ...SECRETS, PD_KEY: NEW };
    pagerDuty.mode = onlyGood(NEW, refusal);
    await desk.say('api', 'open');
    await pass();
    expect(pagerDuty.ledger.accepted.map(({ event }) => event.routing_key)).toEqual([OLD, NEW]);
    expect((await desk.incident('api')).delivery.pagerduty).toMatchObject({
      attempts: 0,
      nextAt: desk.clock.now(),
    });
    expect((await desk.incident('api')).delivery.pagerduty?.refused).toBeUndefined();
    expect(secrets.asked).toBe(2);
    expect(desk.logged).toEqual([]);
  });

  test('and one that is really bad is asked for once more, and no attempt is made with it again', async () => {
    pagerDuty.mode = FORBIDDEN;
    await desk.say('api', 'open');
    await pass();
    expect([pagerDuty.requests.length, secrets.asked]).toEqual([1, 2]);
    await desk.clock.advance(15 * MINUTE);
    await pass();
    expect([pagerDuty.requests.length, secrets.asked]).toEqual([2, 3]);
  });

  test('by one that is bad as well: one attempt with it, and no third', async () => {
    await secrets.get({ secret: 'PD_KEY' });
    secrets.stored = { ...SECRETS, PD_KEY: NEW };
    pagerDuty.mode = FORBIDDEN;
    await desk.say('api', 'open');
    await pass();
    expect(pagerDuty.requests).toHaveLength(2);
    expect((await desk.incident('api')).delivery.pagerduty).toMatchObject({
      attempts: 1,
      refused: 'It answered 403 Forbidden.',
    });
  });

  test('or deleted: the refusal stands, and the log says why', async () => {
    await secrets.get({ secret: 'PD_KEY' });
    secrets.stored = {};
    pagerDuty.mode = FORBIDDEN;
    await desk.say('api', 'open');
    await pass();
    expect(desk.logged).toEqual([
      'a secret that was refused could not be asked for anew',
      '"api is down" is not delivered to pagerduty: It answered 403 Forbidden.',
    ]);
  });

  test('and takes so long to be had that the lease is over: the page goes out with it in the next pass', async () => {
    await secrets.get({ secret: 'PD_KEY' });
    secrets.stored = { ...SECRETS, PD_KEY: NEW };
    pagerDuty.mode = onlyGood(NEW, INVALID);
    const renew = secrets.renew.bind(secrets);
    secrets.renew = (ref) => sleep(desk.clock, 6 * SECOND).then(() => renew(ref));
    await desk.say('api', 'open');
    const passing = pass();
    await pagerDuty.received(1);
    await desk.clock.run(passing);
    expect([pagerDuty.requests.length, effects()]).toEqual([1, []]);
    await desk.clock.advance(SECOND);
    await pass();
    expect(effects()).toEqual(['opened']);
  });

  test('with secrets that nobody keeps, a refusal is a refusal', async () => {
    post = { ...post, secrets: { get: async () => OLD } };
    pagerDuty.mode = FORBIDDEN;
    await desk.say('api', 'open');
    await pass();
    expect(pagerDuty.requests).toHaveLength(1);
  });
});
