import { defineConfig } from 'vitest/config';

const slow = ['test/browser/**', 'test/e2e/**', 'test/system/**'];

/** `npm test` runs `unit`: Node and npm are all that it needs. `.ci/run` runs the others as well. */
export default defineConfig({
  test: {
    projects: [
      { test: { name: 'unit', include: ['test/**/*.test.ts'], exclude: slow } },
      { test: { name: 'browser', include: ['test/browser/**/*.test.ts'] } },
      { test: { name: 'e2e', include: ['test/e2e/**/*.test.ts'] } },
      {
        test: {
          name: 'system',
          include: ['test/system/**/*.test.ts'],
          globalSetup: 'test/system/setup.ts',
          // Each has a dozen processes of its own.
          maxWorkers: 3,
        },
      },
    ],
    // All of them: by default one core is left idle, which is half of the machine where there are two.
    maxWorkers: '100%',
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
