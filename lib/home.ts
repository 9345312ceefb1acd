import { randomUUID } from 'node:crypto';
import type { World } from './cases.ts';
import type { Check, Config } from './config/compiled.ts';
import { HOUR_MS, hourOf } from './history.ts';
import {
  advance,
  type Case,
  type Entry,
  end,
  type Incident,
  type IncidentClass,
  isVisible,
  type Rules,
} from './incident.ts';
import {
  aliveKey,
  beatOfTick,
  INSTALLATION,
  incidentKey,
  incidents,
  LATEST,
  latestKey,
  recentKey,
  recentOf,
  tickKey,
  ticksOf,
} from './items.ts';
import { type Known, silentLocations } from './judge.ts';
import {
  type Kept,
  type Latest,
  type LatestShard,
  mergeShards,
  NOTHING,
  type PackedLatest,
  type PackedTick,
  packLatest,
  packTick,
  shardOfReadings,
  unpackLatest,
  unpackTick,
  withDetails,
  within,
} from './latest.ts';
import { isPending, nextDue, wasSetBack } from './outbox.ts';
import type { Clock, Item, Key, Log, Store } from './ports.ts';
import type { Tick } from './reading.ts';
import { hashOf, type Sharding, shardingOf, shardOf } from './schedule.ts';
import { putIfAbsent, update, writeId } from './store.ts';

/** Ticks live so long: long enough to recompute any hour that a late one may land in. */
const TICK_LIFE_MS = 8 * 86_400_000;
const RECENT_LIFE_MS = 400 * 86_400_000;
/** A gap in home's own life longer than this starts `since` anew: its return accuses nobody. */
const HOME_GAP_MS = 120_000;
/** Nothing may claim to be further ahead of home's clock than this. */
const FUTURE_MS = 120_000;
/** Nothing older has a say: two of the longest intervals (30 d), and a minute or so. */
const SAID_MS = 61 * 86_400_000;
/** What nobody has reported for so long is watched no longer. */
export const FORGOTTEN_MS = 300_000;
/** The classes of incidents that end once nobody tells of them any more: a drill may have been cut off. */
const FORGETTABLE: ReadonlySet<IncidentClass> = new Set([
  'down',
  'degraded',
  'unknown',
  'silent',
  'blind',
  'drill',
]);
/** No more incidents than this are open or undelivered at once; beyond it the oldest ones come first. */
const MOST_OPEN = 50_000;

/** A stored shard and what it says. */
interface Held {
  readonly item: Item<PackedLatest>;
  readonly shard: LatestShard;
}

interface Alive {
  readonly at: number;
  readonly since: number;
}

/** What home needs of the world. */
export interface HomePorts {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  /** Told of what is new in an incident, as soon as it is written. */
  readonly changed?: (incident: Incident, news: readonly Entry[]) => void;
}

/**
 * Home's memory of what is stored: the newest readings and the newest incident of each subject that matters.
 * It is a cache: every write is a compare-and-set, so a stale memory loses the race, reads again and goes on.
 */
export class Home {
  readonly #ports: HomePorts;
  #config: Config;
  #checks = new Map<string, Check>();
  #sharding: Sharding = { bits: 0 };
  /** By shard, then by location. */
  #latest = new Map<string, Map<string, Held>>();
  #incidents = new Map<string, Item<Incident>>();
  /** Older ones of which somebody is still to be told, by their keys. */
  #waiting = new Map<string, Item<Incident>>();
  #installation = '';
  #alive: Alive = { at: 0, since: 0 };
  #configuredAt = 0;
  /** Hours whose history is to be computed again. */
  readonly dirtyHours = new Set<number>();

  private constructor(ports: HomePorts, config: Config) {
    this.#ports = ports;
    this.#config = config;
  }

  /** Reads what is stored. Throws `StoreError`. */
  static async open(ports: HomePorts, config: Config): Promise<Home> {
    const home = new Home(ports, config);
    const id = await putIfAbsent(ports.store, { ...INSTALLATION, body: { id: randomUUID() } });
    home.#installation = id.item.body.id;
    home.#alive = (await ports.store.get<Alive>(aliveKey('decide')))?.body ?? home.#alive;
    await home.configure(config);
    await home.refresh();
    return home;
  }

  get config(): Config {
    return this.#config;
  }

  get store(): Store {
    return this.#ports.store;
  }

  get clock(): Clock {
    return this.#ports.clock;
  }

