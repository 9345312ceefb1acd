import { checkSubject } from './cases.ts';
import type { Check } from './config/compiled.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS, minuteLatencies, NO_SUM, type Sum, uptimeOf } from './history.ts';
import type { Home } from './home.ts';
import type { Incident } from './incident.ts';
import { judge } from './judge.ts';
import type { Lane } from './lane.ts';
import { maintenanceBetween } from './maintenance.ts';
import { isPending, nextEntry } from './outbox.ts';
import type { Rollup } from './rollup.ts';
import { hashOf } from './schedule.ts';
import type {
  Bar,
  BarSlot,
  CheckView,
  IncidentView,
  MaintenanceView,
  PlatformView,
  ShownStatus,
  Snapshot,
} from './snapshot.ts';
import { worst } from './status/project.ts';
import { lasted } from './words.ts';

const SLOTS = 90;
/** While the history is shorter, the bar shows minutes; then hours; then days. */
const MINUTES_UNTIL_MS = 90 * MINUTE_MS;
const HOURS_UNTIL_MS = 4 * DAY_MS;
/** Maintenance is announced on the page so far ahead. */
const AHEAD_MS = 7 * DAY_MS;
const RECENT = 20;
const RECENT_MS = 14 * DAY_MS;
/** So many attempts in a row have failed before the operator is told on the page. */
const LOUD_AFTER = 4;

/** What `show` reads, made from what home knows. Pure but for reading home. */
export async function snapshotOf(home: Home, rollup: Rollup): Promise<Snapshot> {
  const { config } = home;
  const now = home.clock.now();
  const open = home.openIncidents();
  const recent = (await home.recent(RECENT)).filter(({ closedAt }) => now - (closedAt ?? 0) < RECENT_MS);
  const checks = config.checks.map((check) => checkView(check, home, rollup, now));
  const lanes = (await home.store.list<Lane>('lane')).map(({ body }) => body);
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
    platform: platformView(home, rollup, lanes, now),
  };
}

/** Shown once somebody was told; an outage at once, unless something holds it back (its check is being worked on). */
const isShown = (incident: Incident): boolean =>
  incident.announcedAt !== undefined || (incident.class === 'down' && incident.heldBy !== 'maintenance');

