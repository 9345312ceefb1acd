import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ticksOf } from '../../lib/items.ts';
import { outagesToldOf, quantile, secondsToPage } from '../kit/outages.ts';
import { HOUR, MINUTE, SECOND } from '../kit/readings.ts';
import { REGIONS, Regions, type RegionsOptions, regionsConfig, type Seen } from '../kit/regions.ts';

const [HOME, OTHER, THIRD] = REGIONS;

/** Three beats a minute of a check: until one of them meets an outage. */
const GAP = 20 * SECOND;
/** `judge.over`: nobody is told before. */
const CONFIRMED = 10 * SECOND;
/** SQS delays by whole seconds; then messages, two new processes, PagerDuty. */
const ON_THE_WAY = 5 * SECOND;
/** Where many are told at once: who finds a lane taken comes back so much later (lib/deliver.ts). */
const LANE_TAKEN = 6 * SECOND;

/** A few minutes in which all is well. */
async function begun(options: Partial<RegionsOptions> = {}): Promise<Regions> {
  const regions = new Regions({ config: regionsConfig(['api']), seed: 1, ...options });
  await regions.advance(5 * MINUTE);
  return regions;
}

/** Which regions see a check fail, now. */
function failing() {
  const where = new Set<string>();
  const look = (_: string, location: string): Seen => (where.has(location) ? 'down' : 'up');
  return { where, look };
}

const told = ({ ledger }: Regions) =>
  ledger.accepted.map(({ event }) => `${event.event_action}: ${event.payload?.summary}`);

/** Where the page says that it is seen. */
const seenFrom = ({ ledger }: Regions) => ledger.accepted[0]?.event.payload?.custom_details?.locations;

const tickets = ({ notices }: Regions) => notices.map(({ kind, entry }) => `${kind}: ${entry.text}`);

const beatsIn = async ({ memory, now }: Regions, location: string) =>
  (await memory.list(ticksOf(now - (now % HOUR)))).filter(({ sort }) =>
    sort.includes(`/${location}/schedule/`),
  ).length;

test('200 outages: each is one page within 25 s in half of them and 33 s in 95 %, and one resolve', async () => {
  const outages = await outagesToldOf({ seed: 1, outages: 200, lasts: (x) => MINUTE + x * 4 * MINUTE });
  for (const { from, lasts, pages, resolves } of outages) {
    expect([pages.length, resolves.length]).toEqual([1, 1]);
    // two passes at two of three regions: two beats of the later one
    expect((resolves[0] ?? 0) - from - lasts).toBeGreaterThan(MINUTE);
    expect((resolves[0] ?? 0) - from - lasts).toBeLessThan(2 * MINUTE + ON_THE_WAY + LANE_TAKEN);
  }
  const seconds = secondsToPage(outages);
  expect(quantile(seconds, 0)).toBeGreaterThan(CONFIRMED / SECOND);
  expect(quantile(seconds, 0.5)).toBeLessThan(25);
  expect(quantile(seconds, 0.95)).toBeLessThan(33);
  expect(quantile(seconds, 1)).toBeLessThan((GAP + CONFIRMED + ON_THE_WAY + LANE_TAKEN) / SECOND);
});

test('200 outages of less than 10 s page nobody', async () => {
  const outages = await outagesToldOf({ seed: 2, outages: 200, lasts: (x) => x * (CONFIRMED - 1) });
  expect(outages.flatMap(({ pages }) => pages)).toEqual([]);
});

test('without confirm-now a page waits for the next region’s beat', async () => {
  const options = { seed: 3, outages: 100, lasts: () => 3 * MINUTE };
  const [asked, unasked] = [
    secondsToPage(await outagesToldOf(options)),
    secondsToPage(await outagesToldOf({ ...options, confirmNow: false })),
  ];
  expect([asked.length, unasked.length]).toEqual([100, 100]);
  const gained = quantile(unasked, 0.5) - quantile(asked, 0.5);
  expect(gained).toBeGreaterThan(17);
  expect(gained).toBeLessThan(21);
});

test('targets that hang for long keep no other target’s page waiting', async () => {
  const outages = await outagesToldOf({ seed: 4, outages: 100, lasts: () => 3 * MINUTE, hanging: 10 });
  const seconds = secondsToPage(outages);
  expect(seconds).toHaveLength(100);
  expect(quantile(seconds, 0.5)).toBeLessThan(25);
  expect(quantile(seconds, 0.95)).toBeLessThan(35);
});

