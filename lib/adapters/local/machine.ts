import { randomUUID } from 'node:crypto';
import { ownCase } from '../../cases.ts';
import type { Config } from '../../config/compiled.ts';
import type { Post, Sender } from '../../deliver.ts';
import { Home } from '../../home.ts';
import type { Case, Incident } from '../../incident.ts';
import type { Want } from '../../judge.ts';
import type { Net } from '../../net/net.ts';
import type { RunProbe, Site } from '../../observe.ts';
import { type Blobs, type Clock, type Log, type Secrets, type Store, sleep } from '../../ports.ts';
import type { Ask, EarlyTick, Tick } from '../../reading.ts';
import { Rollup } from '../../rollup.ts';
import { shardingOf } from '../../schedule.ts';
import { patient } from '../../store.ts';
import { confirmNow, decide, decideByClock, deliver, observe, observeAsked, show } from '../../watch.ts';
import { runBeats, STEP_MS } from './beats.ts';
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
}

export interface Machine {
  /** Probing goes on: a beat and a pass of `decide` were not long ago. */
  healthy(): boolean;
  /** Takes another config for everything that begins from now on. */
  configure(config: Config): Promise<void>;
  /** Opens or closes an incident about Watchbill itself. */
  report(name: string, want: Want, title: string, message: string): Promise<void>;
  /** Ends what is under way, delivers nothing more, writes the last snapshot. */
  stop(): Promise<void>;
}

const LOCATION = 'local';
const MINUTE_MS = 60_000;
/** Readings wait for others only so long. */
const FLUSH_MS = 1_000;
/** What changed is on the page within this. */
const SHOW_MS = 1_000;
/** So many ticks wait while the store is away: an hour of 10,000 checks. */
const TICKS_WAITING = 10_000;
/** Without news, delivery looks by itself so often. */
const DELIVER_MS = 60_000;
const UNHEALTHY_MS = 180_000;

/** What reaches home: one thing after the other, so that home's memory has one user. */
type News =
  | { readonly kind: 'tick'; readonly tick: Tick }
  | { readonly kind: 'early'; readonly early: EarlyTick }
  | { readonly kind: 'clock' }
  | { readonly kind: 'config'; readonly config: Config }
  | { readonly kind: 'own'; readonly seen: Case };

/** Everything on one machine: one loop observes, one decides, one delivers, one shows. */
export async function startMachine(parts: MachineParts): Promise<Machine> {
  const { clock, log, blobs } = parts;
  const store = patient(parts.store, clock, parts.random);
  const stop = new AbortController();
  const { signal } = stop;
  let config = parts.config;
  const home = await Home.open({ store, clock, log }, config);
  const { rollup, dirty } = await Rollup.open(store, clock.now());
  for (const hour of dirty) home.dirtyHours.add(hour);

  const running = new Set<Promise<void>>();
  const busy = new Set<string>();
  let site = siteOf();
  let lastBeat = clock.now();
  let lastDecision = clock.now();
  const post = createBell(clock, signal);
  const page = createBell(clock, signal);

  const news = new MemoryQueue<News>({ name: 'decide', clock, log, handle, limit: TICKS_WAITING, signal });
  const asks = { send: async (ask: Ask) => track(observeAsked(ask, config.checks, site)) };

  const loops = [
    runBeats({ clock, signal, checks: () => config.checks, run: beat }),
    every(MINUTE_MS, () => news.send({ kind: 'clock' })),
    showLoop(),
    deliverLoop(),
  ];
  await news.send({ kind: 'clock' });
  return {
    healthy: () => clock.now() - Math.min(lastBeat, lastDecision) < UNHEALTHY_MS,
    configure,
    report,
    async stop() {
      stop.abort();
      await Promise.all([...loops, ...running]);
      await news.idle();
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
    lastBeat = clock.now();
    track(observe(at, STEP_MS, config.checks, skipped, site));
  }

  async function handle(message: News): Promise<void> {
    const changed = await taken(message);
    lastDecision = clock.now();
    if (changed.length > 0) post.ring();
    if (changed.length > 0 || message.kind === 'clock') page.ring();
  }

  async function taken(message: News): Promise<readonly Incident[]> {
    switch (message.kind) {
      case 'tick':
        return decide(message.tick, home);
      case 'early':
        await confirmNow(message.early, home, asks);
        return [];
      case 'own':
        return [(await home.settle(message.seen)) ?? []].flat();
      case 'config':
        await home.configure(message.config);
        return decideByClock(home, rollup, asks);
      case 'clock':
        return decideByClock(home, rollup, asks);
    }
  }

  async function every(ms: number, run: () => Promise<void>): Promise<void> {
    while (!signal.aborted) {
      await sleep(clock, ms - (clock.now() % ms), signal);
      if (!signal.aborted) await run();
    }
  }

  /** What changed is on the page within a second, however much changes. */
  async function showLoop(): Promise<void> {
    for (; !signal.aborted; await sleep(clock, SHOW_MS, signal)) {
      await page.wait(MINUTE_MS);
      try {
        await show(home, rollup, blobs);
      } catch (error) {
        page.ring();
        log.error('the status page could not be written', { error: String(error) });
      }
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
      owner: randomUUID(),
      get net() {
        return site.net;
      },
      wrote: (item) => {
        home.learn(item);
        page.ring();
      },
    };
    while (!signal.aborted) {
      const next = await pass(ports);
      await post.wait(Math.min(DELIVER_MS, Math.max(0, next - clock.now())));
    }
  }

  async function pass(ports: Post): Promise<number> {
    try {
      return (await deliver(ports)) ?? Number.POSITIVE_INFINITY;
    } catch (error) {
      log.error('delivery failed; it is tried again', { error: String(error) });
      return clock.now() + 5_000;
    }
  }

  async function configure(next: Config): Promise<void> {
    config = next;
    site = siteOf();
    await news.send({ kind: 'config', config: next });
  }

  async function report(name: string, want: Want, title: string, message: string): Promise<void> {
    await news.send({ kind: 'own', seen: ownCase(name, want, title, message, clock.now()) });
  }
}

/** Wakes one who waits, at once when it is rung, also if that was before the wait. */
function createBell(clock: Clock, signal: AbortSignal): { ring(): void; wait(ms: number): Promise<void> } {
  let rung = new AbortController();
  return {
    ring: () => rung.abort(),
    async wait(ms) {
      await sleep(clock, ms, AbortSignal.any([rung.signal, signal]));
      rung = new AbortController();
    },
  };
}
