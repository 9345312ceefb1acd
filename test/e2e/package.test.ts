import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock } from '../../lib/adapters/local/clock.ts';
import { packageRoot } from '../../lib/package-root.ts';
import { Run, until } from '../kit/cli.ts';
import { PagerDuty } from '../kit/pagerduty.ts';
import { Service } from '../kit/service.ts';
import { configOf, ROUTING_KEY, statusOf } from './kit.ts';

/** The package as `npm pack` makes it, installed in an empty folder: it needs the registry, for its dependencies. */

const call = promisify(execFile);
let dir = '';

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'watchbill-package-'));
  await call('npm', ['pack', '--pack-destination', dir], { cwd: packageRoot() });
  const [tarball = ''] = await readdir(dir);
  await writeFile(join(dir, 'package.json'), '{ "private": true }');
  await call('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', `./${tarball}`], { cwd: dir });
}, 300_000);
afterAll(() => rm(dir, { recursive: true, force: true }));

const env = { ...process.env, PD_KEY: ROUTING_KEY };

/** `npx watchbill …` there, without asking the registry for it. */
const npx = (...args: string[]) => call('npx', ['--no-install', 'watchbill', ...args], { cwd: dir, env });

test('the package validates, tests, prints the schema, and starts', async () => {
  await using service = await Service.start();
  await using pagerDuty = await PagerDuty.start(systemClock);
  await writeFile(join(dir, 'watchbill.config.json'), JSON.stringify(configOf(service, pagerDuty)));
  expect((await npx('--version')).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  expect((await npx('validate')).stdout).toContain('watchbill.config.json is valid: 1 check, 1 notifier');
  expect(JSON.parse((await npx('test', '--json')).stdout)).toMatchObject({
    readings: [{ check: 'api', status: 'up' }],
  });
  expect(JSON.parse((await npx('schema')).stdout)).toHaveProperty('properties.checks');
  const bin = join(dir, 'node_modules/watchbill/bin/watchbill.js');
  const run = new Run(['start', '--port', '0'], dir, { PD_KEY: ROUTING_KEY }, bin);
  const [url] = await run.printed(/http:\/\/\S+/);
  await until(
    () => statusOf(url),
    (status) => status === 'up',
  );
  expect((await fetch(`${url}/runbooks/http`)).status).toBe(200);
  expect((await npx('status')).stdout).toContain('No open incident.');
  expect(await run.kill('SIGTERM')).toMatchObject({ code: 0 });
}, 120_000);

test('a config in TypeScript or JavaScript imports defineConfig from the package', async () => {
  const folder = join(dir, 'typed');
  await mkdir(folder, { recursive: true });
  const config = `import { defineConfig, secret } from 'watchbill';
export default defineConfig({
  name: 'Typed',
  checks: [{ id: 'api', type: 'http', url: 'https://api.acme.test/', public: true }],
  notify: { pagerduty: { routingKey: secret('PD_KEY') } },
});
`;
  for (const ending of ['ts', 'js']) await writeFile(join(folder, `watchbill.config.${ending}`), config);
  for (const ending of ['ts', 'js']) {
    const { stdout } = await npx('validate', '--config', `typed/watchbill.config.${ending}`);
    expect(stdout).toContain('is valid: 1 check, 1 notifier');
  }
  const tsc = join(packageRoot(), 'node_modules/.bin/tsc');
  await call(
    tsc,
    [
      '--noEmit',
      '--strict',
      '--skipLibCheck',
      '--module',
      'nodenext',
      '--target',
      'es2024',
      'typed/watchbill.config.ts',
    ],
    { cwd: dir },
  );
}, 120_000);

test('who watches from one machine is not given what only AWS needs', () => {
  expect(existsSync(join(dir, 'node_modules/hono'))).toBe(true);
  for (const name of ['aws-cdk-lib', 'cdk-nag', 'constructs'])
    expect(existsSync(join(dir, 'node_modules', name)), name).toBe(false);
});

/** As in a shell of a user's own: of this clone, and of AWS, nothing is at hand. */
const own = Object.fromEntries(
  Object.entries({
    ...process.env,
    PATH: process.env.PATH?.split(delimiter)
      .filter((path) => !path.startsWith(packageRoot()))
      .join(delimiter),
  }).filter(([name]) => !/^(?:AWS_|npm_)/.test(name)),
);

/** What a command prints there, whatever its exit code is. */
const printedBy = (command: string, args: readonly string[], cwd: string): Promise<string> =>
  call(command, args, { cwd, env: own }).then(
    ({ stdout }) => stdout,
    (error: { readonly stdout: string }) => error.stdout,
  );

/** Resolves with the address that it prints. */
async function addressOf({ stdout, stderr }: ChildProcess): Promise<string> {
  let printed = '';
  for await (const chunk of stdout ?? []) {
    printed += chunk;
    const [url] = /http:\/\/\S+/.exec(printed) ?? [];
    if (url !== undefined) return url;
  }
  throw new Error(`ended without an address:\n${printed}${stderr?.read()}`);
}

const titleAt = async (url: string): Promise<unknown> =>
  ((await (await fetch(`${url}/api/v1/summary`)).json()) as { readonly title: unknown }).title;

test('init starts a project in which npm start, watchbill test and cdk synth work', async () => {
  await npx('init', 'mine');
  const mine = join(dir, 'mine');
  await call('npm', ['install', '--no-audit', '--no-fund'], { cwd: mine, env: own });

  const tested = JSON.parse(await printedBy('npx', ['watchbill', 'test', '--json'], mine));
  const { readings } = tested as { readonly readings: readonly { readonly check: string }[] };
  expect(readings.map(({ check }) => check)).toEqual(['website', 'certificate']);

  const started = spawn('npm', ['start', '--', '--port', '0'], { cwd: mine, env: own, detached: true });
  const ended = once(started, 'close');
  try {
    const url = await addressOf(started);
    await until(
      () => titleAt(url),
      (title) => title === 'My service status',
    );
  } finally {
    if (started.pid) process.kill(-started.pid, 'SIGTERM');
    await ended;
  }

  await call('npx', ['cdk', 'synth', '--quiet'], { cwd: mine, env: own });
  const made = await readdir(join(mine, 'cdk.out'), { recursive: true });
  const stacks = ['Home', 'Probes-eu-central-1', 'Probes-us-east-1', 'Probes-ap-southeast-2'];
  expect(made).toEqual(expect.arrayContaining(stacks.map((name) => `Watchbill-${name}.template.json`)));
  const config = made.find((name) => /^asset\.\w+\/config\.json$/.test(name)) ?? '';
  expect(JSON.parse(await readFile(join(mine, 'cdk.out', config), 'utf8'))).toMatchObject({
    name: 'My service',
  });
}, 600_000);
