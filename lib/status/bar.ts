import { html } from 'hono/html';
import type { Bar, BarSlot, CheckView } from '../snapshot.ts';
import { lasted } from '../words.ts';
import { day, type Html, hourMinute, plural } from './words.ts';

const SLOT_MS = { minute: 60_000, hour: 3_600_000, day: 86_400_000 } as const;

/**
 * The history of a check: a row of slots, and over it a slider that reads them out, slot by slot, to the
 * mouse, the finger, the arrow keys and the screen reader (script.ts). Without the script a slot that has
 * something to tell tells it in its title.
 */
export function bar({ name, bar: { unit, from, slots } }: CheckView): Html {
  if (slots.length === 0) return html`<p class="soft">No history yet</p>`;
  const last = slots.length - 1;
  const newest = `${slotTime(unit, from, last)}: ${told(slots[last])}`;
  return html`<div class="bar" data-from="${from}" data-unit="${unit}">
<div class="slots" role="img" aria-label="${summary({ unit, from, slots })}">${slots.map(slotOf)}</div>
<input type="range" min="0" max="${last}" value="${last}" aria-label="History of ${name}" aria-valuetext="${newest}">
</div>`;
}

/** What stands below the two ends of the bar. */
export const ends = ({ unit, slots }: Bar): readonly [string, string] => [
  `${plural(slots.length, unit)} ago`,
  unit === 'day' ? 'today' : 'now',
];

/** A slot without trouble is the plain case, and there are many: it has neither class nor title. */
function slotOf(slot: BarSlot): Html {
  const look = looks(slot);
  if (look === '') return html`<i></i>`;
  return look === 'n' ? html`<i class="n"></i>` : html`<i class="${look}" title="${told(slot)}"></i>`;
}

/**
 * What a slot looks like (style.ts): the worst that happened in it, and how much of its known time that took.
 * Where we could not tell, or worked on it, for most of the time, it looks like that.
 */
export function looks({ up, degraded, down, unknown, maintenance }: BarSlot): string {
  const known = up + degraded + down;
  if (known + unknown + maintenance <= 0) return 'n';
  if (down > 0) return `d${level(down / known)}`;
  if (degraded > 0) return `g${level(degraded / known)}`;
  if (maintenance > Math.max(up, unknown)) return 'm';
  return unknown > up ? 'u' : '';
}

const level = (share: number): 1 | 2 | 3 => (share < 0.02 ? 1 : share < 0.2 ? 2 : 3);

/** What happened in a slot, in words; the script says the same of the two kinds of slot without a title. */
export function told(slot: BarSlot | undefined): string {
  const parts = (
    [
      ['down', slot?.down],
      ['degraded', slot?.degraded],
      ['maintenance', slot?.maintenance],
      ['unknown', slot?.unknown],
    ] as const
  ).flatMap(([word, minutes]) => (minutes && minutes > 0 ? `${lasted(minutes * 60_000)} ${word}` : []));
  if (parts.length > 0) return parts.join(', ');
  return slot && slot.up > 0 ? 'no downtime' : 'no data';
}

function slotTime(unit: Bar['unit'], from: number, index: number): string {
  const start = from + index * SLOT_MS[unit];
  return unit === 'day' ? day(start) : `${day(start)}, ${hourMinute(start)}`;
}

function summary({ unit, slots }: Bar): string {
  const count = (wanted: (look: string) => boolean) => slots.filter((slot) => wanted(looks(slot))).length;
  const down = count((look) => look.startsWith('d'));
  const nothing = count((look) => look === 'n');
  const parts = [
    `Last ${plural(slots.length, unit)}`,
    down > 0 ? `downtime in ${plural(down, unit)}` : 'no downtime seen',
  ];
  return [...parts, ...(nothing > 0 ? [`no data for ${nothing}`] : [])].join(', ');
}
