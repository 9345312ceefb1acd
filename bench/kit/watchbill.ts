import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Measured, measured } from './process.ts';

const BIN = new URL('../../bin/watchbill.ts', import.meta.url).pathname;

/** Starts Watchbill as its users do, with these checks, on a store of its own below `dir`. */
export async function startWatchbill(
  dir: string,
  checks: readonly Readonly<Record<string, unknown>>[],
): Promise<Measured> {
  const config = join(dir, 'watchbill.config.json');
  writeFileSync(config, JSON.stringify({ name: 'Bench', network: { allow: ['127.0.0.0/8'] }, checks }));
  const data = mkdtempSync(join(dir, 'data-'));
  return measured(process.execPath, [BIN, 'start', '--config', config, '--port', '0', '--data', data]);
}
