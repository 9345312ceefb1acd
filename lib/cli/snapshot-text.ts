import { printable } from '../adapters/local/console-log.ts';
import type { CheckView, IncidentView, Snapshot } from '../snapshot.ts';
import { percent } from '../status/words.ts';
import { lasted } from '../words.ts';
import type { painter } from './colors.ts';
import { table } from './table.ts';

type Paint = ReturnType<typeof painter>;

/** How things are, for a terminal: `loud` lines first, then checks, open incidents, and how Watchbill itself is. */
export function snapshotText(snapshot: Snapshot, now: number, loud: readonly string[], paint: Paint): string {
  const open = snapshot.incidents.filter(({ resolvedAt }) => resolvedAt === undefined);
  const { banners = [], undelivered = 0, skipped = 0, locations = [] } = snapshot.platform ?? {};
  const ticks = locations.map(
    ({ name, lastTickAt }) =>
      `${name}: ${lastTickAt === undefined ? 'no tick yet' : `last tick ${ago(now, lastTickAt)}`}`,
  );
  return [
    ...loudLines(loud, paint),
    ...(loud.length > 0 ? [''] : []),
    table([
      ['STATUS', 'CHECK', 'SINCE', 'LATENCY', '24H', 'WHY'].map(paint.dim),
      ...snapshot.checks.map((check) => checkRow(check, now, paint)),
    ]),
    '',
    open.length === 0
      ? 'No open incident.'
      : table([['INCIDENT', 'OPEN FOR', 'WHAT'].map(paint.dim), ...open.map((one) => incidentRow(one, now))]),
    '',
    ...loudLines(banners, paint),
    `${undelivered} undelivered, ${skipped} beats skipped in 24 h; ${ticks.join(', ')}.`,
  ].join('\n');
}

/** `3 min ago` */
export const ago = (now: number, at: number): string => `${lasted(now - at)} ago`;

const loudLines = (lines: readonly string[], paint: Paint): string[] =>
  lines.map((line) => paint.bold(`! ${printable(line)}`));

function checkRow(check: CheckView, now: number, paint: Paint): string[] {
  return [
    paint.status(check.status),
    check.id,
    check.since === undefined ? '–' : lasted(now - check.since),
    check.latencyMs === undefined ? '–' : `${Math.round(check.latencyMs)} ms`,
    percent(check.uptime['24h']),
    printable([check.reason, check.message].filter((text) => text !== undefined).join(': ')),
  ];
}

const incidentRow = ({ id, title, openedAt }: IncidentView, now: number): string[] => [
  id,
  lasted(now - openedAt),
  printable(title),
];
