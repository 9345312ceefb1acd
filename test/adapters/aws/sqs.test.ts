import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SqsQueue, type SqsQueueOptions } from '../../../lib/adapters/aws/sqs.ts';
import { type Batched, batchesOf, encode } from '../../../lib/adapters/aws/sqs-batches.ts';
import { StoreError } from '../../../lib/ports.ts';
import { answers, CallClock, CREDENTIALS, echo, failed, hungUp, onMoto, REGION } from '../../kit/aws.ts';
import { type Asked, type Front, failure, startFront, type Trouble } from '../../kit/front.ts';
import { blackHole, until } from '../../kit/sockets.ts';

const ACCOUNT = '123456789012';
const SEND = 'SQS SendMessageBatch on the queue ticks in eu-west-1: ';

let front: Front;
let clock: CallClock;
let queues: SqsQueue<unknown>[];
/** What SQS took, in the order in which it came. */
let taken: Batched[];

beforeEach(async () => {
  front = await startFront('http://127.0.0.1:1');
  clock = new CallClock();
  queues = [];
  taken = [];
  front.trouble = take();
});
afterEach(async () => {
  expect(clock.deadlines, 'deadlines that still run').toEqual([]);
  for (const queue of queues) queue.close();
  await front.close();
});

function open(options: Partial<SqsQueueOptions> = {}): SqsQueue<unknown> {
  const client = { endpoint: front.endpoint, credentials: CREDENTIALS };
  const queue = new SqsQueue({ region: REGION, account: ACCOUNT, name: 'ticks', clock, client, ...options });
  queues.push(queue);
  return queue;
}

const entriesOf = ({ body }: Asked): Batched[] => body.Entries as Batched[];

/** SQS takes what comes, but for the entries of these ids, which it refuses in this way. */
const take =
  (refused: readonly string[] = [], Code = 'InternalError') =>
  (asked: Asked) => {
    const entries = entriesOf(asked);
    const fine = entries.filter(({ Id }) => !refused.includes(Id));
    taken.push(...fine);
    return answers({
      Successful: fine.map(({ Id }) => ({ Id, MessageId: `m${Id}`, MD5OfMessageBody: 'of something else' })),
      Failed: entries
        .filter(({ Id }) => refused.includes(Id))
        .map(({ Id }) => ({ Id, Code, SenderFault: false, Message: 'It\nfailed.' })),
    });
  };

/** One trouble after the other, then SQS takes what comes. */
function first(...troubles: Trouble[]): Front['trouble'] {
  const well = take();
  return (asked) => troubles.shift() ?? well(asked);
}

const bodies = () => taken.map(({ MessageBody }) => JSON.parse(MessageBody));
const numbers = (count: number) => Array.from({ length: count }, (_, n) => n);
const delayed = (count: number, delay = 0) => numbers(count).map((message) => ({ message, delay }));

