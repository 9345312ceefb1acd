import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { METRICS_WRITTEN, metricsLine } from '../../lib/adapters/aws/metrics.ts';
import { plannedBeats } from '../../lib/beats.ts';
import { METRICS_LINE } from '../../lib/cost/around.ts';
import { type Estimate, estimateOf } from '../../lib/cost/estimate.ts';
import { MINUTES, PRICES } from '../../lib/cost/prices.ts';
import { FUNCTIONS, PROBES_AT_ONCE } from '../../lib/deployment.ts';
import { installationOf } from './kit.ts';

const METRICS = METRICS_WRITTEN.fair;
const quantity = ({ lines }: Estimate, id: string): number =>
  lines.find((line) => line.id === id)?.quantity ?? 0;
const perMinute = (estimate: Estimate, id: string): number => quantity(estimate, id) / MINUTES;

describe('the estimate of five checks in three locations', () => {
  const estimate = estimateOf(installationOf({ checks: 5 }), METRICS);

  it.each([
    ['scheduler', 7, 'a beat in each location, decide, deliver, intake, watchdog'],
    ['alarms.asked', 3 / 5, 'each region every five minutes'],
    ['sqs.polls', 90, 'six queues, fifteen polls each'],
    // three beats: received and deleted; three ticks: sent, received and deleted; three posts, three looks into a buffer
    ['sqs.messages', 3 * 2 + 3 * 3 + 3 + 3, 'what is sent, received and deleted'],
    ['dynamodb.ticks', 3, 'a tick of each location'],
    ['dynamodb.latest', 3, 'what is known of each location'],
    ['dynamodb.alive', 2, 'decide and deliver'],
    ['s3.puts', 1.1, 'the snapshot, and the page every ten minutes'],
  ])('%s: %d a minute: %s', (id, expected) => {
    expect(perMinute(estimate, id)).toBeCloseTo(expected, 6);
  });

  it.each([
    ['metrics', METRICS],
    ['alarms', 14],
    ['secrets', 2],
  ])('%s: %d a month', (id, expected) => {
    expect(quantity(estimate, id)).toBe(expected);
  });

  it('names no dashboard unless there is one', () => {
    expect(quantity(estimate, 'dashboards')).toBe(0);
    const rest = { aws: { home: 'eu-west-1', locations: ['eu-west-1'], dashboard: true } };
    expect(quantity(estimateOf(installationOf({ checks: 5, rest }), METRICS), 'dashboards')).toBe(1);
  });
});

describe('what a config asks for is what is paid', () => {
  const listOf = (config: Parameters<typeof installationOf>[0]) =>
    estimateOf(installationOf(config), METRICS);

  it('checks every 20 s: three beats a minute, each with its tick and all of the newest readings', () => {
    const fast = listOf({ checks: 5, check: { every: '20s' } });
    expect(perMinute(fast, 'dynamodb.ticks')).toBeCloseTo(9, 6);
    expect(perMinute(fast, 'dynamodb.latest')).toBeCloseTo(9, 6);
    expect(perMinute(fast, 'transfer.out') / perMinute(listOf({ checks: 5 }), 'transfer.out')).toBeCloseTo(
      3,
      6,
    );
  });

  it('checks every 10 minutes: as many beats, and a tenth of the looks', () => {
    const slow = listOf({ checks: 50, check: { every: '10m' } });
    expect(perMinute(slow, 'dynamodb.ticks')).toBeCloseTo(3, 6);
    expect(quantity(slow, 'transfer.out') / quantity(listOf({ checks: 50 }), 'transfer.out')).toBeCloseTo(
      0.1,
      6,
    );
  });

  it('a check that runs in one location only is paid there only; the others still show life', () => {
    const narrow = listOf({ checks: 5, check: { locations: ['us-east-1'] } });
    expect(perMinute(narrow, 'dynamodb.ticks')).toBeCloseTo(3, 6);
    expect(quantity(narrow, 'transfer.out') / quantity(listOf({ checks: 5 }), 'transfer.out')).toBeCloseTo(
      1 / 3,
      6,
    );
  });

  it('nobody to tell: no secret', () => {
    const { lines } = listOf({ checks: 1, rest: { notify: {} } });
    expect(lines.map(({ service }) => service)).not.toContain('Secrets Manager');
  });
});

