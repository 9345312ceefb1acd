import { describe, expect, test } from 'vitest';
import { deliverDue, type Post } from '../lib/deliver.ts';
import type { Incident } from '../lib/incident.ts';
import type { Lane } from '../lib/lane.ts';
import { notifierOf } from '../lib/notifiers/index.ts';
import { Desk } from './kit/desk.ts';
import { pagerDutyAt } from './kit/notice.ts';
import { type Mode, PAGERDUTY } from './kit/receivers.ts';
import { configOf } from './kit/world.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A minute is a receiver's longest silence between two attempts; some seconds for the attempt itself. */
const SOON = 75 * SECOND;

/** Each alert at PagerDuty is closed, by as many resolves as it takes (and those that were repeated). */
function isOver({ receivers: { ledger } }: Desk, repeated = 0): void {
  expect(ledger.open).toEqual([]);
  expect(ledger.totals).toMatchObject({ dropped: repeated, refused: 0 });
}

describe('PagerDuty is away', () => {
  const AWAY: [string, Mode][] = [
    ['out of reach', 'unreachable'],
    ['silent', 'hang'],
    ['answering 500', 500],
    ['answering 503, and asking for an hour', { status: 503, retryAfter: '3600' }],
  ];

  test.each(AWAY)(
    'for exactly 24 h, %s, while a check goes down and stays so: it is told once after its return, with the time of then (F01)',
    async (_, mode) => {
      const desk = await Desk.start();
      desk.receivers.modes.pagerduty = mode;
      const opened = await desk.say('api', 'open');
      for (let hour = 0; hour < 24; hour++) {
        await desk.say('api', 'open');
        await desk.work(HOUR);
      }
      expect(desk.receivers.told).toEqual([]);
      desk.receivers.modes.pagerduty = 'up';
      const back = desk.clock.now();
      await desk.work(16 * MINUTE);
      expect(desk.receivers.told).toEqual(['trigger api']);
      const [trigger] = desk.receivers.ledger.accepted;
      expect(trigger?.event.payload?.timestamp).toBe(new Date(opened?.openedAt ?? 0).toISOString());
      expect((trigger?.at ?? 0) - back).toBeLessThanOrEqual(
        typeof mode === 'object' ? 15 * MINUTE + SOON : SOON,
      );
      await desk.say('api', 'close');
      await desk.work(10 * MINUTE);
      isOver(desk, mode === 'hang' ? 1 : 0);
    },
  );

  test.each(AWAY)(
    'for exactly 24 h, %s, while an outage begins and ends: its page and its end arrive, in order (F02, F03)',
    async (_, mode) => {
      const desk = await Desk.start();
      desk.receivers.modes.pagerduty = mode;
      await desk.work(HOUR);
      await desk.say('api', 'open');
      await desk.work(2 * HOUR);
      await desk.say('api', 'close');
      await desk.work(21 * HOUR);
      expect(desk.receivers.told).toEqual([]);
      expect(desk.receivers.heard).toEqual(['page api', 'resolve api']);
      desk.receivers.modes.pagerduty = 'up';
      await desk.work(20 * MINUTE);
      const [first, second, ...repeated] = desk.receivers.told;
      expect([first, second]).toEqual(['trigger api', 'resolve api']);
      expect(repeated).toEqual(mode === 'hang' ? ['resolve api'] : []);
      expect(desk.receivers.ledger.open).toEqual([]);
    },
  );

  test('what is open goes before what is over, once it is back', async () => {
    const desk = await Desk.start({ config: configOf([], { notify: [PAGERDUTY] }) });
    desk.receivers.modes.pagerduty = 'unreachable';
    for (let i = 0; i < 200; i++) await desk.say(`old-${i}`, 'open');
    for (let i = 0; i < 200; i++) await desk.say(`old-${i}`, 'close');
    await desk.work(HOUR);
    await desk.say('api', 'open');
    await desk.work(MINUTE);
    desk.receivers.modes.pagerduty = 'up';
    await desk.work(SOON);
    expect(desk.receivers.told.slice(0, 10)).toContain('trigger api');
    expect(desk.receivers.told.length).toBeGreaterThan(50);
    await desk.say('api', 'close');
    await desk.work(10 * MINUTE);
    isOver(desk);
    expect(desk.receivers.ledger.totals).toMatchObject({ opened: 201, resolved: 201, merged: 0 });
  });
});

