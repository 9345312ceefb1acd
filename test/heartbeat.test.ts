import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Call, called, heardIn, type Known, takeCall } from '../lib/heartbeat.ts';
import { VirtualClock } from './kit/clock.ts';
import { MemoryStore } from './kit/memory-store.ts';

const call: fc.Arbitrary<Call> = fc.record(
  { ok: fc.boolean(), tookMs: fc.nat(), message: fc.string(), run: fc.constantFrom('a', 'b', 'c', 'd') },
  { requiredKeys: ['ok'] },
);
const time = fc.integer({ min: 1, max: 1_000_000 });

describe('a call of a heartbeat', () => {
  it('under a name that was used changes nothing', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(call, time)), call, time, time, (before, last, at, later) => {
        const known = before.reduce<Known | undefined>((all, [one, now]) => called(all, one, now), undefined);
        const once = called(known, { ...last, run: 'mine' }, at);
        expect(called(once, { ...last, ok: !last.ok, run: 'mine' }, later)).toBe(once);
      }),
    );
  });

  it('never makes it older, whatever our clock does, and what was said last stands', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(call, time), { minLength: 1 }), (calls) => {
        let known: Known | undefined;
        for (const [{ run: _, ...one }, now] of calls) {
          const after = called(known, one, now);
          expect(after.last?.at).toBe(Math.max(now, known?.last?.at ?? 0));
          expect(after.last).toMatchObject(one);
          known = after;
        }
        expect(known?.since).toBe(calls[0]?.[1]);
      }),
    );
  });

  it('remembers the newest twenty names, and no more', () => {
    const runs = Array.from({ length: 50 }, (_, i) => `run-${i}`);
    const known = runs.reduce<Known | undefined>(
      (all, run, i) => called(all, { ok: true, run }, i + 1),
      undefined,
    );
    expect(known?.runs).toEqual(runs.slice(-20).reverse());
  });
});

describe('in the store', () => {
  it('it is waited for from when it was first asked for, and that stands', async () => {
    const clock = new VirtualClock();
    const store = new MemoryStore();
    const heard = heardIn(store, clock);
    const since = clock.now();
    expect(await heard('backup')).toEqual({ since });
    await clock.advance(5_000);
    expect(await heard('backup')).toEqual({ since });
    expect(await heard('other')).toEqual({ since: since + 5_000 });
  });

  it('calls at the same time are all taken, and one of the same name once', async () => {
    const store = new MemoryStore();
    const calls = ['a', 'b', 'a', 'c', 'a'].map((run) => takeCall(store, 'job', { ok: true, run }, 7));
    const answers = await Promise.all(calls);
    expect(answers.filter(({ isRepeated }) => isRepeated)).toHaveLength(2);
    const { before } = await takeCall(store, 'job', { ok: false }, 8);
    expect(before?.runs?.toSorted()).toEqual(['a', 'b', 'c']);
  });
});
