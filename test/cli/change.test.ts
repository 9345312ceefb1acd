import { hostname } from 'node:os';
import {
  CreateSecretCommand,
  DeleteSecretCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { expect, test, vi } from 'vitest';
import { change } from '../../lib/cli/change.ts';
import { SECRET_PREFIX } from '../../lib/deployment.ts';
import { client } from '../kit/account-aws.ts';
import { CallClock, onMoto, REGION } from '../kit/aws.ts';
import { SECRETS } from '../kit/notice.ts';
import { PagerDuty } from '../kit/pagerduty.ts';
import { modes } from '../kit/stand-in.ts';
import { configOf, Folder } from './kit.ts';

const env = { PD_KEY: SECRETS.PD_KEY };
const clock = () => new CallClock();

/** A config with PagerDuty, and with one who keeps no changes. */
const config = (url: string) =>
  configOf([{ id: 'api', type: 'http', url: 'http://127.0.0.1:9/' }], {
    notify: {
      pagerduty: { routingKey: { secret: 'PD_KEY' }, endpoint: `${url}/` },
      webhook: { url: `${url}/hook`, signingKey: { secret: 'HOOK_KEY' } },
    },
  });

test('is told to PagerDuty, and pages nobody', async () => {
  await using pagerDuty = await PagerDuty.start(clock());
  await using folder = await Folder.make({ 'watchbill.config.json': config(pagerDuty.url) });
  const links = ['https://ci.acme.test/run/7', 'https://git.acme.test/c/1'];
  const more = [...links.flatMap((link) => ['--link', link]), '--source', 'ci'];
  const outcome = await folder.cli(['change', ...more, 'Deployed', 'api 1.2.3'], { env });
  expect(outcome).toEqual({ code: 0, stdout: 'RECEIVER   CHANGE\npagerduty  taken\n', stderr: '' });
  const { changes, accepted, alerts, refused } = pagerDuty.ledger;
  expect(changes).toEqual([
    {
      routing_key: SECRETS.PD_KEY,
      payload: { summary: 'Deployed api 1.2.3', source: 'ci', timestamp: expect.stringMatching(/^20.*Z$/) },
      links: links.map((href) => ({ href, text: 'More' })),
    },
  ]);
  expect([accepted, alerts, refused]).toEqual([[], [], []]);
  expect(pagerDuty.requests.map(({ path }) => path)).toEqual(['/v2/change/enqueue']);
});

test('what a person pastes is one line, without secrets, from this machine', async () => {
  await using pagerDuty = await PagerDuty.start(clock());
  await using folder = await Folder.make({ 'watchbill.config.json': config(pagerDuty.url) });
  const pasted = `fix:\n\u202eall\u0007 of it, and the key ${SECRETS.PD_KEY} ${'🙂'.repeat(1_000)}`;
  const { code, stdout } = await folder.cli(['change', pasted, '--json'], { env });
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toEqual({ receivers: [{ receiver: 'pagerduty', accepted: true, error: null }] });
  const [{ payload } = {}] = pagerDuty.ledger.changes;
  expect(payload?.summary).toMatch(/^fix: all of it, and the key \[redacted\] 🙂+…$/u);
  expect(payload?.source).toBe(hostname());
});

test.each<[string, Readonly<Record<string, string>>, string]>([
  ['a key that is refused', env, 'It answered 403 Forbidden: Invalid routing key'],
  ['a key that is not here', {}, 'the secret PD_KEY is not in the environment'],
])('%s: exit code 1, and why', async (_, env, why) => {
  await using pagerDuty = await PagerDuty.start(clock());
  pagerDuty.mode = modes.status(403, {}, 'Invalid routing key');
  await using folder = await Folder.make({ 'watchbill.config.json': config(pagerDuty.url) });
  const { code, stdout } = await folder.cli(['change', 'Deployed'], { env });
  expect(code).toBe(1);
  expect(stdout).toContain(`pagerduty  not taken: `);
  expect(stdout).toContain(why);
  const { code: same, stdout: json } = await folder.cli(['change', 'Deployed', '--json'], { env });
  expect([same, JSON.parse(json)]).toEqual([
    1,
    { receivers: [{ receiver: 'pagerduty', accepted: false, error: expect.stringContaining(why) }] },
  ]);
});

/** How long an attempt may overstay its deadline. */
const GRACE_MS = 1_000;

/** Waits between attempts end at once, those for an answer never. */
function hurried() {
  const waits: number[] = [];
  const one = clock();
  one.after = (ms, callback) => {
    if (ms >= 10_000) return () => {};
    if (ms > GRACE_MS) waits.push(ms);
    one.time += ms;
    const soon = setImmediate(callback);
    return () => clearImmediate(soon);
  };
  return { waits, clock: one };
}

test('what PagerDuty cannot take now is tried again; what it asks for that outlasts a minute is not waited for', async () => {
  await using pagerDuty = await PagerDuty.start(clock());
  await using folder = await Folder.make({ 'watchbill.config.json': config(pagerDuty.url) });
  const { waits, clock: time } = hurried();
  const options = {
    cwd: folder.dir,
    named: undefined,
    clock: time,
    err: folder.shell.stderr,
    summary: 'Deployed',
    secrets: { get: async () => SECRETS.PD_KEY },
  };
  pagerDuty.next(modes.status(503), modes.status(503), modes.status(429, { 'retry-after': '5' }));
  expect(await change(options)).toEqual({ text: 'RECEIVER   CHANGE\npagerduty  taken', exitCode: 0 });
  expect(waits).toEqual([2_000, 5_000]);
  expect(pagerDuty.ledger.changes).toHaveLength(1);
  pagerDuty.mode = modes.status(429, { 'retry-after': '60' });
  expect(await change(options)).toEqual({
    text: expect.stringContaining('pagerduty  not taken: It answered 429 Too Many Requests'),
    exitCode: 1,
  });
  expect(waits).toHaveLength(2);
});

test.each([
  [['change', 'Deployed'], 'no receiver of the config keeps changes: add one of type "pagerduty"'],
  [['change', ' \u200b '], 'a change needs words: what was changed'],
  [
    ['change', 'Deployed', '--link', 'ftp://x/'],
    '"ftp://x/" is no link: it must begin with http:// or https://',
  ],
  [['change'], "error: missing required argument 'text'"],
  [['change', 'Deployed', '--stack'], 'aws: required on AWS'],
])('%j: one line, exit code 2', async (args, line) => {
  await using folder = await Folder.make({ 'watchbill.config.json': configOf([]) });
  const { code, stdout, stderr } = await folder.cli(args);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toContain(line);
  expect(stderr.trimEnd()).not.toContain('\n');
});

onMoto('--stack reads the key where the deployment does', async (endpoint) => {
  await using pagerDuty = await PagerDuty.start(clock());
  const aws = { home: REGION, locations: ['us-east-1', 'ap-southeast-2', 'ca-central-1'] };
  await using folder = await Folder.make({ 'watchbill.config.json': { ...config(pagerDuty.url), aws } });
  const secrets = client(SecretsManagerClient, endpoint);
  const Name = `${SECRET_PREFIX}PD_KEY`;
  vi.stubEnv('AWS_ENDPOINT_URL', endpoint);
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIDEXAMPLE');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'not-checked');
  try {
    const missing = await folder.cli(['change', 'Deployed', '--stack']);
    expect(missing.code).toBe(1);
    expect(missing.stdout).toContain(
      `the secret PD_KEY (${Name} in Secrets Manager, ${REGION}): there is none`,
    );
    await secrets.send(new CreateSecretCommand({ Name, SecretString: SECRETS.PD_KEY }));
    expect(await folder.cli(['change', 'Deployed', '--stack'])).toEqual({
      code: 0,
      stdout: 'RECEIVER   CHANGE\npagerduty  taken\n',
      stderr: '',
    });
    expect(pagerDuty.ledger.changes).toHaveLength(1);
  } finally {
    vi.unstubAllEnvs();
    await secrets.send(new DeleteSecretCommand({ SecretId: Name, ForceDeleteWithoutRecovery: true }));
  }
});