describe('what is sent', () => {
  it('is JSON in the queue of that name, in its own region', async () => {
    await open().send({ beat: 1, text: 'é 😀' });
    expect(bodies()).toEqual([{ beat: 1, text: 'é 😀' }]);
    const [{ body, headers }] = front.asked as [Asked];
    expect(body.QueueUrl).toBe(`https://sqs.eu-west-1.amazonaws.com/${ACCOUNT}/ticks`);
    expect(headers.authorization).toContain('/eu-west-1/sqs/');
  });

  it('goes to one region beside another', async () => {
    await open({ region: 'us-east-1', name: 'beats' }).send(1);
    await open({ region: 'cn-north-1' }).send(2);
    expect(front.asked.map(({ body }) => body.QueueUrl)).toEqual([
      `https://sqs.us-east-1.amazonaws.com/${ACCOUNT}/beats`,
      `https://sqs.cn-north-1.amazonaws.com.cn/${ACCOUNT}/ticks`,
    ]);
    expect(front.asked.map(({ headers }) => headers.authorization?.split('/')[2])).toEqual([
      'us-east-1',
      'cn-north-1',
    ]);
  });

  it('goes to where AWS_ENDPOINT_URL points, whatever host is in the URL of the queue', async () => {
    process.env.AWS_ENDPOINT_URL = front.endpoint;
    try {
      await open({ client: { credentials: CREDENTIALS } }).send(1);
    } finally {
      delete process.env.AWS_ENDPOINT_URL;
    }
    expect(bodies()).toEqual([1]);
  });

  it('comes ten to a request, each after its own delay', async () => {
    await open().sendAll(numbers(25).map((n) => ({ message: n, delay: n * 37 })));
    expect(bodies().sort((a, b) => a - b)).toEqual(numbers(25));
    for (const { MessageBody, DelaySeconds } of taken) expect(DelaySeconds).toBe(Number(MessageBody) * 37);
    expect(front.asked.map((asked) => entriesOf(asked).length)).toEqual([10, 10, 5]);
  });

  it('is nothing when there is nothing', async () => {
    await open().sendAll([]);
    expect(front.asked).toEqual([]);
  });

  it.each([-1, 901, 0.5, Number.NaN])('is not delayed by %d s: nothing of it is sent', async (delay) => {
    const queue = open();
    await expect(queue.sendAll([...delayed(1), { message: 2, delay }])).rejects.toThrow(RangeError);
    expect(front.asked).toEqual([]);
  });

  it.each([['x'.repeat(262_143)], [undefined]])('is no message that SQS refuses', async (message) => {
    await expect(open().send(message)).rejects.toThrow(RangeError);
    expect(front.asked).toEqual([]);
  });

  it('holds only characters that SQS takes, and is the same again when it is read', () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: 'binary' }), (value) => {
        const body = encode(value);
        expect(body).toMatch(/^[\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]*$/u);
        expect(JSON.parse(body)).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
    expect(JSON.parse(encode('\u0000\ud800\ufffe\uffff'))).toBe('\u0000\ud800\ufffe\uffff');
  });

  it('makes requests that are small enough, in order and each message once', () => {
    const sizes = fc.array(fc.oneof(fc.integer({ min: 1, max: 262_144 }), fc.integer({ min: 1, max: 99 })), {
      maxLength: 40,
    });
    fc.assert(
      fc.property(sizes, (all) => {
        const messages = all.map((size, n) => ({ id: `${n}`, body: 'x'.repeat(size), delay: 5 }));
        const batches = batchesOf(messages, 2);
        for (const batch of batches) {
          expect(batch.length).toBeGreaterThan(0);
          expect(batch.length).toBeLessThanOrEqual(10);
          const bytes = batch.reduce((sum, { MessageBody }) => sum + MessageBody.length, 0);
          expect(bytes).toBeLessThanOrEqual(262_144);
        }
        expect(batches.flat()).toEqual(
          messages.map(({ id, body }) => ({ Id: id, MessageBody: body, DelaySeconds: 3 })),
        );
      }),
      { numRuns: 50 },
    );
  });
});

/** By the number of the request, which it is of all: how many of the two it refuses. */
const REFUSED: Readonly<Record<number, number>> = { 3: 1, 4: 0 };

