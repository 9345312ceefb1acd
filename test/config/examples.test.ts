import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkConfig, loadConfig } from '../../lib/config.ts';
import { packageRoot } from '../../lib/package-root.ts';
import { ACCOUNT } from '../../lib/reading.ts';

const ROOT = packageRoot();
const EXAMPLES: readonly [name: string, regions: number, checks: number, ...warnings: string[]][] = [
  ['one-region', 1, 5, 'aws.locations'],
  ['three-regions', 3, 5],
  ['six-regions', 6, 5],
  ['thousand-checks', 3, 1_000],
  ['every-source', 3, 20, 'checks'],
];

describe('the examples', () => {
  it('are these', () => {
    const folders = readdirSync(join(ROOT, 'examples'), { withFileTypes: true }).filter((entry) =>
      entry.isDirectory(),
    );
    expect(folders.map(({ name }) => name)).toEqual(EXAMPLES.map(([name]) => name).sort());
  });

  it.each(EXAMPLES)('%s: regions %i, checks %i, and no mistake', async (name, regions, checks, ...warned) => {
    const { config, warnings } = await checkConfig({ cwd: join(ROOT, 'examples', name) });
    const places = config.locations.filter((location) => location !== ACCOUNT);
    expect([places.length, config.checks.length]).toEqual([regions, checks]);
    expect(places).toEqual(config.aws?.locations);
    expect(warnings.map(({ path }) => path)).toEqual(warned);
  });

  it.each(EXAMPLES)('%s names nothing that exists (RFC 2606) but PagerDuty', async (name) => {
    const { config } = await loadConfig({ cwd: join(ROOT, 'examples', name), place: 'aws' });
    const named = [...JSON.stringify(config).matchAll(/(?:"host":"|https?:\/\/)([^"/:]+)/g)].map(
      ([, host]) => host,
    );
    expect(named.length).toBeGreaterThan(4);
    expect(
      named.filter(
        (host) => !/\.example$|(^|\.)example\.(com|net|org)$|^events\.pagerduty\.com$/.test(host ?? ''),
      ),
    ).toEqual([]);
  });
});

it('the demo can be made for AWS, too, and nothing is wrong with where it would run', async () => {
  const { config, warnings } = await checkConfig({ cwd: ROOT });
  expect(config.locations).toHaveLength(3);
  expect(config.checks.every(({ locations }) => locations.length === 3)).toBe(true);
  expect(warnings.filter(({ path }) => path.startsWith('aws'))).toEqual([]);
});
