import { systemClock } from '../adapters/local/clock.ts';
import { printable } from '../adapters/local/console-log.ts';
import { loadConfig } from '../config.ts';
import { probeOf } from '../probes/index.ts';
import type { Due, Status } from '../reading.ts';
import { lasted } from '../words.ts';
import { painter } from './colors.ts';
import type { ExitCode } from './main.ts';
import { chosen, type Row, type Running, runChecks } from './run-checks.ts';
import { table } from './table.ts';

export interface ExpiriesOptions extends Running {
  readonly cwd: string;
  readonly named: string | undefined;
  readonly color: boolean;
  readonly only?: readonly string[];
  readonly json?: boolean;
}

/** Something that runs out, and the check that knows of it. */
interface Expiry extends Due {
  readonly check: string;
  readonly status: Status;
}

/**
 * Everything that runs out, what comes first at the top: looks now, with every check that knows of any such thing.
 * Throws `ConfigError`.
 */
export async function expiries(options: ExpiriesOptions): Promise<{ text: string; exitCode: ExitCode }> {
  const { name, config } = await loadConfig(options);
  const knowing = chosen(config.checks, options.only, name).filter(({ type }) => probeOf(type).knowsExpiries);
  const at = systemClock.now();
  const rows = await runChecks(knowing, config, at, options);
  const all = rows.flatMap(expiriesOf).toSorted((a, b) => a.at - b.at || a.what.localeCompare(b.what));
  const blind = rows.filter((row) => row.reading.status !== 'up' && expiriesOf(row).length === 0);
  return {
    text: options.json ? asJson(at, all, blind) : asText(at, all, blind, options.color),
    exitCode: exitCodeOf(at, all, blind),
  };
}

function expiriesOf({ check, reading: { dues = [], facts, status } }: Row): Expiry[] {
  const { expiresAt, chainExpiresAt } = facts;
  const served = [
    ['certificate', expiresAt],
    // the earliest of the chain: that of an issuer, where it is not the certificate's own
    ['an issuer of the certificate', chainExpiresAt === expiresAt ? undefined : chainExpiresAt],
  ].flatMap(([what, at]) =>
    typeof at === 'string' ? { what: `${what} of ${check.target}`, at: Date.parse(at), why: 'expires' } : [],
  );
  return (dues.length > 0 ? dues : served).map((due) => ({ ...due, check: check.id, status }));
}

/** 1 something has run out · 3 nothing has, but somewhere nothing could be seen. */
function exitCodeOf(now: number, all: readonly Expiry[], blind: readonly Row[]): ExitCode {
  if (all.some(({ at }) => at <= now)) return 1;
  return blind.length > 0 ? 3 : 0;
}

function asJson(now: number, all: readonly Expiry[], blind: readonly Row[]): string {
  return JSON.stringify(
    {
      at: iso(now),
      expiries: all.map(({ check, status, what, at, why }) => ({
        check,
        status,
        what,
        at: iso(at),
        leftMs: at - now,
        why,
      })),
      unknown: blind.map(({ check, reading: { status, reasons, message } }) => ({
        check: check.id,
        status,
        reason: reasons[0] ?? 'ok',
        message,
      })),
    },
    null,
    2,
  );
}

function asText(now: number, all: readonly Expiry[], blind: readonly Row[], color: boolean): string {
  const paint = painter(color);
  const left = (at: number) => (at > now ? lasted(at - now) : `${lasted(now - at)} ago`);
  const lines = all.map(({ check, status, what, at, why }) => [
    at > now ? paint.status(status) : paint.status('down'),
    left(at),
    iso(at).slice(0, 16).replace('T', ' '),
    check,
    printable(what),
    why,
  ]);
  const dim = blind.map(({ check, reading: { status, reasons, message } }) => [
    paint.status(status),
    check.id,
    printable([reasons.join(', '), message].filter((text) => text !== '').join(': ')),
  ]);
  const head = ['STATUS', 'LEFT', 'WHEN (UTC)', 'CHECK', 'WHAT', 'THEN IT'].map(paint.dim);
  return [
    all.length > 0 ? table([head, ...lines]) : 'Nothing is known that runs out.',
    ...(dim.length > 0 ? [`\n${paint.dim('NOTHING COULD BE SEEN OF')}\n${table(dim)}`] : []),
  ].join('\n');
}

/** A time that is no date can't be shown as one. */
const iso = (at: number): string =>
  Math.abs(at) <= 8.64e15 ? new Date(at).toISOString() : 'never in our calendar';
