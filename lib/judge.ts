import type { Check } from './config/compiled.ts';
import type { Evidence } from './incident.ts';
import type { Kept, Latest, Seen } from './latest.ts';
import { passed, STATUSES, type Status } from './reading.ts';
import { OBSERVER_REASONS } from './reasons.ts';

/** What a verdict wants of a class of incident; `hold`: leave it as it is. */
export type Want = 'open' | 'close' | 'hold';

/** What the newest readings of all locations say about one check, now. */
export interface Verdict {
  readonly down: Want;
  readonly degraded: Want;
  readonly unknown: Want;
  /** What the newest readings alone say; an open incident outranks it on the page. */
  readonly status: Status;
  readonly evidence: Evidence;
  /**
   * Since when the majority that is down has been so without passing in between, epoch ms; undefined where the
   * readings that are remembered don't reach back to what was before.
   */
  readonly failingSince: number | undefined;
}

/** What is known of a check at each of its locations; a location that never reported is missing. */
export type Known = ReadonlyMap<string, Latest>;

/** How long a reading has its say: two intervals and a minute, so that one late or lost tick silences nobody. */
export const sayMs = (every: number): number => 2 * every + 60_000;

/** A location that has its say: its newest reading isn't `unknown` and is young enough. */
interface Say {
  readonly location: string;
  readonly newest: Kept;
  readonly known: readonly Seen[];
  readonly last: readonly Status[];
}

/**
 * The verdict: a pure function of the newest readings and the time. `silent` names locations that are
 * silent as a whole: their silence is an incident of its own, and not one of every check.
 */
export function judge(
  check: Check,
  known: Known,
  now: number,
  silent: ReadonlySet<string> = new Set(),
): Verdict {
  const says = saysOf(check, known, now);
  const down = says.filter((say) => say.newest.status === 'down');
  const majority = Math.floor(check.locations.length / 2) + 1;
  const isDown = down.length >= majority || isDownForTheFewLeft(says, majority);
  const ill = says.filter((say) => say.newest.status !== 'up');
  const most = Math.min(majority, Math.max(1, says.length));
  const isDegraded = !isDown && (down.length > 0 || ill.length >= most);
  const nothingKnown = says.length === 0;
  return {
    down: want(isDown, atLeastHalf(says, passed)),
    degraded: want(isDegraded, !isDown && atLeastHalf(says, (status) => status === 'up')),
    unknown:
      nothingKnown && isSomebodyElses(check, known, silent) ? 'hold' : want(nothingKnown, says.length > 0),
    status: nothingKnown ? 'unknown' : isDown ? 'down' : isDegraded ? 'degraded' : 'up',
    evidence: evidenceOf(
      check,
      known,
      nothingKnown ? [] : isDown ? down : ill,
      down.length > 0 && !isDown,
      now,
    ),
    failingSince: isDown ? failingSinceOf(down, majority) : undefined,
  };
}

const want = (open: boolean, close: boolean): Want => (open ? 'open' : close ? 'close' : 'hold');

function saysOf(check: Check, known: Known, now: number): Say[] {
  return check.locations.flatMap((location) => {
    const latest = known.get(location);
    if (!latest || latest.newest.status === 'unknown') return [];
    if (now - latest.newest.at >= sayMs(check.every)) return [];
    return [{ location, ...latest, last: latest.known.map(([, status]) => status) }];
  });
}

/** One location that comes and goes changes nothing while the others are a majority without it. */
function failingSinceOf(down: readonly Say[], majority: number): number | undefined {
  const starts = down.map(({ known }) => {
    const before = known.findIndex(([, status]) => status !== 'down');
    return known[before - 1]?.[0] ?? 0;
  });
  return starts.toSorted((a, b) => a - b)[majority - 1] || undefined;
}

/** Fewer than a majority are left to speak: they are believed once their last three readings agree. */
function isDownForTheFewLeft(says: readonly Say[], majority: number): boolean {
  if (says.length === 0 || says.length >= majority) return false;
  return says.every(({ last }) => last.length >= 3 && last.every((status) => status === 'down'));
}

