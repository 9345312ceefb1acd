import { MINUTE, SECOND } from './readings.ts';
import { Regions, regionsConfig } from './regions.ts';
import { seeded } from './virtual-aws.ts';

/** A target is down for everybody from a moment on, for so long: ms. */
export interface Outage {
  readonly check: string;
  readonly from: number;
  readonly lasts: number;
}

/** What PagerDuty has accepted of it, epoch ms. */
export interface ToldOutage extends Outage {
  readonly pages: readonly number[];
  readonly resolves: readonly number[];
}

export interface OutagesOptions {
  readonly seed: number;
  readonly outages: number;
  readonly confirmNow?: boolean;
  /** How long one lasts, of a number in [0, 1). */
  readonly lasts: (random: number) => number;
  /** One after the other so many targets are said to hang instead of being well: beside those that are measured. */
  readonly hanging?: number;
}

const CHECKS = 100;
/** So that each outage of a check is an incident of its own: it is over, and ten minutes more, before the next one. */
const ROUND = 30 * MINUTE;
/** Outages of a round begin in so long: PagerDuty's pace of 120 events a minute plays no part. */
const SPREAD = 10 * MINUTE;
export const LONGEST = 5 * MINUTE;

/** Lives through random outages of a hundred checks, and answers what became of each. */
export async function outagesToldOf(options: OutagesOptions): Promise<ToldOutage[]> {
  const random = seeded(options.seed);
  const measured = Array.from({ length: CHECKS }, (_, i) => `check-${i}`);
  const hanging = Array.from({ length: options.hanging ?? 0 }, (_, i) => `hanging-${i}`);
  const now = new Map<string, Outage>();
  const regions = new Regions({
    ...options,
    config: regionsConfig([...measured, ...hanging]),
    look(check, _location, at) {
      if (check.startsWith('hanging')) return 'hangs';
      const outage = now.get(check);
      return outage && at >= outage.from && at < outage.from + outage.lasts ? 'down' : 'up';
    },
  });
  const told: ToldOutage[] = [];
  await regions.advance(10 * MINUTE);
  while (told.length < options.outages) {
    const some = measured.slice(0, options.outages - told.length);
    for (const check of some) {
      const from = regions.now + Math.floor(random() * SPREAD);
      now.set(check, { check, from, lasts: Math.round(options.lasts(random())) });
    }
    await regions.advance(ROUND);
    told.push(...toldOf([...now.values()], regions));
    now.clear();
    // what has been read is not needed any more
    regions.ledger.accepted.length = 0;
    regions.memory.purge(regions.now);
  }
  return told;
}

function toldOf(outages: readonly Outage[], { ledger }: Regions): ToldOutage[] {
  const byCheck = Map.groupBy(ledger.accepted, ({ event }) => event.payload?.component);
  return outages.map((outage) => {
    const timesOf = (action: string) =>
      (byCheck.get(outage.check) ?? [])
        .filter(({ event }) => event.event_action === action)
        .map(({ at }) => at);
    return { ...outage, pages: timesOf('trigger'), resolves: timesOf('resolve') };
  });
}

/** The value below which such a share lies. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(share * (sorted.length - 1))] ?? Number.NaN;
}

/** From the start of each outage to its first accepted page, seconds. */
export const secondsToPage = (told: readonly ToldOutage[]): number[] =>
  told.flatMap(({ from, pages: [first] }) => (first === undefined ? [] : (first - from) / SECOND));
