import { describe, expect, test } from 'vitest';
import { encode } from '../lib/adapters/aws/sqs-batches.ts';
import { plannedBeats } from '../lib/beats.ts';
import type { Check } from '../lib/config/compiled.ts';
import { lean } from '../lib/latest.ts';
import { Fault } from '../lib/net/net.ts';
import { type Beat, type RunProbe, runBeat, type Site } from '../lib/observe.ts';
import { SecretError, sleep } from '../lib/ports.ts';
import type { ProbeContext } from '../lib/probes/define.ts';
import type { EarlyTick, Finding, Reading, Status, Tick } from '../lib/reading.ts';
import { remember } from '../lib/redact.ts';
import { hashOf, shardingOf, shardOf } from '../lib/schedule.ts';
import { observe, observeAsked, observeAtOnce } from '../lib/watch.ts';
import { settle, VirtualClock } from './kit/clock.ts';
import { checkOf, DAY, HOUR, MINUTE, NOON, readingOf, SECOND } from './kit/readings.ts';
import { configOf, NO_NET } from './kit/world.ts';

/** A location in virtual time, at noon, and what it sent home. */
class Place {
  readonly clock = new VirtualClock(NOON);
  readonly ticks: (Tick & { sentAt: number })[] = [];
  readonly early: EarlyTick[] = [];
  readonly logged: string[] = [];
  readonly stop = new AbortController();
  readonly site: Site;

  constructor(probe: RunProbe, more: Partial<Site> = {}) {
    const { clock } = this;
    const note = (message: string) => void this.logged.push(message);
    this.site = {
      location: 'local',
      config: configOf([]),
      sharding: shardingOf([]),
      probe: () => probe,
      net: NO_NET,
      clock,
      secrets: { get: async () => '' },
      log: { info: () => {}, warn: note, error: note },
      ticks: { send: async (tick) => void this.ticks.push({ ...tick, sentAt: clock.now() - NOON }) },
      early: { send: async (early) => void this.early.push(early) },
      canaryAnswers: async () => true,
      flushAfter: SECOND,
      atOnce: Number.POSITIVE_INFINITY,
      signal: this.stop.signal,
      running: new Set(),
      lastPass: Number.NEGATIVE_INFINITY,
      ...more,
    };
  }

  get readings(): Reading[] {
    return this.ticks.flatMap(({ readings }) => readings);
  }

  /** Runs a beat to its end. */
  async run(checks: readonly Check[] = [checkOf()], more: Partial<Beat> = {}): Promise<void> {
    const due = checks.map((check) => ({ check, offset: 0 }));
    await this.clock.run(runBeat({ at: NOON, cause: 'schedule', due, skipped: 0, ...more }, this.site));
  }
}

/** A probe whose tries find these one after the other, the last again and again; each takes so long. */
function finding(statuses: readonly Status[], takes = 20): RunProbe & { startedAt: number[] } {
  const startedAt: number[] = [];
  const probe: RunProbe = async (check, { clock, signal }) => {
    const status = statuses[Math.min(startedAt.length, statuses.length - 1)] ?? 'up';
    startedAt.push(clock.now() - NOON);
    await sleep(clock, takes, signal);
    const { check: _c, at: _a, tries: _t, ...found } = readingOf(check.id, status, 0);
    return { ...found, latencyMs: takes };
  };
  return Object.assign(probe, { startedAt });
}

