import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { type Store, StoreError } from '../../../lib/ports.ts';
import { writeId } from '../../../lib/store.ts';
import { hungUp } from '../../kit/aws.ts';
import { failure, type Said, type Trouble } from '../../kit/front.ts';
import { blackHole, until } from '../../kit/sockets.ts';
import { NOW, stage } from './stage.ts';

const on = stage();

const DEADLINE_MS = 3_000;

/** Every method, by the request with which it begins. */
const CALLS: readonly (readonly [string, (store: Store) => Promise<unknown>])[] = [
  ['GetItem', (store) => store.get(on.at('s'))],
  ['Query', (store) => store.list(on.at('s').partition)],
  ['PutItem', (store) => store.put({ ...on.at('s'), body: 1 }, 'absent', writeId())],
  ['DeleteItem', (store) => store.delete(on.at('s'), 1)],
  ['Query', (store) => store.due(NOW, 10)],
];

/** How a call failed: with a `StoreError` of one line, which says what it was about. */
async function failed(answer: Promise<unknown>, operation: string, table = on.table): Promise<string> {
  const error: unknown = await answer.then(
    (value) => expect.fail(`${operation} answered ${inspect(value)}`),
    (reason) => reason,
  );
  expect(error).toBeInstanceOf(StoreError);
  const { message } = error as StoreError;
  const about = `DynamoDB ${operation} on the table ${table}: `;
  expect(message.slice(0, about.length)).toBe(about);
  expect(message).not.toContain('\n');
  return message.slice(about.length);
}

/** How each method fails, one after the other. */
async function allFail(store: Store = on.store, table?: string): Promise<string[]> {
  const found = new Set<string>();
  for (const [operation, call] of CALLS) found.add(await failed(call(store), operation, table));
  return [...found];
}

const answers = (body: string, status = 200): Said => ({ status, body });
const NONSENSE = 'an answer that makes no sense';

describe('whatever the service says, it is a StoreError that says what to do', () => {
  it.each<readonly [string, Trouble, string]>([
    [
      'G03 throttled',
      failure('ProvisionedThroughputExceededException', 'The level of …'),
      'throttled (ProvisionedThroughputExceededException)',
    ],
    ['G03 throttled by the account', failure('ThrottlingException'), 'throttled (ThrottlingException)'],
    ['G03 throttled by the region', failure('RequestLimitExceeded'), 'throttled (RequestLimitExceeded)'],
    [
      'access denied',
      failure('AccessDeniedException', 'User: arn:…'),
      'access denied (AccessDeniedException)',
    ],
    [
      'a credential that has expired',
      failure('ExpiredTokenException'),
      'our credentials are not taken (ExpiredTokenException)',
    ],
    [
      'a credential that is none',
      failure('UnrecognizedClientException'),
      'our credentials are not taken (UnrecognizedClientException)',
    ],
    ['a fault of its own', failure('InternalServerError', '', 500), 'failed (InternalServerError, HTTP 500)'],
    ['no service', failure('ServiceUnavailable', '', 503), 'failed (ServiceUnavailable, HTTP 503)'],
    ['a request that it takes for wrong', failure('ValidationException', 'It is\nwrong.'), 'It is wrong.'],
    ['something new', failure('BrandNewException'), 'failed (BrandNewException, HTTP 400)'],
    ['something without a name', answers('{}', 400), 'failed (Unknown, HTTP 400)'],
    ['a name that is none', failure('<b>\n'), 'failed (no name, HTTP 400)'],
    ['a page of HTML for an error', answers('<html>Bad Gateway', 502), `${NONSENSE} (HTTP 502)`],
    ['a page of HTML', answers('<html>Welcome to our Wi-Fi'), `${NONSENSE} (HTTP 200)`],
    ['half an answer', answers('{"Item":{"body"'), `${NONSENSE} (HTTP 200)`],
    ['an answer cut off', { ...answers('{"Item":{"body"'), cut: true }, 'unreachable (ECONNRESET)'],
    ['nothing', answers(''), NONSENSE],
    ['an empty answer', answers('{}'), NONSENSE],
    ['null', answers('null'), NONSENSE],
    ['a list', answers('[1, 2]'), NONSENSE],
    ['a text', answers('"fine"'), NONSENSE],
    ['an answer to another question', answers('{"Table":{"TableStatus":"ACTIVE"}}'), NONSENSE],
    ['a reset', 'refuse', 'unreachable (ECONNRESET)'],
  ])('%s', async (_, trouble, words) => {
    on.front.trouble = () => trouble;
    expect(await allFail()).toEqual([words]);
    // each was sent once: repeating is up to `patient`
    expect(on.front.asked).toHaveLength(CALLS.length);
  });

  it('the table is not there', async () => {
    expect(await allFail(on.open({}, 'another'), 'another')).toEqual([
      'not there (ResourceNotFoundException)',
    ]);
  });

  it('nobody listens', async () => {
    const store = on.open({ endpoint: 'http://127.0.0.1:1' });
    expect(await allFail(store)).toEqual(['unreachable (ECONNREFUSED)']);
  });

  it('there is no such host', async () => {
    expect((await allFail(on.open({ endpoint: 'http://dynamodb.invalid' }))).join()).toMatch(
      /^unreachable \((ENOTFOUND|EAI_AGAIN)\)$/,
    );
  });

  it('there are no credentials', async () => {
    const none = Object.assign(new Error('Could not load credentials from any providers'), {
      name: 'CredentialsProviderError',
    });
    const store = on.open({ credentials: () => Promise.reject(none) });
    expect(await allFail(store)).toEqual(['we have no credentials (CredentialsProviderError)']);
  });

  it('it is well again after that', async () => {
    on.front.trouble = () => failure('InternalServerError', '', 500);
    await allFail();
    on.front.trouble = () => undefined;
    expect(await on.store.put({ ...on.at('s'), body: 1 }, 'absent', writeId())).toBe(true);
    expect(await on.store.due(NOW, 10)).toEqual([]);
  });
});