test('an answer is lost: the same key again, still one alert, and the end is repeated once after five minutes (F04)', async () => {
  const desk = await Desk.start();
  desk.receivers.modes.pagerduty = 'loses the answer';
  await desk.say('api', 'open');
  await desk.work(500);
  desk.receivers.modes.pagerduty = 'up';
  await desk.work(MINUTE);
  await desk.say('api', 'close');
  await desk.work(HOUR);
  const { accepted, alerts } = desk.receivers.ledger;
  expect(accepted.map(({ effect }) => effect)).toEqual(['opened', 'merged', 'resolved', 'dropped']);
  expect(new Set(accepted.slice(0, 2).map(({ bytes }) => bytes)).size).toBe(1);
  expect(new Set(accepted.slice(2).map(({ bytes }) => bytes)).size).toBe(1);
  const [, , resolved, repeated] = accepted.map(({ at }) => at);
  expect((repeated ?? 0) - (resolved ?? 0)).toBeGreaterThanOrEqual(5 * MINUTE);
  expect((repeated ?? 0) - (resolved ?? 0)).toBeLessThan(5 * MINUTE + 5 * SECOND);
  expect(alerts).toHaveLength(1);
});

describe('a refusal', () => {
  test('for good (400) is not repeated; the other receiver and the operator are told, and the end is still sent (F06)', async () => {
    const desk = await Desk.start();
    desk.receivers.modes.pagerduty = 400;
    await desk.say('api', 'open');
    await desk.work(DAY);
    expect(desk.receivers.attempts.filter(({ name }) => name === 'pagerduty')).toHaveLength(1);
    expect(desk.receivers.heard).toEqual(['page api', 'update api']);
    expect(desk.receivers.messages[1]?.message.text).toBe(
      '"api is down" is not delivered to pagerduty: It answered 400 Bad Request.',
    );
    expect(desk.logged).toEqual([
      '"api is down" is not delivered to pagerduty: It answered 400 Bad Request.',
    ]);
    expect((await desk.incident('api')).timeline.map(({ kind }) => kind)).toContain('page');
    desk.receivers.modes.pagerduty = 'up';
    await desk.say('api', 'close');
    await desk.work(MINUTE);
    expect(desk.receivers.told).toEqual(['resolve api']);
  });

  test.each([401, 403, 404])(
    '%i: a key revoked for a day is asked every 15 minutes; then page and end, in order, and nothing is lost (F06)',
    async (status) => {
      const desk = await Desk.start();
      desk.receivers.modes.pagerduty = status;
      await desk.say('api', 'open');
      await desk.work(HOUR);
      await desk.say('api', 'close');
      await desk.say('web', 'open');
      await desk.work(23 * HOUR);
      const asked = desk.receivers.attempts.filter(
        ({ name, notice }) => name === 'pagerduty' && notice.incident.check?.id === 'api',
      );
      expect(asked.length).toBeGreaterThanOrEqual(95);
      expect(asked.length).toBeLessThanOrEqual(97);
      for (const [i, { at }] of asked.entries())
        expect(at - (asked[i - 1]?.at ?? at - 15 * MINUTE)).toBeGreaterThanOrEqual(15 * MINUTE);
      expect(desk.receivers.heard.toSorted()).toEqual([
        'page api',
        'page web',
        'resolve api',
        'update api',
        'update web',
      ]);
      expect(desk.logged).toHaveLength(2);
      desk.receivers.modes.pagerduty = 'up';
      await desk.work(15 * MINUTE + SOON);
      expect(desk.receivers.told.toSorted()).toEqual(['resolve api', 'trigger api', 'trigger web']);
      await desk.say('web', 'close');
      await desk.work(MINUTE);
      isOver(desk);
    },
  );

  test('is over for the lane once something is accepted, and stands there until then', async () => {
    const desk = await Desk.start({ config: configOf([], { notify: [PAGERDUTY] }) });
    const refusal = async () => (await desk.memory.list<Lane>('lane'))[0]?.body.refusal;
    desk.receivers.modes.pagerduty = 403;
    await desk.say('api', 'open');
    await desk.work(MINUTE);
    expect(await refusal()).toMatchObject({ receiver: 'pagerduty', why: 'It answered 403 Forbidden.' });
    desk.receivers.modes.pagerduty = 500;
    await desk.work(20 * MINUTE);
    expect(await refusal()).toBeDefined();
    desk.receivers.modes.pagerduty = 'up';
    await desk.work(2 * MINUTE);
    expect(await refusal()).toBeUndefined();
  });

  test('by a webhook is told to nobody twice, also where it refuses that as well', async () => {
    const desk = await Desk.start();
    desk.receivers.modes.webhook = 400;
    await desk.say('api', 'open');
    await desk.work(HOUR);
    await desk.say('api', 'close');
    await desk.work(HOUR);
    const { timeline } = await desk.incident('api');
    expect(timeline.map(({ kind }) => kind)).toEqual(['opened', 'page', 'update', 'resolved']);
    expect(desk.receivers.told).toEqual(['trigger api', 'resolve api']);
    expect(await desk.pass()).toBeUndefined();
  });

  test('for want of a secret is one that can be mended', async () => {
    const desk = await Desk.start();
    const { secrets } = desk.receivers;
    desk.receivers.secrets = { ...secrets, PD_KEY: undefined };
    await desk.say('api', 'open');
    await desk.work(HOUR);
    expect(desk.receivers.heard).toEqual(['page api', 'update api']);
    expect(desk.receivers.attempts.filter(({ name }) => name === 'pagerduty')).toEqual([]);
    desk.receivers.secrets = secrets;
    await desk.work(15 * MINUTE + SOON);
    expect(desk.receivers.told).toEqual(['trigger api']);
  });
});

