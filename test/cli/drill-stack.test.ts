import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { systemClock } from '../../lib/adapters/local/clock.ts';
import { stackDrill } from '../../lib/cli/drill-stack.ts';
import { stackStatus } from '../../lib/cli/status-stack.ts';
import { compile } from '../../lib/config/compile.ts';
import type { Config } from '../../lib/config/compiled.ts';
import { TABLE_NAME } from '../../lib/deployment.ts';
import { Home } from '../../lib/home.ts';
import type { Incident } from '../../lib/incident.ts';
import { incidents } from '../../lib/items.ts';
import type { Clock } from '../../lib/ports.ts';
import { takeSignals } from '../../lib/signal-log.ts';
import { readLetter } from '../../lib/signals/index.ts';
import { answers, REGION } from '../kit/aws.ts';
import { Deployed } from '../kit/deployed.ts';
import { clientOf } from '../kit/dynamo.ts';
import { type Asked, failure } from '../kit/front.ts';
import { silent } from '../kit/local-store.ts';
import { PagerDuty } from '../kit/pagerduty.ts';
import { MINUTE, SECOND } from '../kit/readings.ts';
import { modes } from '../kit/stand-in.ts';
import { alarm, letter } from '../signals/letters.ts';
import { Folder } from './kit.ts';

/** A drill from an operator's machine, and the real `deliver` beside it, at the deployed table. */

const KEY = 'R0123456789ABCDEFGHIJKLMNOPQRSTU';
let pagerDuty: PagerDuty;
let deployed: Deployed;
let folder: Folder;

/** Time as it is here, and so much ahead of it. */
let ahead = 0;
const clock: Clock = {
  ...systemClock,
  now: () => Date.now() + ahead,
  monotonic: () => performance.now() + ahead,
};
/** How long one request may take. */
const ANSWER_MS = 3 * SECOND;
/** Between two looks of the command a second passes, and what was told by then is delivered; other waits are over at once. */
const looking: Clock = {
  ...clock,
  after(ms, callback) {
    if (ms === ANSWER_MS) return clock.after(ms, callback);
    void deployed.settled().then(() => {
      if (ms === SECOND) ahead += SECOND;
      setImmediate(callback);
    });
    return () => {};
  },
};

const configOf = (ids: readonly string[], more: object = {}) => ({
  name: 'Acme',
  network: { allow: ['127.0.0.0/8'] },
  aws: { home: REGION, locations: [REGION, 'us-east-1', 'ap-southeast-2'] },
  checks: ids.map((id) => ({ id, type: 'tcp', host: `${id}.acme.test`, port: 443 })),
  notify: { pagerduty: { routingKey: { secret: 'PD_KEY' }, endpoint: pagerDuty.url } },
  statusPage: { url: 'https://status.acme.test/' },
  ...more,
});

function compiled(raw: unknown): Config {
  const done = compile(raw, () => '', 'aws');
  if ('mistakes' in done) throw new Error(JSON.stringify(done.mistakes));
  return done.config;
}

