import type { CheckView, ShownStatus, Snapshot } from '../snapshot.ts';
import { WORST_FIRST } from './project.ts';
import { STATUS_WORDS } from './words.ts';

/** A snapshot is rewritten once a minute; one that is older than this no longer says how things are. */
export const STALE_AFTER_MS = 180_000;

/** Too old to be believed, or from a future that a clock's jump made. */
export const isStale = (at: number, now: number): boolean => !(Math.abs(now - at) <= STALE_AFTER_MS);

/** What an old snapshot still proves: the past. How anything is now is unknown. */
export function aged<S extends Pick<Snapshot, 'status' | 'checks'>>(snapshot: S): S {
  const checks = snapshot.checks.map(
    (check): CheckView => ({ ...check, status: 'unknown', since: undefined, latencyMs: undefined }),
  );
  return { ...snapshot, status: 'unknown', checks };
}

export const STALE_HEADLINE = 'Current status unknown';

/** `some` of the checks are in this state, or `all` of them: worst first. */
const HEADLINES: Readonly<Record<ShownStatus, { readonly some: string; readonly all: string }>> = {
  down: { some: 'Partial outage', all: 'Major outage' },
  unknown: { some: 'Partly unknown', all: STALE_HEADLINE },
  degraded: { some: 'Some systems are degraded', all: 'All systems are degraded' },
  maintenance: { some: 'Maintenance in progress', all: 'Under maintenance' },
  up: { some: 'All systems operational', all: 'All systems operational' },
};

/** The state of the whole in a few words. `up` can be said only where every check says so. */
export function headline({ status, checks }: Snapshot): string {
  const alike = checks.filter((check) => check.status === status).length;
  if (status === 'up' && alike < checks.length) return HEADLINES.unknown.some;
  return HEADLINES[status][alike === checks.length ? 'all' : 'some'];
}

/** `1 down · 11 operational`: how many checks are in which state, worst first. */
export function counts(checks: readonly CheckView[]): string {
  return WORST_FIRST.map((status) => ({
    word: status === 'maintenance' ? 'in maintenance' : STATUS_WORDS[status].toLowerCase(),
    count: checks.filter((check) => check.status === status).length,
  }))
    .filter(({ count }) => count > 0)
    .map(({ word, count }) => `${count} ${word}`)
    .join(' · ');
}
