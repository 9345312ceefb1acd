import { createServer } from 'node:http';
import { ACMClient, RequestCertificateCommand } from '@aws-sdk/client-acm';
import {
  CreateAccessKeyCommand,
  CreateUserCommand,
  DeleteAccessKeyCommand,
  DeleteUserCommand,
  IAMClient,
  UpdateAccessKeyCommand,
} from '@aws-sdk/client-iam';
import { CreateKeyCommand, EnableKeyRotationCommand, KMSClient } from '@aws-sdk/client-kms';
import {
  CreateSecretCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { accountCheck, useAws } from '../kit/account.ts';
import { blindWithout, client, expectDeclared, lookAfter, proxies } from '../kit/account-aws.ts';
import { closesAtEnd } from '../kit/at-end.ts';
import { onMoto } from '../kit/aws.ts';
import { onLoopback } from '../kit/front.ts';

const SECOND = 1_000;
const DAY = 86_400_000;
const started = closesAtEnd();
const through = proxies();
afterEach(() => void vi.unstubAllEnvs());

const check = (source: object, more: object = {}) =>
  accountCheck({ type: 'key-rotation', maxAge: '90d', source, ...more });

/** A user of IAM with so many keys; made over again for each test. */
async function userWith(endpoint: string, name: string, keys: number) {
  const iam = client(IAMClient, endpoint);
  await iam.send(new CreateUserCommand({ UserName: name }));
  const ids: string[] = [];
  for (let i = 0; i < keys; i += 1) {
    const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: name }));
    ids.push(AccessKey?.AccessKeyId ?? '');
  }
  return {
    ids,
    iam,
    async remove() {
      for (const AccessKeyId of ids)
        await iam.send(new DeleteAccessKeyCommand({ UserName: name, AccessKeyId }));
      await iam.send(new DeleteUserCommand({ UserName: name }));
    },
  };
}

