import { html } from 'hono/html';
import type { CheckView } from '../snapshot.ts';
import { bar, ends } from './bar.ts';
import { counts } from './headline.ts';
import { icon } from './icons.ts';
import { worst } from './project.ts';
import { sparkline } from './sparkline.ts';
import { goneFor, type Html, moment, percent, STATUS_WORDS } from './words.ts';

/** Every check, group by group, in the order of the config; those without a group come last. */
export function groups(checks: readonly CheckView[], now: number): Html {
  const byGroup = Map.groupBy(checks, ({ group }) => group);
  const loose = byGroup.get(undefined);
  byGroup.delete(undefined);
  const named = [...byGroup].map(([group, members]) => section(group, members, now));
  const other = loose && section(named.length > 0 ? 'Other' : undefined, loose, now);
  return html`${named}${other}${legend}`;
}

function section(heading: string | undefined, checks: readonly CheckView[], now: number): Html {
  const troubled = checks.filter(({ status }) => status !== 'up');
  const state = worst(troubled.map(({ status }) => status));
  return html`<section class="group"><div class="head"><h2 dir="auto"${heading === undefined ? html` class="sr"` : ''}>${heading ?? 'Checks'}</h2>
${troubled.length > 0 && heading !== undefined ? html`<p class="status s-${state}">${icon(state)}<span data-aged="">${counts(troubled)}</span></p>` : ''}</div>
<ul class="checks">${checks.map((check) => row(check, now))}</ul></section>`;
}

function row(check: CheckView, now: number): Html {
  const [from, to] = ends(check.bar);
  return html`<li class="check">
<div class="who"><h3 dir="auto">${check.name}</h3>${statusOf(check, now)}</div>
<div class="past">${bar(check)}<div class="axis"><span>${from}</span>${uptime(check)}<span>${to}</span></div></div>
<div class="speed">${sparkline(check)}</div>
${details(check)}</li>`;
}

/** The status as a shape, a colour and a word. The script replaces the words once the page is old. */
function statusOf({ status, since }: CheckView, now: number): Html {
  const lasting =
    status === 'up' || since === undefined ? '' : html`<span data-aged="">· ${goneFor(now - since)}</span>`;
  return html`<p class="status s-${status}">${icon(status)}<span data-aged="${STATUS_WORDS.unknown}">${STATUS_WORDS[status]}</span>${lasting}</p>`;
}

const PERIODS = [
  ['24h', '24 h'],
  ['7d', '7 d'],
  ['30d', '30 d'],
  ['90d', '90 d'],
] as const;

const uptime = (check: CheckView): Html =>
  html`<dl class="uptime">${PERIODS.map(
    ([period, label]) =>
      html`<div><dt><span class="sr">Uptime, </span>${label}</dt><dd>${percent(check.uptime[period])}</dd></div>`,
  )}</dl>`;

/** What only the operator's snapshot holds: what is watched, why it is as it is, since when. */
function details({ target, reason, message, severity, since, readAt }: CheckView): Html | undefined {
  if (target === undefined) return undefined;
  return html`<div class="details"><p><code dir="auto">${target}</code>${severity && html` · ${severity}`}${since !== undefined ? html` · since ${moment(since)}` : ''}${readAt !== undefined ? html` · read ${moment(readAt)}` : ''}</p>
${reason !== undefined && reason !== 'ok' ? html`<p><code>${reason}</code> <span dir="auto">${message ?? ''}</span></p>` : ''}</div>`;
}

const LEGEND = [
  ['', 'No downtime'],
  ['g3', 'Degraded'],
  ['d3', 'Down'],
  ['m', 'Maintenance'],
  ['u', 'Unknown'],
  ['n', 'No data'],
] as const;

const legend = html`<ul class="legend" aria-label="What the bars mean">${LEGEND.map(
  ([look, word]) => html`<li><i${look ? html` class="${look}"` : ''}></i>${word}</li>`,
)}<li>Percentages are uptime, curves latency</li></ul>`;