describe('what SQS does not take at first is sent again', () => {
  it('G03 part of a batch: only that part', async () => {
    front.trouble = (asked) => take(['3', '12'].slice(0, REFUSED[front.asked.length] ?? 2))(asked);
    await open().sendAll(delayed(15));
    expect(bodies().sort((a, b) => a - b)).toEqual(numbers(15));
    expect(front.asked.map((one) => entriesOf(one).length)).toEqual([10, 5, 2, 1]);
    expect(clock.waits).toHaveLength(2);
  });

  it.each<readonly [string, Trouble]>([
    ['G03 throttled', failure('RequestThrottled')],
    ['throttled by the account', failure('ThrottlingException')],
    ['a fault of its own', failure('InternalFailure', '', 500)],
    ['no service', failure('ServiceUnavailable', '', 503)],
    ['a reset', 'refuse'],
    ['an answer cut off', { status: 200, body: '{"Successful":[{"Id":"0"', cut: true }],
    ['half an answer', { status: 200, body: '{"Successful":[{"Id":"0"' }],
    ['a page of HTML', { status: 200, body: '<html>Welcome to our Wi-Fi' }],
    ['nothing', { status: 200, body: '' }],
    ['an empty answer', answers({})],
    ['null', answers(null)],
    ['an answer to another question', answers({ Successful: [{ Id: '7', MessageId: 'm' }] })],
  ])('%s, twice', async (_, trouble) => {
    front.trouble = first(trouble, trouble);
    await open().send('it');
    expect(bodies()).toEqual(['it']);
    expect(front.asked).toHaveLength(3);
  });

  it('is due no later for that', async () => {
    const well = take();
    front.trouble = () => 'hang';
    const sent = open().sendAll([
      { message: 'soon', delay: 2 },
      { message: 'later', delay: 60 },
    ]);
    await until(() => front.asked.length === 1);
    front.trouble = well;
    expect(clock.deadlines).toEqual([3_000]);
    clock.expire();
    await sent;
    expect(taken.map(({ DelaySeconds }) => DelaySeconds)).toEqual([0, 57]);
  });
});

describe('what stays unsent is an error that names the queue and the cause', () => {
  it.each<readonly [string, Trouble, string]>([
    ['G03 throttled', failure('ThrottlingException'), 'throttled (ThrottlingException)'],
    ['denied', failure('AccessDeniedException', 'User: …'), 'access denied (AccessDeniedException)'],
    ['no such queue', failure('QueueDoesNotExist'), 'not there (QueueDoesNotExist)'],
    [
      'a credential that has expired',
      failure('ExpiredTokenException'),
      'our credentials are not taken (ExpiredTokenException)',
    ],
    ['a page of HTML', { status: 502, body: '<html>' }, 'an answer that makes no sense (HTTP 502)'],
    ['a reset', 'refuse', 'unreachable (ECONNRESET)'],
  ])('%s', async (_, trouble, words) => {
    front.trouble = () => trouble;
    expect(await failed(open().send(1), StoreError)).toBe(`${SEND}1 of 1 not sent: ${words}`);
    expect(front.asked).toHaveLength(3);
    expect(clock.waits.map((wait) => Math.ceil(wait / 100))).toEqual([1, 2]);
  });

  it('of one message among others, which are sent', async () => {
    front.trouble = take(['4']);
    const why = await failed(open().sendAll(delayed(12)), StoreError);
    expect(why).toBe(`${SEND}1 of 12 not sent: failed (InternalError, HTTP 200)`);
    expect(bodies().sort((a, b) => a - b)).toEqual(numbers(12).filter((n) => n !== 4));
  });

  it('of a batch that SQS passes over in silence', async () => {
    front.trouble = () => answers({ Successful: [] });
    expect(await failed(open().send(1), StoreError)).toMatch(/^SQS .*: 1 of 1 not sent: \S/);
  });

  it.each<Trouble>(['hang', 'stall'])(
    'of a service that does not answer (%s): three times 3 s',
    async (how) => {
      front.trouble = () => how;
      const began = clock.time;
      const sent = failed(open().sendAll(delayed(30)), StoreError);
      for (const round of [1, 2, 3]) {
        await until(() => front.asked.length === 3 * round);
        expect(clock.deadlines).toEqual([3_000, 3_000, 3_000]);
        clock.expire();
      }
      expect(await sent).toBe(`${SEND}30 of 30 not sent: no answer within 3 s`);
      expect(clock.time - began).toBe(9_000);
      await hungUp(front);
    },
  );

  it('of a host that takes no connection', async () => {
    const hole = await blackHole();
    const client = { endpoint: `http://${hole.host}:${hole.port}`, credentials: CREDENTIALS };
    const sent = failed(open({ client }).send(1), StoreError);
    expect(await clock.expireUntil(sent)).toBe(`${SEND}1 of 1 not sent: no answer within 3 s`);
    await hole.close();
  });

  it('J21 J24 and no secret, whatever the service says back', async () => {
    for (const name of ['InvalidSignatureException', 'AccessDeniedException', 'BrandNewException']) {
      front.trouble = echo(name);
      await failed(open().send('x'), StoreError);
      await failed(open().receive(1), StoreError);
    }
    front.trouble = ({ headers }) =>
      answers({ Failed: [{ Id: '0', Code: JSON.stringify(headers), Message: JSON.stringify(headers) }] });
    const why = await failed(open().send('x'), StoreError);
    expect(why).toBe(`${SEND}1 of 1 not sent: failed (no name, HTTP 200)`);
  });
});