function checkView(check: Check, home: Home, rollup: Rollup, now: number): CheckView {
  const known = home.known(check.id);
  const verdict = judge(check, known, now);
  const newest = [...known.values()].map((latest) => latest.newest).toSorted((a, b) => b.at - a.at)[0];
  const hash = hashOf(check.id);
  const { status, since } = shownStatus(check, verdict.status, home, now);
  const { id, name, group, type, target, severity } = check;
  return {
    id,
    name,
    group,
    type,
    public: check.public,
    status,
    since: since ?? (newest && rollup.oldest),
    latencyMs:
      newest && newest.status !== 'unknown' && newest.status !== 'down' ? newest.latencyMs : undefined,
    uptime: {
      '24h': uptimeOf(rollup.lastDay(hash, now)),
      '7d': uptimeOf(rollup.lastDays(hash, 7, now)),
      '30d': uptimeOf(rollup.lastDays(hash, 30, now)),
      '90d': uptimeOf(rollup.lastDays(hash, 90, now)),
    },
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

/** An open incident outranks the newest readings: it closes only once they have proved themselves. */
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
  if (incident('down')) return { status: 'down', since: incident('down')?.failedAt };
  if (read === 'down') return { status: 'degraded', since: undefined };
  return {
    status: read,
    since: read === 'degraded' || read === 'unknown' ? incident(read)?.failedAt : lastEnd(check, home),
  };
}

function lastEnd(check: Check, home: Home): number | undefined {
  return home.newestIncident(checkSubject(check.id, 'down'))?.closedAt;
}

function barOf(hash: number, rollup: Rollup, now: number): Bar {
  const age = now - (rollup.oldest ?? now);
  if (age < MINUTES_UNTIL_MS) return minuteBar(hash, rollup, now);
  if (age < HOURS_UNTIL_MS) return bar('hour', HOUR_MS, now, (at) => rollup.hour(hash, at));
  return bar('day', DAY_MS, now, (at) => rollup.day(hash, at, now));
}

const firstSlot = (now: number, slotMs: number): number =>
  Math.floor(now / slotMs) * slotMs - (SLOTS - 1) * slotMs;

function bar(unit: Bar['unit'], slotMs: number, now: number, sumAt: (at: number) => Sum | undefined): Bar {
  const from = firstSlot(now, slotMs);
  const slots = Array.from({ length: SLOTS }, (_, i) => slotOf(sumAt(from + i * slotMs) ?? NO_SUM));
  return { unit, from, slots };
}

const slotOf = ({ up, degraded, down, unknown, maintenance }: Sum): BarSlot => ({
  ...(up > 0 && { up }),
  ...(degraded > 0 && { degraded }),
  ...(down > 0 && { down }),
  ...(unknown > 0 && { unknown }),
  ...(maintenance > 0 && { maintenance }),
});

/** A minute is of one kind. */
const MINUTES: Readonly<Record<string, BarSlot>> = {
  u: { up: 1 },
  g: { degraded: 1 },
  d: { down: 1 },
  x: { unknown: 1 },
  m: { maintenance: 1 },
};
const NO_DATA: BarSlot = {};

function minuteBar(hash: number, rollup: Rollup, now: number): Bar {
  const from = firstSlot(now, MINUTE_MS);
  const first = Math.floor(from / HOUR_MS) * HOUR_MS;
  const hours = [first, first + HOUR_MS, first + 2 * HOUR_MS];
  const marks = hours.map((hour) => rollup.row(hash, hour)?.marks ?? '.'.repeat(60)).join('');
  const skipped = (from - first) / MINUTE_MS;
  const slots = Array.from(marks.slice(skipped, skipped + SLOTS), (mark) => MINUTES[mark] ?? NO_DATA);
  return { unit: 'minute', from, slots };
}

/** The newest 24 hours by the hour, or the newest hour by the minute while there is less. */
function latencyOf(hash: number, rollup: Rollup, now: number): CheckView['latency'] {
  if (now - (rollup.oldest ?? now) < 2 * HOUR_MS) {
    const from = Math.floor(now / MINUTE_MS) * MINUTE_MS - 59 * MINUTE_MS;
    const firstHour = Math.floor(from / HOUR_MS) * HOUR_MS;
    const minutes = [firstHour, firstHour + HOUR_MS].flatMap((hour) => {
      const row = rollup.row(hash, hour);
      return row ? minuteLatencies(row) : new Array<undefined>(60).fill(undefined);
    });
    const first = (from - firstHour) / MINUTE_MS;
    return { from, slotMs: MINUTE_MS, values: minutes.slice(first, first + 60).map(tenths) };
  }
  const from = Math.floor(now / HOUR_MS) * HOUR_MS - 23 * HOUR_MS;
  const values = Array.from({ length: 24 }, (_, i) => {
    const sum = rollup.hour(hash, from + i * HOUR_MS);
    return sum && sum.latencyCount > 0 ? tenths(sum.latencySum / sum.latencyCount) : undefined;
  });
  return { from, slotMs: HOUR_MS, values };
}

const tenths = (ms: number | undefined): number | undefined => ms && Math.round(10 * ms) / 10;

function incidentView(incident: Incident): IncidentView {
  const flaps =
    incident.flaps > 0
      ? [{ at: incident.openedAt, text: `It came back and failed again ${incident.flaps} times.` }]
      : [];
  return {
    id: incident.id,
    check: incident.check?.id,
    title: incident.title,
    class: incident.class,
    severity: incident.severity,
    openedAt: incident.openedAt,
    resolvedAt: incident.closedAt,
    timeline: [...incident.timeline.map(({ at, text, kind }) => ({ at, text, kind })), ...flaps].sort(
      (a, b) => a.at - b.at,
    ),
    runbook: incident.runbook,
  };
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

function platformView(home: Home, rollup: Rollup, lanes: readonly Lane[], now: number): PlatformView {
  const live = home.liveIncidents();
  const lastTickAt = home.lastTickAt();
  const own = live.filter((incident) => incident.class === 'config' && incident.closedAt === undefined);
  return {
    banners: [
      ...new Set([
        ...lanes.flatMap(({ refusal }) =>
          refusal && now - refusal.at < DAY_MS ? refuses(refusal.receiver, refusal.why) : [],
        ),
        ...live.flatMap(refusals),
        ...overdue(live, now),
      ]),
      ...own.map(({ title, evidence }) => `${title}: ${evidence.message}`),
    ],
    undelivered: live.filter(isPending).length,
    skipped: rollup.skipped(now),
    locations: home.config.locations.map((name) => ({ name, lastTickAt: lastTickAt.get(name) })),
  };
}

const refuses = (name: string, why: string): string => `${name} refuses what it is sent: ${why}`;

const refusals = ({ delivery }: Incident): string[] =>
  Object.entries(delivery).flatMap(([name, { refused }]) =>
    refused === undefined ? [] : refuses(name, refused),
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
