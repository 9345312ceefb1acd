import { askFor } from '../../asks.ts';
import { ownCase } from '../../cases.ts';
import type { Config } from '../../config/compiled.ts';
import { holdSwitch } from '../../dead-mans-switch.ts';
import type { Post, Sender } from '../../deliver.ts';
import { Home } from '../../home.ts';
import type { Case, Entry, Incident } from '../../incident.ts';
import type { Want } from '../../judge.ts';
import type { Net } from '../../net/net.ts';
import type { News } from '../../news.ts';
import type { RunProbe, Site } from '../../observe.ts';
import { type Blobs, type Clock, type Log, type Secrets, type Store, sleep } from '../../ports.ts';
import type { Ask } from '../../reading.ts';
import { Rollup } from '../../rollup.ts';
import { shardingOf } from '../../schedule.ts';
import type { Signal as Heard } from '../../signal.ts';
import { patient } from '../../store.ts';
import { deliver, observe, observeAsked, show, takeIn } from '../../watch.ts';
import { runBeats, STEP_MS } from './beats.ts';
import { createBell } from './bell.ts';
import { MemoryQueue } from './queue.ts';

/** What one machine is made of. */
export interface MachineParts {
  readonly config: Config;
  readonly store: Store;
  readonly blobs: Blobs;
  readonly clock: Clock;
  readonly log: Log;
  readonly secrets: Secrets;
  readonly net: () => Net;
  readonly probe: (type: string) => RunProbe;
  readonly sender: (type: string) => Sender;
  readonly canaryAnswers: Site['canaryAnswers'];
  readonly baseUrl: () => string | undefined;
  readonly random: () => number;
  /** Asks those who have told of something how it stands now; called each minute, with the minute of the epoch. */
  readonly inquire?: (minute: number, config: Config, signal: AbortSignal) => Promise<Heard[]>;
}

export interface Machine {
  /** Probing goes on: a beat and a pass of `decide` were not long ago. */
  healthy(): boolean;
  /** Takes another config for everything that begins from now on. */
  configure(config: Config): Promise<void>;
  /** Opens or closes an incident about Watchbill itself. */
  report(name: string, want: Want, title: string, message: string): Promise<void>;
  /** Runs a check now, besides its schedule. */
  look(id: string): Promise<void>;
  /** Decides on what others have found wrong, soon. */
  hear(signal: Heard): Promise<void>;
  /** Ends what is under way, delivers nothing more, writes the last snapshot. */
  stop(): Promise<void>;
}

const LOCATION = 'local';
const MINUTE_MS = 60_000;
/** Readings that aren't bad wait for the others of their beat: one tick instead of four halves the data file. */
const FLUSH_MS = STEP_MS;
/** What changed is on the page within a second; with very many checks later, so that writing it leaves time for them. */
const SHOW_MS = 1_000;
const SHOW_LATEST_MS = 15_000;
const restAfter = (took: number): number => Math.min(SHOW_LATEST_MS, Math.max(SHOW_MS, 10 * took));
/** So much news waits while the store is away: ten minutes of 10,000 checks, days of a hundred. */
const NEWS_WAITING = 50_000;
/** Without news, delivery looks by itself so often. */
const DELIVER_MS = 60_000;
/** A pass that takes longer (a receiver hangs) doesn't keep the next one waiting: they share nothing but the store. */
const PASS_MS = 1_000;
const DELIVER_AGAIN_MS = 5_000;
const UNHEALTHY_MS = 180_000;
/** Just started, every tick is on the page at once: somebody is looking. */
const NEW_MS = 120_000;

