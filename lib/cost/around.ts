import { alertRegions, standbyOf } from '../deployment.ts';
import { INQUIRE_MINUTES } from '../inquire.ts';
import { ACCOUNT } from '../reading.ts';
import { VIEWS } from './compute.ts';
import { type Fleet, inventoryOf } from './fleet.ts';
import { GB, MINUTES } from './prices.ts';
import { tickSizes } from './sizes.ts';
import { aMonth, monthly, shown, ticksAMinute, type Use } from './usage.ts';

/** What is around the functions and the table: S3, CloudFront, CloudWatch, Secrets Manager, and what leaves a region. */

/** The page for bad times, besides the snapshot of each minute: every ten minutes (lib/publish.ts). */
const PAGES_A_MINUTE = 1 / 10;
/** What is sent to look at a page once, compressed, with the files that belong to it. */
const VIEW_BYTES = 50_000;
const VIEW_REQUESTS = 3;

/** `metrics`: how many Watchbill writes of its own (lib/adapters/aws/metrics.ts). */
export function aroundUses(fleet: Fleet, metrics: number): Use[] {
  return [
    ...pageUses(),
    ...watchUses(fleet, metrics),
    ...billUses(fleet),
    ...secretUses(fleet),
    ...transferUses(fleet),
  ];
}

function pageUses(): Use[] {
  const puts = 1 + PAGES_A_MINUTE;
  return [
    {
      id: 's3.puts',
      service: 'S3',
      what: 'snapshot and last good page',
      price: 'puts',
      quantity: monthly(puts),
      formula: aMonth(puts),
    },
    {
      id: 's3.gets',
      service: 'S3',
      what: 'snapshot read',
      price: 'gets',
      quantity: VIEWS,
      formula: `${shown(VIEWS)} views, assumed`,
    },
    {
      id: 'cloudfront.requests',
      service: 'CloudFront',
      what: 'requests',
      price: 'edgeRequests',
      quantity: VIEWS * VIEW_REQUESTS,
      formula: `${shown(VIEWS)} views, assumed, × ${VIEW_REQUESTS}`,
    },
    {
      id: 'cloudfront.out',
      service: 'CloudFront',
      what: 'data out',
      price: 'edgeOut',
      quantity: (VIEWS * VIEW_BYTES) / GB,
      formula: `${shown(VIEWS)} views, assumed, × ${shown(VIEW_BYTES / 1_000)} KB`,
    },
  ];
}

/** Bytes of a line of metrics, with the 26 that CloudWatch adds to each. Of the platform's own lines only warnings are kept. */
export const METRICS_LINE = { fair: 220, worst: 360 } as const;
/** At the worst a run of any function tells what failed. */
const WORST_LINES = 2_000;

function watchUses(fleet: Fleet, metrics: number): Use[] {
  const { config, weather } = fleet;
  const { alarmMetrics } = inventoryOf(config);
  const ticks = ticksAMinute(fleet);
  const bytes = ticks * (METRICS_LINE[weather] + (weather === 'fair' ? 0 : WORST_LINES));
  const logs = monthly(bytes) / GB;
  const dashboards = config.aws.dashboard ? 1 : 0;
  return [
    {
      id: 'logs.taken',
      service: 'CloudWatch',
      what: 'logs, taken in',
      price: 'logs',
      quantity: logs,
      formula: `${aMonth(ticks)} × ${shown(bytes / ticks)} bytes`,
    },
    {
      id: 'logs.stored',
      service: 'CloudWatch',
      what: 'logs, stored',
      price: 'logStorage',
      quantity: logs,
      formula: 'kept for a month',
    },
    {
      id: 'metrics',
      service: 'CloudWatch',
      what: 'metrics',
      price: 'metrics',
      quantity: metrics,
      formula:
        weather === 'fair'
          ? 'the platform’s own in quiet months; others are written only while something is wrong'
          : 'the platform’s own, all of them',
    },
    {
      id: 'alarms',
      service: 'CloudWatch',
      what: 'metrics in alarms',
      price: 'alarms',
      quantity: alarmMetrics,
      formula: `${config.aws.locations.length} of the locations, ${alarmMetrics - config.aws.locations.length} of home and watchdog`,
    },
    ...(dashboards > 0
      ? ([
          {
            id: 'dashboards',
            service: 'CloudWatch',
            what: 'dashboard',
            price: 'dashboards',
            quantity: dashboards,
            formula: '"aws.dashboard"',
          },
        ] as const)
      : []),
  ];
}

