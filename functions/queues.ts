import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import type { SqsQueue } from '../lib/adapters/aws/sqs.ts';
import { clock, here, log } from './place.ts';

/** Opens a queue of this installation; the client is loaded with the first one. */
export async function openQueue<T>(name: string, region: string = here().region): Promise<SqsQueue<T>> {
  const { SqsQueue } = await import('../lib/adapters/aws/sqs.ts');
  return new SqsQueue<T>({ region, account: here().account, name, clock });
}

/** A message that was received. */
export interface Got<T> {
  readonly id: string;
  readonly message: T;
}

/**
 * The messages of an event. What isn't JSON, or isn't for this function, is told of and answered as failed: it comes
 * again, until its queue's dead letters keep it.
 */
export function messagesIn<T>(
  { Records }: SQSEvent,
  isOurs: (message: Partial<T>) => boolean,
): { readonly got: Got<T>[]; readonly broken: string[] } {
  const broken: string[] = [];
  const got = Records.flatMap((record) => {
    try {
      return [gotOf(record, isOurs)];
    } catch (error) {
      log.error('a message cannot be read', { id: record.messageId, error: String(error) });
      broken.push(record.messageId);
      return [];
    }
  });
  return { got, broken };
}

function gotOf<T>({ messageId, body }: SQSRecord, isOurs: (message: Partial<T>) => boolean): Got<T> {
  const message = JSON.parse(body);
  if (!isOurs(message)) throw new Error('it is of no kind that is known here');
  return { id: messageId, message };
}

/** Only these come again: the others are done. */
export const failed = (ids: readonly string[]): SQSBatchResponse => ({
  batchItemFailures: ids.map((itemIdentifier) => ({ itemIdentifier })),
});
