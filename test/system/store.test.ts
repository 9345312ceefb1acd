import { expect } from 'vitest';
import { FUNCTIONS } from '../../lib/deployment.ts';
import { failure } from '../kit/front.ts';
import { broken, well } from '../kit/service.ts';
import { beatsOf, gaps, headline, minutes, statusOf } from './shown.ts';
import { HOME, onSharedCloud, type SharedScene, STANDBY, THIRD } from './suite.ts';

const MINUTE = 60_000;
const THROTTLED = failure('ThrottlingException', 'Rate of requests exceeds the allowed throughput.');

const tell = onSharedCloud();

/** Of the calls that change a table, each third goes wrong. */
function eachThirdWrite({ cloud }: SharedScene, wrong: 'lose' | typeof THROTTLED): () => number {
  let [writes, failed] = [0, 0];
  cloud.account.trouble = ({ action }) => {
    if (!/^dynamodb:(Put|Delete)Item$/.test(action) || writes++ % 3 > 0) return undefined;
    failed++;
    return wrong;
  };
  return () => failed;
}

tell('G02 answers that are lost after the table has taken what was written change nothing', async (scene) => {
  const { cloud, service, check } = scene;
  const lost = eachThirdWrite(scene, 'lose');
  service.answer = broken;
  await cloud.run(3);
  service.answer = well;
  await cloud.run(5);
  expect(scene.told()).toEqual(['trigger: opened', 'resolve: resolved']);
  expect(scene.heard()).toEqual([`page ${check} is down`, `resolve ${check} is down`]);
  expect(await statusOf(cloud, check)).toBe('up');
  expect(lost()).toBeGreaterThan(20);
});

tell(
  'G03 while the table throttles home for a minute nothing is lost: the page is late, and one',
  async (scene) => {
    const { cloud, service, check } = scene;
    const from = Math.floor(cloud.account.time.now() / MINUTE) * MINUTE;
    service.answer = broken;
    cloud.account.trouble = ({ by, service: of }) =>
      by === FUNCTIONS.decide.name && of === 'dynamodb' ? THROTTLED : undefined;
    await cloud.run(1);
    expect(scene.told()).toEqual([]);
    cloud.account.trouble = () => undefined;
    await cloud.run(2);
    expect(scene.told()).toEqual(['trigger: opened']);
    service.answer = well;
    await cloud.run(5);
    expect(scene.told()).toEqual(['trigger: opened', 'resolve: resolved']);
    expect((await minutes(cloud, check, 'd', from)).length).toBeGreaterThanOrEqual(2);
    for (const location of [HOME, STANDBY, THIRD])
      expect(new Set(gaps(await beatsOf(cloud, location, from)))).toEqual(new Set([MINUTE]));
    // What the clock called in vain: the next minute made it good.
    const letters = await cloud.deadLetters();
    expect(new Set(letters.map(({ queue }) => queue))).toEqual(new Set(['Watchbill-Home-dead']));
  },
);

tell(
  'while nothing can be written to S3 it is decided and paged, and the page says how old it is',
  async (scene) => {
    const { cloud, service, check } = scene;
    cloud.account.trouble = ({ action }) => (action === 's3:PutObject' ? 'refuse' : undefined);
    service.answer = broken;
    await cloud.run(4);
    expect(scene.told()).toEqual(['trigger: opened']);
    expect(await headline(cloud)).toBe('Current status unknown');
    service.answer = well;
    await cloud.run(3);
    expect(scene.told()).toEqual(['trigger: opened', 'resolve: resolved']);
    cloud.account.trouble = () => undefined;
    await cloud.run(2);
    expect(await headline(cloud)).toBe('All systems operational');
    expect(await statusOf(cloud, check)).toBe('up');
  },
);
