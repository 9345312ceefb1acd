import { systemClock } from '../adapters/local/clock.ts';
import { printable } from '../adapters/local/console-log.ts';
import { loadConfig } from '../config.ts';
import type { Phases } from '../reading.ts';
import { painter } from './colors.ts';
import type { ExitCode } from './main.ts';
import { chosen, type Row, type Running, runChecks } from './run-checks.ts';
import { table } from './table.ts';

export interface TestOptions extends Running {
  readonly cwd: string;
  readonly named: string | undefined;
  readonly color: boolean;
  readonly only?: readonly string[];
  readonly json?: boolean;
}

/** Runs every check once, now, from here. Throws `ConfigError`. */
export async function test(options: TestOptions): Promise<{ text: string; exitCode: ExitCode }> {
  const { name, config } = await loadConfig(options);
  const checks = chosen(config.checks, options.only, name);
  const at = systemClock.now();
  const rows = await runChecks(checks, config, at, options);
  return {
    text: options.json ? asJson(at, rows) : asTable(rows, options.color),
    exitCode: exitCodeOf(rows.map(({ reading }) => reading.status)),
  };
}

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
