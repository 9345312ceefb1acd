import type { Fleet } from './fleet.ts';
import { MINUTES, type PriceName } from './prices.ts';

/** A line of an estimate, before it has a price: how much is used in a month, and how that is reckoned. */
export interface Use {
  /** Names the line for machines. */
  readonly id: string;
  readonly service: string;
  readonly what: string;
  readonly price: PriceName;
  readonly quantity: number;
  readonly formula: string;
}

/** What happens so often a minute, on average, in a month. */
export const monthly = (aMinute: number): number => aMinute * MINUTES;

/** A number for people: whole from 100 on, otherwise with three digits that say something. */
export const shown = (value: number): string =>
  value.toLocaleString('en', value >= 100 ? { maximumFractionDigits: 0 } : { maximumSignificantDigits: 3 });

export const aMonth = (aMinute: number): string => `${shown(aMinute)} a minute × ${shown(MINUTES)} minutes`;

/** How many ticks come home in a minute: one for each shard of which something ran. */
export const ticksAMinute = ({ runs }: Fleet): number =>
  runs.reduce((sum, { often, shards }) => sum + often * shards.length, 0);