describe('E22: access keys of IAM', () => {
  onMoto('at 89, 90 and 91 days, and the second key of a user', async (endpoint) => {
    const user = await userWith(endpoint, 'alice', 2);
    const proxy = await through(endpoint);
    const alice = check({ kind: 'iam-access-keys', user: 'alice' });
    expect(await lookAfter(alice, 89 * DAY)).toMatchObject({ status: 'degraded', reasons: ['key_due_soon'] });
    expect(await lookAfter(alice, 90 * DAY - 5 * SECOND)).toMatchObject({ status: 'degraded' });
    const late = await lookAfter(alice, 91 * DAY);
    expect(late).toMatchObject({
      status: 'down',
      reasons: ['key_too_old'],
      facts: { active: 2, inactive: 0 },
    });
    for (const id of user.ids) expect(late.message).toContain(`access key ${id} of alice`);
    expect(late.dues).toHaveLength(2);
    expectDeclared(proxy, alice);
    await user.remove();
  });

  onMoto('one that is inactive doesn’t count, and a user without any has none', async (endpoint) => {
    const user = await userWith(endpoint, 'bob', 1);
    await user.iam.send(
      new UpdateAccessKeyCommand({ UserName: 'bob', AccessKeyId: user.ids[0], Status: 'Inactive' }),
    );
    await through(endpoint);
    expect(await lookAfter(check({ kind: 'iam-access-keys', user: 'bob' }), 100 * DAY)).toMatchObject({
      status: 'down',
      reasons: ['key_missing'],
      message: 'bob has no active access key.',
    });
    await user.remove();
  });

  onMoto('one that was never used is told of once it could have been', async (endpoint) => {
    const user = await userWith(endpoint, 'carol', 1);
    const proxy = await through(endpoint);
    const carol = check({ kind: 'iam-access-keys', user: 'carol', unusedFor: '30d' });
    expect(await lookAfter(carol, 30 * DAY - 5 * SECOND)).toMatchObject({ status: 'up' });
    const unused = await lookAfter(carol, 30 * DAY + 5 * SECOND);
    expect(unused).toMatchObject({ status: 'degraded', reasons: ['key_unused'] });
    expect(unused.message).toMatch(/was never used in 30 d: deactivate it\.$/);
    expectDeclared(proxy, carol);
    await user.remove();
  });

  onMoto('of a user who is gone there are none', async (endpoint) => {
    await through(endpoint);
    expect(await lookAfter(check({ kind: 'iam-access-keys', user: 'nobody' }), 0)).toMatchObject({
      status: 'down',
      reasons: ['key_missing'],
      message: 'There is no user nobody.',
    });
  });

  onMoto('of all users, whoever they are', async (endpoint) => {
    const users = await Promise.all(['dan', 'eve', 'flo'].map((name, i) => userWith(endpoint, name, i)));
    const proxy = await through(endpoint);
    const all = check({ kind: 'iam-access-keys' });
    expect(await lookAfter(all, 91 * DAY)).toMatchObject({
      status: 'down',
      reasons: ['key_too_old'],
      facts: { users: 3, keys: 3 },
    });
    expectDeclared(proxy, all);
    await Promise.all(users.map((user) => user.remove()));
  });

  it('of 1,000 users on ten pages; one who goes in the middle of it isn’t missed', async () => {
    const proxy = await through(
      await iamWith({ users: 1_000, keysOfEach: (name) => (name === 'user-500' ? undefined : 1) }),
    );
    const found = await lookAfter(check({ kind: 'iam-access-keys' }), 0);
    expect(found).toMatchObject({
      status: 'down',
      reasons: ['key_too_old'],
      facts: { users: 1_000, keys: 999 },
    });
    expect(new Set(found.dues?.map(({ what }) => what))).toHaveProperty('size', 999);
    expect(proxy.actions.filter((action) => action === 'iam:ListUsers')).toHaveLength(10);
  });

  it('of a user whose keys are on pages, too', async () => {
    await through(await iamWith({ users: 1, keysOfEach: () => 7 }));
    const found = await lookAfter(check({ kind: 'iam-access-keys', user: 'user-0' }), 0);
    expect(found.dues).toHaveLength(7);
  });

  it.each([
    ['iam:ListUsers', 5, 'AccessDenied', 'aws_denied'],
    ['iam:ListAccessKeys', 700, 'AccessDenied', 'aws_denied'],
    ['iam:GetAccountSummary', 1, 'AccessDenied', 'aws_denied'],
    ['iam:ListUsers', 10, 'down', 'aws_unavailable'],
  ] as const)('are not known when page %s %i fails: %s', async (action, nth, kind, reason) => {
    const proxy = await through(await iamWith({ users: 1_000, keysOfEach: () => 1 }));
    proxy.trouble = (called, count) => (called === action && count >= nth ? kind : undefined);
    const { status, reasons, message } = await lookAfter(check({ kind: 'iam-access-keys' }), 0);
    expect({ status, reasons }).toEqual({ status: 'unknown', reasons: [reason] });
    expect(message).toContain(action);
  });
});

