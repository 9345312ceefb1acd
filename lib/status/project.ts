import type {
  BarSlot,
  CheckView,
  IncidentView,
  LineKind,
  MaintenanceView,
  ShownStatus,
  Snapshot,
} from '../snapshot.ts';
import { WELL_AGAIN } from '../words.ts';

/**
 * What the public may know: the checks that are marked public, their incidents in fixed words, their
 * maintenance. It is a list of what is let through, so a field that is added later stays private until it is
 * named here. Projecting twice changes nothing.
 */
export function project(snapshot: Snapshot): Snapshot {
  const checks = snapshot.checks.filter((check) => check.public).map(publicCheck);
  const names = new Map(checks.map(({ id, name }) => [id, name]));
  return {
    title: snapshot.title,
    note: snapshot.note,
    at: snapshot.at,
    status: worst(checks.map(({ status }) => status)),
    checks,
    incidents: snapshot.incidents.flatMap((incident) => publicIncident(incident, names)),
    maintenance: snapshot.maintenance.flatMap((window) => publicMaintenance(window, names)),
    platform: undefined,
  };
}

/** Worst first: what one status says of the whole beside the others. */
export const WORST_FIRST: readonly ShownStatus[] = ['down', 'unknown', 'degraded', 'maintenance', 'up'];

/** The status of the whole; of nothing, nothing is known. */
export const worst = (statuses: readonly ShownStatus[]): ShownStatus =>
  WORST_FIRST.find((status) => statuses.includes(status)) ?? 'unknown';

function publicCheck({
  id,
  name,
  group,
  status,
  since,
  latencyMs,
  uptime,
  record,
  bar,
  latency,
}: CheckView): CheckView {
  return {
    id,
    name,
    group,
    type: '',
    public: true,
    status,
    since,
    latencyMs,
    uptime: { '24h': uptime['24h'], '7d': uptime['7d'], '30d': uptime['30d'], '90d': uptime['90d'] },
    record: record && { since: record.since, up: record.up, known: record.known },
    bar: { unit: bar.unit, from: bar.from, slots: bar.slots.map(publicSlot) },
    latency: { from: latency.from, slotMs: latency.slotMs, values: latency.values },
  };
}

const publicSlot = ({ up, degraded, down, unknown, maintenance }: BarSlot): BarSlot => ({
  up,
  degraded,
  down,
  unknown,
  maintenance,
});

interface Words {
  readonly title: (name: string) => string;
  readonly opened: string;
}

/** The classes of incident that the public hears of, and all that it hears. */
const PUBLIC_WORDS: Readonly<Record<string, Words>> = {
  down: { title: (name) => `${name} is down`, opened: 'Automated checks confirm that it does not work.' },
  degraded: {
    title: (name) => `${name} is degraded`,
    opened: 'Automated checks see that it works, but not as well as it should.',
  },
  unknown: {
    title: (name) => `The state of ${name} is unknown`,
    opened: 'Automated checks cannot see whether it works.',
  },
};

/** Said once it is so: some receiver has accepted the page or the ticket. Nothing is said of a plan to tell anyone. */
const ALERTED: Readonly<Partial<Record<LineKind, string>>> = {
  paged: 'The team on call has been alerted.',
  ticketed: 'The team has been told.',
};

function publicIncident(incident: IncidentView, names: ReadonlyMap<string, string>): IncidentView[] {
  const name = incident.check === undefined ? undefined : names.get(incident.check);
  const words = Object.hasOwn(PUBLIC_WORDS, incident.class) ? PUBLIC_WORDS[incident.class] : undefined;
  if (name === undefined || !words || incident.heldBy === 'maintenance') return [];
  const { id, check, openedAt, resolvedAt } = incident;
  return [
    {
      id,
      check,
      title: words.title(name),
      class: incident.class,
      severity: 'ticket', // whom it calls is nobody's business; it is the same for all
      openedAt,
      resolvedAt,
      timeline: publicTimeline(incident, words.opened),
    },
  ];
}

function publicTimeline(
  { openedAt, resolvedAt, timeline }: IncidentView,
  opened: string,
): IncidentView['timeline'] {
  const alerted = timeline.find(({ kind }) => kind !== undefined && ALERTED[kind] !== undefined);
  const lines: IncidentView['timeline'] = [
    { at: openedAt, kind: 'opened', text: opened },
    ...(alerted?.kind ? [{ at: alerted.at, kind: alerted.kind, text: ALERTED[alerted.kind] ?? '' }] : []),
    ...timeline.flatMap(({ at, kind }) => {
      if (kind === 'acknowledged') return { at, kind, text: 'Somebody is working on it.' };
      if (kind === 'reminder') return { at, kind, text: 'Not over yet.' };
      return kind === 'quiet' ? { at, kind, text: WELL_AGAIN } : [];
    }),
    ...(resolvedAt === undefined
      ? []
      : [{ at: resolvedAt, kind: 'resolved', text: 'It works again.' } as const]),
  ];
  return lines.toSorted((a, b) => a.at - b.at);
}

function publicMaintenance(
  { checkIds, title, from, to }: MaintenanceView,
  names: ReadonlyMap<string, string>,
): MaintenanceView[] {
  const ids = checkIds?.filter((id) => names.has(id));
  const concerned = ids ? ids.length > 0 : names.size > 0;
  return concerned ? [{ checkIds: ids, title, from, to }] : [];
}
