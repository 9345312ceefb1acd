import { METRICS_WRITTEN } from '../adapters/aws/metrics.ts';
import { loadForAws } from '../config.ts';
import { type Estimate, estimateOf, type Line } from '../cost/estimate.ts';
import { PRICES, type Price } from '../cost/prices.ts';
import { shown } from '../cost/usage.ts';
import { plural } from '../status/words.ts';
import { painter } from './colors.ts';
import { table } from './table.ts';

export interface EstimateOptions {
  readonly cwd: string;
  readonly named?: string | undefined;
  readonly color: boolean;
  readonly json?: boolean;
}

/** What the deployment that the config describes costs in a month. Throws `ConfigError`, also where it says nothing of AWS. */
export async function estimate(options: EstimateOptions): Promise<{ text: string; exitCode: 0 }> {
  const { config, aws } = await loadForAws(options);
  const fair = estimateOf({ ...config, aws }, METRICS_WRITTEN.fair);
  const worst = estimateOf({ ...config, aws }, METRICS_WRITTEN.worst, 'worst').list;
  if (options.json) return { text: JSON.stringify(asJson(fair, worst), null, 2), exitCode: 0 };
  const head = `${plural(config.checks.length, 'check')} from ${plural(config.locations.length, 'location')}, home ${aws.home}: US dollars a month`;
  return {
    text: [head, '', asTable(fair, options.color), '', ...words(fair, worst)].join('\n'),
    exitCode: 0,
  };
}

const asJson = ({ pricesAsOf, lines, list, withFreeTier }: Estimate, worst: number) => ({
  currency: 'USD',
  priceRegion: 'us-east-1',
  pricesAsOf,
  list: cents(list),
  withFreeTier: cents(withFreeTier),
  worstCase: cents(worst),
  lines: lines.map((line) => {
    const { unit, usd, per, source }: Price = PRICES[line.price];
    const { id, service, what, quantity, free, formula } = line;
    const price = { usd, per, source };
    const costs = { list: cents(line.list), withFreeTier: cents(line.withFreeTier) };
    return { id, service, what, quantity, unit, free, price, formula, ...costs };
  }),
});

/** Small sums are there as well, and all of them add up. */
const cents = (usd: number): number => Math.round(usd * 10_000) / 10_000;

function asTable({ lines, list, withFreeTier }: Estimate, color: boolean): string {
  const paint = painter(color);
  const groups = [...Map.groupBy(lines, ({ service }) => service)];
  return table([
    ['', 'LIST', 'FREE TIER', 'A MONTH', 'PRICE', 'HOW'].map(paint.dim),
    ...groups.flatMap(([service, some]) => [
      [service, ...sums(some)].map(paint.bold),
      ...some.map((line) => [`  ${line.what}`, ...row(line)]),
    ]),
    ['All', ...sums([{ list, withFreeTier }])].map(paint.bold),
  ]);
}

type Costs = Pick<Line, 'list' | 'withFreeTier'>;

const sums = (lines: readonly Costs[]): string[] => [
  dollars(lines.reduce((sum, { list }) => sum + list, 0)),
  dollars(lines.reduce((sum, { withFreeTier }) => sum + withFreeTier, 0)),
];

function row({ list, withFreeTier, quantity, price, formula }: Line): string[] {
  const { unit, usd, per }: Price = PRICES[price];
  const unitPrice = per === 1 ? `$${usd}` : `$${usd} a million`;
  return [dollars(list), dollars(withFreeTier), `${shown(quantity)} ${unit}`, unitPrice, formula];
}

/** Right-aligned up to thousands. */
const dollars = (usd: number): string =>
  usd.toLocaleString('en', { minimumFractionDigits: 2, maximumFractionDigits: 2 }).padStart(8);

function words({ pricesAsOf, lines, list, withFreeTier }: Estimate, worst: number): string[] {
  const out = lines.find(({ id }) => id === 'transfer.out')?.list ?? 0;
  return [
    `List price $${list.toFixed(2)}, of which $${out.toFixed(2)} is for what probes send: nothing but the checks themselves changes that.`,
    `$${withFreeTier.toFixed(2)} with the free tier, if nothing else in the account uses it.`,
    `Prices of us-east-1 as of ${pricesAsOf}, without tax; other regions differ, most of them upwards.`,
    'All checks are taken to be well and to be https. Incidents, cold starts, and more views of the page than those assumed come on top.',
    `If everything failed all month long: at most $${worst.toFixed(0)}.`,
  ];
}
