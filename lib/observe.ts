import { attempt, words } from './attempt.ts';
import type { Check, Config } from './config/compiled.ts';
import { tellEarly } from './early.ts';
import { createFreezeMeter, type FreezeMeter } from './freeze.ts';
import { limited, type Means } from './limited.ts';
import { createParts } from './parts.ts';
import { type Log, type Queue, sleep } from './ports.ts';
import type { ProbeContext } from './probes/define.ts';
import { type Cause, type EarlyTick, type Finding, passed, type Reading, type Tick } from './reading.ts';
import { isFinal } from './reasons.ts';
import { redact, redactFacts } from './redact.ts';
import { hashOf, retryStarts, type Sharding, shardOf } from './schedule.ts';
import { Turns } from './turns.ts';

/** What runs a check once: the part of a probe that a location needs. */
export type RunProbe = (check: Check, context: ProbeContext) => Promise<Finding>;

/** A location: what it needs to run checks and to send home what it saw. */
export interface Site extends Means {
  readonly location: string;
  readonly config: Pick<Config, 'judge' | 'observer'>;
  readonly sharding: Sharding;
  readonly probe: (type: string) => RunProbe;
  readonly log: Log;
  readonly ticks: Queue<Tick>;
  readonly early: Queue<EarlyTick>;
  /** Whether a canary answers: how a location tells its own blindness from an outage. */
  readonly canaryAnswers: (url: string, context: ProbeContext) => Promise<boolean>;
  /** Readings are sent at the latest so many ms after the first of them is there; Infinity: all at the end. */
  readonly flushAfter: number;
  /** At most so many checks run here at the same time, since memory bounds it; Infinity: as many as are due. */
  readonly atOnce: number;
  /** The checks that are running here now: no check overlaps with itself. */
  readonly running: Set<string>;
  /** Whose turn it is, where `atOnce` bounds that. */
  turns?: Turns;
  /** Checks whose first try has just failed: they wait to be told of together. */
  failing?: Set<string>;
  /** Resolves once all that has failed so far was told of. */
  told?: Promise<unknown>;
  /** When something last passed here, monotonic ms: it proves that the location can see. */
  lastPass: number;
  /** What the canaries said last: many checks that fail together ask them once. */
  lastLook?: { readonly at: number; readonly sees: Promise<boolean> };
}

/** A beat's worth of work: what is due, and how far into the beat each check starts. */
export interface Beat {
  readonly at: number;
  /** Whether starts are counted from when it begins, however late that is; otherwise what is late starts at once. */
  readonly fromNow?: boolean;
  /** The shard whose tick tells that nothing was due; undefined: the first. */
  readonly shard?: string;
  readonly cause: Cause;
  readonly due: readonly { readonly check: Check; readonly offset: number }[];
  /** Beats of checks that were skipped before this one: told once, with its first part. */
  readonly skipped: number;
}

/** Runs one beat: every due check, each with its retries, and sends home what was found. */
export async function runBeat(beat: Beat, site: Site): Promise<void> {
  const freeze = createFreezeMeter(site.clock);
  const shards = Map.groupBy(beat.due, ({ check }) => shardOf(hashOf(check.id), site.sharding));
  if (shards.size === 0) shards.set(beat.shard ?? shardOf(0, site.sharding), []);
  const parts = [...shards].map(([shard, due], i) => ({ shard, due, skipped: i === 0 ? beat.skipped : 0 }));
  try {
    await Promise.all(parts.map(({ shard, ...part }) => runShard({ ...beat, ...part }, shard, site, freeze)));
  } finally {
    freeze.stop();
    if (!site.signal.aborted) await site.told;
  }
}

/** One shard's part of a beat. Nothing due is a tick as well: the location is alive. What is cut off is counted. */
async function runShard(beat: Beat, shard: string, site: Site, freeze: FreezeMeter): Promise<void> {
  const began = site.clock.monotonic();
  const late = beat.fromNow ? 0 : Math.max(0, site.clock.now() - beat.at);
  const parts = createParts(beat, shard, site);
  site.turns ??= new Turns(site.atOnce);
  const { turns } = site;
  let cutOff = 0;
  await Promise.all(
    beat.due.map(async ({ check, offset }) => {
      await sleep(site.clock, began - late + offset - site.clock.monotonic(), site.signal);
      const run = () => runCheck(check, beat.at + offset, beat.cause, site, freeze);
      const came = (await turns.take(site.signal, run)) ?? 'cut off';
      if (came === 'cut off') cutOff += 1;
      else if (came !== 'covered') parts.add(came);
    }),
  );
  await parts.close(cutOff);
}

