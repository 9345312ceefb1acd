import type { Check, Config } from './config/compiled.ts';
import { type Case, type Evidence, type Incident, type IncidentClass, newestFailureOf } from './incident.ts';
import {
  judge,
  judgeLocation,
  type Known,
  saidUntil,
  sayMs,
  seenUpAfter,
  type Verdict,
  type Want,
} from './judge.ts';
import { key } from './keys.ts';
import type { Kept } from './latest.ts';
import { inMaintenance } from './maintenance.ts';
import { ACCOUNT } from './reading.ts';
import type { Reason } from './reasons.ts';
import { CHECK_SOURCE, routedCase } from './routes.ts';

/** Everything a case depends on: the newest readings, what is open, and the time. */
export interface World {
  readonly config: Config;
  readonly now: number;
  /** Since when home has lived without a gap, epoch ms. */
  readonly since: number;
  /** Since when it has done so under this config, epoch ms. */
  readonly begun: number;
  readonly check: (id: string) => Check | undefined;
  readonly known: (checkId: string) => Known;
  readonly silent: ReadonlySet<string>;
  /** The open incident of a subject, if there is one. */
  readonly open: (subject: string) => Incident | undefined;
}

/** A parent that has had no say for so long holds its children no longer. */
const PARENT_SILENCE_MS = 120_000;

/** What is said of a check whose type says nothing better. */
const PLAINLY = { down: 'is down', degraded: 'is degraded' };

export const checkSubject = (id: string, kind: IncidentClass): string => key('check', id, kind);

/** What the newest readings say of one check, as cases for the incident log: one for each class. */
export function casesOf(check: Check, world: World): Case[] {
  const { config, now } = world;
  const verdict = judge(check, world.known(check.id), now, world.silent);
  const maintenance = inMaintenance(config.maintenance, check.id, now) ? 'maintenance' : undefined;
  const about = {
    runbook: check.runbook ?? `/runbooks/${check.type}`,
    check: {
      id: check.id,
      name: check.name,
      type: check.type,
      target: check.target,
      group: check.group,
      public: check.public,
    },
    evidence: verdict.evidence,
  };
  const down = checkSubject(check.id, 'down');
  const says = check.says ?? PLAINLY;
  const cases: Case[] = [
    {
      ...about,
      subject: down,
      class: 'down',
      severity: check.severity,
      want: verdict.down,
      title: `${check.name} ${says.down}`,
      heldBy: maintenance ?? (verdict.down === 'open' ? parentOf(check, down, verdict, world) : undefined),
      announceAfter: 0,
      ...(verdict.failingSince !== undefined && { failingSince: verdict.failingSince }),
    },
    {
      ...about,
      subject: checkSubject(check.id, 'degraded'),
      class: 'degraded',
      severity: 'ticket',
      want: verdict.degraded,
      title: `${check.name} ${says.degraded}`,
      heldBy: maintenance,
      announceAfter: config.judge.degradedAfter,
    },
    {
      ...about,
      subject: checkSubject(check.id, 'unknown'),
      class: 'unknown',
      severity: 'ticket',
      want: verdict.unknown === 'open' && isYetToCome(check, verdict, world) ? 'hold' : verdict.unknown,
      title: `${check.name} cannot be checked`,
      heldBy: maintenance,
      announceAfter: config.judge.unknownAfter,
    },
  ];
  const source = { source: CHECK_SOURCE, name: check.id, tags: check.tags };
  return cases.flatMap((one) => routedCase(config.routes, { ...source, severity: one.severity }, one));
}

/** Nothing is known of it, and that is as it should be so far. */
const isYetToCome = (check: Check, { evidence }: Verdict, world: World): boolean =>
  evidence.reasons.includes('heartbeat_awaited' satisfies Reason) || isYetToRun(check, world);

/** It hasn't been looked at since home, or its config, is new: that nothing is known is no trouble yet. */
function isYetToRun(check: Check, { known, begun, now }: World): boolean {
  const isRead = [...known(check.id).values()].some(({ newest }) => newest.at >= begun);
  return !isRead && now - begun < sayMs(check.every);
}

/**
 * The parent that holds the page of its child: until it was seen up after the child began to fail (anew, where it
 * passed in between), or has had no say for two minutes.
 */
function parentOf(check: Check, subject: string, verdict: Verdict, world: World): string | undefined {
  const incident = world.open(subject);
  const failedAt = Math.max(
    incident ? newestFailureOf(incident) : verdict.evidence.at,
    verdict.failingSince ?? 0,
  );
  const openedAt = incident?.openedAt ?? world.now;
  const holder = check.dependsOn
    .flatMap((id) => world.check(id) ?? [])
    .find((parent) => {
      const known = world.known(parent.id);
      if (seenUpAfter(parent, known, failedAt, world.now)) return false;
      return world.now < (saidUntil(parent, known) ?? openedAt) + PARENT_SILENCE_MS;
    });
  return holder && `depends on ${holder.name}`;
}

/** What the readings of a location say about the location itself. */
export function locationCases(
  world: World,
  readingsAt: (location: string) => { reading: Kept; every: number }[],
): Case[] {
  const { locations, judge: rules } = world.config;
  const watching = locations.filter((name) => name !== ACCOUNT);
  const mostAreSilent = watching.filter((name) => world.silent.has(name)).length * 2 > watching.length;
  const blind = locations.map((name): Case => {
    const { want, evidence } = judgeLocation(readingsAt(name), world.now);
    const { reasons = [], message = '' } = evidence?.detail ?? {};
    return {
      ...locationCase(world, { at: evidence?.at ?? world.now, reasons, message, locations: [name] }),
      subject: key('location', name, 'blind'),
      class: 'blind',
      want,
      title: `The location ${name} cannot see`,
      announceAfter: rules.unknownAfter,
    };
  });
  const silence = { at: world.now, reasons: ['silent'], message: SILENCE };
  const silent = locations.map((name): Case => {
    const isToldOf = mostAreSilent && name !== ACCOUNT;
    const want = !world.silent.has(name) ? 'close' : isToldOf ? 'hold' : 'open';
    return {
      ...locationCase(world, { ...silence, locations: [name] }),
      subject: key('location', name, 'silent'),
      want,
      title: `The location ${name} is silent`,
    };
  });
  const all: Case = {
    ...locationCase(world, { ...silence, locations: watching.filter((name) => world.silent.has(name)) }),
    subject: key('locations', 'silent'),
    severity: 'page',
    want: mostAreSilent ? 'open' : 'close',
    title: watching.length > 1 ? 'Most locations are silent' : `The location ${watching[0]} is silent`,
  };
  return [...blind, ...silent, all];
}

const SILENCE = 'No tick for three minutes: nothing is being watched from there.';

/** What the cases of locations have in common: a ticket at once. */
function locationCase({ config }: World, evidence: Omit<Evidence, 'of' | 'facts'>) {
  return {
    class: 'silent',
    severity: 'ticket',
    runbook: '/runbooks/location',
    evidence: { ...evidence, of: config.locations.length, facts: {} },
    heldBy: undefined,
    announceAfter: 0,
  } as const;
}

/** Something is wrong with Watchbill itself (a config was rejected, a store was quarantined): a ticket. */
export function ownCase(name: string, want: Want, title: string, message: string, now: number): Case {
  return {
    subject: key('watchbill', name),
    class: 'config',
    severity: 'ticket',
    want,
    title,
    runbook: '/runbooks/watchbill',
    evidence: { at: now, reasons: [name], message, locations: [], of: 1, facts: {} },
    heldBy: undefined,
    announceAfter: 0,
  };
}
