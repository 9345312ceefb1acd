import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Metafile } from 'esbuild';
import type { FunctionName } from '../../lib/deployment.ts';
import { packageRoot } from '../../lib/package-root.ts';

/** What `npm run build` has made of a function. */
export interface Bundle {
  /** Bytes that are loaded before the first call: `index.mjs` and what it imports at once. */
  readonly atOnce: number;
  /** Bytes that are loaded when a call needs them: clients of the SDK, most of them. */
  readonly later: number;
  /** The packages in it; a client of the SDK with its name. */
  readonly packages: ReadonlySet<string>;
}

export function bundleOf(name: FunctionName): Bundle {
  const metafiles: Record<string, Metafile> = JSON.parse(
    readFileSync(join(packageRoot(), 'dist', 'functions.json'), 'utf8'),
  );
  const { outputs = {}, inputs = {} } = metafiles[name] ?? {};
  const first = loadedAtOnce(`dist/functions/${name}/index.mjs`, outputs);
  const bytes = (files: readonly string[]) =>
    files.reduce((sum, file) => sum + (outputs[file]?.bytes ?? 0), 0);
  return {
    atOnce: bytes([...first]),
    later: bytes(Object.keys(outputs).filter((file) => !first.has(file))),
    packages: new Set(Object.keys(inputs).flatMap((file) => packageIn(file) ?? [])),
  };
}

function loadedAtOnce(file: string, outputs: Metafile['outputs'], found = new Set<string>()): Set<string> {
  if (found.has(file)) return found;
  found.add(file);
  for (const { path, kind } of outputs[file]?.imports ?? []) {
    if (kind === 'import-statement' && path in outputs) loadedAtOnce(path, outputs, found);
  }
  return found;
}

const packageIn = (file: string): string | undefined =>
  /^.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1];
