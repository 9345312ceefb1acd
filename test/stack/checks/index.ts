import { type Flat, flatten } from '../flat.ts';
import type { Made } from '../kit.ts';
import { alarmsSpeak, alarmsWatch, dashboardIsOnRequest } from './alarms.ts';
import { billIsWatched } from './billing.ts';
import {
  bucketIsEmptiedOnRemoval,
  clockedFunctionsFailOnce,
  functionsAreAsTheyShould,
  logsEnd,
} from './functions.ts';
import { heartbeatsAreHeard } from './heartbeats.ts';
import {
  bucketIsClosed,
  cacheAsksOnce,
  onlyCloudFrontCallsThePage,
  outputsTell,
  pageHasItsHeaders,
  pageIsServed,
} from './page.ts';
import { clockCalls, queuesAreAsTheyShould, queuesAreWorkedOff, queuesTakeOnlyTls } from './queues.ts';
import { noOtherPolicies, nothingIsAllowedForEverything, rolesAllowWhatIsNeeded } from './roles.ts';
import {
  everythingIsTagged,
  nothingIsThereTwice,
  onlyKnownTypes,
  removalLeavesTheTable,
  tableIsKept,
  topicIsForAlarms,
} from './store.ts';

/** What must hold of every stack: each answers with what is wrong, which is nothing. */
export const CHECKS: readonly ((flat: Flat) => string[])[] = [
  queuesAreAsTheyShould,
  queuesTakeOnlyTls,
  queuesAreWorkedOff,
  clockCalls,
  functionsAreAsTheyShould,
  clockedFunctionsFailOnce,
  logsEnd,
  bucketIsEmptiedOnRemoval,
  rolesAllowWhatIsNeeded,
  nothingIsAllowedForEverything,
  noOtherPolicies,
  heartbeatsAreHeard,
  pageIsServed,
  onlyCloudFrontCallsThePage,
  cacheAsksOnce,
  pageHasItsHeaders,
  bucketIsClosed,
  outputsTell,
  tableIsKept,
  removalLeavesTheTable,
  topicIsForAlarms,
  everythingIsTagged,
  nothingIsThereTwice,
  onlyKnownTypes,
  alarmsWatch,
  alarmsSpeak,
  dashboardIsOnRequest,
  billIsWatched,
];

export function findingsIn(made: Made): string[] {
  const flat = flatten(made);
  return CHECKS.flatMap((check) => check(flat).map((finding) => `${check.name}: ${finding}`));
}

/** The same, for those who only ask whether there is any. */
export function hasFindings(made: Made): boolean {
  const flat = flatten(made);
  return CHECKS.some((check) => check(flat).length > 0);
}