describe('a run', () => {
  test.each<[string, Status[], Status, number, number[]]>([
    ['passes at once', ['up'], 'up', 1, [0]],
    ['is degraded at once', ['degraded'], 'degraded', 1, [0]],
    ['passes the second time (A31)', ['down', 'up'], 'up', 2, [0, 1_020]],
    ['passes the last time', ['down', 'down', 'down', 'degraded'], 'degraded', 4, [0, 1_020, 4_020, 10_020]],
    ['never passes', ['down'], 'down', 4, [0, 1_020, 4_020, 10_020]],
    [
      'never passes, and one try can’t tell',
      ['down', 'unknown', 'down'],
      'unknown',
      4,
      [0, 1_020, 4_020, 10_020],
    ],
    ['can’t tell at first, but then', ['unknown', 'up'], 'up', 2, [0, 1_020]],
  ])('that %s', async (_, statuses, status, tries, startedAt) => {
    const probe = finding(statuses);
    const place = new Place(probe);
    await place.run();
    expect(place.readings).toMatchObject([{ status, tries, at: NOON }]);
    expect(probe.startedAt).toEqual(startedAt);
    expect(place.readings[0]?.facts).toEqual(
      tries > 1 && status !== 'down' && status !== 'unknown' ? { retries: tries - 1 } : {},
    );
  });

  test('whose tries take longer than the pauses starts the next when one ends', async () => {
    const probe = finding(['down'], 6 * SECOND);
    await new Place(probe).run([checkOf('api', { timeout: 10 * SECOND })]);
    expect(probe.startedAt).toEqual([0, 7 * SECOND, 13 * SECOND, 19 * SECOND]);
  });

  test.each<[string, RunProbe, string, number]>([
    [
      'the policy forbids the address',
      async () => Promise.reject(new Fault('target_refused', 'no')),
      'target_refused',
      1,
    ],
    ['a secret is missing', async () => Promise.reject(new SecretError('no secret "A"')), 'misconfigured', 1],
    [
      'the probe has a defect',
      async () => Promise.reject(new TypeError('x is not a function')),
      'self_error',
      4,
    ],
    [
      'the probe throws before it begins',
      () => {
        throw new TypeError('x is not a function');
      },
      'self_error',
      4,
    ],
  ])('in which %s can’t tell', async (_, probe, reason, tries) => {
    const place = new Place(probe);
    await place.run();
    expect(place.readings).toMatchObject([{ status: 'unknown', reasons: [reason], tries }]);
    expect(place.logged.length > 0).toBe(reason === 'self_error');
  });

  test('that is stuck is left to itself a second after its deadline; others go on and the slot is free (A32)', async () => {
    const stuck: RunProbe = (check, context) =>
      check.id === 'stuck' ? new Promise(() => {}) : finding(['up'])(check, context);
    const place = new Place(stuck);
    await place.run([checkOf('stuck', { timeout: 5 * SECOND }), checkOf('api')]);
    expect(place.ticks[0]).toMatchObject({ sentAt: SECOND, readings: [{ check: 'api', status: 'up' }] });
    expect(place.readings[1]).toMatchObject({ check: 'stuck', status: 'unknown', reasons: ['self_error'] });
    expect(place.clock.now() - NOON).toBe(25 * SECOND);
    expect(place.site.running.size).toBe(0);
    expect(place.clock.pending).toBe(0);
  });

  test('is told to end at its time-out', async () => {
    let abortedAt: number | undefined;
    const probe: RunProbe = async (check, context) => {
      await sleep(context.clock, HOUR, context.signal);
      abortedAt ??= context.clock.now() - NOON;
      return finding(['down'])(check, context);
    };
    await new Place(probe).run([checkOf('api', { timeout: 3 * SECOND })]);
    expect(abortedAt).toBe(3 * SECOND);
  });
});

describe('a first failure', () => {
  test('is told within 0.3 s, once, with its time', async () => {
    const place = new Place(finding(['down']));
    const running = place.run();
    await place.clock.advance(20 + 300);
    expect(place.early).toEqual([{ location: 'local', at: NOON + 20, checks: ['api'] }]);
    await running;
    expect(place.early).toHaveLength(1);
  });

  test('is told with those that come soon after it, of whichever beat and shard they are', async () => {
    const checks = Array.from({ length: 1_000 }, (_, i) => checkOf(`check-${i}`));
    const place = new Place(finding(['down']), { sharding: shardingOf(checks.map(({ id }) => id)) });
    const ask = { location: 'local', cause: 'renew-1', at: NOON, checks: [] } as const;
    const beats = [checks.slice(0, 400), checks.slice(400)].map((some) =>
      place.run([], { due: some.map((check, i) => ({ check, offset: i * 5 })) }),
    );
    await Promise.all([...beats, place.clock.run(observeAsked(ask, checks, place.site))]);
    expect(place.early.flatMap((early) => early.checks).toSorted()).toEqual(
      checks.map(({ id }) => id).toSorted(),
    );
    // 600 of them, 5 ms apart: three seconds
    expect(place.early).toHaveLength(3_000 / 200);
  });

  test('that comes after the others have been told is told as well', async () => {
    const place = new Place(finding(['down']));
    const due = [0, 200, 1_000].map((offset) => ({ check: checkOf(String(offset)), offset }));
    await place.run([], { due });
    expect(place.early.map(({ at, checks }) => [at - NOON, ...checks])).toEqual([
      [20, '0'],
      [220, '200'],
      [1_020, '1000'],
    ]);
  });

  test('is told at once where the process stops', async () => {
    const place = new Place(finding(['down']));
    const running = place.run();
    await place.clock.advance(100);
    place.stop.abort();
    await running;
    await settle();
    expect(place.early).toMatchObject([{ checks: ['api'] }]);
    expect(place.clock.pending).toBe(0);
  });

  test.each(['confirm-1', 'renew-1'] as const)(
    'of a run that was asked for (%s) is told to nobody',
    async (cause) => {
      const place = new Place(finding(['down']));
      await place.run([checkOf()], { cause });
      expect(place.early).toEqual([]);
      expect(place.readings).toMatchObject([{ status: 'down' }]);
    },
  );

  test('is in the reading all the same where telling fails or hangs', async () => {
    for (const send of [() => Promise.reject(new Error('no network')), () => sleep(new VirtualClock(), 1)]) {
      const probe = finding(['down', 'up']);
      const place = new Place(probe, { early: { send } });
      void place.run().catch(() => {});
      await place.clock.advance(2 * SECOND);
      expect(probe.startedAt).toEqual([0, 1_020]);
    }
  });
});

