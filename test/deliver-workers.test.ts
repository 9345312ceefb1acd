import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkSubject } from '../lib/cases.ts';
import { deliverDue, type Post, type Sender } from '../lib/deliver.ts';
import { incidents } from '../lib/items.ts';
import { type Item, type Store, sleep } from '../lib/ports.ts';
import { settle } from './kit/clock.ts';
import { Desk } from './kit/desk.ts';
import { Crash, FaultyStore } from './kit/faulty-store.ts';
import { PAGERDUTY } from './kit/receivers.ts';
import { configOf } from './kit/world.ts';

const RUNS = Math.min(500, Number(process.env.WATCHBILL_RUNS ?? 20));
const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** Delivers as another process would, until it is told to stop. */
async function keepDelivering(desk: Desk, post: Post, everyMs: number, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await deliverDue(post);
    await sleep(desk.clock, everyMs, signal);
  }
}

test('however many workers share a store, and however slow it is, each entry is sent once, in order (F13)', async () => {
  const workers = fc.record({
    waits: fc.array(fc.integer({ min: 1, max: 5_000 }), { minLength: 2, maxLength: 4 }),
    delays: fc.array(fc.nat(800), { minLength: 1, maxLength: 20 }),
    count: fc.integer({ min: 1, max: 12 }),
  });
  await fc.assert(
    fc.asyncProperty(workers, async ({ waits, delays, count }) => {
      const desk = await Desk.start();
      const ids = Array.from({ length: count }, (_, i) => `check-${i}`);
      const stop = new AbortController();
      const running = waits.map((everyMs, i) => {
        const slow = new FaultyStore(desk.memory, desk.clock, ({ n }) => delays[(n + i) % delays.length]);
        return keepDelivering(desk, desk.postOn(slow), everyMs, stop.signal);
      });
      for (const id of ids) await desk.say(id, 'open');
      await desk.clock.advance(5 * MINUTE);
      for (const id of ids) await desk.say(id, 'close');
      await desk.clock.advance(5 * MINUTE);
      stop.abort();
      await desk.clock.run(Promise.all(running));
      expect(desk.receivers.told.toSorted()).toEqual(
        ids.flatMap((id) => [`resolve ${id}`, `trigger ${id}`]).toSorted(),
      );
      expect(desk.receivers.heard.toSorted()).toEqual(
        ids.flatMap((id) => [`page ${id}`, `resolve ${id}`]).toSorted(),
      );
      expect(desk.receivers.ledger.open).toEqual([]);
    }),
    { numRuns: RUNS },
  );
}, 600_000);

describe('incidents that are named, where the index lags', () => {
  /** The store as it is, but `due` answers what it answered so long ago. */
  function lagging(desk: Desk) {
    let listed: Item<never>[] = [];
    const due: Store['due'] = async () => listed;
    const store: Store = Object.assign(new FaultyStore(desk.memory, desk.clock), { due });
    const catchUp = async () => {
      listed = await desk.memory.due(Number.MAX_SAFE_INTEGER, 100);
    };
    const pass = (...named: Post['named'] & {}) => desk.clock.run(deliverDue(desk.postOn(store, { named })));
    return { catchUp, pass };
  }
  const nameOf = (id: string, n = 1) => ({ subject: checkSubject(id, 'down'), n });
  const BOTH = ['trigger api', 'resolve api'];

  test('are told at once, though it lists nothing yet; others wait for it', async () => {
    const desk = await Desk.start();
    const { pass, catchUp } = lagging(desk);
    await desk.say('api', 'open');
    await desk.say('web', 'open');
    await pass(nameOf('api'));
    expect([desk.receivers.told, desk.receivers.heard]).toEqual([['trigger api'], ['page api']]);
    await catchUp();
    await pass();
    expect(desk.receivers.told).toEqual(['trigger api', 'trigger web']);
  });

  test('are told once, however often they are named and listed, in whatever version', async () => {
    const desk = await Desk.start();
    const { pass, catchUp } = lagging(desk);
    await desk.say('api', 'open');
    await catchUp();
    await pass(nameOf('api'), nameOf('api'));
    await pass(nameOf('api'));
    await pass();
    expect([desk.receivers.told, desk.receivers.heard]).toEqual([['trigger api'], ['page api']]);
    await desk.say('api', 'close');
    await pass(nameOf('api'));
    await pass(nameOf('api'));
    await pass();
    expect([desk.receivers.told, desk.receivers.heard]).toEqual([BOTH, ['page api', 'resolve api']]);
    expect(desk.receivers.attempts).toHaveLength(4);
  });

  test('and gone, or never there, are passed over', async () => {
    const desk = await Desk.start();
    const { pass } = lagging(desk);
    await desk.say('api', 'open');
    await pass(nameOf('gone'), nameOf('api'), nameOf('api', 2));
    expect(desk.receivers.told).toEqual(['trigger api']);
  });

  test('by several workers at the same time are told once, in order', async () => {
    const desk = await Desk.start();
    const { pass, catchUp } = lagging(desk);
    await desk.say('api', 'open');
    await Promise.all([pass(nameOf('api')), pass(nameOf('api')), pass()]);
    await catchUp();
    await desk.say('api', 'close');
    await Promise.all([pass(nameOf('api')), pass(nameOf('api')), pass()]);
    expect(desk.receivers.told).toEqual(BOTH);
  });
});

