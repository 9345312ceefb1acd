import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, readdir, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { compile } from '../../lib/config/compile.ts';
import { packageRoot } from '../../lib/package-root.ts';
import { asksAws, sectionsOf } from '../docs/commands.ts';
import { Deployed } from '../kit/deployed.ts';

/**
 * Every command that the README or docs/ shows is run: by `.ci/run`, or here, in this order. The README's way from a
 * clone to a folder of one's own is gone in a copy of the clone, so that "../my-watch" is a folder of this test's; from
 * there docs/deploy.md leads on to "../my-status". What asks AWS asks a deployment on loopback.
 */

const ROOT = packageRoot();
/** What a clone does not have, or shares with this one. */
const NOT_CLONED = [
  'node_modules',
  '.git',
  '.watchbill',
  '.vitest',
  'dist',
  'cdk.out',
  'test/system/.tools',
  'test/system/node_modules',
];

let dir = '';
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'watchbill-docs-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const readme = () => readFile(join(ROOT, 'README.md'), 'utf8');

/** The block of the README that leads out of the clone. */
async function installation(): Promise<string> {
  const [, block = ''] = /^```sh\n(mkdir [\s\S]*?)^```/m.exec(await readme()) ?? [];
  return block;
}

const pageOf = (name: string) => readFile(join(ROOT, name), 'utf8');

