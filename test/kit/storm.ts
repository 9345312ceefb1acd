import fc from 'fast-check';
import type { Config } from '../../lib/config/compiled.ts';
import { DAYS, spanKey } from '../../lib/items.ts';
import type { Status } from '../../lib/reading.ts';
import { DAY, MINUTE, SECOND } from './readings.ts';
import { configOf, type PagerDutyMode, World } from './world.ts';

/** Everything goes wrong until then, and all is well afterwards. Times of a storm are ms from its start. */
export const STORM = 12 * MINUTE;
export const EVERY = 30 * SECOND;
/** Flapping closes after ten quiet minutes, a resolve is repeated after five; whatever is left then is lost. */
const DRAIN = 30 * MINUTE;
/** The parent of `api` runs half as often as the others. */
const CHECKS = ['api', 'web', 'dns'] as const;
export type CheckId = (typeof CHECKS)[number];

export interface Span {
  readonly from: number;
  readonly length: number;
}

export const inside = (at: number, { from, length }: Span): boolean => at >= from && at < from + length;

const time = (from: number, to = STORM) => fc.integer({ min: from, max: to });
const span = (longest: number): fc.Arbitrary<Span> =>
  fc
    .record({ from: time(MINUTE, STORM - MINUTE), length: fc.integer({ min: SECOND, max: longest }) })
    .map(({ from, length }) => ({ from, length: Math.min(length, STORM - from) }));

const down = fc.record({
  check: fc.constantFrom(...CHECKS),
  status: fc.constant<Status>('down'),
  span: span(8 * MINUTE),
});
const unwell = fc.record({
  check: fc.constantFrom(...CHECKS),
  status: fc.constantFrom<Status>('degraded', 'unknown'),
  span: span(14 * MINUTE),
});

/** A plan of what goes wrong: most storms hold a little of it, so that each thing meets each other. */
export const storm = fc.record({
  outages: fc.array(down, { minLength: 1, maxLength: 4 }),
  unwell: fc.array(unwell, { maxLength: 2 }),
  /** Our own network is cut: everything fails, the canaries as well. */
  cuts: fc.array(span(4 * MINUTE), { maxLength: 1 }),
  maintenance: fc.array(fc.record({ check: fc.constantFrom(...CHECKS), span: span(6 * MINUTE) }), {
    maxLength: 1,
  }),
  pagerDuty: fc.array(
    fc.record({
      mode: fc.constantFrom<PagerDutyMode>(429, 500, 'unreachable', 'hang', 'accepts and hangs up'),
      span: span(10 * MINUTE),
    }),
    { maxLength: 3 },
  ),
  store: fc.array(
    fc.record({ fault: fc.constantFrom<'before' | 'after'>('before', 'after'), span: span(4 * MINUTE) }),
    {
      maxLength: 2,
    },
  ),
  /** Single calls of the store, counted from the start of the process, that fail, lose their answer or take long. */
  calls: fc.array(
    fc.record({
      n: fc.nat({ max: 900 }),
      fault: fc.constantFrom<'before' | 'after' | number>('before', 'after', 300, 1_500),
    }),
    { maxLength: 6 },
  ),
  deaths: fc.array(
    fc.record({
      at: time(30 * SECOND),
      off: fc.integer({ min: SECOND, max: 3 * MINUTE }),
      kill: fc.boolean(),
    }),
    {
      maxLength: 2,
    },
  ),
  freezes: fc.array(fc.record({ at: time(30 * SECOND), ms: fc.integer({ min: SECOND, max: 3 * MINUTE }) }), {
    maxLength: 1,
  }),
  /** The wall clock is set wrong, for less than the ten minutes after which it is believed. */
  jumps: fc.array(
    fc.record({
      at: time(MINUTE, STORM / 2),
      length: fc.integer({ min: SECOND, max: 6 * MINUTE }),
      by: fc.integer({ min: -DAY, max: DAY }),
    }),
    { maxLength: 1 },
  ),
  reloads: fc.array(
    fc.record({
      at: time(30 * SECOND),
      what: fc.constantFrom<Reload>('the same', 'other thresholds', 'a mistake'),
    }),
    { maxLength: 2 },
  ),
});

type Reload = 'the same' | 'other thresholds' | 'a mistake';
export type Storm = typeof storm extends fc.Arbitrary<infer T> ? T : never;

/** What a check is while our network is fine; what comes first in the plan counts. */
export function statusAt(
  { outages, unwell }: Pick<Storm, 'outages' | 'unwell'>,
  check: CheckId,
  at: number,
): Status {
  return [...outages, ...unwell].find((one) => one.check === check && inside(at, one.span))?.status ?? 'up';
}

