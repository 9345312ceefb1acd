import { leanReading } from './latest.ts';
import type { Beat, Site } from './observe.ts';
import type { Reading } from './reading.ts';

/** A bad reading waits for others only so long before it is sent. */
const BAD_FLUSH_MS = 100;

/**
 * Bytes of a part's readings as JSON, once they are lean (lib/latest.ts). A queue takes 256 KiB in one message
 * (lib/adapters/aws/sqs-batches.ts): even if every character is one that SQS wants escaped, it takes this.
 */
const MOST_BYTES = 128_000;

/** Collects the readings of one shard's beat and sends them in parts, bad news soon. */
export interface Parts {
  add(reading: Reading): void;
  /** Sends the rest; the last part tells how many runs were cut off. */
  close(cutOff: number): Promise<void>;
}

export function createParts(beat: Beat, shard: string, site: Site): Parts {
  let waiting: Reading[] = [];
  let part = 0;
  let cancel = () => {};
  let flushAt = Number.POSITIVE_INFINITY;
  let sending = Promise.resolve();

  function flush(): void {
    cancel();
    flushAt = Number.POSITIVE_INFINITY;
    const portions = portionsOf(waiting);
    waiting = [];
    for (const readings of portions) send(readings, 0);
  }

  function send(readings: readonly Reading[], cutOff: number): void {
    const { location } = site;
    const { at, cause } = beat;
    const skipped = (part === 0 ? beat.skipped : 0) + cutOff;
    const tick = { location, shard, beat: at, cause, part, readings, skipped };
    part += 1;
    sending = sending.then(() => site.ticks.send(tick));
    // it is `close` that fails then: until that is asked, nobody waits for it
    sending.catch(() => {});
  }

  return {
    add(reading) {
      waiting.push(reading);
      if (site.flushAfter === Number.POSITIVE_INFINITY) return;
      const wait = reading.status === 'down' ? Math.min(BAD_FLUSH_MS, site.flushAfter) : site.flushAfter;
      const now = site.clock.monotonic();
      // all shards at the same moments, so that home has them together
      const at = now - (now % wait) + wait;
      if (at >= flushAt) return;
      cancel();
      flushAt = at;
      cancel = site.clock.after(at - now, flush);
    },
    async close(cutOff) {
      cancel();
      const portions = portionsOf(waiting);
      const last = portions.pop() ?? [];
      for (const readings of portions) send(readings, 0);
      if (last.length > 0 || part === 0 || cutOff > 0) send(last, cutOff);
      await sending;
    },
  };
}

/** In order, as few as each fits into a message. */
function portionsOf(readings: readonly Reading[]): Reading[][] {
  const portions: Reading[][] = [];
  let room = 0;
  for (const reading of readings) {
    const size = Buffer.byteLength(JSON.stringify(leanReading(reading)));
    const portion = size <= room ? portions.at(-1) : undefined;
    if (portion) portion.push(reading);
    else portions.push([reading]);
    room = (portion ? room : MOST_BYTES) - size;
  }
  return portions;
}
