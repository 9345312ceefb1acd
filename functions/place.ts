import { readFileSync } from 'node:fs';
import { lambdaLog } from '../lib/adapters/aws/log.ts';
import { systemClock } from '../lib/adapters/local/clock.ts';
import type { Config } from '../lib/config/compiled.ts';
import { ENVIRONMENT } from '../lib/deployment.ts';

/** What every function finds where it runs. */

export const clock = systemClock;
export const log = lambdaLog(process.stdout, clock);

/** A variable that the stack, or Lambda itself, sets. */
export function variable(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`the environment lacks ${name}`);
  return value;
}

/** Where this function runs, and for whom. */
export const here = () => ({ region: variable('AWS_REGION'), account: variable(ENVIRONMENT.account) });

/** A JSON file that lies beside the bundle: written by the build, or when the stack was made. */
export const beside = <T>(name: string): T =>
  JSON.parse(readFileSync(new URL(name, import.meta.url), 'utf8'));

/** The config as it was compiled when the stack was made, and its part about AWS. */
export function compiledConfig() {
  const config = beside<Config>('config.json');
  if (!config.aws) throw new Error('config.json has no "aws": it was not compiled for AWS');
  return { config, aws: config.aws };
}

/** The minute for which Scheduler calls, epoch ms. */
export function scheduledTime({ scheduled }: { readonly scheduled: string }): number {
  const time = Date.parse(scheduled);
  if (Number.isNaN(time)) throw new Error(`"scheduled" is no time: ${scheduled}`);
  return time;
}

/** Made when it is asked for first, and again after that failed: what a function needs for some calls only. */
export function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make().catch((error: unknown) => {
      made = undefined;
      throw error;
    });
    return made;
  };
}
