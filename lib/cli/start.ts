import { watch } from 'node:fs';
import { join, resolve } from 'node:path';
import { DirectoryBlobs } from '../adapters/local/blobs.ts';
import { systemClock } from '../adapters/local/clock.ts';
import { consoleLog } from '../adapters/local/console-log.ts';
import { lockDataDir } from '../adapters/local/data-dir.ts';
import { type Machine, startMachine } from '../adapters/local/machine.ts';
import { localSecrets } from '../adapters/local/secrets.ts';
import { peerOf, serve } from '../adapters/local/serve.ts';
import { openStore } from '../adapters/local/sqlite-store.ts';
import { steadyClock } from '../adapters/local/steady-clock.ts';
import { canaryAnswers } from '../canary.ts';
import { ConfigError, type Loaded, loadConfig, printed } from '../config.ts';
import type { Sender } from '../deliver.ts';
import { createNet } from '../net/create.ts';
import { notifierOf } from '../notifiers/index.ts';
import type { RunProbe } from '../observe.ts';
import type { Log } from '../ports.ts';
import { sleep } from '../ports.ts';
import { probeOf } from '../probes/index.ts';
import type { Snapshot } from '../snapshot.ts';
import { createStatusApp } from '../status/app.ts';
import { builtInRunbooks } from './runbooks.ts';

export interface StartOptions {
  readonly cwd: string;
  readonly named: string | undefined;
  readonly port: number;
  readonly host: string;
  readonly data: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly out: NodeJS.WritableStream & { write(text: string): boolean };
  readonly err: import('node:stream').Writable;
}

export interface Started {
  readonly url: string;
  reload(): Promise<void>;
  stop(): Promise<void>;
}

/** A file that is being written changes several times in a row; it is read once it has been quiet for so long. */
const QUIET_MS = 300;

/** Watches what the config says, and serves the status page. Throws `ConfigError` and `StoreError`. */
export async function start(options: StartOptions): Promise<Started> {
  const { cwd, named } = options;
  const clock = steadyClock(systemClock, consoleLog(options.err, systemClock));
  const log = consoleLog(options.err, clock);
  const secrets = localSecrets(options.env);
  const dir = resolve(cwd, options.data);
  let loaded = await loadConfig({ cwd, named, secrets });
  if (loaded.warnings.length > 0) options.err.write(`${printed(loaded.name, loaded.warnings)}\n`);
  const lock = lockDataDir(dir);
  const { store, quarantined } = await openStore({ dir, lock, clock, log });
  const blobs = new DirectoryBlobs(join(dir, 'blobs'));

  let machine: Machine | undefined;
  const app = createStatusApp({
    read: async () => {
      const text = await blobs.read('snapshot.json');
      return text === undefined ? undefined : (JSON.parse(text) as Snapshot);
    },
    clock,
    log,
    runbooks: builtInRunbooks(),
    health: () => machine?.healthy() ?? false,
    operator: { peerOf },
  });
  const serving = await serve(app, { host: options.host, port: options.port, clock, log });
  const self = [{ host: new URL(serving.url).hostname, port: Number(new URL(serving.url).port) }];

  machine = await startMachine({
    config: loaded.config,
    store,
    blobs,
    clock,
    log,
    secrets,
    net: () => createNet({ clock, allow: loaded.config.network.allow, self }),
    probe: (type) => probeOf(type).run as unknown as RunProbe,
    sender: (type) => notifierOf(type) as unknown as Sender,
    canaryAnswers,
    baseUrl: () => loaded.config.statusPage.url ?? serving.url,
    random: Math.random,
  });
  if (quarantined !== undefined) {
    await machine.report(
      'store',
      'open',
      'The store was damaged',
      `It is kept as ${quarantined}; an empty one took its place.`,
    );
  }
  const running = machine;
  const stopWatching = watchFile(loaded.path, reload, log);
  options.out.write(`Watchbill watches ${loaded.config.name}: ${serving.url}\n`);
  return { url: serving.url, reload, stop };

  async function reload(): Promise<void> {
    const next = await reloaded(loaded, { cwd, named, secrets }, running, log);
    if (!next) return;
    loaded = next;
    await running.configure(next.config);
    log.info(`${next.name} was read again: ${next.config.checks.length} checks`);
  }

  async function stop(): Promise<void> {
    stopWatching();
    await Promise.all([running.stop(), serving.close()]);
    await store.close();
    lock.release();
  }
}

/** The config, read again; undefined: it is bad, which is said on the console and in an incident, and the old one stays. */
async function reloaded(
  old: Loaded,
  options: Parameters<typeof loadConfig>[0],
  machine: Machine,
  log: Log,
): Promise<Loaded | undefined> {
  try {
    const loaded = await loadConfig(options);
    await machine.report('config', 'close', 'The config was rejected', '');
    return loaded;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    log.error(`${old.name} was rejected, the old config stays:\n${error.message}`);
    await machine.report(
      'config',
      'open',
      'The config was rejected',
      `The old one stays in force. ${error.message.split('\n')[0]}`,
    );
    return undefined;
  }
}

/** Calls back once a file has changed and is quiet again, however it is replaced. Answers how to stop. */
function watchFile(path: string, changed: () => Promise<void>, log: Log): () => void {
  const stopped = new AbortController();
  let waiting: AbortController | undefined;
  const watcher = watch(resolve(path, '..'), async (_event, name) => {
    if (name !== null && resolve(path, '..', name) !== path) return;
    waiting?.abort();
    const mine = new AbortController();
    waiting = mine;
    await sleep(systemClock, QUIET_MS, AbortSignal.any([mine.signal, stopped.signal]));
    if (!mine.signal.aborted && !stopped.signal.aborted)
      await changed().catch((error: unknown) =>
        log.error(`reading ${path} failed`, { error: String(error) }),
      );
  });
  watcher.on('error', (error) => log.warn(`${path} is not watched: ${error.message}; SIGHUP reloads it`));
  return () => {
    stopped.abort();
    watcher.close();
  };
}
