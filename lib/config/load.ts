import { existsSync } from 'node:fs';
import { extname, resolve } from 'node:path';
import { ConfigError, type Mistake, type Problem, pathText } from './error.ts';
import { BadLine, decode, readBytes } from './file.ts';
import { type Parsed, parseJson, TextError } from './json.ts';
import { importConfig } from './module.ts';
import { isObject } from './plain.ts';
import { placeOf, positionsOf } from './positions.ts';
import { parseYaml } from './yaml.ts';

/** What a config file says, and where it says it. */
export interface Source {
  /** As the user calls it. */
  readonly name: string;
  readonly path: string;
  readonly value: unknown;
  /** What is wrong with the text, though it can be read. */
  readonly mistakes: readonly Mistake[];
  /** Mistakes as users get them: with line and column where the format has them, in the order of the file. */
  readonly locate: (mistakes: readonly Mistake[]) => Problem[];
}

const ENDINGS = ['.ts', '.js', '.json', '.yaml', '.yml'];

/** The file that `--config` names, or the only one in the working directory. Throws `ConfigError`. */
export function findConfig(cwd: string, named?: string): string {
  if (named !== undefined) return named;
  const names = ENDINGS.map((ending) => `watchbill.config${ending}`);
  const [found, ...others] = names.filter((name) => existsSync(resolve(cwd, name)));
  if (found !== undefined && others.length === 0) return found;
  if (found !== undefined)
    throw only(found, `stands beside ${others.join(' and ')}: name the one that is meant with --config`);
  throw only(
    'watchbill.config.ts',
    'not found here, nor as .js, .json, .yaml or .yml; name a file with --config',
  );
}

/** Reads a config file, by what its name ends in. Throws `ConfigError`. */
export async function readConfig(cwd: string, name: string): Promise<Source> {
  const path = resolve(cwd, name);
  const ending = extname(path).toLowerCase();
  if (!ENDINGS.includes(ending))
    throw only(name, `its name must end in ${ENDINGS.slice(0, -1).join(', ')} or ${ENDINGS.at(-1)}`);
  const text = readText(name, path);
  if (text.trim() === '')
    throw new ConfigError(name, [{ path: '', message: 'the file is empty', line: 1, column: 1 }]);
  if (ending === '.ts' || ending === '.js') {
    const value = await importConfig(name, path, text);
    const locate = (found: readonly Mistake[]) =>
      found.map((mistake) => withId(asProblem(mistake), mistake, value));
    return { name, path, value, mistakes: [], locate };
  }
  const { value, root, mistakes } = parse(name, text, ending === '.json' ? parseJson : parseYaml);
  const positionOf = positionsOf(text);
  const locate = (found: readonly Mistake[]) =>
    found
      .map((mistake) => ({ mistake, offset: placeOf(root, mistake.path).offset }))
      .toSorted((a, b) => a.offset - b.offset)
      .map(({ mistake, offset }) => ({ ...asProblem(mistake), ...positionOf(offset) }));
  return { name, path, value, mistakes, locate };
}

function readText(name: string, path: string): string {
  try {
    return decode(readBytes(path, 'the file'));
  } catch (error) {
    if (error instanceof BadLine)
      throw new ConfigError(name, [
        { path: '', message: 'not UTF-8: save the file in that encoding', line: error.line, column: 1 },
      ]);
    throw only(name, error instanceof Error ? error.message : String(error));
  }
}

function parse(name: string, text: string, parser: (text: string) => Parsed): Parsed {
  try {
    return parser(text);
  } catch (error) {
    if (!(error instanceof TextError)) throw error;
    throw new ConfigError(name, [{ path: '', message: error.message, ...positionsOf(text)(error.offset) }]);
  }
}

const only = (name: string, message: string): ConfigError => new ConfigError(name, [{ path: '', message }]);

const asProblem = ({ path, message }: Mistake): Problem => ({ path: pathText(path), message });

/** A module has no lines for what it exports: the id says which check is meant, so that nobody has to count. */
function withId(problem: Problem, { path: [list, index] }: Mistake, value: unknown): Problem {
  const checks = list === 'checks' && isObject(value) && Array.isArray(value.checks) ? value.checks : [];
  const check: unknown = typeof index === 'number' ? checks[index] : undefined;
  if (!isObject(check) || typeof check.id !== 'string') return problem;
  return {
    ...problem,
    message: `${problem.message} (in ${JSON.stringify(check.id.slice(0, 100).toWellFormed())})`,
  };
}
