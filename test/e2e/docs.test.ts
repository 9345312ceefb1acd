import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { packageRoot } from '../../lib/package-root.ts';

/** Every command that the README or docs/ shows is run: by `.ci/run`, or here, in this order. */

const ROOT = packageRoot();

async function shownCommands(): Promise<string[]> {
  const docs = (await readdir(join(ROOT, 'docs'))).filter((name) => name.endsWith('.md'));
  const texts = await Promise.all(
    ['README.md', ...docs.map((name) => join('docs', name))].map((name) =>
      readFile(join(ROOT, name), 'utf8'),
    ),
  );
  const blocks = texts.flatMap((text) =>
    [...text.matchAll(/^```sh\n([\s\S]*?)^```/gm)].map(([, block = '']) => block),
  );
  const inline = texts.flatMap((text) =>
    [...text.matchAll(/`((?:npx watchbill|npm run|npm test|WATCHBILL_UPDATE=1) ?[^`]*)`/g)].map(
      ([, line = '']) => line,
    ),
  );
  return [
    ...new Set([
      ...blocks.flatMap((block) => block.trim().split('\n')),
      ...inline.map((line) => line.trim()),
    ]),
  ];
}

function run(args: readonly string[], cwd: string, env: Record<string, string>) {
  const child = spawn(process.execPath, [join(ROOT, 'bin/watchbill.js'), ...args], {
    cwd,
    env: { ...process.env, ...env },
  });
  const ran = { child, output: '', closed: once(child, 'close').then(([code]) => code as number | null) };
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (ran.output += chunk));
  return ran;
}

async function watchbill(args: readonly string[], cwd: string, env: Record<string, string>) {
  const ran = run(args, cwd, env);
  return { code: await ran.closed, output: ran.output };
}

/** Goes on once the page of a started Watchbill shows a check that is up. */
async function untilUp(started: ReturnType<typeof run>): Promise<void> {
  while (started.child.exitCode === null) {
    const url = /http:\/\/127[.\d]+:\d+/.exec(started.output)?.[0];
    const response = url && (await fetch(`${url}/api/v1/summary`));
    const summary = response && ((await response.json()) as { checks: { status: string }[] });
    if (summary && summary.checks[0]?.status === 'up') return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(started.output);
}

test('every watchbill command of the README and docs runs as it stands there', async () => {
  const commands = await shownCommands();
  const ours = commands.filter((line) => line.startsWith('npx watchbill'));
  expect(ours.length).toBeGreaterThanOrEqual(5);
  const cwd = await mkdtemp(join(tmpdir(), 'watchbill-docs-'));
  const target = createServer((_request, response) => response.end('{"status":"ok"}')).listen(0, '127.0.0.1');
  const receiver = createServer((request, response) =>
    request.resume().on('end', () => response.writeHead(202).end('{}')),
  ).listen(0, '127.0.0.1');
  await Promise.all([once(target, 'listening'), once(receiver, 'listening')]);
  const at = (server: typeof target) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const config = {
    name: 'Acme',
    network: { allow: ['127.0.0.0/8'] },
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
    ],
    notify: { pagerduty: { routingKey: { secret: 'PD_KEY' }, endpoint: at(receiver) } },
  };
  await writeFile(join(cwd, 'watchbill.config.json'), JSON.stringify(config));
  const env = { PD_KEY: 'R0123456789ABCDEFGHIJKLMNOPQRSTU' };
  try {
    let started: ReturnType<typeof run> | undefined;
    for (const line of ours) {
      const args = line.split(' ').slice(2);
      if (args[0] === 'start') {
        started ??= run([...args, '--port', '0'], cwd, env);
        await untilUp(started);
        continue;
      }
      const { code, output } = await watchbill(args, cwd, env);
      expect(code, `${line}\n${output}`).toBe(0);
    }
    started?.child.kill('SIGTERM');
    expect(await started?.closed, started?.output).toBe(0);
  } finally {
    target.close();
    receiver.close();
  }
}, 120_000);

test('every other command of the README and docs is one that .ci/run or a test runs', async () => {
  const ci = await readFile(join(ROOT, '.ci/run'), 'utf8');
  const scripts = Object.keys(JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')).scripts);
  const others = (await shownCommands()).filter((line) => !line.startsWith('npx watchbill'));
  const unknown = others.filter((line) => {
    const script = /^npm run (\S+)/.exec(line)?.[1];
    if (script !== undefined) return !scripts.includes(script) || !new RegExp(`${script}\\b`).test(ci);
    const isUpdate = /^WATCHBILL_UPDATE=1/.test(line);
    return !isUpdate && !ci.includes(line.replaceAll(/\s+/g, ' '));
  });
  expect(unknown).toEqual([]);
});

test('the config in the README is valid', async () => {
  const readme = await readFile(join(ROOT, 'README.md'), 'utf8');
  const [, json = ''] = /```json\n([\s\S]*?)```/.exec(readme) ?? [];
  const cwd = await mkdtemp(join(tmpdir(), 'watchbill-docs-'));
  await writeFile(join(cwd, 'watchbill.config.json'), json);
  const { code, output } = await watchbill(['validate'], cwd, { PD_KEY: 'R0123456789ABCDEFGHIJKLMNOPQRSTU' });
  expect({ code, output }).toMatchObject({ code: 0 });
}, 60_000);
