import { saysWhere } from './config/aws.ts';
import { compile } from './config/compile.ts';
import type { Aws, Config, Place } from './config/compiled.ts';
import { ConfigError, type Problem } from './config/error.ts';
import { locatorBeside, readerBeside } from './config/file.ts';
import { findConfig, readConfig, type Source } from './config/load.ts';
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
  /** Whether it says where checks run, which counts only on AWS. */
  readonly saysWhere: boolean;
  /** What is allowed, but was probably not meant. */
  readonly warnings: readonly Problem[];
}

export interface Loading {
  readonly cwd: string;
  /** What `--config` says. */
  readonly named?: string | undefined;
  /** With them, it also warns of secrets that can't be resolved. */
  readonly secrets?: Secrets;
}

/** Finds, reads, checks and compiles the config for one place. Throws `ConfigError` with every mistake in it. */
export async function loadConfig({
  cwd,
  named,
  secrets,
  place = 'machine',
}: Loading & { readonly place?: Place }): Promise<Loaded> {
  return use(await readConfig(cwd, findConfig(cwd, named)), place, secrets);
}

/** The same for AWS, with what it says of that: without it, it can't be used there. */
export async function loadForAws(loading: Loading): Promise<Loaded & { readonly aws: Aws }> {
  const loaded = await loadConfig({ ...loading, place: 'aws' });
  const { aws } = loaded.config;
  if (!aws) throw new Error(`${loaded.name} was compiled for AWS without "aws"`);
  return { ...loaded, aws };
}

/** The same for every place where it can be used: on one machine, and where it says how, on AWS. */
export async function checkConfig({ cwd, named, secrets }: Loading): Promise<Loaded> {
  const source = await readConfig(cwd, findConfig(cwd, named));
  const loaded = await use(source, 'machine', secrets);
  return loaded.config.aws ? use(source, 'aws', secrets) : loaded;
}

async function use(source: Source, place: Place, secrets: Secrets | undefined): Promise<Loaded> {
  const { name, path, value, mistakes, locate } = source;
  const compiled = compile(value, readerBeside(path), place, mistakes, locatorBeside(path));
  if ('mistakes' in compiled) throw new ConfigError(name, locate(compiled.mistakes));
  return {
    name,
    path,
    config: compiled.config,
    saysWhere: saysWhere(value),
    warnings: locate(await warningsOf(compiled.config, place, secrets)),
  };
}
