import { words } from './attempt.ts';
import type { Site } from './observe.ts';
import { sleep } from './ports.ts';

/**
 * So long the first failure waits for others, ms. Where everything fails at once, each would otherwise be a message, an
 * ask of every other location, and a run there; checks start 5 ms apart (lib/watch.ts), so that this makes one of forty.
 * By so much others look later: it adds 0.2 s to the time to page where the word of another location is waited for.
 */
export const GATHER_MS = 200;

/** Home hears soon that a first try of this check has failed; `site.told` resolves when it has heard. */
export function tellEarly(check: string, site: Site): void {
  if (!site.failing) {
    site.failing = new Set();
    site.told = Promise.all([site.told, tellTogether(site.failing, site)]);
  }
  site.failing.add(check);
}

/** Where telling doesn't work, the readings themselves will tell. */
async function tellTogether(failing: ReadonlySet<string>, site: Site): Promise<void> {
  const at = site.clock.now();
  await sleep(site.clock, GATHER_MS, site.signal);
  delete site.failing;
  const checks = [...failing];
  try {
    await site.early.send({ location: site.location, at, checks });
  } catch (error) {
    site.log.warn('nobody else was asked about what fails', { checks, error: words(error) });
  }
}
