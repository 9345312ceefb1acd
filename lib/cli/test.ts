import type { Writable } from 'node:stream';
import { systemClock } from '../adapters/local/clock.ts';
import { consoleLog } from '../adapters/local/console-log.ts';
import { canaryAnswers } from '../canary.ts';
import type { Check } from '../config/compiled.ts';
import { ConfigError, loadConfig } from '../config.ts';
import { createNet } from '../net/create.ts';
import { type RunProbe, runBeat } from '../observe.ts';
import type { Secrets } from '../ports.ts';
import { probeOf } from '../probes/index.ts';
import type { Reading, Tick } from '../reading.ts';
import { shardingOf } from '../schedule.ts';
import { painter } from './colors.ts';
import type { ExitCode } from './main.ts';
import { table } from './table.ts';

export interface TestOptions {
  readonly cwd: string;
  readonly named: string | undefined;
  readonly secrets: Secrets;
  readonly color: boolean;
  readonly only?: readonly string[];
  readonly confirm?: boolean;
  readonly json?: boolean;
  readonly progress: Writable & { readonly isTTY?: boolean };
}

/** Runs every check once, now, from here. Throws `ConfigError`. */
export async function test(options: TestOptions): Promise<{ text: string; exitCode: ExitCode }> {
  const { name, config } = await loadConfig(options);
  const checks = chosen(config.checks, options.only, name);
  const at = systemClock.now();
  const ticks: Tick[] = [];
  await runBeat(
    { at, cause: 'confirm', skipped: 0, due: checks.map((check) => ({ check, offset: 0 })) },
    {
      location: 'local',
      config: options.confirm ? config : { ...config, judge: { ...config.judge, tries: 1 } },
      sharding: shardingOf(checks.map(({ id }) => id)),
      probe: (type) => probeOf(type).run as unknown as RunProbe,
      net: createNet({ clock: systemClock, allow: config.network.allow, self: [] }),
      clock: systemClock,
      secrets: options.secrets,
      log: consoleLog(options.progress, systemClock),
      ticks: { send: async (tick) => void ticks.push(tick) },
      early: { send: async () => {} },
      canaryAnswers,
      flushAfter: Number.POSITIVE_INFINITY,
      signal: new AbortController().signal,
      running: new Set(),
      lastPass: Number.NEGATIVE_INFINITY,
    },
  );
  const byId = new Map(ticks.flatMap(({ readings }) => readings).map((reading) => [reading.check, reading]));
  const rows = checks.flatMap((check) => ({ check, reading: byId.get(check.id) as Reading }));
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
  const missing = only?.find((id) => !checks.some((check) => check.id === id));
  if (missing !== undefined)
    throw new ConfigError(file, [{ path: '--only', message: `there is no check "${missing}"` }]);
  return only ? checks.filter(({ id }) => only.includes(id)) : checks;
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
      latencyMs,
      phases,
      tries,
      facts,
    }),
  );
  return JSON.stringify({ at: new Date(at).toISOString(), location: 'local', readings }, null, 2);
}

function asTable(rows: readonly Row[], color: boolean): string {
  const paint = painter(color);
  const lines = rows.map(({ check, reading }) => [
    paint.status(reading.status),
    check.id,
    `${Math.round(reading.latencyMs)} ms`,
    check.target,
    reading.reasons.length > 0 ? `${reading.reasons.join(', ')}: ${reading.message}` : '',
  ]);
  return table([['STATUS', 'CHECK', 'LATENCY', 'TARGET', 'WHY'].map(paint.dim), ...lines]);
}

/** 1 something down · 3 nothing down, something unknown · 0 all up or degraded. */
export function exitCodeOf(statuses: readonly string[]): ExitCode {
  if (statuses.includes('down')) return 1;
  return statuses.includes('unknown') ? 3 : 0;
}