/** What the README and docs/ show; docs/deploy.md comes last. */
async function shownCommands(): Promise<string[]> {
  const docs = (await readdir(join(ROOT, 'docs'))).filter((name) => name.endsWith('.md'));
  const others = docs.map((name) => join('docs', name)).filter((name) => name !== DEPLOY);
  const texts = await Promise.all(['README.md', ...others, DEPLOY].map(pageOf));
  const blocks = texts.flatMap((text) => sectionsOf(text).flatMap(({ lines }) => lines));
  const inline = texts.flatMap((text) =>
    [...text.matchAll(/`((?:npx watchbill|npx cdk|npm run|npm test|WATCHBILL_UPDATE=1) ?[^`]*)`/g)].map(
      ([, line = '']) => line.trim(),
    ),
  );
  return [...new Set([...blocks, ...inline])];
}
const DEPLOY = join('docs', 'deploy.md');

/** What cron runs in docs/heartbeats.md, with something else in place of the job. */
async function crontab(): Promise<string[]> {
  const text = await pageOf('docs/heartbeats.md');
  const lines = [...text.matchAll(/^```crontab\n([\s\S]*?)^```/gm)].flatMap(([, block = '']) =>
    block.trim().split('\n'),
  );
  expect(lines.length).toBeGreaterThan(0);
  return lines.map((line) => line.replace(/^(\S+ ){5}/, '').replace('/usr/local/bin/dump', 'true'));
}

/** What docs/deploy.md has typed into the project that it starts. */
async function typedInProject(): Promise<string[]> {
  const lines = sectionsOf(await pageOf(DEPLOY)).flatMap((section) => section.lines);
  return lines.filter((line) => line.startsWith('npx watchbill') && !line.includes(' init '));
}

/** Commands that need an AWS account and change it: here, only that the CLI knows them and their options. */
const NEED_AN_ACCOUNT: Readonly<Record<string, string>> = {
  bootstrap: 'makes a bucket and roles in a region',
  deploy: 'makes the stacks; what they hold, test/stack looks at',
  diff: 'compares with the stacks that are deployed',
  destroy: 'removes the stacks',
};

function run(command: string, args: readonly string[], cwd: string, env: Record<string, string> = {}) {
  const child = spawn(command, args, { cwd, env: { ...process.env, ...env } });
  const ran = { child, output: '', closed: once(child, 'close').then(([code]) => code as number | null) };
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (ran.output += chunk));
  return ran;
}

/** A line, or several, as a person pastes them into a shell. */
async function shell(lines: string, cwd: string, env?: Record<string, string>): Promise<string> {
  const ran = run('sh', ['-e', '-c', lines], cwd, env);
  expect(await ran.closed, `${lines}\n${ran.output}`).toBe(0);
  return ran.output;
}

/** Answers where a started Watchbill listens, once its page shows a check that is up. */
async function untilUp(started: ReturnType<typeof run>): Promise<string> {
  while (started.child.exitCode === null) {
    const url = /http:\/\/127[.\d]+:\d+/.exec(started.output)?.[0];
    const response = url && (await fetch(`${url}/api/v1/summary`));
    const summary = response && ((await response.json()) as { checks: { status: string }[] });
    if (url && summary && summary.checks[0]?.status === 'up') return url;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(started.output);
}

test('README and docs/deploy.md lead from a clone to folders where every watchbill command runs as it is shown', async () => {
  const ours = (await shownCommands()).filter((line) => line.startsWith('npx watchbill'));
  expect(ours.length).toBeGreaterThanOrEqual(8);
  const typed = await typedInProject();
  expect(typed.length).toBeGreaterThanOrEqual(5);
  const clone = join(dir, 'watchbill');
  await cp(ROOT, clone, { recursive: true, filter: (path) => !NOT_CLONED.includes(relative(ROOT, path)) });
  await symlink(join(ROOT, 'node_modules'), join(clone, 'node_modules'));
  const cwd = (await shell(`${await installation()}\npwd`, clone)).trim().split('\n').at(-1) ?? '';
  expect(cwd).toBe(join(await realpath(dir), 'my-watch'));

  const [, json = ''] = /```json\n([\s\S]*?)```/.exec(await readme()) ?? [];
  const env = { PD_KEY: 'R0123456789ABCDEFGHIJKLMNOPQRSTU', HOOK_KEY: 'whsec_c2lnbnMgd2hhdCBpcyBzZW50' };
  const job = { DUMP_TOKEN: 'token-of-the-nightly-dump', WATCHBILL_TOKEN: 'token-of-the-nightly-dump' };
  await writeFile(join(cwd, 'watchbill.config.json'), json);
  expect(await shell('npx watchbill validate', cwd, env)).toBe(
    'watchbill.config.json is valid: 3 checks, 2 notifiers\n',
  );

  const target = createServer((_request, response) => response.end('{"status":"ok"}')).listen(0, '127.0.0.1');
  const receiver = createServer((request, response) =>
    request.resume().on('end', () => response.writeHead(202).end('{}')),
  ).listen(0, '127.0.0.1');
  await Promise.all([once(target, 'listening'), once(receiver, 'listening')]);
  const at = (server: typeof target) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const config = {
    name: 'Acme',
    network: { allow: ['127.0.0.0/8'] },
    aws: { home: 'eu-west-1', locations: ['eu-central-1', 'us-east-1', 'ap-southeast-2'] },
    checks: [
      {
        id: 'api',
        type: 'http',
        url: at(target),
        every: '5s',
        timeout: '2s',
        public: true,
        expect: { json: { '$.status': 'ok' } },
      },
      { id: 'nightly-dump', type: 'heartbeat', token: { secret: 'DUMP_TOKEN' } },
    ],
    notify: {
      pagerduty: { routingKey: { secret: 'PD_KEY' }, endpoint: at(receiver) },
      webhook: { url: at(receiver), signingKey: { secret: 'HOOK_KEY' } },
    },
  };
  await writeFile(join(cwd, 'watchbill.config.json'), JSON.stringify(config));
  const deployed = await deploy(config, env);
  try {
    let started: ReturnType<typeof run> | undefined;
    let heartbeats: Record<string, string> = {};
    for (const line of ours) {
      const args = line.split(' ').slice(2);
      if (args[0] === 'start') {
        const bin = join(cwd, 'node_modules/watchbill/bin/watchbill.js');
        started ??= run(join(cwd, 'node_modules/.bin/node'), [bin, ...args, '--port', '0'], cwd, {
          ...env,
          ...job,
        });
        heartbeats = { ...job, WATCHBILL_URL: await untilUp(started) };
        for (const cron of await crontab()) await shell(cron, cwd, heartbeats);
        continue;
      }
      const isReport = args[0] === 'beat';
      if (!isReport) await deployed.minute();
      await shell(line, cwd, { ...env, ...(isReport ? heartbeats : { ...job, ...deployed.env }) });
    }
    expect(started?.output).not.toContain('token-of-the-nightly-dump');
    started?.child.kill('SIGTERM');
    expect(await started?.closed, started?.output).toBe(0);

    const project = join(dir, 'my-status');
    await writeFile(join(project, 'watchbill.config.ts'), typescript(config));
    for (const line of typed) {
      await deployed.minute();
      await shell(line, project, { ...env, ...deployed.env });
    }
  } finally {
    await deployed.close();
    target.close();
    receiver.close();
  }
}, 600_000);

async function deploy(config: unknown, secrets: Readonly<Record<string, string>>): Promise<Deployed> {
  const compiled = compile(config, () => '', 'aws');
  if ('mistakes' in compiled) throw new Error(JSON.stringify(compiled.mistakes));
  return Deployed.start({ config: compiled.config, secrets });
}

const typescript = (config: unknown): string =>
  `import { defineConfig } from 'watchbill';\nexport default defineConfig(${JSON.stringify(config)});\n`;

test.each(Object.entries(NEED_AN_ACCOUNT))(
  'the CLI knows each "npx cdk %s" that is shown, and its options; it is not run here: it %s',
  async (command) => {
    const shown = (await shownCommands()).filter((line) => line.split(' ')[2] === command && isCdk(line));
    expect(shown).not.toEqual([]);
    const help = await shell(`npx cdk ${command} --help`, ROOT);
    expect(help).toMatch(new RegExp(`^cdk ${command} `, 'm'));
    const known = new Set(help.match(/(?<=^ .*)--[a-z-]+/gm));
    const options = shown.flatMap((line) => line.match(/(?<= )--[a-z-]+/g) ?? []);
    expect(options.filter((option) => !known.has(option))).toEqual([]);
  },
);

const isCdk = (line: string): boolean => line.startsWith('npx cdk ');

test('every other command of the README and docs is one that .ci/run or a test runs', async () => {
  const ci = await readFile(join(ROOT, '.ci/run'), 'utf8');
  const scripts = Object.keys(JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')).scripts);
  const here = (await installation()).trim().split('\n');
  const pages = await Promise.all([DEPLOY, 'docs/alarms.md'].map(pageOf));
  const deployed = pages.flatMap((page) => sectionsOf(page).flatMap(({ lines }) => lines.filter(asksAws)));
  // test/system/deploy.test.ts runs these
  const elsewhere = new Set([...here, ...deployed]);
  const others = (await shownCommands()).filter(
    (line) => !line.startsWith('npx watchbill') && !elsewhere.has(line),
  );
  const unknown = others.filter((line) => {
    const script = /^npm run (\S+)/.exec(line)?.[1];
    if (script !== undefined) return !scripts.includes(script) || !new RegExp(`${script}\\b`).test(ci);
    if (isCdk(line)) return !Object.hasOwn(NEED_AN_ACCOUNT, line.split(' ')[2] ?? '');
    const isUpdate = /^WATCHBILL_UPDATE=1/.test(line);
    return !isUpdate && !ci.includes(line.replaceAll(/\s+/g, ' '));
  });
  expect(unknown).toEqual([]);
});
