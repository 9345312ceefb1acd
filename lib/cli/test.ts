import { openAwsApi } from '../adapters/aws/api.ts';
import { systemClock } from '../adapters/local/clock.ts';
import { consoleLog, printable } from '../adapters/local/console-log.ts';
import { canaryAnswers } from '../canary.ts';
import type { Check, Config } from '../config/compiled.ts';
import { didYouMean } from '../config/suggest.ts';
import { ConfigError, loadConfig } from '../config.ts';
import { createNet } from '../net/create.ts';
import { runBeat } from '../observe.ts';
import type { Secrets } from '../ports.ts';
import { runOf } from '../probes/index.ts';
import type { Phases, Reading, Tick } from '../reading.ts';
import { shardingOf } from '../schedule.ts';
import { lasted } from '../words.ts';
import { painter } from './colors.ts';
import type { ExitCode } from './main.ts';
import { progressOn, type Screen } from './progress.ts';
import { table } from './table.ts';

export interface TestOptions {
  readonly cwd: string;
  readonly named: string | undefined;
  readonly secrets: Secrets;
  readonly color: boolean;
  readonly only?: readonly string[];
  readonly confirm?: boolean;
  readonly json?: boolean;
  readonly err: Screen;
}

/** So far apart do the checks start, ms: thousands of them at once would need more sockets than a process may have. */
const APART_MS = 5;
const TELL_EVERY_MS = 1_000;

/** Runs every check once, now, from here. Throws `ConfigError`. */
export async function test(options: TestOptions): Promise<{ text: string; exitCode: ExitCode }> {
  const { name, config } = await loadConfig(options);
  const checks = chosen(config.checks, options.only, name);
  const at = systemClock.now();
  const readings = await readingsOf(checks, config, at, options);
  const rows = checks.flatMap((check) => {
    const reading = readings.find((one) => one.check === check.id);
    return reading ? [{ check, reading }] : [];
  });
  return {
    text: options.json ? asJson(at, rows) : asTable(rows, options.color),
    exitCode: exitCodeOf(rows.map(({ reading }) => reading.status)),
  };
}

function chosen(
  checks: readonly Check[],
  only: readonly string[] | undefined,
  file: string,
): readonly Check[] {
  const ids = checks.map(({ id }) => id);
  const unknown = only?.filter((id) => !ids.includes(id)) ?? [];
  const mistakes = unknown.map((id) => ({
    path: '--only',
    message: `there is no check ${JSON.stringify(id)}${didYouMean(id, ids)}`,
  }));
  if (mistakes.length > 0) throw new ConfigError(file, mistakes);
  return only ? checks.filter(({ id }) => only.includes(id)) : checks;
}

async function readingsOf(
  checks: readonly Check[],
  config: Config,
  at: number,
  { confirm, secrets, err }: TestOptions,
): Promise<readonly Reading[]> {
  const ticks: Tick[] = [];
  const running = new Set<string>();
  const begun = new Set<string>();
  const run = runOf({ aws: openAwsApi, heard: async () => ({ since: systemClock.now() }) });
  const stopTelling = tellProgress(checks.length, begun, running, err);
  try {
    await runBeat(
      { at, cause: 'confirm', skipped: 0, due: checks.map((check, i) => ({ check, offset: i * APART_MS })) },
      {
        location: 'local',
        config: confirm ? config : { ...config, judge: { ...config.judge, tries: 1 } },
        sharding: shardingOf(checks.map(({ id }) => id)),
        probe: (type) => (check, context) => {
          begun.add(check.id);
          return run(type)(check, context);
        },
        net: createNet({ clock: systemClock, allow: config.network.allow, self: [] }),
        clock: systemClock,
        secrets,
        log: consoleLog(err, systemClock),
        ticks: { send: async (tick) => void ticks.push(tick) },
        early: { send: async () => {} },
        canaryAnswers,
        flushAfter: Number.POSITIVE_INFINITY,
        atOnce: Number.POSITIVE_INFINITY,
        signal: new AbortController().signal,
        running,
        lastPass: Number.NEGATIVE_INFINITY,
      },
    );
  } finally {
    stopTelling();
  }
  return ticks.flatMap((tick) => tick.readings);
}

/** `3 of 5 done after 4 s, waiting for api, search`, each second. Answers how to stop. */
function tellProgress(
  count: number,
  begun: ReadonlySet<string>,
  running: ReadonlySet<string>,
  err: Screen,
): () => void {
  const say = progressOn(err);
  const started = systemClock.monotonic();
  let cancel = systemClock.after(TELL_EVERY_MS, tell);
  return () => {
    cancel();
    say('');
  };

  function tell(): void {
    const took = lasted(systemClock.monotonic() - started);
    say(
      `${begun.size - running.size} of ${count} done after ${took}, waiting for ${[...running].join(', ')}`,
    );
    cancel = systemClock.after(TELL_EVERY_MS, tell);
  }
}

type Row = { readonly check: Check; readonly reading: Reading };

function asJson(at: number, rows: readonly Row[]): string {
  const readings = rows.map(
    ({ check, reading: { status, reasons, message, latencyMs, phases, tries, facts } }) => ({
      check: check.id,
      type: check.type,
      status,
      reason: reasons[0] ?? 'ok',
      reasons,
      message,
      latencyMs: rounded(latencyMs),
      phases: allPhases(phases),
      tries,
      facts,
    }),
  );
  return JSON.stringify({ at: new Date(at).toISOString(), location: 'local', readings }, null, 2);
}

/** To the microsecond: what comes after it is noise. */
const rounded = (ms: number): number => Math.round(ms * 1_000) / 1_000;

/** Every phase in every reading, so that scripts can rely on it: one that did not take place took 0 ms. */
function allPhases(phases: Phases): Required<Phases> {
  const { dns = 0, connect = 0, tls = 0, firstByte = 0, body = 0 } = phases;
  return {
    dns: rounded(dns),
    connect: rounded(connect),
    tls: rounded(tls),
    firstByte: rounded(firstByte),
    body: rounded(body),
  };
}

function asTable(rows: readonly Row[], color: boolean): string {
  const paint = painter(color);
  const lines = rows.map(({ check, reading }) => [
    paint.status(reading.status),
    check.id,
    `${Math.round(reading.latencyMs)} ms`,
    check.target,
    printable([reading.reasons.join(', '), reading.message].filter((text) => text !== '').join(': ')),
  ]);
  return table([['STATUS', 'CHECK', 'LATENCY', 'TARGET', 'WHY'].map(paint.dim), ...lines]);
}

/** 1 something down · 3 nothing down, something unknown · 0 all up or degraded. */
export function exitCodeOf(statuses: readonly string[]): ExitCode {
  if (statuses.includes('down')) return 1;
  return statuses.includes('unknown') ? 3 : 0;
}
