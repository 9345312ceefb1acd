import type { Check } from '../config/compiled.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS, NO_SUM, type Sum } from '../history.ts';
import { hex, rollTicks } from '../hour.ts';
import { DAYS, HOURS, latestKey, ROLLED, spanKey, TICK_LIFE_MS, tickKey } from '../items.ts';
import {
  keep,
  type LatestShard,
  mergeShards,
  NOTHING,
  packLatest,
  packTick,
  shardOfReadings,
} from '../latest.ts';
import type { Draft, Item } from '../ports.ts';
import type { Reading, Tick } from '../reading.ts';
import { hashOf } from '../schedule.ts';
import { stored, TABLE } from '../table.ts';

/** How many bytes things take: found by making them, as the core does. */

/** All is well; or everything fails, and says as much about it as is kept. */
export type Weather = 'fair' | 'worst';

/** Times and names as long as any. */
const AT = Date.UTC(2026, 10, 1);
const SHARD = '3-5';
const idsOf = (checks: number): string[] =>
  Array.from({ length: checks }, (_, n) => `check-${String(n).padStart(5, '0')}`);

/** What was found once is true for whatever is alike: a large config has many of the same. */
function remembered<A extends unknown[], T>(find: (...args: A) => T, nameOf: (...args: A) => string) {
  const known = new Map<string, T>();
  return (...args: A): T => {
    const name = nameOf(...args);
    const found = known.get(name) ?? find(...args);
    known.set(name, found);
    return found;
  };
}

const nameOf = (many: number, location: string, weather: Weather) => `${many} ${location.length} ${weather}`;

/** A tick of so many readings: as the store has it, and as it travels. */
export const tickSizes = remembered((readings: number, location: string, weather: Weather) => {
  const tick = tickOf(idsOf(readings), location, AT, weather);
  return {
    stored: itemSize({ ...tickKey(AT, tick), body: packTick(tick), expires: AT + 8 * DAY_MS }),
    sent: Buffer.byteLength(JSON.stringify({ kind: 'tick', tick })),
  };
}, nameOf);

/** What is known at one location of so many checks of one shard. */
export const latestSize = remembered((checks: number, location: string, weather: Weather): number => {
  let latest: LatestShard = NOTHING;
  for (const ago of [2, 1, 0]) {
    const { beat, readings } = tickOf(idsOf(checks), location, AT - ago * MINUTE_MS, weather);
    latest = mergeShards(latest, shardOfReadings(beat, readings.map(keep)));
  }
  return itemSize({ ...latestKey(SHARD, location), body: packLatest(latest) });
}, nameOf);

/** So many checks of a kind say how much room one takes. */
const SAMPLE = 40;

/** The first so many minutes of an hour of the checks of one shard: each check takes as much as any other of its kind. */
export function hourSize(checks: readonly Check[], locations: readonly string[], minutes: number): number {
  const empty = hourOf([], locations, minutes);
  return [...Map.groupBy(checks, ({ every }) => every > MINUTE_MS).values()].reduce((sum, some) => {
    const sample = some.slice(0, SAMPLE);
    return sum + ((hourOf(sample, locations, minutes) - empty) * some.length) / sample.length;
  }, empty);
}

/** An hour in which these checks were read each minute. */
const hourOf = remembered(
  (checks: readonly Check[], locations: readonly string[], minutes: number): number => {
    const ids = idsOf(checks.length);
    const ticks = locations.flatMap((location, n) =>
      Array.from({ length: minutes }, (_, minute): Item<ReturnType<typeof packTick>> => {
        const at = AT + minute * MINUTE_MS + Math.floor((n * MINUTE_MS) / locations.length);
        const tick = tickOf(ids, location, at, 'fair');
        return { ...tickKey(AT, tick), body: packTick(tick), version: 1 };
      }),
    );
    const byHash = new Map(checks.map((check, n) => [hashOf(ids[n] ?? ''), check]));
    const context = { check: (hash: number) => byHash.get(hash), inMaintenance: () => false };
    const body = rollTicks(AT, ticks, [], { ...context, now: AT + minutes * MINUTE_MS });
    return itemSize({ ...spanKey(HOURS, AT, SHARD), body, expires: AT });
  },
  (checks, locations, minutes) => `${checks.length} ${checks[0]?.every} ${locations} ${minutes}`,
);

