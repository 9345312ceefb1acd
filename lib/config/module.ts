import { createRequire, type ResolveHookSync, registerHooks } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { packageRoot } from '../package-root.ts';
import { ConfigError, type Problem } from './error.ts';

const { cache } = createRequire(import.meta.url);

/** Makes each import a new one: a module is cached under its whole URL. */
let imports = 0;

/**
 * What a config in TypeScript or JavaScript exports, as it is now; modules that it imports are read only once.
 * `text`: what is in the file. Throws `ConfigError`: one line, no stack trace.
 */
export async function importConfig(name: string, path: string, text: string): Promise<unknown> {
  delete cache[path]; // a CommonJS module is cached under its path
  const url = `${pathToFileURL(path)}?import=${++imports}`;
  const hooks = registerHooks({ resolve: resolverOf(url, text) });
  let module: { readonly default?: unknown };
  try {
    module = await import(url);
  } catch (error) {
    throw new ConfigError(name, [thrown(error, path, text)]);
  } finally {
    hooks.deregister();
  }
  if (module.default !== undefined) return module.default;
  throw new ConfigError(name, [
    { path: '', message: 'exports no config: write "export default defineConfig({ … })"' },
  ]);
}

/** How a module, and no CommonJS, exports its config. */
const MODULE = /(?:^|[;}])\s*export\s*(?:default\b|\{)/m;

/**
 * A config may stand anywhere. Where no watchbill is installed, it gets this one; and where a package.json says
 * "commonjs", as npm init writes it, its own syntax still says what it is.
 */
const resolverOf =
  (config: string, text: string): ResolveHookSync =>
  (specifier, context, next) => {
    if (specifier === config && MODULE.test(text))
      return {
        ...next(specifier, context),
        format: config.includes('.ts?') ? 'module-typescript' : 'module',
      };
    try {
      return next(specifier, context);
    } catch (error) {
      if (specifier !== 'watchbill') throw error;
      return next(pathToFileURL(join(packageRoot(), 'index.js')).href, context);
    }
  };

/** What Node says of a module that it takes for CommonJS. */
const COMMONJS = /^(?:Cannot use import statement outside a module|Unexpected token 'export')/;

function thrown(error: unknown, path: string, text: string): Problem {
  if (!(error instanceof Error)) return { path: '', message: 'throws something that is no error' };
  const { message, stack = '', name } = error;
  const [line = ''] = (message || name).replace(/ imported from .*/s, '').split('\n', 1);
  const words = `${line.slice(0, 300)}${COMMONJS.test(line) ? '; put "type": "module" into the package.json beside it' : ''}`;
  const own = placesIn(stack).find(({ file }) => file === path);
  // The stack of a syntax error starts with its place.
  const isSyntax = /^(?:file:\/\/)?\//.test(stack);
  if (own) {
    const column = isSyntax ? underlined(stack, text.split('\n')[own.line - 1] ?? '') : own.column;
    return { path: '', message: words, line: own.line, column };
  }
  // Here it is in a module that the config imports.
  const [other] = isSyntax ? placesIn(stack) : [];
  return {
    path: '',
    message: other ? `${words} (${relative(dirname(path), other.file)}:${other.line})` : words,
  };
}

/** A syntax error names its line, and underlines the rest: on a screen, so tabs have their room. 1: it can't be told. */
function underlined(stack: string, line: string): number {
  const [, before] = /^([ \t]*)\^+$/m.exec(stack) ?? [];
  if (before === undefined || !/^[\t\x20-\x7e]*\r?$/.test(line)) return 1;
  const wanted = widthOf(before);
  const at = Array.from(line).findIndex((_, index) => widthOf(line.slice(0, index)) >= wanted);
  return (at < 0 ? line.length : at) + 1;
}

const TAB = 4;

const widthOf = (text: string): number =>
  [...text].reduce((width, char) => (char === '\t' ? width + TAB - (width % TAB) : width + 1), 0);

const placesIn = (stack: string) =>
  [...stack.matchAll(/(?:file:\/\/)?(\/[^\s:()?]+)(?:\?[^\s:]*)?:(\d+)(?::(\d+))?/g)].map(
    ([, file = '', line, column = 1]) => ({
      file,
      line: Number(line),
      column: Number(column),
    }),
  );
