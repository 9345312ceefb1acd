/** An amount in whole millionths of its currency, so that sums are exact. Negative: a credit or a refund. */
export interface Money {
  readonly micros: number;
  /** ISO 4217, `USD`. */
  readonly currency: string;
}

/** Of one unit of a currency. */
export const MICROS = 1_000_000;
const SIGNS: Readonly<Record<string, string>> = { $: 'USD', '€': 'EUR', '£': 'GBP', '¥': 'JPY', '₹': 'INR' };

/** `$1,234.56`, `-$5.00`, `($5.00)`, `EUR 12.3`, `12.3 USD`; undefined: that is no amount. */
export function parseMoney(text: string): Money | undefined {
  const trimmed = text.trim();
  const [, open = '', minus = '', before = '', again = '', digits = '', after = '', close = ''] =
    /^(\()?\s*([-−]?)\s*([A-Z]{3}|[$€£¥₹])?\s*([-−]?)\s*(\d[\d,]*(?:\.\d+)?|\.\d+)\s*([A-Z]{3})?\s*(\))?$/u.exec(
      trimmed,
    ) ?? [];
  const whole = digits.replaceAll(',', '');
  if (digits === '' || (open === '') !== (close === '') || (before !== '' && after !== '')) return undefined;
  if (/,/.test(digits) && !/^\d{1,3}(,\d{2,3})*,\d{3}(\.\d+)?$/.test(digits)) return undefined;
  const micros = microsOf(whole);
  if (micros === undefined) return undefined;
  const sign = open !== '' || minus !== '' || again !== '' ? -1 : 1;
  const code = before || after || 'USD';
  return { micros: micros === 0 ? 0 : sign * micros, currency: SIGNS[code] ?? code };
}

/** A decimal without sign, rounded half up to the millionth; undefined: more than can be counted exactly. */
function microsOf(text: string): number | undefined {
  const [whole = '0', part = ''] = text.split('.');
  const kept = BigInt(`${whole || '0'}${part.slice(0, 6).padEnd(6, '0')}`);
  const micros = kept + (Number(part[6] ?? '0') >= 5 ? 1n : 0n);
  return micros <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(micros) : undefined;
}

/** A number of an API, such as 12.3456 dollars; undefined: that is none, or too large. */
export const moneyOf = (amount: unknown, currency = 'USD'): Money | undefined => {
  const text = typeof amount === 'number' && Number.isFinite(amount) ? amount.toFixed(7) : amount;
  const parsed = typeof text === 'string' && /^-?\d+(\.\d+)?$/.test(text) ? parseMoney(text) : undefined;
  return parsed && { ...parsed, currency };
};

/** `$1,234.56`; of other currencies the code: `12.30 EUR`. To the cent, and further where that would say zero. */
export function showMoney({ micros, currency }: Money): string {
  const size = Math.abs(micros);
  const digits = size > 0 && size < MICROS / 200 ? 4 : 2;
  const number = (size / MICROS).toLocaleString('en', {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
  const sign = micros < 0 ? '−' : '';
  return currency === 'USD' ? `${sign}$${number}` : `${sign}${number} ${currency}`;
}
