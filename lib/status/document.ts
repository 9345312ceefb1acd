import { html } from 'hono/html';
import { SCRIPT_FILE, STYLESHEET } from './assets.ts';
import { sprite } from './icons.ts';
import type { Html } from './words.ts';

interface Parts {
  readonly title: string;
  /** What the script makes of the title once the page is old. */
  readonly agedTitle?: string;
  readonly stale: boolean;
  readonly operator: boolean;
  /** It tells nothing of now: it needs no script, and there is nothing of it for machines. */
  readonly plain?: boolean;
  readonly main: Html;
}

/** The frame of every page. Nothing in it depends on who asks, or by what name. */
export function document({ title, agedTitle, stale, operator, plain, main }: Parts): Html {
  return html`<!doctype html>
<html lang="en"${stale ? html` class="aged"` : ''}>
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
${operator ? html`<meta name="robots" content="noindex">` : ''}
<title${agedTitle === undefined ? '' : html` data-aged="${agedTitle}"`}>${title}</title>
<link rel="icon" href="/favicon.svg" type="image/svg+xml">
<link rel="stylesheet" href="${STYLESHEET.path}">
${plain ? '' : html`<script src="${SCRIPT_FILE.path}" defer></script>`}
</head>
<body>
<a class="skip" href="#main">Skip to the content</a>
${sprite}
<main id="main" tabindex="-1">${main}</main>
<footer class="wide">${plain ? '' : html`<p>All times are UTC. The same for machines: <a href="/api/v1/${operator ? 'operator' : 'summary'}">JSON</a>.</p>`}<p>Watched by Watchbill</p></footer>
</body>
</html>`;
}