describe('the routing key is changed in the config (F27)', () => {
  const NEW = pagerDutyAt(PAGERDUTY.endpoint, 'PD_NEW_KEY');
  const OTHER_PLACE = pagerDutyAt('https://events.eu.pagerduty.test');

  test('while an incident is open: its end goes to the key that opened it, the next incident to the new one', async () => {
    const desk = await Desk.start();
    await desk.say('api', 'open');
    await desk.work(MINUTE);
    desk.config = configOf([], { notify: [NEW] });
    await desk.boot();
    await desk.say('api', 'close');
    await desk.say('web', 'open');
    await desk.work(MINUTE);
    await desk.say('web', 'close');
    await desk.work(MINUTE);
    isOver(desk);
    const { secrets, ledger } = desk.receivers;
    expect(ledger.alerts.map(({ routingKey }) => routingKey)).toEqual([secrets.PD_KEY, secrets.PD_NEW_KEY]);
  });

  test.each<[string, Mode, typeof NEW]>([
    ['the key was revoked', 403, NEW],
    ['the address was wrong', 404, OTHER_PLACE],
    ['nobody is at the address', 'unreachable', OTHER_PLACE],
  ])('before the page was taken, since %s: page and end go to the new one', async (_, mode, mended) => {
    const desk = await Desk.start();
    desk.receivers.modes.pagerduty = mode;
    await desk.say('api', 'open');
    await desk.work(HOUR);
    await desk.say('api', 'close');
    desk.config = configOf([], { notify: [mended] });
    await desk.boot();
    desk.receivers.modes.pagerduty = 'up';
    await desk.work(15 * MINUTE + SOON);
    expect(desk.receivers.told).toEqual(['trigger api', 'resolve api']);
    expect((await desk.incident('api')).delivery.pagerduty?.receiver).toEqual(mended);
    isOver(desk);
  });
});

