import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Config } from '../lib/config/compiled.ts';
import { FUNCTIONS, type FunctionName } from '../lib/deployment.ts';
import { overfull, policiesOf, type Statement, statementsOf } from '../lib/permissions.ts';
import { PROBES } from '../lib/probes/index.ts';
import { AWS, compiled, mistakesIn, tcp } from './config/kit.ts';

/** What stands for the number of the account while a stack is made. */
const ACCOUNT = `\${Token[AWS.AccountId.4]}`;
const NAMES = Object.keys(FUNCTIONS) as FunctionName[];
const http = (id: string, ...secrets: string[]) => ({
  id,
  type: 'http',
  url: `https://${id}.test/`,
  headers: Object.fromEntries(secrets.map((secret, n) => [`x-${n}`, { secret }])),
});

const notify = {
  pagerduty: { routingKey: { secret: 'PD_KEY' } },
  webhook: {
    url: 'https://hooks.test/',
    signingKey: { secret: 'HOOK_KEY' },
    headers: { authorization: { secret: 'PD_KEY' } },
  },
};

const configFor = (checks: readonly object[], aws: object = {}, more: object = {}): Config =>
  compiled({ name: 'Acme', checks, aws: { ...AWS, ...aws }, notify, ...more }, undefined, 'aws');

function allowed(name: FunctionName, region: string, config: Config, account = ACCOUNT): Statement[] {
  if (!config.aws) throw new Error('not for AWS');
  return statementsOf(name, { config, aws: config.aws, account, region });
}

/** `action resource [condition]`, each by itself, in order. */
const lines = (statements: readonly Statement[]): string[] =>
  statements
    .flatMap(({ actions, resources, condition }) =>
      actions.flatMap((action) =>
        resources.map((resource) =>
          [action, resource, ...(condition ? [JSON.stringify(condition)] : [])].join(' '),
        ),
      ),
    )
    .sort();

