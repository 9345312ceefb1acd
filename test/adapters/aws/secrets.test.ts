import { randomBytes } from 'node:crypto';
import {
  CreateSecretCommand,
  DeleteSecretCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
  type SecretsManagerClientConfig,
} from '@aws-sdk/client-secrets-manager';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ManagedSecrets } from '../../../lib/adapters/aws/secrets.ts';
import { SecretError } from '../../../lib/ports.ts';
import { redact } from '../../../lib/redact.ts';
import { answers, CallClock, CREDENTIALS, echo, failed, hungUp, onMoto, REGION } from '../../kit/aws.ts';
import { type Front, failure, startFront, type Trouble } from '../../kit/front.ts';
import { until } from '../../kit/sockets.ts';

const MINUTE = 60_000;
const KEY = { secret: 'PD_KEY' };
const about = (why: string) => `the secret PD_KEY (watchbill/PD_KEY in Secrets Manager, eu-west-1): ${why}`;

let front: Front;
let clock: CallClock;
let secrets: ManagedSecrets;
/** What Secrets Manager holds, by name. */
let stored: Map<string, string>;

const serve: Front['trouble'] = ({ body }) => {
  const value = stored.get(String(body.SecretId));
  if (value === undefined) return failure('ResourceNotFoundException', 'Secrets Manager can’t find it.');
  return answers({ ARN: `arn:aws:secretsmanager:::secret:${body.SecretId}-a1b2c3`, SecretString: value });
};

const open = (client: SecretsManagerClientConfig = {}) =>
  new ManagedSecrets({
    region: REGION,
    clock,
    client: { endpoint: front.endpoint, credentials: CREDENTIALS, ...client },
  });

beforeEach(async () => {
  front = await startFront('http://127.0.0.1:1');
  clock = new CallClock();
  stored = new Map([['watchbill/PD_KEY', 'R0123456789ABCDEFGHIJKLMNOPQRSTU']]);
  front.trouble = serve;
  secrets = open();
});
afterEach(async () => {
  expect(clock.deadlines, 'deadlines that still run').toEqual([]);
  secrets.close();
  await front.close();
});

/** A value that no other test has, now the one that is stored. */
function rotate(): string {
  const value = randomBytes(16).toString('hex');
  stored.set('watchbill/PD_KEY', value);
  return value;
}

const AWAY: readonly (readonly [string, Trouble])[] = [
  ['G03 throttles', failure('ThrottlingException')],
  ['has a fault of its own', failure('InternalServiceError', '', 500)],
  ['does not take our credentials', failure('ExpiredTokenException')],
  ['resets', 'refuse'],
  ['is cut off', { status: 200, body: '{"ARN":"a","SecretString":"half', cut: true }],
  ['answers with half of it', { status: 200, body: '{"ARN":"a","SecretString":"half' }],
  ['answers with a page of HTML', { status: 200, body: '<html>Welcome to our Wi-Fi' }],
  ['answers with nothing', answers({})],
];

const NO: readonly (readonly [string, Trouble, string])[] = [
  ['there is none', failure('ResourceNotFoundException'), 'there is none (ResourceNotFoundException)'],
  [
    'it is denied',
    failure('AccessDeniedException', 'User: arn:… is not authorized'),
    'there is none, or this role lacks secretsmanager:GetSecretValue for it, or kms:Decrypt for the key of yours that encrypts it (AccessDeniedException)',
  ],
  [
    'it is marked for deletion',
    failure('InvalidRequestException'),
    'it is marked for deletion (InvalidRequestException)',
  ],
  ['its key is gone', failure('DecryptionFailure'), 'its KMS key does not decrypt it (DecryptionFailure)'],
  ['it is binary', answers({ ARN: 'arn', SecretBinary: 'aGVsbG8=' }), 'it is binary, and only text is taken'],
  ['it is empty', answers({ ARN: 'arn', SecretString: '' }), 'it is empty'],
  ['it is a newline', answers({ ARN: 'arn', SecretString: '\n' }), 'it is empty'],
];

