import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { beat } from '../../lib/cli/beat.ts';
import { CallClock } from '../kit/aws.ts';
import { until } from '../kit/sockets.ts';
import { Folder } from './kit.ts';

const TOKEN = 'token-of-this-very-job';

/** Waits for nothing, and tells how long it would have been. */
function hurried() {
  const waits: number[] = [];
  const clock = new CallClock();
  clock.after = (ms, callback) => {
    waits.push(ms);
    const soon = setImmediate(callback);
    return () => clearImmediate(soon);
  };
  return { waits, clock };
}

type Answer = number | { readonly error: string } | { readonly retryAfter: number };

/** Takes reports, and answers as it is told. */
async function watchbill(...answers: Answer[]) {
  const reports: { path: string | undefined; token: string | undefined; said: Record<string, unknown> }[] =
    [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    reports.push({ path: request.url, token: request.headers.authorization, said: JSON.parse(body) });
    const answer = answers[reports.length - 1] ?? 200;
    const error = Object(answer).error ?? 'this is why';
    const { retryAfter } = Object(answer);
    response.statusCode = typeof answer === 'number' ? answer : retryAfter ? 429 : 400;
    if (retryAfter) response.setHeader('retry-after', retryAfter);
    if (answer === 302) response.setHeader('location', 'https://elsewhere.example/');
    response.end(JSON.stringify({ ok: response.statusCode === 200, error }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    reports,
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
}

const env = (url: string) =>
  ({ ...process.env, WATCHBILL_URL: url, WATCHBILL_TOKEN: TOKEN }) as Record<string, string>;
const node = (code: string) => ['--', process.execPath, '-e', code];

test.each([
  ['that is done', 'process.exit(0)', 0, 'ok', ''],
  ['that fails', 'process.exit(3)', 3, 'fail', 'exit code 3'],
  ['that is killed', 'process.kill(process.pid, "SIGKILL")', 137, 'fail', 'ended by SIGKILL'],
])('a command %s is reported, and its exit code is ours', async (_, code, exitCode, status, message) => {
  await using server = await watchbill();
  await using folder = await Folder.make();
  const outcome = await folder.cli(['beat', 'backup', ...node(code)], { env: env(server.url) });
  expect(outcome).toEqual({ code: exitCode, stdout: '', stderr: '' });
  expect(server.reports).toEqual([
    {
      path: '/beat/backup',
      token: `Bearer ${TOKEN}`,
      said: { status, message, duration: expect.any(Number), run: expect.any(String) },
    },
  ]);
});

test('a signal is handed on to the command, which ends as it wants to', async () => {
  await using server = await watchbill();
  await using folder = await Folder.make();
  const code = `process.on('SIGTERM', () => process.exit(5)); setInterval(() => {}, 1e6); require('fs').writeFileSync('ready', '')`;
  const { signals, ended } = folder.begin(['beat', 'backup', ...node(code)], { env: env(server.url) });
  await until(() => folder.has('ready'));
  signals.emit('SIGTERM');
  expect((await ended).code).toBe(5);
  expect(server.reports[0]?.said).toMatchObject({ status: 'fail', message: 'exit code 5' });
});

test('what a terminal has sent to the command itself is not sent to it twice', async () => {
  await using server = await watchbill();
  await using folder = await Folder.make();
  const code = `let n = 0;
    process.on('SIGINT', () => { n += 1; });
    process.on('SIGTERM', () => process.exit(10 + n));
    setInterval(() => {}, 1e6);
    require('fs').writeFileSync('ready', '')`;
  const { signals, ended } = folder.begin(['beat', 'backup', ...node(code)], {
    env: env(server.url),
    tty: true,
  });
  await until(() => folder.has('ready'));
  signals.emit('SIGINT');
  signals.emit('SIGTERM');
  expect((await ended).code).toBe(10);
});

test.each([
  ['a path', '/base/', 200, '', '/base/beat/backup'],
  ['a redirect', '', 302, ': it sends us on to https://elsewhere.example/', '/beat/backup'],
])('where it listens may have %s', async (_, path, status, said, asked) => {
  await using server = await watchbill(status);
  await using folder = await Folder.make();
  const { stderr } = await folder.cli(['beat', 'backup', '--url', `${server.url}${path}`], { env: env('') });
  expect(stderr).toBe(
    said && `the heartbeat backup was not reported: ${server.url} answers ${status}${said}\n`,
  );
  expect(server.reports[0]?.path).toBe(asked);
});

test('whatever the server says is one line, and has no secret', async () => {
  await using server = await watchbill({ error: `no\n\u001b[31m${TOKEN}` });
  await using folder = await Folder.make();
  const { stderr } = await folder.cli(['beat', 'backup'], { env: env(server.url) });
  expect(stderr).toBe(
    `the heartbeat backup was not reported: ${server.url} answers 400: no [31m[redacted]\n`,
  );
});

test('it waits as long as it is told to, a minute at most', async () => {
  await using server = await watchbill({ retryAfter: 7 }, { retryAfter: 900 }, 200);
  const { waits, clock } = hurried();
  await using folder = await Folder.make();
  expect(await beat({ id: 'backup', command: [] }, { ...folder.shell, env: env(server.url) }, clock)).toBe(0);
  expect(waits).toEqual([7_000, 60_000]);
});

test('the command doesn’t get the token', async () => {
  await using server = await watchbill();
  await using folder = await Folder.make();
  const { code } = await folder.cli(
    ['beat', 'backup', ...node('process.exit(process.env.WATCHBILL_TOKEN === undefined ? 0 : 9)')],
    { env: env(server.url) },
  );
  expect(code).toBe(0);
});

test('a command that isn’t there is a failure that is reported', async () => {
  await using server = await watchbill();
  await using folder = await Folder.make();
  const outcome = await folder.cli(['beat', 'backup', '--', 'no-such-command'], { env: env(server.url) });
  expect(outcome).toMatchObject({ code: 127, stderr: 'no-such-command cannot be run: ENOENT\n' });
  expect(server.reports[0]?.said).toMatchObject({ status: 'fail' });
});

test.each([
  ['well', [], { status: 'ok' }],
  ['failed', ['--fail', '--message', 'disk full'], { status: 'fail', message: 'disk full' }],
])('without a command it reports that the job is %s', async (_, args, said) => {
  await using server = await watchbill();
  await using folder = await Folder.make();
  const { code } = await folder.cli(['beat', 'backup', ...args, '--url', server.url], {
    env: { WATCHBILL_TOKEN: TOKEN },
  });
  expect(code).toBe(0);
  expect(server.reports[0]?.said).toEqual({ ...said, run: expect.any(String) });
});

test('a report that is refused is told of in one line: it changes no exit code of a command', async () => {
  await using server = await watchbill(401, 401);
  await using folder = await Folder.make();
  const line = `the heartbeat backup was not reported: ${server.url} answers 401: this is why\n`;
  const options = { env: env(server.url) };
  expect(await folder.cli(['beat', 'backup', ...node('')], options)).toMatchObject({ code: 0, stderr: line });
  expect(await folder.cli(['beat', 'backup'], options)).toMatchObject({ code: 1, stderr: line });
  expect(server.reports).toHaveLength(2);
});

test('a server that fails is asked for a minute, under one name', async () => {
  await using server = await watchbill(503, 503, 503, 503, 503, 503);
  const { waits, clock } = hurried();
  await using folder = await Folder.make();
  const shell = { ...folder.shell, env: env(server.url) };
  const reporting = beat({ id: 'backup', command: [] }, shell, clock, () => 0.5);
  await expect(reporting).rejects.toThrow('answers 503: this is why');
  expect(waits).toEqual([1_500, 3_000, 6_000, 12_000, 24_000]);
  expect(server.reports).toHaveLength(6);
  expect(new Set(server.reports.map(({ said }) => said.run)).size).toBe(1);
});

test.each([
  ['no token', { WATCHBILL_URL: 'http://127.0.0.1:8080' }, 'WATCHBILL_TOKEN is not set'],
  ['no address', { WATCHBILL_TOKEN: TOKEN }, 'set WATCHBILL_URL'],
  [
    'a token that no header can hold',
    { WATCHBILL_TOKEN: 'to ken', WATCHBILL_URL: 'http://x' },
    'holds a space',
  ],
  ['a query', { WATCHBILL_TOKEN: TOKEN, WATCHBILL_URL: 'http://x/?a=b' }, 'is not the URL'],
  ['no URL', { WATCHBILL_TOKEN: TOKEN, WATCHBILL_URL: 'watchbill' }, '"watchbill" is not the URL'],
])('with %s it is a mistake of usage, and no command is run', async (_, vars, line) => {
  await using folder = await Folder.make();
  const outcome = await folder.cli(['beat', 'backup', ...node(`require('fs').writeFileSync('ran', '')`)], {
    env: vars as unknown as Record<string, string>,
  });
  expect(outcome.code).toBe(2);
  expect(outcome.stderr).toContain(line);
  expect(folder.has('ran')).toBe(false);
});