test('whatever one region of three does, an outage that lasts is one page and one resolve, and none shorter than 10 s is one (A26, A29, A31, invariant 8)', async () => {
  const bad = fc
    .tuple(
      fc.constantFrom(...REGIONS),
      fc.constantFrom('is well', 'fails', 'loses', 'is away', 'comes and goes'),
    )
    // where home is away, nobody is paged before it is back
    .filter(([who, does]) => who !== HOME || does !== 'is away');
  const plan = fc.record({
    seed: fc.nat(),
    bad,
    outages: fc.array(
      fc.record({
        from: fc.integer({ min: 0, max: 2 * MINUTE }),
        lasts: fc.oneof(
          fc.integer({ min: 1, max: CONFIRMED - 1 }),
          fc.integer({ min: CONFIRMED, max: 4 * MINUTE }),
        ),
      }),
      { minLength: 1, maxLength: 5 },
    ),
  });
  let mostAtOnce = 0;
  await fc.assert(
    fc.asyncProperty(plan, async ({ seed, bad: [who, does], outages }) => {
      let start = Number.POSITIVE_INFINITY;
      let tries = 0;
      const isBad = (now: number) => {
        tries += 1;
        if (does === 'loses') return tries % 3 !== 0;
        return does === 'fails' || (does === 'comes and goes' && Math.floor(now / 97_000) % 2 === 0);
      };
      const regions = await begun({
        seed,
        config: regionsConfig(outages.map((_, i) => `check-${i}`)),
        look(check, location, now) {
          const outage = outages[Number(check.split('-')[1])];
          const since = now - start - (outage?.from ?? 0);
          if (since >= 0 && since < (outage?.lasts ?? 0)) return 'down';
          return location === who && isBad(now) ? 'down' : 'up';
        },
      });
      if (does === 'is away') regions.away.add(who);
      await regions.advance(5 * MINUTE);
      start = regions.now;
      await regions.advance(20 * MINUTE);
      // two regions are left, 20 s and 40 s apart
      const latest = 2 * GAP + CONFIRMED + ON_THE_WAY + LANE_TAKEN;
      for (const [i, { from, lasts }] of outages.entries()) {
        const alerts = regions.ledger.accepted.filter(({ event }) =>
          event.payload?.summary.startsWith(`check-${i} is down`),
        );
        const times = alerts.filter(({ effect }) => effect === 'opened').map(({ at }) => at - start - from);
        if (lasts < CONFIRMED) expect(times).toEqual([]);
        else if (lasts > latest) expect(times).toHaveLength(1);
        else expect(times.length).toBeLessThanOrEqual(1);
        for (const time of times) {
          expect(time).toBeGreaterThan(CONFIRMED);
          expect(time).toBeLessThan(latest);
        }
      }
      expect(regions.ledger.open).toEqual([]);
      mostAtOnce = Math.max(mostAtOnce, regions.decide.most);
    }),
    { numRuns: Number(process.env.WATCHBILL_RUNS ?? 20), endOnFailure: true },
  );
  // several processes decide at once, each with a memory of its own
  expect(mostAtOnce).toBeGreaterThan(1);
});

test('one region of three fails: nobody is paged, and a ticket says which one (A26)', async () => {
  const { where, look } = failing();
  const regions = await begun({ look });
  where.add(OTHER);
  await regions.advance(15 * MINUTE);
  const snapshot = await regions.snapshot();
  expect(snapshot.checks.map(({ status }) => status)).toEqual(['degraded']);
  where.clear();
  await regions.advance(5 * MINUTE);
  expect(told(regions)).toEqual([]);
  expect(tickets(regions)).toEqual([
    `ticket: api is degraded: It is down. Seen from 1 of 3: ${OTHER}.`,
    expect.stringMatching(/^resolve: api is well again after/),
  ]);
});

test('two of three fail: one page, which names them (A27)', async () => {
  const { where, look } = failing();
  const regions = await begun({ look });
  where.add(HOME).add(THIRD);
  await regions.advance(10 * MINUTE);
  where.clear();
  await regions.advance(5 * MINUTE);
  expect(told(regions)).toEqual([
    'trigger: api is down (seen from 2 of 3) — It is down.',
    expect.stringMatching(/^resolve: /),
  ]);
  expect(seenFrom(regions)).toBe(`2 of 3: ${HOME}, ${THIRD}`);
});

