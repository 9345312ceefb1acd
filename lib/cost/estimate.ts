import { accountUses } from './account.ts';
import { aroundUses } from './around.ts';
import { computeUses } from './compute.ts';
import { fleetOf, type OnAws } from './fleet.ts';
import { PRICES, PRICES_AS_OF } from './prices.ts';
import type { Weather } from './sizes.ts';
import { tableUses } from './table.ts';
import type { Use } from './usage.ts';

/** A line of an estimate: what is used in a month, and what that costs, US dollars. */
export interface Line extends Use {
  /** What of the quantity is free: of what lines share, the first ones take first. */
  readonly free: number;
  readonly list: number;
  readonly withFreeTier: number;
}

/** What an installation costs in a month, by the list prices of us-east-1. */
export interface Estimate {
  readonly pricesAsOf: string;
  readonly lines: readonly Line[];
  readonly list: number;
  readonly withFreeTier: number;
}

/** `metrics`: how many Watchbill writes of its own. The free tier is taken to be used by nothing else in the account. */
export function estimateOf(config: OnAws, metrics: number, weather: Weather = 'fair'): Estimate {
  const fleet = fleetOf(config, weather);
  const lines = priced([
    ...computeUses(fleet),
    ...tableUses(fleet),
    ...aroundUses(fleet, metrics),
    ...accountUses(fleet),
  ]);
  return {
    pricesAsOf: PRICES_AS_OF,
    lines,
    list: lines.reduce((sum, { list }) => sum + list, 0),
    withFreeTier: lines.reduce((sum, { withFreeTier }) => sum + withFreeTier, 0),
  };
}

function priced(uses: readonly Use[]): Line[] {
  const left = new Map<string, number>(Object.entries(PRICES).map(([name, { free }]) => [name, free]));
  return uses.map((use) => {
    const { usd, per } = PRICES[use.price];
    const free = Math.min(use.quantity, left.get(use.price) ?? 0);
    left.set(use.price, (left.get(use.price) ?? 0) - free);
    return {
      ...use,
      free,
      list: (use.quantity * usd) / per,
      withFreeTier: ((use.quantity - free) * usd) / per,
    };
  });
}
