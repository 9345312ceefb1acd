import { casesOf, checkSubject, locationCases } from './cases.ts';
import type { Check } from './config/compiled.ts';
import type { Home } from './home.ts';
import type { Case, Incident } from './incident.ts';
import { StoreError } from './ports.ts';

/** From what is read to the incident log. Others may decide at the same time, of the same: what was read last counts. */

/** Whether an outage of it is open, as far as is known. */
export const isOpen = ({ id }: Check, home: Home): boolean =>
  home.openIncident(checkSubject(id, 'down')) !== undefined;

/** Whether some location saw it down of late, as far as is remembered: an outage may be open, whoever opened it. */
export const hasFailed = ({ id }: Check, home: Home): boolean =>
  [...home.known(id).values()].some(({ known }) => known.some(([, status]) => status === 'down'));

/** What is decided together, and the way to judge it again by what is stored then. */
interface Judged {
  readonly cases: readonly Case[];
  readonly again: () => Promise<readonly Case[]>;
}

/** What is said of some checks. */
export function judgedChecks(checks: readonly Check[], home: Home): Judged[] {
  const world = home.world();
  return checks.map((check) => ({
    cases: casesOf(check, world),
    async again() {
      await home.look([check]);
      return casesOf(check, home.world());
    },
  }));
}

/** What is said of the locations themselves. */
export function judgedLocations(home: Home): Judged {
  const readingsAt = (location: string) =>
    home.config.checks.flatMap(({ id, every }) => {
      const latest = home.known(id).get(location);
      return latest ? [{ reading: latest.newest, every }] : [];
    });
  return {
    cases: locationCases(home.world(), readingsAt),
    async again() {
      await home.lookAround();
      return locationCases(home.world(), readingsAt);
    },
  };
}

/** Takes what was judged to the incident log. Answers the incidents that were changed. */
export async function settle(judged: readonly Judged[], home: Home): Promise<Incident[]> {
  const changed: Incident[] = [];
  for (const { cases, again } of judged) {
    for (const seen of cases) {
      const anew = async () => (await again()).find(({ subject }) => subject === seen.subject);
      const incident = await home.settle(seen, anew).catch((error) => goOnWithout(seen, error, home));
      if (incident) changed.push(incident);
    }
  }
  return changed;
}

/** A defect in one case keeps no other from being decided. A store that fails does: then all of it comes again. */
function goOnWithout({ subject, title }: Case, error: unknown, { log }: Home): undefined {
  if (error instanceof StoreError) throw error;
  log.error(`"${title}" could not be decided on`, { subject, error: String(error) });
}
