import { type Fleet, perMinute, type Shard } from './fleet.ts';
import { GB, MINUTES } from './prices.ts';
import { daySize, hourSize, latestSize, readUnits, rolledSize, tickSizes, writeUnits } from './sizes.ts';
import { aMonth, monthly, shown, ticksAMinute, type Use } from './usage.ts';

/** DynamoDB: what is written, read and kept. Sizes are those of items as they are packed. */

const HOURS = MINUTES / 60;
/** The hour that goes on is rolled up each five minutes, and once more when it is over (lib/rollup.ts). */
const ROLL_MINUTES = [...Array.from({ length: 60 / 5 }, (_, n) => 5 * (n + 1)), 60];
const ROLLS = ROLL_MINUTES.length;
/** Ticks, hours and days are kept for so many days (lib/items.ts, lib/roll.ts). */
const KEPT = { tick: 8, hour: 100, day: 400 };
/** "Within a few days" of that DynamoDB removes them: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/howitworks-ttl.html */
const LEFT_DAYS = 2;
/** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html */
const ITEM_OVERHEAD = 100;
/** Assumed: so many incidents of late, each of which is read for the status page; the most that it lists. */
const RECENT = 20;
/** Assumed: so often a day a process of `decide` starts, and reads the history that is shown. */
const STARTS = 12;
/** Assumed of the worst weather: an incident of 5 KB for each check, written each minute. */
const INCIDENT_BYTES = 5_000;

export function tableUses(fleet: Fleet): Use[] {
  const sizes = sizesOf(fleet);
  return [...writeUses(fleet, sizes), ...readUses(fleet, sizes), ...storageUses(sizes)];
}

/** Bytes of each shard's items, and units of what comes with ticks, each minute. */
interface Sizes {
  /** When it is over; and after five minutes: between them an hour grows evenly. */
  readonly hours: readonly number[];
  readonly begun: readonly number[];
  readonly days: readonly number[];
  /** Of all locations together. */
  readonly latest: readonly number[];
  readonly ticks: { readonly bytes: number; readonly count: number };
  readonly units: { readonly ticks: number; readonly latest: number; readonly look: number };
}

function sizesOf(fleet: Fleet): Sizes {
  const { config, weather, shards } = fleet;
  const latest = (checks: number, location: string) => latestSize(checks, location, weather);
  const ofAll = ({ at }: Shard) => sum([...at].map(([location, here]) => latest(here.length, location)));
  const units = { ticks: 0, latest: 0, look: 0 };
  const ticks = { bytes: 0, count: 0 };
  for (const { location, often, checks, shards: of } of fleet.runs) {
    const { stored } = tickSizes(Math.ceil(checks / of.length), location, weather);
    for (const shard of of) {
      ticks.bytes += often * stored;
      ticks.count += often;
      units.ticks += often * writeUnits(stored);
      units.latest += often * writeUnits(latest(shard.at.get(location)?.length ?? 0, location));
      units.look += often * readUnits(ofAll(shard));
    }
  }
  return {
    hours: shards.map(({ checks }) => hourSize(checks, config.locations, 60)),
    begun: shards.map(({ checks }) => hourSize(checks, config.locations, 5)),
    days: shards.map(({ checks }) => daySize(checks.length)),
    latest: shards.map(ofAll),
    ticks,
    units,
  };
}

/** The hours after so many minutes. */
const hoursAfter = (minutes: number, { hours, begun }: Pick<Sizes, 'hours' | 'begun'>): number[] =>
  hours.map((size, i) => size - ((size - (begun[i] ?? 0)) * (60 - minutes)) / 55);

const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0);

function writeUses(fleet: Fleet, { hours, begun, days, units }: Sizes): Use[] {
  const ticks = ticksAMinute(fleet);
  const rolls = ROLL_MINUTES.map((minutes) => sum(hoursAfter(minutes, { hours, begun }).map(writeUnits)));
  const anHour = sum(rolls) + ROLLS * writeUnits(rolledSize(ROLLS)) + sum(days.map(writeUnits));
  // an hour is marked once, and by each tick of its last minute; each mark is taken away
  const marks = 2 * (1 + ticks);
  const lives = 2 + incidentWrites(fleet);
  return [
    {
      id: 'dynamodb.ticks',
      service: 'DynamoDB',
      what: 'writes of ticks',
      price: 'writes',
      quantity: monthly(units.ticks),
      formula: `${shown(ticks)} ticks a minute of ${shown(units.ticks / ticks)} KB, ${aMonth(units.ticks)}`,
    },
    {
      id: 'dynamodb.latest',
      service: 'DynamoDB',
      what: 'writes of the newest readings',
      price: 'writes',
      quantity: monthly(units.latest),
      formula: `with each tick its shard, ${shown(units.latest / ticks)} KB, ${aMonth(units.latest)}`,
    },
    {
      id: 'dynamodb.history',
      service: 'DynamoDB',
      what: 'writes of hours and days',
      price: 'writes',
      quantity: (anHour + marks) * HOURS,
      formula: `${ROLLS} times up to ${shown(sum(hours) / 1_024)} KB, once ${shown(sum(days) / 1_024)} KB, and marks: ${shown(anHour + marks)} × ${HOURS} hours`,
    },
    {
      id: 'dynamodb.alive',
      service: 'DynamoDB',
      what: fleet.weather === 'fair' ? 'writes of signs of life' : 'writes of incidents and signs of life',
      price: 'writes',
      quantity: monthly(lives),
      formula: `decide and deliver, ${aMonth(lives)}`,
    },
  ];
}

