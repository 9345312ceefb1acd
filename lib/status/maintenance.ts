import { html } from 'hono/html';
import type { MaintenanceView, Snapshot } from '../snapshot.ts';
import { type Html, moment, span } from './words.ts';

/** Windows that are open now or will be, the earliest first. */
export function maintenance({ maintenance: windows, checks }: Snapshot, now: number): Html | undefined {
  const coming = windows.filter(({ to }) => to > now).toSorted((a, b) => a.from - b.from);
  if (coming.length === 0) return undefined;
  const names = new Map(checks.map(({ id, name }) => [id, name]));
  return html`<section aria-labelledby="maintenance"><h2 id="maintenance">Maintenance</h2>${coming.map((window) => card(window, names, now))}</section>`;
}

function card(
  { checkIds, title, from, to }: MaintenanceView,
  names: ReadonlyMap<string, string>,
  now: number,
): Html {
  const about = checkIds ? checkIds.map((id) => names.get(id) ?? id).join(', ') : 'Everything';
  return html`<article class="card s-maintenance"><h3 dir="auto">${title ?? 'Planned maintenance'}</h3>
<p class="when">${from <= now ? html`<strong>Now</strong>, until ${moment(to)}` : span(from, to)}</p>
<p dir="auto">${about}</p></article>`;
}
