import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Ended, type Lane, LEASE_MS, lease, noted, released } from '../lib/lane.ts';
import type { Outcome } from '../lib/notifiers/define.ts';

const RUNS = Number(process.env.WATCHBILL_RUNS ?? 300);
const NOW = Date.UTC(2026, 0, 1);
const MINUTE = 60_000;

const retry = (retryAfterMs?: number): Outcome => ({
  outcome: 'retry',
  why: 'It answered 503.',
  uncertain: false,
  ...(retryAfterMs !== undefined && { retryAfterMs }),
});
const ACCEPTED: Outcome = { outcome: 'accepted' };
const REFUSED: Outcome = { outcome: 'refused', why: 'It answered 403.', final: false };
const round = (...outcomes: Outcome[]): Ended[] =>
  outcomes.map((outcome) => ({ receiver: 'pagerduty', outcome }));

/** Takes as much as there is. */
const take = (lane: Lane | undefined, now: number, { want = 8, owner = 'a', perMinute = 120 } = {}) =>
  lease(lane, owner, want, perMinute, now);
const laneOf = (some: Partial<Lane> = {}): Lane => ({
  owner: 'a',
  until: 0,
  tokens: 20,
  filledAt: NOW,
  failures: 0,
  notBefore: 0,
  ...some,
});

describe('the pace', () => {
  test.each<[string, number, number, number]>([
    ['a sixth of it at once', 0, 100, 20],
    ['no more than was asked for', 0, 8, 8],
    ['nothing more before there is a whole token', 599, 100, 0],
    ['the next one after 0.6 s', 600, 100, 1],
    ['ten after 6 s', 6_000, 100, 10],
    ['no more than a sixth after an hour', 3_600_000, 100, 20],
  ])('of 120 a minute gives %s', (_, afterMs, want, tokens) => {
    const empty = afterMs === 0 ? undefined : laneOf({ tokens: 0 });
    expect(take(empty, NOW + afterMs, { want })?.tokens).toBe(tokens);
  });

  test('says how long until the next token', () => {
    expect(take(laneOf({ tokens: 0.5 }), NOW)).toMatchObject({ tokens: 0, waitMs: 300 });
  });

  test('never exceeds so many in any minute, whoever asks when, and however often all of them start anew', () => {
    const asks = fc.array(
      fc.record({
        waitMs: fc.oneof(fc.nat(2_000), fc.nat(90_000)),
        want: fc.integer({ min: 1, max: 40 }),
        owner: fc.constantFrom('a', 'b', 'c'),
        lets: fc.boolean(),
      }),
      { minLength: 20, maxLength: 150 },
    );
    fc.assert(
      fc.property(asks, fc.integer({ min: 2, max: 300 }), (list, perMinute) => {
        const sent: number[] = [];
        let now = NOW;
        let lane: Lane | undefined;
        for (const { waitMs, want, owner, lets } of list) {
          now += waitMs;
          const grant = lease(lane, owner, want, perMinute, now);
          if (!grant) continue;
          sent.push(...new Array<number>(grant.tokens).fill(now));
          lane = JSON.parse(JSON.stringify(lets ? released(grant.lane) : grant.lane));
        }
        const tooSoon = sent.filter(
          (at, i) => (sent[i + perMinute] ?? Number.POSITIVE_INFINITY) < at + MINUTE,
        );
        expect(tooSoon).toEqual([]);
      }),
      { numRuns: RUNS },
    );
  });

  test('has a token ready once the wait is over that it asked for', () => {
    const lanes = fc.record({
      tokens: fc.double({ min: 0, max: 20, noNaN: true }),
      failures: fc.nat(40),
      pause: fc.integer({ min: -60_000, max: 900_000 }),
      idle: fc.nat(120_000),
      perMinute: fc.integer({ min: 2, max: 300 }),
    });
    fc.assert(
      fc.property(lanes, ({ tokens, failures, pause, idle, perMinute }) => {
        const lane = laneOf({ tokens, failures, notBefore: NOW + pause });
        const first = take(lane, NOW + idle, { perMinute });
        if (first?.tokens !== 0) return;
        expect(first.waitMs).toBeGreaterThan(0);
        const rounded = 1;
        const then = NOW + idle + first.waitMs + rounded;
        expect(take(lane, then, { perMinute })?.tokens).toBeGreaterThan(0);
      }),
      { numRuns: RUNS },
    );
  });
});

describe('the lease', () => {
  test.each<[string, Lane | undefined, number, boolean]>([
    ['is given where there was none', undefined, 0, true],
    ['is given again to its owner', laneOf({ owner: 'b', until: NOW + LEASE_MS }), 0, true],
    ["is not given while it is another's", laneOf({ until: NOW + LEASE_MS }), LEASE_MS - 1, false],
    ['is given once it has run out', laneOf({ until: NOW + LEASE_MS }), LEASE_MS, true],
    ['is given once it was given back', released(laneOf({ until: NOW + LEASE_MS })), 0, true],
  ])('%s', (_, lane, afterMs, given) => {
    expect(take(lane, NOW + afterMs, { owner: 'b' }) !== undefined).toBe(given);
  });

  test('belongs to one at a time', () => {
    const asks = fc.array(
      fc.record({ waitMs: fc.nat(20_000), owner: fc.constantFrom('a', 'b', 'c'), lets: fc.boolean() }),
      { minLength: 2, maxLength: 60 },
    );
    fc.assert(
      fc.property(asks, (list) => {
        let now = NOW;
        let lane: Lane | undefined;
        let held = { owner: '', until: 0 };
        for (const { waitMs, owner, lets } of list) {
          now += waitMs;
          const grant = take(lane, now, { owner });
          const isFree = held.owner === owner || held.until <= now;
          expect(grant !== undefined).toBe(isFree);
          if (!grant) continue;
          expect(grant.lane.until).toBe(now + LEASE_MS);
          lane = lets ? released(grant.lane) : grant.lane;
          held = { owner, until: lane.until };
        }
      }),
      { numRuns: RUNS },
    );
  });
});