/** Everything on one machine: one loop observes, one decides, one delivers, one shows. */
export async function startMachine(parts: MachineParts): Promise<Machine> {
  const { clock, log, blobs } = parts;
  const store = patient(parts.store, clock, parts.random);
  const stop = new AbortController();
  const { signal } = stop;
  let config = parts.config;
  let configuredAt = clock.now();
  const home = await Home.open({ store, clock, log, changed: say }, config);
  const rollup = await Rollup.open(store, clock.now());

  const running = new Set<Promise<void>>();
  const busy = new Set<string>();
  /** What is to be said about Watchbill itself, by subject: as long as the process lives, it stands. */
  const own = new Map<string, Case>();
  /** Readings that were lost since the last beat told of it. */
  let lost = 0;
  let site = siteOf();
  let lastBeat = clock.monotonic();
  let lastDecision = clock.monotonic();
  const newUntil = clock.monotonic() + NEW_MS;
  const post = createBell(clock, signal);
  const page = createBell(clock, signal);

  /** One thing after the other, so that home's memory has one user. */
  const news = new MemoryQueue<News>({
    name: 'decide',
    clock,
    log,
    handle,
    limit: NEWS_WAITING,
    lost: (message) => {
      lost += message.kind === 'tick' ? message.tick.readings.length + message.tick.skipped : 0;
    },
    signal,
  });
  const asks = { send: async (ask: Ask) => track(observeAsked(ask, config.checks, site)) };

  const loops = [
    runBeats({ clock, signal, checks: () => config.checks, run: beat }),
    every(MINUTE_MS, () => news.send({ kind: 'clock' })),
    every(MINUTE_MS, askOthers),
    every(MINUTE_MS, hold),
    showLoop(),
    deliverLoop(),
  ];
  await news.send({ kind: 'clock' });
  return {
    healthy: () => clock.monotonic() - Math.min(lastBeat, lastDecision) < UNHEALTHY_MS,
    configure,
    report,
    hear: (signal) => news.send({ kind: 'signal', signal }),
    look: (id) => asks.send(askFor(LOCATION, 'confirm', [id], clock.now())),
    async stop() {
      stop.abort();
      await Promise.all([...loops, ...running]);
      await news.idle();
      await showNow();
    },
  };

  function siteOf(): Site {
    return {
      location: LOCATION,
      config,
      sharding: shardingOf(config.checks.map(({ id }) => id)),
      probe: parts.probe,
      net: parts.net(),
      clock,
      secrets: parts.secrets,
      log,
      ticks: { send: (tick) => news.send({ kind: 'tick', tick }) },
      early: { send: (early) => news.send({ kind: 'early', early }) },
      canaryAnswers: parts.canaryAnswers,
      flushAfter: FLUSH_MS,
      atOnce: Number.POSITIVE_INFINITY,
      signal,
      running: busy,
      lastPass: Number.NEGATIVE_INFINITY,
    };
  }

  function track(work: Promise<void>): void {
    const watched = work
      .catch((error: unknown) => log.error('a beat failed', { error: String(error) }))
      .finally(() => running.delete(watched));
    running.add(watched);
  }

  function beat(at: number, skipped: number): void {
    lastBeat = clock.monotonic();
    track(observe(at, STEP_MS, config.checks, skipped + lost, site));
    lost = 0;
  }

  async function handle(batch: readonly News[]): Promise<void> {
    const isTime = batch.some(({ kind }) => kind === 'clock');
    try {
      const changed = isTime ? await lookAtOurselves() : [];
      changed.push(...(await takeIn(batch, home, async () => rollup, asks)));
      lastDecision = clock.monotonic();
      if (changed.length > 0) post.ring();
      if (changed.length > 0 || isTime || clock.monotonic() < newUntil) page.ring();
    } catch (error) {
      // what was written before it failed is to be told all the same
      post.ring();
      throw error;
    }
  }

  /** What people are told of an incident, and what is held back, for whoever looks at the console. */
  function say({ id, heldBy, announcedAt }: Incident, news: readonly Entry[]): void {
    const isSaid = announcedAt !== undefined || heldBy !== undefined;
    for (const { kind, text } of isSaid ? news : []) {
      if (kind !== 'opened') log.info(`incident ${id}, ${kind}: ${text}`);
    }
  }

  /** Whether there is another config, and what is to be said of Watchbill itself. */
  async function lookAtOurselves(): Promise<Incident[]> {
    if (home.config !== config) await home.configure(config);
    const changed: Incident[] = [];
    for (const seen of own.values()) changed.push(...[(await home.settle(seen)) ?? []].flat());
    return changed;
  }

  async function every(ms: number, run: () => Promise<void>): Promise<void> {
    while (!signal.aborted) {
      await sleep(clock, ms - (clock.now() % ms), signal);
      if (!signal.aborted) await run();
    }
  }

  /** While it is held, nobody else is to be called. */
  async function hold(): Promise<void> {
    if (!config.deadMansSwitch) return;
    try {
      const { secrets } = parts;
      await holdSwitch(config.deadMansSwitch.url, { store, clock, log, secrets, net: site.net, signal });
    } catch (error) {
      log.warn("the dead man's switch is not held", { error: String(error) });
    }
  }

  /** What cannot be asked now is asked next time. */
  async function askOthers(): Promise<void> {
    try {
      const heard = await parts.inquire?.(Math.round(clock.now() / MINUTE_MS), config, signal);
      for (const one of heard ?? []) await news.send({ kind: 'signal', signal: one });
    } catch (error) {
      log.warn('how the alarms of others stand could not be asked', { error: String(error) });
    }
  }

  /** What changed is on the page within a second, however much changes. */
  async function showLoop(): Promise<void> {
    while (!signal.aborted) {
      await page.wait(MINUTE_MS);
      const began = clock.monotonic();
      if (!signal.aborted) await showNow();
      await sleep(clock, restAfter(clock.monotonic() - began), signal);
    }
  }

  async function showNow(): Promise<void> {
    try {
      await blobs.write('snapshot.json', JSON.stringify(await show(home, rollup)));
    } catch (error) {
      page.ring();
      log.error('the status page could not be written', { error: String(error) });
    }
  }

  async function deliverLoop(): Promise<void> {
    const ports: Post = {
      store,
      clock,
      log,
      secrets: parts.secrets,
      sender: parts.sender,
      baseUrl: parts.baseUrl,
      random: parts.random,
      signal,
      configuredAt: () => configuredAt,
      receiver: (name) => config.notify.find((receiver) => receiver.name === name),
      get net() {
        return site.net;
      },
      wrote: (item) => {
        home.learn(item);
        page.ring();
      },
    };
    while (!signal.aborted) {
      const passing = pass(ports);
      track(passing);
      await Promise.race([passing, sleep(clock, PASS_MS, signal)]);
      await post.wait(DELIVER_MS);
    }
  }

  async function pass(ports: Post): Promise<void> {
    try {
      const next = await deliver(ports);
      if (next !== undefined) post.ringIn(next - clock.now());
    } catch (error) {
      log.error('delivery failed; it is tried again', { error: String(error) });
      post.ringIn(DELIVER_AGAIN_MS);
    }
  }

  async function configure(next: Config): Promise<void> {
    config = next;
    configuredAt = clock.now();
    site = siteOf();
    post.ring();
    await news.send({ kind: 'clock' });
  }

  async function report(name: string, want: Want, title: string, message: string): Promise<void> {
    const seen = ownCase(name, want, title, message, clock.now());
    own.set(seen.subject, seen);
    await news.send({ kind: 'clock' });
  }
}
