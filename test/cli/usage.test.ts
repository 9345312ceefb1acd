import { expect, test } from 'vitest';
import { VERSION } from '../../lib/version.ts';
import { configOf, Folder } from './kit.ts';

const COMMANDS = ['start', 'validate', 'test', 'status', 'drill', 'schema'];

test('--help names every command, and each command every option of its own', async () => {
  await using folder = await Folder.make();
  const whole = await folder.cli(['--help']);
  expect(whole).toMatchObject({ code: 0, stderr: '' });
  for (const command of COMMANDS) {
    expect(whole.stdout).toMatch(new RegExp(`^  ${command} .*\\S`, 'm'));
    const { code, stdout } = await folder.cli([command, '--help']);
    expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringContaining('--config <file>') });
  }
});

test('--version prints the version, and nothing else', async () => {
  await using folder = await Folder.make();
  expect(await folder.cli(['--version'])).toEqual({ code: 0, stdout: `${VERSION}\n`, stderr: '' });
});

test.each([
  ['a command that does not exist', ['strat'], "unknown command 'strat' (Did you mean start?)"],
  [
    'an option that does not exist',
    ['start', '--prot', '1'],
    "unknown option '--prot' (Did you mean --port?)",
  ],
  ['an option of another command', ['validate', '--port', '1'], "unknown option '--port'"],
  ['too many arguments', ['test', 'api'], "too many arguments for 'test'"],
  ['an option without its value', ['test', '--only'], "option '--only <ids...>' argument missing"],
  ['a port that is none', ['start', '--port', '99999'], 'A port is a number from 0 to 65535.'],
  ['a port that is a word', ['start', '--port', 'http'], 'A port is a number from 0 to 65535.'],
])('%s is one line, and exit code 2', async (_, args, message) => {
  await using folder = await Folder.make();
  const { code, stdout, stderr } = await folder.cli(args);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toMatch(/^error: [^\n]+\n$/);
  expect(stderr).toContain(message);
});

test('without a command it prints its help on stderr, with exit code 2', async () => {
  await using folder = await Folder.make();
  expect(await folder.cli([])).toMatchObject({
    code: 2,
    stdout: '',
    stderr: expect.stringContaining('Usage: watchbill'),
  });
});

test.each(COMMANDS.filter((command) => command !== 'schema'))(
  '%s without a config says what to do in one line, with exit code 2',
  async (command) => {
    await using folder = await Folder.make();
    const { code, stdout, stderr } = await folder.cli([command]);
    expect(code).toBe(2);
    expect(stdout + stderr).toMatch(/^watchbill\.config\.ts {2}not found here, [^\n]+\n$/);
  },
);

test.each([['start'], ['test'], ['drill'], ['status']])(
  '%s with a bad config says each mistake in one line, with exit code 2',
  async (command) => {
    const bad = configOf([{ id: 'api', type: 'http', url: 'https://acme.test/', timeot: '1s' }], {
      nmae: 'x',
    });
    await using folder = await Folder.make({ 'bad.json': bad });
    const { code, stdout, stderr } = await folder.cli([command, '--config', 'bad.json']);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^bad\.json:1:\d+ {2}[^\n]+\nbad\.json:1:\d+ {2}[^\n]+\n$/);
    expect(stderr).toContain('checks[0].timeot: unknown key; did you mean "timeout"?');
  },
);

test('validate tells mistakes and warnings in words, and as JSON', async () => {
  const bad = configOf([{ id: 'api', type: 'http', url: 'https://acme.test/', timeot: '1s' }]);
  await using folder = await Folder.make({ 'bad.json': bad, 'good.json': configOf([]) });
  const words = await folder.cli(['validate', '--config', 'bad.json']);
  expect(words).toMatchObject({
    code: 2,
    stdout: expect.stringMatching(/^bad\.json:1:\d+ {2}checks\[0\]\.timeot: /),
  });
  const { code, stdout } = await folder.cli(['validate', '--json', '--config', 'bad.json']);
  expect(code).toBe(2);
  expect(JSON.parse(stdout)).toEqual({
    ok: false,
    errors: [{ path: 'checks[0].timeot', message: expect.any(String), line: 1, column: expect.any(Number) }],
    warnings: [],
  });
  const good = await folder.cli(['validate', '--json', '--config', 'good.json']);
  expect(good.code).toBe(0);
  expect(JSON.parse(good.stdout)).toMatchObject({
    ok: true,
    errors: [],
    warnings: [{ path: 'notify' }, { path: 'checks' }],
  });
});

test('validate looks at what is for AWS as a deployment would, where there is such a thing', async () => {
  const secrets = Array.from({ length: 1_000 }, (_, n) => [`x-${n}`, { secret: `SECRET_${n}` }]);
  const check = { id: 'api', type: 'http', url: 'https://acme.test/', headers: Object.fromEntries(secrets) };
  const aws = { home: 'eu-west-1', locations: ['us-east-1', 'eu-west-1'], serviceRegion: 'eu-west-1' };
  const much = configOf([check], { aws });
  const advised = configOf([], { aws });
  await using folder = await Folder.make({ 'much.json': much, 'advised.json': advised });
  const refused = await folder.cli(['validate', '--config', 'much.json']);
  expect(refused.code).toBe(2);
  expect(refused.stdout).toMatch(/^much\.json:1:\d+ {2}aws\.locations\[0\]: in us-east-1 [^\n]+\n[^\n]+\n$/);
  const { code, stdout } = await folder.cli(['validate', '--json', '--config', 'advised.json']);
  expect(code).toBe(0);
  const paths = JSON.parse(stdout).warnings.map(({ path }: { path: string }) => path);
  expect(paths).toEqual(expect.arrayContaining(['aws.home', 'aws.locations']));
});

test('schema prints the JSON Schema of a config', async () => {
  await using folder = await Folder.make();
  const { code, stdout } = await folder.cli(['schema']);
  expect(code).toBe(0);
  expect(Object.keys(JSON.parse(stdout).properties)).toContain('checks');
});