describe('readings', () => {
  const slow: RunProbe = async (check, context) => {
    await sleep(context.clock, Number(check.id), context.signal);
    return finding([check.name as Status], 0)(check, context);
  };
  const taking = (ms: number, status: Status = 'up') => checkOf(String(ms), { name: status });

  /** How long each reading waited before it went home. */
  const waits = ({ ticks }: Place) =>
    ticks.flatMap(({ sentAt, readings }) => readings.map(({ check }) => sentAt - Number(check)));

  test('go home in parts, at the latest a second after they are there', async () => {
    const place = new Place(slow);
    await place.run([taking(100), taking(900), taking(950), taking(3_000), taking(3_100)]);
    expect(Math.max(...waits(place))).toBeLessThanOrEqual(SECOND);
    expect(place.ticks.map(({ part, readings }) => [part, readings.length])).toEqual([
      [0, 3],
      [1, 2],
    ]);
  });

  test('that are bad wait a tenth of a second, and take the others along', async () => {
    const judge = { tries: 1, over: 0, degradedAfter: 0, unknownAfter: 0 };
    const place = new Place(slow, { config: { ...configOf([]), judge } });
    await place.run([taking(110), taking(310, 'down'), taking(350, 'down'), taking(2_000)]);
    expect(place.ticks.map(({ readings }) => readings.map(({ status }) => status))).toEqual([
      ['up', 'down', 'down'],
      ['up'],
    ]);
    expect(place.ticks[0]?.sentAt).toBeLessThanOrEqual(410);
  });

  test('go home together where there is no hurry', async () => {
    const place = new Place(slow, { flushAfter: Number.POSITIVE_INFINITY });
    await place.run([taking(100), taking(3_000)]);
    expect(place.ticks).toHaveLength(1);
  });

  test('of each shard are ticks of their own, and skipped beats are told once', async () => {
    const ids = Array.from({ length: 700 }, (_, i) => `check-${i}`);
    const place = new Place(finding(['up']), { sharding: shardingOf(ids) });
    await place.run(
      ids.map((id) => checkOf(id)),
      { skipped: 7 },
    );
    expect(new Set(place.ticks.map(({ shard }) => shard)).size).toBe(4);
    expect(place.readings).toHaveLength(700);
    expect(place.ticks.map(({ skipped }) => skipped).toSorted()).toEqual([0, 0, 0, 7]);
  });

  test('of a beat that begins late have their slots where they would have been', async () => {
    const place = new Place(finding(['up']));
    await place.clock.advance(2 * SECOND);
    await place.run([], {
      due: [1_000, 3_000].map((offset) => ({ check: checkOf(String(offset)), offset })),
    });
    expect(place.readings.map(({ at }) => at - NOON)).toEqual([1_000, 3_000]);
    expect(place.clock.now() - NOON).toBe(3_020);
  });

  test('are dated by their beat and their place in it, however late they are', async () => {
    const place = new Place(finding(['up']));
    await place.clock.advance(40 * SECOND);
    const due = [{ check: checkOf(), offset: 3_000 }];
    await place.run([], { due });
    expect(place.readings).toMatchObject([{ at: NOON + 3_000 }]);
    expect(place.clock.now() - NOON).toBe(40_020);
  });

  test('that there are none of are a sign of life', async () => {
    const place = new Place(finding(['up']));
    await place.run([], { skipped: 2 });
    expect(place.ticks).toMatchObject([{ readings: [], part: 0, skipped: 2, beat: NOON }]);
  });
});

