import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../../lib/package-root.ts';
import { NotBuilt } from '../../lib/stack/bundles.ts';
import { planFrom } from '../../lib/stack/place.ts';
import { AWS, CHECK, temporary } from './kit.ts';

const BIN = join(packageRoot(), 'bin/app.ts');

/** Runs the app as the CDK does, in an empty folder with one config. */
async function run(config: object, context: object = {}, name = 'watchbill.config.json') {
  const cwd = temporary();
  writeFileSync(join(cwd, name), JSON.stringify(config));
  const env = {
    PATH: process.env.PATH,
    CDK_OUTDIR: join(cwd, 'out'),
    CDK_CONTEXT_JSON: JSON.stringify(context),
  };
  const call = promisify(execFile)(process.execPath, [BIN], { cwd, env });
  return call.then(
    () => ({ code: 0, stderr: '' }),
    ({ code, stderr }) => ({ code, stderr: String(stderr) }),
  );
}

describe('the CDK app', () => {
  it('prints what is wrong with the config, each mistake in a line, and ends with 2', async () => {
    const { code, stderr } = await run({
      name: 'Acme',
      aws: { ...AWS, home: 'eu-wst-1' },
      checks: [CHECK],
      chks: 1,
    });
    expect(code).toBe(2);
    expect(stderr).toMatch(/^watchbill\.config\.json:1:\d+ {2}aws\.home: .*eu-west-1/m);
    expect(stderr).toMatch(/^watchbill\.config\.json:1:\d+ {2}chks: unknown key/m);
    expect(stderr.trim().split('\n')).toHaveLength(2);
  });

  it('wants to know where on AWS', async () => {
    const { code, stderr } = await run({ name: 'Acme', checks: [CHECK] });
    expect([code, stderr]).toEqual([
      2,
      expect.stringMatching(/^watchbill\.config\.json:1:1 {2}aws: required on AWS/),
    ]);
  });

  it('takes the config that the context names', async () => {
    const { code, stderr } = await run(
      { name: '', aws: AWS, checks: [CHECK] },
      { config: 'other.json' },
      'other.json',
    );
    expect([code, stderr]).toEqual([2, expect.stringMatching(/^other\.json:1:\d+ {2}name: /)]);
  });

  it('says in one line that the functions are not built', async () => {
    const cwd = temporary();
    writeFileSync(
      join(cwd, 'watchbill.config.json'),
      JSON.stringify({ name: 'Acme', aws: AWS, checks: [CHECK] }),
    );
    const planned = planFrom({ cwd, named: undefined, dir: join(cwd, 'nowhere') });
    await expect(planned).rejects.toThrow(NotBuilt);
    await expect(planned).rejects.toThrow(/^not built yet: beat, .*; run "npm run build" first$/);
  });
});
