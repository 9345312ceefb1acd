import type { Message } from '@aws-sdk/client-sqs';
import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import type { AwsCall } from './calls.ts';
import type { Outcome } from './container.ts';
import type { Errand, Source } from './driver.ts';
import type { Lambda } from './lambda.ts';
import type { Queues, Which } from './queues.ts';
import type { MappingSpec } from './wiring.ts';

/** How a batch reaches its function: so many ms after it was received, and so often. */
export interface Delivery {
  readonly held: number;
  readonly times: number;
}

/** What a mapping does by the function's role, which is why the role needs the permission. */
const OWN_ACTIONS = ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'];

/**
 * Lambda's event source mappings: queues are read for functions, and what a function did is deleted.
 * https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
 */
export class Mappings implements Source {
  readonly usual = (_: MappingSpec): Delivery => ({ held: 0, times: 1 });
  /** To be replaced by a test. */
  delivery: (mapping: MappingSpec) => Delivery = this.usual;
  mappings: readonly MappingSpec[] = [];
  readonly #queues: Queues;
  readonly #lambda: (mapping: MappingSpec) => Lambda | undefined;
  readonly #heard: (mapping: MappingSpec, call: AwsCall) => void;
  #held: Errand[] = [];
  #earliest: ReadonlyMap<string, number> = new Map();

  /** `lambda` answers nothing while a function can't be called at all. */
  constructor(
    queues: Queues,
    lambda: (mapping: MappingSpec) => Lambda | undefined,
    heard: (mapping: MappingSpec, call: AwsCall) => void,
  ) {
    this.#queues = queues;
    this.#lambda = lambda;
    this.#heard = heard;
  }

  async due(now: number): Promise<Errand[]> {
    await this.#look();
    const due = this.#free().filter(({ at }) => at <= now);
    for (const { mapping } of due) await this.#receive(mapping, now);
    if (due.length > 0) await this.#look();
    const errands = this.#held.filter(({ at }) => at <= now);
    this.#held = this.#held.filter(({ at }) => at > now);
    return errands;
  }

  /** By the last look: whatever is sent after it wakes the driver. */
  next(): number {
    return Math.min(...[...this.#free(), ...this.#held].map(({ at }) => at));
  }

  async #look(): Promise<void> {
    this.#earliest = await this.#queues.earliest();
  }

  /** Those that could be given something, and when it is there. */
  #free() {
    return this.mappings.flatMap((mapping) => {
      // moto shows a message only once its time is past.
      const at = (this.#earliest.get(this.#queues.arn(queueOf(mapping))) ?? Number.POSITIVE_INFINITY) + 1;
      return this.#lambda(mapping)?.isFree ? [{ mapping, at }] : [];
    });
  }

  async #receive(mapping: MappingSpec, now: number): Promise<void> {
    const arn = this.#queues.arn(queueOf(mapping));
    const call = { service: 'sqs', region: mapping.region, resource: arn, body: {} };
    for (const action of OWN_ACTIONS) this.#heard(mapping, { ...call, action });
    const messages = await this.#queues.receive(queueOf(mapping), mapping.batch);
    if (messages.length === 0) return;
    const event: SQSEvent = { Records: messages.map((message) => recordOf(message, arn, mapping.region)) };
    const { held, times } = this.delivery(mapping);
    const done = (outcome: Outcome) => this.#done(mapping, messages, outcome);
    const errand = { at: now + held, lambda: () => this.#lambda(mapping), event, done };
    for (let n = 0; n < times; n++) this.#held.push(errand);
  }

  async #done(mapping: MappingSpec, messages: readonly Message[], outcome: Outcome): Promise<void> {
    const ids = messages.map(({ MessageId = '' }) => MessageId);
    const failed = failedOf(ids, mapping.inPart, outcome);
    const handled = messages.filter(({ MessageId = '' }) => !failed.has(MessageId));
    for (const message of handled) await this.#queues.delete(queueOf(mapping), message);
  }
}

const queueOf = ({ queue, region }: MappingSpec): Which => ({ name: queue, region });

/**
 * Which messages come again. All of them, where the function failed or names what isn't one of them:
 * https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html#services-sqs-batchfailurereporting
 */
export function failedOf(
  ids: readonly string[],
  inPart: boolean,
  { failure, payload }: Outcome,
): ReadonlySet<string> {
  if (failure) return new Set(ids);
  if (!inPart) return new Set();
  const { batchItemFailures } = (payload ?? {}) as Partial<SQSBatchResponse>;
  const failed = (batchItemFailures ?? []).map(({ itemIdentifier }) => itemIdentifier);
  return new Set(failed.every((id) => ids.includes(id)) ? failed : ids);
}

function recordOf(message: Message, arn: string, region: string): SQSRecord {
  const { MessageId = '', ReceiptHandle = '', Body = '', MD5OfBody = '', Attributes = {} } = message;
  return {
    messageId: MessageId,
    receiptHandle: ReceiptHandle,
    body: Body,
    attributes: Attributes as unknown as SQSRecord['attributes'],
    messageAttributes: {},
    md5OfBody: MD5OfBody,
    eventSource: 'aws:sqs',
    eventSourceARN: arn,
    awsRegion: region,
  };
}
