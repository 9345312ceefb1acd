#!/usr/bin/env node
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import { ConfigError } from '../lib/config.ts';
import { packageRoot } from '../lib/package-root.ts';
import { addStacks } from '../lib/stack/app.ts';
import { NotBuilt } from '../lib/stack/bundles.ts';
import { planFrom } from '../lib/stack/place.ts';

/**
 * The CDK app, which cdk.json names. "-c config=FILE" says which config; without it, it is the one in the working
 * directory. What is wrong with it is printed, and the exit code is 2, as with every command.
 */

const app = new App();
const named: unknown = app.node.tryGetContext('config');
try {
  const plan = await planFrom({
    cwd: process.cwd(),
    named: named === undefined ? undefined : String(named),
    dir: join(packageRoot(), 'dist', 'functions'),
  });
  addStacks(app, plan);
} catch (error) {
  if (!(error instanceof ConfigError || error instanceof NotBuilt)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exit(2);
}
app.synth();
