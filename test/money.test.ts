import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { moneyOf, parseMoney, showMoney } from '../lib/money.ts';

describe('an amount', () => {
  it.each<[string, number | undefined, string?]>([
    ['$0', 0],
    ['$1,234.56', 1_234_560_000],
    ['1234.5', 1_234_500_000],
    ['$12,34,567.00', 1_234_567_000_000],
    ['-$5.00', -5_000_000],
    ['$-5.00', -5_000_000],
    ['−5', -5_000_000],
    ['($5.00)', -5_000_000],
    ['-0', 0],
    ['EUR 12.3', 12_300_000, 'EUR'],
    ['12.3 EUR', 12_300_000, 'EUR'],
    ['€12', 12_000_000, 'EUR'],
    ['$.05', 50_000],
    ['0.0000004', 0],
    ['0.0000005', 1],
    ['$9,007,199,254.740991', 9_007_199_254_740_991],
    ['$9,007,199,254.740992', undefined],
    ['', undefined],
    ['$', undefined],
    ['1,2', undefined],
    ['1.2.3', undefined],
    ['USD 5 EUR', undefined],
    ['(5', undefined],
    ['plenty', undefined],
    ['NaN', undefined],
    ['1e3', undefined],
  ])('%s', (text, micros, currency = 'USD') => {
    expect(parseMoney(text)).toEqual(micros === undefined ? undefined : { micros, currency });
  });

  it('of an API may be a number or a decimal text, and nothing else', () => {
    expect(moneyOf(12.3456)).toEqual({ micros: 12_345_600, currency: 'USD' });
    expect(moneyOf('-0.5', 'EUR')).toEqual({ micros: -500_000, currency: 'EUR' });
    for (const odd of [Number.NaN, Number.POSITIVE_INFINITY, 1e300, null, undefined, '', '5 EUR', {}])
      expect(moneyOf(odd)).toBeUndefined();
  });

  it('that is shown is to the cent, and reads as it was', () => {
    expect(showMoney({ micros: -1_234_567_890_000, currency: 'USD' })).toBe('−$1,234,567.89');
    expect(showMoney({ micros: 300, currency: 'EUR' })).toBe('0.0003 EUR');
    fc.assert(
      fc.property(
        fc.integer({ min: -1e11, max: 1e11 }),
        fc.constantFrom('USD', 'EUR', 'JPY'),
        (cents, currency) => {
          const money = { micros: cents === 0 ? 0 : cents * 10_000, currency };
          expect(parseMoney(showMoney(money))).toEqual(money);
        },
      ),
    );
  });
});
