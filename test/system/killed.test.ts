import { expect } from 'vitest';
import { decodeRow, type Row } from '../../lib/adapters/aws/dynamo-row.ts';
import { FUNCTIONS } from '../../lib/deployment.ts';
import type { Incident } from '../../lib/incident.ts';
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

/** As JSON has it, bytes are in base64. */
type Wire = Readonly<
  Record<string, { readonly S: string } | { readonly N: string } | { readonly B: string }>
>;

const fromWire = (item: Wire): Row =>
  Object.fromEntries(
    Object.entries(item).map(([name, value]) => [
      name,
      'B' in value ? { B: Buffer.from(value.B, 'base64') } : value,
    ]),
  );

/** Notes that an attempt to tell a receiver begins. */
const begins =
  (receiver: string): Which =>
  (call) => {
    if (!writes(deliver, 'incident/')(call)) return false;
    const { body } = decodeRow<Incident>(fromWire(call.body.Item as Wire));
    return body.delivery[receiver]?.inFlight === true;
  };

/** An outage of some minutes: whatever is killed in it, it is one page and one end. */
async function outage(
  scene: SharedScene,
  end = ['resolve: resolved'],
  page = ['trigger: opened'],
): Promise<void> {
  const { cloud, service, check } = scene;
  service.answer = broken;
  await cloud.run(3);
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

tell(
  'E26 deliver that is killed after PagerDuty has accepted sends it again, which is merged',
  async (scene) => {
    const { cloud } = scene;
    const { pagerDuty } = cloud.receivers;
    pagerDuty.mode = () => {
      pagerDuty.mode = modes.accept;
      void cloud.kill('deliver');
      return { take: true, says: 'hang' };
    };
    await outage(scene, ['resolve: resolved'], ['trigger: opened', 'trigger: merged']);
    // The first one's way is not known: what it might still open is ended once more.
    await cloud.run(4);
    expect(scene.told().slice(3)).toEqual(['resolve: dropped']);
  },
);

tell(
  'E26 deliver that is killed before it could send what it has noted sends it then, once',
  async (scene) => {
    const killed = killAfter(scene, begins('pagerduty'));
    await outage(scene);
    await scene.cloud.run(5);
    expect(scene.told().slice(2)).toEqual(['resolve: dropped']);
    expect(killed()).toBe(1);
  },
);

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