describe('500 checks go down within one minute (F10)', () => {
  test('each page arrives within 5 minutes, those of each check in order, none is lost, and never too many in a minute', async () => {
    const desk = await Desk.start({ config: configOf([], { notify: [PAGERDUTY] }) });
    const opened = new Map<string, number>();
    for (let second = 0; second < 60; second++) {
      for (let i = 0; i < 500 / 60; i++) {
        const id = `check-${second}-${i}`;
        opened.set(id, desk.clock.now());
        await desk.say(id, 'open');
      }
      await desk.work(SECOND);
    }
    await desk.work(5 * MINUTE);
    const { ledger } = desk.receivers;
    expect(ledger.totals).toMatchObject({ opened: opened.size, merged: 0, refused: 0 });
    for (const { at, event } of ledger.accepted) {
      expect(at - (opened.get(event.payload?.component ?? '') ?? 0)).toBeLessThanOrEqual(5 * MINUTE);
    }
    for (const id of opened.keys()) await desk.say(id, 'close');
    await desk.work(6 * MINUTE);
    isOver(desk);
    expect(ledger.totals).toMatchObject({ resolved: opened.size });
  });
});

test('a thousand incidents that wait for their turn are read a few times a minute, not once for each message', async () => {
  const desk = await Desk.start({ config: configOf([], { notify: [PAGERDUTY] }) });
  for (let i = 0; i < 1_000; i++) await desk.say(`check-${i}`, 'open');
  let looks = 0;
  desk.faults = ({ method }) => {
    if (method === 'due') looks += 1;
    return undefined;
  };
  await desk.work(9 * MINUTE);
  const sent = desk.receivers.ledger.totals.opened;
  expect(sent).toBeGreaterThan(900);
  expect(looks).toBeLessThan(sent / 8);
});

test('an incident is never too old: after three days, and 250 changes, its page and its end are still told (F14)', async () => {
  const desk = await Desk.start();
  desk.receivers.modes.pagerduty = 'unreachable';
  const evidence = { at: 0, message: '', locations: ['local'], of: 1, facts: {} };
  for (let i = 0; i < 250; i++) {
    const reasons = [i % 2 ? 'connect_refused' : 'connect_timeout'];
    await desk.say('api', 'open', { evidence: { ...evidence, reasons } });
    await desk.work(MINUTE);
    await desk.clock.advance(17 * MINUTE);
  }
  await desk.say('api', 'close');
  const { timeline } = await desk.incident('api');
  expect(timeline).toHaveLength(200);
  expect(timeline.filter(({ kind }) => kind === 'page' || kind === 'resolved')).toHaveLength(2);
  await desk.work(MINUTE);
  expect([desk.receivers.heard[0], desk.receivers.heard.at(-1)]).toEqual(['page api', 'resolve api']);
  desk.receivers.modes.pagerduty = 'up';
  await desk.work(5 * MINUTE);
  expect(desk.receivers.told).toEqual(['trigger api', 'resolve api']);
});

test('where nobody can be told, both are tried again, and both hear everything in the end (F24)', async () => {
  const desk = await Desk.start();
  desk.receivers.modes = { pagerduty: 'unreachable', webhook: 503 };
  await desk.say('api', 'open');
  await desk.work(3 * HOUR);
  await desk.say('api', 'close');
  await desk.work(HOUR);
  for (const name of ['pagerduty', 'webhook']) {
    const tries = desk.receivers.attempts.filter((attempt) => attempt.name === name);
    expect(tries.length, name).toBeGreaterThan(200);
  }
  desk.receivers.modes = {};
  await desk.work(2 * MINUTE);
  expect([desk.receivers.told, desk.receivers.heard]).toEqual([
    ['trigger api', 'resolve api'],
    ['page api', 'resolve api'],
  ]);
});

