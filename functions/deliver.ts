import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { metricsTo } from '../lib/adapters/aws/metrics.ts';
import { holdSwitch } from '../lib/dead-mans-switch.ts';
import { longestWait } from '../lib/deliver.ts';
import { ENVIRONMENT, QUEUES, TABLE_NAME } from '../lib/deployment.ts';
import { createComeBack } from '../lib/handlers.ts';
import { createNet } from '../lib/net/create.ts';
import type { Named } from '../lib/news.ts';
import { sendersWith } from '../lib/notifiers/index.ts';
import type { Store } from '../lib/ports.ts';
import { patient } from '../lib/store.ts';
import { deliver } from '../lib/watch.ts';
import { mail } from './mail.ts';
import { clock, compiledConfig, log, once, variable } from './place.ts';
import { failed, messagesIn, openQueue } from './queues.ts';
import { secrets } from './secrets.ts';

/** A new process is a start: whoever refused us before is asked again. */
const configuredAt = clock.now();

const report = metricsTo(process.stdout, clock);

const open = once(async () => {
  const { config } = compiledConfig();
  const { DynamoStore } = await import('../lib/adapters/aws/dynamo-store.ts');
  const store = patient(new DynamoStore({ table: TABLE_NAME, clock }), clock);
  const own = await openQueue<Named>(QUEUES.deliver);
  return { config, store, comeBack: createComeBack(own, clock, log) };
});

/** One pass: when home names incidents that were changed, and every minute. Where more is due soon, it comes back. */
export async function handler(event: SQSEvent | Named): Promise<SQSBatchResponse> {
  if (!('Records' in event)) {
    await pass([event]);
    await hold();
    return failed([]);
  }
  const { got, broken } = messagesIn<Named>(event, ({ incidents }) => Array.isArray(incidents));
  await pass(got.map(({ message }) => message));
  return failed(broken);
}

async function pass(messages: readonly Named[]): Promise<void> {
  const { config, store, comeBack } = await open();
  const next = await deliver({
    store,
    clock,
    log,
    secrets,
    net: createNet({ clock, allow: config.network.allow, self: [] }),
    sender: sendersWith(mail()),
    receiver: (name) => config.notify.find((receiver) => receiver.name === name),
    configuredAt: () => configuredAt,
    baseUrl: () => variable(ENVIRONMENT.pageUrl),
    random: Math.random,
    signal: new AbortController().signal,
    wrote: () => {},
    named: messages.flatMap(({ incidents }) => incidents),
  });
  await comeBack(next);
  await measure(store);
}

/** Once a minute: while it is held, nobody else is to be called. */
async function hold(): Promise<void> {
  const { config, store } = await open();
  if (!config.deadMansSwitch) return;
  const net = createNet({ clock, allow: config.network.allow, self: [] });
  const { signal } = new AbortController();
  await holdSwitch(config.deadMansSwitch.url, { store, clock, log, secrets, net, signal });
}

async function measure(store: Store): Promise<void> {
  report({ DeliveryLag: await longestWait(store, clock.now()) });
}
