/** The one stylesheet: system fonts, light and dark, 320 px to desktop, paper. Contrast is held by a test. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --paper: #fbfbf9; --card: #fff; --ink: #17191c; --soft: #5a6068; --line: #e4e5e2; --link: #1d5fbf;
  --up: #2f9e6e; --degraded: #d48a06; --down: #d43d37; --maintenance: #4c7edb; --unknown: #858b93; --none: #c6cac8;
  --up-ink: #17714b; --degraded-ink: #875800; --down-ink: #b3251f; --maintenance-ink: #2a58b0; --unknown-ink: #5a6068;
  --wash: 9%; --gap: 3px;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #101214; --card: #181b1e; --ink: #edeff1; --soft: #a3aab2; --line: #2b3035; --link: #8db8ff;
    --up: #3db583; --degraded: #dda234; --down: #ee5d57; --maintenance: #6b9cf0; --unknown: #8a919a; --none: #444b52;
    --up-ink: #5fd6a2; --degraded-ink: #efbc5c; --down-ink: #ff8f88; --maintenance-ink: #9bbcfa; --unknown-ink: #a3aab2;
    --wash: 17%;
  }
}
.s-up { --tone: var(--up); --tone-ink: var(--up-ink); }
.s-degraded { --tone: var(--degraded); --tone-ink: var(--degraded-ink); }
.s-down { --tone: var(--down); --tone-ink: var(--down-ink); }
.s-maintenance { --tone: var(--maintenance); --tone-ink: var(--maintenance-ink); }
.s-unknown, .aged .hero, .aged .status { --tone: var(--unknown); --tone-ink: var(--unknown-ink); }

*, ::before, ::after { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; scroll-padding-top: 1rem; }
[dir=auto] { text-align: left; }
body > svg { position: absolute; }
body, h1, h2, h3, p, ul, ol, dl, dd { margin: 0; padding: 0; }
ul, ol { list-style: none; }
body {
  background: var(--paper); color: var(--ink); overflow-wrap: anywhere; font-variant-numeric: tabular-nums;
  font: 1rem/1.5 ui-sans-serif, system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", Arial, sans-serif;
}
a { color: var(--link); text-underline-offset: .15em; }
code { font: .875em/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
:focus-visible { outline: 2px solid var(--link); outline-offset: 3px; border-radius: 4px; }
main:focus { outline: none; }
.wide, section, .hint, .legend { max-width: 70rem; margin-inline: auto; padding-inline: clamp(1rem, 4vw, 2.5rem); }
.sr { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.skip { position: absolute; inset: .5rem auto auto .5rem; z-index: 3; padding: .5rem 1rem; background: var(--card); border-radius: 6px; transform: translateY(-200%); }
.skip:focus { transform: none; }
.soft, .when, .axis, .lede, footer, .legend, .uptime p, p.uptime, .uptime dt, .latency span, .timeline time, .details { color: var(--soft); }

.hero { padding-block: clamp(1.5rem, 4vw, 2.5rem) clamp(2rem, 6vw, 4rem); background: linear-gradient(color-mix(in oklab, var(--tone) var(--wash), var(--paper)), var(--paper)); }
.site { font-weight: 600; margin-bottom: clamp(2rem, 6vw, 4rem); }
.tag { margin-inline-start: .5rem; padding: .1rem .5rem; border: 1px solid currentColor; border-radius: 99px; font-size: .75rem; font-weight: 500; color: var(--soft); }
h1 { display: flex; gap: .45em; align-items: center; font-size: clamp(1.75rem, 1.1rem + 3vw, 3rem); line-height: 1.12; font-weight: 650; letter-spacing: -.022em; text-wrap: balance; }
h1 .icon { width: .95em; height: .95em; }
.lede { margin-top: .75rem; }
.lede span + span::before { content: "·"; margin-inline: .5rem; }
.lede span:empty, .lede span:empty + span::before { display: none; }
.banner:empty { display: none; }
.banner { margin-top: 1.25rem; padding: .75rem 1rem; border-radius: 10px; background: var(--card); border: 1px solid var(--line); border-inline-start: 4px solid var(--degraded); }
.note { margin-top: 1.25rem; max-width: 60ch; }
.hint { margin-block: 0 3rem; }

.icon { flex: none; width: 1.05em; height: 1.05em; overflow: visible; fill: var(--tone); stroke: var(--paper); stroke-width: 2.2; stroke-linecap: round; stroke-linejoin: round; }
symbol :is(circle, rect, .f) { stroke: none; }
symbol path:not(.f) { fill: none; }

section { margin-bottom: clamp(2.25rem, 5vw, 3.5rem); }
.head { display: flex; flex-wrap: wrap; gap: 0 1rem; justify-content: space-between; align-items: baseline; }
h2 { margin-bottom: .9rem; font-size: 1.2rem; font-weight: 650; letter-spacing: -.01em; }
h3 { font-size: 1rem; font-weight: 600; line-height: 1.35; }
.card { padding: 1.1rem 1.25rem; margin-bottom: .9rem; background: var(--card); border: 1px solid var(--line); border-inline-start: 4px solid var(--tone); border-radius: 10px; }
.when, .timeline, .details { font-size: .875rem; }
.timeline { margin-top: .9rem; }
.timeline li { display: grid; grid-template-columns: minmax(4rem, auto) 1fr; gap: .1rem 1rem; padding-block: .3rem; }

.checks { border-top: 1px solid var(--line); }
.check, .axis { display: grid; grid-template-columns: minmax(9rem, 13rem) minmax(0, 1fr) 9.5rem; gap: .35rem 2rem; }
.check { align-items: start; padding-block: 1.1rem .9rem; border-bottom: 1px solid var(--line); }
.who { grid-row: span 2; }
.status { display: inline-flex; gap: .4rem; align-items: center; margin-top: .25rem; font-size: .875rem; color: var(--tone-ink); }
.aged .status .icon, .aged .head .status { display: none; }
.bar { position: relative; border-radius: 4px; }
.bar:has(:focus-visible) { outline: 2px solid var(--link); outline-offset: 4px; }
.slots { display: flex; align-items: flex-end; gap: var(--gap); height: 2.75rem; }
.slots i, .legend i { --look: var(--up); flex: 1 1 0; min-width: 0; height: 74%; border-radius: 2px; background: var(--look); forced-color-adjust: none; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
.slots i[class^=g], .legend .g3 { --look: var(--degraded); }
.slots i[class^=g] { height: 87%; }
.slots i[class^=d], .legend .d3 { --look: var(--down); }
.slots i[class^=d] { height: 100%; }
.slots i.g1, .slots i.d1 { background: linear-gradient(var(--look) 45%, var(--up) 45%); }
.slots i.g2, .slots i.d2 { background: linear-gradient(var(--look) 72%, var(--up) 72%); }
.slots i.m, .legend .m { --look: var(--maintenance); height: 50%; }
.slots i.u, .legend .u { background: none; box-shadow: inset 0 0 0 1.5px var(--unknown); }
.slots i.n, .legend .n { --look: var(--none); height: 12%; }
.slots i.on { filter: brightness(.8) saturate(1.3); outline: 2px solid var(--ink); outline-offset: 1px; }
.bar input { display: none; position: absolute; inset: 0; width: 100%; height: 100%; margin: 0; opacity: 0; appearance: none; -webkit-appearance: none; touch-action: pan-y; cursor: crosshair; }
.js .bar input { display: block; }
.bar input::-webkit-slider-thumb { appearance: none; -webkit-appearance: none; width: 1px; height: 100%; }
.bar input::-moz-range-thumb { width: 1px; height: 100%; border: 0; }
.tip { position: absolute; bottom: calc(100% + 8px); left: 0; z-index: 2; width: max-content; max-width: 100%; padding: .4rem .7rem; border-radius: 8px; background: var(--ink); color: var(--paper); font-size: .8125rem; line-height: 1.4; box-shadow: 0 6px 20px #0003; }
.tip b { display: block; font-weight: 500; opacity: .8; }
.axis { margin-top: .4rem; font-size: .75rem; }
.axis > span { grid-column: 2; display: flex; justify-content: space-between; }
.figures { display: contents; }
div.uptime, .uptime dl, .uptime dl div { display: flex; gap: .35rem; align-items: baseline; }
.uptime { grid-area: 2 / 2; gap: 1rem; font-size: .8125rem; }
.uptime dl { flex-wrap: wrap; gap: 0 1.25rem; }
.uptime dl div { min-width: 5.5rem; }
.latency { grid-area: 2 / 3; font-size: .8125rem; text-align: end; white-space: nowrap; }
.latency span { margin-inline-end: .25rem; }
.spark { grid-area: 1 / 3; align-self: end; width: 100%; height: 2rem; fill: none; }
.spark path { stroke: var(--soft); stroke-width: 1.5; stroke-linejoin: round; stroke-linecap: round; vector-effect: non-scaling-stroke; }
.details { grid-column: 2 / -1; }
.legend { display: flex; flex-wrap: wrap; gap: .4rem 1.4rem; margin-bottom: clamp(2.25rem, 5vw, 3.5rem); font-size: .8125rem; }
.legend li { display: flex; gap: .5rem; align-items: baseline; }
.legend li::before { content: ""; height: 1rem; margin-inline-end: -.5rem; }
.legend i { flex: none; width: 6px; height: .7rem; }
.legend .d3 { height: 1rem; }
.legend .g3 { height: .85rem; }
.legend .m { height: .5rem; }
.legend .n { height: 3px; }

.recent { border-top: 1px solid var(--line); }
.recent li { border-bottom: 1px solid var(--line); }
.recent .timeline li { border: 0; }
.recent details { padding-block: .85rem; }
summary { display: flex; flex-wrap: wrap; gap: .1rem .6rem; align-items: center; cursor: pointer; }
summary::-webkit-details-marker { display: none; }
summary .title { flex: 1; min-width: 12rem; font-weight: 600; }
summary::after { content: ""; width: .5em; height: .5em; margin-inline: .3rem .2rem; border: solid var(--soft); border-width: 0 2px 2px 0; rotate: 45deg; translate: 0 -.15em; }
[open] > summary::after { rotate: -135deg; translate: 0 .15em; }
.facts { display: flex; flex-wrap: wrap; gap: 1rem 3rem; }
.facts dt { font-size: .8125rem; color: var(--soft); }
.facts .bad dd { color: var(--down-ink); font-weight: 600; }
.prose { max-width: 70ch; }
.prose :is(p, ul, ol, pre) { margin-block: .75rem; }
.prose :is(ul, ol) { padding-inline-start: 1.5rem; list-style: disc; }
.prose ol { list-style: decimal; }
.prose h2 { margin-top: 2rem; }
.prose code { white-space: nowrap; }
.prose code.long { white-space: normal; }
.prose pre { padding: .75rem 1rem; overflow-x: auto; background: var(--card); border: 1px solid var(--line); border-radius: 8px; }
.prose pre code { display: block; width: max-content; white-space: pre; user-select: all; -webkit-user-select: all; }
footer { display: flex; flex-wrap: wrap; gap: .25rem 2rem; justify-content: space-between; padding-block: 1.5rem 3rem; font-size: .8125rem; }

@media (max-width: 56rem) {
  :root { --gap: 2px; }
  .check, .axis { grid-template-columns: minmax(0, 1fr); }
  .axis > span, .details { grid-column: 1; }
  .check { padding-block: .9rem .7rem; }
  .who { display: flex; gap: 1rem; justify-content: space-between; align-items: baseline; grid-row: auto; }
  .who .status { margin: 0; flex: none; }
  .figures { display: flex; flex-wrap: wrap; gap: 0 1.5rem; align-items: center; }
  .spark { flex: 1; max-width: 10rem; height: 1.25rem; order: 1; margin-inline-start: auto; }
  .latency { order: 2; min-width: 7rem; }
}
@media (max-width: 36rem) {
  :root { --gap: 1px; }
  .check { gap: .25rem; padding-block: .6rem .5rem; }
  .slots { height: 1.75rem; }
  .slots i { border-radius: 1px; }
  .figures { justify-content: space-between; gap: 0 1rem; }
  .uptime, .latency { font-size: .75rem; }
  .uptime { gap: .5rem; }
  .uptime dl { gap: 0 .75rem; }
  .uptime dl div, .latency { min-width: 0; }
  .uptime dl div:not(:first-child, :last-child), .spark { display: none; }
  .lede span { display: block; }
  .lede span + span::before { display: none; }
  summary .when { flex-basis: 100%; order: 1; padding-inline-start: 1.65rem; }
  .timeline li { grid-template-columns: auto 1fr; }
}
@media print {
  :root { --paper: #fff; --card: #fff; --ink: #000; --soft: #444; --line: #ccc; }
  .hero { background: none; padding-block: 0 1rem; }
  .check, .card, .recent li { break-inside: avoid; }
  .skip, .tip, .bar input { display: none; }
}
`;