describe('a receiver that this version does not understand', () => {
  test.each<[string, object]>([
    ['is of no type that it knows', { type: 'pigeon' }],
    ['lacks what its type needs', { type: 'pagerduty', routingKey: undefined }],
  ])('%s: it keeps nobody else waiting, and says so', async (_, some) => {
    const desk = await Desk.start({
      config: configOf([], { notify: [{ ...PAGERDUTY, ...some, name: 'odd' }, PAGERDUTY] }),
    });
    await desk.say('api', 'open');
    await desk.work(10 * MINUTE);
    expect(desk.receivers.told).toEqual(['trigger api']);
    expect(desk.logged).toContain('nothing can be sent to odd');
    expect(desk.logged.length).toBeLessThan(20);
  });
});

test('a drill touches no incident that is real (F25)', async () => {
  const desk = await Desk.start();
  desk.receivers.modes.pagerduty = 'unreachable';
  await desk.say('api', 'open');
  await desk.work(MINUTE);
  const before = await desk.incident('api');
  desk.receivers.modes.pagerduty = 'up';
  const drill = {
    subject: 'drill/1',
    class: 'drill' as const,
    title: 'Drill',
    evidence: { ...before.evidence, of: 1 },
  };
  const isDrill = (incident: Incident) => incident.class === 'drill';
  await desk.say('api', 'open', drill);
  await desk.clock.advance(MINUTE);
  await desk.clock.run(deliverDue(desk.post, isDrill));
  await desk.home.endIncident('drill/1', 'The drill is over.');
  await desk.clock.run(deliverDue(desk.post, isDrill));
  expect(
    desk.receivers.ledger.accepted.map(({ event }) => [event.event_action, event.payload?.class]),
  ).toEqual([
    ['trigger', 'drill'],
    ['resolve', 'drill'],
  ]);
  expect(desk.receivers.messages.map(({ message }) => message.kind)).toEqual(['page', 'drill', 'drill']);
  expect(await desk.incident('api')).toEqual(before);
});

describe('the key of an incident', () => {
  const keys = (desk: Desk) => desk.receivers.ledger.alerts.map(({ dedupKey }) => dedupKey);
  const outage = async (desk: Desk) => {
    await desk.say('api', 'open');
    await desk.work(MINUTE);
    await desk.say('api', 'close');
    await desk.work(HOUR);
  };

  test('is another one at the next outage (F18)', async () => {
    const desk = await Desk.start();
    await outage(desk);
    await outage(desk);
    expect(new Set(keys(desk)).size).toBe(2);
    isOver(desk);
  });

  test('is another one in another installation, at the same moment (F19)', async () => {
    const [one, other] = [await Desk.start(), await Desk.start()];
    await outage(one);
    await outage(other);
    expect([...keys(one), ...keys(other)]).toHaveLength(2);
    expect(keys(one)).not.toEqual(keys(other));
  });

  test('and its page stay the same while the words of the error change (F21)', async () => {
    const desk = await Desk.start();
    for (let minute = 0; minute < 60; minute++) {
      const evidence = {
        at: 0,
        reasons: ['connect_refused'],
        locations: ['local'],
        of: 1,
        facts: { minute },
      };
      await desk.say('api', 'open', { evidence: { ...evidence, message: `Refused at ${minute}.` } });
      await desk.work(MINUTE);
    }
    expect([desk.receivers.told, desk.receivers.heard]).toEqual([['trigger api'], ['page api']]);
  });
});

