import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { TABLE_NAME, TOPIC_NAME } from '../../lib/deployment.ts';
import { packageRoot } from '../../lib/package-root.ts';
import { TABLE } from '../../lib/table.ts';
import { asksAws, sectionsOf } from '../docs/commands.ts';
import { TOOLS } from './tools.ts';

/** The `aws` commands of docs/deploy.md, as they stand there, by the real AWS CLI on moto. */

const call = promisify(execFile);
const emulators = inject('emulators');
const HOME = 'eu-west-1';
const REGIONS = [HOME, 'eu-central-1', 'us-east-1', 'ap-southeast-2'];

let dir = '';
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'watchbill-deploy-'));
  const aws = `#!/bin/sh\nPYTHONPATH='${TOOLS.awscli}' exec '${TOOLS.python}' -m awscli "$@"\n`;
  await writeFile(join(dir, 'aws'), aws);
  await chmod(join(dir, 'aws'), 0o755);
  await mkdir(join(dir, 'seen'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

function shell(script: string) {
  const env = {
    ...process.env,
    PATH: `${dir}${delimiter}${process.env.PATH}`,
    AWS_ENDPOINT_URL: emulators?.moto,
    AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
    AWS_SECRET_ACCESS_KEY: 'not-checked',
    AWS_CONFIG_FILE: join(dir, 'none'),
    AWS_PAGER: '',
    PD_KEY: 'R0123456789ABCDEFGHIJKLMNOPQRSTU',
  };
  return call('sh', ['-e', '-c', script], { cwd: dir, env });
}

const seen = async (name: string) => (await readFile(join(dir, 'seen', name), 'utf8')).trim();

/** What "cdk deploy" would have made, as far as the commands touch it. */
const DEPLOYED = [
  ...REGIONS.map((region) => `aws sns create-topic --region ${region} --name ${TOPIC_NAME}`),
  `aws dynamodb create-table --region ${HOME} --table-name ${TABLE_NAME} --billing-mode PAY_PER_REQUEST --deletion-protection-enabled \
    --attribute-definitions AttributeName=${TABLE.partition},AttributeType=S --key-schema AttributeName=${TABLE.partition},KeyType=HASH`,
  `aws dynamodb update-continuous-backups --region ${HOME} --table-name ${TABLE_NAME} --point-in-time-recovery-specification PointInTimeRecoveryEnabled=true`,
];

const ofTable = (command: string, query: string) =>
  `aws dynamodb ${command} --region ${HOME} --table-name ${TABLE_NAME} --query ${query} --output text`;

/** What is looked at after a section: a name, and the command that shows it. */
const LOOKS: Readonly<Record<string, readonly (readonly [string, string])[]>> = {
  '3. Secrets': [
    [
      'secret',
      'aws secretsmanager get-secret-value --region eu-central-1 --secret-id watchbill/PD_KEY --query SecretString --output text',
    ],
  ],
  '6. The first page': REGIONS.map((region) => [
    region,
    `aws sns list-subscriptions --region ${region} --query 'Subscriptions[].[Protocol,TopicArn]' --output text`,
  ]),
  'Put the table back': [
    ['protected', ofTable('describe-table', 'Table.DeletionProtectionEnabled')],
    ['ttl', ofTable('describe-time-to-live', 'TimeToLiveDescription.[TimeToLiveStatus,AttributeName]')],
    [
      'recovery',
      ofTable(
        'describe-continuous-backups',
        'ContinuousBackupsDescription.PointInTimeRecoveryDescription.PointInTimeRecoveryStatus',
      ),
    ],
    ['tables', `aws dynamodb list-tables --region ${HOME} --query TableNames --output text`],
  ],
  'Remove it': [
    ['left', `aws dynamodb list-tables --region ${HOME} --query TableNames --output text`],
    ['secrets', `aws secretsmanager list-secrets --region ${HOME} --query 'SecretList[].Name' --output text`],
  ],
};

const page = () => readFile(join(packageRoot(), 'docs/deploy.md'), 'utf8');

/** moto has no such API. */
const isOfAccount = (line: string): boolean => line.startsWith('aws account ');

describe.skipIf(!emulators)('the aws commands of docs/deploy.md', () => {
  test('do what it says, in its order, from a region without anything to nothing left', {
    timeout: 300_000,
  }, async () => {
    const sections = sectionsOf(await page());
    expect(sections.map(({ heading }) => heading)).toEqual(expect.arrayContaining(Object.keys(LOOKS)));
    const script = sections.flatMap(({ heading, lines }) => [
      ...lines.filter((line) => asksAws(line) && !isOfAccount(line)),
      ...(LOOKS[heading] ?? []).map(([name, look]) => `${look} > seen/${name}`),
    ]);
    await shell([...DEPLOYED, ...script].join('\n'));

    expect(await seen('secret')).toBe('R0123456789ABCDEFGHIJKLMNOPQRSTU');
    for (const region of REGIONS)
      expect(await seen(region)).toBe(`email\tarn:aws:sns:${region}:123456789012:${TOPIC_NAME}`);
    expect(await seen('protected')).toBe('True');
    expect(await seen('ttl')).toBe(`ENABLED\t${TABLE.timeToLive}`);
    expect(await seen('recovery')).toBe('ENABLED');
    expect(await seen('tables')).toBe(TABLE_NAME);
    expect(await seen('left')).toBe('');
    expect(await seen('secrets')).toBe('');
  });

  test('those that moto has no answer to are ones that the CLI knows', async () => {
    const lines = sectionsOf(await page())
      .flatMap((section) => section.lines)
      .filter(isOfAccount);
    expect(lines).toHaveLength(2);
    for (const line of lines) {
      const { stderr } = await shell(line).catch((error) => error);
      expect(stderr, line).toMatch(/\(404\) when calling the \w+ operation/);
    }
    const { stderr } = await shell(`${lines[0]} --nowhere x`).catch((error) => error);
    expect(stderr).toContain('Unknown options: --nowhere');
  });
});

test.skipIf(!emulators)(
  'the commands of docs/alarms.md bring an alarm here, and a topic of one’s own',
  async () => {
    const page = await readFile(join(packageRoot(), 'docs/alarms.md'), 'utf8');
    const typed = sectionsOf(page).flatMap(({ lines }) => lines);
    expect(typed).toHaveLength(6);
    await shell([`aws sns create-topic --region ${HOME} --name ${TOPIC_NAME}`, ...typed].join('\n'));
    const asked = async (command: string) => (await shell(`aws ${command} --output text`)).stdout.trim();
    const alarm = `cloudwatch describe-alarms --region ${HOME} --alarm-names checkout-5xx --query`;
    const own = `arn:aws:sns:${HOME}:123456789012:${TOPIC_NAME}`;
    const theirs = `arn:aws:sns:${HOME}:123456789012:acme-alarms`;
    const actions = 'MetricAlarms[].[StateValue,AlarmActions[0],OKActions[0]]';
    expect(await asked(`${alarm} '${actions}'`)).toBe(`ALARM\t${own}\t${own}`);
    const endpoint = `sns list-subscriptions-by-topic --region ${HOME} --topic-arn ${theirs} --query 'Subscriptions[].Endpoint'`;
    expect(await asked(endpoint)).toBe('https://watchbill.acme.example/sns');
  },
);
