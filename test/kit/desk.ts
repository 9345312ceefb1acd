import { checkSubject } from '../../lib/cases.ts';
import type { Config } from '../../lib/config/compiled.ts';
import { deliverDue, type Post } from '../../lib/deliver.ts';
import { Home } from '../../lib/home.ts';
import type { Case, Incident } from '../../lib/incident.ts';
import { incidents } from '../../lib/items.ts';
import type { Want } from '../../lib/judge.ts';
import { type Store, sleep } from '../../lib/ports.ts';
import { VirtualClock } from './clock.ts';
import { FaultyStore, type StoreCall, type StoreFault } from './faulty-store.ts';
import { MemoryStore } from './memory-store.ts';
import { PAGERDUTY, Receivers, WEBHOOK } from './receivers.ts';
import { configOf, NO_NET } from './world.ts';

/** Without news, delivery looks by itself so often. */
const LOOK_MS = 60_000;

/**
 * The incident log and its delivery alone, in virtual time: incidents open and close when a test says so, and
 * `work` delivers as the machine does. What stands in the store outlives each process.
 */
export class Desk {
  readonly clock = new VirtualClock();
  readonly memory = new MemoryStore();
  readonly receivers = new Receivers(this.clock);
  /** Warnings and errors; and what else the console says. */
  readonly logged: string[] = [];
  readonly said: string[] = [];
  config: Config = configOf(['api'], { notify: [PAGERDUTY, WEBHOOK] });
  /** What goes wrong with calls of the store. */
  faults: (call: StoreCall) => StoreFault | undefined = () => undefined;
  configuredAt = 0;
  #home: Home | undefined;
  #post: Post | undefined;

  static async start(some: Partial<Pick<Desk, 'config'>> = {}): Promise<Desk> {
    const desk = Object.assign(new Desk(), some);
    await desk.boot();
    return desk;
  }

  /** Starts a process, on what is stored; the one before is forgotten. */
  async boot(): Promise<void> {
    this.configuredAt = this.clock.now();
    const store = new FaultyStore(this.memory, this.clock, (call) => this.faults(call));
    this.#home = await Home.open({ store, clock: this.clock, log: this.#log }, this.config);
    this.#post = this.postOn(store);
  }

  get home(): Home {
    if (!this.#home) throw new Error('nothing has been started');
    return this.#home;
  }

  get post(): Post {
    if (!this.#post) throw new Error('nothing has been started');
    return this.#post;
  }

  /** What another process that delivers from this store is made of. */
  postOn(store: Store, some: Partial<Post> = {}): Post {
    return {
      store,
      clock: this.clock,
      net: NO_NET,
      secrets: { get: this.receivers.secret },
      log: this.#log,
      sender: this.receivers.sender,
      receiver: (name) => this.config.notify.find((receiver) => receiver.name === name),
      configuredAt: () => this.configuredAt,
      baseUrl: () => 'https://status.acme.test/',
      random: () => 0.5,
      signal: new AbortController().signal,
      wrote: (item) => this.#home?.learn(item),
      ...some,
    };
  }

  readonly #log = {
    info: (message: string) => void this.said.push(message),
    warn: (message: string) => void this.logged.push(message),
    error: (message: string) => void this.logged.push(message),
  };

  /** What is said of a check now; answers what that changed. */
  say(id: string, want: Want, some: Partial<Case> = {}): Promise<Incident | undefined> {
    return this.home.settle({ ...caseOf(id, want, this.clock.now()), ...some });
  }

  /** The newest incident of a check, as it is stored. */
  async incident(id: string): Promise<Incident> {
    const [newest] = await this.memory.list<Incident>(incidents(checkSubject(id, 'down')), {
      newestFirst: true,
      limit: 1,
    });
    if (!newest) throw new Error(`no incident of ${id}`);
    return newest.body;
  }

  /** One pass. */
  pass(): Promise<number | undefined> {
    return this.clock.run(deliverDue(this.post));
  }

  /** Delivers for so long, looking again when the last pass said, and every minute. */
  async work(ms: number): Promise<void> {
    const end = this.clock.monotonic() + ms;
    while (this.clock.monotonic() < end) {
      const next = (await this.pass()) ?? Number.POSITIVE_INFINITY;
      const wait = Math.min(LOOK_MS, Math.max(0, next - this.clock.now()), end - this.clock.monotonic());
      if (wait > 0) await this.clock.run(sleep(this.clock, wait));
    }
  }
}

function caseOf(id: string, want: Want, now: number): Case {
  return {
    subject: checkSubject(id, 'down'),
    class: 'down',
    severity: 'page',
    want,
    title: `${id} is down`,
    runbook: '/runbooks/tcp',
    check: { id, name: id, type: 'tcp', target: `${id}.test:443`, group: undefined, public: true },
    evidence: {
      at: now - 10_000,
      reasons: ['connect_refused'],
      message: 'The connection was refused.',
      locations: ['local'],
      of: 1,
      facts: {},
    },
    heldBy: undefined,
    announceAfter: 0,
  };
}