/** How often the alarms of the account are asked for (lib/inquire.ts), and what watches the bill, which costs nothing. */
function billUses({ config }: Fleet): Use[] {
  const { budgets, anomalies } = config.cost;
  const asked = alertRegions(config.aws).length / INQUIRE_MINUTES;
  const monitors = anomalies ? anomalies.monitors.length + (anomalies.services === true ? 1 : 0) : 0;
  const free = [
    ['budgets', 'Budgets', 'budgets', budgets.length],
    ['monitors', 'Cost Anomaly Detection', 'monitors', monitors],
  ] as const;
  return [
    {
      id: 'alarms.asked',
      service: 'CloudWatch',
      what: 'alarms of the account, asked for',
      price: 'watchCalls',
      quantity: monthly(asked),
      formula: `each region every ${INQUIRE_MINUTES} minutes, ${aMonth(asked)}`,
    },
    ...free
      .filter(([, , , count]) => count > 0)
      .map(
        ([id, service, what, quantity]): Use => ({
          id,
          service,
          what,
          price: id,
          quantity,
          formula: '"cost"',
        }),
      ),
  ];
}

/** A value is kept for five minutes (lib/adapters/aws/secrets.ts); the watchdog tells PagerDuty every ten that all is well. */
const ASKED_BY_PROBE = 1 / 5;
const ASKED_BY_WATCHDOG = 1 / 10;

function secretUses({ config }: Fleet): Use[] {
  const { secrets, secretsOfChecks, secretsOfNotify } = inventoryOf(config);
  if (secrets.length === 0) return [];
  const calls = secretsOfChecks * ASKED_BY_PROBE + secretsOfNotify * ASKED_BY_WATCHDOG;
  return [
    {
      id: 'secrets',
      service: 'Secrets Manager',
      what: 'secrets',
      price: 'secrets',
      quantity: secrets.length,
      formula: secrets.join(', '),
    },
    {
      id: 'secrets.calls',
      service: 'Secrets Manager',
      what: 'calls',
      price: 'secretCalls',
      quantity: monthly(calls),
      formula: `probe every five minutes, watchdog every ten, ${aMonth(calls)}`,
    },
  ];
}

/** What one try of an https check sends: TLS and request, and 11 packets, with 52 bytes of IP and TCP before each. */
export const TRY_BYTES = 630;
const CHECK_BYTES = TRY_BYTES + 11 * 52;
/** At the worst a try looks four times, once with a large key share (lib/net/tls.ts). */
const WORST_TRY_BYTES = 4 * CHECK_BYTES + 1_216;
/** TLS, headers and signature of one request to AWS in another region. */
const REQUEST_BYTES = 3_500;

function transferUses(fleet: Fleet): Use[] {
  const { config, weather, runs } = fleet;
  const checks = runs.reduce((all, one) => all + one.often * one.checks, 0);
  const each = weather === 'fair' ? CHECK_BYTES : config.judge.tries * WORST_TRY_BYTES;
  const far = runs.filter(({ location }) => location !== config.aws.home && location !== ACCOUNT);
  const bytes = far.reduce((all, { often, checks, shards, location }) => {
    const { sent } = tickSizes(Math.ceil(checks / shards.length), location, weather);
    return all + often * shards.length * (sent + REQUEST_BYTES);
  }, 0);
  const watchdog = standbyOf(config.aws) === config.aws.home ? 0 : 2 * REQUEST_BYTES;
  return [
    {
      id: 'transfer.out',
      service: 'Data transfer',
      what: 'out, to what is watched',
      price: 'dataOut',
      quantity: monthly(checks * each) / GB,
      formula: `${aMonth(checks)} × ${shown(each)} bytes, all of it https on the internet`,
    },
    {
      id: 'transfer.home',
      service: 'Data transfer',
      what: 'between regions, ticks',
      price: 'dataBetween',
      quantity: monthly(bytes + watchdog) / GB,
      formula: `${shown(bytes + watchdog)} bytes a minute × ${shown(MINUTES)} minutes`,
    },
  ];
}