describe('what each function may do', () => {
  const config = configFor([
    http('web', 'WEB'),
    { ...http('eu', 'EU', 'WEB'), locations: ['ca-central-1'] },
    tcp(),
  ]);
  const queue = (region: string, name: string) => `arn:aws:sqs:${region}:${ACCOUNT}:watchbill-${name}`;
  const taken = (region: string, name: string) =>
    ['DeleteMessage', 'GetQueueAttributes', 'ReceiveMessage'].map(
      (action) => `sqs:${action} ${queue(region, name)}`,
    );
  const logs = (region: string, name: string) =>
    ['CreateLogStream', 'PutLogEvents'].map(
      (action) =>
        `logs:${action} arn:aws:logs:${region}:${ACCOUNT}:log-group:/aws/lambda/watchbill-${name}:*`,
    );
  const secret = (region: string, name: string) =>
    `secretsmanager:GetSecretValue arn:aws:secretsmanager:${region}:${ACCOUNT}:secret:watchbill/${name}-??????`;
  const table = `arn:aws:dynamodb:eu-west-1:${ACCOUNT}:table/watchbill`;
  const bucket = `arn:aws:s3:::watchbill-${ACCOUNT}-eu-west-1`;

  it.each<[name: FunctionName, region: string, ...lines: string[]]>([
    [
      'beat',
      'us-east-1',
      ...logs('us-east-1', 'beat'),
      `sqs:DeleteMessage ${queue('us-east-1', 'buffer')}`,
      `sqs:ReceiveMessage ${queue('us-east-1', 'buffer')}`,
      `sqs:SendMessage ${queue('eu-west-1', 'ticks')}`,
      `sqs:SendMessage ${queue('us-east-1', 'beats')}`,
    ],
    [
      'probe',
      'us-east-1',
      ...logs('us-east-1', 'probe'),
      secret('us-east-1', 'WEB'),
      ...taken('us-east-1', 'beats'),
      `sqs:SendMessage ${queue('eu-west-1', 'ticks')}`,
      `sqs:SendMessage ${queue('us-east-1', 'buffer')}`,
    ],
    [
      'probe',
      'ca-central-1',
      ...logs('ca-central-1', 'probe'),
      secret('ca-central-1', 'EU'),
      secret('ca-central-1', 'WEB'),
      ...taken('ca-central-1', 'beats'),
      `sqs:SendMessage ${queue('ca-central-1', 'buffer')}`,
      `sqs:SendMessage ${queue('eu-west-1', 'ticks')}`,
    ],
    [
      'decide',
      'eu-west-1',
      ...['BatchGetItem', 'DeleteItem', 'GetItem', 'PutItem', 'Query'].map(
        (action) => `dynamodb:${action} ${table}`,
      ),
      `dynamodb:Query ${table}/index/due`,
      ...logs('eu-west-1', 'decide'),
      `s3:PutObject ${bucket}/favicon.svg`,
      `s3:PutObject ${bucket}/index.html`,
      `s3:PutObject ${bucket}/public.json`,
      expect.stringMatching(/^s3:PutObject arn:aws:s3:::\S+\/static\/[0-9a-f]{12}\.(css|js)$/),
      expect.stringMatching(/^s3:PutObject arn:aws:s3:::\S+\/static\/[0-9a-f]{12}\.(css|js)$/),
      ...taken('eu-west-1', 'ticks'),
      `sqs:SendMessage ${queue('ap-southeast-2', 'beats')}`,
      `sqs:SendMessage ${queue('ca-central-1', 'beats')}`,
      `sqs:SendMessage ${queue('eu-west-1', 'deliver')}`,
      `sqs:SendMessage ${queue('eu-west-1', 'ticks')}`,
      `sqs:SendMessage ${queue('us-east-1', 'beats')}`,
    ],
    [
      'deliver',
      'eu-west-1',
      ...['BatchGetItem', 'GetItem', 'PutItem', 'Query'].map((action) => `dynamodb:${action} ${table}`),
      `dynamodb:Query ${table}/index/due`,
      ...logs('eu-west-1', 'deliver'),
      secret('eu-west-1', 'HOOK_KEY'),
      secret('eu-west-1', 'PD_KEY'),
      ...taken('eu-west-1', 'deliver'),
      `sqs:SendMessage ${queue('eu-west-1', 'deliver')}`,
    ],
    [
      'show',
      'eu-west-1',
      ...logs('eu-west-1', 'show'),
      `s3:GetObject ${bucket}/public.json`,
      `s3:ListBucket ${bucket} {"StringEquals":{"s3:prefix":["public.json"]}}`,
    ],
    [
      'watchdog',
      'us-east-1',
      `dynamodb:GetItem ${table} {"ForAllValues:StringEquals":{"dynamodb:LeadingKeys":["alive"]}}`,
      ...logs('us-east-1', 'watchdog'),
      secret('us-east-1', 'HOOK_KEY'),
      secret('us-east-1', 'PD_KEY'),
    ],
  ])('%s in %s: that, and nothing else', (name, region, ...wanted) => {
    expect(lines(allowed(name, region, config))).toEqual(wanted);
  });

  it('is said once for each action, whatever number of checks needs it', () => {
    const checks = Array.from({ length: 50 }, (_, n) => http(`web-${n}`, 'ONE', `OF_${n % 5}`));
    const statements = allowed('probe', 'us-east-1', configFor(checks));
    const reading = statements.filter(({ actions }) => actions.includes('secretsmanager:GetSecretValue'));
    expect(reading).toHaveLength(1);
    expect(reading[0]?.resources).toHaveLength(6);
  });

  it('holds no secret where none is named', () => {
    const config = configFor([tcp()], {}, { notify: {} });
    for (const name of NAMES)
      expect(JSON.stringify(allowed(name, 'us-east-1', config))).not.toMatch(/secret/);
  });
});

