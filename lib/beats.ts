import type { Check, Config } from './config/compiled.ts';
import type { Ask } from './reading.ts';
import { hashOf, offsetIn, shardingOf, shardOf } from './schedule.ts';

/**
 * When a location runs what, where nothing is billed for waiting: each shard has one beat a minute, and whatever has a
 * slot in the minute after it runs at once. Shards are spread over the minute, and of each shard the locations are
 * evenly apart. Checks that run more often than once a minute get further beats.
 */

const MINUTE_MS = 60_000;
/** The minute has room for a whole number of each: the last one ends where the next minute's beat begins. */
const FAST_STEPS_MS = [30_000, 20_000, 15_000, 12_000, 10_000, 6_000] as const;
/** No check runs more often. */
const SHORTEST_MS = 5_000;

/**
 * One beat of one shard at one location. Due is what has a slot in `[at, at + step)`; of the fast checks, what has one
 * before their next beat.
 */
export interface PlannedBeat {
  readonly shard: string;
  /** Epoch ms. */
  readonly at: number;
  /** Ms. */
  readonly step: number;
  /** `fast`: only checks that run more often than once a minute. */
  readonly only: 'all' | 'fast';
}

/** What a location is told to run. */
export type BeatMessage =
  | { readonly kind: 'beat'; readonly beat: PlannedBeat }
  | { readonly kind: 'ask'; readonly ask: Ask };

type Plan = Pick<Config, 'checks' | 'locations'>;

/**
 * The beats of a location in the minute that begins at `minute` (epoch ms): the same each minute, so that none of a
 * check's slots is in two of them or in none. Without any check there is one beat all the same: it shows life.
 */
export function plannedBeats(config: Plan, location: string, minute: number): PlannedBeat[] {
  const place = config.locations.indexOf(location);
  if (place < 0) return [];
  const shards = shardsOf(config.checks);
  const firstAt = minute + (MINUTE_MS * place) / config.locations.length;
  const apart = MINUTE_MS / config.locations.length / shards.length;
  const beats = shards.flatMap(({ shard, checks }, i) => {
    const here = checks.filter(({ locations }) => locations.includes(location));
    return here.length > 0 ? beatsOf(shard, here, Math.floor(firstAt + i * apart)) : [];
  });
  const [first] = shards;
  const sign = { shard: first.shard, at: Math.floor(firstAt), step: MINUTE_MS, only: 'all' } as const;
  return beats.length > 0 ? beats : [sign];
}

/** The checks that a beat runs at a location, in the order of the config. */
export function dueIn(beat: PlannedBeat, config: Plan, location: string): Check[] {
  const inShard = shardsOf(config.checks).find(({ shard }) => shard === beat.shard)?.checks ?? [];
  return due(
    beat,
    inShard.filter(({ locations }) => locations.includes(location)),
  );
}

interface Shard {
  readonly shard: string;
  readonly checks: readonly Check[];
}

/** In a fixed order, whatever that of the config; without any check, one that is empty. */
function shardsOf(checks: readonly Check[]): [Shard, ...Shard[]] {
  const sharding = shardingOf(checks.map(({ id }) => id));
  const dealt = Map.groupBy(checks, ({ id }) => shardOf(hashOf(id), sharding));
  const [first = { shard: shardOf(0, sharding), checks: [] }, ...others] = [...dealt]
    .map(([shard, some]): Shard => ({ shard, checks: some }))
    .sort((a, b) => (a.shard < b.shard ? -1 : 1));
  return [first, ...others];
}

/** One shard's beat of the minute, and those after it in which a fast check has a slot. */
function beatsOf(shard: string, checks: readonly Check[], at: number): PlannedBeat[] {
  const step = fastStepOf(checks);
  const later = Array.from({ length: MINUTE_MS / step - 1 }, (_, i): PlannedBeat => {
    return { shard, at: at + (i + 1) * step, step, only: 'fast' };
  });
  return [
    { shard, at, step: MINUTE_MS, only: 'all' },
    ...later.filter((beat) => due(beat, checks).length > 0),
  ];
}

function due({ at, step, only }: PlannedBeat, checks: readonly Check[]): Check[] {
  const fastStep = fastStepOf(checks);
  return checks.filter((check) =>
    isFast(check)
      ? offsetIn(check, at, fastStep) !== undefined
      : only === 'all' && offsetIn(check, at, step) !== undefined,
  );
}

const isFast = ({ every }: Check): boolean => every < MINUTE_MS;

/** So far apart are the beats of fast checks: no check has two slots in one. Without any, a minute. */
function fastStepOf(checks: readonly Check[]): number {
  const shortest = Math.min(...checks.map(({ every }) => every));
  if (shortest >= MINUTE_MS) return MINUTE_MS;
  return FAST_STEPS_MS.find((step) => step <= shortest) ?? SHORTEST_MS;
}
