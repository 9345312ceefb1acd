import { createRequire } from 'node:module';
import { dirname, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ConfigError, type Problem } from './error.ts';

const { cache } = createRequire(import.meta.url);

/** Makes each import a new one: a module is cached under its whole URL. */
let imports = 0;

/**
 * What a config in TypeScript or JavaScript exports, as it is now; modules that it imports are read only once.
 * Throws `ConfigError`: one line, no stack trace.
 */
export async function importConfig(name: string, path: string): Promise<unknown> {
  delete cache[path]; // a CommonJS module is cached under its path
  let module: { readonly default?: unknown };
  try {
    module = await import(`${pathToFileURL(path)}?import=${++imports}`);
  } catch (error) {
    throw new ConfigError(name, [thrown(error, path)]);
  }
  if (module.default !== undefined) return module.default;
  throw new ConfigError(name, [
    { path: '', message: 'exports no config: write "export default defineConfig({ … })"' },
  ]);
}

function thrown(error: unknown, path: string): Problem {
  if (!(error instanceof Error)) return { path: '', message: 'throws something that is no error' };
  const { message, stack = '', name } = error;
  const [line = ''] = (message || name).replace(/ imported from .*/s, '').split('\n', 1);
  const words = line.slice(0, 300);
  const own = placesIn(stack).find(({ file }) => file === path);
  if (own) return { path: '', message: words, line: own.line, column: own.column };
  // The stack of a syntax error starts with its place: here it is in a module that the config imports.
  const [other] = stack.startsWith('/') ? placesIn(stack) : [];
  return {
    path: '',
    message: other ? `${words} (${relative(dirname(path), other.file)}:${other.line})` : words,
  };
}

const placesIn = (stack: string) =>
  [...stack.matchAll(/(?:file:\/\/)?(\/[^\s:()?]+)(?:\?[^\s:]*)?:(\d+)(?::(\d+))?/g)].map(
    ([, file = '', line, column = 1]) => ({
      file,
      line: Number(line),
      column: Number(column),
    }),
  );
