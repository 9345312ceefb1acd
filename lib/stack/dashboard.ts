import { Dashboard, GraphWidget, type IMetric } from 'aws-cdk-lib/aws-cloudwatch';
import type { Construct } from 'constructs';
import { METRICS, type MetricName } from '../adapters/aws/metrics.ts';
import { callsOf } from './alarm.ts';
import { own } from './home-alarms.ts';
import { tagPart } from './tags.ts';

/** Watchbill's own metrics at a glance, and how often each location looked. */
export function addDashboard(scope: Construct, locations: readonly string[]): void {
  const metrics = (Object.keys(METRICS) as MetricName[]).map((name) => graph(name, [own(name)]));
  const calls = locations.map((region) => callsOf('probe').with({ region, label: region }));
  const dashboard = new Dashboard(scope, 'Dashboard', {
    dashboardName: 'watchbill',
    widgets: [[graph('Beats run, by location', calls)], metrics],
  });
  tagPart(dashboard, 'alarms');
}

const graph = (title: string, left: IMetric[]): GraphWidget => new GraphWidget({ title, left, width: 6 });
