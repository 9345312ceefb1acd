import { checkSubject } from './cases.ts';
import type { Check } from './config/compiled.ts';
import { DAY_MS } from './history.ts';
import type { Home } from './home.ts';
import { type Incident, isVisible, newestFailureOf } from './incident.ts';
import { incidentView } from './incident-view.ts';
import { LANES } from './items.ts';
import { judge } from './judge.ts';
import type { Lane } from './lane.ts';
import { inMaintenance, maintenanceBetween } from './maintenance.ts';
import { nextEntry, undelivered } from './outbox.ts';
import { barOf, latencyOf, recordOf, uptimesOf } from './past.ts';
import { recentIncidents } from './recent.ts';
import type { Rollup } from './rollup.ts';
import { hashOf } from './schedule.ts';
import type { CheckView, MaintenanceView, PlatformView, ShownStatus, Snapshot } from './snapshot.ts';
import { worst } from './status/project.ts';
import { lasted } from './words.ts';

/** Maintenance is announced on the page so far ahead. */
const AHEAD_MS = 7 * DAY_MS;
/** What a check can suffer from. */
const CLASSES = ['down', 'degraded', 'unknown'] as const;
const RECENT = 20;
const RECENT_MS = 14 * DAY_MS;
/** So many attempts in a row have failed before the operator is told on the page. */
const LOUD_AFTER = 4;

/** What `show` reads, made from what home knows. Pure but for reading home. */
export async function snapshotOf(home: Home, rollup: Rollup): Promise<Snapshot> {
  const { config } = home;
  const now = home.clock.now();
  // both before anything is waited for: what closes meanwhile is open in all of it
  const [open, live] = [home.openIncidents(), home.liveIncidents()];
  const recent = (await recentIncidents(RECENT, now, home.store)).filter(
    ({ closedAt }) => now - (closedAt ?? 0) < RECENT_MS,
  );
  await rollup.glance({
    now,
    checks: config.checks,
    known: (id) => home.known(id),
    inMaintenance: (check, at) => inMaintenance(config.maintenance, check.id, at),
  });
  const checks = config.checks.map((check) => checkView(check, home, rollup, recent, now));
  const lanes = (await home.store.list<Lane>(LANES)).map(({ body }) => body);
  return {
    title: config.statusPage.title,
    note: config.statusPage.note,
    at: now,
    status: worst(checks.map(({ status }) => status)),
    checks,
    incidents: [...open.toSorted((a, b) => b.openedAt - a.openedAt), ...recent]
      .filter(isShown)
      .map(incidentView),
    maintenance: maintenanceViews(home, now),
    platform: platformView(home, live, rollup, lanes, now),
  };
}

/** What has yet to last, before anybody is told, isn't shown. What maintenance holds back only the operator sees. */
const isShown = (incident: Incident): boolean => isVisible(incident) || incident.heldBy !== undefined;

function checkView(
  check: Check,
  home: Home,
  rollup: Rollup,
  recent: readonly Incident[],
  now: number,
): CheckView {
  const known = home.known(check.id);
  const verdict = judge(check, known, now);
  const newest = [...known.values()].map((latest) => latest.newest).toSorted((a, b) => b.at - a.at)[0];
  const hash = hashOf(check.id);
  const { status, since } = shownStatus(check, verdict.status, home, now);
  const record = recordOf(hash, rollup, now);
  const { id, name, group, type, target, severity } = check;
  return {
    id,
    name,
    group,
    type,
    public: check.public,
    status,
    since: record && shownSince(status, since, lastEnd(check, home, recent), record.since),
    latencyMs:
      newest && newest.status !== 'unknown' && newest.status !== 'down' ? newest.latencyMs : undefined,
    uptime: uptimesOf(hash, rollup, now),
    record,
    bar: barOf(hash, rollup, now),
    latency: latencyOf(hash, rollup, now),
    target,
    severity,
    ...(verdict.evidence.reasons[0] !== undefined &&
      status !== 'up' && { reason: verdict.evidence.reasons[0] }),
    ...(verdict.evidence.message !== '' && status !== 'up' && { message: verdict.evidence.message }),
    ...(newest && { readAt: newest.at }),
  };
}

/**
 * An open incident outranks the newest readings: it closes only once they have proved themselves. Where they have, and
 * it is merely watched since it was flapping, they count.
 */
