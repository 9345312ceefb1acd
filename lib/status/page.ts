import { html } from 'hono/html';
import type { CheckView, Snapshot } from '../snapshot.ts';
import { groups } from './checks.ts';
import { document } from './document.ts';
import { aged, counts, headline, isStale, STALE_HEADLINE } from './headline.ts';
import { icon } from './icons.ts';
import { openIncidents, recentIncidents } from './incidents.ts';
import { maintenance } from './maintenance.ts';
import { platform } from './platform.ts';
import { day, goneFor, type Html, hourMinuteSecond, iso } from './words.ts';

const NEW_MS = 300_000;

/** What a page is made from besides the snapshot, which for the public is a projection. */
export interface View {
  readonly now: number;
  /** Whether this is the operator's page; it also says so. */
  readonly operator: boolean;
  /** Whether there is an operator's page at all, here, on loopback. */
  readonly operatorExists: boolean;
}

/** The status page: how it is now, what is wrong, what is planned, each check with its history. */
export function page(snapshot: Snapshot | undefined, view: View): Html {
  if (!snapshot) return starting();
  const stale = isStale(snapshot.at, view.now);
  const shown = stale ? aged(snapshot) : snapshot;
  const said = stale ? STALE_HEADLINE : shown.checks.length === 0 ? 'Nothing to show yet' : headline(shown);
  const main = html`${hero(shown, said, stale, view)}
${shown.platform && platform(shown.platform, view.now)}${openIncidents(shown.incidents, view)}${maintenance(shown, view.now)}
${shown.checks.length === 0 ? nothing(view) : groups(shown.checks, view.now)}${recentIncidents(shown.incidents, view)}`;
  return document({
    title: `${said} · ${snapshot.title}`,
    agedTitle: `${STALE_HEADLINE} · ${snapshot.title}`,
    stale,
    main,
    ...view,
  });
}

function hero(snapshot: Snapshot, said: string, stale: boolean, { now, operator }: View): Html {
  const { title, note, at, status, checks } = snapshot;
  const empty = checks.length === 0;
  return html`<header class="hero s-${empty ? 'unknown' : status}"><div class="wide">
<p class="site"><span dir="auto">${title}</span>${operator ? html` <span class="tag">operator</span>` : ''}</p>
<h1>${icon(empty ? 'unknown' : status)}<span data-aged="${STALE_HEADLINE}">${said}</span></h1>
<p class="lede">${stale || empty ? '' : html`<span data-aged="">${counts(checks)}</span> `}<span>As of <time id="as-of" datetime="${iso(at)}"${isNew(checks, now) ? html` data-new=""` : ''}>${day(at)}, ${hourMinuteSecond(at)}</time> UTC</span></p>
<p class="banner" id="stale" data-aged="${agedWords('more than 3 minutes')}">${stale ? agedWords(goneFor(Math.abs(now - at))) : ''}</p>
${note ? html`<p class="note" dir="auto">${note}</p>` : ''}</div></header>`;
}

/** Somebody has just started it, and is looking: the script looks for news more often. */
const isNew = (checks: readonly CheckView[], now: number): boolean =>
  checks.every(({ record }) => record === undefined || now - record.since < NEW_MS);

const agedWords = (age: string): string =>
  `The last news is ${age} old. How things are now is not known; what follows is the past.`;

function nothing({ operator, operatorExists }: View): Html {
  if (operator)
    return html`<p class="hint">No check is configured. Add one to the config, and it shows here within a minute.</p>`;
  return html`<p class="hint">No check is public yet. Give a check <code>"public": true</code> in the config, and it shows here.${
    operatorExists
      ? html` On the machine that runs Watchbill, <a href="/operator">the operator’s page</a> shows every check.`
      : ''
  }</p>`;
}

function starting(): Html {
  const main = html`<header class="hero s-unknown"><div class="wide"><h1>${icon('unknown')}<span>No results yet</span></h1>
<p class="lede">The first ones are on their way. This page looks for them by itself.</p></div></header>`;
  return document({ title: 'No results yet', stale: false, main, operator: false });
}

/** A page that says one thing: that there is none here, or that something broke on our side. */
export function message(title: string, text: string): Html {
  const main = html`<header class="hero s-unknown"><div class="wide"><p class="site"><a href="/">Status page</a></p><h1><span>${title}</span></h1><p class="lede">${text}</p></div></header>`;
  return document({ title, stale: false, main, operator: false, plain: true });
}
