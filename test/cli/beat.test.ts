import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { beat } from '../../lib/cli/beat.ts';
import { CallClock } from '../kit/aws.ts';
import { until } from '../kit/sockets.ts';
import { Folder } from './kit.ts';

const TOKEN = 'token-of-this-very-job';

/** Takes reports, and answers as it is told. */
async function watchbill(...statuses: number[]) {
  const reports: { path: string | undefined; token: string | undefined; said: Record<string, unknown> }[] =
    [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    reports.push({ path: request.url, token: request.headers.authorization, said: JSON.parse(body) });
    response.statusCode = statuses[reports.length - 1] ?? 200;
    response.end(JSON.stringify({ ok: response.statusCode === 200, error: 'this is why' }));
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

test('a server that fails is asked three times, under one name', async () => {
  await using server = await watchbill(503, 429, 200);
  const waits: number[] = [];
  const clock = new CallClock();
  clock.after = (ms, callback) => {
    waits.push(ms);
    const soon = setImmediate(callback);
    return () => clearImmediate(soon);
  };
  await using folder = await Folder.make();
  const shell = { ...folder.shell, env: env(server.url) };
  expect(await beat({ id: 'backup', command: [] }, shell, clock)).toBe(0);
  expect(waits).toEqual([2_000, 4_000]);
  expect(new Set(server.reports.map(({ said }) => said.run)).size).toBe(1);
});

test.each([
  ['no token', { WATCHBILL_URL: 'http://127.0.0.1:8080' }, 'WATCHBILL_TOKEN is not set'],
  ['no address', { WATCHBILL_TOKEN: TOKEN }, 'set WATCHBILL_URL'],
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
