import { Stack } from 'aws-cdk-lib';
import { CfnAlarm } from 'aws-cdk-lib/aws-cloudwatch';
import type { Construct } from 'constructs';
import type { Band } from '../config/compiled.ts';
import { BAND_PREFIX } from '../deployment.ts';
import { topicIn } from './alert-topic.ts';
import { tagPart } from './tags.ts';

/**
 * Alarms of this region on what is used, as soon as it is above what is usual. CloudWatch learns that from two weeks, and
 * begins within hours: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Anomaly_Detection.html
 */
export function addBands(scope: Construct, bands: readonly Band[]): void {
  const { region } = Stack.of(scope);
  const topic = topicIn(region);
  for (const band of bands.filter((one) => one.region === region)) {
    const { name, namespace, metric, dimensions, statistic, period, periods, width } = band;
    const of = Object.entries(dimensions).map(([key, value]) => ({ name: key, value }));
    const alarm = new CfnAlarm(scope, `Band${name}`, {
      alarmName: `${BAND_PREFIX}${name}`,
      alarmDescription: `More of ${namespace} ${metric} is used than usual${of.length > 0 ? `, of ${of.map(({ value }) => value).join(', ')}` : ''}: it may be a bill that runs away. First look: what calls it, and since when.`,
      comparisonOperator: 'GreaterThanUpperThreshold',
      evaluationPeriods: periods,
      datapointsToAlarm: periods,
      treatMissingData: 'notBreaching',
      thresholdMetricId: 'band',
      metrics: [
        {
          id: 'used',
          returnData: true,
          metricStat: {
            metric: { namespace, metricName: metric, dimensions: of },
            period: period / 1_000,
            stat: statistic,
          },
        },
        {
          id: 'band',
          expression: `ANOMALY_DETECTION_BAND(used, ${width})`,
          label: 'usual',
          returnData: true,
        },
      ],
      alarmActions: [topic],
      okActions: [topic],
    });
    tagPart(alarm, 'billing');
  }
}
