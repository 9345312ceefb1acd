import type { Config } from './config/compiled.ts';
import { markDirty } from './dirty.ts';
import { HOUR_MS, hourOf } from './history.ts';
import { beatOfTick, LATEST, latestKey, latestOf, TICK_LIFE_MS, tickKey, ticksOf } from './items.ts';
import type { Known } from './judge.ts';
import { key } from './keys.ts';
import {
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
import type { Clock, Item, Key, Store } from './ports.ts';
import type { Tick } from './reading.ts';
import { hashOf, type Sharding, shardingOf, shardOf } from './schedule.ts';
import { putIfAbsent, update } from './store.ts';

/** Nothing may claim to be further ahead of home's clock than this. */
const FUTURE_MS = 120_000;
/** Nothing older has a say: two of the longest intervals (30 d), and a minute or so. */
const SAID_MS = 61 * 86_400_000;
/** What nobody has reported for so long is watched no longer. */
export const FORGOTTEN_MS = 300_000;
/** An hour is over for whoever computes it at most so much before it is for us: clocks differ by less. */
const ENDING_MS = 60_000;

/** A stored shard of one location and what it says. */
interface Held {
  readonly item: Item<PackedLatest>;
  readonly shard: LatestShard;
}

/** What a config says of readings: who is watched, and how the checks are dealt to shards. */
interface Deal {
  readonly locations: readonly string[];
  readonly configured: ReadonlySet<number>;
  readonly sharding: Sharding;
}

/** Items of `latest` that were written just now, by their sort keys: nobody knows more of them. */
export type Written = ReadonlySet<string>;

/**
 * The newest readings of all locations. Several processes may merge ticks at once: each write is a compare-and-set,
 * and who judges reads before what the others have stored. Of those who store the last readings that a verdict needs,
 * whoever stores last sees them all.
 */
export class Newest {
  readonly #store: Store;
  readonly #clock: Clock;
  #deal: Deal = { locations: [], configured: new Set(), sharding: { bits: 0 } };
  /** By shard, then by location. */
  #held = new Map<string, ReadonlyMap<string, Held>>();
  /** Hours that go on and that this process has marked. */
  readonly #marked = new Set<number>();

  constructor(store: Store, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** Takes another config. Where it deals the checks out anew, what is known moves to the new shards first. */
  async configure({ checks, locations }: Config): Promise<void> {
    const ids = checks.map(({ id }) => id);
    const deal: Deal = { locations, configured: new Set(ids.map(hashOf)), sharding: shardingOf(ids) };
    const stored = await this.#gather(deal);
    this.#deal = deal;
    this.#held = new Map();
    this.#holdAll(stored);
  }

  /** Reads all of it again. */
  async lookAround(): Promise<void> {
    this.#holdAll(await this.#gather(this.#deal));
  }

  /** Reads again what the checks' shards hold, but for those of which all was just written. */
  async look(ids: readonly string[], written: Written): Promise<void> {
    const isWritten = (shard: string) =>
      this.#deal.locations.every((location) => written.has(key(shard, location)));
    const shards = new Set(ids.map((id) => this.#shardOf(hashOf(id))));
    const asked = [...shards].filter((shard) => !isWritten(shard));
    await Promise.all(
      asked.map(async (shard) =>
        this.#holdShard(shard, await this.#store.list<PackedLatest>(LATEST, latestOf(shard))),
      ),
    );
  }

  /** All that is stored. What lies in shards of another dealing moves to those of this one. */
  async #gather(deal: Deal): Promise<Item<PackedLatest>[]> {
    for (;;) {
      const stored = await this.#store.list<PackedLatest>(LATEST);
      const strays = stored.filter(({ sort }) => !sort.startsWith(`${deal.sharding.bits}-`));
      if (strays.length === 0) return stored;
      for (const item of strays) await this.#reshard(item, deal);
    }
  }

  async #reshard(item: Item<PackedLatest>, deal: Deal): Promise<void> {
    const { location } = placeOf(item);
    const { tickAt, checks } = this.#watched(item.body, deal);
    for (const [shard, some] of Map.groupBy(checks, ([hash]) => shardOf(hash, deal.sharding))) {
      const moved = { tickAt, checks: new Map(some) };
      await update<PackedLatest>(this.#store, latestKey(shard, location), (current) => ({
        body: packLatest(mergeShards(current ? unpackLatest(current.body) : NOTHING, moved)),
      }));
    }
    await this.#store.delete(item, item.version);
  }

  /** Without what isn't configured and was not reported of late: nothing else would ever remove it. */
  #watched(packed: PackedLatest, { configured }: Deal): LatestShard {
    const { tickAt, checks } = unpackLatest(packed);
    const lately = this.#clock.now() - FORGOTTEN_MS;
    const watched = [...checks].filter(([hash, { newest }]) => configured.has(hash) || newest.at > lately);
    return { tickAt, checks: new Map(watched) };
  }

  #holdAll(items: readonly Item<PackedLatest>[]): void {
    const byShard = Map.groupBy(items, (item) => placeOf(item).shard);
    for (const shard of this.#held.keys()) if (!byShard.has(shard)) this.#held.delete(shard);
    for (const [shard, some] of byShard) this.#holdShard(shard, some);
  }

  /** What stands at the version that is known is not unpacked again. */
  #holdShard(shard: string, items: readonly Item<PackedLatest>[]): void {
    const before = this.#held.get(shard);
    const now = items.map((item): [string, Held] => {
      const { location } = placeOf(item);
      const held = before?.get(location);
      const isKnown = held?.item.version === item.version;
      return [location, isKnown ? held : { item, shard: this.#watched(item.body, this.#deal) }];
    });
    this.#held.set(shard, new Map(now));
  }

  async #rewrite(shard: string, location: string, change: (now: LatestShard) => LatestShard): Promise<void> {
    const held = this.#held.get(shard)?.get(location);
    let result = held?.shard ?? NOTHING;
    const item = await update<PackedLatest>(
      this.#store,
      latestKey(shard, location),
      (current) => {
        const isHeld = held !== undefined && current === held.item;
        const now = isHeld ? held.shard : current ? this.#watched(current.body, this.#deal) : NOTHING;
        result = change(now);
        return result === now ? undefined : { body: packLatest(result) };
      },
      held?.item,
    );
    if (item) this.#held.set(shard, new Map(this.#held.get(shard)).set(location, { item, shard: result }));
  }

  /**
   * Stores ticks, and takes in what is stored: a doubled tick changes nothing, and goes the whole way. Each shard's one
   * after the other; the shards at once, so that a store can take them together. Then their hours are marked: who dies
   * between the two is given the ticks again. Answers what was written.
   */
  async remember(ticks: readonly Tick[]): Promise<Written> {
    const written = new Set<string>();
    const lanes = Map.groupBy(ticks, ({ location, shard }) => key(location, shard));
    await Promise.all(
      [...lanes.values()].map(async (some) => {
        for (const tick of some) for (const { sort } of await this.#merge(tick)) written.add(sort);
      }),
    );
    for (const hour of new Set(ticks.map(({ beat }) => hourOf(beat)))) await this.#mark(hour);
    return written;
  }

  async #merge(tick: Tick): Promise<Key[]> {
    const { beat, location } = tick;
    const { item } = await putIfAbsent<PackedTick>(this.#store, {
      ...tickKey(hourOf(beat), tick),
      body: packTick(tick),
      expires: beat + TICK_LIFE_MS,
    });
    const stored = withDetails(unpackTick(item.body, beat), tick);
    const byShard = Map.groupBy(stored, ({ hash }) => this.#shardOf(hash));
    if (byShard.size === 0) byShard.set(this.#shardOf(0), []);
    const [oldest, horizon] = [this.#clock.now() - SAID_MS, this.#clock.now() + FUTURE_MS];
    for (const [shard, readings] of byShard) {
      const told = within(shardOfReadings(beat, readings), oldest, horizon);
      await this.#rewrite(shard, location, (now) => mergeShards(within(now, oldest, horizon), told));
    }
    return [...byShard.keys()].map((shard) => latestKey(shard, location));
  }

  /**
   * While an hour goes on, nobody takes its mark away: one is enough. Of one that ended long ago some ticks are gone:
   * computed again, it would be less than it was.
   */
  async #mark(hour: number): Promise<void> {
    const now = this.#clock.now();
    if (hour + TICK_LIFE_MS <= now) return;
    for (const each of this.#marked) if (each + HOUR_MS - now <= ENDING_MS) this.#marked.delete(each);
    if (this.#marked.has(hour)) return;
    await markDirty(this.#store, hour);
    if (hour + HOUR_MS - now > ENDING_MS) this.#marked.add(hour);
  }

  /** What claims to be later than `now` goes, up to `until`: home's clock was set back. */
  async dropFuture(now: number, until: number): Promise<void> {
    this.#marked.clear();
    for (const [shard, inShard] of this.#held) {
      for (const location of inShard.keys())
        await this.#rewrite(shard, location, (latest) => within(latest, 0, now));
    }
    const last = Math.min(until, now + TICK_LIFE_MS);
    for (let hour = hourOf(now); hour <= last; hour += HOUR_MS) {
      for (const item of await this.#store.list(ticksOf(hour))) {
        if (beatOfTick(item) > now) await this.#store.delete(item, item.version);
      }
    }
  }

  /** What is known of a check, by location. */
  known(id: string): Known {
    const hash = hashOf(id);
    const known = new Map<string, Latest>();
    for (const [location, { shard }] of this.#held.get(this.#shardOf(hash)) ?? []) {
      const latest = shard.checks.get(hash);
      if (latest) known.set(location, latest);
    }
    return known;
  }

  /** The newest beat that each location told of. */
  lastTickAt(): Map<string, number> {
    const last = new Map<string, number>();
    for (const inShard of this.#held.values()) {
      for (const [location, { shard }] of inShard)
        last.set(location, Math.max(last.get(location) ?? 0, shard.tickAt));
    }
    return last;
  }

  #shardOf(hash: number): string {
    return shardOf(hash, this.#deal.sharding);
  }
}

function placeOf({ sort }: Key): { readonly shard: string; readonly location: string } {
  const [shard = '', location = ''] = sort.split('/');
  return { shard, location };
}
