import { html } from 'hono/html';
import type { PlatformView } from '../snapshot.ts';
import { goneFor, type Html } from './words.ts';

/** How Watchbill itself is: only the operator's page has it. */
export function platform({ banners, undelivered, skipped, locations }: PlatformView, now: number): Html {
  return html`<section aria-labelledby="platform"><h2 id="platform">Watchbill itself</h2>
${banners.map((text) => html`<p class="card s-down" dir="auto">${text}</p>`)}
<dl class="facts">
${fact('Undelivered entries', String(undelivered), undelivered > 0)}
${fact('Beats skipped, 24 h', String(skipped), skipped > 0)}
${locations.map(({ name, lastTickAt }) => fact(`Location ${name}`, lastTickAt === undefined ? 'never heard of' : `heard ${goneFor(now - lastTickAt)} ago`, lastTickAt === undefined))}
</dl></section>`;
}

const fact = (term: string, value: string, bad: boolean): Html =>
  html`<div${bad ? html` class="bad"` : ''}><dt dir="auto">${term}</dt><dd>${value}</dd></div>`;
