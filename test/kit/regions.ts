import type { BeatMessage } from '../../lib/beats.ts';
import type { Check, Config } from '../../lib/config/compiled.ts';
import type { Sender } from '../../lib/deliver.ts';
import { FUNCTIONS } from '../../lib/deployment.ts';
import { beatsToPost, createComeBack, type Desk, drain, sendHome, takeAndTell } from '../../lib/handlers.ts';
import { Home } from '../../lib/home.ts';
import { lean } from '../../lib/latest.ts';
import type { Named, News } from '../../lib/news.ts';
import type { Notice, Outcome } from '../../lib/notifiers/define.ts';
import { toEvent } from '../../lib/notifiers/pagerduty.ts';
import { type Log, type Queue, type Store, StoreError, sleep } from '../../lib/ports.ts';
import type { Finding, Status } from '../../lib/reading.ts';
import { Rollup } from '../../lib/rollup.ts';
import { shardingOf } from '../../lib/schedule.ts';
import type { Snapshot } from '../../lib/snapshot.ts';
import { patient } from '../../lib/store.ts';
import { deliver, observeAsked, observeAtOnce, show } from '../../lib/watch.ts';
import { VirtualClock } from './clock.ts';
import { interleaved } from './interleaved.ts';
import { MemoryStore } from './memory-store.ts';
import { PagerDutyLedger } from './pagerduty.ts';
import { drawn, everyMinute, Lambda, MODEL, type Sky, seeded, VirtualQueue } from './virtual-aws.ts';
import { configOf, NO_NET } from './world.ts';

/** The first of them is home. */
export const REGIONS = ['eu-west-1', 'us-east-1', 'ap-southeast-2'] as const;
const [HOME] = REGIONS;

const KEY = 'R0123456789ABCDEFGHIJKLMNOPQRSTU';
/** A target that answers or refuses does so at once. */
const TRY_MS = 20;
/** What the probe function's memory allows: see functions/probe.ts. */
const AT_ONCE = 80;

/** What a try finds; `hangs`: nothing until its time is up. */
export type Seen = Status | 'hangs';

export interface RegionsOptions {
  readonly config: Config;
  readonly seed: number;
  /** What a try finds now; default: that it is up. */
  readonly look?: (check: string, location: string, now: number) => Seen;
  /** Whether others are asked at once when a first try fails. Default: yes. */
  readonly confirmNow?: boolean;
}

/** A config of so many checks, each every minute from the three regions, with PagerDuty and a webhook. */
export function regionsConfig(ids: readonly string[], more: Partial<Check> = {}): Config {
  const aws = {
    home: HOME,
    locations: REGIONS,
    serviceRegion: undefined,
    domain: undefined,
    dashboard: false,
  };
  const config = configOf(ids, { aws, locations: [...REGIONS] }, 60_000);
  return { ...config, checks: config.checks.map((check) => ({ ...check, locations: REGIONS, ...more })) };
}

/**
 * A whole installation in three regions of AWS in virtual time: the real core on the real wiring (lib/handlers.ts), as
 * functions/ open it; what lies between is a model (virtual-aws.ts), and so are targets and PagerDuty, which keeps an exact
 * ledger. Nothing but the status page is left out.
 */
export class Regions {
  readonly clock = new VirtualClock();
  readonly memory = new MemoryStore();
  readonly ledger = new PagerDutyLedger({ perMinute: 120 });
  /** What receivers other than PagerDuty were told. */
  readonly notices: Notice[] = [];
  /** Warnings and errors. */
  readonly logged: string[] = [];
  /** Where nothing works now. */
  readonly away = new Set<string>();
  /** How often a check was tried. */
  tries = 0;
  readonly decide: Lambda<readonly News[]>;
  readonly deliver: Lambda<Named>;
  readonly buffers = new Map<string, VirtualQueue<News>>();
  readonly #beats = new Map<string, VirtualQueue<BeatMessage>>();
  readonly #ticks: VirtualQueue<News>;
  readonly #post: VirtualQueue<Named>;
  readonly #options: RegionsOptions;
  readonly #sky: Sky;

