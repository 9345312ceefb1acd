import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { HOME_STACK, probesStack } from '../../lib/deployment.ts';
import { planOf, synthesize, temporary } from './kit.ts';

const plan = planOf();
const outdir = temporary();
const made = synthesize(plan, outdir);

/** The folder that is staged for a function of a stack. */
function staged(stack: string, name: string): string {
  const { Resources = {} } = made.find((one) => one.stack === stack)?.template ?? {};
  const lambda = Object.values(Resources).find(({ Properties }) => Properties?.FunctionName === name);
  const code = lambda?.Properties?.Code as { readonly S3Key: string } | undefined;
  return join(outdir, `asset.${code?.S3Key.replace(/\.zip$/, '')}`);
}

it.each([
  [HOME_STACK, 'watchbill-decide'],
  [HOME_STACK, 'watchbill-deliver'],
  [probesStack('us-east-1'), 'watchbill-beat'],
  [probesStack('us-east-1'), 'watchbill-probe'],
  [probesStack('us-east-1'), 'watchbill-watchdog'],
  [probesStack('ap-southeast-2'), 'watchbill-probe'],
])('in %s, %s is what was built, and beside it the config as it was compiled', (stack, name) => {
  const dir = staged(stack, name);
  expect(readFileSync(join(dir, 'index.mjs'), 'utf8')).toContain(name.replace('watchbill-', ''));
  expect(JSON.parse(readFileSync(join(dir, 'config.json'), 'utf8'))).toEqual(
    JSON.parse(JSON.stringify(plan.config)),
  );
});

it('show, which is there for everybody, is not given the config', () => {
  const dir = staged(HOME_STACK, 'watchbill-show');
  expect(existsSync(join(dir, 'index.mjs'))).toBe(true);
  expect(existsSync(join(dir, 'config.json'))).toBe(false);
});