describe('no call waits longer than its deadline', () => {
  const LATE = 'no answer within 3 s';

  it.each<readonly [string, Trouble]>([
    ['never answers', 'hang'],
    ['stops in the middle of its answer', 'stall'],
  ])('of a service that %s, which is then hung up on', async (_, trouble) => {
    on.front.trouble = () => trouble;
    for (const [n, [operation, call]] of CALLS.entries()) {
      const answer = failed(call(on.store), operation);
      await until(() => on.front.asked.length === n + 1);
      await on.clock.advance(DEADLINE_MS - 1);
      expect(on.clock.pending).toBe(1);
      await on.clock.advance(1);
      expect(await answer).toBe(LATE);
    }
    await hungUp(on.front);
  });

  it('of a host that takes no connection', async () => {
    const hole = await blackHole();
    const store = on.open({ endpoint: `http://${hole.host}:${hole.port}` });
    const answers = CALLS.map(([operation, call]) => failed(call(store), operation));
    await on.clock.advance(DEADLINE_MS);
    expect(await Promise.all(answers)).toEqual(CALLS.map(() => LATE));
    await hole.close();
  });

  it('of credentials that never come', async () => {
    const store = on.open({ credentials: () => new Promise(() => {}) });
    const answers = CALLS.map(([operation, call]) => failed(call(store), operation));
    await on.clock.advance(DEADLINE_MS);
    expect(await Promise.all(answers)).toEqual(CALLS.map(() => LATE));
    expect(on.front.asked).toEqual([]);
  });

  it('and each page has its own', async () => {
    // noise, of which deflating takes a quarter
    for (let n = 0; n < 8; n++)
      await on.store.put(
        { ...on.at(`${n}`), body: randomBytes(290_000).toString('base64') },
        'absent',
        writeId(),
      );
    const before = on.front.asked.length;
    const list = on.store.list(on.at('').partition);
    for (let page = 1; page <= 3; page++) {
      await until(() => on.front.asked.length === before + page);
      expect(on.clock.pending).toBe(1);
    }
    expect(await list).toHaveLength(8);
    expect(on.clock.pending).toBe(0);
  });
});

describe('no secret is told', () => {
  const credentials = {
    accessKeyId: 'AKIDEXAMPLE',
    secretAccessKey: 'secret-key-of-the-role',
    sessionToken: 'token-of-the-session',
  };

  it.each([
    ...['InvalidSignatureException', 'IncompleteSignatureException', 'UnrecognizedClientException'],
    ...[
      'AccessDeniedException',
      'ResourceNotFoundException',
      'InternalServerError',
      'BrandNewException',
      '<html>',
    ],
  ])('by a service that says our headers back with %s', async (name) => {
    const store = on.open({ credentials });
    on.front.trouble = ({ headers }) => {
      expect(headers['x-amz-security-token']).toBe(credentials.sessionToken);
      const echo = JSON.stringify(headers);
      return name === '<html>' ? answers(`<html>${echo}`) : failure(name, echo);
    };
    for (const [, call] of CALLS) {
      const error = await call(store).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(StoreError);
      const told = inspect(error, { depth: 9, showHidden: true });
      for (const secret of [...Object.values(credentials), 'Signature=']) expect(told).not.toContain(secret);
    }
  });
});
