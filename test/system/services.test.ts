import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { expect } from 'vitest';
import { deadLettersOf, FUNCTIONS, QUEUES } from '../../lib/deployment.ts';
import { failure } from '../kit/front.ts';
import { broken, well } from '../kit/service.ts';
import { modes, type Received } from '../kit/stand-in.ts';
import type { Run } from './account.ts';
import { beatsOf, gaps, headline, minutes, statusOf } from './shown.ts';
import { HOME, onSharedCloud, ROUTING_KEY, type SharedScene, STANDBY, THIRD } from './suite.ts';

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

tell('E06 E07 messages that nobody can read end with the dead letters, and harm no other', async (scene) => {
  const { cloud, service, check } = scene;
  const { queues, runs } = cloud.account;
  const before = runs.length;
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
    .slice(before)
    .filter(({ by, event }) => by === FUNCTIONS.decide.name && JSON.stringify(event).includes('Records'))
    .map(againIn);
  for (const { failed, bad } of batches) expect(failed).toEqual(bad);
  expect(batches.some(({ bad, good }) => bad.length > 0 && good > 0)).toBe(true);
});
