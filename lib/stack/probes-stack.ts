import { Duration, Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { FUNCTIONS, probesStack, QUEUES, standbyOf } from '../deployment.ts';
import { AlertTopic } from './alert-topic.ts';
import { addBands } from './bands.ts';
import { Clock, SCHEDULED } from './clock.ts';
import { WatchbillFunction } from './function.ts';
import { knownPageUrl, type Place, type Plan } from './place.ts';
import { ProbesAlarms } from './probes-alarms.ts';
import { beatsQueue, WorkQueue } from './queue.ts';
import { tagPart } from './tags.ts';

/** One location: `beat` plans the beats of the next minute, `probe` runs them. In the standby region, the watchdog, too. */
export class ProbesStack extends Stack {
  constructor(scope: Construct, plan: Plan, location: string) {
    const isStandby = standbyOf(plan.aws) === location;
    super(scope, probesStack(location), {
      env: { region: location },
      description: `Watchbill: watches from ${location}. Removing it leaves nothing behind.`,
    });
    const place = { ...plan, region: location };
    const clock = new Clock(this, 'Clock');
    planBeats(this, place, clock);
    runBeats(this, place);
    if (isStandby) watchHome(this, place, clock);
    // At home, the other stack has it.
    if (location !== plan.aws.home) {
      const { alarms, cost } = plan.config;
      new AlertTopic(this, 'Alerts', { home: plan.aws.home, dead: clock.failed, health: alarms.health });
      addBands(this, cost.bands);
    }
    new ProbesAlarms(this, 'Alarms', { location, isStandby, pageUrl: knownPageUrl(plan) });
  }
}

function planBeats(stack: Stack, place: Place, clock: Clock): void {
  const beat = new WatchbillFunction(stack, 'Beat', {
    place,
    name: 'beat',
    description: 'Plans the beats of the next minute, and sends home what was kept here',
    failed: clock.failed,
  });
  clock.everyMinute('beat', beat, SCHEDULED);
  const buffer = new WorkQueue(stack, 'Buffer', {
    name: QUEUES.buffer,
    visibility: 60,
    retention: Duration.days(4),
    // Each try to bring it home counts, and home may be away for long: the most that SQS takes.
    attempts: 1_000,
  });
  tagPart(buffer, 'buffer');
}

function runBeats(stack: Stack, place: Place): void {
  const beats = beatsQueue(stack, 'Beats', QUEUES.beats, FUNCTIONS.probe.timeout);
  tagPart(beats, 'probe');
  const probe = new WatchbillFunction(stack, 'Probe', {
    place,
    name: 'probe',
    description: 'Runs one beat: the checks that are due, and sends home what it saw',
  });
  beats.workedOffBy(probe, 1);
}

function watchHome(stack: Stack, place: Place, clock: Clock): void {
  const watchdog = new WatchbillFunction(stack, 'Watchdog', {
    place,
    name: 'watchdog',
    description: `Pages when home, ${place.aws.home}, has fallen silent`,
    failed: clock.failed,
  });
  clock.everyMinute('watchdog', watchdog, SCHEDULED);
}
