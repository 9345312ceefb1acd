import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import cdkJson from '../../cdk.json' with { type: 'json' };
import { loadConfig } from '../../lib/config.ts';
import { packageRoot } from '../../lib/package-root.ts';
import packageJson from '../../package.json' with { type: 'json' };
import { Folder } from './kit.ts';

const MADE = ['.gitignore', 'README.md', 'cdk.json', 'package.json', 'watchbill.config.ts'];

const json = async (folder: Folder, name: string) =>
  JSON.parse(await readFile(join(folder.dir, name), 'utf8'));

test('init starts a project in a new folder, and says what comes next', async () => {
  await using folder = await Folder.make();
  const { code, stdout, stderr } = await folder.cli(['init', 'mine']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect((await readdir(join(folder.dir, 'mine'))).toSorted()).toEqual(MADE);
  for (const name of MADE) expect(stdout).toContain(`wrote mine/${name}\n`);
  const steps = ['cd mine', 'npm install', 'npx watchbill test', 'npm start'].map((step) =>
    stdout.indexOf(`  ${step}`),
  );
  expect(steps.every((at) => at > 0)).toBe(true);
  expect(steps).toEqual(steps.toSorted((a, b) => a - b));
});

test('every version in it is exact: the one with which the package was built', async () => {
  await using folder = await Folder.make();
  await folder.cli(['init', 'mine']);
  const { type, scripts, dependencies, devDependencies } = await json(folder, 'mine/package.json');
  const { devDependencies: built } = packageJson;
  expect(type).toBe('module');
  expect(scripts).toEqual({
    start: 'watchbill start',
    test: 'watchbill test',
    synth: 'cdk synth',
    deploy: 'cdk deploy --all',
  });
  expect(dependencies.node).toBe(built.node);
  expect(devDependencies).toEqual({
    'aws-cdk': built['aws-cdk'],
    'aws-cdk-lib': built['aws-cdk-lib'],
    'cdk-nag': built['cdk-nag'],
    constructs: built.constructs,
  });
  for (const version of [dependencies.node, ...Object.values(devDependencies)])
    expect(version).toMatch(/^\d+\.\d+\.\d+$/);
});

test('from a clone the project takes the clone itself', async () => {
  await using folder = await Folder.make();
  await folder.cli(['init', 'mine']);
  const { dependencies } = await json(folder, 'mine/package.json');
  expect(dependencies.watchbill).toMatch(/^file:\.\./);
  expect(join(folder.dir, 'mine', dependencies.watchbill.slice('file:'.length))).toBe(packageRoot());
});

test('its cdk.json has the context of this one, and runs the app of the package', async () => {
  await using folder = await Folder.make();
  await folder.cli(['init', '.']);
  expect(await json(folder, 'cdk.json')).toEqual({
    ...cdkJson,
    app: 'node node_modules/watchbill/dist/bin/app.js',
  });
});

test('what the project keeps to itself git passes over', async () => {
  await using folder = await Folder.make();
  await folder.cli(['init', 'mine']);
  const ignored = (await readFile(join(folder.dir, 'mine/.gitignore'), 'utf8')).split('\n');
  expect(ignored).toEqual(expect.arrayContaining(['node_modules/', 'cdk.out/', '.watchbill/']));
});

test.each(['machine', 'aws'] as const)(
  'its config has no mistake, and warns only of what is yet to be said: %s',
  async (place) => {
    const { config, warnings } = await loadConfig({
      cwd: packageRoot(),
      named: 'template/watchbill.config.ts',
      place,
    });
    expect(config.checks.map(({ id, type }) => [id, type])).toEqual([
      ['website', 'http'],
      ['certificate', 'tls'],
    ]);
    expect(config.aws?.locations).toHaveLength(3);
    expect(warnings).toEqual([
      { path: 'notify', message: 'nobody is told of anything: no notifier is configured' },
    ]);
  },
);

test.each([
  ['a folder with something in it', 'full', 'full is not empty, so nothing was written: name a new folder'],
  [
    'the folder where it is called, with a config',
    '.',
    '. is not empty, so nothing was written: name a new folder',
  ],
  ['a file', 'watchbill.config.ts', 'watchbill.config.ts is no folder: name a new one, or an empty one'],
  [
    'a folder below a file',
    'watchbill.config.ts/x',
    'watchbill.config.ts/x is no folder: name a new one, or an empty one',
  ],
])('%s is refused in one line with exit code 2, and stays as it was', async (_, dir, why) => {
  await using folder = await Folder.make({ 'watchbill.config.ts': 'mine' });
  await mkdir(join(folder.dir, 'full'));
  await folder.write('full/.env', 'mine');
  expect(await folder.cli(['init', dir])).toEqual({ code: 2, stdout: '', stderr: `${why}\n` });
  expect(await readdir(folder.dir, { recursive: true })).toEqual([
    'full',
    'watchbill.config.ts',
    'full/.env',
  ]);
  expect(await readFile(join(folder.dir, 'watchbill.config.ts'), 'utf8')).toBe('mine');
});

test('an empty folder is taken', async () => {
  await using folder = await Folder.make();
  await mkdir(join(folder.dir, 'mine'));
  expect((await folder.cli(['init', 'mine'])).code).toBe(0);
});

test('the help of the command line names it', async () => {
  await using folder = await Folder.make();
  expect((await folder.cli(['--help'])).stdout).toMatch(/^ {2}init <dir> +start a project/m);
});

test('without a folder it says that one is missing', async () => {
  await using folder = await Folder.make();
  const { code, stdout, stderr } = await folder.cli(['init']);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toBe("error: missing required argument 'dir'\n");
  expect(await readdir(folder.dir)).toEqual([]);
});
