import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isOver, ownSeverity, percentOf, periodAt, thresholdOf, usualSeverity } from '../lib/budget.ts';
import type { Budget, BudgetAlert } from '../lib/config/compiled.ts';
import { INQUIRE_MINUTES, inquire } from '../lib/inquire.ts';
import { SIGNALS } from '../lib/items.ts';
import type { AwsApi } from '../lib/probes/define.ts';
import type { Signal } from '../lib/signal.ts';
import { keepSignal, signalCase } from '../lib/signal-log.ts';
import { budgetSignal } from '../lib/signals/budget-alert.ts';
import { VirtualClock } from './kit/clock.ts';
import { MemoryStore } from './kit/memory-store.ts';
import { configOf } from './kit/world.ts';
import { OWN_BUDGET } from './signals/letters.ts';

/** E18, E19: thresholds, currencies, refunds, credits, nothing and less, the end of a period. */

const CURRENCIES = ['USD', 'EUR', 'JPY'];
const HOUR = 3_600_000;
/** Up to a hundred million dollars, a millionth more or less. */
const micros = fc.oneof(
  fc.integer({ min: 0, max: 1e14 }),
  fc.integer({ min: 0, max: 1e6 }).map((dollars) => dollars * 1_000_000),
  fc.integer({ min: 0, max: 2_000 }),
);
const percent = fc.integer({ min: 1, max: 10_000 }).map((perMille) => perMille / 10);
const usd = (amount: number) => ({ micros: amount, currency: 'USD' });

describe('a threshold', () => {
  it('is exact to the millionth, whatever the amount', () => {
    fc.assert(
      fc.property(micros, percent, (limit, share) => {
        const perMille = BigInt(Math.round(share * 10));
        expect(BigInt(thresholdOf(usd(limit), share).micros)).toBe(
          (BigInt(limit) * perMille + 500n) / 1_000n,
        );
      }),
    );
  });

  it('is passed by a millionth more, and not by as much', () => {
    fc.assert(
      fc.property(micros, percent, fc.integer({ min: 1, max: 1e12 }), (limit, share, more) => {
        const at = thresholdOf(usd(limit), share).micros;
        expect(isOver(usd(at), usd(limit), share)).toBe(false);
        expect(isOver(usd(at + more), usd(limit), share)).toBe(true);
      }),
    );
  });

  it('that is passed is passed by more as well, and so is each below it', () => {
    const twoShares = fc.tuple(percent, percent).map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const);
    fc.assert(
      fc.property(micros, micros, micros, twoShares, (limit, spent, more, [low, high]) => {
        if (!isOver(usd(spent), usd(limit), high)) return;
        expect(isOver(usd(spent + more), usd(limit), high)).toBe(true);
        expect(isOver(usd(spent), usd(limit), low)).toBe(true);
      }),
    );
  });

  it('is passed by no credit: what is not above zero passes nothing, also of nothing', () => {
    fc.assert(
      fc.property(micros, micros, percent, (credit, limit, share) => {
        expect(isOver(usd(-credit), usd(limit), share)).toBe(false);
        expect(isOver(usd(-credit), usd(0), share)).toBe(false);
        expect(isOver(usd(credit + 1), usd(0), share)).toBe(true);
      }),
    );
  });

  it('is passed by no amount of another currency', () => {
    const currency = fc.constantFrom(...CURRENCIES);
    fc.assert(
      fc.property(micros, micros, percent, currency, currency, (spent, limit, share, one, other) => {
        const over = isOver({ micros: spent, currency: one }, { micros: limit, currency: other }, share);
        expect(over).toBe(one === other && isOver(usd(spent), usd(limit), share));
      }),
    );
  });

  it('reads as it was set, of any amount from a dollar on; of nothing there is no share', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1_000_000, max: 1e14 }), percent, (limit, share) => {
        expect(percentOf(thresholdOf(usd(limit), share).micros, limit)).toBe(share);
      }),
    );
    fc.assert(
      fc.property(fc.integer({ max: 0, min: -1e14 }), fc.integer(), (whole, part) => {
        expect(percentOf(part, whole)).toBeUndefined();
      }),
    );
  });

  it('is never less urgent the higher it is, and what is spent never less than what is forecast', () => {
    const URGENCY = ['none', 'ticket', 'page'];
    const urgency = (of: BudgetAlert['of'], share: number) => URGENCY.indexOf(usualSeverity(of, share));
    fc.assert(
      fc.property(percent, percent, fc.constantFrom('actual', 'forecast'), (a, b, of) => {
        expect(urgency(of, Math.max(a, b))).toBeGreaterThanOrEqual(urgency(of, Math.min(a, b)));
        expect(urgency('actual', a)).toBeGreaterThanOrEqual(urgency('forecast', a));
      }),
    );
    expect(usualSeverity('actual', undefined), 'its share is not known').toBe('ticket');
  });
});