describe('what a probe declares', () => {
  afterEach(() => vi.restoreAllMocks());

  it('is allowed where a check of its type runs, once for each resource', () => {
    const config = configFor([
      tcp({ locations: ['us-east-1'], port: 1 }),
      tcp({ id: 'b', port: 2 }),
      tcp({ id: 'c' }),
    ]);
    const declaring = {
      ...PROBES.get('tcp'),
      permissions: ({ port }: { port: number }) => [{ actions: ['x:Look'], resources: [`arn:x:${port}`] }],
    };
    vi.spyOn(PROBES, 'get').mockReturnValue(declaring as never);
    const at = (region: string) => lines(allowed('probe', region, config)).filter((line) => /^x:/.test(line));
    expect(at('us-east-1')).toEqual(['x:Look arn:x:1', 'x:Look arn:x:2', 'x:Look arn:x:5432']);
    expect(at('ca-central-1')).toEqual(['x:Look arn:x:2', 'x:Look arn:x:5432']);
    expect(lines(allowed('decide', 'eu-west-1', config)).join()).not.toContain('x:Look');
  });
});

const secretName = fc.stringMatching(/^[A-Z][A-Z0-9_.+=@-]{0,40}$/);
const someChecks = fc.array(
  fc.record({
    secrets: fc.array(secretName, { maxLength: 4 }),
    at: fc.subarray(AWS.locations, { minLength: 1 }),
  }),
  { maxLength: 40 },
);

/** Which alarms and budgets of an account tell of something here is not known before. */
const READS_OF_INTAKE =
  /^(cloudwatch:DescribeAlarms arn:aws:cloudwatch:\*:\S+:alarm:|budgets:ViewBudget arn:aws:budgets::\S+:budget\/)\*$/;

describe('of any config', () => {
  it('nothing is allowed beyond what the checks of a location and the receivers name, and nothing by a wildcard', () => {
    fc.assert(
      fc.property(someChecks, (some) => {
        const config = configFor(
          some.map(({ secrets, at }, n) => ({ ...http(`c${n}`, ...secrets), locations: at })),
        );
        for (const region of AWS.locations) {
          const named = some.filter(({ at }) => at.includes(region)).flatMap(({ secrets }) => secrets);
          expect(new Set(secretsOf(allowed('probe', region, config)))).toEqual(new Set(named));
        }
        for (const name of ['beat', 'decide', 'show'] as const)
          expect(secretsOf(allowed(name, 'eu-west-1', config))).toEqual([]);
        for (const name of NAMES)
          for (const line of lines(allowed(name, 'us-east-1', config)))
            expect(
              line
                .replace(READS_OF_INTAKE, '')
                .replace(/^(logs:\S+ \S+:log-group:\/aws\/lambda\/watchbill-\w+:)\*$/, '$1'),
            ).not.toContain('*');
      }),
      { numRuns: 50 },
    );
  });

  it('the policies of a role allow the same as its statements, and each is as small as IAM wants it', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(secretName, { maxLength: 600, size: 'max' }),
        fc.boolean(),
        (secrets, isToken) => {
          const some = Array.from({ length: Math.ceil(secrets.length / 50) }, (_, n) =>
            http(`c${n}`, ...secrets.slice(n * 50, n * 50 + 50)),
          );
          const account = isToken ? ACCOUNT : '210987654321';
          const statements = allowed('probe', 'us-east-1', configFor(some), account);
          const { kind, documents } = policiesOf(statements, account);
          expect(documents.flatMap(lines).sort()).toEqual(lines(statements));
          const sizes = documents.map((document) => written(document, account));
          if (kind === 'inline') expect(sizes.length === 1 && Number(sizes[0]) <= 10_240).toBe(true);
          else {
            expect(written(statements, account)).toBeGreaterThan(10_240);
            expect(Math.max(...sizes)).toBeLessThanOrEqual(6_144);
            // a document is begun only when the next resource no longer fits
            for (const size of sizes.slice(0, -1)) expect(size).toBeGreaterThan(6_144 - 300);
          }
        },
      ),
      { numRuns: 30, endOnFailure: true },
    );
  });
});

