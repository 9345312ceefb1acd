import { compile } from './config/compile.ts';
import type { Config } from './config/compiled.ts';
import { ConfigError, type Problem } from './config/error.ts';
import { readerBeside } from './config/file.ts';
import { findConfig, readConfig } from './config/load.ts';
import { warningsOf } from './config/warnings.ts';
import type { Secrets } from './ports.ts';

export { ConfigError, type Problem, printed } from './config/error.ts';
export { jsonSchema } from './config/json-schema.ts';

/** A config that can be used. */
export interface Loaded {
  /** The file as the user calls it, and where it is. */
  readonly name: string;
  readonly path: string;
  readonly config: Config;
  /** What is allowed, but was probably not meant. */
  readonly warnings: readonly Problem[];
}

/**
 * Finds (`named`: what `--config` says), reads, checks and compiles the config. Throws `ConfigError` with every
 * mistake in it. `secrets`: it also warns of secrets that can't be resolved.
 */
export async function loadConfig({
  cwd,
  named,
  secrets,
}: {
  cwd: string;
  named?: string | undefined;
  secrets?: Secrets;
}): Promise<Loaded> {
  const { name, path, value, mistakes, locate } = await readConfig(cwd, findConfig(cwd, named));
  const compiled = compile(value, readerBeside(path), mistakes);
  if ('mistakes' in compiled) throw new ConfigError(name, locate(compiled.mistakes));
  return {
    name,
    path,
    config: compiled.config,
    warnings: locate(await warningsOf(compiled.config, secrets)),
  };
}
