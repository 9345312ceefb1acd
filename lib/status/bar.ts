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

/** Slots with nothing to tell, or without data, are the plain cases, and there are many: they have no title. */
function slotOf(slot: BarSlot): Html {
  const look = looks(slot);
  const words = told(slot);
  const title = words === NO_DOWNTIME || words === NO_DATA ? '' : html` title="${words}"`;
  return html`<i${look ? html` class="${look}"` : ''}${title}></i>`;
}

/**
 * What a slot looks like (style.ts): the worst that happened in it, and how much of its known time that took.
 * Where we could not tell, or worked on it, for most of the time, it looks like that.
 */
export function looks({ up = 0, degraded = 0, down = 0, unknown = 0, maintenance = 0 }: BarSlot): string {
  const known = up + degraded + down;
  if (known + unknown + maintenance <= 0) return 'n';
  if (down > 0) return `d${level(down / known)}`;
  if (degraded > 0) return `g${level(degraded / known)}`;
  if (maintenance > Math.max(up, unknown)) return 'm';
  return unknown > up ? 'u' : '';
}

const level = (share: number): 1 | 2 | 3 => (share < 0.02 ? 1 : share < 0.2 ? 2 : 3);

// The script says the same of the slots without a title.
const NO_DOWNTIME = 'no downtime';
const NO_DATA = 'no data';

/** What happened in a slot, in words. */
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
  return slot?.up && slot.up > 0 ? NO_DOWNTIME : NO_DATA;
}

function slotTime(unit: Bar['unit'], from: number, index: number): string {
  const start = from + index * SLOT_MS[unit];
  return unit === 'day' ? day(start) : `${day(start)}, ${hourMinute(start)}`;
}

function summary({ unit, slots }: Bar): string {
  const count = (wanted: (look: string) => boolean) => slots.filter((slot) => wanted(looks(slot))).length;
  const down = count((look) => look.startsWith('d'));
  const nothing = count((look) => look === 'n');
  const period = `Last ${plural(slots.length, unit)}`;
  if (nothing === slots.length) return `${period}: ${NO_DATA}`;
  const downtime = down > 0 ? `downtime in ${plural(down, unit)}` : NO_DOWNTIME;
  return `${period}: ${downtime}${nothing > 0 ? `, ${NO_DATA} for ${nothing}` : ''}`;
}