test('two regions fail in alternation: nobody is paged until both are down at the same time (A30)', async () => {
  let both = false;
  const regions = await begun({
    // they turn half a minute before either looks again
    look(_, location, now) {
      const turn = [HOME, OTHER][Math.floor((now - 35 * SECOND) / MINUTE) % 2];
      return location === turn || (both && location !== THIRD) ? 'down' : 'up';
    },
  });
  await regions.advance(20 * MINUTE);
  expect(told(regions)).toEqual([]);
  both = true;
  await regions.advance(2 * MINUTE);
  expect(told(regions)).toHaveLength(1);
});

test('a region is dead for an hour: one ticket, outages page as before, and its return tells of nothing else (A29)', async () => {
  let down = false;
  const regions = await begun({ look: () => (down ? 'down' : 'up') });
  regions.away.add(OTHER);
  await regions.advance(30 * MINUTE);
  expect(tickets(regions)).toEqual([expect.stringContaining(`The location ${OTHER} is silent`)]);
  const began = regions.now;
  down = true;
  await regions.advance(5 * MINUTE);
  expect(told(regions)).toHaveLength(1);
  expect(seenFrom(regions)).toBe(`2 of 3: ${HOME}, ${THIRD}`);
  // it began with home's beat; the region that does not answer is asked before the third, which waits for nobody
  expect((regions.ledger.alerts[0]?.openedAt ?? 0) - began).toBeLessThan(CONFIRMED + ON_THE_WAY);
  down = false;
  await regions.advance(25 * MINUTE);
  regions.away.delete(OTHER);
  await regions.advance(10 * MINUTE);
  expect(regions.ledger.totals).toMatchObject({ opened: 1, resolved: 1, alerts: 1 });
  const kinds = regions.notices.map(({ kind, incident }) => `${kind} ${incident.title}`);
  expect(kinds).toEqual([
    `ticket The location ${OTHER} is silent`,
    'page api is down',
    'resolve api is down',
    `resolve The location ${OTHER} is silent`,
  ]);
  const { status, platform } = await regions.snapshot();
  expect(status).toBe('up');
  // the beat that it had planned when it died is not made up for, and counted
  expect(platform?.skipped).toBe(1);
});

test('most regions fall silent: that pages, once, and is over when they are back (A29)', async () => {
  const regions = await begun();
  regions.away.add(OTHER).add(THIRD);
  await regions.advance(5 * MINUTE);
  expect(told(regions)).toEqual([expect.stringContaining('Most locations are silent')]);
  regions.away.clear();
  await regions.advance(5 * MINUTE);
  expect(regions.ledger.totals).toMatchObject({ opened: 1, resolved: 1, alerts: 1 });
});

test('home is dead for five minutes: no reading is lost, its return accuses nobody, and what is still down pages at once', async () => {
  const down = new Set<string>();
  const regions = await begun({
    config: regionsConfig(['api', 'web']),
    look: (check) => (down.has(check) ? 'down' : 'up'),
  });
  const before = await Promise.all(REGIONS.map((region) => beatsIn(regions, region)));
  regions.away.add(HOME);
  down.add('api').add('web');
  await regions.advance(3 * MINUTE);
  down.delete('web');
  await regions.advance(2 * MINUTE);
  expect([...regions.buffers.values()].map(({ size }) => size > 0)).toEqual([false, true, true]);
  expect(told(regions)).toEqual([]);
  const back = regions.now;
  regions.away.clear();
  await regions.advance(4 * MINUTE);
  expect([...regions.buffers.values()].map(({ size }) => size)).toEqual([0, 0, 0]);
  expect(told(regions)).toEqual([expect.stringContaining('api is down')]);
  expect((regions.ledger.alerts[0]?.openedAt ?? 0) - back).toBeLessThan(75 * SECOND);
  expect(regions.notices.map(({ incident }) => incident.title)).toEqual(['api is down']);
  const after = await Promise.all(REGIONS.map((region) => beatsIn(regions, region)));
  // home's own region did not look while it was dead; the others did, each minute
  const beats = after.map((count, i) => count - (before[i] ?? 0));
  expect(beats.slice(1)).toEqual([9, 9]);
});
