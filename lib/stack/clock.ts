import { Aws, Stack } from 'aws-cdk-lib';
import { PolicyDocument, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { CfnSchedule, CfnScheduleGroup } from 'aws-cdk-lib/aws-scheduler';
import { Construct } from 'constructs';
import { FUNCTIONS, type FunctionName } from '../deployment.ts';
import type { WatchbillFunction } from './function.ts';
import { DeadLetters } from './queue.ts';
import { tagPart } from './tags.ts';

/** Scheduler replaces this by the minute for which it calls: a call that is repeated plans the same beats. */
export const SCHEDULED = { scheduled: '<aws.scheduler.scheduled-time>' };

/**
 * Calls functions once a minute. What failed is kept as dead letters and asks for nothing: the next minute makes it
 * good, and that it goes on failing is what the alarms on silence are for.
 */
export class Clock extends Construct {
  readonly failed: DeadLetters;
  readonly #group: CfnScheduleGroup;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    const { stackName } = Stack.of(this);
    this.failed = new DeadLetters(this, 'Failed', stackName);
    tagPart(this, 'clock');
    // A schedule can't be tagged, its group can.
    this.#group = new CfnScheduleGroup(this, 'Group', { name: stackName });
  }

  /** `input`: what the function is called with, as JSON. */
  everyMinute(name: FunctionName, { lambda }: WatchbillFunction, input: object): void {
    new CfnSchedule(this, `Every${name}`, {
      name: FUNCTIONS[name].name,
      groupName: this.#group.ref,
      description: `Calls ${FUNCTIONS[name].name} once a minute`,
      scheduleExpression: 'cron(* * * * ? *)',
      scheduleExpressionTimezone: 'UTC',
      state: 'ENABLED',
      flexibleTimeWindow: { mode: 'OFF' },
      target: {
        arn: lambda.functionArn,
        input: JSON.stringify(input),
        roleArn: this.#roleFor(name, lambda.functionArn).roleArn,
        retryPolicy: { maximumRetryAttempts: 0, maximumEventAgeInSeconds: 60 },
        deadLetterConfig: { arn: this.failed.queue.queueArn },
      },
    });
  }

  /** https://docs.aws.amazon.com/scheduler/latest/UserGuide/cross-service-confused-deputy-prevention.html */
  #roleFor(name: FunctionName, functionArn: string): Role {
    const { region } = Stack.of(this);
    const role = new Role(this, `Role${name}`, {
      roleName: `${FUNCTIONS[name].name}-clock-${region}`,
      description: `What EventBridge Scheduler may do to call ${FUNCTIONS[name].name} in ${region}`,
      assumedBy: new ServicePrincipal('scheduler.amazonaws.com', {
        conditions: {
          StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID, 'aws:SourceArn': this.#group.attrArn },
        },
      }),
      inlinePolicies: {
        allowed: new PolicyDocument({
          statements: [
            new PolicyStatement({ actions: ['lambda:InvokeFunction'], resources: [functionArn] }),
            new PolicyStatement({ actions: ['sqs:SendMessage'], resources: [this.failed.arn] }),
          ],
        }),
      },
    });
    tagPart(role, name);
    return role;
  }
}
