import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { awaited, type Call, called, heardIn, type Known, takeCall } from '../lib/heartbeat.ts';
import { VirtualClock } from './kit/clock.ts';
import { MemoryStore } from './kit/memory-store.ts';

const call: fc.Arbitrary<Call> = fc.record(
  { ok: fc.boolean(), tookMs: fc.nat(), message: fc.string(), run: fc.constantFrom('a', 'b', 'c', 'd') },
  { requiredKeys: ['ok'] },
);
const time = fc.integer({ min: 1, max: 1_000_000 });

describe('a call of a heartbeat', () => {
  it('that comes once more, after others, changes nothing', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(call, time)), call, call, time, (before, mine, other, now) => {
        const known = before.reduce<Known | undefined>((all, [one, at]) => called(all, one, at), undefined);
        const once = called(known, { ...mine, run: 'mine' }, now);
        const later = called(once, { ...other, run: 'another' }, now + 1);
        expect(called(later, { ...mine, run: 'mine' }, now + 2)).toBe(later);
      }),
    );
  });

  it('that comes twice in a row is as one that came then, under whatever name', () => {
    fc.assert(
      fc.property(call, time, time, (one, at, later) => {
        const twice = called(called(undefined, one, at), one, later);
        expect(twice.last).toEqual(called(undefined, one, later).last);
        expect(twice.runs?.length ?? 0).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('under an old name counts if it says something else, or comes an hour later', () => {
    const failed = called(undefined, { ok: false, run: 'nightly' }, 1);
    const other = called(failed, { ok: true, run: 'other' }, 2);
    expect(called(other, { ok: false, run: 'nightly' }, 3)).toBe(other);
    expect(called(other, { ok: true, run: 'nightly' }, 3).last).toEqual({ ok: true, at: 3 });
    expect(called(other, { ok: false, run: 'nightly' }, 3_600_001).last).toEqual({
      ok: false,
      at: 3_600_001,
    });
  });

  it('stands as what was said last, and by our clock of then, whatever that does', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(call, time), { minLength: 1 }), (calls) => {
        let known: Known | undefined;
        for (const [{ run: _, ...one }, now] of calls) {
          known = called(known, one, now);
          expect(known.last).toEqual({ ...one, at: now });
        }
        expect(known?.since).toBe(calls[0]?.[1]);
      }),
    );
  });

  it('leaves the newest five names, and no more', () => {
    const runs = Array.from({ length: 50 }, (_, i) => `run-${i}`);
    const known = runs.reduce<Known | undefined>(
      (all, run, i) => called(all, { ok: true, run }, i + 1),
      undefined,
    );
    expect(known?.runs?.map(({ name }) => name)).toEqual(runs.slice(-5).reverse());
  });
});

describe('waiting for it', () => {
  const HOUR = 3_600_000;
  const NOON = Date.UTC(2026, 10, 26, 12);
  /** Looked at each minute for an hour, and heard at half past. */
  const known: Known = {
    since: NOON - HOUR,
    listening: NOON - HOUR,
    last: { at: NOON - HOUR / 2, ok: true },
    lookedAt: NOON,
    patience: HOUR,
  };

  it.each<[string, number | undefined, number, number]>([
    ['goes on from minute to minute', HOUR, NOON + 60_000, known.listening],
    ['goes on over a beat that was lost', HOUR, NOON + 150_000, known.listening],
    [
      'begins anew after a gap: we were away, or it was not in the config',
      HOUR,
      NOON + 150_001,
      NOON + 150_001,
    ],
    ['begins anew when it is to call sooner', HOUR - 1, NOON + 60_000, NOON + 60_000],
    ['goes on when it may call later', HOUR + 1, NOON + 60_000, known.listening],
    ['begins anew when our clock is set back', HOUR, NOON - 2 * HOUR, NOON - 2 * HOUR],
  ])('%s', (_, patience, now, listening) => {
    expect(awaited(known, patience, now)).toMatchObject({ listening, lookedAt: now, patience });
  });

  it('takes nothing for later than now: a clock that once was ahead keeps no heartbeat well', () => {
    const ahead = called(undefined, { ok: true }, NOON + 400 * 24 * HOUR);
    expect(awaited(ahead, HOUR, NOON)).toMatchObject({ since: NOON, listening: NOON, last: { at: NOON } });
  });

  it('begins with the first look, and asked by another check it is only read', async () => {
    const clock = new VirtualClock();
    const store = new MemoryStore();
    const heard = heardIn(store, clock);
    await heard('backup');
    expect(await store.list('heartbeat')).toEqual([]);
    const since = clock.now();
    await heard('backup', HOUR);
    await clock.advance(60_000);
    expect(await heard('backup', HOUR)).toMatchObject({ since, listening: since });
    expect(await heard('backup')).toMatchObject({ since });
  });
});

describe('in the store', () => {
  it('calls at the same time are all taken, and one of the same name once', async () => {
    const store = new MemoryStore();
    await Promise.all(['a', 'b', 'a', 'c', 'a'].map((run) => takeCall(store, 'job', { ok: true, run }, 7)));
    const { before } = await takeCall(store, 'job', { ok: false }, 8);
    expect(before?.runs?.map(({ name }) => name).toSorted()).toEqual(['a', 'b', 'c']);
  });
});