test('a worker whose look is out of date, since another one has sent everything meanwhile, leaves no trace', async () => {
  const desk = await Desk.start();
  await desk.say('api', 'open');
  const gate = Promise.withResolvers<void>();
  const late = new FaultyStore(desk.memory, desk.clock);
  const due: Store['due'] = async (now, limit) => {
    const items = await desk.memory.due(now, limit);
    await gate.promise;
    return items as Item<never>[];
  };
  const pass = deliverDue(desk.postOn(Object.assign(late, { due })));
  await desk.work(MINUTE);
  const before = await desk.incident('api');
  gate.resolve();
  await desk.clock.run(pass);
  expect(await desk.incident('api')).toEqual(before);
  expect(desk.receivers.attempts).toHaveLength(2);
});

test('a worker that comes while another one sends looks again after five seconds', async () => {
  const desk = await Desk.start();
  desk.receivers.modes = { pagerduty: 'hang', webhook: 'hang' };
  await desk.say('api', 'open');
  const first = deliverDue(desk.post);
  await desk.clock.advance(SECOND);
  const second = await deliverDue(desk.postOn(desk.memory));
  expect(second).toBe(desk.clock.now() + 5 * SECOND);
  expect(desk.receivers.attempts).toHaveLength(2);
  await desk.clock.run(first);
  expect(desk.clock.monotonic(), 'an attempt lasts ten seconds at most').toBe(10 * SECOND);
});

describe('a worker that stands still in the middle of an attempt (F13)', () => {
  /** A worker whose first attempt at PagerDuty reaches it only when the answer lets it. */
  function frozen(desk: Desk) {
    const thaw = Promise.withResolvers<void>();
    const { sender } = desk.receivers;
    const slow = (type: string): Sender => ({
      ...sender(type),
      send: async (receiver, notice, context) => {
        await thaw.promise;
        return sender(type).send(receiver, notice, context);
      },
    });
    const pass = deliverDue(desk.postOn(desk.memory, { sender: slow }));
    return { thaw: thaw.resolve, pass };
  }

  test('until its lease is over: another one goes on, and the page that comes late is the same alert', async () => {
    const desk = await Desk.start({ config: configOf([], { notify: [PAGERDUTY] }) });
    await desk.say('api', 'open');
    const { thaw, pass } = frozen(desk);
    await settle();
    await desk.work(10 * SECOND);
    expect(desk.receivers.told).toEqual([]);
    await desk.work(50 * SECOND);
    expect(desk.receivers.told).toEqual(['trigger api']);
    thaw();
    await desk.clock.run(pass);
    await desk.say('api', 'close');
    await desk.work(HOUR);
    const effects = desk.receivers.ledger.accepted.map(({ effect }) => effect);
    expect(effects).toEqual(['opened', 'merged', 'resolved', 'dropped']);
  });

  test('until all is over: the page that comes late opens an alert, which the repeated end closes', async () => {
    const desk = await Desk.start({ config: configOf([], { notify: [PAGERDUTY] }) });
    await desk.say('api', 'open');
    const { thaw, pass } = frozen(desk);
    await settle();
    await desk.work(MINUTE);
    await desk.say('api', 'close');
    await desk.work(HOUR);
    const effects = () => desk.receivers.ledger.accepted.map(({ effect }) => effect);
    expect(effects()).toEqual(['opened', 'resolved', 'dropped']);
    thaw();
    await desk.clock.run(pass);
    expect(effects().slice(3)).toEqual(['opened']);
    await desk.work(10 * MINUTE);
    expect(effects().slice(3)).toEqual(['opened', 'resolved']);
    expect(desk.receivers.ledger.open).toEqual([]);
  });

  test('before it sends: it does not send under a lease that is over', async () => {
    const desk = await Desk.start({ config: configOf([], { notify: [PAGERDUTY] }) });
    await desk.say('api', 'open');
    const slow = new FaultyStore(desk.memory, desk.clock, ({ method, partition }) =>
      method === 'put' && partition?.startsWith('incident') ? 25 * SECOND : undefined,
    );
    await desk.clock.run(deliverDue(desk.postOn(slow)));
    expect(desk.receivers.attempts).toEqual([]);
    await desk.work(MINUTE);
    expect(desk.receivers.told).toEqual(['trigger api']);
  });
});

