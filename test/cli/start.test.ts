import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { systemClock } from '../../lib/adapters/local/clock.ts';
import { remember } from '../../lib/redact.ts';
import { PagerDuty } from '../kit/pagerduty.ts';
import { Service } from '../kit/service.ts';
import { until } from '../kit/sockets.ts';
import { modes } from '../kit/stand-in.ts';
import { configOf, Folder } from './kit.ts';

const KEY = 'R0123456789ABCDEFGHIJKLMNOPQRSTU';

const FOR_AWS =
  '"aws" and "locations" in a config are for "cdk deploy": here everything runs on this machine';

/** `watchbill start`, once it serves. */
async function started(folder: Folder, ...args: string[]) {
  const run = folder.begin(['start', '--port', '0', ...args], { env: { PD_KEY: KEY } });
  await until(() => run.stdout.text.includes('\n'));
  const [url = ''] = /http:\/\/\S+/.exec(run.stdout.text) ?? [];
  return { ...run, url };
}

const api = ({ url }: Service) => ({
  id: 'api',
  type: 'http',
  url,
  every: '5s',
  timeout: '1s',
  public: true,
});

test('start prints one line with the address, serves, and ends with 0 on a signal', async () => {
  await using service = await Service.start();
  await using folder = await Folder.make({ 'watchbill.config.json': configOf([api(service)]) });
  const { url, signals, ended } = await started(folder);
  expect((await fetch(`${url}/healthz`)).status).toBe(200);
  expect(await (await fetch(url)).text()).toContain('api');
  signals.emit('SIGTERM');
  expect(await ended).toMatchObject({ code: 0, stdout: `Watchbill watches Acme: ${url}\n` });
});

const REGIONS = { home: 'eu-west-1', locations: ['us-east-1', 'ca-central-1'] };

test.each([
  ['a config that says where it runs on AWS', { aws: REGIONS }, {}, 1],
  ['a check that says in which regions it runs', {}, { locations: ['us-east-1'] }, 1],
  ['a config that says nothing of AWS', {}, {}, 0],
])('%s: start looks at none of it, and says so in one line, or in none', async (_, more, ofCheck, count) => {
  await using service = await Service.start();
  const config = configOf([{ ...api(service), ...ofCheck }], { notify: {}, ...more });
  await using folder = await Folder.make({ 'watchbill.config.json': config });
  const { stderr, signals, ended } = await started(folder);
  signals.emit('SIGTERM');
  expect(await ended).toMatchObject({ code: 0 });
  expect(
    stderr.text
      .split('\n')
      .filter((line) => /aws|cdk/.test(line))
      .map((line) => line.replace(/^\S+ /, '')),
  ).toEqual(Array(count).fill(`info  ${FOR_AWS}`));
});

test('a port that is taken is one line, and the data directory is free again', async () => {
  await using service = await Service.start();
  await using folder = await Folder.make({
    'watchbill.config.json': configOf([api(service)], { notify: {} }),
  });
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  const { code, stdout, stderr } = await folder.cli(['start', '--port', String(port)]);
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toBe(
    `cannot serve the status page at 127.0.0.1:${port}: the port is taken; choose another one with --port\n`,
  );
  other.close();
  const { signals, ended } = await started(folder);
  signals.emit('SIGINT');
  expect(await ended).toMatchObject({ code: 0 });
});

test('an address that this machine does not have is one line', async () => {
  await using folder = await Folder.make({ 'watchbill.config.json': configOf([]) });
  expect(await folder.cli(['start', '--port', '0', '--host', '192.0.2.1'])).toEqual({
    code: 1,
    stdout: '',
    stderr:
      'cannot serve the status page at 192.0.2.1:0: this machine does not have that address; choose another one with --host\n',
  });
});

test('a data directory that cannot be made is one line', async () => {
  await using folder = await Folder.make({ 'watchbill.config.json': configOf([]), file: 'no directory' });
  const { code, stdout, stderr } = await folder.cli(['start', '--data', 'file/data']);
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toMatch(/^cannot make \S+\/file\/data: [^\n]+\n$/);
});

test('a data directory where nothing can be made is one line, too', async ({ skip }) => {
  skip(!existsSync('/proc/version'), 'there is no /proc, where a folder takes no child');
  await using folder = await Folder.make({ 'watchbill.config.json': configOf([]) });
  const { code, stderr } = await folder.cli(['start', '--data', '/proc/x/data']);
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr: expect.stringMatching(/^cannot make \/proc\/x\/data: [^\n]+\n$/),
  });
});

