import { expect } from 'vitest';
import { broken, well } from '../kit/service.ts';
import { modes, type Received } from '../kit/stand-in.ts';
import { statusOf } from './shown.ts';
import { onSharedCloud, ROUTING_KEY } from './suite.ts';

const tell = onSharedCloud();
const NEW_KEY = 'RNEW456789ABCDEFGHIJKLMNOPQRSTUV';

tell('PagerDuty is away for long: the page and its end both arrive, in order and once', async (scene) => {
  const { cloud, service, check } = scene;
  const { pagerDuty } = cloud.receivers;
  const { scheduler } = cloud.account;
  // The watchdog would try to say that home lives, for half a minute of real time every ten minutes.
  scheduler.lateness = (schedule, minute) =>
    schedule.function === 'watchbill-watchdog' ? [] : scheduler.usual(schedule, minute);
  await pagerDuty.gone();
  service.answer = broken;
  await cloud.run(4);
  service.answer = well;
  await cloud.run(21);
  expect(scene.heard(), 'the webhook waits for nobody').toEqual([
    `page ${check} is down`,
    `resolve ${check} is down`,
  ]);
  expect(scene.told()).toEqual([]);
  await pagerDuty.back();
  await cloud.run(3);
  expect(scene.told()).toEqual(['trigger: opened', 'resolve: resolved']);
  expect(await statusOf(cloud, check)).toBe('up');
});

tell('a key that is replaced is used at once, though the old one was taken a minute ago', async (scene) => {
  const { cloud, service, check } = scene;
  const { pagerDuty } = cloud.receivers;
  service.answer = broken;
  await cloud.run(2);
  expect(scene.told()).toEqual(['trigger: opened']);
  service.answer = well;
  await cloud.run(1);
  const isOld = ({ bytes }: Received) => bytes.includes(ROUTING_KEY);
  pagerDuty.mode = (request) => (isOld(request) ? modes.status(400) : modes.accept);
  await cloud.setSecret('PD_KEY', NEW_KEY);
  const asked = pagerDuty.requests.length;
  await cloud.run(2);
  const keys = pagerDuty.requests.slice(asked).map((request) => (isOld(request) ? 'old' : 'new'));
  expect(keys.slice(0, 2)).toEqual(['old', 'new']);
  expect(keys.filter((key) => key === 'old')).toHaveLength(1);
  // It is another service of theirs: there nothing was open.
  expect(scene.told()).toEqual(['trigger: opened', 'resolve: dropped']);
  expect(scene.heard()).toEqual([`page ${check} is down`, `resolve ${check} is down`]);
});
