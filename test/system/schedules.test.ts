import { expect } from 'vitest';
import { decodeRow } from '../../lib/adapters/aws/dynamo-row.ts';
import type { HourBody } from '../../lib/hour.ts';
import { random } from '../kit/scenes.ts';
import { broken, well } from '../kit/service.ts';
import { beatsOf, gaps, minutes, statusOf, told } from './shown.ts';
import { onSharedCloud, type SharedScene, STANDBY } from './suite.ts';

const MINUTE = 60_000;

const tell = onSharedCloud({ containers: { 'watchbill-probe': 2, 'watchbill-decide': 2 } });

/** An outage, and what comes of it: one page, one end. */
async function outage(scene: SharedScene, lasts: number, mends: number): Promise<void> {
  const { cloud, service, check } = scene;
  service.answer = broken;
  await cloud.run(lasts);
  expect(scene.told()).toEqual(['trigger: opened']);
  expect(await statusOf(cloud, check)).toBe('down');
  service.answer = well;
  await cloud.run(mends);
  expect(scene.told()).toEqual(['trigger: opened', 'resolve: resolved']);
  expect(scene.heard()).toEqual([`page ${check} is down`, `resolve ${check} is down`]);
  expect(await statusOf(cloud, check)).toBe('up');
}

/** When the minute began that goes on. */
const thisMinute = ({ cloud }: SharedScene): number => Math.floor(cloud.account.time.now() / MINUTE) * MINUTE;

/** How many runs of each check were counted as skipped. */
async function skipped({ cloud }: SharedScene): Promise<number> {
  const hours = (await cloud.table.rows()).filter(({ partition }) => partition?.S === 'hour');
  const all = hours.reduce((sum, row) => sum + decodeRow<HourBody>(row).body.skipped, 0);
  return all / (await told(cloud)).checks.length;
}

tell('E24 schedules that call twice make one reading, one page and one end', async (scene) => {
  const { scheduler } = scene.cloud.account;
  scheduler.lateness = (schedule, minute) => {
    const [late = 0] = scheduler.usual(schedule, minute);
    return [late, late + 50];
  };
  const from = thisMinute(scene) + MINUTE;
  await outage(scene, 3, 5);
  const beats = await beatsOf(scene.cloud, STANDBY, from);
  expect(beats.length).toBeGreaterThanOrEqual(7);
  expect(new Set(gaps(beats))).toEqual(new Set([MINUTE]));
});

tell('E25 calls that are missed, or ten minutes late, are counted and tell of nothing', async (scene) => {
  const { cloud } = scene;
  const { scheduler } = cloud.account;
  const [missed, late] = [thisMinute(scene) + 2 * MINUTE, thisMinute(scene) + 4 * MINUTE];
  scheduler.lateness = (schedule, minute) => {
    if (schedule.function !== 'watchbill-beat') return scheduler.usual(schedule, minute);
    if (minute === missed) return [];
    return minute === late ? [600_000] : scheduler.usual(schedule, minute);
  };
  const before = await skipped(scene);
  await cloud.run(17);
  expect([scene.told(), scene.toldOfHome(), scene.heard()]).toEqual([[], [], []]);
  expect((await skipped(scene)) - before, 'the late one, in each location').toBe(3);
});

tell(
  'E25 half an hour without a scheduler is no data, and what comes of it in a burst is one page',
  async (scene) => {
    const { cloud, service, check } = scene;
    const { scheduler } = cloud.account;
    const from = thisMinute(scene) + MINUTE;
    const to = from + 30 * MINUTE;
    // The watchdog looks when home has had its say: before that it would page what was so.
    const burst = (name: string) => (name === 'watchbill-watchdog' ? 20_000 : 0);
    scheduler.lateness = (schedule, minute) =>
      minute >= from && minute < to
        ? [to - minute + burst(schedule.function)]
        : scheduler.usual(schedule, minute);
    const before = await skipped(scene);
    await cloud.run(10);
    service.answer = broken;
    await cloud.run(24);
    expect(scene.told()).toEqual(['trigger: opened']);
    service.answer = well;
    await cloud.run(4);
    expect(scene.told()).toEqual(['trigger: opened', 'resolve: resolved']);
    expect(scene.toldOfHome()).toEqual([]);
    expect(scene.heard()).toEqual([`page ${check} is down`, `resolve ${check} is down`]);
    const noData = await minutes(cloud, check, 'n', from);
    for (let minute = 5; minute < 28; minute++) expect(noData).toContain(minute);
    // The first beat is for the minute after the first call, and the last that is over a minute old one or two before now.
    expect((await skipped(scene)) - before).toBeGreaterThanOrEqual(3 * 28);
    expect((await skipped(scene)) - before).toBeLessThanOrEqual(3 * 29);
  },
);

tell('ticks that come late, twice and in any order make one page and one end', async (scene) => {
  const { mappings } = scene.cloud.account;
  const chance = random(7);
  mappings.delivery = ({ queue }) =>
    queue === 'watchbill-ticks'
      ? { held: Math.floor(chance() * 90_000), times: 1 + Math.round(chance()) }
      : { held: 0, times: 1 };
  await outage(scene, 6, 8);
});