describe('a secret', () => {
  it('is the one of Secrets Manager under watchbill/, in this region, and is redacted from then on', async () => {
    const value = rotate();
    expect(redact(value)).toBe(value);
    expect(await secrets.get(KEY)).toBe(value);
    expect(redact(`401 for ${value}`)).toBe('401 for [redacted]');
    expect(front.asked[0]?.body).toEqual({ SecretId: 'watchbill/PD_KEY' });
    expect(front.asked[0]?.headers.authorization).toContain('/eu-west-1/secretsmanager/');
  });

  it.each([
    ['one line\n', 'one line'],
    ['one line\r\n', 'one line'],
    ['two\nlines\n\n', 'two\nlines\n'],
    [' spaces stay ', ' spaces stay '],
  ])('loses the newline at its end, as a file does: %j', async (content, value) => {
    stored.set('watchbill/PD_KEY', content);
    expect(await secrets.get(KEY)).toBe(value);
  });

  it('is asked for once by all who want it at the same time, and once in five minutes', async () => {
    const old = rotate();
    stored.set('watchbill/OTHER', 'the other');
    const wanted = [KEY, KEY, { secret: 'OTHER' }, KEY].map((ref) => secrets.get(ref));
    expect(await Promise.all(wanted)).toEqual([old, old, 'the other', old]);
    expect(front.asked).toHaveLength(2);
    const next = rotate();
    clock.time += 5 * MINUTE - 1;
    expect(await secrets.get(KEY)).toBe(old);
    clock.time += 1;
    expect(await Promise.all([secrets.get(KEY), secrets.get(KEY)])).toEqual([next, next]);
    expect(front.asked).toHaveLength(3);
  });

  it('is asked for anew where the clock jumped back', async () => {
    await secrets.get(KEY);
    const next = rotate();
    clock.time -= 1;
    expect(await secrets.get(KEY)).toBe(next);
  });

  it.each(['../PD_KEY', 'a/b', '', 'x'.repeat(200), 'a b'])('has no such name: %j', async (secret) => {
    expect(await failed(secrets.get({ secret }), SecretError)).toBe('a secret has a name that cannot be one');
    expect(await failed(secrets.renew({ secret }, 'old'), SecretError)).toMatch(/name/);
    expect(front.asked).toEqual([]);
  });
});

describe.each(AWAY)('while the service %s', (_, trouble) => {
  it('a value is kept past its life, asked for every 30 s, and renewed when it is back', async () => {
    const old = rotate();
    await secrets.get(KEY);
    const next = rotate();
    front.trouble = () => trouble;
    clock.time += 60 * MINUTE;
    expect(await Promise.all([secrets.get(KEY), secrets.get(KEY)])).toEqual([old, old]);
    expect(front.asked).toHaveLength(4);
    front.trouble = serve;
    clock.time += 29_999;
    expect(await secrets.get(KEY)).toBe(old);
    clock.time += 1;
    expect(await secrets.get(KEY)).toBe(next);
    expect(front.asked).toHaveLength(5);
  });

  it('a value that nobody has yet is an error, which the next who asks need not share', async () => {
    front.trouble = () => trouble;
    expect(await failed(secrets.get(KEY), SecretError, [...stored.values()])).toMatch(about('').trim());
    front.trouble = serve;
    expect(await secrets.get(KEY)).toBe(stored.get('watchbill/PD_KEY'));
  });

  it('it is tried three times', async () => {
    const troubles = [trouble, trouble];
    front.trouble = (asked) => troubles.pop() ?? serve(asked);
    expect(await secrets.get(KEY)).toBe(stored.get('watchbill/PD_KEY'));
    expect(clock.waits).toHaveLength(2);
  });
});

describe.each(NO)('D09 %s', (_, trouble, why) => {
  it('it is an error that says so, after one request', async () => {
    front.trouble = () => trouble;
    expect(await failed(secrets.get(KEY), SecretError)).toBe(about(why));
    expect(front.asked).toHaveLength(1);
  });

  it('the value that was is not kept, not even when the service is away after that', async () => {
    const old = rotate();
    await secrets.get(KEY);
    clock.time += 5 * MINUTE;
    front.trouble = () => trouble;
    expect(await failed(secrets.get(KEY), SecretError, [old])).toBe(about(why));
    front.trouble = () => failure('ThrottlingException');
    expect(await failed(secrets.get(KEY), SecretError, [old])).toBe(about('throttled (ThrottlingException)'));
    front.trouble = serve;
    expect(await secrets.get(KEY)).toBe(old);
  });

  it('the others are not touched', async () => {
    stored.set('watchbill/OTHER', 'the other');
    front.trouble = (asked) => (asked.body.SecretId === 'watchbill/PD_KEY' ? trouble : serve(asked));
    await failed(secrets.get(KEY), SecretError);
    expect(await secrets.get({ secret: 'OTHER' })).toBe('the other');
  });
});