function shownStatus(
  check: Check,
  read: ShownStatus,
  home: Home,
  now: number,
): { status: ShownStatus; since: number | undefined } {
  const underway = maintenanceBetween(home.config.maintenance, now, now + 1);
  const window = underway.find(({ checks }) => checks === '*' || checks.includes(check.id));
  if (window) return { status: 'maintenance', since: window.from };
  const incident = (kind: 'down' | 'degraded' | 'unknown') => home.openIncident(checkSubject(check.id, kind));
  const outage = incident('down');
  const quietSince = read === 'down' ? undefined : outage?.quietSince;
  if (outage && quietSince === undefined) return { status: 'down', since: downSince(outage) };
  if (read === 'up' && quietSince !== undefined) return { status: 'up', since: quietSince };
  if (read === 'down') return { status: 'degraded', since: undefined };
  return {
    status: read,
    since: read === 'degraded' || read === 'unknown' ? incident(read)?.failedAt : undefined,
  };
}

/** It has been shown as down since then: a single reading that passed doesn't count, a flapping one's quiet does. */
const downSince = (outage: Incident): number =>
  outage.flaps > 0 ? newestFailureOf(outage) : outage.failedAt;

/** When the newest incident of a check ended, of those that home remembers and those of the last two weeks. */
function lastEnd({ id }: Check, home: Home, recent: readonly Incident[]): number | undefined {
  const own = CLASSES.map((kind) => home.newestIncident(checkSubject(id, kind)));
  const told = recent.filter(({ check }) => check?.id === id);
  const ends = [...own, ...told].flatMap((incident) => incident?.closedAt ?? []);
  return ends.length > 0 ? Math.max(...ends) : undefined;
}

/** Never before its first reading. What has always been up is up since then. */
function shownSince(
  status: ShownStatus,
  since: number | undefined,
  ended: number | undefined,
  first: number,
): number | undefined {
  if (since === undefined && status !== 'up') return undefined;
  return Math.max(since ?? ended ?? first, first);
}

function maintenanceViews(home: Home, now: number): MaintenanceView[] {
  return home.config.maintenance
    .flatMap((window) => maintenanceBetween([window], now, now + AHEAD_MS).slice(0, 1))
    .toSorted((a, b) => a.from - b.from)
    .map(({ checks, title, from, to }) => ({
      checkIds: checks === '*' ? undefined : checks,
      title,
      from,
      to,
    }));
}

function platformView(
  home: Home,
  live: readonly Incident[],
  rollup: Rollup,
  lanes: readonly Lane[],
  now: number,
): PlatformView {
  const lastTickAt = home.lastTickAt();
  const own = live.filter((incident) => incident.class === 'config' && incident.closedAt === undefined);
  return {
    banners: [
      ...new Set([
        ...lanes.flatMap(({ refusal }) =>
          refusal && now - refusal.at < DAY_MS ? notDelivered(refusal.receiver, refusal.why) : [],
        ),
        ...live.flatMap(refusals),
        ...overdue(live, now),
      ]),
      ...own.map(({ title, evidence }) => `${title}: ${evidence.message}`),
    ],
    undelivered: live.reduce((sum, incident) => sum + undelivered(incident), 0),
    skipped: rollup.skipped(now),
    locations: home.config.locations.map((name) => ({ name, lastTickAt: lastTickAt.get(name) })),
  };
}

const notDelivered = (name: string, why: string): string => `Not delivered to ${name}: ${why}`;

const refusals = ({ delivery }: Incident): string[] =>
  Object.entries(delivery).flatMap(([name, { refused }]) =>
    refused === undefined ? [] : notDelivered(name, refused),
  );

/** Receivers that have failed for a while, a line each: how long the entry that is oldest has waited. */
function overdue(live: readonly Incident[], now: number): string[] {
  const oldest = new Map<string, { readonly at: number; readonly why: string }>();
  for (const incident of live) {
    for (const [name, cursor] of Object.entries(incident.delivery)) {
      const entry = cursor.attempts >= LOUD_AFTER ? nextEntry(incident, cursor) : undefined;
      if (entry && entry.at < (oldest.get(name)?.at ?? now))
        oldest.set(name, { at: entry.at, why: cursor.lastError ?? 'no answer' });
    }
  }
  return [...oldest].map(
    ([name, { at, why }]) => `${name} has not taken anything for ${lasted(now - at)}: ${why}`,
  );
}