/** IAM with pages, which moto hasn't: a hundred users on each, three keys; all of them are 91 days old. */
async function iamWith({
  users,
  keysOfEach,
}: {
  users: number;
  keysOfEach: (name: string) => number | undefined;
}) {
  const born = new Date(Date.now() - 91 * DAY).toISOString();
  const page = (
    names: readonly string[],
    size: number,
    marker: number,
    one: (name: string) => string,
    list: string,
  ) => {
    const end = marker + size;
    const more =
      end < names.length
        ? `<IsTruncated>true</IsTruncated><Marker>${end}</Marker>`
        : '<IsTruncated>false</IsTruncated>';
    const members = names.slice(marker, end).map((name) => `<member>${one(name)}</member>`);
    return `<${list}>${members.join('')}</${list}>${more}`;
  };
  const named = (count: number, prefix: string) => Array.from({ length: count }, (_, i) => `${prefix}-${i}`);
  const { endpoint } = await started(
    onLoopback(
      createServer(async (request, response) => {
        let body = '';
        for await (const chunk of request) body += chunk;
        const asked = new URLSearchParams(body);
        const [action, user, marker] = [
          asked.get('Action'),
          asked.get('UserName') ?? '',
          Number(asked.get('Marker')),
        ];
        const keys = keysOfEach(user);
        if (action === 'ListAccessKeys' && keys === undefined) {
          response
            .writeHead(404)
            .end('<ErrorResponse><Error><Code>NoSuchEntity</Code></Error></ErrorResponse>');
          return;
        }
        const key = (id: string) =>
          `<AccessKeyId>AKIA${user}${id}</AccessKeyId><Status>Active</Status><CreateDate>${born}</CreateDate>`;
        const answers: Readonly<Record<string, string>> = {
          ListUsers: page(
            named(users, 'user'),
            100,
            marker,
            (name) => `<UserName>${name}</UserName>`,
            'Users',
          ),
          ListAccessKeys: page(named(keys ?? 0, 'key'), 3, marker, key, 'AccessKeyMetadata'),
          GetAccountSummary: '<SummaryMap/>',
        };
        response.end(
          `<${action}Response><${action}Result>${answers[String(action)]}</${action}Result></${action}Response>`,
        );
      }),
    ),
  );
  return endpoint;
}

describe('E22: the root user', () => {
  it('with access keys is a fault whatever their age', async () => {
    const page = (inner: string) => `<R xmlns="https://iam.amazonaws.com/doc/2010-05-08/">${inner}</R>`;
    const { endpoint } = await started(
      onLoopback(
        createServer(async (request, response) => {
          let body = '';
          for await (const chunk of request) body += chunk;
          const action = new URLSearchParams(body).get('Action') ?? '';
          const result =
            action === 'ListUsers'
              ? '<Users/><IsTruncated>false</IsTruncated>'
              : '<SummaryMap><entry><key>AccountAccessKeysPresent</key><value>1</value></entry></SummaryMap>';
          response.end(page(`<${action}Result>${result}</${action}Result>`));
        }),
      ),
    );
    useAws(endpoint);
    expect(await lookAfter(check({ kind: 'iam-access-keys' }), 0)).toMatchObject({
      status: 'down',
      reasons: ['root_key'],
    });
  });
});

