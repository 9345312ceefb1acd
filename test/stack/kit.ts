import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import { afterAll } from 'vitest';
import { compile } from '../../lib/config/compile.ts';
import {
  BILLING_REGION,
  BILLING_STACK,
  FUNCTIONS,
  HOME_STACK,
  probesStack,
  watchesBill,
} from '../../lib/deployment.ts';
import { addStacks } from '../../lib/stack/app.ts';
import type { Plan } from '../../lib/stack/place.ts';

/** Stacks made in a folder of their own, with functions that do nothing in the place of those that the build makes. */

const CONTEXT = JSON.parse(readFileSync('cdk.json', 'utf8')).context;

export const CHECK = { id: 'api', type: 'http', url: 'https://api.acme.test/', public: true };

/** Three regions, home among them. */
export const AWS = { home: 'eu-west-1', locations: ['eu-west-1', 'us-east-1', 'ap-southeast-2'] };

/** A config that can be used on AWS, with whatever is named instead. */
export function planOf(changed: object = {}): Plan {
  const input = {
    name: 'Acme shop',
    aws: AWS,
    checks: [CHECK],
    notify: { pagerduty: { routingKey: { secret: 'PD_KEY' } } },
    ...changed,
  };
  const compiled = compile(input, () => '', 'aws');
  if (!('config' in compiled) || !compiled.config.aws) throw new Error(JSON.stringify(compiled));
  return {
    config: compiled.config,
    aws: compiled.config.aws,
    bundles: { dir: bundles(), config: compiled.config },
  };
}

let made: string | undefined;

function bundles(): string {
  if (made !== undefined) return made;
  made = temporary();
  for (const name of Object.keys(FUNCTIONS)) {
    mkdirSync(join(made, name));
    writeFileSync(join(made, name, 'index.mjs'), `export const handler = () => ${JSON.stringify(name)};\n`);
  }
  return made;
}

const folders: string[] = [];
afterAll(() => {
  for (const dir of folders) rmSync(dir, { recursive: true, force: true });
});

/** A folder that is gone when the tests of the file are done. */
export function temporary(): string {
  const dir = mkdtempSync(join(tmpdir(), 'watchbill-stack-'));
  folders.push(dir);
  return dir;
}

export interface Template {
  readonly Description: string;
  readonly Resources: Record<string, RawResource>;
  readonly Outputs: Record<string, { readonly Value: unknown; readonly Description: string }>;
}

export interface RawResource {
  readonly Type: string;
  readonly Properties?: Record<string, unknown>;
  readonly DependsOn?: readonly string[];
  readonly DeletionPolicy?: string;
  readonly UpdateReplacePolicy?: string;
}

/** A stack as CloudFormation gets it, and what it was made from. */
export interface Made {
  readonly plan: Plan;
  readonly stack: string;
  readonly region: string;
  readonly template: Template;
}

/** Makes all stacks of a plan, findings of cdk-nag and of CloudFormation's rules being errors. */
export function synthesize(plan: Plan, outdir = temporary()): Made[] {
  const app = new App({ context: CONTEXT, outdir });
  addStacks(app, plan);
  app.synth();
  const made = (stack: string, region: string): Made => {
    const template = JSON.parse(readFileSync(join(outdir, `${stack}.template.json`), 'utf8'));
    return { plan, stack, region, template };
  };
  return [
    made(HOME_STACK, plan.aws.home),
    ...plan.aws.locations.map((location) => made(probesStack(location), location)),
    ...(watchesBill(plan.config) ? [made(BILLING_STACK, BILLING_REGION)] : []),
  ];
}