describe('a period', () => {
  const PERIODS = ['daily', 'monthly', 'quarterly', 'annually'] as const;
  const LONGEST_DAYS = { daily: 1, monthly: 31, quarterly: 92, annually: 366 };
  const time = fc.integer({ min: Date.UTC(2000, 0, 1), max: Date.UTC(2200, 0, 1) });

  it('ends after now, and the next one begins in that millisecond', () => {
    fc.assert(
      fc.property(time, fc.constantFrom(...PERIODS), (at, length) => {
        const { period, until } = periodAt(length, at);
        expect(until).toBeGreaterThan(at);
        expect(until - at).toBeLessThanOrEqual(LONGEST_DAYS[length] * 24 * HOUR);
        expect(periodAt(length, until - 1)).toEqual({ period, until });
        expect(periodAt(length, until).period).not.toBe(period);
      }),
    );
  });

  it.each([
    ['daily', '2028-02-29', '2028-02-29', '2028-03-01'],
    ['monthly', '2027-02-28', '2027-02', '2027-03-01'],
    ['monthly', '2026-12-31', '2026-12', '2027-01-01'],
    ['quarterly', '2026-10-01', '2026-Q4', '2027-01-01'],
    ['annually', '2026-01-01', '2026', '2027-01-01'],
  ] as const)('%s, on %s, is %s, until %s', (length, day, period, until) => {
    for (const time of ['T00:00:00.000Z', 'T23:59:59.999Z'])
      expect(periodAt(length, Date.parse(day + time))).toEqual({ period, until: Date.parse(until) });
  });
});

const NOVEMBER = Date.UTC(2026, 10, 1);
const OWN: Budget = {
  ...OWN_BUDGET,
  alerts: [{ of: 'actual', percent: 50, severity: 'none' }, ...OWN_BUDGET.alerts],
};

/** What AWS says of it at a time. */
interface Stand {
  readonly limit: number;
  readonly actual: number;
  /** Undefined: AWS forecasts nothing yet. */
  readonly forecast: number | undefined;
  readonly currency: string;
}

const CENT = 10_000;
const stand: fc.Arbitrary<Stand> = fc.record({
  // a person, or AWS itself, sets the amount anew
  limit: fc.constantFrom(100, 100, 100, 150, 33.33, 0).map((dollars) => dollars * 1_000_000),
  // goes up, and down again: refunds, credits
  actual: fc.oneof(
    fc.integer({ min: -5_000, max: 20_000 }).map((cents) => cents * CENT),
    fc.constantFrom(0, 50, 80, 100).map((dollars) => dollars * 1_000_000),
    fc.integer({ min: -1e8, max: 2e8 }),
  ),
  forecast: fc.option(
    fc.integer({ min: -5_000, max: 30_000 }).map((cents) => cents * CENT),
    { nil: undefined },
  ),
  currency: fc.constantFrom('USD', 'USD', 'USD', 'EUR'),
});

const spend = (amount: number, Unit: string) => ({ Amount: (amount / 1_000_000).toFixed(6), Unit });

/** AWS as it answers one DescribeBudget; how it is called on the wire stands in test/signals/inquiry-aws.test.ts. */
const answering = ({ limit, actual, forecast, currency }: Stand): AwsApi => ({
  client: () => ({}) as never,
  call: async <T>() =>
    ({
      Budget: {
        BudgetName: OWN.name,
        BudgetLimit: spend(limit, 'USD'),
        CalculatedSpend: {
          ActualSpend: spend(actual, currency),
          ...(forecast !== undefined && { ForecastedSpend: spend(forecast, currency) }),
        },
      },
    }) as T,
});