describe('a receiver that fails', () => {
  /** One failed round after the other, each as soon as it may be made. Answers what was waited before each. */
  function waits(rounds: number): number[] {
    let now = NOW;
    let lane = laneOf();
    return Array.from({ length: rounds }, () => {
      const began = now;
      let grant = take(lane, now);
      for (; grant && grant.tokens === 0; grant = take(grant.lane, now)) now += grant.waitMs;
      lane = noted(grant?.lane ?? lane, round(retry()), now);
      return now - began;
    });
  }

  test('is left alone after three rounds, longer each time, and never longer than 30 s', () => {
    expect(waits(11)).toEqual([0, 0, 0, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
  });

  test.each<[number, number]>([
    [2, 8],
    [3, 1],
    [40, 1],
  ])('after %i rounds is tried with %i at a time', (failures, tokens) => {
    expect(take(laneOf({ failures }), NOW)?.tokens).toBe(tokens);
  });

  test('is counted once for a round, however many attempts it had', () => {
    expect(noted(laneOf(), round(retry(), retry(), retry()), NOW)).toMatchObject({
      failures: 1,
      notBefore: NOW,
    });
  });

  test.each<[string, Outcome]>([
    ['takes something', ACCEPTED],
    ['refuses something: it is there', REFUSED],
  ])('is trusted again once it %s', (_, outcome) => {
    const lane = noted(laneOf({ failures: 9, notBefore: NOW }), round(retry(), outcome), NOW);
    expect(lane.failures).toBe(0);
    expect(take(lane, NOW)?.tokens).toBe(8);
  });

  test('is still waited for by those that asked for time, whatever the others got', () => {
    const lane = noted(laneOf(), round(ACCEPTED, retry(20_000), retry(), retry(45_000)), NOW);
    expect(take(lane, NOW + 44_999)).toMatchObject({ tokens: 0, waitMs: 1 });
    expect(take(lane, NOW + 45_000)?.tokens).toBe(8);
  });

  test('that fails for a year pauses 30 s', () => {
    expect(noted(laneOf({ failures: 1_000_000 }), round(retry()), NOW).notBefore).toBe(NOW + 30_000);
  });
});

describe('a refusal', () => {
  const refusal = { at: NOW, receiver: 'pagerduty', why: 'It answered 403.' };
  test.each<[string, Partial<Lane>, Outcome[], Lane['refusal'] | undefined]>([
    ['is kept for the operator', {}, [REFUSED], refusal],
    ['is kept while the receiver is away', { refusal }, [retry()], refusal],
    ['is over once something is accepted', { refusal }, [ACCEPTED], undefined],
    ['counts more than what is accepted beside it', {}, [ACCEPTED, REFUSED, ACCEPTED], refusal],
  ])('%s', (_, some, outcomes, kept) => {
    expect(noted(laneOf(some), round(...outcomes), NOW).refusal).toEqual(kept);
  });
});

describe('when the clock jumps (F26)', () => {
  const jumps = fc.oneof(fc.integer({ min: 1, max: 60_000 }), fc.integer({ min: 1, max: 10 * 86_400_000 }));

  test('back, no pause and no lease grows by it', () => {
    const cases = fc.record({
      back: jumps,
      pause: fc.integer({ min: 0, max: 900_000 }),
      passed: fc.nat(30_000),
    });
    fc.assert(
      fc.property(cases, ({ back, pause, passed }) => {
        const before = take(laneOf({ notBefore: NOW + pause }), NOW, { owner: 'b' });
        const lane = released(before?.lane ?? laneOf());
        const after = take(lane, NOW + passed - back);
        expect(after).toBeDefined();
        expect(after?.waitMs).toBeLessThanOrEqual(
          Math.max(0, pause - passed) + Math.min(back, 5_000 + passed),
        );
      }),
      { numRuns: RUNS },
    );
  });

  test('back, a lease of someone else is not waited for until then', () => {
    const theirs = take(undefined, NOW, { owner: 'b' })?.lane;
    expect(take(theirs, NOW - 3_600_000)).toBeDefined();
  });

  test('forth, there is no more than the burst', () => {
    fc.assert(
      fc.property(jumps, (forth) => {
        const empty = take(laneOf({ tokens: 0 }), NOW)?.lane;
        expect(take(empty, NOW + forth, { want: 1_000 })?.tokens).toBeLessThanOrEqual(20);
      }),
      { numRuns: RUNS },
    );
  });

  test('back and forth, the pace is found again at once', () => {
    const before = take(laneOf({ tokens: 0 }), NOW)?.lane;
    const back = take(before, NOW - 3_600_000)?.lane;
    const forth = take(back, NOW - 3_600_000 + 600);
    expect(forth?.tokens).toBe(1);
  });
});

test.each<[string, Ended[], number | undefined]>([
  ['accepted', round(ACCEPTED), NOW],
  ['accepted, and another one failed', round(ACCEPTED, retry()), NOW],
  ['accepted, and another one refused', round(ACCEPTED, REFUSED), undefined],
  ['refused', round(REFUSED), undefined],
  ['not taken at all', round(retry()), undefined],
])('a lane in which something was %s knows when it last took something without a refusal', (_, ended, at) => {
  expect(noted(laneOf(), ended, NOW).takenAt).toBe(at);
  expect(noted(laneOf({ takenAt: 7 }), ended, NOW).takenAt).toBe(at ?? 7);
});
