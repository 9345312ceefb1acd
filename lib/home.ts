import { randomUUID } from 'node:crypto';
import { checkSubject, type World } from './cases.ts';
import type { Check, Config } from './config/compiled.ts';
import { advance, type Case, type Entry, end, type Incident, isVisible, type Rules } from './incident.ts';
import { aliveKey, INSTALLATION, incidentKey, incidents } from './items.ts';
import { type Known, silentLocations } from './judge.ts';
import { Newest, type Written } from './newest.ts';
import { isPending, nextDue, wasSetBack } from './outbox.ts';
import type { Clock, Item, Log, Store } from './ports.ts';
import { isQuiet } from './quiet.ts';
import type { Tick } from './reading.ts';
import { pointAt } from './recent.ts';
import { putIfAbsent, update, writeId } from './store.ts';

/** A gap in home's own life longer than this starts `since` anew: its return accuses nobody. */
const HOME_GAP_MS = 120_000;
/** No more incidents than this are open or undelivered at once; beyond it the oldest ones come first. */
const MOST_OPEN = 50_000;

interface Alive {
  readonly at: number;
  readonly since: number;
}

const NEVER_ALIVE: Alive = { at: 0, since: 0 };

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
  readonly #newest: Newest;
  #config: Config;
  #checks = new Map<string, Check>();
  #incidents = new Map<string, Item<Incident>>();
  /** Older ones of which somebody is still to be told, by their keys. */
  #waiting = new Map<string, Item<Incident>>();
  #installation = '';
  #alive = NEVER_ALIVE;
  #configuredAt = 0;

  private constructor(ports: HomePorts, config: Config) {
    this.#ports = ports;
    this.#newest = new Newest(ports.store, ports.clock);
    this.#config = config;
  }

  /** Reads what is stored. Throws `StoreError`. */
  static async open(ports: HomePorts, config: Config): Promise<Home> {
    const home = new Home(ports, config);
    const id = await putIfAbsent(ports.store, { ...INSTALLATION, body: { id: randomUUID() } });
    home.#installation = id.item.body.id;
    home.#alive = await home.#lastAlive();
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
    await this.#newest.configure(config);
    this.#config = config;
    this.#configuredAt = this.clock.now();
    this.#checks = new Map(config.checks.map((check) => [check.id, check]));
  }

  /** Stores ticks and takes in what they tell. Answers what was written. */
  remember(ticks: readonly Tick[]): Promise<Written> {
    return this.#newest.remember(ticks);
  }

  /** Reads again what is stored of some checks and their parents, but for what was just written. */
  look(checks: readonly Check[], written: Written = new Set()): Promise<void> {
    return this.#newest.look(
      checks.flatMap(({ id, dependsOn }) => [id, ...dependsOn]),
      written,
    );
  }

  /** Reads again all that is stored of readings. */
  lookAround(): Promise<void> {
    return this.#newest.lookAround();
  }

  /**
   * Before a pass of `decide`. Where home stood still for a while, silence counts from now; where its clock was set
   * back, so it does, and what was recorded ahead of the clock goes: it would outrank what is seen from now on.
   */
  async wake(): Promise<void> {
    this.#alive = await this.#lastAlive();
    const now = this.clock.now();
    const { at } = this.#alive;
    if (wasSetBack(at, now)) await this.#newest.dropFuture(now, at);
    if (now - at > HOME_GAP_MS || wasSetBack(at, now)) this.#alive = { at: now, since: now };
  }

  /** The last pass may have been another process's. */
  async #lastAlive(): Promise<Alive> {
    return (await this.store.get<Alive>(aliveKey('decide')))?.body ?? NEVER_ALIVE;
  }

  /** Home's own sign of life, written after each full pass of `decide`. */
  async beAlive(): Promise<void> {
    this.#alive = { at: this.clock.now(), since: this.#alive.since };
    await update<Alive>(this.store, aliveKey('decide'), () => ({ body: this.#alive }));
  }

  /** What is known of a check, by location. */
  known(id: string): Known {
    return this.#newest.known(id);
  }

  lastTickAt(): Map<string, number> {
    return this.#newest.lastTickAt();
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

  /**
   * Reads again what is known of the outages of some checks. Answers whether another process has written one of them:
   * what was read of the check before that is too old to judge it by.
   */
  async catchUp(checks: readonly Check[]): Promise<boolean> {
    const subjects = checks.map(({ id }) => checkSubject(id, 'down'));
    const before = subjects.map((subject) => this.#incidents.get(subject));
    await Promise.all(subjects.map((subject) => this.#newestOf(subject)));
    return subjects.some((subject, i) => this.#incidents.get(subject) !== before[i]);
  }

  /**
   * Takes a case to the incident log. Answers the incident if this changed it. Where another process has changed it
   * meanwhile, the case may be older than that change: `again` judges it anew; undefined: there is none any more.
   */
  async settle(
    seen: Case,
    again: () => Promise<Case | undefined> = async () => seen,
  ): Promise<Incident | undefined> {
    const { subject } = seen;
    if (seen.want !== 'open' && !this.openIncident(subject)) return undefined;
    return this.#transition(subject, async (newest, isNews) => {
      const current = isNews ? await again() : seen;
      return current && advance(newest, current, this.#rules());
    });
  }

  /** Closes the open incident of a subject, whatever its verdict. */
  endIncident(subject: string, why: string): Promise<Incident | undefined> {
    return this.changeIncident(subject, (newest) =>
      newest.closedAt === undefined ? end(newest, this.clock.now(), why) : undefined,
    );
  }

  /** Changes the newest incident of a subject. Answers it, if that changes anything. */
  changeIncident(
    subject: string,
    change: (newest: Incident) => Incident | undefined,
  ): Promise<Incident | undefined> {
    return this.#transition(subject, async (newest) => newest && change(newest));
  }

  /** `isNews`: what is to be changed was not known before. */
  async #transition(
    subject: string,
    change: (newest: Incident | undefined, isNews: boolean) => Promise<Incident | undefined>,
  ): Promise<Incident | undefined> {
    for (let known = this.#incidents.get(subject); ; known = undefined) {
      const newest = known ?? (await this.#newestOf(subject));
      const next = await change(newest?.body, newest !== known);
      if (!next) return undefined;
      const before = newest?.body.n === next.n ? newest : undefined;
      const wasVisible = before !== undefined && isVisible(before.body);
      if (isVisible(next) && !wasVisible) await pointAt(next, next.openedAt, this.store);
      if (isVisible(next) && next.closedAt !== undefined) await pointAt(next, next.closedAt, this.store);
      if (await this.#write(next, before)) return next;
    }
  }

  async #write(next: Incident, before: Item<Incident> | undefined): Promise<boolean> {
    const item = { ...incidentKey(next), ...draftOf(next) };
    if (!(await this.store.put(item, before?.version ?? 'absent', writeId()))) return false;
    this.learn({ ...item, version: (before?.version ?? 0) + 1 });
    const last = before?.body.timeline.at(-1)?.seq ?? 0;
    const news = next.timeline.filter(({ seq }) => seq > last);
    this.#ports.changed?.(next, news);
    return true;
  }

  /** The newest incident of a subject, read anew. */
  async readNewest(subject: string): Promise<Incident | undefined> {
    return (await this.#newestOf(subject))?.body;
  }

  async #newestOf(subject: string): Promise<Item<Incident> | undefined> {
    const [newest] = await this.store.list<Incident>(incidents(subject), { newestFirst: true, limit: 1 });
    if (newest) this.learn(newest);
    return newest;
  }

  #rules(): Rules {
    const now = this.clock.now();
    const { notify, quietHours } = this.#config;
    return {
      now,
      installation: this.#installation,
      receivers: notify,
      quiet: isQuiet(quietHours, now),
    };
  }
}

/** An incident as it is stored: `due` lists it while it is open or somebody is to be told of it. */
export const draftOf = (incident: Incident): { body: Incident; due?: number } => {
  const due = nextDue(incident);
  return due === undefined ? { body: incident } : { body: incident, due };
};
