import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { packageRoot } from '../package-root.ts';

/** The built-in runbooks, Markdown by name: `http`, `tls`, `location` … */
export function builtInRunbooks(): Record<string, string> {
  const dir = join(packageRoot(), 'runbooks');
  const names = readdirSync(dir).filter((name) => name.endsWith('.md'));
  return Object.fromEntries(
    names.map((name) => [basename(name, '.md'), readFileSync(join(dir, name), 'utf8')]),
  );
}
