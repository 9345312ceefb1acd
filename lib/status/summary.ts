import type { CheckView, IncidentView, PlatformView, Snapshot } from '../snapshot.ts';
import { aged, isStale } from './headline.ts';
import { iso, isoOrNull } from './words.ts';

/**
 * `/api/v1/summary`: the page for machines, in the form that contract.md promises. `latencyMs` in ms, times in
 * ISO 8601 UTC, what isn't known is null. As on the page, nothing that is old is said of now.
 */
export function summary(snapshot: Snapshot | undefined, now: number) {
  const known = snapshot ?? { title: 'Status', at: now, status: 'unknown', checks: [], incidents: [] };
  const { title, at, status, checks, incidents } = isStale(known.at, now) ? aged(known) : known;
  return { title, at: iso(at), status, checks: checks.map(checkOf), incidents: incidents.map(incidentOf) };
}

/** `/api/v1/operator`: the same with every check, and what only the operator may know. */
export function operatorSummary(snapshot: Snapshot | undefined, now: number) {
  const { checks, incidents, ...whole } = summary(snapshot, now);
  return {
    ...whole,
    checks: checks.map((check, i) => ({
      ...check,
      ...(snapshot?.checks[i] && privateOf(snapshot.checks[i])),
    })),
    incidents: incidents.map((incident, i) => ({
      ...incident,
      ...(snapshot?.incidents[i] && causeOf(snapshot.incidents[i])),
    })),
    platform: snapshot?.platform ? platformOf(snapshot.platform) : null,
  };
}

const checkOf = ({ id, name, group, status, since, latencyMs, uptime }: CheckView) => ({
  id,
  name,
  group: group ?? null,
  status,
  since: isoOrNull(since),
  latencyMs: latencyMs ?? null,
  uptime: {
    '24h': uptime['24h'] ?? null,
    '7d': uptime['7d'] ?? null,
    '30d': uptime['30d'] ?? null,
    '90d': uptime['90d'] ?? null,
  },
});

const incidentOf = ({ id, check, title, openedAt, resolvedAt, timeline }: IncidentView) => ({
  id,
  check: check ?? null,
  title,
  openedAt: iso(openedAt),
  resolvedAt: isoOrNull(resolvedAt),
  timeline: timeline.map(({ at, text }) => ({ at: iso(at), text })),
});

const privateOf = ({ type, public: isPublic, target, reason, message, severity, readAt }: CheckView) => ({
  type,
  public: isPublic,
  target: target ?? null,
  reason: reason ?? null,
  message: message ?? null,
  severity: severity ?? null,
  readAt: isoOrNull(readAt),
});

const causeOf = ({ class: kind, severity, runbook }: IncidentView) => ({
  class: kind,
  severity,
  runbook: runbook ?? null,
});

const platformOf = ({ banners, undelivered, skipped, locations }: PlatformView) => ({
  banners,
  undelivered,
  skipped,
  locations: locations.map(({ name, lastTickAt }) => ({ name, lastTickAt: isoOrNull(lastTickAt) })),
});
