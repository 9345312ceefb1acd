import { html, raw } from 'hono/html';
import type { CheckView } from '../snapshot.ts';
import { lasted } from '../words.ts';
import { type Html, latencyOf } from './words.ts';

const WIDTH = 120;
const HEIGHT = 28;

/** Fewer points than this are specks, no curve. */
const FEWEST = 10;

/** The latency over time, from zero upwards, from when it is known, with a hole where there is no data; and what it is now. */
export function sparkline({ latency, latencyMs }: CheckView): Html {
  const values = latency.values.slice(latency.values.findIndex(isKnown));
  const known = values.filter(isKnown);
  const now = html`<p class="latency"><span>Latency</span> ${isKnown(latencyMs) ? latencyOf(latencyMs) : '–'}</p>`;
  if (known.length < FEWEST) return now;
  const range = `Latency of the last ${lasted(values.length * latency.slotMs)}: ${latencyOf(min(known))} to ${latencyOf(max(known))}`;
  // Numbers only: nothing in the path comes from outside as text.
  return html`<svg class="spark" viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label="${range}"><path d="${raw(path(values))}"/></svg>${now}`;
}

function path(values: readonly (number | undefined)[]): string {
  const top = max(values.filter(isKnown)) * 1.15 || 1;
  const step = values.length > 1 ? (WIDTH - 2) / (values.length - 1) : 0;
  let drawing = false;
  return values
    .map((value, index) => {
      if (!isKnown(value)) {
        drawing = false;
        return '';
      }
      const point = `${round(1 + index * step)} ${round(HEIGHT - 2 - (Math.max(0, value) / top) * (HEIGHT - 4))}`;
      const lone = !drawing && !isKnown(values[index + 1]);
      const drawn = `${drawing ? 'L' : 'M'}${point}${lone ? 'h.1' : ''}`;
      drawing = true;
      return drawn;
    })
    .join('');
}

// A snapshot passes through JSON, where a hole becomes null.
const isKnown = (value: number | null | undefined): value is number =>
  typeof value === 'number' && Number.isFinite(value);
const round = (x: number): number => Math.round(x * 10) / 10;
const max = (values: readonly number[]): number => values.reduce((a, b) => Math.max(a, b));
const min = (values: readonly number[]): number => values.reduce((a, b) => Math.min(a, b));
