import { Packer, Unpacker } from './pack.ts';
import { type Facts, type Phases, type Reading, STATUSES, type Status, type Tick } from './reading.ts';
import { hashOf } from './schedule.ts';

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
/** Facts larger than this are left out of what is stored. */
const MAX_FACTS = 1_000;

/** Adds readings. Commutative and idempotent: late, doubled and reordered ticks change nothing. */
export function merge(latest: LatestShard, more: { tickAt: number; readings: readonly Kept[] }): LatestShard {
  const checks = new Map(latest.checks);
  for (const reading of more.readings) {
    const known: Seen[] = reading.status === 'unknown' ? [] : [[reading.at, reading.status]];
    checks.set(reading.hash, join(checks.get(reading.hash), { newest: reading, known }));
  }
  return { tickAt: Math.max(latest.tickAt, more.tickAt), checks };
}

/** Adds everything that `b` knows to what `a` knows, as resharding does. */
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

/** Of two readings of the same time the worse one counts, then the slower one, whichever came first. */
function isNewer(b: Kept, a: Kept): boolean {
  if (b.at !== a.at) return b.at > a.at;
  if (b.status !== a.status) return STATUSES.indexOf(b.status) < STATUSES.indexOf(a.status);
  return b.latencyMs > a.latencyMs;
}

function topSeen(seen: readonly Seen[]): Seen[] {
  const sorted = [...seen].sort((a, b) => b[0] - a[0] || STATUSES.indexOf(a[1]) - STATUSES.indexOf(b[1]));
  return sorted.filter(([at], i) => at !== sorted[i - 1]?.[0]).slice(0, REMEMBERED);
}

/** Leaves out what claims to be from the future, as a clock set back leaves behind: it would outrank the truth. */
export function withoutFuture(latest: LatestShard, horizon: number): LatestShard {
  const checks = new Map([...latest.checks].filter(([, { newest }]) => newest.at <= horizon));
  const same = checks.size === latest.checks.size && latest.tickAt <= horizon;
  return same ? latest : { tickAt: Math.min(latest.tickAt, horizon), checks };
}

/** What is kept of a reading. */
export function keep(reading: Reading): Kept {
  const plain = reading.status === 'up' && reading.reasons.length === 0;
  const numbers = {
    hash: hashOf(reading.check),
    at: reading.at,
    status: reading.status,
    latencyMs: Math.max(0, Math.round(reading.latencyMs)),
    tries: reading.tries,
  };
  const expiry: Facts = reading.facts.expiresAt === undefined ? {} : { expiresAt: reading.facts.expiresAt };
  if (plain && reading.facts.expiresAt === undefined) return numbers;
  if (plain) return { ...numbers, detail: { reasons: [], message: '', facts: expiry, phases: {} } };
  const facts = JSON.stringify(reading.facts).length > MAX_FACTS ? expiry : reading.facts;
  const { reasons, message, phases } = reading;
  return { ...numbers, detail: { reasons, message, facts, phases } };
}

/** A tick as it is stored: a few bytes per reading, and the details of those that aren't plain. */
export interface PackedTick {
  readonly readings: string;
  readonly details: readonly Detail[];
  readonly skipped: number;
}

export function packTick(tick: Tick): PackedTick {
  const packer = new Packer();
  const details: Detail[] = [];
  for (const reading of tick.readings.map(keep)) packKept(packer, reading, tick.beat, details);
  return { readings: packer.toString(), details, skipped: tick.skipped };
}

export function unpackTick(packed: PackedTick, beat: number): Kept[] {
  const unpacker = new Unpacker(packed.readings);
  const details = packed.details.values();
  const readings: Kept[] = [];
  while (!unpacker.done) readings.push(unpackKept(unpacker, beat, details));
  return readings;
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
  return { tickAt, checks: packer.toString(), details };
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
