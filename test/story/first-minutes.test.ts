import { describe, expect, test } from 'vitest';
import { MINUTE, SECOND } from '../kit/readings.ts';
import { downBetween, Stage } from '../kit/stage.ts';

/** What the row of a check shows, its bar as letters: up, down, nothing. */
const rowOf = ({ world }: Stage, id = 'api') => {
  const check = world.snapshot.checks.find((one) => one.id === id);
  if (!check) throw new Error(`${id} is not on the page`);
  const slots = check.bar.slots.map(({ up, down }) => (down ? 'd' : up ? 'u' : '.'));
  return { ...check, bar: slots.join('').replace(/^\.+/, ''), slots: slots.length };
};
const well = downBetween(0, 0);
/** Seconds: more than one reading a minute, one, and less, with minutes in which none begins. */
const EVERY = [5, 20, 60, 100];

test('the first reading is on the page at once: a slot of the bar, since when, and no uptime that isn’t one', async () => {
  const stage = await Stage.set({});
  await stage.until(45 / 60);
  const { status, bar, slots, since, uptime, record, readAt } = rowOf(stage);
  expect({ status, bar, slots, uptime }).toEqual({ status: 'up', bar: 'u', slots: 30, uptime: {} });
  expect(since).toBe(record?.since);
  expect(since).toBeGreaterThanOrEqual(stage.start);
  expect(since).toBeLessThanOrEqual(readAt ?? 0);
  expect(record).toMatchObject({ up: 0, known: 0 });
  await stage.world.stop();
});

test('a failure is red in the row while it goes on, and counts once its minute is over', async () => {
  const stage = await Stage.set({ status: downBetween(2, 3) });
  await stage.until(2.9);
  expect(rowOf(stage)).toMatchObject({ status: 'down', bar: 'uud', record: { up: 2, known: 2 } });
  await stage.until(5.1);
  expect(rowOf(stage)).toMatchObject({ bar: 'uuduuu', uptime: { '24h': 0.8 }, record: { up: 4, known: 5 } });
  await stage.world.stop();
});

test('rows agree: each minute of which one check shows something, every check does that was read then', async () => {
  const stage = await Stage.set({
    checks: ['a', 'b', 'c', 'd'],
    config: (config) => ({
      ...config,
      checks: config.checks.map((check, i) => ({ ...check, every: (EVERY[i] ?? 60) * SECOND })),
    }),
    status: well,
  });
  await stage.until(2);
  for (let minutes = 2; minutes < 8; minutes += 0.3) {
    await stage.until(minutes);
    const bars = ['a', 'b', 'c', 'd'].map((id) => rowOf(stage, id).bar);
    expect(new Set(bars).size, `${bars}`).toBe(1);
  }
  await stage.world.stop();
});

describe('“since” is never invented', () => {
  test('a check that is added later was not up before', async () => {
    const stage = await Stage.set({ checks: ['api', 'web'] });
    const { checks } = stage.world.config;
    await stage.reload((config) => ({ ...config, checks: checks.slice(0, 1) }));
    await stage.until(3.37);
    const addedAt = stage.world.time;
    await stage.reload((config) => ({ ...config, checks }));
    await stage.until(6);
    expect(rowOf(stage, 'web').since).toBeGreaterThanOrEqual(addedAt);
    expect(rowOf(stage, 'web').bar.length).toBeLessThan(rowOf(stage, 'api').bar.length);
    await stage.world.stop();
  });

  test('what was down is up since its incident ended, also after a restart', async () => {
    const stage = await Stage.set({ status: downBetween(2, 4) });
    await stage.until(12);
    const { since } = rowOf(stage);
    expect(since).toBeGreaterThan(stage.start + 4 * MINUTE);
    expect(since).toBeLessThan(stage.start + 6 * MINUTE);
    await stage.world.restart();
    await stage.until(13);
    expect(rowOf(stage).since).toBe(since);
    await stage.world.stop();
  });

  test('what is degraded is so since its first such reading', async () => {
    const stage = await Stage.set({ status: (_, at) => (at < 2 * MINUTE ? 'up' : 'degraded') });
    for (const minutes of [5, 20]) {
      await stage.until(minutes);
      const { status, since = 0 } = rowOf(stage);
      expect(status).toBe('degraded');
      expect(since - stage.start).toBeGreaterThanOrEqual(2 * MINUTE);
      expect(since - stage.start).toBeLessThan(3 * MINUTE);
    }
    await stage.world.stop();
  });

  test('maintenance that began before it was first read began with that', async () => {
    const stage = await Stage.set({
      config: (config, start) => ({
        ...config,
        maintenance: [{ checks: '*', title: undefined, from: start - 3 * MINUTE, to: start + 9 * MINUTE }],
      }),
    });
    await stage.until(2);
    const { status, since, record } = rowOf(stage);
    expect([status, since]).toEqual(['maintenance', record?.since]);
    expect(since).toBeGreaterThanOrEqual(stage.start);
    await stage.world.stop();
  });
});
