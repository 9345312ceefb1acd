import { type App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks, ServerlessChecks } from 'cdk-nag';
import { watchesBill } from '../deployment.ts';
import { BillingStack } from './billing-stack.ts';
import { HomeStack } from './home-stack.ts';
import type { Plan } from './place.ts';
import { ProbesStack } from './probes-stack.ts';
import { tagInstallation } from './tags.ts';

/** Adds all stacks of an installation. Nothing in them depends on who deploys them, or where from. */
export function addStacks(app: App, plan: Plan): void {
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app), new ServerlessChecks(app));
  tagInstallation(app, plan.config.name);
  const home = new HomeStack(app, plan);
  // Home first: then there is somebody to send ticks to.
  for (const location of plan.aws.locations) new ProbesStack(app, plan, location).addStackDependency(home);
  if (watchesBill(plan.config)) new BillingStack(app, plan).addStackDependency(home);
}
