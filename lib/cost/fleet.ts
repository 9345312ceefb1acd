import { plannedBeats } from '../beats.ts';
import type { Aws, Check, Config } from '../config/compiled.ts';
import { secretsIn } from '../config/references.ts';
import { portionsOf } from '../confirm.ts';
import { hasHeartbeats, standbyOf, watchesBill } from '../deployment.ts';
import { GATHER_MS } from '../early.ts';
import { MINUTE_MS } from '../history.ts';
import { toldBy } from '../permissions.ts';
import { ACCOUNT } from '../reading.ts';
import { hashOf, shardingOf, shardOf } from '../schedule.ts';
import { APART_MS } from '../watch.ts';
import type { Weather } from './sizes.ts';

/** What of a config costs money: how many of each thing there are, and how often something runs. */

/** A config that was compiled for AWS. */
export type OnAws = Config & { readonly aws: Aws };

/** What is deployed. The stacks are the truth: a test holds them against this. */
export interface Inventory {
  readonly functions: number;
  readonly schedules: number;
  readonly queues: number;
  /** Queues that Lambda polls. */
  readonly polled: number;
  /** A metric that is in two alarms counts twice. */
  readonly alarmMetrics: number;
  /** Name and region: one that is needed in two regions is two. */
  readonly secrets: readonly string[];
  /** Of these, how many `probe` asks for, and how many the watchdog. */
  readonly secretsOfChecks: number;
  readonly secretsOfNotify: number;
}

/**
 * `beat` and `probe` in each location; `decide`, `deliver`, `intake` and `show` at home, and what empties the bucket; `watchdog`;
 * and where there are checks of the account or heartbeats, `inspect` and `hear`.
 */
export function inventoryOf(config: OnAws): Inventory {
  const { aws, checks, locations, notify, cost } = config;
  const { length } = aws.locations;
  const inspects = locations.length - length;
  const hears = hasHeartbeats({ checks }) ? 1 : 0;
  const bills = watchesBill(config) ? 1 : 0;
  const ofChecks = locations.flatMap((location) =>
    namedIn(location === ACCOUNT ? aws.home : location, checksAt(checks, location)),
  );
  const ofWatchdog = namedIn(standbyOf(aws), notify);
  return {
    functions: 2 * length + 5 + 1 + inspects + hears,
    schedules: length + 3 + 1 + inspects,
    // at each place two with dead letters, and the dead letters of the clock
    queues: 5 * length + 7 + 2 * inspects + bills,
    polled: length + 3 + inspects,
    // silence of each location 1; of the watchdog, decide and deliver 2 each; the oldest tick 1, dead letters 3 or 4, lag 1
    // those of the bill: its dead letters, and three for each band (https://aws.amazon.com/cloudwatch/pricing/)
    alarmMetrics: length + 3 * 2 + 5 + inspects + bills + 3 * cost.bands.length,
    secrets: [...new Set([...namedIn(aws.home, toldBy(config)), ...ofWatchdog, ...ofChecks])],
    secretsOfChecks: ofChecks.length,
    secretsOfNotify: ofWatchdog.length,
  };
}

/** The secrets that a part of a config names, each once, with where they are to be. */
const namedIn = (region: string, part: unknown): string[] => [
  ...new Set(secretsIn(part).map(({ ref }) => `${ref.secret} in ${region}`)),
];

const checksAt = (checks: readonly Check[], location: string): Check[] =>
  checks.filter(({ locations }) => locations.includes(location));

/** A shard: which of its checks run where. */
export interface Shard {
  readonly checks: readonly Check[];
  /** By location, where there is any. */
  readonly at: ReadonlyMap<string, readonly Check[]>;
}

/** Runs of `probe` that are alike: beats of one shard at one location, or what is asked for there. */
export interface Runs {
  readonly location: string;
  /** How often in a minute. */
  readonly often: number;
  /** How many checks run in each, on average. */
  readonly checks: number;
  /** The shards to which those belong. */
  readonly shards: readonly Shard[];
  readonly isAsked: boolean;
}

export interface Fleet {
  readonly config: OnAws;
  readonly weather: Weather;
  readonly shards: readonly Shard[];
  readonly runs: readonly Runs[];
}

