import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { packageRoot } from '../package-root.ts';
import { VERSION } from '../version.ts';
import { CommandError } from './failure.ts';

/** What this package was built with, and what a project needs besides it. */
const BUILT_WITH = ['aws-cdk', 'aws-cdk-lib', 'cdk-nag', 'constructs'] as const;

/**
 * Starts a project in a new or an empty folder: a config, and what runs it on one machine and on AWS. Answers what to
 * tell. Throws `CommandError`; where the folder can't be taken, nothing is written.
 */
export function init({ cwd, dir }: { readonly cwd: string; readonly dir: string }): string {
  const path = resolve(cwd, dir);
  const files = projectFiles(path);
  refuseUnlessEmpty(path, dir);
  try {
    mkdirSync(path, { recursive: true });
    for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text, { flag: 'wx' });
  } catch (error) {
    throw new CommandError(`cannot make a project in ${dir}: ${(error as Error).message}`, 1);
  }
  return [...Object.keys(files).map((name) => `wrote ${join(dir, name)}`), '', ...nextSteps(dir)].join('\n');
}

function refuseUnlessEmpty(path: string, dir: string): void {
  let found: readonly string[];
  try {
    found = readdirSync(path);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return;
    throw new CommandError(
      code === 'ENOTDIR' ? `${dir} is no folder: name a new one, or an empty one` : message,
      2,
    );
  }
  if (found.length > 0)
    throw new CommandError(`${dir} is not empty, so nothing was written: name a new folder`, 2);
}

/** The files of a project, by name. npm packs no file called .gitignore: the package has it under another name. */
function projectFiles(project: string): Record<string, string> {
  const ours = (...path: string[]): string => readFileSync(join(packageRoot(), ...path), 'utf8');
  return {
    'watchbill.config.ts': ours('template', 'watchbill.config.ts'),
    'package.json': json(packageJson(project, JSON.parse(ours('package.json')))),
    'cdk.json': json({
      ...JSON.parse(ours('cdk.json')),
      app: 'node node_modules/watchbill/dist/bin/app.js',
    }),
    'README.md': ours('template', 'README.md'),
    '.gitignore': ours('cdk.out.gitignore'),
  };
}

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

interface OwnPackage {
  readonly devDependencies: Readonly<Record<string, string>>;
}

function packageJson(project: string, { devDependencies: built }: OwnPackage) {
  return {
    private: true,
    type: 'module',
    scripts: {
      start: 'watchbill start',
      test: 'watchbill test',
      synth: 'cdk synth',
      deploy: 'cdk deploy --all',
    },
    // npm runs no other package's script on install: that of "node" puts it into place
    allowScripts: { node: true },
    dependencies: { node: built.node, watchbill: whereFrom(project) },
    devDependencies: Object.fromEntries(BUILT_WITH.map((name) => [name, built[name]])),
  };
}

/** How a project gets this package: its version, or the tarball or the clone from which it runs now. */
function whereFrom(project: string): string {
  const modules = dirname(packageRoot());
  if (basename(modules) !== 'node_modules') return `file:${relative(project, packageRoot())}`;
  const tarball = tarballIn(modules);
  return tarball === undefined ? VERSION : `file:${relative(project, tarball)}`;
}

/** The tarball from which it was installed, if it was. npm notes that: https://docs.npmjs.com/cli/v11/configuring-npm/package-lock-json#hidden-lockfiles */
function tarballIn(modules: string): string | undefined {
  const lock = join(modules, '.package-lock.json');
  if (!existsSync(lock)) return undefined;
  const { packages } = JSON.parse(readFileSync(lock, 'utf8'));
  const resolved: unknown = packages?.['node_modules/watchbill']?.resolved;
  if (typeof resolved !== 'string' || !resolved.startsWith('file:')) return undefined;
  return resolve(dirname(modules), resolved.slice('file:'.length));
}

const nextSteps = (dir: string): string[] => [
  'Next:',
  `  cd ${dir}`,
  '  npm install',
  '  npx watchbill test   runs each check once, now',
  '  npm start            watches, and serves the status page',
  'Then put your own checks into watchbill.config.ts. README.md has the rest: who is told, and how it runs on AWS.',
];
