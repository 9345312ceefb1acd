import { html } from 'hono/html';
import type { IncidentView, ShownStatus } from '../snapshot.ts';
import { lasted } from '../words.ts';
import { icon } from './icons.ts';
import { clockTime, day, goneFor, type Html, hourMinuteSecond, iso, moment, span } from './words.ts';

/** How many resolved incidents the page lists, newest first. */
const RECENT = 25;

/** Whom a list is for: the operator reads its times to the second. */
export interface Reader {
  readonly now: number;
  readonly operator: boolean;
}

/** The incidents that are open now, newest first, each with all that is known. */
export function openIncidents(
  incidents: readonly IncidentView[],
  { now, operator }: Reader,
): Html | undefined {
  const open = incidents
    .filter(({ resolvedAt }) => resolvedAt === undefined)
    .toSorted((a, b) => b.openedAt - a.openedAt);
  if (open.length === 0) return undefined;
  return html`<section aria-labelledby="open"><h2 id="open">Open incidents</h2>${open.map(
    (incident) => html`<article class="card s-${state(incident)}"><h3 dir="ltr">${incident.title}</h3>
<p class="when">Since ${moment(incident.openedAt)} · ${goneFor(now - incident.openedAt)}${runbook(incident)}</p>
${timeline(incident, operator)}</article>`,
  )}</section>`;
}

export function recentIncidents(
  incidents: readonly IncidentView[],
  { operator }: Pick<Reader, 'operator'>,
): Html {
  const recent = incidents.flatMap((incident) =>
    incident.resolvedAt === undefined ? [] : { ...incident, resolvedAt: incident.resolvedAt },
  );
  recent.sort((a, b) => b.openedAt - a.openedAt);
  return html`<section aria-labelledby="recent"><h2 id="recent">Recent incidents</h2>${
    recent.length === 0
      ? html`<p class="soft">None.</p>`
      : html`<ol class="recent">${recent.slice(0, RECENT).map((incident) => resolved(incident, operator))}</ol>`
  }</section>`;
}

/** It is over, whatever it was. */
function resolved(incident: IncidentView & { readonly resolvedAt: number }, operator: boolean): Html {
  const { id, title, openedAt, resolvedAt } = incident;
  return html`<li><details data-key="${id}"><summary class="s-up">${icon('up')}<span class="title" dir="ltr">${title}</span>
<span class="when">${span(openedAt, resolvedAt)} · ${lasted(resolvedAt - openedAt)}</span></summary>
${timeline(incident, operator)}</details></li>`;
}

/** Newest first. The day is said where it isn't that of the opening. */
function timeline({ openedAt, timeline }: IncidentView, operator: boolean): Html {
  const time = (at: number) => (day(at) === day(openedAt) ? ofDay(at) : operator ? exact(at) : moment(at));
  const ofDay = operator ? (at: number) => timed(at, hourMinuteSecond(at)) : clockTime;
  return html`<ol class="timeline">${timeline.toReversed().map(({ at, text }) => html`<li>${time(at)} <span dir="ltr">${text}</span></li>`)}</ol>`;
}

const timed = (at: number, words: string): Html => html`<time datetime="${iso(at)}">${words}</time>`;

const exact = (at: number): Html => timed(at, `${day(at)}, ${hourMinuteSecond(at)}`);

/** How loud an open one is: what is well again and merely watched, or a drill, isn't an outage. */
function state({ class: kind, timeline }: IncidentView): ShownStatus {
  if (kind === 'drill') return 'maintenance';
  if (timeline.some((line) => line.kind === 'quiet')) return 'degraded';
  return kind === 'degraded' || kind === 'unknown' ? kind : 'down';
}

/** Only the web and our own pages: a runbook's address is what someone wrote into a config. */
const SAFE_LINK = /^(?:https?:\/\/|\/(?![/\\]))\S*$/i;

function runbook({ runbook: address }: IncidentView): Html | undefined {
  if (address === undefined) return undefined;
  return SAFE_LINK.test(address)
    ? html` · <a href="${address}" rel="noreferrer">Runbook</a>`
    : html` · <span>Runbook: ${address}</span>`;
}
