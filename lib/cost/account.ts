import type { Check } from '../config/compiled.ts';
import { isObject } from '../config/plain.ts';
import { hasHeartbeats } from '../deployment.ts';
import { type Fleet, perMinute } from './fleet.ts';
import type { PriceName } from './prices.ts';
import { aMonth, monthly, type Use } from './usage.ts';

/** What checks of the account ask AWS for, and what calls of heartbeats take. Most APIs that they ask cost nothing. */

/** Assumed: requests of one look, pages of a listing counted. */
const CALLS_A_LOOK = 2;

/** The kinds of sources whose calls cost something. */
const PRICED: Readonly<Record<string, PriceName>> = { s3: 'puts', secretsmanager: 'secretCalls' };

export const accountUses = (fleet: Fleet): Use[] => [...lookUses(fleet), ...heartbeatUses(fleet)];

function lookUses({ config }: Fleet): Use[] {
  return Object.entries(PRICED).flatMap(([kind, price]): Use[] => {
    const looks = perMinute(config.checks.filter((check) => kindOf(check) === kind));
    if (looks === 0) return [];
    return [
      {
        id: `looks.${kind}`,
        service: kind === 's3' ? 'S3' : 'Secrets Manager',
        what: 'looks of the account’s checks',
        price,
        quantity: monthly(looks * CALLS_A_LOOK),
        formula: `${aMonth(looks)} × ${CALLS_A_LOOK} calls, assumed`,
      },
    ];
  });
}

const kindOf = (check: Check): unknown =>
  'source' in check && isObject(check.source) ? check.source.kind : undefined;

/** A call reads its item and writes it, and so does each look, once a minute. */
function heartbeatUses({ config }: Fleet): Use[] {
  if (!hasHeartbeats(config)) return [];
  const beats = config.checks.filter(({ type }) => type === 'heartbeat');
  const calls = heartbeatsAMinute(config.checks);
  return [
    {
      id: 'api.requests',
      service: 'API Gateway',
      what: 'calls of heartbeats',
      price: 'apiRequests',
      quantity: monthly(calls),
      formula: `${beats.length} heartbeats, ${aMonth(calls)}`,
    },
    {
      id: 'dynamodb.heard',
      service: 'DynamoDB',
      what: 'reads of heartbeats',
      price: 'reads',
      quantity: monthly(beats.length + calls),
      formula: `each once a minute and with each call, ${aMonth(beats.length + calls)}`,
    },
    {
      id: 'dynamodb.beats',
      service: 'DynamoDB',
      what: 'writes of heartbeats',
      price: 'writes',
      quantity: monthly(beats.length + calls),
      formula: `each once a minute and with each call, ${aMonth(beats.length + calls)}`,
    },
  ];
}

/** How many calls come in a minute if every job reports as often as it should. */
export const heartbeatsAMinute = (checks: readonly Check[]): number =>
  perMinute(checks.flatMap((check) => (check.period === undefined ? [] : { ...check, every: check.period })));
