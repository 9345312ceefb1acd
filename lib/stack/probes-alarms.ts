import { Construct } from 'constructs';
import { FUNCTIONS, logGroupOf, QUEUES } from '../deployment.ts';
import { callsOf, successesOf, WatchbillAlarm } from './alarm.ts';

export interface ProbesAlarmsProps {
  readonly location: string;
  readonly isStandby: boolean;
  readonly pageUrl: string | undefined;
}

/**
 * Whether this location still looks, and whether the watchdog still watches. What fails here has no alarm: what nobody
 * saw, home misses and tells of.
 */
export class ProbesAlarms extends Construct {
  constructor(scope: Construct, id: string, { location, isStandby, pageUrl }: ProbesAlarmsProps) {
    super(scope, id);
    const { beat, probe, watchdog } = FUNCTIONS;
    new WatchbillAlarm(
      this,
      'Silent',
      {
        name: `watchbill-silent-${location}`,
        text: `Nothing was watched from ${location} for 5 minutes: ${probe.name} was not called. The other locations go on and page while they are a majority. First look, in ${location}: is the schedule ${beat.name} there and enabled, what says the log ${logGroupOf(beat.name)}, do messages wait in ${QUEUES.beats}, is Lambda throttled?`,
        pageUrl,
      },
      { metric: callsOf('probe'), below: 1 },
    );
    if (!isStandby) return;
    new WatchbillAlarm(
      this,
      'WatchdogSilent',
      {
        name: 'watchbill-silent-watchdog',
        text: `${watchdog.name} in ${location} did not finish for 5 minutes. Pages go on, but if home falls silent now, nobody will tell you. First look, in ${location}: is the schedule ${watchdog.name} there and enabled, what says the log ${logGroupOf(watchdog.name)}?`,
        pageUrl,
      },
      { metric: successesOf('watchdog'), below: 1 },
    );
  }
}