/** A day of so many checks of one shard. */
export const daySize = remembered((checks: number): number => {
  const names = idsOf(checks).map((id) => hex(hashOf(id)));
  const sums = Object.fromEntries(names.map((name): [string, Sum] => [name, dayOf(name)]));
  const first = Object.fromEntries(names.map((name) => [name, AT]));
  return itemSize({ ...spanKey(DAYS, AT, SHARD), body: { sums, first }, expires: AT });
}, String);

/** How often each hour was computed whose ticks are still there. */
export function rolledSize(rolls: number): number {
  const hours = Array.from({ length: TICK_LIFE_MS / HOUR_MS + 1 }, (_, n) => [AT - n * HOUR_MS, rolls]);
  return itemSize({ ...ROLLED, body: { hours: Object.fromEntries(hours), currentAt: AT } });
}

/** All minutes of a day; their mean latency is nobody's but this check's. */
const dayOf = (name: string): Sum => ({
  ...NO_SUM,
  up: 1_440,
  latencySum: 144_000 + noise(name, AT),
  latencyCount: 1_440,
});

function tickOf(ids: readonly string[], location: string, beat: number, weather: Weather): Tick {
  const reading = weather === 'fair' ? up : down;
  return {
    location,
    shard: SHARD,
    beat,
    cause: 'schedule',
    part: 0,
    readings: ids.map((id, n) => reading(id, beat + 5 * n)),
    skipped: 0,
  };
}

const up = (check: string, at: number): Reading => ({
  check,
  at,
  status: 'up',
  reasons: [],
  message: '',
  latencyMs: 100 + noise(check, at),
  phases: {},
  facts: {},
  tries: 1,
});

/** Items are deflated, so no two readings may be alike: what is hard to foresee takes most room. */
const noise = (name: string, at: number): number => hashOf(`${name} ${at}`) % 400;

/** Facts as large as they may be, and a message of two lines. */
const down = (check: string, at: number): Reading => ({
  ...up(check, at),
  status: 'down',
  reasons: ['connect_timeout'],
  message: words(check, 200),
  latencyMs: 12_345.678,
  phases: { dns: 1.234, connect: 5_000.123 },
  facts: { address: words(`${check} facts`, 900) },
  tries: 4,
});

/** Text that nobody could foresee. */
const words = (of: string, length: number): string =>
  Array.from({ length: length / 8 }, (_, n) => hex(hashOf(`${of} ${n}`))).join('');

/**
 * An item as DynamoDB counts it for reads and writes: names and values of all attributes, in UTF-8.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
 */
export function itemSize({ partition, sort, body, expires }: Draft): number {
  const values = [TABLE.partition, partition, TABLE.sort, sort, 'body', stored(JSON.stringify(body))];
  const lives = expires === undefined ? 0 : Buffer.byteLength(`expires${TABLE.timeToLive}`) + NUMBER_TIME * 2;
  return values.reduce((sum, value) => sum + Buffer.byteLength(value), 0) + VERSIONED + lives;
}

/** A number takes a byte for two of its digits, and one more. */
const NUMBER_TIME = 8;
/** `version`, with up to eight digits; `writeId`, with 12 characters of its process and a count. */
const VERSIONED = 7 + 5 + 7 + 18;

/** Units of a write: one for each KB, begun or full. */
export const writeUnits = (bytes: number): number => Math.ceil(bytes / 1_024);

/** Units of a strongly consistent read: one for each 4 KB, begun or full. What one query reads is added up first. */
export const readUnits = (bytes: number): number => Math.max(1, Math.ceil(bytes / 4_096));
