import type { Home } from './home.ts';
import type { Incident, IncidentClass } from './incident.ts';
import { FORGOTTEN_MS } from './newest.ts';

/** The classes of incidents that end once nobody tells of them any more: a drill may have been cut off. */
const FORGETTABLE: ReadonlySet<IncidentClass> = new Set([
  'down',
  'degraded',
  'unknown',
  'silent',
  'blind',
  'drill',
]);

/** Open incidents that are none of the `current` subjects any more, and that nobody has told of lately. */
export function forgottenBy(home: Home, current: ReadonlySet<string>): Incident[] {
  const lately = home.clock.now() - FORGOTTEN_MS;
  const lastTickAt = home.lastTickAt();
  const toldOfAt = ({ class: kind, check, evidence }: Incident): number[] => {
    if (kind === 'drill') return [evidence.at];
    if (check) return [...home.known(check.id).values()].map(({ newest }) => newest.at);
    return evidence.locations.map((location) => lastTickAt.get(location) ?? 0);
  };
  return home
    .openIncidents()
    .filter(
      (incident) =>
        FORGETTABLE.has(incident.class) &&
        !current.has(incident.subject) &&
        toldOfAt(incident).every((at) => at <= lately),
    );
}
