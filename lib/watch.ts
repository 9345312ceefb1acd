import { casesOf, locationCases } from './cases.ts';
import type { Config } from './config/compiled.ts';
import { asksOf, asksOnEarly } from './confirm.ts';
import { deliverDue, type Post } from './deliver.ts';
import type { Home } from './home.ts';
import type { Case, Incident } from './incident.ts';
import { aliveKey } from './items.ts';
import { key } from './keys.ts';
import { inMaintenance } from './maintenance.ts';
import { type Beat, runBeat, type Site } from './observe.ts';
import { type Blobs, type Queue, StoreError } from './ports.ts';
import type { Ask, EarlyTick, Tick } from './reading.ts';
import type { Rollup } from './rollup.ts';
import { hashOf, offsetIn, STALE_BEAT_MS } from './schedule.ts';
import { snapshotOf } from './show.ts';
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

/** What is asked for starts so far apart: 200 checks a second, so that a whole config in doubt is no herd. */
const APART_MS = 5;

/** Observe what home asks for, besides the schedule. */
export async function observeAsked(ask: Ask, checks: Config['checks'], site: Site): Promise<void> {
  const wanted = new Set(ask.checks);
  const asked = checks.filter(({ id }) => wanted.has(id));
  const isStale = site.clock.now() - ask.at > STALE_BEAT_MS;
  const due: Beat['due'] = isStale ? [] : asked.map((check, i) => ({ check, offset: i * APART_MS }));
  await runBeat({ at: ask.at, cause: ask.cause, due, skipped: isStale ? asked.length : 0 }, site);
}

/**
 * Decide, with news: ticks are stored and merged, then judged. What came together is judged together: a recovery
 * in it is known before the outage is believed. Answers the incidents that were changed.
 */
export async function decide(ticks: readonly Tick[], home: Home): Promise<Incident[]> {
  await rememberAll(ticks, home);
  const world = home.world();
  const told = new Set(ticks.flatMap(({ readings }) => readings.map(({ check }) => check)));
  const touched = home.config.checks.filter(
    ({ id, dependsOn }) => told.has(id) || dependsOn.some((parent) => told.has(parent)),
  );
  return settle(
    touched.flatMap((check) => casesOf(check, world)),
    home,
  );
}

/** Each shard's one after the other; the shards at once, so that a store can take them together. */
async function rememberAll(ticks: readonly Tick[], home: Home): Promise<void> {
  const shards = Map.groupBy(ticks, ({ location, shard }) => key(location, shard));
  await Promise.all(
    [...shards.values()].map(async (some) => {
      for (const tick of some) await home.remember(tick);
    }),
  );
}

/** Decide, by the clock, each minute: what silence, maintenance and waiting have changed. */
export async function decideByClock(home: Home, rollup: Rollup, asks: Queue<Ask>): Promise<Incident[]> {
  await home.wake();
  await home.refresh();
  const world = home.world();
  const cases = world.config.checks.flatMap((check) => casesOf(check, world));
  cases.push(...locationCases(world, (location) => home.readingsAt(location)));
  const changed = await settle(cases, home);
  for (const incident of home.forgotten(new Set(cases.map(({ subject }) => subject)))) {
    const ended = await home.endIncident(incident.subject, forgottenWords(incident));
    if (ended) changed.push(ended);
  }
  for (const ask of asksOf(home.world())) await asks.send(ask);
  const byHash = new Map(home.config.checks.map((check) => [hashOf(check.id), check]));
  await rollup.roll(home.dirtyHours, {
    now: home.clock.now(),
    check: (hash) => byHash.get(hash),
    inMaintenance: (check, at) => inMaintenance(home.config.maintenance, check.id, at),
  });
  await home.beAlive();
  return changed;
}

/** A first try failed somewhere: others are asked to look at once. */
export async function confirmNow(early: EarlyTick, home: Home, asks: Queue<Ask>): Promise<void> {
  for (const ask of asksOnEarly(early, home.world())) await asks.send(ask);
}

async function settle(cases: readonly Case[], home: Home): Promise<Incident[]> {
  const changed: Incident[] = [];
  for (const seen of cases) {
    const incident = await home.settle(seen).catch((error: unknown) => goOnWithout(seen, error, home));
    if (incident) changed.push(incident);
  }
  return changed;
}

/** A defect in one case keeps no other from being decided. A store that fails does: then all of it comes again. */
function goOnWithout({ subject, title }: Case, error: unknown, { log }: Home): undefined {
  if (error instanceof StoreError) throw error;
  log.error(`"${title}" could not be decided on`, { subject, error: String(error) });
}

/** Deliver: sends what is due, in order. Answers when to come back, epoch ms; undefined: when there is news. */
export async function deliver(post: Post): Promise<number | undefined> {
  const next = await deliverDue(post);
  const now = post.clock.now();
  await update<{ at: number }>(post.store, aliveKey('deliver'), () => ({ body: { at: now } }));
  return next;
}

/** Show: writes down what the status page reads. */
export async function show(home: Home, rollup: Rollup, blobs: Blobs): Promise<Snapshot> {
  const snapshot = await snapshotOf(home, rollup);
  await blobs.write('snapshot.json', JSON.stringify(snapshot));
  return snapshot;
}
