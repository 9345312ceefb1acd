import { expect, test } from 'vitest';
import { painter } from '../../lib/cli/colors.ts';
import { doIncident, type IncidentDeed } from '../../lib/cli/incident.ts';
import { Home } from '../../lib/home.ts';
import { readLetter } from '../../lib/signals/index.ts';
import { Crash, FaultyStore } from '../kit/faulty-store.ts';
import { configOf, World } from '../kit/world.ts';
import { alarm, letter } from '../signals/letters.ts';

/** What a person does to an incident, beside a Watchbill that runs. */

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const REMIND = { pagerduty: 4 * HOUR, webhook: undefined };

async function running(checks: readonly string[] = []) {
  const config = configOf(checks);
  const notify = config.notify.map((one) => ({ ...one, remind: REMIND[one.name as keyof typeof REMIND] }));
  const world = new World({ config: { ...config, notify: notify as typeof config.notify } });
  await world.boot();
  const { clock, memory, log } = world;
  const began = clock.now();
  const state = (value: string, ms: number) =>
    readLetter(letter(alarm({ NewStateValue: value, StateChangeTime: new Date(began + ms).toISOString() })));
  return {
    world,
    state,
    hear: async (...signals: ReturnType<typeof state>[]) => {
      for (const signal of signals) await world.machine.hear(signal);
      await clock.advance(5_000);
    },
    /** By another process, on the same store. */
    async act(deed: IncidentDeed, store: object = memory) {
      const home = await clock.run(Home.open({ store: store as typeof memory, clock, log }, world.config));
      const acting = doIncident(deed, { home, tell: async () => '' }, { paint: painter(false), json: true });
      return JSON.parse(await clock.run(acting));
    },
    get id() {
      return world.notices.at(-1)?.notice.incident.id ?? '';
    },
    pagerDuty: () => world.ledger.accepted.map(({ event }) => event.event_action),
    webhook: () =>
      world.notices
        .filter(({ receiver }) => receiver === 'webhook')
        .map(({ notice }) => `${notice.kind}: ${notice.entry.text}`),
  };
}

test('who takes it on stops the reminders, and everybody is told; its end is told as ever', async () => {
  const { world, state, hear, act, ...told } = await running();
  await hear(state('ALARM', 0));
  await world.clock.advance(5 * HOUR);
  expect(told.pagerDuty()).toEqual(['trigger', 'trigger']);
  const done = await act({ kind: 'ack', id: world.notices[0]?.notice.incident.id ?? '', by: 'Ada' });
  expect(done).toMatchObject({ acknowledgedAt: expect.any(String), resolvedAt: null });
  await world.clock.advance(2 * MINUTE);
  expect(told.pagerDuty()).toEqual(['trigger', 'trigger', 'acknowledge']);
  expect(told.webhook().at(-1)).toBe('update: Ada has taken it on.');
  await world.clock.advance(24 * HOUR);
  expect(told.pagerDuty()).toHaveLength(3);
  await hear(state('OK', 29 * HOUR + 3 * MINUTE));
  expect(told.pagerDuty().at(-1)).toBe('resolve');
  expect(world.ledger.open).toEqual([]);
  await world.stop();
});

test('taken on twice, or by two at once, it is taken on once; once it is over, no more', async () => {
  const { world, state, hear, act, ...told } = await running();
  await hear(state('ALARM', 0));
  const { id } = world.notices[0]?.notice.incident ?? { id: '' };
  await act({ kind: 'ack', id, by: 'Ada' });
  const again = await act({ kind: 'ack', id, by: 'Bob' });
  const taken = again.timeline.filter(({ kind }: { kind: string }) => kind === 'acknowledged');
  expect(taken.map(({ text }: { text: string }) => text)).toEqual(['Ada has taken it on.']);
  await world.clock.advance(2 * MINUTE);
  expect(told.pagerDuty()).toEqual(['trigger', 'acknowledge']);
  await hear(state('OK', 5 * MINUTE));
  await expect(act({ kind: 'ack', id, by: 'Bob' })).rejects.toThrow('is over already');
  await world.stop();
});

