import { type BeatMessage, plannedBeats } from './beats.ts';
import type { Config } from './config/compiled.ts';
import type { Home } from './home.ts';
import type { Incident } from './incident.ts';
import type { Named, News } from './news.ts';
import { type Clock, type Delayed, type DrainedQueue, type Log, type Queue, StoreError } from './ports.ts';
import type { Ask } from './reading.ts';
import type { Rollup } from './rollup.ts';
import { takeIn } from './watch.ts';

/**
 * What is done between the functions on AWS: which queue each of them sends to, when, and what becomes of it where that
 * doesn't work. functions/ opens the real queues and calls this; the tests do so in virtual time.
 */

const MINUTE_MS = 60_000;
/** Draining goes on for so long: what is left waits for the next minute. */
const DRAIN_MS = 15_000;
const DRAINED_AT_ONCE = 10;
/** Incidents named in one message: keys of some 100 bytes, far below what a queue takes. */
const NAMED = 500;

/**
 * The beats that a location posts when it is called at `now` in the minute of `scheduled` (both epoch ms), each with its
 * exact delay: those of the next minute, since Scheduler calls at any second of this one.
 */
export function beatsToPost(
  config: Config,
  location: string,
  scheduled: number,
  now: number,
): Delayed<BeatMessage>[] {
  const next = Math.floor(scheduled / MINUTE_MS) * MINUTE_MS + MINUTE_MS;
  return plannedBeats(config, location, next).map((beat) => ({
    message: { kind: 'beat', beat },
    delay: secondsUntil(beat.at, now),
  }));
}

const secondsUntil = (at: number, now: number): number => Math.max(0, Math.ceil((at - now) / 1_000));

/** To home, or to the location's own queue while home can't be reached. */
export async function sendHome(news: News, home: Queue<News>, buffer: Queue<News>, log: Log): Promise<void> {
  try {
    await home.send(news);
  } catch (error) {
    const why = storeTrouble(error);
    log.warn('home cannot be reached: what was seen is kept here', { error: why });
    await buffer.send(news);
  }
}

/** Sends home what a location has kept while home could not be reached. */
export async function drain(
  buffer: DrainedQueue<News>,
  home: DrainedQueue<News>,
  clock: Clock,
  log: Log,
): Promise<void> {
  const end = clock.monotonic() + DRAIN_MS;
  try {
    while (clock.monotonic() < end) {
      const kept = await buffer.receive(DRAINED_AT_ONCE);
      if (kept.length === 0) return;
      await home.sendAll(kept.map(({ message }) => ({ message, delay: 0 })));
      await Promise.all(kept.map((one) => one.delete()));
    }
  } catch (error) {
    log.warn('what is kept here stays for the next minute', { error: storeTrouble(error) });
  }
}

/** What home decides with. */
export interface Desk {
  readonly home: Home;
  readonly rollup: () => Promise<Rollup>;
  /** The queues of the locations, by their names. */
  readonly beats: ReadonlyMap<string, Queue<BeatMessage>>;
  /** Home's own queue, and that of who delivers. */
  readonly ticks: Queue<News>;
  readonly post: DrainedQueue<Named>;
  readonly log: Log;
}

/** Decides by what has come, asks whom that puts in doubt, and has delivered what it changes. */
export async function takeAndTell(news: readonly News[], desk: Desk): Promise<void> {
  const isTime = news.some(({ kind }) => kind === 'clock');
  const asks = asksTo(desk.beats, desk.log);
  try {
    const changed = await takeIn(news, desk.home, desk.rollup, asks);
    if (changed.length > 0) await tell(changed, isTime, desk);
  } catch (error) {
    // what was written before it failed is to be told all the same
    await tell([], true, desk);
    throw error;
  } finally {
    await asks.sent();
  }
}

/** Each to its location's own queue. They go out at once and together: a location that is away holds nobody up. */
function asksTo(queues: Desk['beats'], log: Log): Queue<Ask> & { sent(): Promise<void> } {
  const sending: Promise<void>[] = [];
  const send = async (ask: Ask) => {
    try {
      await queues.get(ask.location)?.send({ kind: 'ask', ask });
    } catch (error) {
      const why = storeTrouble(error);
      log.warn(`${ask.location} could not be asked; what is in doubt is asked again within a minute`, {
        error: why,
      });
    }
  };
  return {
    send: async (ask) => void sending.push(send(ask)),
    sent: async () => void (await Promise.all(sending)),
  };
}

/** Who delivers is told at once; what it isn't told, it finds within a minute. The page follows, by the clock. */
async function tell(changed: readonly Incident[], isTime: boolean, desk: Desk): Promise<void> {
  const named = changed.map(({ subject, n }) => ({ subject, n }));
  const messages = Array.from({ length: Math.ceil(named.length / NAMED) || 1 }, (_, i) => ({
    message: { incidents: named.slice(i * NAMED, (i + 1) * NAMED) },
    delay: 0,
  }));
  try {
    await desk.post.sendAll(messages);
    if (!isTime) await desk.ticks.send({ kind: 'clock' });
  } catch (error) {
    desk.log.warn('what was changed is told by the next minute', { error: storeTrouble(error) });
  }
}

/**
 * How who delivers comes back: by a message to itself, at the time (epoch ms) that it is given, where that is sooner than
 * the next minute, in which it is called anyway. One message at a time is enough.
 */
export function createComeBack(
  own: DrainedQueue<Named>,
  clock: Clock,
  log: Log,
): (at: number | undefined) => Promise<void> {
  let armedFor = 0;
  return async (at) => {
    const now = clock.now();
    if (at === undefined || at - now >= MINUTE_MS) return;
    if (armedFor > now && armedFor <= at + 1_000) return;
    const delay = Math.max(1, secondsUntil(at, now));
    try {
      await own.sendAll([{ message: { incidents: [] }, delay }]);
      armedFor = now + delay * 1_000;
    } catch (error) {
      log.warn('what is due soon waits for the next minute', { error: storeTrouble(error) });
    }
  };
}

/** Why a queue failed. Anything else is a defect and goes on. */
function storeTrouble(error: unknown): string {
  if (error instanceof StoreError) return error.message;
  throw error;
}
