import { BLOBS } from './deployment.ts';
import type { Blobs, Clock } from './ports.ts';
import type { Snapshot } from './snapshot.ts';
import { ASSETS } from './status/assets.ts';
import { project } from './status/project.ts';
import { viewsOf } from './status/views.ts';

/** The page for bad times is made anew so often, and whenever it would say something else. */
const PAGE_MS = 600_000;

/**
 * Publish: puts down, where the public's door can read it, what the public may know. The snapshot each time; the page
 * itself, ready to be served when nothing is left that could make it, where it says something else than before.
 */
export function createPublisher(blobs: Blobs, clock: Clock): (snapshot: Snapshot) => Promise<void> {
  let said: string | undefined;
  let saidAt = 0;
  return async (snapshot) => {
    const seen = project(snapshot);
    await blobs.write(BLOBS.snapshot, JSON.stringify(seen));
    const news = newsOf(seen);
    if (news === said && clock.now() - saidAt < PAGE_MS) return;
    if (said === undefined) for (const { path, body } of ASSETS) await blobs.write(path.slice(1), body);
    await blobs.write(BLOBS.page, viewsOf({ snapshot: seen, failed: false }, clock, false).page());
    [said, saidAt] = [news, clock.now()];
  };
}

/** What somebody who looks in bad times must not be told wrongly: who is in which state, and what happened. */
const newsOf = ({ checks, incidents, maintenance }: Snapshot): string =>
  JSON.stringify([checks.map(({ id, status }) => [id, status]), incidents, maintenance]);
