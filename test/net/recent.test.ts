import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Recent } from '../../lib/net/recent.ts';

const MAX = 6;

it('holds what was used last, at least half as much as it may, and never more than it may', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(15).map(String), fc.boolean())), (uses) => {
      const recent = new Recent<string>(MAX);
      const used: string[] = [];
      for (const [key, writes] of uses) {
        if (writes) recent.set(key, `value of ${key}`);
        if (recent.get(key) !== undefined) used.unshift(...used.splice(0).filter((other) => other !== key));
        if (recent.get(key) !== undefined) used.unshift(key);
      }
      const held = used.filter((key) => recent.get(key) === `value of ${key}`);
      expect(held.length).toBeLessThanOrEqual(MAX);
      expect(held.slice(0, MAX / 2)).toEqual(used.slice(0, MAX / 2));
    }),
  );
});

it('makes what it does not hold, once', () => {
  const recent = new Recent<string>(MAX);
  let made = 0;
  const make = () => {
    made += 1;
    return `made ${made}`;
  };
  expect([recent.recall('a', make), recent.recall('a', make), made]).toEqual(['made 1', 'made 1', 1]);
});