/** One run of one check. `covered`: it was running already; `cut off`: the process stops before it can tell. */
async function runCheck(
  check: Check,
  at: number,
  cause: Cause,
  site: Site,
  freeze: FreezeMeter,
): Promise<Reading | 'covered' | 'cut off'> {
  if (site.signal.aborted) return 'cut off';
  if (site.running.has(check.id)) return 'covered';
  site.running.add(check.id);
  const began = site.clock.monotonic();
  try {
    const { finding: found, tries } = await confirm(check, cause, site, freeze);
    if (passed(found.status)) site.lastPass = site.clock.monotonic();
    const finding = await admitBlindness(found, began, site);
    if (site.signal.aborted && !passed(finding.status)) return 'cut off';
    return { check: check.id, at, tries, ...cleaned(finding) };
  } finally {
    site.running.delete(check.id);
  }
}

/** Tries until one passes or all have failed: what it answers is already confirmed. */
async function confirm(
  check: Check,
  cause: Cause,
  site: Site,
  freeze: FreezeMeter,
): Promise<{ finding: Finding; tries: number }> {
  const findings = [await attempt(check, site, freeze)];
  if (!isSettled(findings[0])) {
    const failedAt = site.clock.monotonic();
    if (cause === 'schedule') tellEarly(check.id, site);
    for (const start of retryStarts(site.config.judge)) {
      await sleep(site.clock, failedAt + start - site.clock.monotonic(), site.signal);
      if (site.signal.aborted) break;
      findings.push(await attempt(check, site, freeze));
      if (isSettled(findings.at(-1))) break;
    }
  }
  return { finding: lastWord(findings), tries: findings.length };
}

const isSettled = (finding: Finding | undefined): boolean =>
  finding !== undefined && (passed(finding.status) || finding.reasons.some(isFinal));

/** A try that passed decides; without one, anything we couldn't tell makes all of it unknown. */
function lastWord(findings: readonly Finding[]): Finding {
  const decisive =
    findings.find(({ status }) => passed(status)) ??
    findings.findLast(({ status }) => status === 'unknown') ??
    findings.at(-1);
  if (!decisive) throw new RangeError('a run without a try');
  if (findings.length === 1 || !passed(decisive.status)) return decisive;
  return { ...decisive, facts: { ...decisive.facts, retries: findings.length - 1 } };
}

const cleaned = (finding: Finding): Finding => ({
  ...finding,
  message: redact(finding.message),
  facts: redactFacts(finding.facts),
});

/**
 * The observer suspects itself first: a run that found its target down while nothing passed here, not even what other
 * runs looked at, says `unknown` if every canary fails as well.
 */
async function admitBlindness(finding: Finding, began: number, site: Site): Promise<Finding> {
  if (finding.status !== 'down' || site.lastPass >= began || (await sees(began, site))) return finding;
  const message = 'Nothing passed here and no canary answered: this location cannot see.';
  return { ...finding, status: 'unknown', reasons: ['observer_blind'], message };
}

/** Canaries that were asked so lately, and since the run began, aren't asked again. */
const SAME_LOOK_MS = 1_000;

function sees(began: number, site: Site): Promise<boolean> {
  const now = site.clock.monotonic();
  if (!site.lastLook || site.lastLook.at < Math.max(began, now - SAME_LOOK_MS))
    site.lastLook = { at: now, sees: someCanaryAnswers(site) };
  return site.lastLook.sees;
}

/** Without canaries nobody can doubt what was seen. */
async function someCanaryAnswers(site: Site): Promise<boolean> {
  const { canaries } = site.config.observer;
  const answers = await Promise.all(canaries.map((url) => askCanary(url, site)));
  return canaries.length === 0 || answers.includes(true);
}

const CANARY_TIMEOUT_MS = 5_000;

async function askCanary(url: string, site: Site): Promise<boolean> {
  try {
    return await limited(site, CANARY_TIMEOUT_MS, (context) => site.canaryAnswers(url, context));
  } catch (error) {
    site.log.error('a canary could not be asked', { error: words(error) });
    return false;
  }
}
