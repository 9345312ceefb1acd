import { askFor } from './asks.ts';
import { checkSubject, type World } from './cases.ts';
import type { Check } from './config/compiled.ts';
import { PROBES_AT_ONCE } from './deployment.ts';
import { MINUTE_MS } from './history.ts';
import type { IncidentClass } from './incident.ts';
import type { Kept } from './latest.ts';
import type { Ask, EarlyTick } from './reading.ts';
import { isFinal } from './reasons.ts';
import { hashOf } from './schedule.ts';

/**
 * Confirm now, not next minute: which checks home asks locations to run besides their schedule. Asking twice
 * is harmless: a check never overlaps with itself, and readings merge.
 */

/** An early tick older than this is history. */
const FRESH_MS = 30_000;
/** A check that is down or unknown without an outage of it is asked for again for so long. */
const DOUBT_MS = 600_000;

/** On early ticks that came together: what fails at every other location, and its parents everywhere. */
export function asksOnEarly(early: readonly EarlyTick[], world: World): Ask[] {
  const failing = early.flatMap((one) =>
    newlyFailing(one, world).map((check) => ({ check, at: one.location })),
  );
  const parents = failing.flatMap(({ check }) => check.dependsOn.flatMap((id) => world.check(id) ?? []));
  return world.config.locations.flatMap((location) => {
    const elsewhere = failing.flatMap(({ check, at }) => (at === location ? [] : check));
    return ask(location, 'confirm', [...elsewhere, ...parents], world.now);
  });
}

function newlyFailing(early: EarlyTick, world: World): Check[] {
  if (world.now - early.at >= FRESH_MS) return [];
  return early.checks.flatMap((id) => world.check(id) ?? []).filter((check) => isNews(check, early, world));
}

/** Once somebody was told of its outage, nothing more hangs on who else sees it now. */
function isNews(check: Check, early: EarlyTick, world: World): boolean {
  const newest = world.known(check.id).get(early.location)?.newest;
  const outage = world.open(checkSubject(check.id, 'down'));
  return newest?.status !== 'down' && outage?.announcedAt === undefined;
}

/**
 * Every minute: what is in doubt. Checks that run each minute anyway are left to their schedule, as long as that
 * brings readings: where the process never lives long enough for a whole run, it doesn't.
 */
export function asksOf(world: World): Ask[] {
  return world.config.locations.flatMap((location) => {
    const doubtful = world.config.checks.filter((check) => isDoubtful(check, location, world));
    const parents = doubtful.flatMap(({ dependsOn }) => dependsOn.flatMap((id) => world.check(id) ?? []));
    return ask(
      location,
      'renew',
      [...doubtful, ...parents.filter(({ every }) => every > MINUTE_MS)],
      world.now,
    );
  });
}

function isDoubtful(check: Check, location: string, world: World): boolean {
  if (!check.locations.includes(location)) return false;
  const isScheduled = check.every <= MINUTE_MS;
  const latest = world.known(check.id).get(location);
  const lastAt = latest?.newest.at ?? (isScheduled ? world.since : 0);
  if (world.now - lastAt > check.every + MINUTE_MS) return true;
  if (isScheduled || !latest) return false;
  const opened = (kind: IncidentClass) => world.open(checkSubject(check.id, kind))?.openedAt;
  if (isFact(latest.newest, check, world.now)) return false;
  if (opened('down') !== undefined) return true;
  const { newest, known } = latest;
  const isBad = newest.status === 'down' || newest.status === 'unknown';
  const wasKnown = known[0] && known[0][0] + check.every;
  const since = opened('degraded') ?? opened('unknown') ?? wasKnown;
  return isBad && since !== undefined && world.now - since < DOUBT_MS;
}

/** It has just told of what a second look can't mend: a policy that is broken stays so for hours. */
const isFact = ({ at, detail }: Kept, { every }: Check, now: number): boolean =>
  (detail?.reasons ?? []).some(isFinal) && now - at < every / 12;

/** One ask, or as few as it takes; each of checks whose readings lie together, so that they make few ticks. */
function ask(location: string, why: 'confirm' | 'renew', checks: readonly Check[], at: number): Ask[] {
  const here = new Set(checks.filter(({ locations }) => locations.includes(location)).map(({ id }) => id));
  return portionsOf([...here]).map((portion) => askFor(location, why, portion, at));
}

/**
 * How checks are asked for: no more at a time than one probe runs at the same time, so that it ends as soon as the
 * slowest of them; their ids take some KB, of the 256 that a queue takes. In the order of the hashes, whose beginning
 * names the shard.
 */
export function portionsOf(ids: readonly string[]): string[][] {
  const sorted = ids.toSorted((a, b) => hashOf(a) - hashOf(b));
  return Array.from({ length: Math.ceil(sorted.length / PROBES_AT_ONCE) }, (_, i) =>
    sorted.slice(i * PROBES_AT_ONCE, (i + 1) * PROBES_AT_ONCE),
  );
}
