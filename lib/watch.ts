import { dueIn, type PlannedBeat } from './beats.ts';
import type { Check, Config } from './config/compiled.ts';
import { asksOf, asksOnEarly } from './confirm.ts';
import { deliverDue, type Post } from './deliver.ts';
import { scheduledDrill } from './drill.ts';
import { forgottenBy } from './forgotten.ts';
import type { Home } from './home.ts';
import type { Incident } from './incident.ts';
import { aliveKey } from './items.ts';
import { inMaintenance } from './maintenance.ts';
import type { News } from './news.ts';
import { type Beat, runBeat, type Site } from './observe.ts';
import type { Queue } from './ports.ts';
import type { Ask, EarlyTick, Tick } from './reading.ts';
import type { Rollup } from './rollup.ts';
import { hashOf, offsetIn, STALE_BEAT_MS } from './schedule.ts';
import { hasFailed, isOpen, judgedChecks, judgedLocations, settle } from './settle.ts';
import { snapshotOf } from './show.ts';
import { lookAtSignals, takeSignals } from './signal-log.ts';
import type { Snapshot } from './snapshot.ts';
import { update } from './store.ts';
import { forgottenWords } from './words.ts';

/**
 * The story. Checks are observed in every location, and their readings sent home; home decides what is really
 * wrong and keeps one incident for each problem; what happens to an incident is delivered to those who must
 * know; the status page shows what is so.
 */

/** Observe: a beat has come. Runs what is due in it and sends home what was found. */
export async function observe(
  beat: number,
  step: number,
  checks: Config['checks'],
  skipped: number,
  site: Site,
): Promise<void> {
  const due = checks.flatMap((check) => {
    const offset = offsetIn(check, beat, step);
    return offset === undefined ? [] : [{ check, offset }];
  });
  await runBeat({ at: beat, cause: 'schedule', due, skipped }, site);
}

/** The same where nothing may be billed for waiting: what is due in the beat starts as soon as the beat comes. */
export async function observeAtOnce(
  beat: PlannedBeat,
  config: Config,
  skipped: number,
  site: Site,
): Promise<void> {
  const { at, shard } = beat;
  await runAtOnce({ at, shard, cause: 'schedule', skipped }, dueIn(beat, config, site.location), site);
}

/** Observe what home asks for, besides the schedule. */
export async function observeAsked(ask: Ask, checks: Config['checks'], site: Site): Promise<void> {
  const wanted = new Set(ask.checks);
  const asked = checks.filter(({ id }) => wanted.has(id));
  await runAtOnce({ at: ask.at, cause: ask.cause, skipped: 0 }, asked, site);
}

/** What starts at once starts so far apart: 200 checks a second, so that a whole config is no herd. */
export const APART_MS = 5;

/** Too late, none of it runs: that is counted. */
async function runAtOnce(beat: Omit<Beat, 'due'>, checks: Config['checks'], site: Site): Promise<void> {
  const isStale = site.clock.now() - beat.at > STALE_BEAT_MS;
  const due = isStale ? [] : checks.map((check, i) => ({ check, offset: i * APART_MS }));
  const skipped = beat.skipped + (isStale ? checks.length : 0);
  await runBeat({ ...beat, due, skipped, fromNow: true }, site);
}

/**
 * Decide: takes in what has reached home. Ticks first, so that whatever is decided knows all of them; then what others
 * have found wrong; then others are asked where a first try has failed; then, once a minute, the clock. Answers the
 * incidents that were changed.
 */
export async function takeIn(
  news: readonly News[],
  home: Home,
  rollup: () => Promise<Rollup>,
  asks: Queue<Ask>,
): Promise<Incident[]> {
  const changed = await decide(
    news.flatMap((one) => (one.kind === 'tick' ? one.tick : [])),
    home,
  );
  changed.push(
    ...(await takeSignals(
      news.flatMap((one) => (one.kind === 'signal' ? one.signal : [])),
      home,
    )),
  );
  const early = news.flatMap((one) => (one.kind === 'early' ? one.early : []));
  if (early.length > 0) await confirmNow(early, home, asks);
  if (!news.some(({ kind }) => kind === 'clock')) return changed;
  return [...changed, ...(await decideByClock(home, rollup, asks))];
}

