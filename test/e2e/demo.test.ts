import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { packageRoot } from '../../lib/package-root.ts';
import { Run, until } from '../kit/cli.ts';
import { summaryOf } from './kit.ts';

/** What `npm start` calls. */
const demo = (...args: string[]) =>
  new Run(['--port', '0', ...args], packageRoot(), {}, join(packageRoot(), 'demo/start.ts'));

test('the demo shows live data, and an outage from the page to its end, by itself', async () => {
  const data = await mkdtemp(join(tmpdir(), 'watchbill-demo-'));
  const run = demo('--data', data);
  try {
    const [url] = await run.printed(/http:\/\/\S+/);
    const other = await demo('--data', `${data}/other`).ended;
    expect(other).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^The demo needs a port [^\n]+\n$/),
    });

    await run.printed(/pager: PAGE {2}Checkout is down/);
    const during = await until(
      () => summaryOf(url),
      ({ incidents }) => incidents.length > 0,
    );
    expect(during.incidents).toMatchObject([{ title: 'Checkout is down', resolvedAt: null }]);
    await run.printed(/pager: RESOLVE {2}Checkout/);
    const after = await until(
      () => summaryOf(url),
      ({ status }) => status === 'up',
    );
    expect(after.checks).toHaveLength(6);
    expect(after.incidents).toMatchObject([{ title: 'Checkout is down', resolvedAt: expect.any(String) }]);
    expect(await (await fetch(url)).text()).toContain('To watch something of your own');

    const drill = await new Run(['drill', '--data', data], packageRoot()).ended;
    expect(drill).toMatchObject({ code: 0, stdout: expect.stringMatching(/^webhook +\d+ ms +\d+ ms$/m) });
    await run.printed(/pager: DRILL {2}Drill: .*\n {2}pager: DRILL {2}The drill is over\./);
    const { code, stderr } = await run.kill('SIGINT');
    expect(code).toBe(0);
    const lines = stderr.trim().split('\n');
    expect(lines.filter((line) => !/^\S+ info {2}/.test(line))).toEqual([]);
    expect(stderr).toMatch(
      /incident \w+, page: Checkout is down: [\s\S]*incident \w+, resolved: Checkout is well again after /,
    );
  } finally {
    await run.kill('SIGKILL');
    await rm(data, { recursive: true, force: true });
  }
}, 180_000);

test('SIGTERM to npm start ends the demo, and nothing of it stays behind', async () => {
  const data = await mkdtemp(join(tmpdir(), 'watchbill-demo-'));
  const npm = spawn('npm', ['start', '--', '--port', '0', '--data', data], {
    cwd: packageRoot(),
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    const url = await new Promise<string>((resolve, reject) => {
      let printed = '';
      npm.on('close', () => reject(new Error(`ended after ${printed}`)));
      npm.stdout.on('data', (chunk) => {
        printed += chunk;
        const found = /http:\/\/127\.0\.0\.1:\d+/.exec(printed);
        if (found) resolve(found[0]);
      });
    });
    expect((await fetch(url)).status).toBe(200);
    const closed = once(npm, 'close'); // not before everyone who could still write has ended
    npm.kill('SIGTERM');
    await closed;
    await expect(fetch(url)).rejects.toThrow('fetch failed');
  } finally {
    if (npm.pid !== undefined && npm.exitCode === null) process.kill(-npm.pid, 'SIGKILL');
    await rm(data, { recursive: true, force: true });
  }
}, 60_000);