beforeEach(async () => {
  ahead = 0;
  pagerDuty = await PagerDuty.start(systemClock);
  const raw = configOf(['api', 'db']);
  deployed = await Deployed.start({ config: compiled(raw), secrets: { PD_KEY: KEY }, clock });
  folder = await Folder.make({ 'watchbill.config.json': raw });
  for (const [name, value] of Object.entries(deployed.env)) vi.stubEnv(name, value);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await deployed.close();
  await pagerDuty[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

const drill = (json = false, at: Clock = looking) =>
  stackDrill({ cwd: folder.dir, named: undefined, json, err: process.stderr, clock: at });

const actions = () => pagerDuty.ledger.accepted.map(({ event }) => event.event_action);

/** Everything in the table. */
async function stored() {
  const raw = new DynamoDBClient(clientOf(deployed.table));
  const { Items = [] } = await raw.send(new ScanCommand({ TableName: TABLE_NAME }));
  raw.destroy();
  return Items;
}
const isOfReadings = (row: Awaited<ReturnType<typeof stored>>[number]): boolean =>
  /^(latest|tick|installation)/.test(row.partition?.S ?? '');

const incidentOf = async (subject: string): Promise<Incident | undefined> =>
  (await deployed.store.list<Incident>(incidents(subject)))[0]?.body;

describe('drill --stack', () => {
  test('opens an incident in the deployed table, has the deployed function page it, and ends it', async () => {
    const { text, exitCode } = await drill();
    expect(exitCode).toBe(0);
    expect(text).toMatch(/^NOTIFIER +PAGED AFTER +RESOLVED AFTER *\npagerduty +\d+ ms +\d+ ms *$/);
    expect(actions()).toEqual(['trigger', 'resolve']);
    const [trigger] = pagerDuty.ledger.accepted;
    expect(trigger?.event).toMatchObject({
      routing_key: KEY,
      payload: { summary: expect.stringContaining('Drill: this is a test page') },
    });
    expect(deployed.told.map(({ incidents }) => incidents)).toEqual([
      [{ subject: expect.stringMatching(/^drill\//), n: 1 }],
      deployed.told[0]?.incidents,
    ]);
  });

  test('--json carries the same', async () => {
    const { text, exitCode } = await drill(true);
    expect(exitCode).toBe(0);
    expect(JSON.parse(text)).toEqual({
      receivers: [{ receiver: 'pagerduty', openedMs: expect.any(Number), resolvedMs: expect.any(Number) }],
    });
  });

  test('writes nothing but its own incident, not even where this config would deal the checks out anew', async () => {
    const many = Array.from({ length: 700 }, (_, n) => `check-${n}`);
    await folder.write('watchbill.config.json', configOf(['api', 'db', ...many]));
    const before = await stored();
    deployed.front.asked.length = 0;
    expect((await drill()).exitCode).toBe(0);
    const written = deployed.front.asked.filter(({ operation }) => /Put|Delete|Update|Write/.test(operation));
    expect(new Set(written.map(({ operation }) => operation))).toEqual(new Set(['PutItem']));
    const keys = written.map(({ body }) => {
      const { partition, sort } = body.Item as Awaited<ReturnType<typeof stored>>[number];
      return `${partition?.S} ${sort?.S}`;
    });
    const isOwn = (key: string): boolean => /^incident\/drill%2f;|^recent\/[\d-]+ \d+\/drill%2f;/.test(key);
    expect(keys.filter((key) => !isOwn(key))).toEqual([]);
    expect((await stored()).filter(isOfReadings)).toEqual(before.filter(isOfReadings));
  });

  test('a receiver that refuses is told at once, with its words and exit code 1', async () => {
    pagerDuty.mode = modes.status(403);
    const { text, exitCode } = await drill();
    expect(exitCode).toBe(1);
    expect(text).toMatch(/^pagerduty +not taken +not taken +\S.*403/m);
    expect(ahead).toBeLessThan(10 * SECOND);
  });

  test('where nobody delivers it says after two minutes where to look', async () => {
    deployed.isDelivering = false;
    const began = clock.monotonic();
    const { text, exitCode } = await drill();
    expect(exitCode).toBe(1);
    expect(text.split('\n').at(-1)?.replaceAll(/ +/g, ' ')).toBe(
      'pagerduty not taken not taken watchbill-deliver has not tried: look at "npx watchbill status --stack", then at the log /aws/lambda/watchbill-deliver in eu-west-1',
    );
    // what was computed meanwhile is a part of it
    expect(clock.monotonic() - began).toBeGreaterThanOrEqual(120 * SECOND);
    expect(ahead).toBeLessThanOrEqual(125 * SECOND);
    expect(actions()).toEqual([]);
    const [subject = ''] = deployed.told.flatMap(({ incidents }) => incidents.map((one) => one.subject));
    expect(await incidentOf(subject)).toMatchObject({ closedAt: expect.any(Number) });
  });

  test('where the queue does not take the message, the incident is delivered by the next minute', async () => {
    const { answer } = deployed;
    deployed.front.trouble = (asked) =>
      asked.operation === 'SendMessageBatch' ? failure('AccessDenied') : answer.call(deployed, asked);
    const minutes: Clock = {
      ...looking,
      after: (ms, callback) => {
        if (ms === SECOND && ahead % MINUTE === 0)
          void deployed.deliver([]).then(() => looking.after(ms, callback));
        else return looking.after(ms, callback);
        return () => {};
      },
    };
    const { exitCode } = await drill(false, minutes);
    expect(exitCode).toBe(0);
    expect(actions()).toEqual(['trigger', 'resolve']);
  });

  test('E25 a drill whose command is killed is ended by the clock, and everybody hears of it', async () => {
    const killed: Clock = {
      ...looking,
      after: (ms, callback) => (ms === SECOND ? () => {} : clock.after(ms, callback)),
    };
    void drill(false, killed);
    await pagerDuty.received(1);
    await deployed.settled();
    ahead += 4 * MINUTE;
    await deployed.minute();
    expect(actions()).toEqual(['trigger']);
    ahead += 2 * MINUTE;
    await deployed.minute();
    expect(actions()).toEqual(['trigger', 'resolve']);
  });

  test('credentials that may not write are told so, and nobody is paged', async () => {
    const { answer } = deployed;
    deployed.front.trouble = (asked) =>
      asked.operation === 'PutItem' ? failure('AccessDeniedException') : answer.call(deployed, asked);
    await expect(drill()).rejects.toMatchObject({
      name: 'CommandError',
      exitCode: 2,
      message: expect.stringMatching(
        /^DynamoDB PutItem on the table watchbill: access denied \(AccessDeniedException\) in eu-west-1: these credentials may not do that: /,
      ),
    });
    expect(deployed.told).toEqual([]);
  });

  test('without a notifier nobody is paged, and it says so', async () => {
    await folder.write('watchbill.config.json', configOf(['api', 'db'], { notify: {} }));
    expect(await drill()).toEqual({
      text: 'No notifier is configured: nobody would be paged. See "notify" in the config.',
      exitCode: 1,
    });
  });
});

interface Policy {
  readonly Statement: readonly { readonly Action: readonly string[] }[];
}

test('docs/deploy.md lets an operator do what status --stack and drill --stack ask for, and nothing else', async () => {
  const home = await Home.open(
    { store: deployed.store, clock, log: silent },
    compiled(configOf(['api', 'db'])),
  );
  await takeSignals([readLetter(letter(alarm()))], home);
  deployed.front.asked.length = 0;
  await drill();
  await stackStatus({ cwd: folder.dir, named: undefined, color: false, err: process.stderr, clock: looking });
  const actions = deployed.front.asked.map(({ operation, headers }) => {
    const service = String(headers.authorization).split('/')[3];
    const name = { monitoring: 'cloudwatch' }[service ?? ''] ?? service;
    // https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsqs.html: a batch needs no more
    return `${name}:${operation.replace(/^SendMessageBatch$/, 'SendMessage')}`;
  });
  const [, json = ''] = /```json\n([\s\S]*?)```/.exec(readFileSync('docs/deploy.md', 'utf8')) ?? [];
  const allowed = (JSON.parse(json) as Policy).Statement.flatMap(({ Action }) => Action);
  expect([...new Set(actions)].toSorted()).toEqual(allowed.toSorted());
});

describe('drill --stack says in one line what a person has to mend, and opens nothing', () => {
  afterEach(() => {
    const written = deployed.front.asked.filter(({ operation }) => operation === 'PutItem');
    expect(written).toEqual([]);
    expect(deployed.told).toEqual([]);
  });

  const cli = () => folder.cli(['drill', '--stack']);
  const table = `DynamoDB GetItem on the table ${TABLE_NAME}: `;
  const needs =
    'these credentials may not do that: a drill takes GetItem, BatchGetItem, Query and PutItem on the table watchbill, GetQueueUrl and SendMessage on the queue watchbill-deliver';
  const refusing = (operation: string, type: string) => {
    const { answer } = deployed;
    deployed.front.trouble = (asked: Asked) =>
      asked.operation === operation ? failure(type) : answer.call(deployed, asked);
  };

  test('a table that is not there, or in another account', async () => {
    refusing('GetItem', 'ResourceNotFoundException');
    const why =
      'not there (ResourceNotFoundException) in eu-west-1: deploy first, or take the credentials of the account where it is deployed';
    expect(await cli()).toEqual({ code: 2, stdout: '', stderr: `${table}${why}\n` });
  });

  test('a queue that is not there', async () => {
    refusing('GetQueueUrl', 'QueueDoesNotExist');
    const why =
      'SQS GetQueueUrl on the queue watchbill-deliver in eu-west-1: not there (QueueDoesNotExist): deploy first, or take the credentials of the account where it is deployed';
    expect(await cli()).toEqual({ code: 2, stdout: '', stderr: `${why}\n` });
  });

  test.each([
    [
      'GetItem',
      'DynamoDB GetItem on the table watchbill: access denied (AccessDeniedException) in eu-west-1',
    ],
    [
      'GetQueueUrl',
      'SQS GetQueueUrl on the queue watchbill-deliver in eu-west-1: access denied (AccessDeniedException)',
    ],
  ])('credentials without %s', async (operation, why) => {
    refusing(operation, 'AccessDeniedException');
    expect(await cli()).toEqual({ code: 2, stdout: '', stderr: `${why}: ${needs}\n` });
  });

  test('something else in the place of SQS: that is no usage, so the exit code is 1', async () => {
    const { answer } = deployed;
    deployed.front.trouble = (asked) =>
      asked.operation === 'GetQueueUrl' ? answers({ QueueUrl: '' }) : answer.call(deployed, asked);
    const why = 'SQS GetQueueUrl on the queue watchbill-deliver in eu-west-1: an answer that makes no sense';
    expect(await cli()).toEqual({ code: 1, stdout: '', stderr: `${why}\n` });
  });

  test('credentials that have expired', async () => {
    refusing('GetItem', 'ExpiredTokenException');
    expect((await cli()).stderr).toBe(
      `${table}our credentials are not taken (ExpiredTokenException) in eu-west-1: sign in again\n`,
    );
  });

  test('no credentials', async () => {
    for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN', 'AWS_PROFILE'])
      vi.stubEnv(name, undefined);
    vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true');
    vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', join(folder.dir, 'none'));
    vi.stubEnv('AWS_CONFIG_FILE', join(folder.dir, 'none'));
    expect(await cli()).toEqual({
      code: 2,
      stdout: '',
      stderr: `${table}we have no credentials (CredentialsProviderError) in eu-west-1: sign in, or name a profile in AWS_PROFILE\n`,
    });
  });

  test('a config without "aws"', async () => {
    await folder.write('watchbill.config.json', { ...configOf(['api']), aws: undefined });
    const { code, stdout, stderr } = await cli();
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^watchbill\.config\.json:1:1 {2}aws: required on AWS: [^\n]+\n$/);
    expect(deployed.front.asked).toEqual([]);
  });

  test('a data directory beside it', async () => {
    expect(await folder.cli(['drill', '--stack', '--data', 'x'])).toMatchObject({
      code: 2,
      stderr: "error: option '--stack' cannot be used with option '--data <dir>'\n",
    });
  });
});