/** At least half of those with a say, and at least one, were well twice in a row. */
function atLeastHalf(says: readonly Say[], well: (status: Status) => boolean): boolean {
  const count = says.filter(({ last }) => last.length >= 2 && last.slice(0, 2).every(well)).length;
  return count > 0 && count * 2 >= says.length;
}

/** Nothing is known because a location is silent or blind: that is an incident of the location. */
function isSomebodyElses(check: Check, known: Known, silent: ReadonlySet<string>): boolean {
  return check.locations.every((location) => {
    const reasons = known.get(location)?.newest.detail?.reasons ?? [];
    return silent.has(location) || reasons.some((reason) => OBSERVER_REASONS.has(reason));
  });
}

function evidenceOf(
  check: Check,
  known: Known,
  seenBy: readonly Say[],
  partial: boolean,
  now: number,
): Evidence {
  const newest = seenBy.length > 0 ? seenBy.map((say) => say.newest) : newestOf(check, known);
  const worst = newest.toSorted(
    (a, b) => STATUSES.indexOf(a.status) - STATUSES.indexOf(b.status) || b.at - a.at,
  )[0];
  const reasons = worst?.detail?.reasons ?? [];
  return {
    at: seenBy.length > 0 ? Math.min(...newest.map(({ at }) => at)) : (worst?.at ?? now),
    reasons: partial ? ['partial', ...reasons] : reasons,
    message: worst?.detail?.message ?? '',
    locations: seenBy.map((say) => say.location),
    of: check.locations.length,
    facts: worst?.detail?.facts ?? {},
  };
}

function newestOf(check: Check, known: Known): Kept[] {
  return check.locations.flatMap((location) => known.get(location)?.newest ?? []);
}

/** When the check was last seen passing at enough locations, if it was after `since`: a parent proves itself so. */
export function seenUpAfter(check: Check, known: Known, since: number, now: number): boolean {
  const says = saysOf(check, known, now);
  const well = says.filter(({ newest }) => passed(newest.status) && newest.at >= since);
  return well.length > 0 && well.length * 2 >= says.length;
}

/**
 * Until when some location had its say about the check, epoch ms; undefined: none ever had. A location that can't
 * tell any more lost its say with the first reading that said so: the one that was due after the last known one.
 */
export function saidUntil(check: Check, known: Known): number | undefined {
  const ends = check.locations.flatMap((location) => {
    const { newest, known: [last] = [] } = known.get(location) ?? {};
    if (!newest || !last) return [];
    if (newest.status !== 'unknown') return newest.at + sayMs(check.every);
    return Math.min(newest.at, last[0] + check.every);
  });
  return ends.length > 0 ? Math.max(...ends) : undefined;
}

/** Silent for so long, a location is a ticket; the majority of them a page. */
export const SILENCE_MS = 180_000;

/**
 * Which locations are silent. Silence counts from the later of the location's last tick and of home's own
 * return: after home stood still it accuses nobody.
 */
export function silentLocations(
  locations: readonly string[],
  lastTickAt: ReadonlyMap<string, number>,
  homeSince: number,
  now: number,
): Set<string> {
  return new Set(
    locations.filter((name) => now - Math.max(homeSince, lastTickAt.get(name) ?? 0) >= SILENCE_MS),
  );
}

/**
 * Whether a location is blind: the newest thing it says of anything is that it can't tell, for a reason of
 * its own. `readings` are the newest reading of each check there.
 */
export function judgeLocation(
  readings: readonly { reading: Kept; every: number }[],
  now: number,
): { want: Want; evidence: Kept | undefined } {
  const fresh = readings
    .filter(({ reading, every }) => now - reading.at < sayMs(every))
    .map(({ reading }) => reading);
  const isBlind = (kept: Kept) => (kept.detail?.reasons ?? []).some((reason) => OBSERVER_REASONS.has(reason));
  const blind = fresh.filter(isBlind).toSorted((a, b) => b.at - a.at)[0];
  const sighted = fresh.filter((kept) => passed(kept.status)).toSorted((a, b) => b.at - a.at)[0];
  if (blind && (!sighted || sighted.at <= blind.at)) return { want: 'open', evidence: blind };
  return { want: sighted ? 'close' : 'hold', evidence: blind };
}