/** A world that has been through the storm and has come to rest. */
export interface Aftermath {
  readonly world: World;
  readonly start: number;
  /** When the process was off, and when it stood still: what comes during the one before comes after it. */
  readonly off: readonly Span[];
  readonly frozen: readonly Span[];
  /** What is open or undelivered still. */
  readonly left: readonly string[];
}

/** Lives through a storm in a world of its own. */
export async function weather(plan: Storm): Promise<Aftermath> {
  const isCut = (at: number) => plan.cuts.some((cut) => inside(at, cut));
  let start = Number.POSITIVE_INFINITY;
  const world = new World({
    config: configFor(plan, 0),
    find: (check, now) => (isCut(now - start) ? 'down' : statusAt(plan, check as CheckId, now - start)),
    parts: () => ({ canaryAnswers: async () => !isCut(world.time - start) }),
  });
  start = world.time;
  world.config = configFor(plan, start);
  world.faults = ({ n }) => plan.calls.find((call) => call.n === n)?.fault;
  await livedBefore(world);
  await world.boot();
  world.stormy(start, { pagerDuty: plan.pagerDuty, store: plan.store });
  const lived = await live(world, plan, start);
  const left = await comeToRest(world, start);
  await world.stop();
  return { world, start, left, ...lived };
}

/** An installation that isn't young any more rolls its history up every five minutes: a storm goes by faster. */
async function livedBefore({ memory, time }: World): Promise<void> {
  const yesterday = Math.floor(time / DAY) * DAY - DAY;
  await memory.put({ ...spanKey(DAYS, yesterday, '0-0'), body: { sums: {} } }, 'absent', 'yesterday');
}

function configFor(plan: Storm, start: number): Config {
  const maintenance = plan.maintenance.map(({ check, span: { from, length } }) => ({
    checks: [check],
    title: undefined,
    from: start + from,
    to: start + from + length,
  }));
  const config = configOf(CHECKS, { observer: { canaries: ['https://canary.test/'] }, maintenance }, EVERY);
  const checks = config.checks.map((check) => ({
    ...check,
    ...(check.id === 'dns' && { every: 2 * EVERY }),
    ...(check.id === 'api' && { dependsOn: ['dns'] }),
  }));
  return { ...config, checks };
}

/**
 * What happens to the process, in its order. A jump doesn't meet a death, since a start believes the clock that it
 * finds, nor a freeze, in which it would last too long.
 */
async function live(world: World, plan: Storm, start: number): Promise<Pick<Aftermath, 'off' | 'frozen'>> {
  const off: Span[] = [];
  const frozen: Span[] = [];
  const noting = (spans: Span[], act: () => Promise<void>) => async () => {
    const from = world.time - start;
    await act();
    spans.push({ from, length: world.time - start - from });
  };
  const clashes = ({ at, length }: { at: number; length: number }) =>
    plan.jumps.some((jump) => at < jump.at + jump.length && jump.at < at + length + MINUTE);
  const acts: { at: number; act: () => Promise<void> }[] = [
    ...plan.deaths
      .filter(({ at, off: ms }) => !clashes({ at, length: ms }))
      .map(({ at, off: ms, kill }) => ({ at, act: noting(off, () => die(world, ms, kill)) })),
    ...plan.freezes
      .filter(({ at, ms }) => !clashes({ at, length: ms }))
      .map(({ at, ms }) => ({ at, act: noting(frozen, async () => world.clock.freeze(ms)) })),
    ...plan.reloads.map(({ at, what }) => ({ at, act: () => reload(world, what) })),
    ...plan.jumps.flatMap(({ at, length, by }) => [
      { at, act: async () => world.clock.jump(by) },
      { at: at + length, act: async () => world.clock.jump(-by) },
    ]),
  ];
  for (const { at, act } of acts.sort((a, b) => a.at - b.at)) {
    await world.clock.advance(Math.max(0, start + at - world.time));
    await act();
  }
  await world.clock.advance(Math.max(0, start + STORM - world.time));
  await world.machine.report('config', 'close', 'The config was rejected', '');
  return { off, frozen };
}

async function die(world: World, off: number, kill: boolean): Promise<void> {
  await (kill ? world.kill() : world.stop());
  await world.clock.advance(off);
  await world.boot();
}

async function reload(world: World, what: Reload): Promise<void> {
  if (what === 'a mistake')
    return world.machine.report('config', 'open', 'The config was rejected', 'line 3');
  const { judge } = world.config;
  world.config = {
    ...world.config,
    judge: what === 'the same' ? judge : { ...judge, tries: 7 - judge.tries },
  };
  await world.machine.configure(world.config);
}

async function comeToRest(world: World, start: number): Promise<string[]> {
  for (;;) {
    await world.clock.advance(MINUTE);
    const left = await world.memory.due<{ subject: string }>(Number.MAX_SAFE_INTEGER, 100);
    if (left.length === 0 || world.time > start + STORM + DRAIN) return left.map(({ body }) => body.subject);
  }
}
