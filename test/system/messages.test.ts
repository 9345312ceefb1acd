import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { expect } from 'vitest';
import { deadLettersOf, FUNCTIONS, QUEUES } from '../../lib/deployment.ts';
import { broken, well } from '../kit/service.ts';
import type { Run } from './account.ts';
import { statusOf } from './shown.ts';
import { HOME, onSharedCloud, THIRD } from './suite.ts';

const BAD = [
  'not JSON',
  'null',
  '"no news"',
  '{}',
  '{"kind":"tick"}',
  '{"kind":"early"}',
  '{"kind":"beat"}',
  '{"kind":"ask"}',
].toSorted();

/** Which messages of a batch a run had come again, and which of them nobody can read. */
function againIn({ event, outcome }: Run) {
  const { Records } = event as SQSEvent;
  const { batchItemFailures } = outcome.payload as SQSBatchResponse;
  const failed = batchItemFailures.map(({ itemIdentifier }) => itemIdentifier);
  const bad = Records.filter(({ body }) => BAD.includes(body)).map(({ messageId }) => messageId);
  return { failed: failed.toSorted(), bad: bad.toSorted(), good: Records.length - bad.length };
}

const tell = onSharedCloud();

tell('messages that nobody can read end with the dead letters, and harm no other', async (scene) => {
  const { cloud, service, check } = scene;
  const { queues, runs } = cloud.account;
  const ticks = { name: QUEUES.ticks, region: HOME };
  const places = [ticks, { name: QUEUES.deliver, region: HOME }, { name: QUEUES.beats, region: THIRD }];
  service.answer = broken;
  for (const place of places) for (const text of BAD) await queues.sendText(place, text);
  await queues.send(ticks, { kind: 'clock' });
  await cloud.run(3);
  expect(scene.told()).toEqual(['trigger: opened']);
  service.answer = well;
  await cloud.run(6);
  expect(scene.told()).toEqual(['trigger: opened', 'resolve: resolved']);
  expect(await statusOf(cloud, check)).toBe('up');

  const letters = await cloud.deadLetters();
  const lettersOf = (queue: string) => letters.filter((one) => one.queue === deadLettersOf(queue));
  for (const queue of [QUEUES.deliver, QUEUES.beats])
    expect(
      lettersOf(queue)
        .map(({ body }) => body)
        .toSorted(),
    ).toEqual(BAD);
  // Ticks are tried for hours: of these nothing is given up yet.
  expect(letters).toHaveLength(2 * BAD.length);
  const batches = runs
    .filter(({ by, event }) => by === FUNCTIONS.decide.name && JSON.stringify(event).includes('Records'))
    .map(againIn);
  for (const { failed, bad } of batches) expect(failed).toEqual(bad);
  expect(batches.some(({ bad, good }) => bad.length > 0 && good > 0)).toBe(true);
});
