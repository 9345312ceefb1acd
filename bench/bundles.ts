/**
 * What each function on AWS loads: `npm run build && node bench/bundles.ts`. The time is what Node takes to import the
 * bundle once `node:http` is there, which Lambda's own runtime client has loaded before. Processes with and without the
 * bundle take turns, and the medians are compared.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { table } from '../lib/cli/table.ts';
import { FUNCTIONS, type FunctionName } from '../lib/deployment.ts';
import { packageRoot } from '../lib/package-root.ts';
import { bundleOf } from '../test/kit/bundles.ts';

const ROUNDS = 21;
const names = Object.keys(FUNCTIONS) as FunctionName[];
const files = names.map((name) => join(packageRoot(), 'dist/functions', name, 'index.mjs'));
const code = [[], ...files.map((file) => [pathToFileURL(file).href])].map((more) =>
  ['node:http', ...more].map((one) => `await import(${JSON.stringify(one)})`).join('; '),
);
const times = code.map((): number[] => []);

for (let round = 0; round < ROUNDS; round += 1) {
  for (const [at, each] of code.entries()) times[at]?.push(taken(each));
}

const [nothing = 0, ...imports] = times.map(median);
const rows = names.map((name, at) => {
  const { atOnce, later } = bundleOf(name);
  const ms = (imports[at] ?? 0) - nothing;
  return [name, (atOnce / 1_000).toFixed(1), (later / 1_000).toFixed(0), ms.toFixed(0)];
});
process.stdout.write(`Node starts in ${nothing.toFixed(0)} ms
${table([['function', 'kB at once', 'kB later', 'import, ms'], ...rows])}\n`);

function taken(module: string): number {
  const begun = performance.now();
  const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', module]);
  if (status !== 0) throw new Error(stderr.toString());
  return performance.now() - begun;
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;
}
