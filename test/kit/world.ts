import { type Machine, type MachineParts, startMachine } from '../../lib/adapters/local/machine.ts';
import { steadyClock } from '../../lib/adapters/local/steady-clock.ts';
import type { Config } from '../../lib/config/compiled.ts';
import type { Sender } from '../../lib/deliver.ts';
import type { Net } from '../../lib/net/net.ts';
import type { Notice, Outcome } from '../../lib/notifiers/define.ts';
import { toEvent } from '../../lib/notifiers/pagerduty.ts';
import { type Blobs, type Clock, type Log, StoreError, sleep } from '../../lib/ports.ts';
import type { Finding, Status } from '../../lib/reading.ts';
import type { Snapshot } from '../../lib/snapshot.ts';
import { VirtualClock } from './clock.ts';
import { Crash, FaultyStore, type StoreCall, type StoreFault } from './faulty-store.ts';
import { MemoryStore } from './memory-store.ts';
import { PagerDutyLedger } from './pagerduty.ts';

/** How PagerDuty behaves: it answers, refuses for now, is out of reach, or takes the event and loses the answer. */
export type PagerDutyMode = 'up' | 403 | 429 | 500 | 'unreachable' | 'hang' | 'accepts and hangs up';

const KEY = 'R0123456789ABCDEFGHIJKLMNOPQRSTU';
const TRY_MS = 20;
const SEND_MS = 100;
const BOOT_AGAIN_MS = 5_000;

/** What goes wrong around the process, and when: ms from `start`. */
export interface Weather {
  readonly start: number;
  readonly pagerDuty: readonly {
    readonly mode: PagerDutyMode;
    readonly span: { readonly from: number; readonly length: number };
  }[];
  readonly store: readonly {
    readonly fault: 'before' | 'after';
    readonly span: { readonly from: number; readonly length: number };
  }[];
}

export interface WorldOptions {
  readonly config: Config;
  /** What a check finds now; default: what `world.targets` says, else up. */
  readonly find?: (check: string, now: number) => Status;
  /** What the machine is made of in place of the models below. */
  readonly parts?: (clock: Clock) => Partial<MachineParts>;
}

/**
 * A whole installation on one machine in virtual time: the real loops, incidents and delivery; targets and
 * PagerDuty are models that say what happens to them, and keep an exact ledger.
 */
export class World {
  readonly clock = new VirtualClock();
  readonly memory = new MemoryStore();
  readonly ledger = new PagerDutyLedger({ perMinute: 120 });
  /** When each event reached PagerDuty, whatever came of the answer. */
  readonly targets = new Map<string, Status>();
  readonly notices: { at: number; receiver: string; notice: Notice }[] = [];
  /** Warnings and errors; and what else the console says. */
  readonly logged: string[] = [];
  readonly said: string[] = [];
  pagerDuty: PagerDutyMode = 'up';
  /** What the canaries say; by default they answer. */
  canaries = true;
  config: Config;
  snapshots = new Map<string, string>();
  /** What goes wrong with calls of the store, beside the weather. */
  faults: (call: StoreCall) => StoreFault | undefined = () => undefined;
  /** How often a probe ran, the store was called, and a receiver was told. */
  readonly events = { probes: 0, storeCalls: 0, sends: 0 };
  #machine: Machine | undefined;
  #store: FaultyStore | undefined;
  #weather: Weather = { start: 0, pagerDuty: [], store: [] };
  readonly #epoch = this.clock.now() - this.clock.monotonic();
  #find: WorldOptions['find'];
  #parts: Partial<MachineParts>;

  constructor({ config, find, parts }: WorldOptions) {
    this.config = config;
    this.#find = find;
    this.#parts = parts?.(this.clock) ?? {};
  }

  static async start(options: WorldOptions): Promise<World> {
    const world = new World(options);
    await world.boot();
    return world;
  }

  /** Epoch ms of a clock that nobody sets. */
  get time(): number {
    return this.#epoch + this.clock.monotonic();
  }

