import { expect } from 'vitest';
import { broken, well } from '../kit/service.ts';
import { minutes, statusOf } from './shown.ts';
import { HOME, onSharedCloud } from './suite.ts';

const MINUTE = 60_000;

const tell = onSharedCloud();

tell(
  'home that is dead for five minutes is one page and its end; an outage meanwhile is history',
  async (scene) => {
    const { cloud, service, check } = scene;
    const { dead } = cloud.account;
    dead.add(HOME);
    await cloud.run(1);
    const from = Math.floor(cloud.account.time.now() / MINUTE) * MINUTE;
    service.answer = broken;
    await cloud.run(2);
    service.answer = well;
    await cloud.run(2);
    dead.delete(HOME);
    await cloud.run(6);
    expect(scene.toldOfHome().filter((told) => told !== 'trigger: merged')).toEqual([
      'trigger: opened',
      'resolve: resolved',
    ]);
    expect(scene.told(), 'over when home heard of it').toEqual([]);
    expect(scene.heard()).toEqual([
      `page Watchbill cannot be seen at its home in ${HOME}`,
      `resolve Watchbill is silent at its home in ${HOME}`,
    ]);
    expect(await statusOf(cloud, check)).toBe('up');
    expect(await minutes(cloud, check, 'd', from)).toEqual([0, 1]);
    expect(
      (await minutes(cloud, check, 'n', from)).filter((minute) => minute > -3),
      'no gap',
    ).toEqual([]);
  },
);
