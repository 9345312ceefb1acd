import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { openAcme } from '../kit/acme.ts';
import { startEmulators } from './emulators.ts';
import { whatIsMissing } from './tools.ts';

/**
 * `node test/system/every-source.ts [COMMAND]` runs a command of Watchbill, `test` without any, on examples/every-source,
 * with emulators in place of AWS and of everything else that it looks at.
 */
async function main(args: readonly string[]): Promise<number> {
  const missing = whatIsMissing();
  if (missing) throw new Error(missing);
  const [{ moto }, end] = await startEmulators();
  try {
    const acme = await openAcme(moto);
    const command = ['bin/watchbill.ts', ...args, '--config', 'examples/every-source/watchbill.config.ts'];
    const env = { ...process.env, ...acme.env };
    const [code] = await once(spawn(process.execPath, command, { stdio: 'inherit', env }), 'exit');
    await acme.close();
    return code ?? 1;
  } finally {
    await end();
  }
}

const [, , first = 'test', ...more] = process.argv;
process.exitCode = await main([first, ...more]);