test('a check never overlaps with itself; a beat that its run covers tells only that the location lives (H08)', async () => {
  let running = 0;
  let most = 0;
  const probe: RunProbe = async (check, context) => {
    most = Math.max(most, ++running);
    await sleep(context.clock, 5_500, context.signal);
    running -= 1;
    return finding(['down'], 0)(check, context);
  };
  const place = new Place(probe);
  const check = checkOf('api', { every: 5 * SECOND, timeout: 6 * SECOND });
  const beats: Promise<void>[] = [];
  for (let i = 0; i < 12; i++) {
    beats.push(observe(NOON + i * 5 * SECOND, 5 * SECOND, [check], 0, place.site));
    await place.clock.advance(5 * SECOND);
  }
  await place.clock.run(Promise.all(beats));
  expect(most).toBe(1);
  expect(place.readings).toHaveLength(3);
  expect(place.ticks).toHaveLength(12);
  expect(place.ticks.every(({ skipped }) => skipped === 0)).toBe(true);
});

describe('a process that stands still (H03)', () => {
  test.each([
    ['a second', SECOND],
    ['30 seconds', 30 * SECOND],
    ['an hour', HOUR],
  ])('for %s makes no time-out of it: the try is run again', async (_, frozenMs) => {
    let tries = 0;
    const answersAtOnce: RunProbe = async (check, context) => {
      await sleep(context.clock, ++tries === 1 ? HOUR + MINUTE : 20, context.signal);
      return finding([context.signal.aborted ? 'down' : 'up'], 0)(check, context);
    };
    const place = new Place(answersAtOnce);
    const beat = runBeat(
      {
        at: NOON,
        cause: 'schedule',
        due: [{ check: checkOf('api', { timeout: 10 * SECOND }), offset: 0 }],
        skipped: 0,
      },
      place.site,
    );
    await place.clock.advance(2 * SECOND);
    place.clock.freeze(frozenMs);
    await place.clock.run(beat);
    expect(place.readings).toMatchObject([{ status: 'up', tries: 2 }]);
  });

  test.each<[string, Status, string]>([
    ['down', 'down', 'self_frozen'],
    ['slow', 'degraded', 'self_frozen'],
  ])('in every try doesn’t believe that the target is %s', async (_, status, reason) => {
    const place: Place = new Place(async (check, context) => {
      await settle();
      place.clock.freeze(3 * SECOND);
      return finding([status], 0)(check, context);
    });
    await place.run();
    expect(place.readings).toMatchObject([{ status: 'unknown', reasons: [reason], tries: 4 }]);
  });

  test('believes what no slowness can make, such as the age of a key', async () => {
    const place: Place = new Place(async (check, context) => {
      place.clock.freeze(3 * SECOND);
      const found = await finding(['down'], 0)(check, context);
      return { ...found, reasons: ['key_too_old'] };
    });
    await place.run();
    expect(place.readings).toMatchObject([{ status: 'down', reasons: ['key_too_old'], tries: 1 }]);
    const fault: Place = new Place(async () => {
      fault.clock.freeze(3 * SECOND);
      throw new Fault('aws_denied', 'denied');
    });
    await fault.run();
    expect(fault.readings).toMatchObject([{ status: 'unknown', reasons: ['aws_denied'], tries: 1 }]);
  });

  test('and then finds that all is well says so', async () => {
    const place: Place = new Place(async (check, context) => {
      place.clock.freeze(3 * SECOND);
      return finding(['up'], 0)(check, context);
    });
    await place.run();
    expect(place.readings).toMatchObject([{ status: 'up', tries: 1 }]);
  });
});

