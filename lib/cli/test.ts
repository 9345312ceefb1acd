import { systemClock } from '../adapters/local/clock.ts';
import { printable } from '../adapters/local/console-log.ts';
import { loadConfig } from '../config.ts';
import type { Phases, Reading } from '../reading.ts';
import type { Reason } from '../reasons.ts';
import { lasted } from '../words.ts';
import { adviceOn } from './advice.ts';
import { painter } from './colors.ts';
import type { ExitCode } from './main.ts';
import { chosen, type Row, type Running, runChecks } from './run-checks.ts';
import { builtInRunbooks } from './runbooks.ts';
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
    text: options.json ? asJson(at, rows) : asText(at, rows, options.color),
    exitCode: exitCodeOf(rows.filter(isTried).map(({ reading }) => reading.status)),
  };
}

/** A heartbeat is not: nothing is wrong with it as far as can be seen from here. */
const isTried = ({ reading }: Row): boolean =>
  !reading.reasons.includes('heartbeat_awaited' satisfies Reason);

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

function asText(at: number, rows: readonly Row[], color: boolean): string {
  const paint = painter(color);
  const lines = rows.map(({ check, reading }) => [
    paint.status(reading.status),
    check.id,
    `${Math.round(reading.latencyMs)} ms`,
    check.target,
    printable(whyOf(reading, at)),
  ]);
  const whole = table([['STATUS', 'CHECK', 'LATENCY', 'TARGET', 'WHY'].map(paint.dim), ...lines]);
  const advice = adviceFor(rows);
  return advice.length === 0 ? whole : `${whole}\n\n${paint.dim('WHAT TO DO')}\n${table(advice)}`;
}

/** What is wrong; or else, of what runs out, how old the oldest is and how much time it has. */
function whyOf({ reasons, message, dues = [] }: Reading, now: number): string {
  const [first] = dues.toSorted((a, b) => a.at - b.at);
  const age = first?.since === undefined ? '' : `${lasted(now - first.since)} old, `;
  const isLeft = first && reasons.length === 0 && first.at > now;
  const left = isLeft ? `${first.what}: ${age}${lasted(first.at - now)} left` : '';
  return [reasons.join(', '), message, left].filter((text) => text !== '').join(': ');
}

/** By the runbook of each check that isn't well. */
function adviceFor(rows: readonly Row[]): [check: string, advice: string][] {
  const runbooks = builtInRunbooks();
  return rows.filter(isTried).flatMap(({ check, reading: { reasons } }): [string, string][] => {
    const [reason = ''] = reasons;
    const advice = adviceOn(runbooks[check.type] ?? '', reason);
    return advice === undefined ? [] : [[check.id, printable(advice)]];
  });
}

/** 1 something down · 3 nothing down, something unknown · 0 all up or degraded. */
export function exitCodeOf(statuses: readonly string[]): ExitCode {
  if (statuses.includes('down')) return 1;
  return statuses.includes('unknown') ? 3 : 0;
}