describe('a queue that is drained by hand', () => {
  it('gives ten at the most, and each is deleted by itself', async () => {
    front.trouble = ({ operation }) =>
      operation === 'ReceiveMessage'
        ? answers({
            Messages: [
              { Body: '{"beat":1}', ReceiptHandle: 'a' },
              { Body: 'not ours', ReceiptHandle: 'b' },
              { Body: '[2]', ReceiptHandle: 'c' },
            ],
          })
        : answers({});
    const received = await open().receive(100);
    expect(received.map(({ message }) => message)).toEqual([{ beat: 1 }, [2]]);
    await received[1]?.delete();
    expect(
      front.asked.map(({ operation, body }) => [operation, body.MaxNumberOfMessages, body.ReceiptHandle]),
    ).toEqual([
      ['ReceiveMessage', 10, undefined],
      ['DeleteMessage', undefined, 'c'],
    ]);
  });

  it('is empty', async () => {
    front.trouble = () => answers({});
    expect(await open().receive(3)).toEqual([]);
    expect(front.asked[0]?.body).toMatchObject({ MaxNumberOfMessages: 3, WaitTimeSeconds: 0 });
  });

  it('says why it can not be read, or a message not be deleted', async () => {
    front.trouble = () => answers({ Messages: [{ Body: '1', ReceiptHandle: 'a' }] });
    const [received] = await open().receive(1);
    front.trouble = () => failure('ThrottlingException');
    const why = 'on the queue ticks in eu-west-1: throttled (ThrottlingException)';
    expect(await failed(open().receive(1), StoreError)).toBe(`SQS ReceiveMessage ${why}`);
    expect(await failed(received?.delete() ?? Promise.resolve(), StoreError)).toBe(
      `SQS DeleteMessage ${why}`,
    );
    front.trouble = () => 'hang';
    expect(await clock.expireUntil(failed(open().receive(1), StoreError))).toContain('no answer within 3 s');
  });
});

onMoto('SqsQueue on moto: what is sent is received until it is deleted', async (endpoint) => {
  const name = `ticks-${process.pid}-${Date.now()}`;
  const client = { endpoint, credentials: CREDENTIALS };
  const raw = new SQSClient({ ...client, region: REGION });
  await raw.send(new CreateQueueCommand({ QueueName: name, Attributes: { VisibilityTimeout: '0' } }));
  raw.destroy();
  const queue = open({ account: ACCOUNT, name, client });
  const large = 'x'.repeat(100_000);
  await queue.sendAll([
    ...delayed(12),
    { message: large, delay: 0 },
    { message: `${large}y\uffff`, delay: 0 },
  ]);
  const seen = new Set<unknown>();
  while (seen.size < 14) {
    for (const { message, delete: remove } of await queue.receive(10)) {
      seen.add(message);
      await remove();
    }
  }
  expect(seen).toEqual(new Set([...numbers(12), large, `${large}y\uffff`]));
  expect(await queue.receive(10)).toEqual([]);
  const missing = open({ name: `${name}-none`, client });
  expect(await failed(missing.send(1), StoreError)).toMatch(
    /-none in eu-west-1: 1 of 1 not sent: not there \(/,
  );
});