describe('a location whose canaries fail (A25)', () => {
  const canaries = ['https://one.test/', 'https://two.test/'];
  const config = { ...configOf([]), observer: { canaries } };
  const blind = { config, canaryAnswers: async () => false };

  test('can’t tell where nothing passed', async () => {
    const place = new Place(finding(['down']), blind);
    await place.run([checkOf('api'), checkOf('web')]);
    expect(place.readings.map(({ status, reasons }) => [status, ...reasons])).toEqual([
      ['unknown', 'observer_blind'],
      ['unknown', 'observer_blind'],
    ]);
  });

  test.each<[string, Partial<Site>]>([
    ['one of them answers', { config, canaryAnswers: async (url) => url === canaries[1] }],
    ['there are none', { canaryAnswers: async () => false }],
  ])('is believed where %s', async (_, more) => {
    const place = new Place(finding(['down']), more);
    await place.run();
    expect(place.readings).toMatchObject([{ status: 'down' }]);
  });

  test('is believed where something passed, whichever beat that was in', async () => {
    const place = new Place(
      (check, context) => finding([check.id === 'api' ? 'down' : 'up'])(check, context),
      blind,
    );
    const down = place.run([checkOf('api')]);
    await Promise.all([
      down,
      runBeat(
        { at: NOON, cause: 'schedule', due: [{ check: checkOf('web'), offset: 0 }], skipped: 0 },
        place.site,
      ),
    ]);
    expect(place.readings.find(({ check }) => check === 'api')?.status).toBe('down');
  });

  test('that saw something pass before the run began doesn’t see now, though it is the same beat', async () => {
    const place = new Place(
      (check, context) => finding([check.id === 'api' ? 'down' : 'up'])(check, context),
      blind,
    );
    const due = [
      { check: checkOf('web'), offset: 0 },
      { check: checkOf('api'), offset: 3 * SECOND },
    ];
    await place.run([], { due });
    expect(place.readings.find(({ check }) => check === 'api')?.status).toBe('unknown');
  });

  test('asks them once where many checks fail together, and anew a second later', async () => {
    let asked = 0;
    const place = new Place(finding(['down']), {
      config,
      canaryAnswers: async () => {
        asked += 1;
        return false;
      },
    });
    const due = Array.from({ length: 50 }, (_, i) => ({ check: checkOf(`check-${i}`), offset: 5 * i }));
    await place.run([], { due });
    expect(asked).toBe(canaries.length);
    await place.run([checkOf('api')]);
    expect(asked).toBe(2 * canaries.length);
  });

  test('that did see a minute ago doesn’t see now', async () => {
    const place = new Place(
      (check, context) => finding([check.id === 'api' ? 'down' : 'up'])(check, context),
      blind,
    );
    await place.run([checkOf('web')]);
    await place.clock.advance(MINUTE);
    await place.run([checkOf('api')]);
    expect(place.readings.at(-1)).toMatchObject({ check: 'api', status: 'unknown' });
  });

  test.each<[string, Site['canaryAnswers']]>([
    ['hang', (_url, { clock, signal }: ProbeContext) => sleep(clock, HOUR, signal).then(() => false)],
    ['never end', () => new Promise(() => {})],
    ['have a defect', () => Promise.reject(new TypeError('x'))],
  ])('tells so within seconds where they %s', async (_, canaryAnswers) => {
    const place = new Place(finding(['down']), { config, canaryAnswers });
    await place.run();
    expect(place.readings).toMatchObject([{ status: 'unknown', reasons: ['observer_blind'] }]);
    expect(place.clock.now() - NOON).toBeLessThan(20 * SECOND);
  });
});

