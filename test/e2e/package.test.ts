import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
