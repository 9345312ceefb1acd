import { expect } from 'vitest';
import { FUNCTIONS } from '../../lib/deployment.ts';
import { broken, well } from '../kit/service.ts';
import { modes } from '../kit/stand-in.ts';
import type { Call } from './account.ts';
import { statusOf } from './shown.ts';
import { onSharedCloud, type SharedScene } from './suite.ts';

const tell = onSharedCloud();
const { beat, probe, decide, deliver } = FUNCTIONS;

type Which = (call: Omit<Call, 'done' | 'allowed'>) => boolean;

/** Whoever makes such a call is killed once AWS has done what it asks for: `times` times in all. */
function killAfter({ cloud }: SharedScene, isIt: Which, times = 1): () => number {
  let killed = 0;
  cloud.account.trouble = (call) => {
    if (killed >= times || !isIt(call)) return undefined;
    killed++;
    return 'kill';
  };
  return () => killed;
}

/** What a call sends or writes, as text. */
const saidIn = ({ body }: Pick<Call, 'body'>): string => JSON.stringify(body).replaceAll('\\"', '"');

const sends = (by: { readonly name: string }, queue: string, words = ''): Which => {
  return (call) =>
    call.by === by.name &&
    call.action === 'sqs:SendMessage' &&
    call.resource.endsWith(`:watchbill-${queue}`) &&
    saidIn(call).includes(words);
};

const writes =
  (by: { readonly name: string }, partition: string): Which =>
  (call) =>
    call.by === by.name &&
    call.action === 'dynamodb:PutItem' &&
    saidIn(call).includes(`"partition":{"S":"${partition}`);

/** An outage of some minutes: whatever is killed in it, it is one page and one end. */
async function outage(
  scene: SharedScene,
  end = ['resolve: resolved'],
  page = ['trigger: opened'],
): Promise<void> {
  const { cloud, service, check } = scene;
  service.answer = broken;
  await cloud.run(2);
  expect(scene.told()).toEqual(page);
  service.answer = well;
  await cloud.run(5);
  expect(scene.told()).toEqual([...page, ...end]);
  expect(scene.heard()).toEqual([`page ${check} is down`, `resolve ${check} is down`]);
  expect(await statusOf(cloud, check)).toBe('up');
}

tell(
  'E26 a probe that is killed after it has sent its tick changes nothing, in each location',
  async (scene) => {
    const killed = killAfter(scene, sends(probe, 'ticks', '"kind":"tick"'), 6);
    await outage(scene);
    expect(killed()).toBe(6);
  },
);

tell(
  'E26 decide that is killed after it has opened an incident opens no other, and it is told of',
  async (scene) => {
    const killed = killAfter(scene, writes(decide, `incident/check`));
    await outage(scene);
    expect(killed()).toBe(1);
  },
);

tell('E26 decide that is killed after it has told whom to deliver decides nothing twice', async (scene) => {
  const killed = killAfter(scene, sends(decide, 'deliver'), 2);
  await outage(scene);
  expect(killed()).toBe(2);
});

/** Deliver is killed while PagerDuty has its first message, whether that one takes it or not. */
function killWhileSending({ cloud }: SharedScene, take: boolean): void {
  const { pagerDuty } = cloud.receivers;
  pagerDuty.mode = () => {
    pagerDuty.mode = modes.accept;
    void cloud.kill('deliver');
    return { take, says: 'hang' };
  };
}

tell(
  'E26 deliver that is killed after PagerDuty has accepted sends it again, which is merged',
  async (scene) => {
    killWhileSending(scene, true);
    await outage(scene, ['resolve: resolved'], ['trigger: opened', 'trigger: merged']);
    // The first one's way is not known: what it might still open is ended once more.
    await scene.cloud.run(5);
    expect(scene.told().slice(3)).toEqual(['resolve: dropped']);
  },
);

tell('E26 deliver that is killed before PagerDuty has accepted sends it then, once', async (scene) => {
  killWhileSending(scene, false);
  await outage(scene);
  await scene.cloud.run(5);
  expect(scene.told().slice(2)).toEqual(['resolve: dropped']);
});

tell(
  'what the clock calls and is killed lies with the dead letters, and the next minute makes it good',
  async (scene) => {
    const { cloud } = scene;
    for (const which of [sends(beat, 'beats'), writes(decide, 'alive'), writes(deliver, 'alive')]) {
      const killed = killAfter(scene, which);
      await cloud.run(2);
      expect(killed()).toBe(1);
    }
    const letters = await cloud.deadLetters();
    expect(letters.map(({ body }) => JSON.parse(body).requestPayload)).toEqual([
      { kind: 'clock' },
      { incidents: [] },
      { scheduled: expect.any(String) },
    ]);
    await outage(scene);
  },
);
