/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html */
const LARGEST_BATCH = 10;

/**
 * Bytes of one message, and of all in one request. SQS has taken 1 MiB since August 2025 (the page above); the 256 KiB
 * before that pass with emulators, too, and a tick has a hundredth of it.
 */
const MOST_BYTES = 262_144;

/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-timers.html */
const LONGEST_DELAY = 900;

/** A message on its way; `delay` in whole seconds. */
export interface Sendable {
  readonly id: string;
  readonly body: string;
  readonly delay: number;
}

/** The same as SQS has it. */
export interface Batched {
  readonly Id: string;
  readonly MessageBody: string;
  readonly DelaySeconds: number;
}

/** Requests of so few and so small messages that SQS takes them, in order; each is due `passed` seconds sooner. */
export function batchesOf(messages: readonly Sendable[], passed: number): Batched[][] {
  const batches: Batched[][] = [];
  let room = 0;
  for (const { id, body, delay } of messages) {
    const size = Buffer.byteLength(body);
    let batch = batches.at(-1);
    if (!batch || batch.length === LARGEST_BATCH || size > room) {
      batch = [];
      batches.push(batch);
      room = MOST_BYTES;
    }
    batch.push({ Id: id, MessageBody: body, DelaySeconds: Math.max(0, delay - passed) });
    room -= size;
  }
  return batches;
}

/**
 * A message as JSON of characters that SQS takes: JSON escapes all others that it refuses.
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
 */
export function encode(message: unknown): string {
  const text = JSON.stringify(message);
  if (text === undefined) throw new RangeError('a message that is nothing');
  const body = text.replaceAll('\ufffe', '\\ufffe').replaceAll('\uffff', '\\uffff');
  const size = Buffer.byteLength(body);
  if (size > MOST_BYTES) throw new RangeError(`a message of ${size} bytes`);
  return body;
}

export function checkDelay(seconds: number): number {
  if (Number.isInteger(seconds) && seconds >= 0 && seconds <= LONGEST_DELAY) return seconds;
  throw new RangeError(`a delay of ${seconds} s: SQS takes whole seconds from 0 to ${LONGEST_DELAY}`);
}