it('what lines add up to is the sum, the free tier is given once, and more checks never cost less', () => {
  const size = fc.record({
    checks: fc.integer({ min: 1, max: 400 }),
    more: fc.integer({ min: 1, max: 200 }),
  });
  fc.assert(
    fc.property(size, ({ checks, more }) => {
      const [few, many] = [checks, checks + more].map((n) =>
        estimateOf(installationOf({ checks: n }), METRICS),
      );
      if (!few || !many) throw new Error('both are there');
      for (const { lines, list, withFreeTier } of [few, many]) {
        expect(lines.reduce((sum, line) => sum + line.list, 0)).toBeCloseTo(list, 9);
        expect(withFreeTier).toBeLessThan(list);
        for (const [price, some] of Map.groupBy(lines, (line) => line.price))
          expect(some.reduce((sum, { free }) => sum + free, 0)).toBeLessThanOrEqual(PRICES[price].free);
      }
      expect(many.list).toBeGreaterThan(few.list);
    }),
    { numRuns: 20 },
  );
});

/**
 * The most that anything may cost, US dollars a month, by which docs/cost.md stands: so much for each beat and each ask,
 * for each second that they take and each check in them; and what doesn't hang on them.
 */
function boundOf(config: ReturnType<typeof installationOf>): number {
  const { checks, locations, judge } = config;
  const others = locations.length - 1;
  const slow = checks.filter(({ every }) => every > 60_000).length * locations.length;
  const runs = locations.length * checks.reduce((sum, { every }) => sum + 60_000 / every, 0);
  const beats = locations.flatMap((location) => plannedBeats(config, location, 0)).length;
  const early = Math.min(runs, beats + runs / 40);
  const asks = early * others + locations.length + slow / PROBES_AT_ONCE;
  const rounds = beats * Math.ceil(Math.min(300, checks.length) / PROBES_AT_ONCE) + asks;
  const longest = Math.max(...checks.map(({ timeout }) => judge.over + judge.tries * timeout)) / 1_000 + 5;
  const aMinute =
    (beats + asks) * 0.00015 +
    rounds * Math.min(longest, FUNCTIONS.probe.timeout) * 0.0000035 +
    (runs * (1 + others) + slow) * 0.000003;
  return 20 + 5 * locations.length + checks.length / 2 + MINUTES * aMinute;
}

it('J60: with everything failing all the time, it stays below a bound', () => {
  const config = fc.record({
    checks: fc.integer({ min: 1, max: 300 }),
    regions: fc.integer({ min: 1, max: 5 }),
    check: fc.constantFrom(
      { every: '5s', timeout: '1s' },
      { every: '30s', timeout: '10s' },
      { every: '60s', timeout: '1s' },
      { every: '60s', timeout: '30s' },
      { every: '5m', timeout: '10s' },
      { every: '1h', timeout: '30s' },
    ),
  });
  const regions = ['eu-west-1', 'us-east-1', 'ap-southeast-2', 'sa-east-1', 'us-west-2'];
  fc.assert(
    fc.property(config, ({ checks, regions: count, check }) => {
      const installation = installationOf({
        checks,
        locations: regions.slice(0, count),
        check,
      });
      const [fair, worst] = (['fair', 'worst'] as const).map(
        (weather) => estimateOf(installation, METRICS_WRITTEN[weather], weather).list,
      );
      expect(worst).toBeGreaterThan(fair ?? 0);
      expect(worst).toBeLessThan(boundOf(installation));
    }),
    { numRuns: 60 },
  );
});

it('J60: where everything fails, what is told and asked for grows with processes, not with checks', () => {
  const [few, many] = [1, 40].map((checks) => estimateOf(installationOf({ checks }), METRICS, 'worst'));
  if (!few || !many) throw new Error('both are there');
  // forty checks of a beat are one early tick, and one ask of each other location
  expect(quantity(many, 'lambda.requests')).toBe(quantity(few, 'lambda.requests'));
  expect(many.list).toBeLessThan(3 * few.list);
});

it.each(['fair', 'worst'] as const)('a line of metrics is no longer than reckoned: %s', (weather) => {
  const most = 86_400_000.123;
  const trouble = weather === 'fair' ? 0 : most;
  const line = metricsLine(
    { BeatLateness: most, ReadingsNotUp: trouble, ReadingsUnknown: trouble },
    Date.UTC(2026, 10, 1),
  );
  expect((line?.length ?? 0) + 26).toBeLessThanOrEqual(METRICS_LINE[weather]);
  expect((line?.length ?? 0) + 26).toBeGreaterThan(METRICS_LINE[weather] * 0.9);
});