  get machine(): Machine {
    if (!this.#machine) throw new Error('the machine is off');
    return this.#machine;
  }

  /** Starts the process, on the store as it is; again and again where the store doesn't let it. */
  async boot(): Promise<void> {
    for (;;) {
      try {
        return await this.#boot();
      } catch (error) {
        if (!(error instanceof StoreError || error instanceof Crash)) throw error;
        await this.clock.advance(BOOT_AGAIN_MS);
      }
    }
  }

  async #boot(): Promise<void> {
    const { clock } = this;
    const store = new FaultyStore(this.memory, clock, (call) => {
      this.events.storeCalls += 1;
      const at = this.time - this.#weather.start;
      const weather = this.#weather.store.find(({ span }) => at >= span.from && at < span.from + span.length);
      return this.faults(call) ?? weather?.fault;
    });
    this.#store = store;
    this.#machine = await clock.run(
      startMachine({
        config: this.config,
        store,
        blobs: this.#blobs(),
        clock: steadyClock(clock, this.log),
        log: this.log,
        secrets: { get: async () => KEY },
        net: () => NO_NET,
        probe: () => (check, context) => this.#probe(check.id, context.clock),
        sender: () => this.#sender(),
        canaryAnswers: async () => this.canaries,
        baseUrl: () => 'http://127.0.0.1:8080',
        random: () => 0.5,
        ...this.#parts,
      }),
    );
  }

  /** Ends the process in good order. */
  async stop(): Promise<void> {
    await this.clock.run(this.machine.stop());
    this.#machine = undefined;
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.boot();
  }

  /** Whether the process has died of a fault of its store: `kill` it, then it can be started again. */
  get dead(): boolean {
    return this.#store?.dead ?? false;
  }

  /** The process dies where it stands: nothing that it has begun reaches the store any more. */
  async kill(): Promise<void> {
    this.#store?.die();
    await this.clock.run(this.machine.stop());
    this.#machine = undefined;
  }

  /** Things go wrong as planned, at times counted from `start`. */
  stormy(start: number, plan: Pick<Weather, 'pagerDuty' | 'store'>): void {
    this.#weather = { start, ...plan };
  }

  get #pagerDutyNow(): PagerDutyMode {
    const at = this.time - this.#weather.start;
    return (
      this.#weather.pagerDuty.find(({ span }) => at >= span.from && at < span.from + span.length)?.mode ??
      this.pagerDuty
    );
  }

  /** What the page reads now. */
  get snapshot(): Snapshot {
    return JSON.parse(this.snapshots.get('snapshot.json') ?? 'null');
  }

  readonly log: Log = {
    info: (message) => void this.said.push(message),
    warn: (message) => void this.logged.push(message),
    error: (message) => void this.logged.push(message),
  };

  #blobs(): Blobs {
    return {
      read: async (name) => this.snapshots.get(name),
      write: async (name, text) => void this.snapshots.set(name, text),
    };
  }

  async #probe(check: string, clock: Clock): Promise<Finding> {
    this.events.probes += 1;
    await sleep(clock, TRY_MS);
    const status = this.#find?.(check, this.time) ?? this.targets.get(check) ?? 'up';
    const reasons: Finding['reasons'] = {
      up: [],
      degraded: ['too_slow'],
      down: ['connect_refused'],
      unknown: ['self_error'],
    }[status] as Finding['reasons'];
    return {
      status,
      reasons,
      message: status === 'up' ? '' : `It is ${status}.`,
      latencyMs: TRY_MS,
      phases: {},
      facts: {},
    };
  }

  #sender(): Sender {
    return {
      perMinute: 120,
      lane: ({ name }) => name,
      send: async (receiver, notice, { signal }) => {
        await sleep(this.clock, SEND_MS, signal);
        this.events.sends += 1;
        this.notices.push({ at: this.time, receiver: receiver.name, notice });
        return receiver.type === 'pagerduty' ? this.#enqueue(notice, signal) : { outcome: 'accepted' };
      },
    };
  }

  async #enqueue(notice: Notice, signal: AbortSignal): Promise<Outcome> {
    const mode = this.#pagerDutyNow;
    if (mode === 'unreachable') return { outcome: 'retry', why: 'connect_refused', uncertain: false };
    if (mode === 'hang') await sleep(this.clock, 60_000, signal);
    if (mode === 'hang') return { outcome: 'retry', why: 'response_timeout', uncertain: true };
    if (mode === 403) return { outcome: 'refused', why: 'It answered 403', final: false };
    if (mode === 429 || mode === 500)
      return { outcome: 'retry', why: `It answered ${mode}`, uncertain: false };
    const answer = this.ledger.accept(JSON.parse(JSON.stringify(toEvent(notice, KEY))), this.time);
    if (mode === 'accepts and hangs up') return { outcome: 'retry', why: 'empty_reply', uncertain: true };
    if (answer.status === 202) return { outcome: 'accepted' };
    return answer.status === 429
      ? { outcome: 'retry', why: 'It answered 429', uncertain: false }
      : { outcome: 'refused', why: String(answer.body), final: true };
  }
}

export const NO_NET: Net = {
  clock: new VirtualClock(),
  dial: () => Promise.reject(new Error('no network in a simulated world')),
  resolve: () => Promise.reject(new Error('no network in a simulated world')),
  ask: () => Promise.reject(new Error('no network in a simulated world')),
};

/** A config of so many checks, each at `every`, with PagerDuty and a webhook. */
export function configOf(ids: readonly string[], more: Partial<Config> = {}, every = 30_000): Config {
  return {
    name: 'Acme',
    locations: ['local'],
    aws: undefined,
    checks: ids.map((id) => ({
      id,
      type: 'tcp',
      name: id,
      group: undefined,
      every,
      timeout: 5_000,
      severity: 'page',
      runbook: undefined,
      public: true,
      dependsOn: [],
      tags: [],
      locations: ['local'],
      target: `${id}.test:443`,
    })),
    network: { allow: [] },
    judge: { tries: 4, over: 10_000, degradedAfter: 600_000, unknownAfter: 600_000 },
    observer: { canaries: [] },
    maintenance: [],
    notify: [
      { name: 'pagerduty', type: 'pagerduty', hears: 'pages', updates: false, remind: 4 * 3_600_000 },
      { name: 'webhook', type: 'webhook', hears: 'everything', updates: true },
    ],
    routes: [],
    drill: undefined,
    deadMansSwitch: undefined,
    quietHours: undefined,
    alarms: { topics: [], health: true },
    cost: { budgets: [], anomalies: undefined, bands: [] },
    statusPage: { title: 'Acme status', url: undefined, note: undefined },
    ...more,
  };
}