describe('a person at PagerDuty', () => {
  const act = (desk: Desk, action: 'acknowledge' | 'resolve') => {
    const { ledger, secrets } = desk.receivers;
    const dedup_key = ledger.alerts[0]?.dedupKey;
    ledger.accept({ routing_key: secrets.PD_KEY, event_action: action, dedup_key }, desk.clock.now());
  };
  const effectsAfter = async (desk: Desk, action: 'acknowledge' | 'resolve') => {
    await desk.say('api', 'open');
    await desk.work(MINUTE);
    act(desk, action);
    for (let quarter = 0; quarter < 19; quarter++) {
      await desk.say('api', 'open');
      await desk.work(15 * MINUTE);
    }
    const during = desk.receivers.ledger.alerts.length;
    await desk.say('api', 'close');
    await desk.work(MINUTE);
    expect(desk.receivers.ledger.open).toEqual([]);
    return { during, effects: desk.receivers.ledger.accepted.map(({ effect }) => effect) };
  };

  test('acknowledges: the check still fails, and nobody is paged anew; its end closes it (F16)', async () => {
    expect(await effectsAfter(await Desk.start(), 'acknowledge')).toEqual({
      during: 1,
      effects: ['opened', 'acknowledged', 'merged', 'resolved'],
    });
  });

  test('resolves while the check still fails: the reminder after four hours opens it again, its end closes it (F17)', async () => {
    expect(await effectsAfter(await Desk.start(), 'resolve')).toEqual({
      during: 2,
      effects: ['opened', 'resolved', 'opened', 'resolved'],
    });
  });
});

test.each<[string, Partial<Post>]>([
  [
    'a notifier',
    {
      sender: (type) => ({
        ...notifierOf(type),
        lane: ({ name }) => name,
        send: () => new Promise(() => {}),
      }),
    },
  ],
  ['a secret', { secrets: { get: () => new Promise(() => {}) } }],
])(
  '%s that never answers is left to itself: the pass ends, and the attempt is repeated',
  async (_, hanging) => {
    const desk = await Desk.start();
    await desk.say('api', 'open');
    await desk.clock.run(deliverDue(desk.postOn(desk.memory, hanging)), 60_000);
    expect((await desk.incident('api')).delivery.pagerduty).toMatchObject({
      done: 1,
      attempts: 1,
      uncertain: true,
    });
    await desk.work(MINUTE);
    expect(desk.receivers.told).toEqual(['trigger api']);
  },
);

test('a page that nobody has heard yet waits behind no reminder', async () => {
  const ids = Array.from({ length: 300 }, (_, n) => `check-${n}`);
  const desk = await Desk.start({ config: configOf([], { notify: [PAGERDUTY] }) });
  for (const id of ids) await desk.say(id, 'open');
  await desk.work(5 * MINUTE);
  expect(desk.receivers.told).toHaveLength(ids.length);
  await desk.clock.advance(4 * HOUR);
  for (const id of ids) await desk.say(id, 'open');
  await desk.clock.advance(SECOND);
  await desk.say('fresh', 'open');
  const opened = desk.clock.now();
  await desk.work(5 * MINUTE);
  expect(desk.receivers.told).toHaveLength(2 * ids.length + 1);
  const fresh = desk.receivers.attempts.find(({ notice }) => notice.incident.check?.id === 'fresh');
  expect((fresh?.at ?? 0) - opened).toBeLessThanOrEqual(SECOND);
});