/** With its place in the index; and the lane of each receiver, twice for each message, at the pace of PagerDuty. */
const incidentWrites = ({ config, weather }: Fleet): number =>
  weather === 'fair'
    ? 0
    : config.checks.length * (writeUnits(INCIDENT_BYTES) + 2) + config.notify.length * 2 * 120;

function readUses(fleet: Fleet, sizes: Sizes): Use[] {
  const look = sizes.units.look + incidentReads(fleet);
  const pass = passReads(fleet, sizes);
  const history = historyReads(sizes);
  const start = readUnits(96 * sum(sizes.hours)) + readUnits(91 * sum(sizes.days));
  return [
    {
      id: 'dynamodb.look',
      service: 'DynamoDB',
      what: 'reads before a verdict',
      price: 'reads',
      quantity: monthly(look),
      formula: `with each tick its shard at all locations, ${aMonth(look)}`,
    },
    {
      id: 'dynamodb.pass',
      service: 'DynamoDB',
      what: 'reads each minute',
      price: 'reads',
      quantity: monthly(pass),
      formula: `newest readings and ticks, what is due, who is alive, ${aMonth(pass)}`,
    },
    {
      id: 'dynamodb.recent',
      service: 'DynamoDB',
      what: 'reads of incidents for the page',
      price: 'reads',
      quantity: monthly(RECENT),
      formula: `${RECENT} of late, assumed, ${aMonth(RECENT)}`,
    },
    {
      id: 'dynamodb.rollup',
      service: 'DynamoDB',
      what: 'reads for hours and days',
      price: 'reads',
      quantity: history * HOURS,
      formula: `ticks and hours ${ROLLS} times, the day once: ${shown(history)} × ${HOURS} hours`,
    },
    {
      id: 'dynamodb.starts',
      service: 'DynamoDB',
      what: 'reads of whoever starts',
      price: 'reads',
      quantity: (start * STARTS * HOURS) / 24,
      formula: `${STARTS} times a day, assumed, 96 hours and 91 days: ${shown(start)}`,
    },
  ];
}

/** At the worst each reading asks for its incident, and so do early ticks. */
const incidentReads = ({ config, weather, runs }: Fleet): number => {
  if (weather === 'fair') return 0;
  const readings = sum(runs.map(({ often, checks }) => often * checks));
  const early = sum(config.checks.map((check) => check.locations.length * perMinute([check])));
  return (readings + early) * readUnits(INCIDENT_BYTES);
};

/** `decide`, `deliver` and `watchdog`, each minute. */
function passReads({ config, weather }: Fleet, { latest, hours, ticks }: Sizes): number {
  const open = weather === 'fair' ? 0 : config.checks.length * readUnits(INCIDENT_BYTES);
  const due = 2 * (0.5 + open);
  const alive = 3 + 2;
  // lanes, marks, what was rolled up, signals, and two months of pointers to incidents
  const lists = 4 + 2;
  return readUnits(sum(latest)) + due + alive + lists + ticksRead(hours.length, 3 * ticks.bytes);
}

/** The ticks of all shards, which are found one after the other. */
const ticksRead = (shards: number, bytes: number): number =>
  shards + 1 + shards * readUnits(bytes / Math.max(1, shards));

/** Each hour. The hour that goes on grows; then all of it once more. */
function historyReads({ hours, begun, days, ticks }: Sizes): number {
  const told = sum(ROLL_MINUTES.map((minutes) => ticksRead(hours.length, minutes * ticks.bytes)));
  // what is stored of it, and the hour before
  const stood = ROLL_MINUTES.map((minutes) => readUnits(sum(hoursAfter(minutes, { hours, begun }))));
  const rolls = sum(stood) + ROLLS * (readUnits(sum(hours)) + readUnits(rolledSize(ROLLS)));
  const day = readUnits(12.5 * sum(hours)) + readUnits(sum(days));
  return told + rolls + day;
}

function storageUses({ hours, days, ticks }: Sizes): Use[] {
  const bytes =
    (ticks.bytes + ticks.count * ITEM_OVERHEAD) * 1_440 * (KEPT.tick + LEFT_DAYS) +
    sum(hours) * 24 * (KEPT.hour + LEFT_DAYS) +
    sum(days) * (KEPT.day + LEFT_DAYS);
  const kept = { service: 'DynamoDB', quantity: bytes / GB };
  const formula = `${KEPT.tick} days of ticks, ${KEPT.hour} of hours, ${KEPT.day} of days`;
  return [
    { ...kept, id: 'dynamodb.storage', what: 'storage', price: 'tableStorage', formula },
    {
      ...kept,
      id: 'dynamodb.recovery',
      what: 'recovery to any second',
      price: 'recovery',
      formula: 'as much again',
    },
  ];
}
