import { dueIn, plannedBeats } from '../../lib/beats.ts';
import type { OnAws } from '../../lib/cost/fleet.ts';
import type { Tick } from '../../lib/reading.ts';
import { hashOf } from '../../lib/schedule.ts';

const LATE_MS = 1_000;

/** All that reaches home in a minute, in order, with the time: each beat's tick. All is well. */
export function ticksOf(config: OnAws, minute: number): { readonly at: number; readonly tick: Tick }[] {
  return config.locations
    .flatMap((location) =>
      plannedBeats(config, location, minute).map((beat) => {
        const readings = dueIn(beat, config, location).map(({ id }, n) => up(id, beat.at + 5 * n, n));
        const { shard, at } = beat;
        const tick: Tick = { location, shard, beat: at, cause: 'schedule', part: 0, readings, skipped: 0 };
        return { at: at + LATE_MS, tick };
      }),
    )
    .toSorted((a, b) => a.at - b.at);
}

const up = (check: string, at: number, n: number): Tick['readings'][number] => ({
  check,
  at,
  status: 'up',
  reasons: [],
  message: '',
  // no two alike, as little as those of the reckoning: items are deflated
  latencyMs: 100 + (hashOf(`${n} at ${at}`) % 400),
  phases: {},
  facts: {},
  tries: 1,
});