/** Which thresholds are told of after all of these, four hours apart. */
async function toldAfter(stands: readonly Stand[], start: number): Promise<{ told: string[]; now: number }> {
  const store = new MemoryStore();
  const clock = new VirtualClock(start);
  const log = { info() {}, warn: expect.unreachable, error: expect.unreachable };
  const minute = (4 * HOUR) / 60_000;
  expect(minute % INQUIRE_MINUTES).toBe(0);
  for (const now of stands) {
    const asking = { clock, account: '123456789012', topics: [], budgets: [OWN], store, log };
    for (const signal of await inquire(minute, { ...asking, aws: answering(now) }))
      await keepSignal(signal, store);
    await clock.advance(4 * HOUR);
  }
  const kept = (await store.list<Signal>(SIGNALS)).map(({ body }) => body);
  const config = configOf([], { cost: { ...configOf([]).cost, budgets: [OWN] } });
  const open = kept.filter((signal) =>
    signalCase(signal, config, clock.now()).some(({ want }) => want === 'open'),
  );
  return { told: open.map(({ about }) => about).toSorted(), now: clock.now() };
}

describe('a budget that is looked at every four hours', () => {
  const about = (
    { of, percent, share = `${percent} %` }: BudgetAlert & { share?: string },
    period = '2026-11',
  ) => `123456789012/ours/${of}/${share}/${period}`;
  const others = OWN.alerts.filter(({ severity }) => severity !== 'none');

  it('has told, after any ups and downs, of the thresholds that are passed now, and of no other', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(stand, { minLength: 1, maxLength: 12 }), async (stands) => {
        const { told } = await toldAfter(stands, NOVEMBER);
        const open = new Set<string>();
        const set = (about: string, isOpen: boolean) => void (isOpen ? open.add(about) : open.delete(about));
        for (const { limit, currency, ...so } of stands) {
          for (const alert of OWN.alerts) {
            const spent = so[alert.of];
            // no forecast, or amounts that can't be compared: that stays as it was
            if (spent === undefined || currency !== 'USD') continue;
            const isPassed = spent * 100 > limit * alert.percent;
            if (alert.severity !== 'none' && (limit > 0 || !isPassed)) set(about(alert), isPassed);
            // of nothing there is no share: all thresholds are one
            if (limit === 0 || spent <= 0) set(about({ ...alert, share: '$0.00' }), spent > 0);
          }
        }
        expect(told).toEqual([...open].toSorted());
      }),
      { numRuns: 300 },
    );
  });

  it('has told of nothing once its month is over, and then begins anew', async () => {
    const over: Stand = { limit: 100_000_000, actual: 130_000_000, forecast: 150_000_000, currency: 'USD' };
    const fresh = { ...over, actual: 0, forecast: 90_000_000 };
    const lastDay = Date.UTC(2026, 10, 30, 16);
    const november = others.map((alert) => about(alert)).toSorted();
    expect((await toldAfter([over], lastDay)).told).toEqual(november);
    const { told, now } = await toldAfter([over, over, fresh], lastDay);
    expect(now).toBeGreaterThan(Date.UTC(2026, 11, 1));
    expect(told).toEqual([]);
    const december = others.map((alert) => about(alert, '2026-12')).toSorted();
    expect((await toldAfter([over, over, fresh, over], lastDay)).told, 'another month, other pages').toEqual(
      december,
    );
  });
});

it('a threshold of the config has the severity that the config says, by mail as well', () => {
  const alert = {
    account: '123456789012',
    name: 'ours',
    of: 'actual',
    threshold: usd(50_000_000),
    limit: usd(100_000_000),
    now: usd(51_000_000),
    period: 'monthly',
  } as const;
  const severityOf = (more: object) =>
    ownSeverity(budgetSignal({ ...alert, ...more }, NOVEMBER), { ...configOf([]).cost, budgets: [OWN] });
  expect(severityOf({})).toBe('none');
  expect(severityOf({ threshold: usd(100_000_000) })).toBe('page');
  expect(severityOf({ of: 'forecast', threshold: usd(120_000_000) })).toBe('page');
  expect(severityOf({ threshold: usd(60_000_000) }), 'not one of the config').toBeUndefined();
  expect(severityOf({ name: 'theirs' }), 'not one of the config').toBeUndefined();
});
