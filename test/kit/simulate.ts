import fc from 'fast-check';
import { test } from 'vitest';
import { type Storm, storm, weather } from './storm.ts';
import { verify } from './storm-oracle.ts';

/** How many storms are lived through by both halves together; CI asks for 10,000. */
const RUNS = Number(process.env.WATCHBILL_RUNS ?? 40);

/** Half of the simulator: two of them keep two cores busy. Whatever goes wrong is drawn anew in each run. */
export function simulate(half: string): void {
  const runs = Math.ceil(RUNS / 2);
  test(`whatever goes wrong, no page is lost, none is false, each closes once, in order (${runs} seeds, half ${half})`, async () => {
    const counts = new Map<string, number>();
    const count = (name: string, by: number) => counts.set(name, (counts.get(name) ?? 0) + by);
    const property = fc.asyncProperty(storm, async (plan) => {
      count('storms', 1);
      for (const [fault, some] of Object.entries(plan)) count(fault, some.length);
      const aftermath = await weather(plan);
      for (const [event, some] of Object.entries(aftermath.world.events)) count(event, some);
      count('pages', aftermath.world.ledger.alerts.length);
      verify(plan, aftermath);
    });
    try {
      // without shrinking: a storm takes too long to be lived through a thousand times in CI
      await fc.assert(property, { numRuns: runs, endOnFailure: process.env.WATCHBILL_SHRINK === undefined });
    } finally {
      process.stdout.write(
        `simulator, half ${half}: ${[...counts].map(([name, n]) => `${n} ${name}`).join(', ')}\n`,
      );
    }
  }, 3_600_000);
}

/** Lives through one storm of the past again. */
export async function again(plan: Storm): Promise<void> {
  verify(plan, await weather(plan));
}
