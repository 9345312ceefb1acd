import { quantile } from '../../test/kit/outages.ts';

/** What one line shows: how many of its values are at most so large. */
export interface Series {
  /** One or two short lines of text. */
  readonly label: readonly string[];
  /** Where the label stands: beside the line, at this share of its height. */
  readonly at: number;
  readonly side: 'left' | 'right';
  readonly look: 'main' | 'second' | 'other';
  readonly values: readonly number[];
}

interface Plot {
  readonly title: string;
  readonly series: readonly Series[];
  /** Along the bottom: the last value and the step of its labels, and what they are called. */
  readonly to: number;
  readonly step: number;
  readonly unit: string;
}

const [WIDTH, HEIGHT] = [760, 380];
const [LEFT, RIGHT, TOP, BOTTOM] = [52, 740, 52, 340];
const LINE = 16;
const POINTS = 100;

/** Follows the reader's choice of light or dark, also where a page shows it as an image. */
const STYLE = `
  svg { font: 13px system-ui, -apple-system, 'Segoe UI', sans-serif; --ink: #1f2328; --soft: #59636e; --grid: #d1d9e0; --main: #0969da; --back: #ffffff }
  @media (prefers-color-scheme: dark) { svg { --ink: #f0f6fc; --soft: #9198a1; --grid: #3d444d; --main: #4493f8; --back: #0d1117 } }
  text { fill: var(--soft) } .title { fill: var(--ink); font-size: 15px; font-weight: 600 }
  rect { fill: var(--back) } .grid { stroke: var(--grid) } path { fill: none; stroke-width: 2.5; stroke-linejoin: round }
  path.main, path.second { stroke: var(--main) } path.second { stroke-dasharray: 6 4 } path.other { stroke: var(--soft) }
  text.main { fill: var(--main); font-weight: 600 } text.second { fill: var(--main) }`;

/** Cumulative distributions, as an SVG that stands alone. */
export function distributions({ title, series, to, step, unit }: Plot): string {
  const x = (value: number) => round(LEFT + (value / to) * (RIGHT - LEFT));
  const y = (share: number) => round(BOTTOM - share * (BOTTOM - TOP));
  const ticks = Array.from({ length: Math.floor(to / step) + 1 }, (_, i) => i * step);
  const lines = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escaped(title)}">`,
    `<style>${STYLE}\n</style>`,
    `<rect width="${WIDTH}" height="${HEIGHT}" rx="6"/>`,
    `<text class="title" x="${LEFT}" y="28">${escaped(title)}</text>`,
    ...[0, 0.25, 0.5, 0.75, 1].flatMap((share) => [
      `<line class="grid" x1="${LEFT}" x2="${RIGHT}" y1="${y(share)}" y2="${y(share)}"/>`,
      `<text x="${LEFT - 8}" y="${y(share) + 4}" text-anchor="end">${share * 100} %</text>`,
    ]),
    ...ticks.map(
      (tick) =>
        `<text x="${x(tick)}" y="${BOTTOM + 22}" text-anchor="middle">${tick}${tick === 0 ? '' : ` ${unit}`}</text>`,
    ),
    ...series.map(({ look, values }) => `<path class="${look}" d="${pathOf(values, x, y)}"/>`),
    ...series.flatMap(({ label, look, values, at, side }) =>
      label.map((text, i) => {
        const left = x(quantile(values, at)) + (side === 'left' ? -10 : 12);
        const anchor = side === 'left' ? ' text-anchor="end"' : '';
        return `<text class="${look}" x="${left}" y="${y(at) + i * LINE}"${anchor}>${escaped(text)}</text>`;
      }),
    ),
    '</svg>',
  ];
  return `${lines.join('\n')}\n`;
}

type Scale = (value: number) => number;

function pathOf(values: readonly number[], x: Scale, y: Scale): string {
  const points = Array.from({ length: POINTS + 1 }, (_, i) => {
    return `${x(quantile(values, i / POINTS))} ${y(i / POINTS)}`;
  });
  return `M${points.join('L')}`;
}

const round = (value: number): number => Math.round(value * 10) / 10;

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