describe('a secret of Secrets Manager', () => {
  const secretOf = async (endpoint: string, name: string, value: string) => {
    const manager = client(SecretsManagerClient, endpoint);
    await manager.send(new CreateSecretCommand({ Name: name, SecretString: value }));
    return (next: string) => manager.send(new PutSecretValueCommand({ SecretId: name, SecretString: next }));
  };

  onMoto('is as old as it was changed last; its rotation may have to be switched on', async (endpoint) => {
    await secretOf(endpoint, 'db', 'hunter2-hunter2');
    const proxy = await through(endpoint);
    const db = check({ kind: 'secretsmanager', id: 'db' });
    expect(await lookAfter(db, 90 * DAY - 5 * SECOND)).toMatchObject({ status: 'degraded' });
    expect(await lookAfter(db, 90 * DAY + 5 * SECOND)).toMatchObject({
      status: 'down',
      reasons: ['key_too_old'],
    });
    expect(
      await lookAfter(check({ kind: 'secretsmanager', id: 'db', rotation: 'required' }), 0),
    ).toMatchObject({
      status: 'down',
      reasons: ['rotation_disabled'],
    });
    expectDeclared(proxy, db);
    expect(await lookAfter(check({ kind: 'secretsmanager', id: 'gone' }), 0)).toMatchObject({
      reasons: ['key_missing'],
    });
  });

  onMoto('has its versions tried: the old one must be refused, the new one accepted', async (endpoint) => {
    const rotate = await secretOf(endpoint, 'api', JSON.stringify({ key: 'old-key-old-key' }));
    await rotate(JSON.stringify({ key: 'new-key-new-key' }));
    const proxy = await through(endpoint);
    let taken = ['new-key-new-key'];
    const server = await started(
      onLoopback(
        createServer(({ headers }, response) => {
          response.writeHead(taken.includes(String(headers['x-key'])) ? 200 : 401).end();
        }),
      ),
    );
    const trial = { url: server.endpoint, header: 'x-key', prefix: '', field: '$.key' };
    const api = check(
      { kind: 'secretsmanager', id: 'api' },
      { oldRejected: { ...trial, grace: '1h' }, newAccepted: trial },
    );
    expect(await lookAfter(api, DAY)).toMatchObject({ status: 'up', reasons: [] });
    expectDeclared(proxy, api);
    taken = ['new-key-new-key', 'old-key-old-key'];
    expect(await lookAfter(api, DAY)).toMatchObject({ status: 'down', reasons: ['not_rejected'] });
    taken = [];
    const refused = await lookAfter(api, DAY);
    expect(refused).toMatchObject({ status: 'down', reasons: ['not_accepted'] });
    expect(JSON.stringify(refused)).not.toMatch(/new-key|old-key/);
  });

  const described = async (more: object) => {
    const body = {
      ARN: 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-abcdef',
      Name: 'db',
      ...more,
    };
    const { endpoint } = await started(
      onLoopback(createServer((_, response) => void response.end(JSON.stringify(body)))),
    );
    useAws(endpoint);
    return lookAfter(check({ kind: 'secretsmanager', id: 'db' }), 0);
  };
  const ago = (ms: number) => (Date.now() - ms) / SECOND;

  it.each<[string, () => object, string[]]>([
    ['whose rotation is to come', () => ({ RotationEnabled: true, NextRotationDate: ago(-DAY) }), []],
    [
      'whose rotation was due two hours ago',
      () => ({ RotationEnabled: true, NextRotationDate: ago(DAY / 12) }),
      ['rotation_failing'],
    ],
    [
      'whose new version has been pending for two days',
      () => ({ LastChangedDate: ago(2 * DAY), VersionIdsToStages: { a: ['AWSCURRENT'], b: ['AWSPENDING'] } }),
      ['rotation_stuck'],
    ],
    [
      'whose new version has just begun',
      () => ({ LastChangedDate: ago(60), VersionIdsToStages: { a: ['AWSCURRENT'], b: ['AWSPENDING'] } }),
      [],
    ],
    [
      'whose pending version is the current one',
      () => ({ LastChangedDate: ago(2 * DAY), VersionIdsToStages: { a: ['AWSCURRENT', 'AWSPENDING'] } }),
      [],
    ],
    ['that is marked for deletion', () => ({ DeletedDate: ago(DAY) }), ['key_missing']],
  ])('%s', async (_, more, reasons) => {
    expect((await described(more())).reasons).toEqual(reasons);
  });
});

