import { printable } from '../adapters/local/console-log.ts';
import type { Home } from '../home.ts';
import { acknowledge, type Incident, note, targetOf } from '../incident.ts';
import { incidentView } from '../incident-view.ts';
import { clean } from '../notifiers/text.ts';
import { undelivered } from '../outbox.ts';
import { recentIncidents } from '../recent.ts';
import { endSignal } from '../signal-log.ts';
import { iso, isoOrNull } from '../status/words.ts';
import { lasted } from '../words.ts';
import type { painter } from './colors.ts';
import { CommandError } from './failure.ts';
import { table } from './table.ts';

/** What a person asks of the incident log, and does to it. */
export type IncidentDeed =
  | { readonly kind: 'list'; readonly all?: boolean }
  | { readonly kind: 'show'; readonly id: string }
  | { readonly kind: 'ack'; readonly id: string; readonly by: string }
  | { readonly kind: 'note'; readonly id: string; readonly by: string; readonly text: string }
  | {
      readonly kind: 'resolve';
      readonly id: string;
      readonly by: string;
      readonly text?: string | undefined;
    };

/** Where the log is. */
export interface IncidentLog {
  readonly home: Home;
  /** What was changed is to be delivered: answers who does that, and when. */
  readonly tell: (incident: Incident) => Promise<string>;
}

export interface Saying {
  readonly paint: ReturnType<typeof painter>;
  readonly json?: boolean;
}

/** So many of those that are over are listed. */
const ENDED = 20;
const WHO_MAX = 100;
const TEXT_MAX = 900;

/** Answers what to print. Throws `CommandError`, `StoreError`. */
export async function doIncident(deed: IncidentDeed, log: IncidentLog, saying: Saying): Promise<string> {
  const { home } = log;
  const open = home.openIncidents().toSorted((a, b) => b.openedAt - a.openedAt);
  if (deed.kind === 'list') {
    const ended = deed.all ? await recentIncidents(ENDED, home.clock.now(), home.store) : [];
    return listed([...open, ...ended], home.clock.now(), saying);
  }
  const incident = await findIncident(deed.id, open, home);
  if (deed.kind === 'show') return shown(incident, home.clock.now(), saying);
  const changed = await change(deed, incident, home);
  if (!changed) return answer(incident, NOTHING[deed.kind], saying);
  return answer(changed, `${DONE[deed.kind]} ${await log.tell(changed)}`, saying);
}

const NOTHING = {
  ack: 'Somebody has taken it on already.',
  note: 'Nothing to note.',
  resolve: 'It is over already.',
} as const;
const DONE = {
  ack: 'Taken on: nobody is reminded of it any more.',
  note: 'Noted.',
  resolve: 'Resolved.',
} as const;

/** By its id, or by as much of its beginning as only one has; of those that are over, the newest. */
async function findIncident(id: string, open: readonly Incident[], home: Home): Promise<Incident> {
  const ended = await recentIncidents(10 * ENDED, home.clock.now(), home.store);
  const found = [...open, ...ended].filter((incident) => id !== '' && incident.id.startsWith(id));
  const [first, second] = found;
  if (!first)
    throw new CommandError(
      `no incident is called ${JSON.stringify(id)}: "watchbill incident list --all" names them`,
      2,
    );
  if (second && first.id !== id)
    throw new CommandError(`${JSON.stringify(id)} may be ${found.map((one) => one.id).join(' or ')}`, 2);
  return first;
}

type Changing = Exclude<IncidentDeed, { kind: 'list' | 'show' }>;

async function change(deed: Changing, incident: Incident, home: Home): Promise<Incident | undefined> {
  const { subject, n } = incident;
  const by = clean(deed.by, WHO_MAX) || 'Somebody';
  const now = home.clock.now();
  const mine = (act: (newest: Incident) => Incident | undefined) =>
    home.changeIncident(subject, (newest) => (newest.n === n ? act(newest) : undefined));
  if (deed.kind === 'ack') {
    if (incident.closedAt !== undefined) throw new CommandError(`${incident.id} is over already`, 2);
    return mine((newest) => acknowledge(newest, now, by));
  }
  if (deed.kind === 'note') {
    const text = clean(deed.text, TEXT_MAX);
    if (text === '') throw new CommandError('a note needs words', 2);
    return mine((newest) => note(newest, now, by, text));
  }
  if (incident.closedAt !== undefined) return undefined;
  const why = clean(deed.text ?? '', TEXT_MAX);
  const words = `Resolved by ${by} after ${lasted(now - incident.openedAt)}${why ? `: ${why}` : '.'}`;
  if (incident.class === 'signal') return endSignal(subject, words, home);
  if (incident.class === 'drill') return home.endIncident(subject, words);
  throw new CommandError(
    `${incident.id} is judged anew each minute, and would open again: it ends by itself once it is well; until then take it on ("ack"), or name it in "maintenance"`,
    2,
  );
}