  constructor(options: RegionsOptions) {
    this.#options = options;
    this.#sky = {
      clock: this.clock,
      random: seeded(options.seed),
      isAway: (region) => this.away.has(region),
    };
    this.#ticks = new VirtualQueue(this.#sky, HOME);
    this.#post = new VirtualQueue(this.#sky, HOME);
    this.decide = new Lambda(this.#sky, HOME, () => this.#startDecide());
    this.deliver = new Lambda(this.#sky, HOME, async () => this.#startDeliver());
    for (const region of options.config.locations) this.#addLocation(region);
    const seconds = (name: 'decide' | 'deliver') => FUNCTIONS[name].timeout * 1_000;
    const decides = (news: readonly News[]) => this.decide.call(news);
    this.#ticks.workedOffBy({ batch: 10, visibility: seconds('decide'), call: decides });
    const delivers = ([named = { incidents: [] }]: readonly Named[]) => this.deliver.call(named);
    this.#post.workedOffBy({ batch: 1, visibility: seconds('deliver'), call: delivers });
    everyMinute<readonly News[]>(this.#sky, this.decide, () => [{ kind: 'clock' }]);
    everyMinute(this.#sky, this.deliver, () => ({ incidents: [] }));
  }

  get now(): number {
    return this.clock.now();
  }

  advance(ms: number): Promise<void> {
    return this.clock.advance(ms);
  }

  /** What the status page would say. */
  async snapshot(): Promise<Snapshot> {
    const { clock, memory: store, log } = this;
    const home = await Home.open({ store, clock, log }, this.#options.config);
    return show(home, await Rollup.open(store, this.now));
  }

  readonly log: Log = {
    info() {},
    warn: (message) => void this.logged.push(message),
    error: (message) => void this.logged.push(message),
  };

  #addLocation(region: string): void {
    const { config } = this.#options;
    const beats = new VirtualQueue<BeatMessage>(this.#sky, region);
    const buffer = new VirtualQueue<News>(this.#sky, region);
    const home = this.#ticks.from(region);
    this.#beats.set(region, beats);
    this.buffers.set(region, buffer);
    const beat = new Lambda<number>(this.#sky, region, async () => async (scheduled) => {
      await beats.from(region).sendAll(beatsToPost(config, region, scheduled, this.now));
      await drain(buffer.from(region), home, this.clock, this.log);
    });
    everyMinute(this.#sky, beat, (scheduled) => scheduled);
    const probe = new Lambda<BeatMessage>(this.#sky, region, async () => this.#startProbe(region));
    beats.workedOffBy({
      batch: 1,
      visibility: FUNCTIONS.probe.timeout * 1_000,
      call: async (messages) => {
        for (const message of messages) await probe.call(message);
      },
    });
  }

  #startProbe(location: string): (message: BeatMessage) => Promise<void> {
    const { config } = this.#options;
    const [home, buffer] = [
      this.#ticks.from(location),
      this.buffers.get(location)?.from(location) ?? NOWHERE,
    ];
    const site = {
      location,
      config,
      sharding: shardingOf(config.checks.map(({ id }) => id)),
      probe: () => (check: Check) => this.#try(check, location),
      ...this.#means(),
      ticks: { send: (tick) => sendHome({ kind: 'tick', tick: lean(tick) }, home, buffer, this.log) },
      early: { send: (early) => home.send({ kind: 'early', early }) },
      canaryAnswers: async () => true,
      flushAfter: Number.POSITIVE_INFINITY,
      atOnce: AT_ONCE,
      running: new Set<string>(),
      lastPass: Number.NEGATIVE_INFINITY,
    } satisfies Parameters<typeof observeAsked>[2];
    return (message) =>
      message.kind === 'ask'
        ? observeAsked(message.ask, config.checks, { ...site })
        : observeAtOnce(message.beat, config, 0, { ...site });
  }

  async #startDecide(): Promise<(news: readonly News[]) => Promise<void>> {
    const { clock, log } = this;
    const store = this.#store();
    let rollup: Promise<Rollup> | undefined;
    const desk: Desk = {
      home: await Home.open({ store, clock, log }, this.#options.config),
      rollup: () => {
        rollup ??= Rollup.open(store, clock.now());
        return rollup;
      },
      beats: new Map([...this.#beats].map(([region, queue]) => [region, this.#asking(queue.from(HOME))])),
      ticks: this.#ticks.from(HOME),
      post: this.#post.from(HOME),
      log,
    };
    return (news) => takeAndTell(news, desk);
  }

  /** Without confirm-now its asks are lost. */
  #asking(queue: Queue<BeatMessage>): Queue<BeatMessage> {
    if (this.#options.confirmNow ?? true) return queue;
    const isLost = (message: BeatMessage) =>
      message.kind === 'ask' && message.ask.cause.startsWith('confirm');
    return { send: async (message) => (isLost(message) ? undefined : queue.send(message)) };
  }

  #startDeliver(): (named: Named) => Promise<void> {
    const { notify } = this.#options.config;
    const store = this.#store();
    const configuredAt = this.now;
    const comeBack = createComeBack(this.#post.from(HOME), this.clock, this.log);
    return async ({ incidents }) => {
      const next = await deliver({
        store,
        ...this.#means(),
        sender: () => this.#sender,
        receiver: (name) => notify.find((receiver) => receiver.name === name),
        configuredAt: () => configuredAt,
        baseUrl: () => 'https://status.example.com',
        random: this.#sky.random,
        wrote: () => {},
        named: incidents,
      });
      await comeBack(next);
    };
  }

  #means() {
    const { clock, log } = this;
    const { signal } = new AbortController();
    return { clock, log, net: NO_NET, secrets: { get: async () => KEY }, signal };
  }

  /** The table, as each process has it. */
  #store(): Store {
    const store = interleaved(this.memory, async () => {
      await sleep(this.clock, drawn(this.#sky, MODEL.store));
      if (this.away.has(HOME)) throw new StoreError('the table does not answer');
    });
    return patient(store, this.clock, this.#sky.random);
  }

  async #try(check: Check, location: string): Promise<Finding> {
    this.tries += 1;
    const seen = this.#options.look?.(check.id, location, this.now) ?? 'up';
    const latencyMs = seen === 'hangs' ? check.timeout : TRY_MS;
    await sleep(this.clock, latencyMs);
    const status = seen === 'hangs' ? 'down' : seen;
    const reasons: Finding['reasons'] = status === 'up' ? [] : ['connect_refused'];
    const message = status === 'up' ? '' : `It is ${status}.`;
    return { status, reasons, message, latencyMs, phases: {}, facts: {} };
  }

  readonly #sender: Sender = {
    perMinute: 120,
    lane: ({ name }) => name,
    send: async ({ type }, notice) => {
      await sleep(this.clock, drawn(this.#sky, MODEL.secret) + MODEL.pagerDuty);
      if (type === 'pagerduty') return this.#enqueue(notice);
      this.notices.push(notice);
      return { outcome: 'accepted' };
    },
  };

  #enqueue(notice: Notice): Outcome {
    const { status, body } = this.ledger.accept(JSON.parse(JSON.stringify(toEvent(notice, KEY))), this.now);
    if (status === 202) return { outcome: 'accepted' };
    return status === 429
      ? { outcome: 'retry', why: 'It answered 429', uncertain: false }
      : { outcome: 'refused', why: String(body), final: true };
  }
}

const NOWHERE: Queue<News> = { send: () => Promise.reject(new StoreError('there is no such location')) };
