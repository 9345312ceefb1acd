import type { Cursor, Entry, Incident } from './incident.ts';
import { isRefused, nextEntry } from './outbox.ts';
import type { IncidentView } from './snapshot.ts';
import { WELL_AGAIN } from './words.ts';

type Line = IncidentView['timeline'][number];

/** What the page and the API say of an incident: each thing once, whom it was sent to, and who accepted it. */
export function incidentView(incident: Incident): IncidentView {
  return {
    id: incident.id,
    check: incident.check?.id,
    title: incident.title,
    class: incident.class,
    severity: incident.severity,
    openedAt: incident.openedAt,
    resolvedAt: incident.closedAt,
    timeline: [
      ...incident.timeline.map((entry) => lineOf(entry, incident)),
      ...Object.entries(incident.delivery).flatMap(([name, cursor]) => taken(name, cursor, incident)),
      ...flapping(incident),
    ].sort((a, b) => a.at - b.at),
    runbook: incident.runbook,
    ...(incident.heldBy !== undefined && { heldBy: incident.heldBy }),
  };
}

/** The announcement says to whom it goes; what it tells is said again only where it isn't what the opening said. */
function lineOf({ at, kind, text }: Entry, { timeline, delivery }: Incident): Line {
  if (kind !== 'page' && kind !== 'ticket') return { at, kind, text };
  const names = Object.keys(delivery);
  const what = kind === 'page' ? 'A page' : 'A ticket';
  const sent = names.length > 0 ? `${what} for ${names.join(', ')}` : `${what}, which nobody hears of`;
  const isNews = text !== timeline.find((entry) => entry.kind === 'opened')?.text;
  return { at, kind, text: isNews ? `${sent}: ${text}` : `${sent}.` };
}

/** What a receiver has accepted, and what it hasn't for now; that it refused is an entry of its own. */
function taken(name: string, cursor: Cursor, incident: Incident): Line[] {
  const { announcedAt, resolvedAt, attempts, lastError, since } = cursor;
  const isWaiting = attempts > 0 && !isRefused(cursor) && nextEntry(incident, cursor) !== undefined;
  const isPage = incident.severity === 'page';
  return [
    ...(announcedAt === undefined
      ? []
      : [
          {
            at: announcedAt,
            kind: isPage ? 'paged' : 'ticketed',
            text: `${name} accepted the ${isPage ? 'page' : 'ticket'}.`,
          } as const,
        ]),
    ...(resolvedAt === undefined
      ? []
      : [{ at: resolvedAt, kind: 'accepted', text: `${name} accepted that it is over.` } as const]),
    ...(isWaiting && lastError !== undefined
      ? [{ at: since, kind: 'waiting', text: `Not delivered to ${name} yet: ${lastError}` } as const]
      : []),
  ];
}

function flapping({ quietSince, flaps, openedAt, failingSince = openedAt }: Incident): Line[] {
  const times = flaps === 1 ? 'once' : `${flaps} times`;
  return [
    ...(flaps > 0
      ? [{ at: failingSince, kind: 'flaps', text: `It was well and failed again, ${times} so far.` } as const]
      : []),
    ...(quietSince === undefined ? [] : [{ at: quietSince, kind: 'quiet', text: WELL_AGAIN } as const]),
  ];
}