describe('a process that is told to stop', () => {
  /** Each check takes as many ms as its id says, and is then what its name says. */
  const slow: RunProbe = async (check, context) =>
    finding([check.name as Status], Number(check.id))(check, context);
  const taking = (ms: number, status: Status = 'up') => checkOf(String(ms), { name: status });

  test('leaves out what it cut off and counts it, and says what had passed', async () => {
    const place = new Place((check, context) =>
      finding([check.id === 'api' ? 'down' : 'up'], 300)(check, context),
    );
    const due = [
      { check: checkOf('api'), offset: 0 },
      { check: checkOf('web'), offset: 0 },
      { check: checkOf('later'), offset: 3 * SECOND },
    ];
    const running = place.run([], { due });
    await place.clock.advance(2 * SECOND);
    place.stop.abort();
    await running;
    expect(place.readings.map(({ check, status }) => [check, status])).toEqual([['web', 'up']]);
    expect(place.ticks.map(({ skipped }) => skipped)).toEqual([0, 2]);
    expect(place.clock.pending).toBe(0);
  });

  test('counts what had yet to start and what waited for its turn, in the last tick of its shard', async () => {
    const place = new Place(slow, { atOnce: 2, flushAfter: Number.POSITIVE_INFINITY });
    const checks = [taking(100), taking(5_000, 'down'), taking(200), taking(6_000, 'down'), taking(300)];
    const later = { check: checkOf('later'), offset: 30 * SECOND };
    const running = place.run([], {
      due: [...checks.map((check) => ({ check, offset: 0 })), later],
      skipped: 7,
    });
    await place.clock.advance(SECOND);
    place.stop.abort();
    await running;
    expect(place.readings.map(({ check }) => check)).toEqual(['100', '200']);
    expect(place.ticks.map(({ part, skipped }) => [part, skipped])).toEqual([[0, 7 + 4]]);
    expect(place.clock.pending).toBe(0);
  });

  test('counts in each shard what is cut off there, and loses nothing of a beat', async () => {
    const ids = Array.from({ length: 700 }, (_, i) => `check-${i}`);
    const probe: RunProbe = async (check, context) => {
      await sleep(context.clock, SECOND, context.signal);
      return finding([context.signal.aborted ? 'down' : 'up'], 0)(check, context);
    };
    const place = new Place(probe, { sharding: shardingOf(ids), atOnce: 40 });
    const running = place.run(ids.map((id) => checkOf(id)));
    await place.clock.advance(3_500);
    place.stop.abort();
    await running;
    const toldOf = (ticks: readonly Tick[]) =>
      ticks.reduce((sum, tick) => sum + tick.readings.length + tick.skipped, 0);
    const told = Map.groupBy(place.ticks, ({ shard }) => shard);
    for (const [shard, some] of Map.groupBy(ids, (id) => shardOf(hashOf(id), place.site.sharding)))
      expect(toldOf(told.get(shard) ?? [])).toBe(some.length);
    expect(place.readings).toHaveLength(120);
  });

  test('counts no check twice that was running already', async () => {
    const place = new Place(finding(['down'], MINUTE));
    const check = checkOf('api', { timeout: HOUR });
    const beats = [place.run([check]), place.run([check])];
    await place.clock.advance(SECOND);
    place.stop.abort();
    await Promise.all(beats);
    expect(place.ticks.map(({ skipped }) => skipped).toSorted()).toEqual([0, 1]);
  });

  test('waits a second for a probe that takes no notice, whatever its time-out', async () => {
    const place = new Place(() => new Promise(() => {}));
    const running = place.run([checkOf('api', { timeout: 30 * SECOND })]);
    await place.clock.advance(2 * SECOND);
    place.stop.abort();
    await place.clock.run(running);
    expect(place.ticks).toMatchObject([{ readings: [], skipped: 1, sentAt: 3 * SECOND }]);
    expect(place.clock.pending).toBe(0);
  });

  test('doesn’t wait until others have been asked to look', async () => {
    const place = new Place(finding(['down']), { early: { send: () => new Promise(() => {}) } });
    const running = place.run();
    await place.clock.advance(2 * SECOND);
    place.stop.abort();
    await running;
    expect(place.ticks).toMatchObject([{ skipped: 1 }]);
  });
});

