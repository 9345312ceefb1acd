import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { planFrom } from '../../lib/stack/place.ts';
import { findingsIn } from './checks/index.ts';
import { planOf, synthesize, temporary } from './kit.ts';

/** Every config that the repository shows, as it is. */
const CONFIGS = [
  'watchbill.config.ts',
  ...readdirSync('examples', { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => `examples/${name}/watchbill.config.ts`),
];

/** Every file below a folder, by its path in it. */
function filesIn(dir: string): Map<string, string> {
  const files = readdirSync(dir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return new Map(
    files
      .map(({ parentPath, name }) => join(parentPath, name))
      .map((path) => [relative(dir, path), readFileSync(path, 'utf8').replaceAll(dir, '')]),
  );
}

describe.each(CONFIGS)('%s', (named) => {
  it('makes stacks with nothing wrong in them, twice the same, byte for byte', async () => {
    const [first, second] = [temporary(), temporary()];
    // CDK notes who called it, so both are made at the same place.
    for (const outdir of [first, second]) {
      const plan = await planFrom({ cwd: process.cwd(), named, dir: planOf().bundles.dir });
      expect(synthesize(plan, outdir).flatMap(findingsIn)).toEqual([]);
    }
    expect(filesIn(first).size).toBeGreaterThan(10);
    expect([...filesIn(second).keys()]).toEqual([...filesIn(first).keys()]);
    for (const [path, text] of filesIn(first))
      expect([path, filesIn(second).get(path) === text]).toEqual([path, true]);
  });
});

it('examples are there for one, three and six regions, and for many checks', () => {
  expect(CONFIGS.map((path) => path.split('/').at(-2)).filter(Boolean)).toEqual(
    expect.arrayContaining(['one-region', 'three-regions', 'six-regions', 'thousand-checks']),
  );
});
