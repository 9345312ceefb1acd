import { ownCase } from './cases.ts';
import { cronOf } from './config/cron.ts';
import type { Home } from './home.ts';
import type { Case, Incident } from './incident.ts';
import { key } from './keys.ts';
import { lasted } from './words.ts';

/** Drills: synthetic incidents through every notifier and back, by hand or on a schedule. */

/** A drill that comes too late by so much is left out: the clock comes each minute. */
const LATE_MS = 15 * 60_000;
/** A receiver that has not taken a scheduled drill by then has failed it: before the drill is forgotten (lib/forgotten.ts). */
const PATIENCE_MS = 4 * 60_000;

const SCHEDULED = key('drill', 'scheduled');

/** What a drill opens. */
export function drillCase(subject: string, now: number): Case {
  return {
    subject,
    class: 'drill',
    severity: 'page',
    want: 'open',
    title: 'Drill: this is a test page, nothing is down',
    runbook: '/runbooks/drill',
    evidence: {
      at: now,
      reasons: ['drill'],
      message: 'It resolves by itself within moments.',
      locations: [],
      of: 1,
      facts: {},
    },
    heldBy: undefined,
    announceAfter: 0,
  };
}

/**
 * The drill of the config's schedule: it opens at its time, and ends once everybody has taken it. Whoever hasn't after four
 * minutes has failed: that is a ticket, which the others hear of, until a drill goes well.
 */
export async function scheduledDrill(home: Home): Promise<Case[]> {
  const now = home.clock.now();
  const running = home.openIncident(SCHEDULED);
  if (running) return courseOf(running, now);
  const due = dueAt(home, now);
  if (due === undefined) return [];
  const last = await home.readNewest(SCHEDULED);
  return last && last.openedAt >= due ? [] : [drillCase(SCHEDULED, now)];
}

/** When it was due last, epoch ms, if that is not too long ago. */
function dueAt({ config }: Home, now: number): number | undefined {
  if (!config.drill) return undefined;
  const { cron, timeZone } = config.drill;
  const due = cronOf(cron, timeZone)
    .nextRun(new Date(now - LATE_MS))
    ?.getTime();
  return due !== undefined && due <= now ? due : undefined;
}

function courseOf(running: Incident, now: number): Case[] {
  const untold = Object.entries(running.delivery).filter(([, { announcedAt }]) => announcedAt === undefined);
  const age = now - running.openedAt;
  if (untold.length > 0 && age < PATIENCE_MS) return [];
  const why = untold.map(([name, { lastError }]) => `${name} (${lastError ?? 'no answer'})`).join(', ');
  const result =
    untold.length === 0
      ? ownCase('drill', 'close', 'The scheduled drill failed', '', now)
      : ownCase(
          'drill',
          'open',
          'The scheduled drill failed',
          `A page would not have arrived: for ${lasted(age)} the drill was not taken by ${why}.`,
          now,
        );
  return [{ ...drillCase(SCHEDULED, now), want: 'close' }, result];
}