describe('at most so many checks at the same time', () => {
  const ids = Array.from({ length: 30 }, (_, i) => `check-${i}`);

  test('run, first come, first served, whichever beat they are of', async () => {
    let running = 0;
    let most = 0;
    const begun: string[] = [];
    const probe: RunProbe = async (check, context) => {
      begun.push(check.id);
      most = Math.max(most, ++running);
      await sleep(context.clock, 100 + (Number(check.id.slice(6)) % 7) * 50, context.signal);
      running -= 1;
      return finding(['up'], 0)(check, context);
    };
    const place = new Place(probe, { atOnce: 4 });
    const beats = [ids.slice(0, 20), ids.slice(20)].map((some) => place.run(some.map((id) => checkOf(id))));
    await Promise.all(beats);
    expect(most).toBe(4);
    expect(begun).toEqual(ids);
    expect(place.readings.map(({ check }) => check).toSorted()).toEqual(ids.toSorted());
    expect(place.readings.every(({ at }) => at === NOON)).toBe(true);
  });

  test('and the time of a try begins with it, however long it waited', async () => {
    const probe: RunProbe = async (check, context) => {
      expect(context.deadline - context.clock.monotonic()).toBe(check.timeout);
      await sleep(context.clock, 4 * SECOND, context.signal);
      return finding([context.signal.aborted ? 'down' : 'up'], 0)(check, context);
    };
    const place = new Place(probe, { atOnce: 1 });
    await place.run(ids.map((id) => checkOf(id, { timeout: 5 * SECOND })));
    expect(place.readings.map(({ status }) => status)).toEqual(ids.map(() => 'up'));
    expect(place.clock.now() - NOON).toBe(30 * 4 * SECOND);
  });

  test('and one that is stuck gives its turn away a second after its time-out', async () => {
    const place = new Place(
      (check, context) => (check.id === 'stuck' ? new Promise(() => {}) : finding(['up'])(check, context)),
      { atOnce: 1, config: { ...configOf([]), judge: { ...configOf([]).judge, tries: 1 } } },
    );
    await place.run([checkOf('stuck', { timeout: 5 * SECOND }), checkOf('api')]);
    expect(place.readings.map(({ check }) => check)).toEqual(['stuck', 'api']);
    expect(place.ticks.at(-1)?.sentAt).toBe(6 * SECOND + 20);
  });
});

describe('a planned beat', () => {
  const checks = [
    checkOf('api'),
    checkOf('web', { locations: ['elsewhere'] }),
    checkOf('fast', { every: 20 * SECOND }),
    checkOf('slow', { every: 30 * DAY }),
  ];
  const config = { ...configOf([]), checks, locations: ['local', 'elsewhere'] };
  const beat = { shard: '0-0', at: NOON, step: MINUTE, only: 'all' } as const;

  test('runs at once, a little apart, what has a slot in it here', async () => {
    const probe = finding(['up']);
    const place = new Place(probe, { flushAfter: Number.POSITIVE_INFINITY });
    await place.clock.run(observeAtOnce(beat, config, 3, place.site));
    expect(probe.startedAt).toEqual([0, 5]);
    expect(place.ticks).toMatchObject([{ beat: NOON, cause: 'schedule', part: 0, skipped: 3, shard: '0-0' }]);
    expect(place.readings.map(({ check, at }) => [check, at - NOON])).toEqual([
      ['api', 0],
      ['fast', 5],
    ]);
  });

  test('that comes late is as little a herd, and its readings have the times of the beat', async () => {
    const probe = finding(['up']);
    const place = new Place(probe);
    await place.clock.advance(40 * SECOND);
    await place.clock.run(observeAtOnce(beat, config, 0, place.site));
    expect(probe.startedAt).toEqual([40_000, 40_005]);
    expect(place.readings.map(({ at }) => at - NOON)).toEqual([0, 5]);
  });

  test('that is over a minute late is skipped and counted', async () => {
    const place = new Place(finding(['up']));
    await place.clock.advance(MINUTE + 1);
    await place.clock.run(observeAtOnce(beat, config, 3, place.site));
    expect(place.ticks).toMatchObject([{ readings: [], skipped: 5, beat: NOON }]);
  });

  test('in which nothing is due tells so for its own shard: the tick of another one has that name', async () => {
    const checks = Array.from({ length: 700 }, (_, i) => checkOf(`check-${i}`, { every: 30 * DAY }));
    const place = new Place(finding(['up']), { sharding: shardingOf(checks.map(({ id }) => id)) });
    const rare = { ...config, checks };
    const planned = plannedBeats(rare, 'local', NOON);
    for (const one of planned) await place.clock.run(observeAtOnce(one, rare, 0, place.site));
    expect(place.readings).toEqual([]);
    expect(place.ticks.map(({ shard }) => shard)).toEqual(['2-0', '2-1', '2-2', '2-3']);
  });
});

