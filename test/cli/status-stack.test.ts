import { readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { DynamoStore } from '../../lib/adapters/aws/dynamo-store.ts';
import { stackStatus } from '../../lib/cli/status-stack.ts';
import { compile } from '../../lib/config/compile.ts';
import { TABLE_NAME } from '../../lib/deployment.ts';
import { Home } from '../../lib/home.ts';
import { aliveKey } from '../../lib/items.ts';
import type { News } from '../../lib/news.ts';
import { packageRoot } from '../../lib/package-root.ts';
import { Rollup } from '../../lib/rollup.ts';
import { update } from '../../lib/store.ts';
import { takeIn } from '../../lib/watch.ts';
import { answers, CallClock, CREDENTIALS, REGION } from '../kit/aws.ts';
import { clientOf, createTable, startDynalite } from '../kit/dynamo.ts';
import { type Asked, type Front, failure, startFront } from '../kit/front.ts';
import { silent } from '../kit/local-store.ts';
import { MINUTE, NOON, readingOf, SECOND } from '../kit/readings.ts';
import { Folder } from './kit.ts';

/** A deployment: a table on dynalite, filled by the core, and a CloudWatch of its own, behind one endpoint. */

const AWS = { home: REGION, locations: [REGION, 'us-east-1', 'ap-southeast-2'] };
const configOf = (ids: readonly string[]) => ({
  name: 'Acme',
  aws: AWS,
  checks: ids.map((id) => ({ id, type: 'tcp', host: `${id}.acme.test`, port: 443 })),
});

let dynalite: Awaited<ReturnType<typeof startDynalite>>;
let front: Front;
let folder: Folder;
const clock = new CallClock();

/** What a command finds in its environment: where AWS is, and credentials. */
async function enter(): Promise<void> {
  front = await startFront(dynalite.endpoint);
  front.trouble = cloudWatch;
  folder = await Folder.make({ 'watchbill.config.json': configOf(['api', 'db']) });
  vi.stubEnv('AWS_ENDPOINT_URL', front.endpoint);
  vi.stubEnv('AWS_ACCESS_KEY_ID', CREDENTIALS.accessKeyId);
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', CREDENTIALS.secretAccessKey);
  vi.stubEnv('AWS_SESSION_TOKEN', CREDENTIALS.sessionToken);
}
async function leave(): Promise<void> {
  vi.unstubAllEnvs();
  await front.close();
  await folder[Symbol.asyncDispose]();
}

const regionOf = ({ headers }: Asked): string => String(headers.authorization).split('/')[2] ?? '';

const ALARM = {
  AlarmName: 'watchbill-silence',
  StateValue: 'ALARM',
  StateReason: 'Threshold Crossed: no datapoints\nwere received',
  StateTransitionedTimestamp: (NOON - 5 * MINUTE) / SECOND,
};
const QUIET = {
  AlarmName: 'watchbill-dead-letters',
  StateValue: 'OK',
  StateReason: 'nothing there',
  StateTransitionedTimestamp: (NOON - 90 * MINUTE) / SECOND,
};

const VALUES: Readonly<Record<string, object>> = {
  BeatLateness: { Maximum: 2_250 },
  ReadingsNotUp: { Sum: 6 },
};

/** CloudWatch: home has an alarm that is quiet, us-east-1 one that isn't; two of the metrics have values. */
const cloudWatch: Front['trouble'] = (asked) => {
  const { operation, body } = asked;
  if (operation === 'DescribeAlarms') {
    const there = { [REGION]: [QUIET], 'us-east-1': [ALARM] }[regionOf(asked)];
    return answers({ MetricAlarms: body.AlarmNamePrefix === 'watchbill-' ? (there ?? []) : [] });
  }
  if (operation !== 'GetMetricStatistics') return undefined;
  const value = VALUES[String(body.MetricName)];
  const points = value ? [{ Timestamp: (clock.time - 2 * MINUTE) / SECOND, ...value }] : [];
  return answers({ Label: body.MetricName, Datapoints: points });
};

/** How long the deployment has run. */
const MINUTES = 10;

/** Every location tells each minute of every check, and home decides; `db` has been down since the seventh minute. */
async function fill(table: DynamoStore): Promise<void> {
  const compiled = compile(configOf(['api', 'db']), () => '', 'aws');
  if ('mistakes' in compiled) throw new Error(JSON.stringify(compiled.mistakes));
  const { config } = compiled;
  const home = await Home.open({ store: table, clock, log: silent }, config);
  const rollup = await Rollup.open(table, clock.time);
  for (let minute = 0; minute < MINUTES; minute++) {
    clock.time += MINUTE;
    const readings = config.checks.map(({ id }) =>
      readingOf(id, id === 'db' && minute >= 6 ? 'down' : 'up', clock.time),
    );
    const news = config.locations.map((location): News => {
      const part = { shard: '0-0', cause: 'schedule', part: 0, skipped: 0 } as const;
      return { kind: 'tick', tick: { ...part, location, beat: clock.time, readings } };
    });
    await takeIn([...news, { kind: 'clock' }], home, async () => rollup, { send: async () => {} });
    await update(table, aliveKey('deliver'), () => ({ body: { at: clock.time } }));
  }
}

const ask = (json = false) =>
  stackStatus({ cwd: folder.dir, named: undefined, color: false, json, err: process.stderr, clock });

/** Everything in the table. */
async function stored(): Promise<unknown> {
  const raw = new DynamoDBClient(clientOf(dynalite.endpoint));
  const { Items } = await raw.send(new ScanCommand({ TableName: TABLE_NAME }));
  raw.destroy();
  return Items;
}

describe('status --stack', () => {
  beforeAll(async () => {
    dynalite = await startDynalite();
    await createTable(dynalite.endpoint, TABLE_NAME);
    clock.time = NOON;
    const table = new DynamoStore({ table: TABLE_NAME, clock, client: clientOf(dynalite.endpoint) });
    await fill(table);
    table.close();
  });
  beforeEach(async () => {
    clock.time = NOON + MINUTES * MINUTE;
    await enter();
  });
  afterEach(leave);
  afterAll(() => dynalite.close());

  test('prints what the page shows, then the alarms and metrics of the deployment itself', async () => {
    clock.time += 20 * SECOND;
    const { text, exitCode } = await ask();
    expect(exitCode).toBe(1);
    expect(text.replace(/\b[0-9a-f]{10}\b/, '8571062b72').split('\n')).toEqual([
      'STATUS  CHECK  SINCE       LATENCY  24H     WHY',
      'up      api    9 min 20 s  20 ms    100%',
      'down    db     3 min 20 s  –        66.66%  connect_refused: It is down.',
      '',
      'INCIDENT    OPEN FOR    WHAT',
      '8571062b72  3 min 20 s  db is down',
      '',
      '0 undelivered, 0 beats skipped in 24 h; eu-west-1: last tick 20 s ago, us-east-1: last tick 20 s ago, ap-southeast-2: last tick 20 s ago.',
      '',
      'STATE  ALARM                   REGION     SINCE        WHY',
      'ALARM  watchbill-silence       us-east-1  15 min 20 s  Threshold Crossed: no datapoints\\nwere received',
      'OK     watchbill-dead-letters  eu-west-1  1 h 40 min',
      '',
      'METRIC           VALUE  AS OF',
      'BeatLateness     2.3 s  2 min ago',
      'ReadingsNotUp    6      2 min ago',
      'ReadingsUnknown  –      –',
      'DeliveryLag      –      –',
    ]);
  });

  test('--json carries the same', async () => {
    const { text, exitCode } = await ask(true);
    expect(exitCode).toBe(1);
    const { checks, incidents, platform, stack } = JSON.parse(text);
    expect(checks).toMatchObject([
      { id: 'api', status: 'up', type: 'tcp', target: 'api.acme.test:443', reason: null },
      { id: 'db', status: 'down', reason: 'connect_refused', public: false },
    ]);
    expect(incidents).toMatchObject([{ check: 'db', title: 'db is down', resolvedAt: null, class: 'down' }]);
    expect(platform.locations.map(({ name }: { name: string }) => name)).toEqual(AWS.locations);
    expect(stack).toEqual({
      loud: [],
      alarms: [
        {
          region: 'us-east-1',
          name: 'watchbill-silence',
          state: 'ALARM',
          reason: ALARM.StateReason,
          since: '2026-03-14T11:55:00.000Z',
        },
        {
          region: REGION,
          name: 'watchbill-dead-letters',
          state: 'OK',
          reason: 'nothing there',
          since: '2026-03-14T10:30:00.000Z',
        },
      ],
      metrics: [
        { name: 'BeatLateness', unit: 'Milliseconds', value: 2_250, at: '2026-03-14T12:08:00.000Z' },
        { name: 'ReadingsNotUp', unit: 'Count', value: 6, at: '2026-03-14T12:08:00.000Z' },
        { name: 'ReadingsUnknown', unit: 'Count', value: null, at: null },
        { name: 'DeliveryLag', unit: 'Milliseconds', value: null, at: null },
      ],
      unread: [],
    });
  });

  test('asks home for the table and the metrics, and every region for its alarms', async () => {
    await ask();
    const regionsOf = (...operations: string[]) =>
      [
        ...new Set(front.asked.filter(({ operation }) => operations.includes(operation)).map(regionOf)),
      ].sort();
    expect(regionsOf('GetItem', 'Query')).toEqual([REGION]);
    expect(regionsOf('GetMetricStatistics')).toEqual([REGION]);
    expect(regionsOf('DescribeAlarms')).toEqual(AWS.locations.toSorted());
  });

  test('writes nothing, not even where this config would deal the checks out anew', async () => {
    const before = await stored();
    const many = Array.from({ length: 450 }, (_, n) => `check-${n}`);
    await folder.write('watchbill.config.json', configOf(['api', 'db', ...many]));
    front.asked.length = 0;
    const { text, exitCode } = await ask();
    expect(exitCode).toBe(1);
    expect(text).toMatch(/^down +db /m);
    expect(text).toMatch(/^up +api /m);
    const reads = ['BatchGetItem', 'DescribeAlarms', 'GetItem', 'GetMetricStatistics', 'Query'];
    expect([...new Set(front.asked.map(({ operation }) => operation))].sort()).toEqual(reads);
    expect(await stored()).toEqual(before);
  });

  test('a check that the deployed config does not have is unknown, and said to be without a reading', async () => {
    await folder.write('watchbill.config.json', configOf(['api', 'new']));
    const { text, exitCode } = await ask();
    expect(exitCode).toBe(3);
    expect(text).toMatch(/^! no reading yet of new: is this config deployed\?\n\n/);
    expect(text).toMatch(/^unknown +new +– +– +– *$/m);
    await folder.write('watchbill.config.json', configOf(['api', ...'bcdefg']));
    expect((await ask()).text).toContain('! no reading yet of b, c, d, e and 2 more: is');
  });

  test('where home is silent, it says since when, and nothing that is old is said of now', async () => {
    clock.time += 12 * MINUTE;
    const { text, exitCode } = await ask();
    expect(exitCode).toBe(3);
    expect(text).toMatch(/^! decide has been silent for 12 min\n! deliver has been silent for 12 min\n\n/);
    expect(text).toMatch(/^unknown +api +– /m);
    expect(text).toMatch(/^unknown +db +– /m);
    expect(JSON.parse((await ask(true)).text)).toMatchObject({
      status: 'unknown',
      stack: { loud: ['decide has been silent for 12 min', 'deliver has been silent for 12 min'] },
    });
  });

  test('where only deliver is silent, the checks are as they are', async () => {
    front.trouble = (asked) =>
      JSON.stringify(asked.body).includes('"deliver"')
        ? answers({ ConsumedCapacity: {} })
        : cloudWatch(asked);
    const { text, exitCode } = await ask();
    expect(exitCode).toBe(1);
    expect(text).toMatch(/^! deliver has not run yet\n\nSTATUS/);
    expect(text).toMatch(/^down +db /m);
  });

  test('where nothing is down, the exit code is 0', async () => {
    await folder.write('watchbill.config.json', configOf(['api']));
    expect((await ask()).exitCode).toBe(0);
  });

  test('what CloudWatch does not tell in one region is a line, and the rest is told', async () => {
    front.trouble = (asked) =>
      asked.operation === 'DescribeAlarms' && regionOf(asked) === 'us-east-1'
        ? failure('AccessDeniedException')
        : cloudWatch(asked);
    const { text, exitCode } = await ask();
    expect(exitCode).toBe(1);
    const why = 'CloudWatch DescribeAlarms in us-east-1: access denied (AccessDeniedException)';
    expect(text).toContain(`! ${why}\n`);
    expect(text).toContain('watchbill-dead-letters');
    expect(JSON.parse((await ask(true)).text).stack.unread).toEqual([why]);
  });

  test('no alarm at all is said', async () => {
    front.trouble = ({ operation, body }) => {
      if (operation === 'DescribeAlarms') return answers({ MetricAlarms: [] });
      return operation === 'GetMetricStatistics'
        ? answers({ Label: body.MetricName, Datapoints: [] })
        : undefined;
    };
    expect((await ask()).text).toContain('\nNo alarm is called watchbill-… in any region.\n');
  });
});

describe('status --stack says in one line what a person has to mend', () => {
  beforeEach(async () => {
    dynalite = await startDynalite();
    await enter();
  });
  afterEach(async () => {
    await leave();
    await dynalite.close();
  });

  const cli = () => folder.cli(['status', '--stack']);
  const table = `DynamoDB GetItem on the table ${TABLE_NAME}: `;

  test('a table that is not there, or in another account', async () => {
    const why =
      'not there (ResourceNotFoundException) in eu-west-1: deploy first, or take the credentials of the account where it is deployed';
    expect(await cli()).toEqual({ code: 2, stdout: '', stderr: `${table}${why}\n` });
  });

  test.each([
    [
      'credentials that may not read it',
      'AccessDeniedException',
      'access denied (AccessDeniedException) in eu-west-1: these credentials may not read it: it takes GetItem, BatchGetItem and Query',
    ],
    [
      'credentials that have expired',
      'ExpiredTokenException',
      'our credentials are not taken (ExpiredTokenException) in eu-west-1: sign in again',
    ],
  ])('%s', async (_, type, why) => {
    front.trouble = () => failure(type);
    expect(await cli()).toEqual({ code: 2, stdout: '', stderr: `${table}${why}\n` });
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

  test('a table in which nothing is yet', async () => {
    await createTable(dynalite.endpoint, TABLE_NAME);
    expect(await cli()).toEqual({
      code: 2,
      stdout: '',
      stderr:
        'the table watchbill in eu-west-1 is empty: nothing has run yet, which takes two minutes after a deployment\n',
    });
  });

  test('AWS out of reach: that is no usage, so the exit code is 1', async () => {
    front.trouble = () => 'refuse';
    expect(await cli()).toEqual({ code: 1, stdout: '', stderr: `${table}unreachable (ECONNRESET)\n` });
  });

  test('a config without "aws"', async () => {
    await folder.write('watchbill.config.json', { ...configOf(['api']), aws: undefined });
    const { code, stdout, stderr } = await cli();
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^watchbill\.config\.json:1:1 {2}aws: required on AWS: [^\n]+\n$/);
    expect(front.asked).toEqual([]);
  });

  test('a data directory beside it', async () => {
    const { code, stderr } = await folder.cli(['status', '--stack', '--data', 'x']);
    expect(code).toBe(2);
    expect(stderr).toBe("error: option '--stack' cannot be used with option '--data <dir>'\n");
  });
});

test('no other command loads a client of AWS', () => {
  const seen = new Set<string>();
  const walk = (file: string): string[] => {
    if (seen.has(file)) return [];
    seen.add(file);
    const imports = readFileSync(file, 'utf8').matchAll(
      /^(?:import|export) (?!type )[^;]*?from '([^']+)';$/gm,
    );
    return [...imports].flatMap(([, name = '']) => {
      if (name.startsWith('.')) return walk(resolve(dirname(file), name));
      return name.startsWith('@aws-sdk/') ? `${relative(packageRoot(), file)} → ${name}` : [];
    });
  };
  expect(walk(join(packageRoot(), 'lib/cli/main.ts'))).toEqual([]);
  expect(seen.size).toBeGreaterThan(80);
  expect(walk(join(packageRoot(), 'lib/cli/status-stack.ts'))).not.toEqual([]);
});
