import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

/** The rules of docs/architecture.md that say which part may know which. */

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');

interface Source {
  readonly path: string;
  readonly imports: readonly string[];
}

function sources(...folders: string[]): Source[] {
  const present = folders.filter((folder) => existsSync(join(ROOT, folder)));
  return present.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
      .map((entry) => {
        const file = join(entry.parentPath, entry.name);
        const path = relative(ROOT, file);
        const found = readFileSync(file, 'utf8').matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g);
        const imports = [...found].map(([, name = '']) =>
          name.startsWith('.') ? relative(ROOT, join(dirname(file), name)) : name,
        );
        return { path, imports };
      }),
  );
}

const under =
  (...folders: string[]) =>
  (path: string) =>
    folders.some((folder) => path.startsWith(`${folder}/`));

const offenders = (files: readonly Source[], isForbidden: (name: string) => boolean): string[] =>
  files.flatMap(({ path, imports }) => imports.filter(isForbidden).map((name) => `${path} → ${name}`));

const LIB = sources('lib');
/** Where a command line or a process is put together, adapters are chosen. */
const CORE = LIB.filter(({ path }) => !under('lib/adapters', 'lib/stack', 'lib/cli')(path));

test('the core knows no adapter and no stack', () => {
  expect(CORE.length).toBeGreaterThan(60);
  expect(offenders(CORE, under('lib/adapters', 'lib/stack', 'lib/cli'))).toEqual([]);
});

test('functions never import the stack, nor does the stack import an adapter', () => {
  expect(offenders(sources('functions'), under('lib/stack'))).toEqual([]);
});

test('only lib/net and the adapters open sockets', () => {
  const modules = [
    'node:net',
    'node:tls',
    'node:http',
    'node:https',
    'node:http2',
    'node:dgram',
    'node:dns',
    'node:dns/promises',
  ];
  const others = LIB.filter(({ path }) => !under('lib/net', 'lib/adapters')(path));
  const harmless = /import (?:type|\{ (?:isIP|STATUS_CODES|isIPv4|isIPv6|BlockList)[^}]*\})/;
  const dialling = others.filter(({ path, imports }) => {
    const text = readFileSync(join(ROOT, path), 'utf8');
    return (
      imports.some((name) => modules.includes(name)) &&
      !text
        .split('\n')
        .filter((line) => modules.some((name) => line.includes(`'${name}'`)))
        .every((line) => harmless.test(line))
    );
  });
  expect(dialling.map(({ path }) => path)).toEqual([]);
});

test('the status page knows only the snapshot, its words and the clock', () => {
  const status = LIB.filter(({ path }) => under('lib/status')(path));
  const allowed = new Set([
    'lib/snapshot.ts',
    'lib/ports.ts',
    'lib/words.ts',
    'lib/history.ts',
    'lib/incident.ts',
    'lib/config/compiled.ts',
    'lib/reading.ts',
  ]);
  expect(
    offenders(status, (name) => name.startsWith('lib/') && !under('lib/status')(name) && !allowed.has(name)),
  ).toEqual([]);
});

test('nothing outside the adapters and the CLI reads the time, sets a timer, or looks at the environment', () => {
  const forbidden =
    /\b(?:Date\.now\(|performance\.now\(|setTimeout\(|setInterval\(|process\.env|new Date\(\))/;
  const found = CORE.filter(({ path }) =>
    forbidden.test(readFileSync(join(ROOT, path), 'utf8').replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*/g, '')),
  );
  expect(found.map(({ path }) => path).filter((path) => path !== 'lib/status/script.ts')).toEqual([]);
});
