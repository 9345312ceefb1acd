import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { findingsIn } from './checks/index.ts';
import { CHECK, type Made, planOf, synthesize, temporary } from './kit.ts';

const SECRET = 'hunter2-hunter2-hunter2';
const outdir = temporary();
let made: readonly Made[] = [];

beforeAll(() => {
  vi.stubEnv('PD_KEY', SECRET);
  made = synthesize(planOf(), outdir);
});
afterAll(() => void vi.unstubAllEnvs());

const resourcesOf = (stack: string) =>
  Object.entries(made.find((one) => one.stack === stack)?.template.Resources ?? {});

describe('the stacks', () => {
  it('keep the logical ids of what holds data, by which CloudFormation knows it again', () => {
    const holding = /^AWS::(?:DynamoDB::Table|S3::Bucket|SQS::Queue|SNS::Topic|Logs::LogGroup)$/;
    const ids = (stack: string) =>
      resourcesOf(stack).flatMap(([id, { Type }]) => (holding.test(Type) ? [id] : []));
    expect(ids('Watchbill-Home')).toEqual([
      'ClockFailedQueue2792E370',
      'ItemsTableE2D1F4C3',
      'BlobsBucket1038ED5D',
      'BlobsEmptiedLogF4F6F481',
      'TicksDeadQueue225B486B',
      'TicksQueueFA90575B',
      'DecideLog341A7A89',
      'ShowLogF23F38A4',
      'DeliveriesDeadQueueD83DB5EC',
      'DeliveriesQueue99C7B338',
      'DeliverLog3DEA1EF4',
      'IntakesDeadQueue8B3D9D1E',
      'IntakesQueue4DC00973',
      'IntakeLog45179300',
      'AlertsTopicCF7C81C9',
    ]);
    expect(ids('Watchbill-Probes-us-east-1')).toEqual([
      'ClockFailedQueue2792E370',
      'BeatLogA4FB2CFA',
      'BufferDeadQueueDC00F722',
      'BufferQueue404A7D55',
      'BeatsDeadQueue5A0BFFB7',
      'BeatsQueue13E1A095',
      'ProbeLog4DB0C79B',
      'WatchdogLog815FFD10',
      'AlertsTopicCF7C81C9',
    ]);
  });

  it('refer to nothing outside: no stack exports anything, or waits for what another one says', () => {
    const text = JSON.stringify(made.map(({ template }) => template));
    expect(text).not.toMatch(/Fn::ImportValue|Fn::GetStackOutput|"Export"|ExportsWriter|ExportsReader/);
    for (const { template } of made)
      expect(Object.keys(template)).not.toEqual(
        expect.arrayContaining(['Mappings', 'Conditions', 'Transform']),
      );
  });

  it('are the same for whoever deploys them: the account is a reference', () => {
    expect(JSON.stringify(made.map(({ template }) => template))).not.toMatch(/\b\d{12}\b/);
  });

  it('J59: hold no secret, in no file and in no name', () => {
    const files = readdirSync(outdir, { recursive: true, withFileTypes: true });
    expect(files.length).toBeGreaterThan(20);
    for (const file of files) {
      expect(file.name).not.toContain(SECRET);
      if (file.isFile()) expect(readFileSync(join(file.parentPath, file.name), 'utf8')).not.toContain(SECRET);
    }
  });
});

const MANY = Array.from({ length: 300 }, (_, n) => ({
  ...CHECK,
  id: `api-${n}`,
  headers: { authorization: { secret: `TOKEN_OF_CUSTOMER_${n}` } },
}));

describe('whatever the config', () => {
  it.each([
    [
      'home is no location',
      { aws: { home: 'eu-north-1', locations: ['us-east-1', 'ap-southeast-2', 'sa-east-1'] } },
      9,
    ],
    ['three locations, home among them', {}, 9],
    ['opt-in regions', { aws: { home: 'eu-south-2', locations: ['af-south-1', 'me-central-1'] } }, 8],
    ['one location', { aws: { home: 'us-east-1', locations: ['us-east-1'] } }, 7],
    ['a bill that is watched', { cost: { budgets: [{ name: 'total', amount: 100 }], anomalies: {} } }, 10],
    ['so many secrets that no role could hold them in itself', { checks: MANY }, 9],
    ['a page that is known elsewhere', { statusPage: { title: 'Acme', url: 'https://status.acme.test' } }, 9],
    ['a check that runs in some locations', { checks: [{ ...CHECK, locations: ['us-east-1'] }] }, 9],
  ])('%s: nothing is wrong with the stacks', (_, changed, alarms) => {
    const stacks = synthesize(planOf(changed));
    expect(stacks.flatMap(findingsIn)).toEqual([]);
    const types = stacks.flatMap(({ template }) => Object.values(template.Resources).map(({ Type }) => Type));
    expect(types.filter((type) => type === 'AWS::CloudWatch::Alarm')).toHaveLength(alarms);
  });

  it('a role that can’t hold its policies in itself has managed ones', () => {
    const [, probes] = synthesize(planOf({ checks: MANY }));
    const roles = Object.values(probes?.template.Resources ?? {}).filter(
      ({ Properties }) => Properties?.RoleName === 'watchbill-probe-eu-west-1',
    );
    expect(roles.map(({ Properties }) => [Properties?.Policies, Properties?.ManagedPolicyArns])).toEqual([
      [undefined, expect.arrayContaining([expect.anything(), expect.anything()])],
    ]);
  });

  it('a name is tagged with what a tag can hold', () => {
    const [home] = synthesize(planOf({ name: 'Müller & Söhne <GmbH> – 東京' }));
    const table = Object.values(home?.template.Resources ?? {}).find(
      ({ Type }) => Type === 'AWS::DynamoDB::Table',
    );
    expect(table?.Properties?.Tags).toContainEqual({
      Key: 'watchbill:installation',
      Value: 'Müller - Söhne -GmbH- - 東京',
    });
  });
});
