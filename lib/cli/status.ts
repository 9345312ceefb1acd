import { systemClock } from '../adapters/local/clock.ts';
import { Rollup } from '../rollup.ts';
import { snapshotOf } from '../show.ts';
import type { CheckView, IncidentView, Snapshot } from '../snapshot.ts';
import { operatorSummary } from '../status/summary.ts';
import { lasted } from '../words.ts';
import { painter } from './colors.ts';
import type { ExitCode } from './main.ts';
import { openHome, type StoreOptions } from './open.ts';
import { table } from './table.ts';
import { exitCodeOf } from './test.ts';

/** What a running (or stopped) Watchbill knows. Throws `ConfigError` and `StoreError`. */
export async function status(options: StoreOptions): Promise<{ text: string; exitCode: ExitCode }> {
  const { home, store } = await openHome(options);
  try {
    const now = systemClock.now();
    const { rollup } = await Rollup.open(store, now);
    const snapshot = await snapshotOf(home, rollup);
    const text = options.json
      ? JSON.stringify(operatorSummary(snapshot, now), null, 2)
      : asText(snapshot, now, options.color);
    return { text, exitCode: exitCodeOf(snapshot.checks.map((check) => check.status)) };
  } finally {
    await store.close();
  }
}

function asText(snapshot: Snapshot, now: number, color: boolean): string {
  const paint = painter(color);
  const open = snapshot.incidents.filter(({ resolvedAt }) => resolvedAt === undefined);
  const { banners = [], undelivered = 0, skipped = 0, locations = [] } = snapshot.platform ?? {};
  const ticks = locations.map(
    ({ name, lastTickAt }) =>
      `${name}: ${lastTickAt === undefined ? 'no tick yet' : `last tick ${ago(now, lastTickAt)}`}`,
  );
  return [
    table([
      ['STATUS', 'CHECK', 'SINCE', 'LATENCY', '24H', 'WHY'].map(paint.dim),
      ...snapshot.checks.map((check) => checkRow(check, now, paint)),
    ]),
    '',
    open.length === 0
      ? 'No open incident.'
      : table([['INCIDENT', 'OPEN FOR', 'WHAT'].map(paint.dim), ...open.map((one) => incidentRow(one, now))]),
    '',
    ...banners.map((banner) => paint.bold(`! ${banner}`)),
    `${undelivered} undelivered, ${skipped} beats skipped in 24 h; ${ticks.join(', ')}.`,
  ].join('\n');
}

const ago = (now: number, at: number): string => `${lasted(now - at)} ago`;

function checkRow(check: CheckView, now: number, paint: ReturnType<typeof painter>): string[] {
  const day = check.uptime['24h'];
  return [
    paint.status(check.status),
    check.id,
    check.since === undefined ? '–' : lasted(now - check.since),
    check.latencyMs === undefined ? '–' : `${Math.round(check.latencyMs)} ms`,
    day === undefined ? '–' : `${(day * 100).toFixed(2)} %`,
    [check.reason, check.message].filter((text) => text !== undefined).join(': '),
  ];
}

const incidentRow = ({ id, title, openedAt }: IncidentView, now: number): string[] => [
  id,
  lasted(now - openedAt),
  title,
];
