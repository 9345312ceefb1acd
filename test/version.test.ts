import { expect, it } from 'vitest';
import { VERSION } from '../lib/version.ts';
import packageJson from '../package.json' with { type: 'json' };

it('is the version of the package', () => {
  expect(VERSION).toBe(packageJson.version);
});