describe('a value that its receiver refused', () => {
  it('is fetched anew, once for all whom it refused, and is redacted as well', async () => {
    const old = await secrets.get(KEY);
    const next = rotate();
    expect(await Promise.all([secrets.renew(KEY, old), secrets.renew(KEY, old)])).toEqual([next, next]);
    expect(await secrets.renew(KEY, old)).toBe(next);
    expect(await secrets.get(KEY)).toBe(next);
    expect(front.asked).toHaveLength(2);
    expect(redact(next)).toBe('[redacted]');
  });

  it('is the same again when it was not replaced, or the service is away', async () => {
    const old = await secrets.get(KEY);
    expect(await secrets.renew(KEY, old)).toBe(old);
    front.trouble = () => 'refuse';
    expect(await secrets.renew(KEY, old)).toBe(old);
    expect(front.asked).toHaveLength(5);
  });

  it('is gone when it was deleted', async () => {
    const old = await secrets.get(KEY);
    stored.clear();
    await failed(secrets.renew(KEY, old), SecretError, [old]);
    await failed(secrets.get(KEY), SecretError, [old]);
  });
});

it.each<Trouble>(['hang', 'stall'])(
  'a service that does not answer (%s) takes three times 2 s',
  async (how) => {
    front.trouble = () => how;
    const got = failed(secrets.get(KEY), SecretError);
    for (const round of [1, 2, 3]) {
      await until(() => front.asked.length === round);
      expect(clock.deadlines).toEqual([2_000]);
      clock.expire();
    }
    expect(await got).toBe(about('no answer within 2 s'));
    await hungUp(front);
  },
);

it('credentials that never come are not waited for', async () => {
  const waiting = open({ credentials: () => new Promise(() => {}) });
  expect(await clock.expireUntil(failed(waiting.get(KEY), SecretError))).toBe(about('no answer within 2 s'));
});

it('J21 J24 no value and no credential is in an error, whatever the service says back', async () => {
  const value = rotate();
  for (const name of [
    'InvalidSignatureException',
    'AccessDeniedException',
    'ResourceNotFoundException',
    'New',
  ]) {
    front.trouble = echo(name, value);
    await failed(secrets.get(KEY), SecretError, [value]);
  }
  for (const cut of [true, false]) {
    front.trouble = () => ({ status: 200, body: `{"ARN":"a","SecretString":"${value}`, cut });
    await failed(secrets.get(KEY), SecretError, [value]);
  }
});

onMoto('ManagedSecrets on moto: a secret is absent, there, rotated, binary and deleted', async (endpoint) => {
  const client = { endpoint, region: REGION, credentials: CREDENTIALS };
  const raw = new SecretsManagerClient(client);
  const managed = open(client);
  const secret = `KEY_${process.pid}_${Date.now()}`;
  const Name = `watchbill/${secret}`;
  expect(await failed(managed.get({ secret }), SecretError)).toMatch(/there is none/);
  await raw.send(new CreateSecretCommand({ Name, SecretString: 'first value' }));
  expect(await managed.get({ secret })).toBe('first value');
  await raw.send(new PutSecretValueCommand({ SecretId: Name, SecretString: 'second value' }));
  expect(await managed.get({ secret })).toBe('first value');
  expect(await managed.renew({ secret }, 'first value')).toBe('second value');
  await raw.send(new PutSecretValueCommand({ SecretId: Name, SecretBinary: Buffer.from('third') }));
  expect(await failed(managed.renew({ secret }, 'second value'), SecretError)).toMatch(/it is binary/);
  await raw.send(new DeleteSecretCommand({ SecretId: Name }));
  expect(await failed(managed.get({ secret }), SecretError)).toMatch(/it is marked for deletion/);
  raw.destroy();
  managed.close();
});
