import { expect, test } from 'vitest';
import { failedOf } from './mappings.ts';
import { answer, HERE, onAccount, START, secondsOf, THERE, WORK, wiringOf, workUrl } from './sample.ts';

interface Told {
  readonly calls: number;
  readonly now: number;
  readonly left: number;
  readonly context: Readonly<Record<string, unknown>>;
  readonly region: string;
}

const TELL = { act: 'tell' };

onAccount('a function is called as Lambda calls it, by the real runtime', async (account) => {
  const { calls, left, context, region } = await answer<Told>(account, TELL);
  expect({ calls, region }).toEqual({ calls: 1, region: HERE });
  expect(left).toBeGreaterThan(15_000);
  expect(left).toBeLessThanOrEqual(20_000);
  expect(context).toMatchObject({
    functionName: 'sample',
    memoryLimitInMB: '256',
    invokedFunctionArn: `arn:aws:lambda:${HERE}:${account.number}:function:sample`,
    awsRequestId: account.runs[0]?.outcome.id,
  });
  expect(context.xRayTraceId).toMatch(/^Root=1-[0-9a-f]{8}-[0-9a-f]{24};Sampled=0$/);
});

onAccount('a container stays for the next call; one that exits does not', async (account) => {
  expect(await answer<Told>(account, TELL)).toMatchObject({ calls: 1 });
  expect(await answer<Told>(account, TELL)).toMatchObject({ calls: 2 });
  const { failure } = await account.invoke('sample', HERE, { act: 'exit' });
  expect(failure).toEqual({ errorType: 'Runtime.ExitError', errorMessage: 'it ended with 3' });
  expect(await answer<Told>(account, TELL)).toMatchObject({ calls: 1 });
});

onAccount('what a function throws, and code that cannot be loaded, is told', async (account) => {
  const { failure } = await account.invoke('sample', HERE, { act: 'throw' });
  expect(failure).toEqual({ errorType: 'TypeError', errorMessage: 'it was to fail' });
  await account.deploy(wiringOf({ sample: { code: import.meta.dirname } }));
  const broken = await account.invoke('sample', HERE, TELL);
  expect(broken.failure?.errorType).toBe('Runtime.ImportModuleError');
});

onAccount('the time of a function is that of its account', async (account) => {
  const before = await answer<Told>(account, TELL);
  account.time.leapTo(START + 86_400_000);
  const after = await answer<Told>(account, TELL);
  expect(before.now).toBeGreaterThanOrEqual(START);
  expect(before.now).toBeLessThan(START + 60_000);
  expect(after.now).toBeGreaterThanOrEqual(START + 86_400_000);
  expect(after.now).toBeLessThanOrEqual(account.time.now());
  expect(after.left).toBeLessThanOrEqual(20_000);
});

onAccount('between calls a container stands still: a timer waits for the next', async (account) => {
  await answer(account, { act: 'timer', ms: 20 });
  await answer(account, { act: 'wait', ms: 200 }, THERE);
  account.time.leapTo(START + 60_000);
  expect(await answer(account, { act: 'fired' })).toBeGreaterThanOrEqual(START + 60_000);
});

onAccount(
  'a call that takes too long ends with its container',
  async (account) => {
    expect(await answer<Told>(account, TELL)).toMatchObject({ calls: 1 });
    const { failure } = await account.invoke('sample', HERE, { act: 'wait', ms: 60_000 });
    expect(failure).toEqual({
      errorType: 'Sandbox.Timedout',
      errorMessage: 'Task timed out after 1.00 seconds',
    });
    expect(await answer<Told>(account, TELL)).toMatchObject({ calls: 1 });
  },
  { sample: { timeout: 1 } },
);

onAccount(
  'calls at the same time have containers of their own, and take turns',
  async (account) => {
    const [one, two] = await Promise.all([answer<Told>(account, TELL), answer<Told>(account, TELL)]);
    expect([one.calls, two.calls]).toEqual([1, 1]);
    expect(await answer<Told>(account, TELL)).toMatchObject({ calls: 2 });
    expect(await answer<Told>(account, TELL)).toMatchObject({ calls: 2 });
  },
  { sample: { containers: 2 } },
);

onAccount('a delayed message is there after its delay and not before, in virtual time', async (account) => {
  const work = { name: 'work', region: THERE };
  await answer(account, { act: 'send', url: workUrl(account, THERE), message: 'later', delay: 30 });
  account.time.leapTo(START + 25_000);
  expect(await account.queues.receive(work)).toEqual([]);
  account.time.leapTo(START + 40_000);
  const [message] = await account.queues.receive(work);
  expect(message?.Body).toBe('"later"');
  account.time.leapTo(START + 90_000);
  expect(await account.queues.receive(work), 'still hidden').toEqual([]);
  account.time.leapTo(START + 101_000);
  expect(await account.queues.receive(work), 'not deleted, so it is there again').toHaveLength(1);
});

onAccount('a message is not kept for longer than its queue keeps it', async (account) => {
  const work = { name: 'work', region: HERE };
  await account.queues.send(work, 'old');
  account.time.leapTo(START + 3_601_000);
  for (let n = 0; n < 3; n++) expect(await account.queues.receive(work)).toEqual([]);
  expect(await account.queues.receive({ name: 'dead', region: HERE }), 'nor for its dead letters').toEqual(
    [],
  );
});

onAccount(
  'a queue calls its function: what was done is deleted, what failed comes again, then goes to the dead letters',
  async (account) => {
    const work = { name: 'work', region: HERE };
    await account.queues.send(work, { act: 'throw' });
    await account.queues.send(work, TELL);
    await account.run(5);
    expect(secondsOf(account)).toEqual([0, 60]);
    const common = { eventSource: 'aws:sqs', awsRegion: HERE, eventSourceARN: account.queues.arn(work) };
    const thrown = { ...common, body: JSON.stringify({ act: 'throw' }) };
    expect(account.runs.map(({ event }) => event)).toMatchObject([
      { Records: [thrown, { ...common, body: JSON.stringify(TELL) }] },
      { Records: [{ ...thrown, attributes: { ApproximateReceiveCount: '2' } }] },
    ]);
    const dead = await account.queues.receive({ name: 'dead', region: HERE });
    expect(dead.map(({ Body }) => Body)).toEqual([JSON.stringify({ act: 'throw' })]);
    expect(await account.queues.earliest()).toHaveProperty('size', 1);
  },
  { mappings: [WORK] },
);

test('a batch that names a message which is not in it has failed as a whole', () => {
  const outcomeOf = (...ids: string[]) => ({
    id: '1',
    payload: { batchItemFailures: ids.map((itemIdentifier) => ({ itemIdentifier })) },
  });
  expect([...failedOf(['a', 'b'], true, outcomeOf('b'))]).toEqual(['b']);
  expect([...failedOf(['a', 'b'], false, outcomeOf('b'))]).toEqual([]);
  expect([...failedOf(['a', 'b'], true, outcomeOf('c'))]).toEqual(['a', 'b']);
  expect([...failedOf(['a', 'b'], true, outcomeOf())]).toEqual([]);
  expect([...failedOf(['a', 'b'], true, { id: '1', payload: null })]).toEqual([]);
  const failure = { errorType: 'Error', errorMessage: '' };
  expect([...failedOf(['a', 'b'], true, { id: '1', failure })]).toEqual(['a', 'b']);
});
