import { type Clock, type DrainedQueue, type Received, StoreError, sleep } from '../../lib/ports.ts';

/**
 * What lies between the functions, as far as it takes time: ms, drawn evenly from [least, most]. They are assumptions,
 * on the slow side of what is usually measured, but for those that name their source.
 */
export const MODEL = {
  /** "60-second precision": https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html */
  scheduler: [0, 59_000],
  /** SQS, from its own region: taking a message, and until it is with the function that waits for it. */
  send: [5, 25],
  receive: [10, 80],
  /** One message of so many comes twice, the second time within so long: "at-least-once delivery". */
  twice: 1_000,
  twiceWithin: [0, 30_000],
  /** Four round trips: each request to another region is on a new connection, with TLS. */
  trips: 4,
  /** A round trip between two regions that aren't in `ROUND_TRIPS`. */
  far: 280,
  /** A region that is away isn't refused: three tries of 3 s (lib/adapters/aws/sqs.ts) and the waits between them. */
  unreachable: 9_500,
  /** DynamoDB, one request of its own region. */
  store: [2, 10],
  /** Secrets Manager, and then PagerDuty's answer. */
  secret: [20, 100],
  pagerDuty: 300,
  /** Lambda: a call of a process that is there, and of a new one, its imports included. */
  warm: [2, 8],
  cold: [500, 1_000],
  /** One process of so many calls is gone by the next one, and whatever nobody called for so long. */
  gone: 100,
  goneAfter: 300_000,
} as const;

/** Ms there and back, as is usually measured between them. */
const ROUND_TRIPS: Readonly<Record<string, number>> = {
  'eu-west-1 us-east-1': 75,
  'ap-southeast-2 eu-west-1': 260,
  'ap-southeast-2 us-east-1': 200,
};

/** Between two regions, or within one. */
const roundTrip = (a: string, b: string): number =>
  a === b ? 1 : (ROUND_TRIPS[[a, b].toSorted().join(' ')] ?? MODEL.far);

/** Draws numbers in [0, 1), the same for the same seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let x = Math.imul(state ^ (state >>> 15), state | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** What all parts of a simulated cloud share. */
export interface Sky {
  readonly clock: Clock;
  readonly random: () => number;
  /** Whether nothing at all works in a region now. */
  readonly isAway: (region: string) => boolean;
}

export const drawn = ({ random }: Sky, [least, most]: readonly [number, number]): number =>
  Math.round(least + random() * (most - least));

const oneOf = ({ random }: Sky, many: number): boolean => random() * many < 1;

/** A region that is away is looked at again so often by whoever waits for it. */
const BACK_MS = 1_000;

/** One of its processes; a call that fails is what the caller sees. */
type Process<E> = (event: E) => Promise<void>;

/** A function: as many processes as there are calls at the same time, each with a memory of its own. */
export class Lambda<E> {
  /** How many calls were under way at the same time at the most, and how many began with a new process. */
  most = 0;
  cold = 0;
  calls = 0;
  readonly region: string;
  readonly #sky: Sky;
  readonly #start: () => Promise<Process<E>>;
  #idle: { readonly process: Process<E>; readonly since: number }[] = [];
  #busy = 0;

  constructor(sky: Sky, region: string, start: () => Promise<Process<E>>) {
    this.#sky = sky;
    this.region = region;
    this.#start = start;
  }

