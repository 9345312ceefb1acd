import { expect, test } from 'vitest';
import { broken, Service, silent } from '../kit/service.ts';
import { until } from '../kit/sockets.ts';
import { configOf, Folder } from './kit.ts';

const http = (id: string, url: string, more = {}) => ({ id, type: 'http', url, timeout: '5s', ...more });
/** Nobody can tell without the secret that it needs. */
const keyless = (id: string) => http(id, 'http://127.0.0.1:9/', { headers: { 'x-key': { secret: 'GONE' } } });
const colored = (text: string) => text.includes('\u001b[3');

test.each([
  ['all are up', ['up'], 0],
  ['one is degraded', ['up', 'slow'], 0],
  ['one is down', ['up', 'down'], 1],
  ['one is unknown', ['up', 'unknown'], 3],
  ['one is down and one unknown', ['unknown', 'down'], 1],
  ['there are none', [], 0],
])('when %s, the exit code says so', async (_, ids, code) => {
  await using service = await Service.start();
  const all = [
    http('up', service.url),
    http('slow', service.url, { expect: { within: '1ms' } }),
    http('down', service.url, { expect: { status: [201] } }),
    keyless('unknown'),
  ];
  service.answer = (response) => setTimeout(() => response.end(), 2);
  const checks = all.filter(({ id }) => ids.includes(id));
  await using folder = await Folder.make({ 'watchbill.config.json': configOf(checks) });
  const { stdout, ...rest } = await folder.cli(['test']);
  expect({ ...rest, stdout }).toMatchObject({ code, stderr: '' });
  for (const id of ids) expect(stdout).toMatch(new RegExp(`^(up|degraded|down|unknown) +${id} `, 'm'));
});

test('a heartbeat is nothing that could be tried: it is said, and changes no exit code', async () => {
  await using service = await Service.start();
  const beat = { id: 'dump', type: 'heartbeat', token: { secret: 'DUMP' } };
  const checks = [http('up', service.url), beat];
  await using folder = await Folder.make({ 'watchbill.config.json': configOf(checks) });
  const { code, stdout } = await folder.cli(['test']);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^unknown +dump .+ heartbeat_awaited: Only a running Watchbill hears it/m);
  expect(stdout).not.toContain('WHAT TO DO');
});

test('what to do is said of each that is not well, by its runbook', async () => {
  await using service = await Service.start();
  service.answer = broken;
  const checks = [http('api', service.url), http('gone', 'http://127.0.0.1:9/')];
  await using folder = await Folder.make({ 'watchbill.config.json': configOf(checks) });
  const [, advice = ''] = (await folder.cli(['test'])).stdout.split('\nWHAT TO DO\n');
  expect(advice).toMatch(/^api +add capacity/m);
  expect(advice).toMatch(/^gone +the process is gone; restart it/m);
});

test('as JSON, readings have the form that the contract promises', async () => {
  await using service = await Service.start();
  const checks = [http('api', service.url), keyless('no')];
  await using folder = await Folder.make({ 'watchbill.config.json': configOf(checks) });
  const { code, stdout } = await folder.cli(['test', '--json']);
  expect(code).toBe(3);
  const number = expect.any(Number);
  expect(JSON.parse(stdout)).toEqual({
    at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    location: 'local',
    readings: [
      {
        check: 'api',
        type: 'http',
        status: 'up',
        reason: 'ok',
        reasons: [],
        message: '',
        latencyMs: number,
        phases: { dns: 0, connect: number, tls: 0, firstByte: number, body: number },
        tries: 1,
        facts: expect.objectContaining({ httpStatus: 200 }),
      },
      expect.objectContaining({ check: 'no', reason: 'misconfigured', reasons: ['misconfigured'] }),
    ],
  });
});

test('it tries once, and with --confirm as a running Watchbill would', async () => {
  await using service = await Service.start();
  service.answer = broken;
  await using folder = await Folder.make({ 'watchbill.config.json': configOf([http('api', service.url)]) });
  const triesOf = ({ stdout }: { stdout: string }) => JSON.parse(stdout).readings[0].tries;
  expect(triesOf(await folder.cli(['test', '--json']))).toBe(1);
  expect(triesOf(await folder.cli(['test', '--json', '--confirm']))).toBe(2);
});

test('--only runs the checks that it names, once or several times', async () => {
  await using service = await Service.start();
  const checks = ['a', 'b', 'c', 'checkout'].map((id) => http(id, service.url));
  await using folder = await Folder.make({ 'watchbill.config.json': configOf(checks) });
  const ranBy = async (...args: string[]) =>
    JSON.parse((await folder.cli(['test', '--json', ...args])).stdout).readings.map(
      ({ check }: { check: string }) => check,
    );
  expect(await ranBy('--only', 'a', 'c')).toEqual(['a', 'c']);
  expect(await ranBy('--only', 'c', '--only', 'a')).toEqual(['a', 'c']);
  expect(await folder.cli(['test', '--only', 'checkuot', 'x'])).toEqual({
    code: 2,
    stdout: '',
    stderr:
      'watchbill.config.json  --only: there is no check "checkuot"; did you mean "checkout"?\n' +
      'watchbill.config.json  --only: there is no check "x"\n',
  });
});

test('on a terminal it tells what it waits for, and takes that line away at the end', async () => {
  await using service = await Service.start();
  service.answer = silent;
  const checks = [http('hung', service.url, { timeout: '30s' }), keyless('no')];
  await using folder = await Folder.make({ 'watchbill.config.json': configOf(checks) });
  const running = folder.begin(['test'], { tty: true });
  await until(() => running.stderr.text.includes('1 of 2 done after 1 s, waiting for hung'));
  await service.gone();
  const { code, stdout, stderr } = await running.ended;
  expect(code).toBe(1);
  expect(stderr.endsWith('\r\u001b[K')).toBe(true);
  expect(colored(stdout)).toBe(true);
});

test.each([
  ['in a file', {}, false],
  ['with NO_COLOR', { NO_COLOR: '1' }, true],
  ['on a dumb terminal', { TERM: 'dumb' }, true],
])('%s there is no colour', async (_, env, tty) => {
  await using folder = await Folder.make({ 'watchbill.config.json': configOf([keyless('no')]) });
  const { stdout } = await folder.cli(['test'], { env, tty });
  expect(stdout).toContain('unknown');
  expect(colored(stdout)).toBe(false);
});
