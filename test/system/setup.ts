import type { TestProject } from 'vitest/node';
import { type Emulators, startEmulators } from './emulators.ts';
import { whatIsMissing } from './tools.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Absent where the suite can't run. */
    readonly emulators: Emulators | undefined;
  }
}

/** Starts the emulators, once for all files; without the tools the suite is skipped, unless it is required. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const missing = whatIsMissing();
  if (missing && process.env.WATCHBILL_REQUIRE_SYSTEM === '1')
    throw new Error(`The system suite: ${missing}`);
  if (missing) process.stdout.write(`The system suite is skipped: ${missing}\n`);
  const [emulators, end] = missing ? [undefined, async () => {}] : await startEmulators();
  project.provide('emulators', emulators);
  return end;
}