/** In the worst weather everything fails all the time: whatever may be asked for, is. */
export function fleetOf(config: OnAws, weather: Weather): Fleet {
  const shards = shardsOf(config);
  const scheduled = config.locations.flatMap((location) => scheduledAt(location, config, shards));
  const asked = weather === 'fair' ? [] : askedOf(config, scheduled, [...shards.values()]);
  return { config, weather, shards: [...shards.values()], runs: [...scheduled, ...asked] };
}

function shardsOf({ checks, locations }: OnAws): ReadonlyMap<string, Shard> {
  const sharding = shardingOf(checks.map(({ id }) => id));
  const byName = Map.groupBy(checks, ({ id }) => shardOf(hashOf(id), sharding));
  const shards = [...byName].map(([name, some]): [string, Shard] => {
    const at = locations.map((location) => [location, checksAt(some, location)] as const);
    return [name, { checks: some, at: new Map(at.filter(([, here]) => here.length > 0)) }];
  });
  return new Map(shards);
}

const NOTHING: Shard = { checks: [], at: new Map() };

/** The beats of a minute, as they are planned: those for fast checks alone are alike. */
function scheduledAt(location: string, config: OnAws, shards: ReadonlyMap<string, Shard>): Runs[] {
  const beats = Map.groupBy(plannedBeats(config, location, 0), ({ shard }) => shard);
  return [...beats].flatMap(([name, planned]) => {
    const shard = shards.get(name) ?? NOTHING;
    const here = shard.at.get(location) ?? [];
    const [fast, slow] = [here.filter(isFast), here.filter((check) => !isFast(check))];
    const fastInEach = perMinute(fast) / planned.length;
    const common = { location, shards: [shard], isAsked: false };
    return [
      { ...common, often: 1, checks: perMinute(slow) + fastInEach },
      { ...common, often: planned.length - 1, checks: fastInEach },
    ].filter(({ often }) => often > 0);
  });
}

const isFast = ({ every }: Check): boolean => every < MINUTE_MS;

/** How many runs of these are due in a minute. */
export const perMinute = (checks: readonly Check[]): number =>
  checks.reduce((sum, { every }) => sum + MINUTE_MS / every, 0);

/** So many checks start while the first that fails waits for others, and so are told of together. */
const TOLD_TOGETHER = GATHER_MS / APART_MS;

/** In how many messages a beat tells of its first failed tries, where all of so many checks fail alike. */
export const earlyOf = (checks: number): number => (checks < 1 ? checks : Math.ceil(checks / TOLD_TOGETHER));

/**
 * Each minute a location is asked for whatever is down there and runs more seldom; and on each early tick, every other
 * one for what failed, and all for its parents (lib/confirm.ts).
 */
function askedOf({ locations, checks }: OnAws, scheduled: readonly Runs[], shards: readonly Shard[]): Runs[] {
  const byId = new Map(checks.map((check) => [check.id, check]));
  const shardOfId = new Map(shards.flatMap((shard) => shard.checks.map(({ id }) => [id, shard] as const)));
  return locations.flatMap((location) => {
    const slow = checksAt(checks, location).filter(({ every }) => every > MINUTE_MS);
    const early = scheduled.map(
      (runs) => [runs.often * earlyOf(runs.checks), toldOf(runs, location, byId)] as const,
    );
    return [[1, slow] as const, ...early].flatMap(([often, asked]) =>
      portionsOf(asked.map(({ id }) => id)).map((ids) => ({
        location,
        often,
        checks: ids.length,
        shards: [...new Set(ids.map((id) => shardOfId.get(id) ?? NOTHING))],
        isAsked: true,
      })),
    );
  });
}

/** Of what one early tick of some beats tells, what another location is asked for. */
function toldOf(
  { checks, location, shards: [shard = NOTHING] }: Runs,
  asked: string,
  byId: ReadonlyMap<string, Check>,
): Check[] {
  const failing = shard.at.get(location) ?? [];
  const elsewhere = asked === location ? [] : checksAt(failing, asked);
  const share = checks / earlyOf(checks) / failing.length;
  const parents = new Set(failing.flatMap(({ dependsOn }) => dependsOn));
  const both = checksAt(
    [...parents].flatMap((id) => byId.get(id) ?? []),
    asked,
  );
  return [...new Set([...elsewhere.slice(0, Math.ceil(elsewhere.length * share)), ...both])];
}