function listed(incidents: readonly Incident[], now: number, { paint, json }: Saying): string {
  if (json) return JSON.stringify(incidents.map(incidentJson), null, 2);
  if (incidents.length === 0) return 'No open incident.';
  return table([
    ['INCIDENT', 'SEVERITY', 'SINCE', 'STATE', 'WHAT'].map(paint.dim),
    ...incidents.map((one) => [
      one.id,
      one.severity === 'page' && one.closedAt === undefined ? paint.bold(one.severity) : one.severity,
      `${lasted(now - one.openedAt)} ago`,
      stateOf(one),
      printable(one.title),
    ]),
  ]);
}

function stateOf(incident: Incident): string {
  if (incident.closedAt !== undefined) return `over after ${lasted(incident.closedAt - incident.openedAt)}`;
  if (incident.acknowledgedAt !== undefined) return 'taken on';
  if (incident.announcedAt === undefined)
    return incident.heldBy === undefined ? 'nobody told yet' : `held: ${printable(incident.heldBy)}`;
  const waiting = undelivered(incident);
  return waiting > 0 ? `${waiting} undelivered` : 'told';
}

/** All that a person at 3 a.m. may want to know of it. */
function shown(incident: Incident, now: number, { paint, json }: Saying): string {
  if (json) return JSON.stringify(incidentJson(incident), null, 2);
  const { id, severity, title, evidence, runbook } = incident;
  const facts = Object.entries(evidence.facts).map(([name, value]) => [name, [value].flat().join(', ')]);
  const rows: (readonly [string, string | undefined])[] = [
    ['severity', severity],
    ['state', stateOf(incident)],
    ['opened', `${iso(incident.openedAt)}, ${lasted(now - incident.openedAt)} ago`],
    ['target', targetOf(incident)],
    ['reason', evidence.reasons.join(', ')],
    ['message', evidence.message],
    [
      'seen from',
      evidence.of > 1
        ? `${evidence.locations.length} of ${evidence.of}: ${evidence.locations.join(', ')}`
        : '',
    ],
    ['runbook', runbook],
    ...facts.map(([name = '', value]) => [name, value] as const),
  ];
  return [
    paint.bold(`${id}  ${printable(title)}`),
    '',
    table(rows.flatMap(([name, value]) => (value ? [[paint.dim(name), printable(value)]] : []))),
    '',
    table(incidentView(incident).timeline.map(({ at, text }) => [paint.dim(iso(at)), printable(text)])),
  ].join('\n');
}

const answer = (incident: Incident, text: string, { json }: Saying): string =>
  json
    ? JSON.stringify(incidentJson(incident), null, 2)
    : `${incident.id} "${printable(incident.title)}": ${text}`;

/** For machines: times in ISO 8601 UTC, what isn't known is null. */
function incidentJson(incident: Incident) {
  const { id, n, key, subject, severity, title, check, evidence, runbook, heldBy } = incident;
  return {
    id,
    number: n,
    key,
    subject,
    class: incident.class,
    severity,
    title,
    check: check?.id ?? null,
    target: targetOf(incident) ?? null,
    openedAt: iso(incident.openedAt),
    acknowledgedAt: isoOrNull(incident.acknowledgedAt),
    resolvedAt: isoOrNull(incident.closedAt),
    heldBy: heldBy ?? null,
    reasons: evidence.reasons,
    message: evidence.message,
    locations: evidence.locations,
    facts: evidence.facts,
    runbook,
    undelivered: undelivered(incident),
    timeline: incidentView(incident).timeline.map(({ at, kind, text }) => ({ at: iso(at), kind, text })),
  };
}
