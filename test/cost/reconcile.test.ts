import { describe, expect, it } from 'vitest';
import { METRICS_WRITTEN } from '../../lib/adapters/aws/metrics.ts';
import { estimateOf } from '../../lib/cost/estimate.ts';
import { inventoryOf } from '../../lib/cost/fleet.ts';
import { CHECK, planOf, synthesize } from '../stack/kit.ts';
import { reconcile, type Template } from './reconcile.ts';

const WITH_SECRET = {
  ...CHECK,
  id: 'private',
  headers: { authorization: { secret: 'API_TOKEN' } },
  locations: ['us-east-1'],
};

const PLANS: Readonly<Record<string, object>> = {
  'one location, which is home': { aws: { home: 'eu-west-1', locations: ['eu-west-1'] } },
  'one location, home elsewhere': { aws: { home: 'eu-west-1', locations: ['us-east-1'] } },
  'three locations': {},
  'six locations, a domain, a dashboard, a check with a secret': {
    aws: {
      home: 'eu-central-1',
      locations: ['us-east-1', 'us-west-2', 'eu-west-1', 'eu-central-1', 'ap-southeast-2', 'sa-east-1'],
      domain: { name: 'status.acme.test', certificate: 'arn:aws:acm:us-east-1:123456789012:certificate/abc' },
      dashboard: true,
    },
    checks: [CHECK, WITH_SECRET],
  },
  'nobody to tell': { notify: {} },
  'a bill that is watched': {
    cost: {
      budgets: [
        { name: 'total', amount: 100 },
        { name: 'dynamodb', service: 'Amazon DynamoDB', amount: 10 },
      ],
      anomalies: {},
      bands: [{ name: 'calls', namespace: 'AWS/Lambda', metric: 'Invocations', region: 'us-east-1' }],
    },
  },
};

/** Templates, and whatever of them is otherwise than reckoned. */
function made(changed: object) {
  const { config, aws, bundles } = planOf(changed);
  const onAws = { ...config, aws };
  const templates: readonly Template[] = synthesize({ config, aws, bundles }).map(({ template }) => template);
  const check = (changed: readonly Template[]) =>
    reconcile(changed, estimateOf(onAws, METRICS_WRITTEN.fair), inventoryOf(onAws));
  return { templates, check };
}

describe('an estimate agrees with what is deployed', () => {
  it.each(Object.entries(PLANS))('%s', (_, changed) => {
    const { templates, check } = made(changed);
    expect(check(templates)).toEqual([]);
  });
});

describe('what is not in an estimate is noticed', () => {
  const { templates, check } = made({});
  const [home = { Resources: {} }, ...others] = templates;
  const withMore = (more: { readonly Type: string; readonly Properties?: object }) =>
    check([{ Resources: { ...home.Resources, More: more } }, ...others]);
  const without = (type: string) => {
    const kept = Object.entries(home.Resources).filter(([, { Type }]) => Type !== type);
    return check([{ Resources: Object.fromEntries(kept) }, ...others]);
  };

  it.each([
    ['AWS::KMS::Key', 'AWS::KMS::Key has no price'],
    ['AWS::EC2::NatGateway', 'AWS::EC2::NatGateway has no price'],
    ['AWS::SecretsManager::Secret', 'AWS::SecretsManager::Secret has no price'],
    ['AWS::SQS::Queue', 'queues: 23, reckoned with 22'],
    ['AWS::Scheduler::Schedule', 'schedules: 8, reckoned with 7'],
    ['AWS::Lambda::Function', 'functions: 13, reckoned with 12'],
    ['AWS::Lambda::EventSourceMapping', 'polled queues: 7, reckoned with 6'],
    ['AWS::CloudWatch::Alarm', 'metrics of alarms: 15, reckoned with 14'],
    ['AWS::CloudWatch::Dashboard', 'nothing is reckoned for dashboards'],
    ['AWS::DynamoDB::Table', 'tables: 2, reckoned with 1'],
  ])('J60: one more %s', (Type, told) => {
    expect(withMore({ Type })).toEqual([told]);
  });

  it('a metric more in an alarm', () => {
    const Metrics = [{ MetricStat: {} }, { MetricStat: {} }, { Expression: 'a - b' }];
    expect(withMore({ Type: 'AWS::CloudWatch::Alarm', Properties: { Metrics } })).toEqual([
      'metrics of alarms: 16, reckoned with 14',
    ]);
  });

  it('a secret that one more function may read', () => {
    const Properties = { Resource: 'arn:aws:secretsmanager:eu-west-1:123:secret:watchbill/OTHER-??????' };
    expect(withMore({ Type: 'AWS::IAM::Policy', Properties })).toEqual([
      'secrets: OTHER in eu-west-1,PD_KEY in eu-west-1,PD_KEY in us-east-1, reckoned with PD_KEY in eu-west-1,PD_KEY in us-east-1',
    ]);
  });

  it('a line for what is not there', () => {
    expect(without('AWS::CloudFront::Distribution')).toEqual([
      'cloudfront.requests is reckoned, and there is none',
      'cloudfront.out is reckoned, and there is none',
      'distributions: 0, reckoned with 1',
    ]);
  });
});
