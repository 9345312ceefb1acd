import { html } from 'hono/html';
import type { ShownStatus } from '../snapshot.ts';
import type { Html } from './words.ts';

/** One shape for each status, so that none is told by its colour alone. Drawn once, used by `icon`. */
export const sprite: Html = html`<svg width="0" height="0" aria-hidden="true">
<symbol id="i-up" viewBox="0 0 20 20"><circle cx="10" cy="10" r="10"/><path d="M5.8 10.4l2.8 2.8 5.6-6"/></symbol>
<symbol id="i-degraded" viewBox="0 0 20 20"><path class="f" d="M8.6 1.6a1.6 1.6 0 0 1 2.8 0l8.2 14.6a1.6 1.6 0 0 1-1.4 2.4H1.8a1.6 1.6 0 0 1-1.4-2.4z"/><path d="M10 7v4.6M10 15v.1"/></symbol>
<symbol id="i-down" viewBox="0 0 20 20"><path class="f" d="M6 0h8l6 6v8l-6 6H6l-6-6V6z"/><path d="M6.6 6.6l6.8 6.8M13.4 6.6l-6.8 6.8"/></symbol>
<symbol id="i-unknown" viewBox="0 0 20 20"><circle cx="10" cy="10" r="10"/><path d="M7.2 7.6a2.8 2.8 0 1 1 4 2.6c-.8.4-1.2.9-1.2 1.9M10 15v.1"/></symbol>
<symbol id="i-maintenance" viewBox="0 0 20 20"><rect width="20" height="20" rx="5"/><path d="M7.4 6v8M12.6 6v8"/></symbol>
</svg>`;

export const icon = (status: ShownStatus): Html =>
  html`<svg class="icon" aria-hidden="true"><use href="#i-${status}"/></svg>`;

/** A watch bill is a ship's list of who stands watch when: four bars of it. */
export const FAVICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="8" fill="#15181c"/><g fill="#3fbf87"><rect x="6" y="11" width="4" height="14" rx="2"/><rect x="12" y="11" width="4" height="14" rx="2"/><rect x="24" y="11" width="4" height="14" rx="2"/></g><rect x="18" y="6" width="4" height="19" rx="2" fill="#f0605a"/></svg>`;
