import { html } from 'hono/html';
import type { IncidentView, ShownStatus } from '../snapshot.ts';
import { lasted } from '../words.ts';
import { icon } from './icons.ts';
import { clockTime, day, goneFor, type Html, moment, span } from './words.ts';

/** How many resolved incidents the page lists, newest first. */
const RECENT = 25;

/** The incidents that are open now, newest first, each with all that is known. */
export function openIncidents(incidents: readonly IncidentView[], now: number): Html | undefined {
  const open = incidents
    .filter(({ resolvedAt }) => resolvedAt === undefined)
    .toSorted((a, b) => b.openedAt - a.openedAt);
  if (open.length === 0) return undefined;
  return html`<section aria-labelledby="open"><h2 id="open">Open incidents</h2>${open.map(
    (incident) => html`<article class="card s-${state(incident)}"><h3 dir="ltr">${incident.title}</h3>
<p class="when">Since ${moment(incident.openedAt)} · ${goneFor(now - incident.openedAt)}${runbook(incident)}</p>
${timeline(incident)}</article>`,
  )}</section>`;
}

export function recentIncidents(incidents: readonly IncidentView[]): Html {
  const recent = incidents.flatMap((incident) =>
    incident.resolvedAt === undefined ? [] : { ...incident, resolvedAt: incident.resolvedAt },
  );
  recent.sort((a, b) => b.openedAt - a.openedAt);
  return html`<section aria-labelledby="recent"><h2 id="recent">Recent incidents</h2>${
    recent.length === 0
      ? html`<p class="soft">None.</p>`
      : html`<ol class="recent">${recent.slice(0, RECENT).map(resolved)}</ol>`
  }</section>`;
}

function resolved(incident: IncidentView & { readonly resolvedAt: number }): Html {
  const { id, title, openedAt, resolvedAt } = incident;
  return html`<li><details data-key="${id}"><summary class="s-${state(incident)}">${icon(state(incident))}<span class="title" dir="ltr">${title}</span>
<span class="when">${span(openedAt, resolvedAt)} · ${lasted(resolvedAt - openedAt)}</span></summary>
${timeline(incident)}</details></li>`;
}

/** Newest first. The day is said where it isn't that of the opening. */
function timeline({ openedAt, timeline }: IncidentView): Html {
  const time = (at: number) => (day(at) === day(openedAt) ? clockTime(at) : moment(at));
  return html`<ol class="timeline">${timeline.toReversed().map(({ at, text }) => html`<li>${time(at)} <span dir="ltr">${text}</span></li>`)}</ol>`;
}

const state = ({ class: kind }: IncidentView): ShownStatus =>
  kind === 'degraded' || kind === 'unknown' ? kind : 'down';

/** Only the web and our own pages: a runbook's address is what someone wrote into a config. */
const SAFE_LINK = /^(?:https?:\/\/|\/(?![/\\]))\S*$/i;

function runbook({ runbook: address }: IncidentView): Html | undefined {
  if (address === undefined) return undefined;
  return SAFE_LINK.test(address)
    ? html` · <a href="${address}" rel="noreferrer">Runbook</a>`
    : html` · <span>Runbook: ${address}</span>`;
}
