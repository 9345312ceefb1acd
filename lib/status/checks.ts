import { html } from 'hono/html';
import { DAY_MS } from '../history.ts';
import type { CheckRecord, CheckView } from '../snapshot.ts';
import { bar, ends } from './bar.ts';
import { counts } from './headline.ts';
import { icon } from './icons.ts';
import { worst } from './project.ts';
import { sparkline } from './sparkline.ts';
import {
  day,
  dayMonth,
  goneFor,
  type Html,
  hourMinute,
  iso,
  moment,
  percent,
  STATUS_WORDS,
} from './words.ts';

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
<ul class="checks">${checks.map((check) => row(check, now))}</ul>${axis(checks)}</section>`;
}

function row(check: CheckView, now: number): Html {
  return html`<li class="check">
<div class="who"><h3 dir="auto">${check.name}</h3>${statusOf(check, now)}</div>
<div class="past">${bar(check)}</div>
<div class="figures">${uptime(check, now)}${sparkline(check)}</div>
${details(check)}</li>`;
}

/** The bars of a group share it: they show the same time. Each bar says it once more to the screen reader. */
function axis(checks: readonly CheckView[]): Html | undefined {
  const shown = checks.find(({ bar: { slots } }) => slots.length > 0);
  if (!shown) return undefined;
  const [from, to] = ends(shown.bar);
  return html`<p class="axis" aria-hidden="true"><span><span>${from}</span><span>${to}</span></span></p>`;
}

/** The status as a shape, a colour and a word. The script replaces the words once the page is old. */
function statusOf({ status, since }: CheckView, now: number): Html {
  const lasting =
    status === 'up' || since === undefined ? '' : html`<span data-aged="">· ${goneFor(now - since)}</span>`;
  return html`<p class="status s-${status}">${icon(status)}<span data-aged="${STATUS_WORDS.unknown}">${STATUS_WORDS[status]}</span>${lasting}</p>`;
}

const PERIODS = [
  ['24h', '24 h', DAY_MS],
  ['7d', '7 d', 7 * DAY_MS],
  ['30d', '30 d', 30 * DAY_MS],
  ['90d', '90 d', 90 * DAY_MS],
] as const;
/** Of fewer minutes than this their number is said: a percentage would claim a precision that it hasn't. */
const FEW_MINUTES = 60;

/** Of the periods that were watched whole, and of all that was watched where that is less than the longest. */
function uptime({ uptime: shares, record }: CheckView, now: number): Html {
  if (!record) return html`<p class="uptime">Not read yet</p>`;
  const age = now - record.since;
  const whole = PERIODS.filter(([, , length]) => age >= length);
  if (whole.length === 0 && record.known === 0)
    return html`<p class="uptime">Watched since ${sinceWhen(record.since, now)}</p>`;
  const figures = whole.map(([period, label]) => figure(label, percent(shares[period])));
  if (whole.length < PERIODS.length)
    figures.push(figure(html`since ${sinceWhen(record.since, now)}`, wellIn(record)));
  return html`<div class="uptime"><p>Uptime</p><dl>${figures}</dl></div>`;
}

const figure = (label: string | Html, value: string): Html =>
  html`<div><dt>${label}</dt><dd>${value}</dd></div>`;

const sinceWhen = (at: number, now: number): Html =>
  html`<time datetime="${iso(at)}">${day(at) === day(now) ? hourMinute(at) : dayMonth(at)}</time>`;

function wellIn({ up, known }: CheckRecord): string {
  if (known === 0) return percent(undefined);
  return known < FEW_MINUTES ? `${up} of ${known} min` : percent(up / known);
}

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
)}</ul>`;