test('a data directory that may not be written is one line', async ({ skip }) => {
  skip(process.getuid?.() === 0, 'root may write everywhere');
  await using folder = await Folder.make({ 'watchbill.config.json': configOf([]) });
  await mkdir(join(folder.dir, 'data'), { mode: 0o500 });
  const { code, stderr } = await folder.cli(['start', '--data', 'data']);
  await chmod(join(folder.dir, 'data'), 0o700);
  expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringMatching(/^cannot use [^\n]+\n$/) });
});

test('status says what a running start knows, and that nothing is known once it has ended', async () => {
  await using service = await Service.start();
  const config = configOf([api(service)]);
  await using folder = await Folder.make({ 'watchbill.config.json': config });
  expect(await folder.cli(['status'])).toEqual({
    code: 2,
    stdout: '',
    stderr: 'nothing is kept in .watchbill yet: run "watchbill start" first\n',
  });
  const { signals, ended } = await started(folder);
  await service.asked();
  let status = await folder.cli(['status']);
  while (status.code !== 0) status = await folder.cli(['status']);
  expect(status).toMatchObject({ code: 0, stderr: '' });
  expect(status.stdout).toMatch(/^up +api +\S+( \S+)* +\d+ ms/m);
  expect(status.stdout).toContain('No open incident.');
  expect(status.stdout).toMatch(/^0 undelivered, 0 beats skipped in 24 h; local: last tick \d+ s ago\.$/m);
  const { checks } = JSON.parse((await folder.cli(['status', '--json'])).stdout);
  expect(checks).toMatchObject([
    { id: 'api', status: 'up', uptime: { '24h': null }, target: `GET ${service.url}` },
  ]);

  await folder.write('watchbill.config.json', { ...configOf([]), nonsense: 1 });
  const broken = await folder.cli(['status']);
  expect(broken).toMatchObject({ code: 2, stdout: status.stdout });
  expect(broken.stderr).toMatch(/^the config cannot be used; .*\nwatchbill\.config\.json:1:/);

  await folder.write('watchbill.config.json', config);
  const path = join(folder.dir, '.watchbill/blobs/snapshot.json.blob');
  const snapshot = JSON.parse(await readFile(path, 'utf8'));
  const writtenAgo = (ms: number) => writeFile(path, JSON.stringify({ ...snapshot, at: snapshot.at - ms }));
  await writtenAgo(3_600_000);
  const silent = await folder.cli(['status']);
  expect(silent.code).toBe(3);
  expect(silent.stdout).toMatch(/^! "watchbill start" is running, but wrote last 1 h ago$/m);
  signals.emit('SIGTERM');
  await ended;

  const stopped = await folder.cli(['status']);
  expect(stopped.code).toBe(3);
  expect(stopped.stdout).toMatch(/^! "watchbill start" is not running; it wrote last \d+ s ago$/m);
  expect(stopped.stdout).toMatch(/^unknown +api /m);
});

test('status says that something is down also beside a bad config', async () => {
  await using service = await Service.start();
  await service.gone();
  const config = configOf([api(service)]);
  await using folder = await Folder.make({ 'watchbill.config.json': config });
  const { signals, ended } = await started(folder);
  let status = await folder.cli(['status']);
  while (status.code !== 1) status = await folder.cli(['status']);
  await folder.write('watchbill.config.json', { ...config, nonsense: 1, name: 5, check: [] });
  while (!status.stdout.includes('rejected')) status = await folder.cli(['status']);
  expect(status).toMatchObject({ code: 1, stderr: expect.stringContaining('  nonsense: unknown key\n') });
  expect(status.stdout).toContain('(and 2 more: run "watchbill validate")');
  signals.emit('SIGTERM');
  await ended;
});

test('a drill pages every notifier and resolves it, and needs no start', async () => {
  await using service = await Service.start();
  await using pagerDuty = await PagerDuty.start(systemClock);
  const notify = { pagerduty: { routingKey: { secret: 'PD_KEY' }, endpoint: pagerDuty.url } };
  await using folder = await Folder.make({ 'watchbill.config.json': configOf([api(service)], { notify }) });
  pagerDuty.next(modes.status(500));
  const drill = await folder.cli(['drill'], { env: { PD_KEY: KEY } });
  expect(drill).toMatchObject({ code: 0, stdout: expect.stringMatching(/^pagerduty +\d+ ms +\d+ ms$/m) });
  expect(pagerDuty.ledger.totals).toMatchObject({ alerts: 1, opened: 1, resolved: 1 });

  pagerDuty.next(modes.status(400, {}, 'no such key'));
  const refused = await folder.cli(['drill'], { env: { PD_KEY: KEY } });
  expect(refused).toMatchObject({
    code: 1,
    stdout: expect.stringMatching(/^pagerduty +not taken +\S.*400/m),
  });

  const keyless = await folder.cli(['drill', '--json']);
  expect(keyless.code).toBe(1);
  expect(JSON.parse(keyless.stdout)).toMatchObject({
    receivers: [{ receiver: 'pagerduty', error: expect.stringContaining('PD_KEY') }],
  });
});

