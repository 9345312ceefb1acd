import { resolve } from 'node:path';
import type { Writable } from 'node:stream';
import { systemClock } from '../adapters/local/clock.ts';
import { isHeld } from '../adapters/local/data-dir.ts';
import { ConfigError, loadConfig } from '../config.ts';
import { aged, isStale } from '../status/headline.ts';
import { operatorSummary } from '../status/summary.ts';
import { painter } from './colors.ts';
import { CommandError } from './failure.ts';
import type { ExitCode } from './main.ts';
import { blobsIn, readSnapshot } from './open.ts';
import { ago, snapshotText } from './snapshot-text.ts';
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
      : snapshotText(snapshot, now, silence === undefined ? [] : [silence], painter(options.color)),
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