  async call(event: E): Promise<void> {
    this.calls += 1;
    this.#busy += 1;
    this.most = Math.max(this.most, this.#busy);
    try {
      const process = await this.#process();
      await process(event);
      if (!oneOf(this.#sky, MODEL.gone)) this.#idle.push({ process, since: this.#sky.clock.monotonic() });
    } finally {
      this.#busy -= 1;
    }
  }

  async #process(): Promise<Process<E>> {
    const { clock } = this.#sky;
    const idle = this.#idle.pop();
    if (idle && clock.monotonic() - idle.since < MODEL.goneAfter) {
      await sleep(clock, drawn(this.#sky, MODEL.warm));
      return idle.process;
    }
    this.#idle = [];
    this.cold += 1;
    await sleep(clock, drawn(this.#sky, MODEL.cold));
    return this.#start();
  }
}

/** What a queue holds. `turn` changes whenever somebody receives it. */
interface Held {
  readonly body: string;
  visibleAt: number;
  turn: number;
}

interface Consumer<T> {
  readonly batch: number;
  /** Ms. */
  readonly visibility: number;
  readonly call: (messages: readonly T[]) => Promise<void>;
}

/** A standard queue of a region. */
export class VirtualQueue<T> {
  readonly region: string;
  readonly #sky: Sky;
  readonly #held = new Set<Held>();
  #consumer: Consumer<T> | undefined;

  constructor(sky: Sky, region: string) {
    this.#sky = sky;
    this.region = region;
  }

  /** How many messages are in it. */
  get size(): number {
    return this.#held.size;
  }

  /** Each message that comes is handed over; where the call fails, all of its messages come again. */
  workedOffBy(consumer: Consumer<T>): void {
    this.#consumer = consumer;
  }

  /** The queue as somebody in a region sees it. */
  from(region: string): DrainedQueue<T> {
    const sendAll: DrainedQueue<T>['sendAll'] = async (messages) => {
      await this.#reach(region, MODEL.send);
      for (const { message, delay } of messages) this.#put(message, delay * 1_000);
    };
    return {
      sendAll,
      send: (message) => sendAll([{ message, delay: 0 }]),
      receive: async (max) => {
        await this.#reach(region, MODEL.receive);
        return this.#take(max, this.#sky.clock.monotonic() + 60_000).map((held) =>
          this.#received(held, region),
        );
      },
    };
  }

  async #reach(region: string, takes: readonly [number, number]): Promise<void> {
    const { clock, isAway } = this.#sky;
    await sleep(clock, MODEL.trips * roundTrip(region, this.region) + drawn(this.#sky, takes));
    if (!isAway(this.region) && !isAway(region)) return;
    await sleep(clock, MODEL.unreachable);
    throw new StoreError(`from ${region} the queue in ${this.region} does not answer`);
  }

  #put(message: T, delayMs: number): void {
    const held: Held = {
      body: JSON.stringify(message),
      visibleAt: this.#sky.clock.monotonic() + delayMs,
      turn: 0,
    };
    this.#held.add(held);
    this.#handOver(delayMs);
    if (!oneOf(this.#sky, MODEL.twice)) return;
    const twice = delayMs + drawn(this.#sky, MODEL.twiceWithin);
    const copy: Held = { ...held, visibleAt: this.#sky.clock.monotonic() + twice };
    this.#held.add(copy);
    this.#handOver(twice);
  }

  #handOver(delayMs: number): void {
    if (!this.#consumer) return;
    this.#sky.clock.after(delayMs + drawn(this.#sky, MODEL.receive), () => void this.#work());
  }

  async #work(): Promise<void> {
    const { clock, isAway } = this.#sky;
    const consumer = this.#consumer;
    if (!consumer) return;
    if (isAway(this.region)) return this.#handOver(BACK_MS);
    const taken = this.#take(consumer.batch, clock.monotonic() + consumer.visibility);
    if (taken.length === 0) return;
    const turns = taken.map(({ turn }) => turn);
    try {
      await consumer.call(taken.map(({ body }) => JSON.parse(body)));
      for (const [i, held] of taken.entries()) if (held.turn === turns[i]) this.#held.delete(held);
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      this.#handOver(Math.max(0, (taken[0]?.visibleAt ?? 0) - clock.monotonic()));
    }
  }

  #take(max: number, until: number): Held[] {
    const now = this.#sky.clock.monotonic();
    const taken = [...this.#held].filter(({ visibleAt }) => visibleAt <= now).slice(0, max);
    for (const held of taken) [held.visibleAt, held.turn] = [until, held.turn + 1];
    return taken;
  }

  #received(held: Held, region: string): Received<T> {
    const message: T = JSON.parse(held.body);
    const remove = async () => {
      await this.#reach(region, MODEL.send);
      this.#held.delete(held);
    };
    return { message, delete: remove };
  }
}

const MINUTE_MS = 60_000;

/** Calls a function each minute, at any second of it; a call that fails isn't made again. */
export function everyMinute<E>(sky: Sky, lambda: Lambda<E>, event: (scheduled: number) => E): void {
  const { clock, isAway } = sky;
  const plan = () => {
    const scheduled = clock.now();
    clock.after(drawn(sky, MODEL.scheduler), () => {
      if (isAway(lambda.region)) return;
      lambda.call(event(scheduled)).catch((error: unknown) => {
        if (!(error instanceof StoreError)) throw error;
      });
    });
    clock.after(MINUTE_MS, plan);
  };
  clock.after(MINUTE_MS - (clock.now() % MINUTE_MS), plan);
}
