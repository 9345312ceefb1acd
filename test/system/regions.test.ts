import { expect } from 'vitest';
import { deadLettersOf, probesStack } from '../../lib/deployment.ts';
import { broken, well } from '../kit/service.ts';
import { modes } from '../kit/stand-in.ts';
import { beatsOf, gaps, minutes, statusOf } from './shown.ts';
import { brokenIn, HOME, onSharedCloud, STANDBY, THIRD } from './suite.ts';

const MINUTE = 60_000;
/** So long a trouble must have been over for its return to be a new one. */
const FORGOTTEN_MINUTES = 9;

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
    expect(scene.toldOfHome()).toEqual(['trigger: opened', 'resolve: resolved']);
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

tell('E26 the watchdog that is killed after its page ends it all the same', async (scene) => {
  const { cloud } = scene;
  const { pagerDuty } = cloud.receivers;
  cloud.account.dead.add(HOME);
  pagerDuty.mode = () => {
    pagerDuty.mode = modes.accept;
    void cloud.kill('watchdog', STANDBY);
    return { take: true, says: 'hang' };
  };
  await cloud.run(5);
  expect(scene.toldOfHome()).toEqual(['trigger: opened']);
  cloud.account.dead.delete(HOME);
  await cloud.run(11);
  expect(scene.toldOfHome()).toEqual(['trigger: opened', 'resolve: resolved']);
  const letters = await cloud.deadLetters();
  expect(new Set(letters.map(({ queue, region }) => `${queue} ${region}`))).toEqual(
    new Set([`${deadLettersOf(probesStack(STANDBY))} ${STANDBY}`]),
  );
});

tell(
  'A26 what one region of three sees pages nobody: it is degraded, and a ticket when it lasts',
  async (scene) => {
    const { cloud, service, check, heard } = scene;
    service.answer = brokenIn(THIRD);
    await cloud.run(4);
    expect(await statusOf(cloud, check)).toBe('degraded');
    expect(heard()).toEqual([]);
    await cloud.run(8);
    expect(heard()).toEqual([`ticket ${check} is degraded`]);
    service.answer = well;
    await cloud.run(4);
    expect(heard()).toEqual([`ticket ${check} is degraded`, `resolve ${check} is degraded`]);
    expect(scene.told()).toEqual([]);
    expect(await statusOf(cloud, check)).toBe('up');
  },
);

tell('A27 what two regions of three see pages once, and names them', async (scene) => {
  const { cloud, service, check } = scene;
  service.answer = brokenIn(STANDBY, THIRD);
  await cloud.run(3);
  expect(scene.told()).toEqual(['trigger: opened']);
  const { payload } = cloud.ledger.accepted.at(-1)?.event ?? {};
  expect(payload?.summary).toContain(`${check} is down (seen from 2 of 3)`);
  expect(payload?.custom_details?.locations).toBe(`2 of 3: ${STANDBY}, ${THIRD}`);
  expect(await statusOf(cloud, check)).toBe('down');
  service.answer = well;
  await cloud.run(4);
  expect(scene.told()).toEqual(['trigger: opened', 'resolve: resolved']);
});

tell('a region that cannot reach home keeps what it sees, and all of it gets there', async (scene) => {
  const { cloud, service } = scene;
  const from = cloud.account.time.now();
  cloud.account.trouble = ({ in: region, resource }) =>
    region === THIRD && resource.endsWith(':watchbill-ticks') ? 'refuse' : undefined;
  await cloud.run(2);
  service.answer = broken;
  await cloud.run(3);
  expect(scene.told(), 'two of three are enough').toEqual(['trigger: opened']);
  cloud.account.trouble = () => undefined;
  service.answer = well;
  await cloud.run(5);
  expect(scene.told()).toEqual(['trigger: opened', 'resolve: resolved']);
  const silent = `The location ${THIRD} is silent`;
  expect(scene.heard()).toContain(`ticket ${silent}`);
  expect(scene.heard()).toContain(`resolve ${silent}`);
  const beats = await beatsOf(cloud, THIRD, from);
  expect(beats.length).toBeGreaterThanOrEqual(9);
  expect(new Set(gaps(beats)), 'one each minute').toEqual(new Set([60_000]));
});

tell(
  'A29 a region that is dead for long is a ticket: what it saw has no say, and the others page',
  async (scene) => {
    const { cloud, service, check, heard } = scene;
    await cloud.run(FORGOTTEN_MINUTES);
    const silent = `The location ${THIRD} is silent`;
    service.answer = brokenIn(THIRD);
    await cloud.run(2);
    expect(await statusOf(cloud, check)).toBe('degraded');
    cloud.account.dead.add(THIRD);
    await cloud.run(5);
    expect(await statusOf(cloud, check), 'nobody who has a say sees it fail').toBe('up');
    expect(heard()).toEqual([`ticket ${silent}`]);
    service.answer = broken;
    await cloud.run(3);
    expect(scene.told()).toEqual(['trigger: opened']);
    service.answer = well;
    await cloud.run(12);
    expect(scene.told()).toEqual(['trigger: opened', 'resolve: resolved']);
    cloud.account.dead.delete(THIRD);
    await cloud.run(4);
    expect(heard()).toEqual([
      `ticket ${silent}`,
      `page ${check} is down`,
      `resolve ${check} is down`,
      `resolve ${silent}`,
    ]);
    expect(scene.told()).toEqual(['trigger: opened', 'resolve: resolved']);
    expect(scene.toldOfHome()).toEqual([]);
  },
);

tell('a majority of regions that is silent pages, once', async (scene) => {
  const { cloud } = scene;
  await cloud.run(FORGOTTEN_MINUTES);
  cloud.account.dead.add(STANDBY).add(THIRD);
  await cloud.run(6);
  expect(scene.told()).toEqual(['trigger locations/silent: opened']);
  cloud.account.dead.clear();
  await cloud.run(5);
  expect(scene.told()).toEqual(['trigger locations/silent: opened', 'resolve locations/silent: resolved']);
  expect(await statusOf(cloud, scene.check)).toBe('up');
});
