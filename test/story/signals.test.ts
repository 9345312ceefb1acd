import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Route } from '../../lib/config/compiled.ts';
import type { Signal } from '../../lib/signal.ts';
import { keepSignal, newer } from '../../lib/signal-log.ts';
import { readLetter } from '../../lib/signals/index.ts';
import { configOf, World } from '../kit/world.ts';
import { alarm, anomaly, budget, letter } from '../signals/letters.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const DAY = 86_400_000;

/** A machine that watches nothing itself, and hears of others. */
async function hearing({ routes = [], hears = true }: { routes?: readonly Route[]; hears?: boolean } = {}) {
  const world = new World({ config: configOf([], { routes }) });
  await world.boot();
  const began = world.clock.now();
  const at = (ms: number) => began + ms;
  return {
    world,
    at,
    alarm: (state: string, ms: number, more: object = {}) =>
      readLetter(
        letter(alarm({ NewStateValue: state, StateChangeTime: new Date(at(ms)).toISOString(), ...more })),
      ),
    /** As the endpoint does it: kept, then decided on; unless the process dies in between. */
    async hear(...signals: Signal[]) {
      for (const signal of signals) {
        await keepSignal(signal, world.memory);
        if (hears) await world.machine.hear(signal);
      }
      await world.clock.advance(5 * SECOND);
    },
    until: (ms: number) => world.clock.advance(at(ms) - world.clock.now()),
    told: (receiver = 'pagerduty') =>
      world.notices
        .filter((one) => one.receiver === receiver)
        .map(({ notice }) => `${notice.kind} ${notice.incident.title}`),
  };
}

describe('an alarm', () => {
  test('pages at once, and its OK resolves that', async () => {
    const account = await hearing();
    await account.hear(account.alarm('ALARM', 0));
    expect(account.told()).toEqual(['page Alarm: checkout-5xx']);
    const [{ event } = {}] = account.world.ledger.accepted;
    expect(event?.payload?.source).toBe('checkout-5xx in eu-west-1, account 123456789012');
    expect(event?.links?.map(({ text }) => text)).toContain('AWS console');
    await account.until(20 * MINUTE);
    await account.hear(account.alarm('OK', 20 * MINUTE));
    expect(account.told()).toEqual(['page Alarm: checkout-5xx', 'resolve Alarm: checkout-5xx']);
    expect(account.world.ledger.open).toEqual([]);
    await account.world.stop();
  });

  test('E01 E02 the same change again, a hundred times and at once, changes nothing', async () => {
    const account = await hearing();
    const again = Array.from({ length: 100 }, () => account.alarm('ALARM', 0));
    await account.hear(...again);
    await Promise.all(again.map((one) => keepSignal(one, account.world.memory)));
    await account.until(30 * MINUTE);
    expect(account.told()).toEqual(['page Alarm: checkout-5xx']);
    await account.world.stop();
  });

  test('E03 whose OK comes first is over all the same, and nobody is called', async () => {
    const account = await hearing();
    await account.hear(account.alarm('OK', 60 * SECOND), account.alarm('ALARM', 0));
    await account.until(30 * MINUTE);
    expect(account.told()).toEqual([]);
    await account.world.stop();
  });

  test('E03 an OK from before it never ends it', async () => {
    const account = await hearing();
    await account.hear(account.alarm('ALARM', 60 * SECOND), account.alarm('OK', 30 * SECOND));
    await account.until(3 * DAY);
    expect(account.told().filter((one) => one.startsWith('resolve'))).toEqual([]);
    expect(account.world.ledger.open).toHaveLength(1);
    await account.world.stop();
  });

  test('E04 that never ends stays open, and who was told is reminded', async () => {
    const account = await hearing();
    await account.hear(account.alarm('ALARM', 0));
    await account.until(9 * 60 * MINUTE);
    expect(account.world.ledger.open).toHaveLength(1);
    expect(account.told().length).toBeGreaterThan(2);
    await account.world.stop();
  });

  test('E05 that cannot tell any more is not over; and nobody is called for one that could never tell', async () => {
    const account = await hearing();
    await account.hear(account.alarm('ALARM', 0));
    await account.hear(account.alarm('INSUFFICIENT_DATA', MINUTE));
    await account.hear(
      account.alarm('INSUFFICIENT_DATA', MINUTE, {
        AlarmArn: 'arn:aws:cloudwatch:eu-west-1:123456789012:alarm:other',
      }),
    );
    await account.until(60 * MINUTE);
    expect(account.told()).toEqual(['page Alarm: checkout-5xx']);
    expect(account.world.ledger.open).toHaveLength(1);
    await account.world.stop();
  });

  test('that was kept by a process which died is decided on by the next one', async () => {
    const account = await hearing({ hears: false });
    await account.hear(account.alarm('ALARM', 0));
    expect(account.told()).toEqual([]);
    await account.world.restart();
    await account.until(3 * MINUTE);
    expect(account.told()).toEqual(['page Alarm: checkout-5xx']);
    await account.world.stop();
  });
});

