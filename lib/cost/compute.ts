import { type FunctionName, hasHeartbeats, hasInspections } from '../deployment.ts';
import { ACCOUNT } from '../reading.ts';
import { heartbeatsAMinute } from './account.ts';
import {
  beatMs,
  clockMs,
  deliverMs,
  gbSeconds,
  hearMs,
  inspectMs,
  intakeMs,
  probeMs,
  showMs,
  tickMs,
  WORST_DECIDE_MS,
  watchdogMs,
} from './durations.ts';
import { earlyOf, type Fleet, inventoryOf } from './fleet.ts';
import { MINUTES } from './prices.ts';
import { tickSizes } from './sizes.ts';
import { aMonth, monthly, shown, ticksAMinute, type Use } from './usage.ts';

/** EventBridge Scheduler, Lambda and SQS: how often what runs, for how long, and what is sent. */

/** Assumed: so many views of the status page a month, each with the files that belong to it. None is in a cache. */
export const VIEWS = 10_000;

/** Runs of a function, alike: how often a minute, and how long each takes, ms. */
interface Calls {
  readonly name: FunctionName;
  readonly often: number;
  readonly ms: number;
}

export function computeUses(fleet: Fleet): Use[] {
  const calls = callsOf(fleet);
  return [schedules(fleet), invocations(calls), ...durations(calls), ...queueUses(fleet)];
}

function schedules({ config }: Fleet): Use {
  const { schedules } = inventoryOf(config);
  return {
    id: 'scheduler',
    service: 'EventBridge Scheduler',
    what: 'calls',
    price: 'schedules',
    quantity: monthly(schedules),
    formula: `${schedules} schedules, ${aMonth(schedules)}`,
  };
}

function callsOf(fleet: Fleet): Calls[] {
  const early = earlyAMinute(fleet);
  return [
    { name: 'beat', often: fleet.config.aws.locations.length, ms: beatMs() },
    ...fleet.runs.map((runs) =>
      runs.location === ACCOUNT
        ? { name: 'inspect' as const, often: runs.often, ms: inspectMs(fleet, runs) }
        : { name: 'probe' as const, often: runs.often, ms: probeMs(fleet, runs) },
    ),
    ...(hasInspections(fleet.config) ? [{ name: 'inspect' as const, often: 1, ms: beatMs() }] : []),
    ...(hasHeartbeats(fleet.config)
      ? [{ name: 'hear' as const, often: heartbeatsAMinute(fleet.config.checks), ms: hearMs() }]
      : []),
    ...fleet.runs.map((runs) => ({
      name: 'decide' as const,
      often: runs.often * runs.shards.length,
      ms: tickMs(fleet, runs) / runs.shards.length,
    })),
    { name: 'decide', often: early, ms: WORST_DECIDE_MS },
    { name: 'decide', often: 1, ms: clockMs(fleet) },
    { name: 'deliver', often: 1, ms: deliverMs(fleet) },
    { name: 'intake', often: 1, ms: intakeMs(fleet) },
    { name: 'show', often: VIEWS / MINUTES, ms: showMs(fleet) },
    { name: 'watchdog', often: 1, ms: watchdogMs(fleet) },
  ];
}

/** Messages about first failed tries. */
function earlyAMinute({ runs, weather }: Fleet): number {
  if (weather === 'fair') return 0;
  return runs.reduce((sum, { often, checks, isAsked }) => sum + (isAsked ? 0 : often * earlyOf(checks)), 0);
}

function invocations(calls: readonly Calls[]): Use {
  const often = calls.reduce((sum, one) => sum + one.often, 0);
  const each = [...Map.groupBy(calls, ({ name }) => name)].map(
    ([name, some]) => `${name} ${shown(some.reduce((sum, one) => sum + one.often, 0))}`,
  );
  return {
    id: 'lambda.requests',
    service: 'Lambda',
    what: 'requests',
    price: 'invocations',
    quantity: monthly(often),
    formula: `${each.join(' + ')} = ${aMonth(often)}`,
  };
}

const durations = (calls: readonly Calls[]): Use[] =>
  [...Map.groupBy(calls, ({ name }) => name)].map(([name, some]) => {
    const often = some.reduce((sum, one) => sum + one.often, 0);
    const ms = some.reduce((sum, one) => sum + one.often * one.ms, 0) / often;
    return {
      id: `lambda.${name}`,
      service: 'Lambda',
      what: name,
      price: 'gbSeconds',
      quantity: monthly(often * gbSeconds(name, ms)),
      formula: `${aMonth(often)} × ${shown(ms)} ms × ${shown(gbSeconds(name, 1_000) * 1_024)} MB`,
    };
  });

/**
 * Lambda keeps five long polls of 20 s open on each queue, so 15 a minute, and asks again as soon as one has brought
 * something: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html; 15 a minute are what others see in
 * CloudWatch: https://github.com/getlift/lift/issues/132
 */
const POLLS = 5 * (60 / 20);
/** Messages of one request to send them: lib/adapters/aws/sqs-batches.ts. */
const BATCH = 10;
/** Each so many bytes, begun or full, of what is sent or received count as one request: https://aws.amazon.com/sqs/pricing/ */
const CHUNK = 65_536;

function queueUses(fleet: Fleet): Use[] {
  const { polled } = inventoryOf(fleet.config);
  const idle = polled * POLLS;
  const sent = messageRequests(fleet);
  return [
    {
      id: 'sqs.polls',
      service: 'SQS',
      what: 'empty polls by Lambda',
      price: 'queueRequests',
      quantity: monthly(idle),
      formula: `${polled} queues × 5 polls of 20 s, ${aMonth(idle)}`,
    },
    {
      id: 'sqs.messages',
      service: 'SQS',
      what: 'messages sent, received, deleted',
      price: 'queueRequests',
      quantity: monthly(sent),
      formula: `beats, ticks and looks into the buffer, ${aMonth(sent)}`,
    },
  ];
}

/** Beats are sent ten at a time; all other messages, and receiving and deleting, are taken as one by one. */
function messageRequests(fleet: Fleet): number {
  const buffer = fleet.config.aws.locations.length;
  const beats = fleet.runs.reduce((sum, { often, isAsked }) => sum + often * (2 + (isAsked ? 1 : 0)), 0);
  const planned = Map.groupBy(
    fleet.runs.filter(({ isAsked }) => !isAsked),
    ({ location }) => location,
  );
  const posts = [...planned.values()].reduce(
    (sum, runs) => sum + Math.ceil(runs.reduce((all, { often }) => all + often, 0) / BATCH),
    0,
  );
  const ticks = fleet.runs.reduce(
    (sum, { often, checks, shards, location }) =>
      sum + often * shards.length * ofTick(fleet, checks / shards.length, location),
    0,
  );
  return (
    buffer +
    beats +
    posts +
    ticks +
    3 * earlyAMinute(fleet) +
    (fleet.weather === 'fair' ? 0 : 3 * ticksAMinute(fleet))
  );
}

/** Sent, received, deleted. */
function ofTick({ weather }: Fleet, readings: number, location: string): number {
  const chunks = Math.ceil(tickSizes(Math.ceil(readings), location, weather).sent / CHUNK);
  return 2 * chunks + 1;
}
