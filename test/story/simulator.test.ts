import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { PagerDutyEvent } from '../kit/pagerduty.ts';
import { configOf, type PagerDutyMode, World } from '../kit/world.ts';

/** How many days are simulated; CI asks for 10,000. */
const RUNS = Number(process.env.WATCHBILL_RUNS ?? 60);

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const EVERY = 30 * SECOND;
/** Everything goes wrong until then, and all is well afterwards. */
const STORM = 25 * MINUTE;
/** Flapping closes after ten quiet minutes, a resolve is repeated after five. */
const DRAIN = 22 * MINUTE;
/** From the first failed try to the incident: ten seconds of retries, and some for the last try and the tick. */
const CONFIRMED = 12 * SECOND;
/** A reading is dated by its start; the probe looks so much later. */
const TRY_MS = 20;

type Span = { readonly from: number; readonly length: number };

const span = (longest: number) =>
  fc.record({
    from: fc.integer({ min: 60 * SECOND, max: STORM - MINUTE }),
    length: fc.integer({ min: SECOND, max: longest }),
  });

const storm = fc.record({
  outages: fc.array(fc.record({ check: fc.constantFrom('api', 'web'), span: span(8 * MINUTE) }), {
    minLength: 1,
    maxLength: 4,
  }),
  pagerDuty: fc.array(
    fc.record({
      mode: fc.constantFrom<PagerDutyMode>(429, 500, 'unreachable', 'hang', 'accepts and hangs up'),
      span: span(10 * MINUTE),
    }),
    { maxLength: 3 },
  ),
  deaths: fc.array(
    fc.record({
      at: fc.integer({ min: 30 * SECOND, max: STORM }),
      off: fc.integer({ min: SECOND, max: 3 * MINUTE }),
      kill: fc.boolean(),
    }),
    { maxLength: 3 },
  ),
  store: fc.array(
    fc.record({ fault: fc.constantFrom<'before' | 'after'>('before', 'after'), span: span(4 * MINUTE) }),
    { maxLength: 2 },
  ),
});

type Storm = typeof storm extends fc.Arbitrary<infer T> ? T : never;

const inside = (at: number, { from, length }: Span): boolean => at >= from && at < from + length;

test(`whatever goes wrong, no page is lost, none is false, each closes once, in order (${RUNS} seeds)`, async () => {
  await fc.assert(fc.asyncProperty(storm, weather), {
    numRuns: RUNS,
    endOnFailure: process.env.WATCHBILL_SHRINK === undefined,
  });
}, 3_600_000);

async function weather(plan: Storm): Promise<void> {
  const down = (check: string, at: number) =>
    plan.outages.some((outage) => outage.check === check && inside(at, outage.span));
  let start = 0;
  const world = await World.start({
    config: configOf(['api', 'web'], {}, EVERY),
    find: (check, now) => (down(check, now - start) ? 'down' : 'up'),
  });
  start = world.clock.now();
  world.stormy(start, plan);
  await live(world, plan.deaths);
  await world.clock.advance(Math.max(0, start + STORM + DRAIN - world.clock.now()));
  await world.stop();
  check(world, plan, start);
}

/** Lives through the storm, dying and starting again as planned. */
async function live(world: World, deaths: Storm['deaths']): Promise<void> {
  const start = world.clock.now();
  for (const { at, off, kill } of deaths.toSorted((a, b) => a.at - b.at)) {
    await world.clock.advance(Math.max(0, start + at - world.clock.now()));
    await (kill ? world.kill() : world.stop());
    await world.clock.advance(off);
    await world.boot();
  }
}

function check(world: World, plan: Storm, start: number): void {
  const { ledger } = world;
  const keys = [...new Set(ledger.accepted.flatMap(({ event }) => event.dedup_key ?? []))];
  expect(ledger.open, 'every alert is closed').toEqual([]);
  expect(ledger.alerts, 'one alert for each key').toHaveLength(keys.length);
  for (const key of keys)
    expect(ledger.actions(key).join(' '), 'triggers, then resolves').toMatch(
      /^(trigger )+resolve( resolve)?$|^(trigger )+(resolve ?)+$/,
    );
  expect(ledger.refused.filter(({ status }) => status !== 429)).toEqual([]);
  const incidents = keys.map((key) =>
    incidentOf(
      ledger.accepted.filter(({ event }) => event.dedup_key === key).map(({ event }) => event),
      start,
    ),
  );
  for (const incident of incidents) {
    const cause = plan.outages.filter(({ check }) => check === incident.check);
    expect(
      cause.some(({ span }) => inside(incident.failedAt + TRY_MS, span)),
      `incident ${JSON.stringify(incident)} has a cause`,
    ).toBe(true);
    const stillDown = (at: number) => cause.some(({ span }) => inside(at, span));
    const early = [0, 1, 2, 3, 4, 5, 6].every((i) => stillDown(incident.endedAt - i * 10 * SECOND));
    expect(early, `incident ${JSON.stringify(incident)} closed while it was down`).toBe(false);
  }
  for (const { check, span } of plan.outages) {
    if (!mustPage(span, plan)) continue;
    const told = incidents.some(
      (one) =>
        one.check === check && one.openedAt < span.from + span.length + MINUTE && one.endedAt > span.from,
    );
    expect(told, `the outage of ${check} at ${JSON.stringify(span)} was paged`).toBe(true);
  }
  for (const name of ['api', 'web']) {
    const outages = plan.outages.filter((outage) => outage.check === name).length;
    expect(
      incidents.filter((one) => one.check === name).length,
      'no more incidents than outages',
    ).toBeLessThanOrEqual(outages);
  }
}

/** Somebody was watching for long enough: two intervals, the retries, and the start after a death. */
function mustPage({ from, length }: Span, plan: Storm): boolean {
  const blind = [
    ...plan.deaths.map(({ at, off }) => ({ from: at, length: off })),
    ...plan.store.map(({ span }) => ({ from: span.from, length: span.length + 30 * SECOND })),
  ];
  const needed = 2 * EVERY + CONFIRMED + 5 * SECOND;
  for (let at = from; at + needed <= from + length; at += SECOND) {
    if (!blind.some((gap) => gap.from < at + needed && gap.from + gap.length > at)) return true;
  }
  return false;
}

function incidentOf(events: readonly PagerDutyEvent[], start: number) {
  const [trigger] = events;
  const resolve = events.at(-1);
  const details = trigger?.payload?.custom_details as { started_at: string };
  const ended = resolve?.payload?.custom_details as { ended_at: string };
  return {
    check: trigger?.payload?.component,
    openedAt: Date.parse(trigger?.payload?.timestamp ?? '') - start,
    failedAt: Date.parse(details.started_at) - start,
    endedAt: Date.parse(ended.ended_at) - start,
  };
}