describe('a receiver that has refused is asked again at once (F06)', () => {
  /** PagerDuty has refused the page of `api` a minute ago. */
  async function refused() {
    const desk = await Desk.start();
    desk.receivers.modes.pagerduty = 403;
    await desk.say('api', 'open');
    await desk.work(MINUTE);
    desk.receivers.modes.pagerduty = 'up';
    return desk;
  }

  test('when it takes something else', async () => {
    const desk = await refused();
    await desk.say('web', 'open');
    await desk.work(SECOND);
    expect(desk.receivers.told).toEqual(['trigger web', 'trigger api']);
    await desk.say('api', 'close');
    await desk.say('web', 'close');
    await desk.work(MINUTE);
    isOver(desk);
  });

  test('when another process has it take something: a drill', async () => {
    const desk = await refused();
    await desk.say('drill', 'open', { subject: 'drill/1', class: 'drill' });
    await desk.clock.run(deliverDue(desk.postOn(desk.memory), ({ subject }) => subject === 'drill/1'));
    expect(desk.receivers.told).toEqual(['trigger drill']);
    await desk.work(SECOND);
    expect(desk.receivers.told).toEqual(['trigger drill', 'trigger api']);
  });

  test('when it is configured again, or the process starts, and only then', async () => {
    const desk = await refused();
    await desk.work(5 * MINUTE);
    expect(desk.receivers.told).toEqual([]);
    desk.configuredAt = desk.clock.now();
    await desk.work(SECOND);
    expect(desk.receivers.told).toEqual(['trigger api']);
  });

  test('but no more than that: it refuses one incident for ever, and takes the others', async () => {
    const desk = await Desk.start();
    desk.receivers.modes.pagerduty = ({ incident }) => (incident.check?.id === 'api' ? 403 : 'up');
    await desk.say('api', 'open');
    await desk.work(MINUTE);
    for (let i = 0; i < 10; i++) {
      await desk.say(`web-${i}`, 'open');
      await desk.work(SECOND);
    }
    await desk.work(MINUTE);
    const asked = desk.receivers.attempts.filter(
      ({ name, notice }) => name === 'pagerduty' && notice.incident.check?.id === 'api',
    );
    expect(asked.length).toBeLessThanOrEqual(11);
  });
});

describe('what a receiver has not taken', () => {
  test('it is not told itself; the others are, unless it has taken it meanwhile', async () => {
    const desk = await Desk.start();
    desk.receivers.modes = { pagerduty: 403, webhook: 403 };
    await desk.say('api', 'open');
    await desk.work(MINUTE);
    desk.receivers.modes = {};
    desk.configuredAt = desk.clock.now();
    await desk.work(MINUTE);
    expect([desk.receivers.told, desk.receivers.heard]).toEqual([['trigger api'], ['page api']]);
    expect((await desk.incident('api')).timeline.filter(({ kind }) => kind === 'update')).toHaveLength(2);
  });

  test('for want of a secret, is called what it is: it was never asked', async () => {
    const desk = await Desk.start();
    desk.receivers.secrets = { ...desk.receivers.secrets, PD_KEY: undefined };
    await desk.say('api', 'open');
    await desk.work(SECOND);
    const why = 'it was not asked, since Watchbill itself lacks something: no secret "PD_KEY"';
    expect(desk.logged).toEqual([`"api is down" is not delivered to pagerduty: ${why}`]);
    expect(desk.receivers.attempts.filter(({ name }) => name === 'pagerduty')).toEqual([]);
  });
});

test('the console says who accepted what, and once that somebody hasn’t yet', async () => {
  const desk = await Desk.start();
  desk.receivers.modes.pagerduty = 500;
  const opened = await desk.say('api', 'open');
  await desk.work(HOUR);
  desk.receivers.modes = {};
  await desk.work(2 * MINUTE);
  await desk.say('api', 'close');
  await desk.work(MINUTE);
  expect(desk.logged).toEqual([
    '"api is down" is not delivered to pagerduty yet: It answered 500 Internal Server Error.',
  ]);
  expect(desk.said).toEqual([
    `incident ${opened?.id}, page: webhook accepted "api is down"`,
    `incident ${opened?.id}, page: pagerduty accepted "api is down"`,
    `incident ${opened?.id}, resolved: pagerduty accepted "api is down"`,
    `incident ${opened?.id}, resolved: webhook accepted "api is down"`,
  ]);
  const { pagerduty, webhook } = (await desk.incident('api')).delivery;
  expect((pagerduty?.announcedAt ?? 0) - (opened?.openedAt ?? 0)).toBeGreaterThanOrEqual(HOUR);
  expect((webhook?.announcedAt ?? 0) - (opened?.openedAt ?? 0)).toBeLessThanOrEqual(SECOND);
  expect(pagerduty?.resolvedAt).toBeGreaterThan(pagerduty?.announcedAt ?? 0);
});
