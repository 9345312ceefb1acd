import { Packer, Unpacker } from './pack.ts';
import { type Facts, type Phases, type Reading, STATUSES, type Status, type Tick } from './reading.ts';
import { hashOf } from './schedule.ts';
import { cutToBytes } from './words.ts';

/** A reading as it is stored and judged. A plain one (up, nothing to say) carries no more than numbers. */
export interface Kept {
  /** The hash of the check's id: it can be read under any version of the config. */
  readonly hash: number;
  readonly at: number;
  readonly status: Status;
  readonly latencyMs: number;
  readonly tries: number;
  readonly detail?: Detail;
}

/** What is kept beside the numbers of a reading that isn't plain. */
export interface Detail {
  readonly reasons: readonly string[];
  readonly message: string;
  readonly facts: Facts;
  readonly phases: Phases;
}

/** Time and status of a reading. */
export type Seen = readonly [at: number, status: Status];

/** What is known of one check at one location. */
export interface Latest {
  readonly newest: Kept;
  /** The newest three that aren't `unknown`, newest first. */
  readonly known: readonly Seen[];
}

/** What is known at one location of the checks of one shard; `tickAt` is the newest beat it told of. */
export interface LatestShard {
  readonly tickAt: number;
  readonly checks: ReadonlyMap<number, Latest>;
}

export const NOTHING: LatestShard = { tickAt: 0, checks: new Map() };

/** How many readings that aren't `unknown` are remembered per check and location. */
const REMEMBERED = 3;
/** Facts larger than this are left out of what is kept, and longer messages are cut: bytes as JSON. */
const MAX_FACTS = 1_000;
const MAX_MESSAGE = 1_500;
/** An item holds 390,000 bytes, and the numbers of 300 checks take 23,000. */
const MAX_DETAILS = 300_000;

/** What one tick tells of a shard. */
export function shardOfReadings(tickAt: number, readings: readonly Kept[]): LatestShard {
  const checks = new Map<number, Latest>();
  for (const reading of readings) {
    const known: Seen[] = reading.status === 'unknown' ? [] : [[reading.at, reading.status]];
    checks.set(reading.hash, join(checks.get(reading.hash), { newest: reading, known }));
  }
  return { tickAt, checks };
}

/**
 * Adds what `b` knows to what `a` knows: a tick, or a shard of another sharding. Commutative, associative and
 * idempotent: late, doubled and reordered ticks change nothing.
 */
export function mergeShards(a: LatestShard, b: LatestShard): LatestShard {
  const checks = new Map(a.checks);
  for (const [hash, latest] of b.checks) checks.set(hash, join(checks.get(hash), latest));
  return { tickAt: Math.max(a.tickAt, b.tickAt), checks };
}

function join(a: Latest | undefined, b: Latest): Latest {
  if (!a) return b;
  return {
    newest: isNewer(b.newest, a.newest) ? b.newest : a.newest,
    known: topSeen([...a.known, ...b.known]),
  };
}

/** Of two readings of the same time the worse one counts, then the slower one, whichever came first: the order is total. */
function isNewer(b: Kept, a: Kept): boolean {
  if (b.at !== a.at) return b.at > a.at;
  if (b.status !== a.status) return STATUSES.indexOf(b.status) < STATUSES.indexOf(a.status);
  if (b.latencyMs !== a.latencyMs) return b.latencyMs > a.latencyMs;
  if (b.tries !== a.tries) return b.tries > a.tries;
  return (JSON.stringify(b.detail) ?? '') > (JSON.stringify(a.detail) ?? '');
}

function topSeen(seen: readonly Seen[]): Seen[] {
  const sorted = [...seen].sort((a, b) => b[0] - a[0] || STATUSES.indexOf(a[1]) - STATUSES.indexOf(b[1]));
  return sorted.filter(([at], i) => at !== sorted[i - 1]?.[0]).slice(0, REMEMBERED);
}

/**
 * Leaves out what is older than `oldest` (a check that was removed long ago), and what claims to be later than
 * `horizon`, as a clock set back leaves behind: it would outrank the truth.
 */
export function within(latest: LatestShard, oldest: number, horizon: number): LatestShard {
  const checks = new Map(
    [...latest.checks].filter(([, { newest }]) => newest.at >= oldest && newest.at <= horizon),
  );
  const same = checks.size === latest.checks.size && latest.tickAt <= horizon;
  return same ? latest : { tickAt: Math.min(latest.tickAt, horizon), checks };
}

/** What is kept of a reading. */
export function keep(reading: Reading): Kept {
  const numbers = {
    hash: hashOf(reading.check),
    at: reading.at,
    status: reading.status,
    latencyMs: Math.max(0, Math.round(reading.latencyMs)),
    tries: reading.tries,
  };
  if (reading.status === 'up' && reading.reasons.length === 0) return numbers;
  const { reasons, phases } = reading;
  const message = cutToBytes(reading.message, MAX_MESSAGE);
  const facts = sizeOf(reading.facts) > MAX_FACTS ? {} : reading.facts;
  return { ...numbers, detail: { reasons, message, facts, phases } };
}

