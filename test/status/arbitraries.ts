import fc from 'fast-check';
import type {
  BarSlot,
  CheckView,
  IncidentView,
  LineKind,
  ShownStatus,
  Snapshot,
} from '../../lib/snapshot.ts';
import { NOW } from '../kit/scenes.ts';

/** Any text, with what HTML, JSON and terminals are afraid of. */
export const text = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 20 }),
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.constantFrom(
    '<script>alert(1)</script>',
    '"><img src=x onerror=alert(1)>',
    "'); alert(1); ('",
    '&lt;b&gt;',
    '\u202e\u0000\ud800',
    '#{1}',
    '{{x}}',
  ),
);
const status = fc.constantFrom<ShownStatus>('up', 'degraded', 'down', 'unknown', 'maintenance');
const share = fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { nil: undefined });
const ms = fc.option(fc.double({ min: 0, max: 60_000, noNaN: true }), { nil: undefined });
const time = fc.integer({ min: NOW - 90 * 86_400_000, max: NOW });
const minutes = fc.oneof(fc.constant(0), fc.double({ min: 0, max: 1_440, noNaN: true }));

export const slot: fc.Arbitrary<BarSlot> = fc.record({
  up: minutes,
  degraded: minutes,
  down: minutes,
  unknown: minutes,
  maintenance: minutes,
});

/** What the public may see of a check. */
const shownCheck = fc.record({
  name: text,
  group: fc.option(text, { nil: undefined }),
  status,
  since: fc.option(time, { nil: undefined }),
  latencyMs: ms,
  uptime: fc.record({ '24h': share, '7d': share, '30d': share, '90d': share }),
  record: fc.option(fc.record({ since: time, up: fc.nat(130_000), known: fc.nat(130_000) }), {
    nil: undefined,
  }),
  bar: fc.record({
    unit: fc.constantFrom('minute' as const, 'hour' as const, 'day' as const),
    from: time,
    slots: fc.array(slot, { maxLength: 6 }),
  }),
  latency: fc.record({ from: time, slotMs: fc.constant(1_800_000), values: fc.array(ms, { maxLength: 6 }) }),
});

/** What only the operator may see of it. */
const hiddenOfCheck = fc.record({
  type: text,
  target: text,
  reason: text,
  message: text,
  severity: fc.constantFrom('page' as const, 'ticket' as const),
  readAt: time,
});

const shownIncident = fc.record({
  about: fc.nat(),
  class: fc.constantFrom('down', 'degraded', 'unknown'),
  openedAt: time,
  resolvedAt: fc.option(time, { nil: undefined }),
  timeline: fc.array(
    fc.record({
      at: time,
      kind: fc.constantFrom<LineKind>('opened', 'paged', 'ticketed', 'reminder', 'quiet', 'resolved'),
    }),
    { maxLength: 4 },
  ),
});

const hiddenOfIncident = fc.record({
  title: text,
  texts: fc.array(text, { minLength: 1, maxLength: 3 }),
  severity: fc.constantFrom('page' as const, 'ticket' as const),
  runbook: fc.option(text, { nil: undefined }),
  notes: fc.array(
    fc.record({
      at: time,
      kind: fc.constantFrom<LineKind>('held', 'page', 'ticket', 'update', 'accepted', 'waiting', 'flaps'),
      text,
    }),
    { maxLength: 2 },
  ),
});

export const shown = fc.record({
  title: text,
  note: fc.option(text, { nil: undefined }),
  at: fc.integer({ min: NOW - 600_000, max: NOW }),
  checks: fc.array(shownCheck, { maxLength: 4 }),
  incidents: fc.array(shownIncident, { maxLength: 3 }),
  maintenance: fc.array(
    fc.record({
      about: fc.option(fc.nat(), { nil: undefined }),
      title: fc.option(text, { nil: undefined }),
      from: time,
      length: fc.nat(9e7),
    }),
    { maxLength: 2 },
  ),
});

export const hidden = fc.record({
  status,
  ofChecks: fc.array(hiddenOfCheck, { minLength: 4, maxLength: 4 }),
  ofIncidents: fc.array(hiddenOfIncident, { minLength: 3, maxLength: 3 }),
  checks: fc.array(fc.tuple(shownCheck, hiddenOfCheck, fc.nat()), { maxLength: 3 }),
  incidents: fc.array(
    fc.tuple(shownIncident, hiddenOfIncident, fc.option(fc.constant('private-0'), { nil: undefined })),
    { maxLength: 2 },
  ),
  windows: fc.array(
    fc.record({ title: fc.option(text, { nil: undefined }), from: time, length: fc.nat(9e7) }),
    { maxLength: 2 },
  ),
  platform: fc.option(
    fc.record({
      banners: fc.array(text, { maxLength: 2 }),
      undelivered: fc.nat(),
      skipped: fc.nat(),
      locations: fc.array(fc.record({ name: text, lastTickAt: fc.option(time, { nil: undefined }) }), {
        maxLength: 2,
      }),
    }),
    { nil: undefined },
  ),
});

type Of<A> = A extends fc.Arbitrary<infer T> ? T : never;

/** A whole snapshot from a public and a private half. */
export function weave(open: Of<typeof shown>, secret: Of<typeof hidden>): Snapshot {
  const checks: CheckView[] = open.checks.map(
    (check, i) => ({ ...secret.ofChecks[i], ...check, id: `public-${i}`, public: true }) as CheckView,
  );
  const idOf = (about: number) => checks[about % checks.length]?.id;
  const incidents: IncidentView[] = open.incidents.flatMap((incident, i) => {
    const check = checks.length > 0 ? idOf(incident.about) : undefined;
    return check === undefined
      ? []
      : [incidentOf(`i${i}`, incident, secret.ofIncidents[i] as Of<typeof hiddenOfIncident>, check)];
  });
  const maintenance = open.maintenance.flatMap(({ about, title, from, length }) => {
    const id = about === undefined ? undefined : idOf(about);
    if (about !== undefined && id === undefined) return [];
    const checkIds = id === undefined ? undefined : [id, ...secret.checks.map((_, i) => `private-${i}`)];
    return [{ checkIds, title, from, to: from + length }];
  });
  const woven = [...checks];
  secret.checks.forEach(([check, rest, where], i) => {
    woven.splice(where % (woven.length + 1), 0, { ...rest, ...check, id: `private-${i}`, public: false });
  });
  return {
    title: open.title,
    note: open.note,
    at: open.at,
    status: secret.status,
    checks: woven,
    incidents: [
      ...secret.incidents.map(([incident, rest, check], i) => incidentOf(`p${i}`, incident, rest, check)),
      ...incidents,
    ],
    maintenance: [
      ...secret.windows.map(({ title, from, length }) => ({
        checkIds: ['private-0'],
        title,
        from,
        to: from + length,
      })),
      ...maintenance,
    ],
    platform: secret.platform,
  };
}

function incidentOf(
  id: string,
  { about: _, timeline, ...seen }: Of<typeof shownIncident>,
  { texts, notes, ...rest }: Of<typeof hiddenOfIncident>,
  check: string | undefined,
): IncidentView {
  const entries = timeline.map((entry, i) => ({ ...entry, text: texts[i % texts.length] ?? '' }));
  return { id, check, ...seen, ...rest, timeline: [...entries, ...notes] };
}
