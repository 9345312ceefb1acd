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
    const { code, stderr } = await run.kill('SIGINT');
    expect(code).toBe(0);
    expect(
      stderr
        .trim()
        .split('\n')
        .map((line) => line.replace(/^\S+ | \w{10},/g, '')),
    ).toEqual([
      expect.stringMatching(/^info {2}incident page: Checkout is down: /),
      expect.stringMatching(/^info {2}incident resolved: Checkout is well again after /),
    ]);
  } finally {
    await run.kill('SIGKILL');
    await rm(data, { recursive: true, force: true });
  }
}, 180_000);
