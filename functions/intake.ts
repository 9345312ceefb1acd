import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { objectIn } from '../lib/config/plain.ts';
import { QUEUES } from '../lib/deployment.ts';
import type { News } from '../lib/news.ts';
import type { Letter } from '../lib/signal.ts';
import { readLetter } from '../lib/signals/index.ts';
import { clock, log, once } from './place.ts';
import { failed, openQueue } from './queues.ts';

const ticks = once(() => openQueue<News>(QUEUES.ticks));

/** What came by the alert topics: each is read, and sent home. Whatever it is, it says something. */
export async function handler({ Records }: SQSEvent): Promise<SQSBatchResponse> {
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
