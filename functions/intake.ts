import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { withAwsApi } from '../lib/adapters/aws/api.ts';
import { objectIn } from '../lib/config/plain.ts';
import { alertTopics, QUEUES, TABLE_NAME } from '../lib/deployment.ts';
import { INQUIRE_MINUTES, inquire } from '../lib/inquire.ts';
import type { News } from '../lib/news.ts';
import type { Letter } from '../lib/signal.ts';
import { readLetter } from '../lib/signals/index.ts';
import { patient } from '../lib/store.ts';
import { clock, compiledConfig, here, log, once, scheduledTime } from './place.ts';
import { failed, openQueue } from './queues.ts';

const ticks = once(() => openQueue<News>(QUEUES.ticks));

const store = once(async () => {
  const { DynamoStore } = await import('../lib/adapters/aws/dynamo-store.ts');
  return patient(new DynamoStore({ table: TABLE_NAME, clock }), clock);
});

/** What must be over before Lambda ends it, ms. */
const SPARE_MS = 2_000;
const MINUTE_MS = 60_000;

/**
 * What came by the alert topics: each is read, and sent home. Whatever it is, it says something. Scheduler calls this once
 * a minute besides: then whoever told of something is asked how it stands now.
 */
export async function handler(
  event: SQSEvent | { readonly scheduled: string },
  context: Context,
): Promise<SQSBatchResponse> {
  if ('Records' in event) return takeIn(event);
  const minute = Math.floor(scheduledTime(event) / MINUTE_MS);
  if (minute % INQUIRE_MINUTES === 0) await ask(minute, context.getRemainingTimeInMillis() - SPARE_MS);
  return failed([]);
}

async function takeIn({ Records }: SQSEvent): Promise<SQSBatchResponse> {
  const home = await ticks();
  const done = Records.map(async (record) => {
    try {
      await home.send({ kind: 'signal', signal: readLetter(letterIn(record)) });
      return [];
    } catch (error) {
      log.error('an alert could not be sent home', { id: record.messageId, error: String(error) });
      return [record.messageId];
    }
  });
  return failed((await Promise.all(done)).flat());
}

async function ask(minute: number, ms: number): Promise<void> {
  const { config, aws: place } = compiledConfig();
  const { account } = here();
  const asking = { account, topics: alertTopics(place, account), budgets: config.cost.budgets };
  const ports = { clock, log, store: await store() };
  const news = await withAwsApi(ms, clock, (aws) => inquire(minute, { ...asking, ...ports, aws }));
  const home = await ticks();
  for (const signal of news) await home.send({ kind: 'signal', signal });
}

/** SNS puts a message into an envelope: https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html. What has none is taken as it is. */
function letterIn({ messageId, body, attributes }: SQSRecord): Letter {
  const sent = Number(attributes.SentTimestamp) || clock.now();
  const { MessageId, Message, Subject, Timestamp, TopicArn } = objectIn(body) ?? {};
  if (typeof Message !== 'string') return { id: messageId, at: sent, text: body };
  return {
    id: typeof MessageId === 'string' ? MessageId : messageId,
    at: Date.parse(String(Timestamp)) || sent,
    ...(typeof TopicArn === 'string' && { topic: TopicArn }),
    ...(typeof Subject === 'string' && { subject: Subject }),
    text: Message,
  };
}