test('E18 a budget that passes three thresholds at once, told of again and again, is one incident for each, until its period is over', async () => {
  const account = await hearing();
  const crossed = (at: number) =>
    ['> $50.00', '> $80.00', '> $100.00'].map((threshold) =>
      readLetter(letter(budget({ 'Alert Threshold': threshold, 'ACTUAL Amount': '$140.00' }, 'day'), { at })),
    );
  for (const hour of [0, 8, 16]) {
    await account.until(hour * 60 * MINUTE);
    await account.hear(...crossed(account.at(hour * 60 * MINUTE)));
  }
  expect(account.world.ledger.totals).toMatchObject({ opened: 1 });
  const incidents = account.world.notices.map(
    ({ notice }) => `${notice.incident.severity} ${notice.incident.title}`,
  );
  expect([...new Set(incidents)].toSorted()).toEqual([
    'page Budget whole-account: 100 % is spent',
    'ticket Budget whole-account: 80 % is spent',
  ]);
  const { until = 0 } = crossed(account.at(0))[0] ?? {};
  await account.world.clock.advance(until + 2 * MINUTE - account.world.clock.now());
  expect(account.world.ledger.open).toEqual([]);
  await account.world.stop();
});

test('E20 an anomaly that grows is the same incident, which says so; it ends once nobody tells of it', async () => {
  const account = await hearing();
  const told = (ms: number, impact: number) =>
    readLetter(letter(anomaly({ impact: { totalImpact: impact } }), { at: account.at(ms) }));
  await account.hear(told(0, 10));
  await account.until(8 * 60 * MINUTE);
  await account.hear(told(8 * 60 * MINUTE, 250));
  const tickets = account.world.notices
    .filter(({ receiver }) => receiver === 'webhook')
    .map(({ notice }) => notice);
  const kinds = tickets.map(({ kind }) => kind).filter((kind) => kind !== 'ticket');
  expect(new Set(tickets.map(({ incident }) => incident.key)).size).toBe(1);
  expect(kinds).toContain('update');
  expect(tickets.find(({ kind }) => kind === 'update')?.entry.text).toContain('$250.00 more than expected');
  await account.until(8 * 60 * MINUTE + 2 * DAY + 2 * MINUTE);
  expect(account.told('webhook').at(-1)).toBe('resolve AWS Lambda costs more than usual');
  await account.world.stop();
});

test('routes say how bad it is, and who is told', async () => {
  const routes: Route[] = [
    { match: { name: 'noise-*' }, severity: 'none' },
    { match: { name: 'checkout-*' }, severity: 'page', notify: ['webhook'] },
  ];
  const account = await hearing({ routes });
  const noise = { AlarmName: 'noise-1', AlarmArn: 'arn:aws:cloudwatch:eu-west-1:123456789012:alarm:noise-1' };
  await account.hear(account.alarm('ALARM', 0), account.alarm('ALARM', 0, noise));
  await account.until(10 * MINUTE);
  expect(account.told()).toEqual([]);
  expect(account.told('webhook')).toEqual(['page Alarm: checkout-5xx']);
  await account.world.stop();
});

test('in whatever order the changes of an alarm come, and however often, the newest counts', () => {
  const change = fc.record({
    at: fc.integer({ min: 0, max: 5 }),
    state: fc.constantFrom('alarm', 'ok', 'unknown'),
  });
  const some = readLetter(letter(alarm()));
  fc.assert(
    fc.property(
      fc.array(change, { minLength: 1, maxLength: 12 }),
      fc.infiniteStream(fc.nat()),
      (changes, order) => {
        const signals = changes.map((one) => ({ ...some, ...one }) as Signal);
        const shuffled = [...signals, ...signals].toSorted(() => (Number(order.next().value) % 2) - 0.5);
        const known = (all: readonly Signal[]) =>
          all.reduce<Signal | undefined>((best, one) => (newer(best, one) ? one : best), undefined);
        const last = Math.max(...changes.map(({ at }) => at));
        const result = known(shuffled);
        expect(result?.at).toBe(last);
        // an alarm at the same moment outranks whatever else was said of it
        const isAlarm = changes.some(({ at, state }) => at === last && state === 'alarm');
        expect(result?.state === 'alarm').toBe(isAlarm);
      },
    ),
  );
});
