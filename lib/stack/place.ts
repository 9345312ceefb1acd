import type { Aws, Config } from '../config/compiled.ts';
import { loadForAws } from '../config.ts';
import { type Bundles, checkBuilt } from './bundles.ts';

/** What every stack is made from. */
export interface Plan {
  readonly config: Config;
  readonly aws: Aws;
  readonly bundles: Bundles;
}

export interface Planning {
  readonly cwd: string;
  /** The config, if it is not the only one in the working directory. */
  readonly named: string | undefined;
  /** Where the functions were built. */
  readonly dir: string;
}

/** Throws `ConfigError` with every mistake in the config, and `NotBuilt`. */
export async function planFrom({ cwd, named, dir }: Planning): Promise<Plan> {
  const { config, aws } = await loadForAws({ cwd, named });
  checkBuilt(dir);
  return { config, aws, bundles: { dir, config } };
}

/** A plan, and the region in which a part of it is made. */
export interface Place extends Plan {
  readonly region: string;
}

/** Where the status page is, with a slash at its end, if the config says so: what CloudFront calls it, home alone learns. */
export function knownPageUrl({ config, aws }: Plan): string | undefined {
  if (config.statusPage.url !== undefined) return new URL('/', config.statusPage.url).href;
  return aws.domain && `https://${aws.domain.name}/`;
}
