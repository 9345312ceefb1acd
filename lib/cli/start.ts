import { resolve } from 'node:path';
import type { Writable } from 'node:stream';
import type { Hono } from 'hono';
import { openAwsApi } from '../adapters/aws/api.ts';
import { createInquirer } from '../adapters/aws/inquirer.ts';
import { systemClock } from '../adapters/local/clock.ts';
import { consoleLog } from '../adapters/local/console-log.ts';
import { lockDataDir } from '../adapters/local/data-dir.ts';
import { type Machine, startMachine } from '../adapters/local/machine.ts';
import { peerOf, type ServeOptions, type Serving, serve } from '../adapters/local/serve.ts';
import { openStore } from '../adapters/local/sqlite-store.ts';
import { steadyClock } from '../adapters/local/steady-clock.ts';
import { createCallsApp, isCall } from '../calls.ts';
import { canaryAnswers } from '../canary.ts';
import { findConfig } from '../config/load.ts';
import { type Loaded, loadConfig, printed } from '../config.ts';
import { heardIn } from '../heartbeat.ts';
import { createNet } from '../net/create.ts';
import { sendersWith } from '../notifiers/index.ts';
import type { Secrets } from '../ports.ts';
import { heartbeatsIn } from '../probes/heartbeat.ts';
import { runOf } from '../probes/index.ts';
import { keepSignal } from '../signal-log.ts';
import { createSnsFetcher } from '../sns.ts';
import { createSnsApp, isSns } from '../sns-app.ts';
import { createStatusApp } from '../status/app.ts';
import { CommandError } from './failure.ts';
import { blobsIn, readSnapshot, tellAddress } from './open.ts';
import { REJECTED, reloader } from './reload.ts';
import { builtInRunbooks } from './runbooks.ts';
import { versionOf, watchFile } from './watch-file.ts';

export interface StartOptions {
  readonly cwd: string;
  readonly named: string | undefined;
  readonly port: number;
  readonly host: string;
  readonly data: string;
  readonly secrets: Secrets;
  readonly out: Writable;
  readonly err: Writable;
}

export interface Started {
  readonly url: string;
  /** Reads the config again. */
  reload(): Promise<void>;
  stop(): Promise<void>;
}

/** Watches what the config says, and serves the status page. Throws `ConfigError`, `StoreError`, `CommandError`. */
export async function start({
  cwd,
  named,
  port,
  host,
  data,
  secrets,
  out,
  err,
}: StartOptions): Promise<Started> {
  const clock = steadyClock(systemClock, consoleLog(err, systemClock));
  const log = consoleLog(err, clock);
  const read = versionOf(resolve(cwd, findConfig(cwd, named)));
  let loaded = await loadConfig({ cwd, named, secrets });
  await using opened = new AsyncDisposableStack();

  const dir = resolve(cwd, data);
  const lock = lockDataDir(dir);
  opened.defer(() => lock.release());
  const { store, quarantined } = await openStore({ dir, lock, clock, log });
  opened.defer(() => store.close());
  const blobs = blobsIn(dir);

  let machine: Machine | undefined;
  const net = () => createNet({ clock, allow: loaded.config.network.allow, self: [addressOf(serving)] });
  const app = createStatusApp({
    read: () => readSnapshot(blobs),
    clock,
    log,
    runbooks: builtInRunbooks(),
    health: () => machine?.healthy() ?? false,
    operator: { peerOf },
  });
  const calls = createCallsApp({
    heartbeats: () => heartbeatsIn(loaded.config.checks),
    secrets,
    store: async () => store,
    clock,
    log,
    turned: async (id) => machine?.look(id),
    caller: peerOf,
  });
  const sns = createSnsApp({
    topics: () => loaded.config.alarms.topics,
    fetcher: createSnsFetcher({ clock, net }),
    clock,
    log,
    async take(signal) {
      await keepSignal(signal, store);
      await machine?.hear(signal);
    },
    caller: peerOf,
  });
  const serving = await listen(oneOf(app, calls, sns), { host, port, clock, log });
  opened.defer(() => serving.close());
  await tellAddress(blobs, serving.url, log);
  warn(loaded, err);
  if (loaded.saysWhere) log.info(FOR_AWS);

  machine = await startMachine({
    config: loaded.config,
    store,
    blobs,
    clock,
    log,
    secrets,
    net,
    probe: runOf({ aws: openAwsApi, heard: heardIn(store, clock) }),
    sender: sendersWith(),
    canaryAnswers,
    baseUrl: () => loaded.config.statusPage.url ?? serving.url,
    random: Math.random,
    inquire: createInquirer({ store, clock, log }),
  });
  opened.defer(machine.stop);
  await machine.report('config', 'close', REJECTED, '');
  await machine.report(
    'store',
    quarantined === undefined ? 'close' : 'open',
    'The store was damaged',
    `It is kept as ${quarantined}; an empty one took its place.`,
  );

  const reload = reloader({
    load: () => loadConfig({ cwd, named: loaded.name, secrets }),
    take: (next) => {
      loaded = next;
      warn(next, err);
    },
    machine,
    log,
  });
  opened.defer(watchFile(loaded.path, reload, clock, read));
  out.write(`Watchbill watches ${loaded.config.name}: ${serving.url}\n`);
  const all = opened.move();
  return { url: serving.url, reload, stop: () => all.disposeAsync() };
}

/** What takes a request, as Hono's apps do. */
interface Takes {
  fetch(...asked: Parameters<Hono['fetch']>): ReturnType<Hono['fetch']>;
}

/** What is public reads only; where jobs call and SNS posts, something is written. */
const oneOf = (status: Takes, calls: Takes, sns: Takes): Takes => ({
  fetch: (request, ...more) => appFor(request.url, status, calls, sns).fetch(request, ...more),
});

function appFor(url: string, status: Takes, calls: Takes, sns: Takes): Takes {
  if (isCall(url)) return calls;
  return isSns(url) ? sns : status;
}

const FOR_AWS =
  '"aws" and "locations" in a config are for "cdk deploy": here everything runs on this machine';

function warn({ name, warnings }: Loaded, err: Writable): void {
  if (warnings.length > 0) err.write(`${printed(name, warnings)}\n`);
}

const REFUSALS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the port is taken; choose another one with --port',
  EACCES: 'this user may not use that port; choose another one with --port',
  EADDRNOTAVAIL: 'this machine does not have that address; choose another one with --host',
  ENOTFOUND: 'there is no such address; choose another one with --host',
  EAI_AGAIN: 'the name cannot be looked up; choose an address with --host',
};

async function listen(app: Parameters<typeof serve>[0], options: ServeOptions): Promise<Serving> {
  try {
    return await serve(app, options);
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException;
    const why = REFUSALS[code] ?? message;
    throw new CommandError(`cannot serve the status page at ${options.host}:${options.port}: ${why}`, 1, {
      cause: error,
    });
  }
}

function addressOf({ url }: Serving): { host: string; port: number } {
  const { hostname, port } = new URL(url);
  return { host: hostname, port: Number(port || 80) };
}
