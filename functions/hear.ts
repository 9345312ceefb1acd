import type { Context } from 'hono';
import { handle } from 'hono/aws-lambda';
import { askFor } from '../lib/asks.ts';
import type { BeatMessage } from '../lib/beats.ts';
import { createCallsApp } from '../lib/calls.ts';
import { QUEUES, TABLE_NAME } from '../lib/deployment.ts';
import { heartbeatsIn } from '../lib/probes/heartbeat.ts';
import { ACCOUNT } from '../lib/reading.ts';
import { patient } from '../lib/store.ts';
import { clock, compiledConfig, log, once } from './place.ts';
import { openQueue } from './queues.ts';
import { secrets } from './secrets.ts';

const store = once(async () => {
  const { DynamoStore } = await import('../lib/adapters/aws/dynamo-store.ts');
  return patient(new DynamoStore({ table: TABLE_NAME, clock }), clock);
});

const inspections = once(() => openQueue<BeatMessage>(QUEUES.inspections));

/** What isn't asked for now is looked at within a minute. */
async function turned(id: string): Promise<void> {
  const ask = askFor(ACCOUNT, 'confirm', [id], clock.now());
  try {
    await (await inspections()).send({ kind: 'ask', ask });
  } catch (error) {
    log.warn('a heartbeat that has turned is looked at within a minute', { error: String(error) });
  }
}

const open = once(async () => {
  const { config } = compiledConfig();
  const known = heartbeatsIn(config.checks);
  const caller = (c: Context): string | undefined => c.env?.requestContext?.http?.sourceIp;
  return handle(createCallsApp({ heartbeats: () => known, secrets, store, clock, log, turned, caller }));
});

/** The calls of heartbeats, by an HTTP API that holds back whoever calls too often. */
export const handler: ReturnType<typeof handle> = async (...call) => (await open())(...call);
