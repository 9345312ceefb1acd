import { defineConfig } from 'vitest/config';

const slow = ['test/browser/**', 'test/e2e/**'];

/** `npm test` runs `unit`: Node and npm are all that it needs. `.ci/run` runs the others as well. */
export default defineConfig({
  test: {
    projects: [
      { test: { name: 'unit', include: ['test/**/*.test.ts'], exclude: slow } },
      { test: { name: 'browser', include: ['test/browser/**/*.test.ts'] } },
      { test: { name: 'e2e', include: ['test/e2e/**/*.test.ts'] } },
    ],
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
