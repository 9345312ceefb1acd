import { describe, expect, it } from 'vitest';
import { FUNCTIONS, QUEUES } from '../../lib/deployment.ts';
import { broken, well } from '../kit/service.ts';
import { modes } from '../kit/stand-in.ts';
import type { Call } from './account.ts';
import type { AwsCall } from './calls.ts';
import type { Cloud } from './cloud.ts';
import { unused } from './granted.ts';
import { allows, type Statement } from './policies.ts';
import { brokenIn, CONFIRMED, HOME, onCloud, STANDBY } from './suite.ts';

/** Kills, once in each region, what the clock has called: its failure is written by its own role. */
function killEach(): Cloud['account']['trouble'] {
  const done = new Set<string>();
  const isLast = ({ by, action, body }: Pick<Call, 'by' | 'action' | 'body'>) =>
    by === FUNCTIONS.beat.name ||
    by === FUNCTIONS.watchdog.name ||
    action === 'cloudwatch:DescribeAlarms' ||
    (action === 'dynamodb:PutItem' && JSON.stringify(body).includes('"alive"'));
  return (call) => {
    const key = `${call.by} ${call.in}`;
    if (done.has(key) || !isLast(call)) return undefined;
    done.add(key);
    return 'kill';
  };
}

onCloud(
  'J54 a function may make every call that it makes, and it makes every call that it may',
  async (scene) => {
    const { cloud, service } = scene;
    const { account, receivers } = cloud;
    expect(await cloud.page(), 'nobody has written it').toContain('No results yet');
    await cloud.run(2);

    await account.queues.sendText({ name: QUEUES.alerts, region: HOME }, 'an alert of anyone');
    // Whoever fails first, the others are asked; and who can't be told is tried again soon.
    service.answer = brokenIn(STANDBY);
    await cloud.run(1);
    receivers.pagerDuty.next(modes.status(503));
    receivers.webhook.next(modes.status(403));
    service.answer = broken;
    await cloud.run(2);

    account.trouble = ({ by, resource }) =>
      by === FUNCTIONS.probe.name && resource.endsWith(':watchbill-ticks') ? 'refuse' : undefined;
    await cloud.run(1);
    account.trouble = () => undefined;
    service.answer = well;
    await cloud.run(3);

    account.trouble = killEach();
    await cloud.run(2);
    expect(await cloud.deadLetters()).toHaveLength(7);

    account.dead.add(HOME);
    await cloud.run(5);
    account.dead.delete(HOME);
    await cloud.run(2);
    await cloud.page();
    expect(cloud.ledger.totals).toMatchObject({ opened: 2, resolved: 2 });
    // Of a budget nobody is asked who has none: test/system/alarms.test.ts has one.
    expect(unused(cloud).filter((grant) => !grant.includes('budgets:'))).toEqual([]);
  },
  // An hour ends in it, and is rolled up.
  { config: CONFIRMED, start: Date.UTC(2027, 0, 5, 10, 50) },
);

describe('what a policy says', () => {
  const call = (more: Partial<AwsCall> = {}): AwsCall => ({
    service: 'dynamodb',
    region: HOME,
    action: 'dynamodb:GetItem',
    resource: 'arn:aws:dynamodb:eu-west-1:1:table/watchbill',
    body: { Key: { partition: { S: 'alive' } } },
    ...more,
  });
  const statement = (more: Partial<Statement> = {}): Statement => ({
    actions: ['dynamodb:GetItem'],
    resources: ['arn:aws:dynamodb:eu-west-1:1:table/watchbill'],
    conditions: {},
    ...more,
  });
  const only = (...values: string[]) => ({
    conditions: { 'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': values } },
  });
  const prefix = { conditions: { StringEquals: { 's3:prefix': ['public.json'] } } };

  it.each<[what: string, policy: Statement[], asked: AwsCall, allowed: boolean]>([
    ['what it names', [statement()], call(), true],
    ['nothing, without statements', [], call(), false],
    ['no other action', [statement({ actions: ['dynamodb:PutItem'] })], call(), false],
    ['no other resource', [statement()], call({ resource: `${call().resource}/index/due` }), false],
    ['any resource by *', [statement({ resources: ['arn:aws:dynamodb:*'] })], call(), true],
    ['each character by ?', [statement({ resources: ['a-??'] })], call({ resource: 'a-bc' }), true],
    ['no more than one by ?', [statement({ resources: ['a-?'] })], call({ resource: 'a-bc' }), false],
    ['no character by a dot', [statement({ resources: ['a.c'] })], call({ resource: 'abc' }), false],
    ['what its condition names', [statement(only('alive'))], call(), true],
    ['nothing beyond its condition', [statement(only('incident'))], call(), false],
    ['no prefix, where none is asked for', [statement(prefix)], call(), false],
    ['the prefix that is asked for', [statement(prefix)], call({ body: { prefix: 'public.json' } }), true],
    ['what any of its statements allows', [statement({ actions: [] }), statement()], call(), true],
  ])('allows %s', (_, policy, asked, allowed) => {
    expect(allows(policy, asked)).toBe(allowed);
  });
});