/** A tick as it goes over a wire: of each reading only what is kept of it. A plain one carries no words. */
export const lean = (tick: Tick): Tick => ({ ...tick, readings: tick.readings.map(leanReading) });

export function leanReading(reading: Reading): Reading {
  const { latencyMs, detail: { message, facts, phases } = NO_WORDS } = keep(reading);
  const { dues: _, ...rest } = reading;
  return { ...rest, latencyMs, message, facts, phases };
}

const NO_WORDS: Omit<Detail, 'reasons'> = { message: '', facts: {}, phases: {} };

/** A tick as it is stored: a few bytes per reading. Details are not stored: days of them would fill the disk. */
export interface PackedTick {
  readonly readings: string;
  readonly skipped: number;
}

export function packTick(tick: Tick): PackedTick {
  const packer = new Packer();
  for (const reading of tick.readings) {
    const { detail: _, ...numbers } = keep(reading);
    packKept(packer, numbers, tick.beat, []);
  }
  return { readings: packer.toString(), skipped: tick.skipped };
}

export function unpackTick(packed: PackedTick, beat: number): Kept[] {
  const unpacker = new Unpacker(packed.readings);
  const readings: Kept[] = [];
  while (!unpacker.done) readings.push(unpackKept(unpacker, beat, [].values()));
  return readings;
}

/** The readings of a stored tick, with the details that the tick in hand has for them. */
export function withDetails(stored: readonly Kept[], tick: Tick): Kept[] {
  const inHand = new Map(tick.readings.map(keep).map((reading) => [reading.hash, reading]));
  return stored.map((reading) => {
    const same = inHand.get(reading.hash);
    return same?.at === reading.at && same.status === reading.status ? { ...same, ...reading } : reading;
  });
}

/** A shard's latest as it is stored. */
export interface PackedLatest {
  readonly tickAt: number;
  readonly checks: string;
  readonly details: readonly Detail[];
}

export function packLatest({ tickAt, checks }: LatestShard): PackedLatest {
  const packer = new Packer();
  const details: Detail[] = [];
  for (const { newest, known } of checks.values()) {
    packKept(packer, newest, tickAt, details);
    packer.byte(known.length);
    for (const [at, status] of known) packer.signed(newest.at - at).byte(STATUSES.indexOf(status));
  }
  return { tickAt, checks: packer.toString(), details: fitting(details) };
}

export function unpackLatest(packed: PackedLatest): LatestShard {
  const unpacker = new Unpacker(packed.checks);
  const details = packed.details.values();
  const checks = new Map<number, Latest>();
  while (!unpacker.done) {
    const newest = unpackKept(unpacker, packed.tickAt, details);
    const known = Array.from({ length: unpacker.byte() }, (): Seen => {
      const at = newest.at - unpacker.signed();
      return [at, statusAt(unpacker.byte())];
    });
    checks.set(newest.hash, { newest, known });
  }
  return { tickAt: packed.tickAt, checks };
}

/**
 * Details that fit into one item together. Where they don't, each has an equal share: what takes more keeps its
 * reasons and the beginning of its message. What is judged is not among them.
 */
function fitting(details: readonly Detail[]): readonly Detail[] {
  if (details.reduce((sum, detail) => sum + sizeOf(detail), 0) <= MAX_DETAILS) return details;
  const share = MAX_DETAILS / details.length;
  return details.map((detail) =>
    sizeOf(detail) <= share
      ? detail
      : { ...detail, message: cutToBytes(detail.message, share / 2), facts: {}, phases: {} },
  );
}

const sizeOf = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));

/** Times are stored as the distance from `base`. The byte holds status (2 bits), tries (5) and "has a detail" (1). */
function packKept(packer: Packer, reading: Kept, base: number, details: Detail[]): void {
  const tries = Math.min(reading.tries, 31);
  const flags = STATUSES.indexOf(reading.status) | (tries << 2) | (reading.detail ? 0x80 : 0);
  packer
    .u32(reading.hash)
    .signed(reading.at - base)
    .byte(flags)
    .varint(reading.latencyMs);
  if (reading.detail) details.push(reading.detail);
}

function unpackKept(unpacker: Unpacker, base: number, details: Iterator<Detail>): Kept {
  const hash = unpacker.u32();
  const at = base + unpacker.signed();
  const flags = unpacker.byte();
  const numbers = {
    hash,
    at,
    status: statusAt(flags & 3),
    tries: (flags >> 2) & 31,
    latencyMs: unpacker.varint(),
  };
  const detail: Detail | undefined = flags & 0x80 ? details.next().value : undefined;
  return detail ? { ...numbers, detail } : numbers;
}

function statusAt(index: number): Status {
  const status = STATUSES[index];
  if (!status) throw new RangeError(`packed data holds the status ${index}`);
  return status;
}
