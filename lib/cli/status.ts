import { resolve } from 'node:path';
import type { Writable } from 'node:stream';
import { systemClock } from '../adapters/local/clock.ts';
import { printable } from '../adapters/local/console-log.ts';
import { ConfigError, loadConfig } from '../config.ts';
import type { CheckView, IncidentView, Snapshot } from '../snapshot.ts';
import { aged, isStale } from '../status/headline.ts';
import { operatorSummary } from '../status/summary.ts';
import { percent } from '../status/words.ts';
import { lasted } from '../words.ts';
import { painter } from './colors.ts';
import { CommandError } from './failure.ts';
import type { ExitCode } from './main.ts';
import { blobsIn, readSnapshot } from './open.ts';
import { table } from './table.ts';
import { exitCodeOf } from './test.ts';

export interface StatusOptions {
  readonly cwd: string;
  readonly named: string | undefined;
  readonly data: string;
  readonly color: boolean;
  readonly json?: boolean;
  readonly err: Writable;
}

/**
 * What a running (or stopped) Watchbill wrote down last: the same as its page says. A config that can't be used
 * is told as well, for the next start won't take it. Throws `CommandError`, `StoreError`.
 */
export async function status(options: StatusOptions): Promise<{ text: string; exitCode: ExitCode }> {
  const written = await readSnapshot(blobsIn(resolve(options.cwd, options.data)));
  const mistakes = await mistakesIn(options);
  if (!written)
    throw (
      mistakes ?? new CommandError(`nothing is kept in ${options.data} yet: run "watchbill start" first`, 2)
    );
  if (mistakes) options.err.write(`${mistakes.message}\n`);
  const now = systemClock.now();
  const snapshot = isStale(written.at, now) ? aged(written) : written;
  return {
    text: options.json
      ? JSON.stringify(operatorSummary(snapshot, now), null, 2)
      : asText(snapshot, now, options.color),
    exitCode: mistakes ? 2 : exitCodeOf(snapshot.checks.map((check) => check.status)),
  };
}

async function mistakesIn(options: StatusOptions): Promise<ConfigError | undefined> {
  try {
    await loadConfig(options);
    return undefined;
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
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
    ...(isStale(snapshot.at, now)
      ? [
          paint.bold(`! Nothing was written for ${lasted(now - snapshot.at)}: is "watchbill start" running?`),
          '',
        ]
      : []),
    table([
      ['STATUS', 'CHECK', 'SINCE', 'LATENCY', '24H', 'WHY'].map(paint.dim),
      ...snapshot.checks.map((check) => checkRow(check, now, paint)),
    ]),
    '',
    open.length === 0
      ? 'No open incident.'
      : table([['INCIDENT', 'OPEN FOR', 'WHAT'].map(paint.dim), ...open.map((one) => incidentRow(one, now))]),
    '',
    ...banners.map((banner) => paint.bold(`! ${printable(banner)}`)),
    `${undelivered} undelivered, ${skipped} beats skipped in 24 h; ${ticks.join(', ')}.`,
  ].join('\n');
}

const ago = (now: number, at: number): string => `${lasted(now - at)} ago`;

function checkRow(check: CheckView, now: number, paint: ReturnType<typeof painter>): string[] {
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
