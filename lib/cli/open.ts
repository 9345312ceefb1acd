import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Writable } from 'node:stream';
import { systemClock } from '../adapters/local/clock.ts';
import { consoleLog } from '../adapters/local/console-log.ts';
import { openStore, type SqliteStore } from '../adapters/local/sqlite-store.ts';
import { type Loaded, loadConfig } from '../config.ts';
import { Home } from '../home.ts';
import { type Log, type Secrets, StoreError } from '../ports.ts';

export interface StoreOptions {
  readonly cwd: string;
  readonly named: string | undefined;
  readonly secrets: Secrets;
  readonly color: boolean;
  readonly data: string;
  readonly json?: boolean;
  readonly err: Writable;
}

/** The config and the store of a Watchbill that may be running beside this command. */
export async function openHome(
  options: StoreOptions,
): Promise<Loaded & { home: Home; store: SqliteStore; log: Log }> {
  const loaded = await loadConfig(options);
  const log = consoleLog(options.err, systemClock);
  const dir = resolve(options.cwd, options.data);
  if (!existsSync(join(dir, 'store.db')))
    throw new StoreError(`nothing is kept in ${options.data} yet: run "watchbill start" first`);
  const { store } = await openStore({ dir, clock: systemClock, log });
  return { ...loaded, store, log, home: await Home.open({ store, clock: systemClock, log }, loaded.config) };
}
