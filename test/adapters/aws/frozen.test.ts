import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DynamoStore } from '../../../lib/adapters/aws/dynamo-store.ts';
import { S3Blobs } from '../../../lib/adapters/aws/s3-blobs.ts';
import { ManagedSecrets } from '../../../lib/adapters/aws/secrets.ts';
import { SqsQueue } from '../../../lib/adapters/aws/sqs.ts';
import { patient } from '../../../lib/store.ts';
import { CallClock, CREDENTIALS, REGION } from '../../kit/aws.ts';
import { type Front, onLoopback } from '../../kit/front.ts';

/* Lambda holds a process still between calls: what it finds of its connections afterwards (H03). */

const AT_ONCE = 20;

/** AWS, as far as it goes; it may have forgotten the connections that it had. */
class Service {
  asked = 0;
  opened = 0;
  readonly #seen = new Set<IncomingMessage['socket']>();
  #forgotten: ReadonlySet<IncomingMessage['socket']> = new Set();
  readonly server = createServer((req, res) => void this.#answer(req, res)).on('connection', () => {
    this.opened += 1;
  });

  readonly #crowd: (() => void)[] = [];

  constructor() {
    this.server.keepAliveTimeout = 3_600_000;
  }

  /** Whoever says more on one of them is told only then that there is none. */
  forget(): void {
    this.#forgotten = new Set(this.#seen);
  }

  /** The first so many are answered together, so that each has a connection of its own. */
  async #inCrowd(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#crowd.push(resolve);
    if (this.#crowd.length === AT_ONCE) for (const go of this.#crowd) go();
    await promise;
  }

  async #answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
    this.asked += 1;
    this.#seen.add(req.socket);
    if (this.#forgotten.has(req.socket)) return void req.socket.resetAndDestroy();
    const { Entries = [] } = JSON.parse((await text(req)) || '{}');
    const Successful = Entries.map(({ Id }: { Id: string }) => ({ Id, MessageId: Id, MD5OfMessageBody: '' }));
    if (this.#crowd.length < AT_ONCE) await this.#inCrowd();
    const answer = { Successful, ConsumedCapacity: {}, SecretString: 'text', ARN: 'arn' };
    res
      .writeHead(200, { 'content-type': 'application/x-amz-json-1.0', etag: '"e"' })
      .end(JSON.stringify(answer));
  }
}

let service: Service;
let front: Pick<Front, 'endpoint' | 'close'>;
let clock: CallClock;

beforeEach(async () => {
  service = new Service();
  front = await onLoopback(service.server);
  clock = new CallClock();
});
afterEach(() => front.close());

interface Asker {
  ask(n: number): Promise<unknown>;
  end(): void;
}

/** Each asks for one thing, by the number that it is given. */
const CLIENTS: Readonly<Record<string, (client: object) => Asker>> = {
  DynamoDB: (client: object) => {
    const store = new DynamoStore({ table: 'watchbill', clock, client });
    const asked = patient(store, clock);
    return { ask: (n: number) => asked.get({ partition: 'p', sort: `${n}` }), end: () => store.close() };
  },
  SQS: (client: object) => {
    const queue = new SqsQueue({ region: REGION, account: '123456789012', name: 'ticks', clock, client });
    return { ask: (n: number) => queue.send(n), end: () => queue.close() };
  },
  S3: (client: object) => {
    const blobs = new S3Blobs({ bucket: 'b', clock, client: { ...client, forcePathStyle: true } });
    return { ask: (n: number) => blobs.read(`${n}`), end: () => blobs.close() };
  },
  'Secrets Manager': (client: object) => {
    const secrets = new ManagedSecrets({ region: REGION, clock, client });
    return { ask: (n: number) => secrets.get({ secret: `name-${n}` }), end: () => secrets.close() };
  },
};

describe.each(Object.entries(CLIENTS))('%s', (_, open) => {
  const numbers = Array.from({ length: AT_ONCE }, (_, n) => n);

  it.each<[string, () => void]>([
    ['dead, which nobody has told', () => service.forget()],
    ['ended, of which the process has had no time to learn', () => service.server.closeAllConnections()],
  ])('with many connections that are %s: one quick retry, and no error', async (_, happens) => {
    const { ask, end } = open({ endpoint: front.endpoint, region: REGION, credentials: CREDENTIALS });
    await Promise.all(numbers.map(ask));
    expect(service.opened).toBeGreaterThanOrEqual(AT_ONCE);
    const { opened } = service;
    await ask(100);
    expect(service.opened, 'connections are kept').toBe(opened);
    happens();
    service.asked = 0;
    await ask(101);
    expect(service.asked).toBeLessThanOrEqual(2);
    expect(clock.waits.every((ms) => ms <= 100)).toBe(true);
    await Promise.all(numbers.map((n) => ask(200 + n)));
    end();
  });
});