it.each([
  [10_240, 'inline'],
  [10_241, 'managed'],
])('%i characters are kept %s', (size, kind) => {
  const statement = (...more: string[]) => [
    { actions: ['x:Look'], resources: ['a'.repeat(5_000), 'b'.repeat(5_000), ...more] },
  ];
  const statements = statement('c'.repeat(size - written(statement(''), ACCOUNT)));
  expect(written(statements, ACCOUNT)).toBe(size);
  expect(policiesOf(statements, ACCOUNT).kind).toBe(kind);
});

const secretsOf = (statements: readonly Statement[]): string[] =>
  statements
    .flatMap(({ resources }) => resources)
    .flatMap((resource) => /:secret:watchbill\/(.*)-\?{6}$/.exec(resource)?.slice(1) ?? []);

/** The characters of a policy as IAM gets it: the account has 12 digits, a list of one may be a text of its own. */
function written(statements: readonly Statement[], account: string): number {
  const Statement = statements.map(({ actions: Action, resources, condition }) => ({
    Effect: 'Allow',
    Action,
    Resource: resources.map((resource) => resource.split(`:${account}:`).join(':123456789012:')),
    ...(condition && { Condition: condition }),
  }));
  return JSON.stringify({ Version: '2012-10-17', Statement }).length;
}

describe('a role that would have to hold more than it can', () => {
  const many = (count: number, more: object = {}) => ({
    name: 'Acme',
    aws: AWS,
    checks: Array.from({ length: count }, (_, n) => ({
      ...http(`customer-${n}`, `CUSTOMER_${String(n).padStart(4, '0')}_TOKEN`),
      ...more,
    })),
  });

  it('is a mistake with the arithmetic: 1,000 checks with 1,000 secrets', () => {
    expect(mistakesIn(many(1_000, { locations: ['us-east-1', 'ca-central-1'] }), 'aws')).toEqual([
      'aws.locations[0]: in us-east-1 watchbill-probe must be allowed 1,004 resources: that is a policy of 92,607 characters, and a role holds 61,440 (10 managed policies of 6,144); share secrets, or narrow the "locations" of checks',
      'aws.locations[2]: in ca-central-1 watchbill-probe must be allowed 1,004 resources: that is a policy of 95,616 characters, and a role holds 61,440 (10 managed policies of 6,144); share secrets, or narrow the "locations" of checks',
    ]);
  });

  it('is none on one machine, nor where checks share secrets or are fewer', () => {
    expect(mistakesIn(many(1_000), 'machine')).toEqual([]);
    expect(mistakesIn(many(600), 'aws')).toEqual([]);
    const shared = many(1_000);
    expect(
      mistakesIn(
        {
          ...shared,
          checks: shared.checks.map((check) => ({ ...check, headers: { a: { secret: 'ONE' } } })),
        },
        'aws',
      ),
    ).toEqual([]);
  });

  it('is one that IAM refuses, and the largest that is none is one that it takes', () => {
    const fits = (count: number) => mistakesIn(many(count), 'aws').length === 0;
    let [low, high] = [500, 1_000];
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if (fits(middle)) low = middle;
      else high = middle;
    }
    const documentsFor = (count: number) => {
      const config = compiled({ ...many(low), checks: many(count).checks }, undefined, 'machine');
      const at = {
        ...config,
        checks: config.checks.map((check) => ({ ...check, locations: AWS.locations })),
      };
      return policiesOf(allowed('probe', 'ap-southeast-2', at), ACCOUNT).documents.length;
    };
    expect([documentsFor(low), documentsFor(high)]).toEqual([10, 11]);
  });

  it('may be that of delivery, too', () => {
    const headers = Object.fromEntries(
      Array.from({ length: 1_000 }, (_, n) => [`x-${n}`, { secret: `HEADER_${n}` }]),
    );
    const config = configFor([tcp()]);
    const [, webhook] = config.notify;
    if (!config.aws || !webhook) throw new Error('no webhook');
    expect(overfull({ ...config, notify: [{ ...webhook, headers }] }, config.aws)).toEqual([
      {
        path: ['notify'],
        message: expect.stringMatching(/^in eu-west-1 watchbill-deliver must be allowed 1,0\d\d /),
      },
    ]);
  });
});