test('a drill without a notifier says that nobody would be paged', async () => {
  await using folder = await Folder.make({ 'watchbill.config.json': configOf([]) });
  expect(await folder.cli(['drill'])).toMatchObject({
    code: 1,
    stdout: 'No notifier is configured: nobody would be paged. See "notify" in the config.\n',
  });
});

test('output that nobody reads any more ends nothing', async () => {
  await using folder = await Folder.make({ 'watchbill.config.json': configOf([]) });
  const { url, stdout, stderr, signals, ended } = await started(folder);
  for (const stream of [stdout, stderr]) stream.emit('error', new Error('EPIPE'));
  expect((await fetch(`${url}/healthz`)).status).toBe(200);
  signals.emit('SIGTERM');
  expect(await ended).toMatchObject({ code: 0 });
});

test('a defect of our own ends it with 1, and its words hold no secret', async () => {
  await using folder = await Folder.make({ 'watchbill.config.json': configOf([]) });
  const { stderr, signals, ended } = await started(folder);
  remember('a-secret-of-some-length');
  const defect = new Error('nothing knows what to do with a-secret-of-some-length');
  expect(() => signals.emit('uncaughtException', defect)).toThrow('exit 1');
  expect(stderr.text).toContain(
    'Watchbill itself failed: Error: nothing knows what to do with [redacted]\n    at ',
  );
  signals.emit('SIGTERM');
  await ended;
});

test('a config that changes while the start is still under way is taken as well (D14)', async () => {
  await using service = await Service.start();
  const config = (title: string) => ({
    ...configOf([api(service)], { notify: { pagerduty: { routingKey: { secret: 'PD_KEY' } } } }),
    statusPage: { title },
  });
  await using folder = await Folder.make({ 'watchbill.config.json': config('Before') });
  let asked = 0;
  const env = {
    /** Asked for once the file has been read, to warn of what is missing. */
    get PD_KEY() {
      const path = join(folder.dir, 'watchbill.config.json');
      if (asked++ === 0) writeFileSync(path, JSON.stringify(config('After')));
      return KEY;
    },
  };
  const run = folder.begin(['start', '--port', '0'], { env });
  await until(() => run.stderr.text.includes('was read again'));
  run.signals.emit('SIGTERM');
  expect(await run.ended).toMatchObject({ code: 0 });
});

test('a SIGHUP while the start is still under way is heard as well', async () => {
  await using folder = await Folder.make({
    'watchbill.config.json': configOf([], { notify: { pagerduty: { routingKey: { secret: 'PD_KEY' } } } }),
  });
  let asked = 0;
  const env = {
    get PD_KEY() {
      if (asked++ === 0) run.signals.emit('SIGHUP');
      return KEY;
    },
  };
  const run = folder.begin(['start', '--port', '0'], { env });
  await until(() => run.stderr.text.includes('watchbill.config.json was read again: 0 checks\n'));
  run.signals.emit('SIGTERM');
  expect(await run.ended).toMatchObject({ code: 0 });
});

test('a drill beside a start links to where that serves its page, without a URL in the config', async () => {
  await using pagerDuty = await PagerDuty.start(systemClock);
  const notify = { pagerduty: { routingKey: { secret: 'PD_KEY' }, endpoint: pagerDuty.url } };
  await using folder = await Folder.make({ 'watchbill.config.json': configOf([], { notify }) });
  const { url, signals, ended } = await started(folder);
  expect(await folder.cli(['drill'], { env: { PD_KEY: KEY } })).toMatchObject({ code: 0 });
  signals.emit('SIGTERM');
  await ended;
  expect(await folder.cli(['drill'], { env: { PD_KEY: KEY } })).toMatchObject({ code: 0 });
  const links = pagerDuty.ledger.accepted
    .filter(({ event }) => event.event_action === 'trigger')
    .map(({ event }) => event.links?.map(({ href }: { href: string }) => href));
  expect(links).toEqual([[`${url}/runbooks/drill`, `${url}/`], []]);
});