/**
 * Decide, with news: ticks are stored and merged, then judged. What came together is judged together: a recovery
 * in it is known before the outage is believed. Answers the incidents that were changed.
 */
export async function decide(ticks: readonly Tick[], home: Home): Promise<Incident[]> {
  const written = await home.remember(ticks);
  const told = new Set(ticks.flatMap(({ readings }) => readings.map(({ check }) => check)));
  const touched = home.config.checks.filter(
    ({ id, dependsOn }) => told.has(id) || dependsOn.some((parent) => told.has(parent)),
  );
  await home.look(touched, written);
  if (await home.catchUp(touched.filter((check) => hasFailed(check, home)))) await home.look(touched);
  return settle(judgedChecks(touched, home), home);
}

/** Decide, by the clock, each minute: what silence, maintenance and waiting have changed. */
export async function decideByClock(
  home: Home,
  rollup: () => Promise<Rollup>,
  asks: Queue<Ask>,
): Promise<Incident[]> {
  await home.wake();
  await home.refresh();
  await home.lookAround();
  const { checks } = home.config;
  // what is due may be listed late
  const doubtful = checks.filter((check) => hasFailed(check, home) && !isOpen(check, home));
  if (await home.catchUp(doubtful)) await home.lookAround();
  const judged = [...judgedChecks(checks, home), judgedLocations(home)];
  const changed = await settle(judged, home);
  changed.push(...(await lookAtSignals(home)));
  changed.push(
    ...(await settle([{ cases: await scheduledDrill(home), again: () => scheduledDrill(home) }], home)),
  );
  const current = new Set(judged.flatMap(({ cases }) => cases.map(({ subject }) => subject)));
  for (const incident of forgottenBy(home, current)) {
    const ended = await home.endIncident(incident.subject, forgottenWords(incident));
    if (ended) changed.push(ended);
  }
  for (const ask of asksOf(home.world())) await asks.send(ask);
  await rollUp(home, await rollup());
  await home.beAlive();
  return changed;
}

async function rollUp(home: Home, rollup: Rollup): Promise<void> {
  const byHash = new Map(home.config.checks.map((check) => [hashOf(check.id), check]));
  const now = home.clock.now();
  await rollup.follow(now);
  await rollup.roll({
    now,
    check: (hash) => byHash.get(hash),
    inMaintenance: (check, at) => inMaintenance(home.config.maintenance, check.id, at),
  });
}

/** First tries failed somewhere: others are asked to look at once, each once for all that came together. */
export async function confirmNow(early: readonly EarlyTick[], home: Home, asks: Queue<Ask>): Promise<void> {
  const { check } = home.world();
  const failing = early.flatMap((one) => {
    const some = one.checks.flatMap((id) => check(id) ?? []);
    return some.filter((each) => hasOthers(each, one)).map((each) => ({ check: each, at: one.location }));
  });
  await home.look(failing.map((one) => one.check));
  const isNew = (id: string, at: string) => home.known(id).get(at)?.newest.status !== 'down';
  const doubtful = failing.filter((one) => isNew(one.check.id, one.at) && isOpen(one.check, home));
  await home.catchUp(doubtful.map((one) => one.check));
  for (const ask of asksOnEarly(early, home.world())) await asks.send(ask);
}

/** Whether there is anybody else to ask: another location, or a parent. */
const hasOthers = ({ locations, dependsOn }: Check, { location }: EarlyTick): boolean =>
  dependsOn.length > 0 || locations.some((other) => other !== location);

/** Deliver: sends what is due, in order. Answers when to come back, epoch ms; undefined: when there is news. */
export async function deliver(post: Post): Promise<number | undefined> {
  const next = await deliverDue(post);
  const now = post.clock.now();
  await update<{ at: number }>(post.store, aliveKey('deliver'), () => ({ body: { at: now } }));
  return next;
}

/** Show: what the status page reads. */
export function show(home: Home, rollup: Rollup): Promise<Snapshot> {
  return snapshotOf(home, rollup);
}
