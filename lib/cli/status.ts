import { resolve } from 'node:path';
import type { Writable } from 'node:stream';
import { systemClock } from '../adapters/local/clock.ts';
import { printable } from '../adapters/local/console-log.ts';
import { isHeld } from '../adapters/local/data-dir.ts';
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
 * What a running Watchbill wrote down last: the same as its page says. Of one that does not run, or writes nothing,
 * nothing is known any more. A config that can't be used is told as well, for the next start won't take it: that is
 * 2, unless something is down. Throws `CommandError`, `StoreError`.
 */
export async function status(options: StatusOptions): Promise<{ text: string; exitCode: ExitCode }> {
  const dir = resolve(options.cwd, options.data);
  const written = await readSnapshot(blobsIn(dir));
  const mistakes = await mistakesIn(options);
  if (!written)
    throw (
      mistakes ?? new CommandError(`nothing is kept in ${options.data} yet: run "watchbill start" first`, 2)
    );
  if (mistakes)
    options.err.write(`the config cannot be used; what runs is not changed by it\n${mistakes.message}\n`);
  const now = systemClock.now();
  const silence = silenceOf(written.at, now, isHeld(dir));
  const snapshot = silence === undefined ? written : aged(written);
  const exitCode = exitCodeOf(snapshot.checks.map((check) => check.status));
  return {
    text: options.json
      ? JSON.stringify(operatorSummary(snapshot, now), null, 2)
      : asText(snapshot, now, silence, options.color),
    exitCode: mistakes && exitCode !== 1 ? 2 : exitCode,
  };
}

/** Why what was written no longer says how things are; undefined: it does. */
function silenceOf(at: number, now: number, runs: boolean): string | undefined {
  if (!runs) return `"watchbill start" is not running; it wrote last ${ago(now, at)}`;
  return isStale(at, now) ? `"watchbill start" is running, but wrote last ${ago(now, at)}` : undefined;
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

function asText(snapshot: Snapshot, now: number, silence: string | undefined, color: boolean): string {
  const paint = painter(color);
  const open = snapshot.incidents.filter(({ resolvedAt }) => resolvedAt === undefined);
  const { banners = [], undelivered = 0, skipped = 0, locations = [] } = snapshot.platform ?? {};
  const ticks = locations.map(
    ({ name, lastTickAt }) =>
      `${name}: ${lastTickAt === undefined ? 'no tick yet' : `last tick ${ago(now, lastTickAt)}`}`,
  );
  return [
    ...(silence === undefined ? [] : [paint.bold(`! ${silence}`), '']),
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