  get log(): Log {
    return this.#ports.log;
  }

  /**
   * Takes another config. Where it deals the checks out anew, what is known moves to the new shards first; if that
   * fails (`StoreError`), the old config stays in force, and the new one can be taken again.
   */
  async configure(config: Config): Promise<void> {
    const ids = config.checks.map(({ id }) => id);
    const sharding = shardingOf(ids);
    const configured = new Set(ids.map(hashOf));
    const isStray = ({ sort }: Key) => !sort.startsWith(`${sharding.bits}-`);
    let stored = await this.store.list<PackedLatest>(LATEST);
    while (stored.some(isStray)) {
      for (const item of stored.filter(isStray)) await this.#reshard(item, sharding, configured);
      stored = await this.store.list<PackedLatest>(LATEST);
    }
    this.#config = config;
    this.#configuredAt = this.clock.now();
    this.#checks = new Map(config.checks.map((check) => [check.id, check]));
    this.#sharding = sharding;
    this.#latest.clear();
    for (const item of stored) {
      const [shard = '', location = ''] = item.sort.split('/');
      this.#hold(shard, location, { item, shard: this.#watched(item.body, configured) });
    }
  }

  async #reshard(
    item: Item<PackedLatest>,
    sharding: Sharding,
    configured: ReadonlySet<number>,
  ): Promise<void> {
    const [, location = ''] = item.sort.split('/');
    const { tickAt, checks } = this.#watched(item.body, configured);
    for (const [shard, some] of Map.groupBy(checks, ([hash]) => shardOf(hash, sharding))) {
      const moved = { tickAt, checks: new Map(some) };
      await update<PackedLatest>(this.store, latestKey(shard, location), (current) => ({
        body: packLatest(mergeShards(current ? unpackLatest(current.body) : NOTHING, moved)),
      }));
    }
    await this.store.delete(item, item.version);
  }

  /** Without what isn't configured and was not reported of late: nothing else would ever remove it. */
  #watched(packed: PackedLatest, configured: ReadonlySet<number>): LatestShard {
    const { tickAt, checks } = unpackLatest(packed);
    const lately = this.clock.now() - FORGOTTEN_MS;
    const watched = [...checks].filter(([hash, { newest }]) => configured.has(hash) || newest.at > lately);
    return { tickAt, checks: new Map(watched) };
  }

  #hold(shard: string, location: string, held: Held): void {
    const inShard = this.#latest.get(shard) ?? new Map<string, Held>();
    this.#latest.set(shard, inShard.set(location, held));
  }

  async #rewrite(shard: string, location: string, change: (now: LatestShard) => LatestShard): Promise<void> {
    const held = this.#latest.get(shard)?.get(location);
    let result = held?.shard ?? NOTHING;
    const item = await update<PackedLatest>(
      this.store,
      latestKey(shard, location),
      (current) => {
        const now =
          current === held?.item && held ? held.shard : current ? unpackLatest(current.body) : NOTHING;
        result = change(now);
        return result === now ? undefined : { body: packLatest(result) };
      },
      held?.item,
    );
    if (item) this.#hold(shard, location, { item, shard: result });
  }

  /** Stores a tick, and takes in what is stored: a doubled tick changes nothing, and goes the whole way. */
  async remember(tick: Tick): Promise<void> {
    const hour = hourOf(tick.beat);
    const { item } = await putIfAbsent<PackedTick>(this.store, {
      ...tickKey(hour, tick),
      body: packTick(tick),
      expires: tick.beat + TICK_LIFE_MS,
    });
    this.dirtyHours.add(hour);
    const stored = withDetails(unpackTick(item.body, tick.beat), tick);
    const byShard = Map.groupBy(stored, ({ hash }) => shardOf(hash, this.#sharding));
    if (byShard.size === 0) byShard.set(shardOf(0, this.#sharding), []);
    const [oldest, horizon] = [this.clock.now() - SAID_MS, this.clock.now() + FUTURE_MS];
    for (const [shard, readings] of byShard) {
      const told = within(shardOfReadings(tick.beat, readings), oldest, horizon);
      await this.#rewrite(shard, tick.location, (now) => mergeShards(within(now, oldest, horizon), told));
    }
  }

  /**
   * Before a pass of `decide`. Where home stood still for a while, silence counts from now; where its clock was set
   * back, so it does, and what was recorded ahead of the clock goes: it would outrank what is seen from now on.
   */
  async wake(): Promise<void> {
    const now = this.clock.now();
    const { at } = this.#alive;
    if (wasSetBack(at, now)) await this.#dropFuture(now, at);
    if (now - at > HOME_GAP_MS || wasSetBack(at, now)) this.#alive = { at: now, since: now };
  }

  async #dropFuture(now: number, until: number): Promise<void> {
    for (const [shard, inShard] of this.#latest) {
      for (const location of inShard.keys())
        await this.#rewrite(shard, location, (latest) => within(latest, 0, now));
    }
    const last = Math.min(until, now + TICK_LIFE_MS);
    for (let hour = hourOf(now); hour <= last; hour += HOUR_MS) {
      for (const item of await this.store.list(ticksOf(hour))) {
        if (beatOfTick(item) > now) await this.store.delete(item, item.version);
      }
    }
  }

  /** Home's own sign of life, written after each full pass of `decide`. */
  async beAlive(): Promise<void> {
    this.#alive = { at: this.clock.now(), since: this.#alive.since };
    await update<Alive>(this.store, aliveKey('decide'), () => ({ body: this.#alive }));
  }

  /** What is known of a check, by location. */
  known(id: string): Known {
    const hash = hashOf(id);
    const known = new Map<string, Latest>();
    for (const [location, { shard }] of this.#latest.get(shardOf(hash, this.#sharding)) ?? []) {
      const latest = shard.checks.get(hash);
      if (latest) known.set(location, latest);
    }
    return known;
  }

  /** The newest reading of each configured check at a location. */
  readingsAt(location: string): { reading: Kept; every: number }[] {
    return this.#config.checks.flatMap((check) => {
      const latest = this.known(check.id).get(location);
      return latest ? [{ reading: latest.newest, every: check.every }] : [];
    });
  }

  lastTickAt(): Map<string, number> {
    const last = new Map<string, number>();
    for (const inShard of this.#latest.values()) {
      for (const [location, { shard }] of inShard)
        last.set(location, Math.max(last.get(location) ?? 0, shard.tickAt));
    }
    return last;
  }

  world(): World {
    const now = this.clock.now();
    return {
      config: this.#config,
      now,
      since: this.#alive.since,
      begun: Math.max(this.#alive.since, this.#configuredAt),
      check: (id) => this.#checks.get(id),
      known: (id) => this.known(id),
      silent: silentLocations(this.#config.locations, this.lastTickAt(), this.#alive.since, now),
      open: (subject) => this.openIncident(subject),
    };
  }

  openIncident(subject: string): Incident | undefined {
    const incident = this.#incidents.get(subject)?.body;
    return incident?.closedAt === undefined ? incident : undefined;
  }

  newestIncident(subject: string): Incident | undefined {
    return this.#incidents.get(subject)?.body;
  }

  openIncidents(): Incident[] {
    return [...this.#incidents.values()]
      .map(({ body }) => body)
      .filter(({ closedAt }) => closedAt === undefined);
  }

  /** Everything open, and everything that somebody is still to be told. */
  liveIncidents(): Incident[] {
    return [...this.#waiting.values(), ...this.#incidents.values()]
      .map(({ body }) => body)
      .filter((body) => body.closedAt === undefined || isPending(body));
  }

  /** Reads what is open or undelivered, whoever wrote it; and what isn't any more, where another process wrote it. */
  async refresh(): Promise<void> {
    const items = await this.store.due<Incident>(Number.MAX_SAFE_INTEGER, MOST_OPEN);
    for (const item of items) this.learn(item);
    const listed = new Set(items.map(({ body }) => body.key));
    for (const incident of this.liveIncidents().filter(({ key }) => !listed.has(key))) {
      const item = await this.store.get<Incident>(incidentKey(incident));
      if (item) this.learn(item);
    }
  }

  /** Takes note of an incident that was read or written elsewhere. */
  learn(item: Item<Incident>): void {
    const { subject, n } = item.body;
    const held = this.#incidents.get(subject);
    if (held && n < held.body.n) this.#keepWaiting(item);
    else if (!held || n > held.body.n || item.version > held.version) {
      this.#incidents.set(subject, item);
      this.#waiting.delete(item.body.key);
      if (held && n > held.body.n) this.#keepWaiting(held);
    }
  }

  /** An older incident is remembered for as long as somebody is to be told of it. */
  #keepWaiting(item: Item<Incident>): void {
    const { key } = item.body;
    const held = this.#waiting.get(key);
    if (held && item.version < held.version) return;
    if (isPending(item.body)) this.#waiting.set(key, item);
    else this.#waiting.delete(key);
  }

  /** Takes a case to the incident log. Answers the incident if this changed it. */
  async settle(seen: Case): Promise<Incident | undefined> {
    const { subject } = seen;
    if (seen.want !== 'open' && !this.openIncident(subject)) return undefined;
    return this.#transition(subject, (newest, rules) => advance(newest, seen, rules));
  }

  /** Closes the open incident of a subject, whatever its verdict. */
  async endIncident(subject: string, why: string): Promise<Incident | undefined> {
    return this.#transition(subject, (newest, { now }) =>
      newest && newest.closedAt === undefined ? end(newest, now, why) : undefined,
    );
  }

  async #transition(
    subject: string,
    change: (newest: Incident | undefined, rules: Rules) => Incident | undefined,
  ): Promise<Incident | undefined> {
    for (let known = this.#incidents.get(subject); ; known = undefined) {
      const newest = known ?? (await this.#newest(subject));
      const next = change(newest?.body, this.#rules());
      if (!next) return undefined;
      const before = newest?.body.n === next.n ? newest : undefined;
      const wasVisible = before !== undefined && isVisible(before.body);
      if (isVisible(next) && !wasVisible) await this.#point(next, next.openedAt);
      if (isVisible(next) && next.closedAt !== undefined) await this.#point(next, next.closedAt);
      const item = { ...incidentKey(next), ...draftOf(next) };
      if (await this.store.put(item, before?.version ?? 'absent', writeId())) {
        this.learn({ ...item, version: (before?.version ?? 0) + 1 });
        const last = before?.body.timeline.at(-1)?.seq ?? 0;
        this.#ports.changed?.(
          next,
          next.timeline.filter(({ seq }) => seq > last),
        );
        return next;
      }
    }
  }

  async #newest(subject: string): Promise<Item<Incident> | undefined> {
    const [newest] = await this.store.list<Incident>(incidents(subject), { newestFirst: true, limit: 1 });
    if (newest) this.learn(newest);
    return newest;
  }

  async #point(incident: Incident, at: number): Promise<void> {
    const { subject, n } = incident;
    await putIfAbsent(this.store, {
      ...recentKey(at, incident),
      body: { subject, n },
      expires: at + RECENT_LIFE_MS,
    });
  }

  #rules(): Rules {
    return { now: this.clock.now(), installation: this.#installation, receivers: this.#config.notify };
  }

  /** Visible incidents that ended lately, newest first. */
  async recent(limit: number): Promise<Incident[]> {
    const now = this.clock.now();
    const lastMonth = new Date(now).setUTCDate(0);
    const found = new Map<string, Incident>();
    for (const month of [recentOf(now), recentOf(lastMonth)]) {
      for (const { body } of await this.store.list<{ subject: string; n: number }>(month, {
        newestFirst: true,
        limit: 2 * limit,
      })) {
        const item = found.size < limit && (await this.store.get<Incident>(incidentKey(body)));
        if (item && item.body.closedAt !== undefined) found.set(item.body.id, item.body);
      }
    }
    return [...found.values()].sort((a, b) => (b.closedAt ?? 0) - (a.closedAt ?? 0));
  }

  /** Open incidents that are none of the `current` subjects any more, and that nobody has told of lately. */
  forgotten(current: ReadonlySet<string>): Incident[] {
    const lately = this.clock.now() - FORGOTTEN_MS;
    const lastTickAt = this.lastTickAt();
    const toldOfAt = ({ class: kind, check, evidence }: Incident): number[] => {
      if (kind === 'drill') return [evidence.at];
      if (check) return [...this.known(check.id).values()].map(({ newest }) => newest.at);
      return evidence.locations.map((location) => lastTickAt.get(location) ?? 0);
    };
    return this.openIncidents().filter(
      (incident) =>
        FORGETTABLE.has(incident.class) &&
        !current.has(incident.subject) &&
        toldOfAt(incident).every((at) => at <= lately),
    );
  }
}

/** An incident as it is stored: `due` lists it while it is open or somebody is to be told of it. */
export const draftOf = (incident: Incident): { body: Incident; due?: number } => {
  const due = nextDue(incident);
  return due === undefined ? { body: incident } : { body: incident, due };
};