describe('others', () => {
  onMoto('a key of KMS without rotation, and one with it', async (endpoint) => {
    const kms = client(KMSClient, endpoint);
    const { KeyMetadata } = await kms.send(new CreateKeyCommand({}));
    const id = KeyMetadata?.KeyId ?? '';
    const proxy = await through(endpoint);
    const one = accountCheck({ type: 'key-rotation', source: { kind: 'kms', key: id } });
    expect(await lookAfter(one, 0)).toMatchObject({ status: 'down', reasons: ['rotation_disabled'] });
    await kms.send(new EnableKeyRotationCommand({ KeyId: id }));
    expect(await lookAfter(one, 0)).toMatchObject({ status: 'up', facts: { rotation: true } });
    expectDeclared(proxy, one);
    const gone = accountCheck({
      type: 'key-rotation',
      source: { kind: 'kms', key: '00000000-0000-0000-0000-000000000000' },
    });
    expect(await lookAfter(gone, 0)).toMatchObject({ reasons: ['key_missing'] });
  });

  onMoto('a parameter, whose value is not read', async (endpoint) => {
    const ssm = client(SSMClient, endpoint);
    await ssm.send(new PutParameterCommand({ Name: '/app/key', Value: 'hunter2', Type: 'SecureString' }));
    const proxy = await through(endpoint);
    const one = check({ kind: 'ssm', name: '/app/key' });
    expect(await lookAfter(one, 91 * DAY)).toMatchObject({ status: 'down', reasons: ['key_too_old'] });
    expectDeclared(proxy, one);
    expect(await lookAfter(check({ kind: 'ssm', name: '/app/gone' }), 0)).toMatchObject({
      reasons: ['key_missing'],
    });
  });

  onMoto('a certificate of ACM', async (endpoint) => {
    const acm = client(ACMClient, endpoint);
    const { CertificateArn } = await acm.send(new RequestCertificateCommand({ DomainName: 'acme.test' }));
    const proxy = await through(endpoint);
    const one = accountCheck({ type: 'key-rotation', source: { kind: 'acm', arn: CertificateArn } });
    const found = await lookAfter(one, 0);
    expect(found.dues?.every(({ what }) => what === 'certificate of acme.test')).toBe(true);
    expectDeclared(proxy, one);
  });

  const ARN = 'arn:aws:acm:eu-west-1:123456789012:certificate/0f0e0d0c';
  it.each<[string, Record<string, unknown>, string, string[]]>([
    ['is fine', { Status: 'ISSUED', NotAfter: 100 }, 'up', []],
    ['has 21 days left', { Status: 'ISSUED', NotAfter: 20.99 }, 'degraded', ['cert_expires_soon']],
    ['has three days left', { Status: 'ISSUED', NotAfter: 2.99 }, 'down', ['cert_expires_soon']],
    ['has expired', { Status: 'EXPIRED', NotAfter: -1 }, 'down', ['cert_expired']],
    [
      'failed to renew',
      {
        Status: 'ISSUED',
        NotAfter: 40,
        RenewalSummary: { RenewalStatus: 'FAILED', RenewalStatusReason: 'CAA_ERROR' },
      },
      'down',
      ['renewal_failed'],
    ],
    [
      'waits for its domain',
      { Status: 'ISSUED', NotAfter: 40, RenewalSummary: { RenewalStatus: 'PENDING_VALIDATION' } },
      'degraded',
      ['renewal_pending'],
    ],
    ['was revoked', { Status: 'REVOKED', NotAfter: 40 }, 'down', ['key_missing']],
  ])('one that %s', async (_, { NotAfter, ...more }, status, reasons) => {
    const notAfter = Date.now() / SECOND + (Number(NotAfter) * DAY) / SECOND;
    const body = {
      Certificate: { CertificateArn: ARN, DomainName: 'acme.test', NotAfter: notAfter, ...more },
    };
    const { endpoint } = await started(
      onLoopback(createServer((_, response) => void response.end(JSON.stringify(body)))),
    );
    useAws(endpoint);
    const one = accountCheck({ type: 'key-rotation', source: { kind: 'acm', arn: ARN } });
    expect(await lookAfter(one, 0)).toMatchObject({ status, reasons });
  });
});

describe('what keeps us from looking is no fault of a key: it is unknown, and the message says what is missing', () => {
  blindWithout(through, [
    [check({ kind: 'iam-access-keys' }), 'iam:ListUsers'],
    [check({ kind: 'secretsmanager', id: 'db' }), 'secretsmanager:DescribeSecret'],
    [check({ kind: 'kms', key: 'k' }), 'kms:DescribeKey'],
    [check({ kind: 'ssm', name: 'p' }), 'ssm:DescribeParameters'],
    [
      check({ kind: 'acm', arn: 'arn:aws:acm:eu-west-1:123456789012:certificate/0f' }),
      'acm:DescribeCertificate',
    ],
  ]);

  it('without a region it says what to set', async () => {
    for (const name of ['AWS_REGION', 'AWS_DEFAULT_REGION', 'AWS_PROFILE']) vi.stubEnv(name, undefined);
    vi.stubEnv('AWS_CONFIG_FILE', '/dev/null');
    const { status, reasons, message } = await lookAfter(check({ kind: 'ssm', name: 'p' }), 0);
    expect({ status, reasons }).toEqual({ status: 'unknown', reasons: ['misconfigured'] });
    expect(message).toContain('AWS_REGION');
  });
});
