import type { Context, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { openAwsApi } from '../lib/adapters/aws/api.ts';
import type { BeatMessage } from '../lib/beats.ts';
import { INSPECTED_AT_ONCE, QUEUES, TABLE_NAME } from '../lib/deployment.ts';
import { beatsToPost } from '../lib/handlers.ts';
import { heardIn } from '../lib/heartbeat.ts';
import { lean } from '../lib/latest.ts';
import type { News } from '../lib/news.ts';
import { runOfAccount } from '../lib/probes/account.ts';
import type { AccountContext } from '../lib/probes/define.ts';
import { ACCOUNT } from '../lib/reading.ts';
import { patient } from '../lib/store.ts';
import { observerOf, runOrders } from './orders.ts';
import { clock, compiledConfig, once, scheduledTime } from './place.ts';
import { openQueue } from './queues.ts';

const inspections = once(() => openQueue<BeatMessage>(QUEUES.inspections));

const heard = once(async () => {
  const { DynamoStore } = await import('../lib/adapters/aws/dynamo-store.ts');
  return heardIn(patient(new DynamoStore({ table: TABLE_NAME, clock }), clock), clock);
});

const open = once(async () => {
  const { config } = compiledConfig();
  const home = await openQueue<News>(QUEUES.ticks);
  const account = {
    aws: openAwsApi,
    heard: async (...asked: Parameters<AccountContext['heard']>) => (await heard())(...asked),
  };
  return observerOf(config, {
    location: ACCOUNT,
    probe: (type) => runOfAccount(type, account),
    ticks: { send: (tick) => home.send({ kind: 'tick', tick: lean(tick) }) },
    early: { send: (early) => home.send({ kind: 'early', early }) },
    atOnce: INSPECTED_AT_ONCE,
  });
});

/**
 * The checks that look at the account. Scheduler calls this once a minute: then it posts the beats of the next minute,
 * as `beat` does for a location. Its own queue brings these, and what home asks for: then it looks.
 */
export async function handler(
  event: SQSEvent | { readonly scheduled: string },
  context: Context,
): Promise<SQSBatchResponse | undefined> {
  const observer = await open();
  if ('Records' in event) return runOrders(event, context, observer);
  const time = scheduledTime(event);
  await (await inspections()).sendAll(beatsToPost(observer.config, ACCOUNT, time, clock.now()));
  return undefined;
}
