import type { Clock } from '../ports.ts';
import { Recent } from './recent.ts';

interface Kept<V> {
  readonly value: Promise<V>;
  /** Epoch ms; infinite while it is on its way. */
  until: number;
}

/**
 * What is fetched once for all who ask at the same time, and kept until it says (`untilOf`, epoch ms); of what
 * failed nothing is kept. At most `max` values are held.
 */
export function remember<V>(clock: Clock, max: number, untilOf: (value: V) => number) {
  const kept = new Recent<Kept<V>>(max);
  return (key: string, fetch: () => Promise<V>): Promise<V> => {
    const known = kept.get(key);
    if (known && clock.now() < known.until) return known.value;
    const fresh: Kept<V> = { value: fetch(), until: Infinity };
    kept.set(key, fresh);
    fresh.value.then(
      (value) => {
        fresh.until = untilOf(value);
      },
      () => {
        fresh.until = 0;
      },
    );
    return fresh.value;
  };
}
