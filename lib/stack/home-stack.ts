import { Duration, Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import {
  alertRegions,
  BILLING_REGION,
  ENVIRONMENT,
  FUNCTIONS,
  HOME_STACK,
  hasHeartbeats,
  hasInspections,
  mailedTo,
  QUEUES,
  TABLE_NAME,
  watchesBill,
} from '../deployment.ts';
import { AlertTopic, topicIn } from './alert-topic.ts';
import { addBands } from './bands.ts';
import { billingTopicArn } from './billing-stack.ts';
import { BlobsBucket } from './blobs-bucket.ts';
import { Clock, SCHEDULED } from './clock.ts';
import { addDashboard } from './dashboard.ts';
import { WatchbillFunction } from './function.ts';
import { HeartbeatApi } from './heartbeat-api.ts';
import { HomeAlarms } from './home-alarms.ts';
import { ItemsTable } from './items-table.ts';
import { MailTopic } from './mail-topic.ts';
import { Page } from './page.ts';
import { knownPageUrl, type Place, type Plan } from './place.ts';
import { allowTopics, beatsQueue, WorkQueue } from './queue.ts';
import { tagPart } from './tags.ts';

/** Where it is decided what is wrong, where that is delivered, and where the public sees it. */
export class HomeStack extends Stack {
  constructor(scope: Construct, plan: Plan) {
    const { home, locations, domain, dashboard } = plan.aws;
    super(scope, HOME_STACK, {
      env: { region: home },
      description: `Watchbill: decides what is wrong, pages, and shows. Removing it leaves the table ${TABLE_NAME} and nothing else.`,
    });
    const place = { ...plan, region: home };
    const clock = new Clock(this, 'Clock');
    new ItemsTable(this, 'Items');
    const blobs = new BlobsBucket(this, 'Blobs');
    decides(this, place, clock).lambda.node.addDependency(blobs.emptied);
    const show = new WatchbillFunction(this, 'Show', {
      place,
      name: 'show',
      description: 'The status page, its API and the runbooks',
    });
    const page = new Page(this, 'Page', { show, blobs, domain });
    const pageUrl = knownPageUrl(plan) ?? page.url;
    delivers(this, place, clock, pageUrl);
    const to = mailedTo(plan.config);
    if (to.length > 0) new MailTopic(this, 'Mail', to);
    if (hasInspections(plan.config)) inspects(this, place, clock);
    if (hasHeartbeats(plan.config)) hears(this, place);
    takesAlerts(this, place, clock);
    new AlertTopic(this, 'Alerts', { home, dead: clock.failed, health: plan.config.alarms.health });
    addBands(this, plan.config.cost.bands);
    new HomeAlarms(this, 'Alarms', { pageUrl, inspects: hasInspections(plan.config) });
    if (dashboard) addDashboard(this, locations);
  }
}

/**
 * What fails comes again when the function's time is up, in a minute: six times that, as AWS advises, would be six minutes
 * in which an outage isn't seen. So often that a table may be away for hours: ticks are kept for four days.
 */
function decides(stack: Stack, place: Place, clock: Clock): WatchbillFunction {
  const ticks = new WorkQueue(stack, 'Ticks', {
    name: QUEUES.ticks,
    visibility: FUNCTIONS.decide.timeout,
    retention: Duration.days(4),
    attempts: 240,
  });
  tagPart(ticks, 'decide');
  const decide = new WatchbillFunction(stack, 'Decide', {
    place,
    name: 'decide',
    description: 'Decides what is really wrong: when news comes, and every minute',
    failed: clock.failed,
  });
  ticks.workedOffBy(decide, 10);
  clock.everyMinute('decide', decide, { kind: 'clock' });
  return decide;
}

/** A message only says where to look first: what isn't said in time is found within a minute. */
function delivers(stack: Stack, place: Place, clock: Clock, pageUrl: string): void {
  const waiting = new WorkQueue(stack, 'Deliveries', {
    name: QUEUES.deliver,
    visibility: FUNCTIONS.deliver.timeout,
    retention: Duration.hours(1),
    attempts: 5,
  });
  tagPart(waiting, 'deliver');
  const deliver = new WatchbillFunction(stack, 'Deliver', {
    place,
    name: 'deliver',
    description: 'Delivers what happened to incidents to those who must know',
    environment: { [ENVIRONMENT.pageUrl]: pageUrl },
    failed: clock.failed,
  });
  waiting.workedOffBy(deliver, 10);
  clock.everyMinute('deliver', deliver, { incidents: [] });
}

/** What lies here is an alarm of somebody's: it is kept for as long as ticks are, and tried as often. */
function takesAlerts(stack: Stack, place: Place, clock: Clock): void {
  const alerts = new WorkQueue(stack, 'Intakes', {
    name: QUEUES.alerts,
    visibility: FUNCTIONS.intake.timeout,
    retention: Duration.days(4),
    attempts: 240,
  });
  allowTopics(alerts.queue, [
    ...alertRegions(place.aws).map((region) => ({ region, arn: topicIn(region) })),
    ...(watchesBill(place.config) ? [{ region: BILLING_REGION, arn: billingTopicArn }] : []),
  ]);
  tagPart(alerts, 'intake');
  const intake = new WatchbillFunction(stack, 'Intake', {
    place,
    name: 'intake',
    description: 'Reads what came by the alert topics, asks how it stands now, and sends it home',
    failed: clock.failed,
  });
  alerts.workedOffBy(intake, 10);
  clock.everyMinute('intake', intake, SCHEDULED);
}

/** As `beat` and `probe` do it in a location, with one queue and one function: it plans its own beats. */
function inspects(stack: Stack, place: Place, clock: Clock): void {
  const inspections = beatsQueue(stack, 'Inspections', QUEUES.inspections, FUNCTIONS.inspect.timeout);
  tagPart(inspections, 'inspect');
  const inspect = new WatchbillFunction(stack, 'Inspect', {
    place,
    name: 'inspect',
    description: 'Looks at the account: tokens, keys, backups and heartbeats',
    failed: clock.failed,
  });
  inspections.workedOffBy(inspect, 1);
  clock.everyMinute('inspect', inspect, SCHEDULED);
}

function hears(stack: Stack, place: Place): void {
  const hear = new WatchbillFunction(stack, 'Hear', {
    place,
    name: 'hear',
    description: 'Takes the calls of heartbeats',
  });
  new HeartbeatApi(stack, 'Heartbeats', hear);
}
