import { expect } from 'vitest';
import { broken, well } from '../kit/service.ts';
import { statusOf, told } from './shown.ts';
import { checkOf, configOf, HOME, onSharedCloud, type SharedScene, STANDBY, THIRD } from './suite.ts';

const tell = onSharedCloud();
const ONCE = ['trigger: opened', 'resolve: resolved'];

/** The config with these checks, in these regions; default: everywhere. */
const deploy = ({ cloud }: SharedScene, checks: readonly object[], regions?: string[], more: object = {}) =>
  cloud.redeploy(configOf(checks, cloud.receivers, more), regions);

/** More checks than a shard holds: whether the service listens, which it does even when it fails. */
const filledUp = ({ service, checks }: SharedScene): object[] => [
  ...checks,
  ...Array.from({ length: 200 }, (_, i) => ({
    id: `filler-${i}`,
    type: 'tcp',
    host: '127.0.0.1',
    port: Number(new URL(service.url).port),
    every: '1d',
  })),
];

tell('a new config, first in one region, pages nobody again for what is open', async (scene) => {
  const { cloud, service, checks } = scene;
  service.answer = broken;
  await cloud.run(3);
  expect(scene.told()).toEqual(['trigger: opened']);
  for (const regions of [[THIRD], undefined]) {
    await deploy(scene, checks, regions, { name: 'Acme, renamed' });
    await cloud.run(2);
  }
  service.answer = well;
  await cloud.run(4);
  expect(scene.told()).toEqual(ONCE);
  expect(await cloud.page()).toContain('Acme, renamed');
});

tell('a check that home no longer knows stays open for as long as a region reports it', async (scene) => {
  const { cloud, service, check, checks } = scene;
  service.answer = broken;
  await cloud.run(3);
  const others = checks.filter((one) => !('id' in one) || one.id !== check);
  await deploy(scene, others, [HOME]);
  await cloud.run(7);
  expect(scene.told()).toEqual(['trigger: opened']);
  await deploy(scene, others);
  await cloud.run(7);
  expect(scene.told()).toEqual(ONCE);
  expect(await statusOf(cloud, check)).toBeUndefined();
  await deploy(scene, checks);
});

tell(
  'a check that home does not know yet is nobody’s business, and is paged for once it does',
  async (scene) => {
    const { cloud, service, checks } = scene;
    const more = [...checks, checkOf(service, 'new')];
    service.answer = broken;
    await deploy(scene, more, [STANDBY, THIRD]);
    await cloud.run(3);
    expect(scene.told()).toEqual(['trigger: opened']);
    await deploy(scene, more);
    await cloud.run(3);
    service.answer = well;
    await cloud.run(4);
    expect(scene.told().toSorted()).toEqual([
      'resolve new: resolved',
      'resolve: resolved',
      'trigger new: opened',
      'trigger: opened',
    ]);
    expect((await told(cloud)).checks).toContain('new up');
    await deploy(scene, checks);
  },
);

tell('checks that are dealt out anew, in one region first, lose nothing that was known', async (scene) => {
  const { cloud, service, check, checks } = scene;
  const more = filledUp(scene);
  service.answer = broken;
  await cloud.run(3);
  for (const [config, regions] of [[more, [THIRD]], [more], [checks, [HOME]], [checks]] as const) {
    await deploy(scene, config, regions && [...regions]);
    await cloud.run(2);
    expect(await statusOf(cloud, check)).toBe('down');
  }
  expect(scene.told()).toEqual(['trigger: opened']);
  service.answer = well;
  await cloud.run(4);
  expect(scene.told()).toEqual(ONCE);
});

tell('G16 a table that is restored pages nobody for what is over', async (scene) => {
  const { cloud, service } = scene;
  service.answer = broken;
  await cloud.run(3);
  const rows = await cloud.table.rows();
  service.answer = well;
  await cloud.run(5);
  expect(scene.told()).toEqual(ONCE);

  await cloud.table.restore(rows);
  expect(await cloud.table.rows()).toHaveLength(rows.length);
  await cloud.kill('decide');
  await cloud.run(5);
  expect(scene.told()).toEqual([...ONCE, 'resolve: dropped']);
  expect(cloud.ledger.open).toEqual([]);
});