describe('a tick', () => {
  const big = (id: string): Reading =>
    readingOf(id, 'down', NOON, { message: 'x'.repeat(1_400), facts: { body: 'y'.repeat(900) } });
  const bytes = (tick: Tick) => Buffer.byteLength(encode(lean(tick)));
  const beatOf = (found: (id: string) => Reading): RunProbe => {
    return async ({ id }) => {
      const { check: _c, at: _a, tries: _t, ...finding } = found(id);
      return finding;
    };
  };
  const ids = Array.from({ length: 300 }, (_, i) => `check-${i}`);
  const atOnce = { flushAfter: Number.POSITIVE_INFINITY };

  test('of 300 checks that are up is one message, whatever they found', async () => {
    const place = new Place(
      beatOf((id) => ({ ...big(id), status: 'up', reasons: [] })),
      atOnce,
    );
    await place.run(ids.map((id) => checkOf(id)));
    expect(place.ticks).toHaveLength(1);
    expect(place.ticks.map(bytes)[0]).toBeLessThan(40_000);
  });

  test('that is larger than a message is sent in parts, each of which a queue takes', async () => {
    const place = new Place(beatOf(big), atOnce);
    await place.run(
      ids.map((id) => checkOf(id)),
      { skipped: 2 },
    );
    expect(place.ticks.map(({ part }) => part)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(place.ticks.map(({ skipped }) => skipped)).toEqual([2, 0, 0, 0, 0, 0]);
    expect(place.readings.map(({ check }) => check)).toEqual(ids);
    expect(Math.max(...place.ticks.map(bytes))).toBeLessThan(130_000);
  });

  test('also where every character is one that the queue writes in six', async () => {
    const odd = (id: string): Reading => ({ ...big(id), message: '\uffff'.repeat(490) });
    const place = new Place(beatOf(odd), atOnce);
    await place.run(ids.map((id) => checkOf(id)));
    expect(place.readings).toHaveLength(300);
    expect(Math.max(...place.ticks.map(bytes))).toBeGreaterThan(150_000);
  });

  test('that is cut off tells so in its last part alone', async () => {
    const place = new Place(
      (check, context) => (check.id === 'never' ? new Promise(() => {}) : beatOf(big)(check, context)),
      atOnce,
    );
    const running = place.run([...ids, 'never'].map((id) => checkOf(id, { timeout: HOUR })));
    await place.clock.advance(30 * SECOND);
    place.stop.abort();
    await place.clock.run(running);
    const skipped = place.ticks.map((tick) => tick.skipped);
    expect([skipped.length > 1, skipped.at(-1), Math.max(...skipped.slice(0, -1))]).toEqual([true, 1, 0]);
  });
});

describe('what home asks for', () => {
  const ask = { location: 'local', cause: 'renew-1', at: NOON, checks: ['api', 'web', 'gone'] } as const;
  const checks = [checkOf('api'), checkOf('web'), checkOf('other')];

  test('is run at once, a little apart, under the name of the ask', async () => {
    const probe = finding(['up']);
    const place = new Place(probe);
    await place.clock.run(observeAsked(ask, checks, place.site));
    expect(probe.startedAt).toEqual([0, 5]);
    expect(place.ticks.map(({ cause }) => cause)).toEqual(['renew-1']);
    expect(place.readings.map(({ check }) => check)).toEqual(['api', 'web']);
  });

  test('is skipped and counted where it comes over a minute late', async () => {
    const place = new Place(finding(['up']));
    await place.clock.advance(MINUTE + 1);
    await place.clock.run(observeAsked(ask, checks, place.site));
    expect(place.ticks).toMatchObject([{ readings: [], skipped: 2 }]);
  });
});

test('a finding is redacted before it leaves', async () => {
  const secret = 'correct-horse-battery-staple';
  remember(secret);
  const facts = { location: `/login?token=${secret}` };
  const found: Finding = {
    status: 'down',
    reasons: ['not_http'],
    message: `It sent ${secret}.`,
    latencyMs: 1,
    phases: {},
    facts,
  };
  const place = new Place(async () => found);
  await place.run();
  expect(place.readings).toHaveLength(1);
  expect(JSON.stringify(place.readings)).not.toContain(secret);
});

test('a part that cannot be sent fails its beat, once every check of it has run', async () => {
  const probe: RunProbe = async (check, context) =>
    finding(['up'], check.id === 'slow' ? MINUTE : 20)(check, context);
  const lost = async () => Promise.reject(new Error('the queue is away'));
  const place = new Place(probe, { ticks: { send: lost } });
  await expect(place.run([checkOf('quick'), checkOf('slow', { timeout: HOUR })])).rejects.toThrow(
    'the queue is away',
  );
  expect(place.clock.now() - NOON).toBe(MINUTE);
});
