import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Writable } from 'node:stream';
import { systemClock } from '../adapters/local/clock.ts';
import { consoleLog } from '../adapters/local/console-log.ts';
import { isHeld } from '../adapters/local/data-dir.ts';
import { loadConfig } from '../config.ts';
import { painter } from './colors.ts';
import { CommandError } from './failure.ts';
import { doIncident, type IncidentDeed } from './incident.ts';
import type { ExitCode } from './main.ts';
import { openHome } from './open.ts';

export interface IncidentOptions {
  readonly cwd: string;
  readonly named: string | undefined;
  readonly data: string;
  readonly color: boolean;
  readonly json?: boolean;
  readonly err: Writable;
  readonly deed: IncidentDeed;
}

/** The incident log of this machine, whether its Watchbill runs or not. Throws `ConfigError`, `CommandError`, `StoreError`. */
export async function incident(options: IncidentOptions): Promise<{ text: string; exitCode: ExitCode }> {
  const { deed, data, err, color, json } = options;
  const { config } = await loadConfig(options);
  const dir = resolve(options.cwd, data);
  if (!existsSync(dir))
    throw new CommandError(`nothing is kept in ${data} yet: run "watchbill start" first`, 2);
  const { home, store } = await openHome(options, config, consoleLog(err, systemClock));
  try {
    const tell = async () =>
      isHeld(dir)
        ? 'Whoever is to hear of it is told within a minute.'
        : '"watchbill start" is not running: whoever is to hear of it is told once it is.';
    const saying = { paint: painter(color), ...(json !== undefined && { json }) };
    return { text: await doIncident(deed, { home, tell }, saying), exitCode: 0 };
  } finally {
    await store.close();
  }
}
