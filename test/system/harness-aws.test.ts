import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { expect } from 'vitest';
import { createTable } from '../kit/dynamo.ts';
import { failure } from '../kit/front.ts';
import type { Account } from './account.ts';
import { answer, HERE, onAccount, START, secondsOf, THERE, WORK, workUrl } from './sample.ts';

const told = ({ calls }: Account): string[] => calls.map(({ action, resource }) => `${action} ${resource}`);

const sendTo = (account: Account, region: string) => ({
  act: 'send',
  url: workUrl(account, region),
  message: { act: 'tell' },
});

const EACH_MINUTE = {
  function: 'sample',
  region: HERE,
  input: '{"act":"tell","at":"<aws.scheduler.scheduled-time>"}',
};

onAccount('every call is noted: who made it, and what IAM must allow', async (account) => {
  const options = account.clientIn(THERE);
  const table = await createTable(options.endpoint, 'items', options);
  await new S3Client(options).send(new CreateBucketCommand({ Bucket: 'bucket' }));
  const secret = new CreateSecretCommand({ Name: 'name', SecretString: 'value' });
  const { ARN } = await new SecretsManagerClient(options).send(secret);
  const looked = { act: 'look', table: 'items', secret: 'name', bucket: 'bucket', region: THERE };
  expect(await answer(account, looked)).toEqual({ secret: 'value', there: 'NoSuchKey' });
  await answer(account, sendTo(account, THERE));
  expect(told(account)).toEqual([
    `dynamodb:GetItem arn:aws:dynamodb:${THERE}:${account.number}:table/items`,
    `dynamodb:Query arn:aws:dynamodb:${THERE}:${account.number}:table/items/index/due`,
    `secretsmanager:GetSecretValue ${ARN}`,
    's3:GetObject arn:aws:s3:::bucket/page',
    's3:ListBucket arn:aws:s3:::bucket',
    `sqs:SendMessage arn:aws:sqs:${THERE}:${account.number}:work`,
  ]);
  await table.remove();
  expect(account.calls[0]).toMatchObject({ by: 'sample', in: HERE, region: THERE, done: true });
});

onAccount(
  'what a mapping does is noted too, for it does that by the role of its function',
  async (account) => {
    await account.queues.send({ name: 'work', region: HERE }, { act: 'tell' });
    await account.run(1);
    const arn = account.queues.arn({ name: 'work', region: HERE });
    expect(told(account)).toEqual([
      `sqs:ReceiveMessage ${arn}`,
      `sqs:DeleteMessage ${arn}`,
      `sqs:GetQueueAttributes ${arn}`,
    ]);
  },
  { mappings: [WORK] },
);

onAccount('calls go wrong as a test says', async (account) => {
  const held = async () => (await account.queues.receive({ name: 'work', region: HERE })).length;
  const fails = async () => (await account.invoke('sample', HERE, sendTo(account, HERE))).failure?.errorType;

  account.trouble = ({ action, by }) =>
    by === 'sample' && action === 'sqs:SendMessage' ? 'refuse' : undefined;
  expect(await fails()).toBe('TimeoutError');
  account.trouble = () => failure('ThrottlingException', 'Rate exceeded');
  expect(await fails()).toBe('ThrottlingException');
  expect(account.calls.map(({ done }) => done)).toEqual([false, false]);
  expect(await held()).toBe(0);

  account.trouble = () => 'lose';
  expect(await fails()).toBe('TimeoutError');
  expect(await held(), 'done, but nobody heard').toBe(1);
  account.trouble = () => 'kill';
  expect(await fails()).toBe('Runtime.ExitError');
  expect(await held(), 'done, then killed').toBe(1);
  account.trouble = () => undefined;
  expect(await fails()).toBeUndefined();
});

onAccount(
  'a call that hangs takes the function to its end',
  async (account) => {
    account.trouble = () => 'hang';
    const { failure } = await account.invoke('sample', HERE, sendTo(account, HERE));
    expect(failure?.errorType).toBe('Sandbox.Timedout');
  },
  { sample: { timeout: 1 } },
);

onAccount('a dead region runs nothing and cannot be reached', async (account) => {
  account.dead.add(THERE);
  await expect(account.invoke('sample', THERE, {})).rejects.toThrow('there is no sample in us-east-1');
  const { failure } = await account.invoke('sample', HERE, sendTo(account, THERE));
  expect(failure?.errorType).toBe('TimeoutError');
  account.dead.delete(THERE);
  await answer(account, { act: 'tell' }, THERE);
  await answer(account, sendTo(account, THERE));
});

onAccount(
  'a schedule calls each minute, up to 59 s late',
  async (account) => {
    await account.run(10);
    const late = secondsOf(account).map((second, minute) => second - minute * 60);
    expect(late).toHaveLength(10);
    for (const seconds of late) {
      expect(seconds).toBeGreaterThanOrEqual(0);
      expect(seconds).toBeLessThan(61);
    }
    expect(new Set(late).size).toBeGreaterThan(5);
    expect(account.time.now()).toBeGreaterThanOrEqual(START + 600_000);
  },
  { schedules: [EACH_MINUTE] },
);

onAccount(
  'a schedule calls twice, or not at all, where a test says so',
  async (account) => {
    const times = [[5_000], [], [1_000, 1_050], [600_000]];
    account.scheduler.lateness = (_, minute) => times[(minute - START) / 60_000] ?? [];
    await account.run(20);
    expect(secondsOf(account)).toEqual([5, 120, 120, 780]);
    expect(account.runs[1]?.event).toEqual({ act: 'tell', at: '2027-01-05T10:02:00Z' });
  },
  { schedules: [EACH_MINUTE] },
);

onAccount(
  'what a schedule calls in vain goes to the dead letters, once',
  async (account) => {
    account.scheduler.lateness = (_, minute) => (minute === START ? [0] : []);
    await account.run(5);
    const [letter, ...more] = await account.queues.receive({ name: 'dead', region: HERE });
    expect(letter?.Body).toBe('{"requestPayload":{"act":"throw"}}');
    expect(more).toEqual([]);
    expect(account.runs).toHaveLength(1);
    const resource = account.queues.arn({ name: 'dead', region: HERE });
    expect(account.calls).toMatchObject([{ by: 'sample', action: 'sqs:SendMessage', resource }]);
  },
  { schedules: [{ ...EACH_MINUTE, input: '{"act":"throw"}', failed: 'dead' }] },
);

onAccount(
  'a message comes late, and twice, where a test says so',
  async (account) => {
    account.mappings.delivery = () => ({ held: 20_000, times: 2 });
    await account.queues.send({ name: 'work', region: HERE }, { act: 'tell' });
    await account.run(3);
    expect(secondsOf(account)).toEqual([20, 20]);
    expect(await account.queues.earliest()).toHaveProperty('size', 0);
  },
  { mappings: [WORK] },
);