test('a note goes to whoever hears of changes, also once it is over; it calls nobody', async () => {
  const { world, state, hear, act, ...told } = await running();
  await hear(state('ALARM', 0));
  const { id } = world.notices[0]?.notice.incident ?? { id: '' };
  await act({ kind: 'note', id, by: 'Ada', text: 'the cache was cold' });
  await world.clock.advance(2 * MINUTE);
  expect(told.webhook().at(-1)).toBe('update: Ada: the cache was cold');
  await hear(state('OK', 5 * MINUTE));
  await act({ kind: 'note', id, by: 'Ada', text: 'warmed at start from now on' });
  await world.clock.advance(2 * MINUTE);
  expect(told.webhook().at(-1)).toBe('update: Ada: warmed at start from now on');
  expect(told.pagerDuty()).toEqual(['trigger', 'resolve']);
  await expect(act({ kind: 'note', id, by: 'Ada', text: ' \u0007 ' })).rejects.toThrow('needs words');
  await world.stop();
});

test('an alarm whose OK was lost is resolved by hand: a late message of before opens it no more, a new one does', async () => {
  const { world, state, hear, act, ...told } = await running();
  await hear(state('ALARM', 0));
  const { id } = world.notices[0]?.notice.incident ?? { id: '' };
  await world.clock.advance(30 * MINUTE);
  const over = await act({ kind: 'resolve', id, by: 'Ada', text: 'it was fixed at noon' });
  expect(over).toMatchObject({ resolvedAt: expect.any(String) });
  await world.clock.advance(2 * MINUTE);
  expect(told.pagerDuty()).toEqual(['trigger', 'resolve']);
  expect(told.webhook().at(-1)).toMatch(/^resolve: Resolved by Ada after 30 min.*: it was fixed at noon$/);
  await hear(state('ALARM', 20 * MINUTE));
  await world.clock.advance(10 * MINUTE);
  expect(told.pagerDuty()).toEqual(['trigger', 'resolve']);
  await hear(state('ALARM', 45 * MINUTE));
  expect(told.pagerDuty()).toEqual(['trigger', 'resolve', 'trigger']);
  await world.stop();
});

test('resolved by hand with a death at each write: nothing is told twice, and what was begun can be done again', async () => {
  for (let nth = 1; nth <= 6; nth++) {
    const { world, state, hear, act, ...told } = await running();
    await hear(state('ALARM', 0));
    const { id } = world.notices[0]?.notice.incident ?? { id: '' };
    let writes = 0;
    const dying = new FaultyStore(world.memory, world.clock, ({ method }) => {
      if (method !== 'put' || ++writes !== nth) return undefined;
      dying.die();
      return 'after';
    });
    await act({ kind: 'resolve', id, by: 'Ada' }, dying).catch((error: unknown) => {
      if (!(error instanceof Crash)) expect(String(error)).toMatch(/StoreError|Crash/);
    });
    await world.clock.advance(2 * MINUTE);
    await act({ kind: 'resolve', id, by: 'Ada' });
    await world.clock.advance(2 * MINUTE);
    expect(told.pagerDuty(), `death at write ${nth}`).toEqual(['trigger', 'resolve']);
    await world.stop();
  }
});

test('what a check sees ends by itself alone: it would open again', async () => {
  const { world, act } = await running(['api']);
  world.targets.set('api', 'down');
  await world.clock.advance(2 * MINUTE);
  const { id } = world.notices[0]?.notice.incident ?? { id: '' };
  await expect(act({ kind: 'resolve', id, by: 'Ada' })).rejects.toThrow('it ends by itself once it is well');
  expect(world.ledger.open).toHaveLength(1);
  await world.stop();
});

test('an incident is found by the beginning of its id; one that several have, or none, is a mistake', async () => {
  const { world, state, hear, act } = await running();
  const other = { AlarmName: 'other', AlarmArn: 'arn:aws:cloudwatch:eu-west-1:123456789012:alarm:other' };
  await hear(state('ALARM', 0), readLetter(letter(alarm(other))));
  const ids = [...new Set(world.notices.map(({ notice }) => notice.incident.id))];
  expect(ids).toHaveLength(2);
  const [first = '', second = ''] = ids;
  let length = 1;
  while (first.slice(0, length) === second.slice(0, length)) length++;
  expect(await act({ kind: 'show', id: first.slice(0, length) })).toMatchObject({ id: first });
  await expect(act({ kind: 'show', id: '' })).rejects.toThrow('no incident is called');
  await expect(act({ kind: 'show', id: 'zzz' })).rejects.toThrow('no incident is called "zzz"');
  expect((await act({ kind: 'list' })).map(({ id }: { id: string }) => id).toSorted()).toEqual(
    ids.toSorted(),
  );
  await world.stop();
});
