import type { Context, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { openAwsApi } from '../lib/adapters/aws/api.ts';
import type { BeatMessage } from '../lib/beats.ts';
import { canaryAnswers } from '../lib/canary.ts';
import { INSPECTED_AT_ONCE, QUEUES, TABLE_NAME } from '../lib/deployment.ts';
import { beatsToPost } from '../lib/handlers.ts';
import { heardIn } from '../lib/heartbeat.ts';
import { lean } from '../lib/latest.ts';
import { createNet } from '../lib/net/create.ts';
import type { News } from '../lib/news.ts';
import { runOfAccount } from '../lib/probes/account.ts';
import { ACCOUNT } from '../lib/reading.ts';
import { shardingOf } from '../lib/schedule.ts';
import { type Observer, runOrders, runtimeAddress } from './orders.ts';
import { clock, compiledConfig, log, once, variable } from './place.ts';
import { openQueue } from './queues.ts';
import { secrets } from './secrets.ts';

const inspections = once(() => openQueue<BeatMessage>(QUEUES.inspections));

const heard = once(async () => {
  const { DynamoStore } = await import('../lib/adapters/aws/dynamo-store.ts');
  return heardIn(new DynamoStore({ table: TABLE_NAME, clock }), clock);
});

const open = once(async (): Promise<Observer> => {
  const { config } = compiledConfig();
  const home = await openQueue<News>(QUEUES.ticks);
  const self = [runtimeAddress(variable('AWS_LAMBDA_RUNTIME_API'))];
  const account = { aws: openAwsApi, heard: async (id: string) => (await heard())(id) };
  const site: Observer['site'] = {
    location: ACCOUNT,
    config,
    sharding: shardingOf(config.checks.map(({ id }) => id)),
    probe: (type) => runOfAccount(type, account),
    net: createNet({ clock, allow: config.network.allow, self }),
    clock,
    secrets,
    log,
    ticks: { send: (tick) => home.send({ kind: 'tick', tick: lean(tick) }) },
    early: { send: (early) => home.send({ kind: 'early', early }) },
    canaryAnswers,
    flushAfter: Number.POSITIVE_INFINITY,
    atOnce: INSPECTED_AT_ONCE,
    running: new Set(),
    lastPass: Number.NEGATIVE_INFINITY,
  };
  return { config, site };
});

/**
 * The checks that look at the account. Scheduler calls this once a minute: then it posts the beats of the next minute,
 * as `beat` does for a location. Its own queue brings these, and what home asks for: then it looks.
 */
export async function handler(
  event: SQSEvent | { readonly scheduled: string },
  context: Context,
): Promise<SQSBatchResponse | undefined> {
  if ('Records' in event) return runOrders(event, context, await open());
  const time = Date.parse(event.scheduled);
  if (Number.isNaN(time)) throw new Error(`"scheduled" is no time: ${event.scheduled}`);
  const { config } = compiledConfig();
  await (await inspections()).sendAll(beatsToPost(config, ACCOUNT, time, clock.now()));
  return undefined;
}