test('a process that dies in an attempt keeps the next one waiting for its lease alone', async () => {
  const desk = await Desk.start({ config: configOf([], { notify: [PAGERDUTY] }) });
  await desk.say('api', 'open');
  desk.faults = ({ partition }) =>
    desk.receivers.attempts.length > 0 && partition?.startsWith('incident') ? 'crash before' : undefined;
  await expect(desk.pass()).rejects.toThrow(Crash);
  const died = desk.clock.now();
  desk.faults = () => undefined;
  await desk.boot();
  await desk.work(MINUTE);
  const [first, second] = desk.receivers.ledger.accepted;
  expect([first?.effect, second?.effect]).toEqual(['opened', 'merged']);
  expect((second?.at ?? 0) - died).toBeLessThanOrEqual(36 * SECOND);
});

test('a store that fails in one attempt lets the others end, gives the lane back, and surfaces', async () => {
  const desk = await Desk.start({ config: configOf([], { notify: [PAGERDUTY] }) });
  for (const id of ['a', 'b', 'c']) await desk.say(id, 'open');
  let failed = false;
  desk.faults = ({ method, partition }) => {
    if (failed || method !== 'put' || partition !== incidents(checkSubject('b', 'down'))) return undefined;
    failed = true;
    return 'before';
  };
  await expect(desk.pass()).rejects.toThrow('throttled');
  expect(desk.receivers.told.toSorted()).toEqual(['trigger a', 'trigger c']);
  await desk.pass();
  expect(desk.receivers.told.toSorted()).toEqual(['trigger a', 'trigger b', 'trigger c']);
});

describe('the wall clock jumps while an attempt is waited for (F26)', () => {
  test.each<[string, number]>([
    ['back by a minute', -MINUTE],
    ['back by two hours', -2 * HOUR],
    ['back by a year', -365 * 24 * HOUR],
    ['forth by two hours', 2 * HOUR],
  ])('%s: page and end come no later', async (_, ms) => {
    const desk = await Desk.start({ config: configOf([], { notify: [PAGERDUTY] }) });
    desk.receivers.modes.pagerduty = 500;
    await desk.say('api', 'open');
    await desk.say('web', 'open');
    await desk.work(10 * MINUTE);
    await desk.say('web', 'close');
    await desk.work(MINUTE);
    desk.clock.jump(ms);
    desk.receivers.modes.pagerduty = 'up';
    await desk.work(70 * SECOND);
    expect(desk.receivers.told.toSorted()).toEqual(['resolve web', 'trigger api', 'trigger web']);
    await desk.say('api', 'close');
    await desk.work(MINUTE);
    expect(desk.receivers.ledger.open).toEqual([]);
  });

  test('back, while a receiver asks for time and another refuses: both are asked again at once', async () => {
    const desk = await Desk.start();
    desk.receivers.modes = { pagerduty: { status: 429, retryAfter: '600' }, webhook: 403 };
    await desk.say('api', 'open');
    await desk.work(MINUTE);
    desk.receivers.modes = {};
    desk.clock.jump(-HOUR);
    await desk.work(70 * SECOND);
    expect([desk.receivers.told, desk.receivers.heard[0]]).toEqual([['trigger api'], 'page api']);
  });
});
