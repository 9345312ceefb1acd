import { cpSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AssetHashType, DockerImage } from 'aws-cdk-lib';
import { Code } from 'aws-cdk-lib/aws-lambda';
import type { Config } from '../config/compiled.ts';
import { FUNCTIONS, type FunctionName } from '../deployment.ts';

/** Where `npm run build` puts the functions, each into a folder of its name. */
export interface Bundles {
  readonly dir: string;
  /** What lies beside each of them as config.json, but for `show`, which knows only what the public may see. */
  readonly config: Config;
}

/** There is nothing yet that could be deployed. */
export class NotBuilt extends Error {
  override readonly name = 'NotBuilt';
}

/** Throws `NotBuilt`, in one line that says what to do. */
export function checkBuilt(dir: string): void {
  const missing = Object.keys(FUNCTIONS).filter((name) => !existsSync(join(dir, name, 'index.mjs')));
  if (missing.length > 0)
    throw new NotBuilt(`not built yet: ${missing.join(', ')} in ${dir}; run "npm run build" first`);
}

/** The built folder with the config beside it. Its hash is that of the files, so equal input makes equal output. */
export function codeOf(name: FunctionName, { dir, config }: Bundles): Code {
  const built = join(dir, name);
  const tryBundle = (out: string): boolean => {
    cpSync(built, out, { recursive: true });
    if (name !== 'show') writeFileSync(join(out, 'config.json'), JSON.stringify(config));
    return true;
  };
  return Code.fromAsset(built, {
    assetHashType: AssetHashType.OUTPUT,
    // CDK wants an image for those who can't bundle by themselves: it is never asked for.
    bundling: { image: DockerImage.fromRegistry('none'), local: { tryBundle } },
  });
}
