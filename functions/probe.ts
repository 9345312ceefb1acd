import type { Context, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { PROBES_AT_ONCE, QUEUES } from '../lib/deployment.ts';
import { sendHome } from '../lib/handlers.ts';
import { lean } from '../lib/latest.ts';
import type { News } from '../lib/news.ts';
import { runOfNetwork } from '../lib/probes/network.ts';
import { observerOf, runOrders } from './orders.ts';
import { compiledConfig, here, log, once } from './place.ts';
import { openQueue } from './queues.ts';

const open = once(async () => {
  const { config, aws } = compiledConfig();
  const [home, buffer] = [
    await openQueue<News>(QUEUES.ticks, aws.home),
    await openQueue<News>(QUEUES.buffer),
  ];
  return observerOf(config, {
    location: here().region,
    probe: runOfNetwork,
    ticks: { send: (tick) => sendHome({ kind: 'tick', tick: lean(tick) }, home, buffer, log) },
    early: { send: (early) => home.send({ kind: 'early', early }) },
    atOnce: PROBES_AT_ONCE,
  });
});

/** Runs one beat, or what home asks for, and sends what was seen. */
export async function handler(event: SQSEvent, context: Context): Promise<SQSBatchResponse> {
  return runOrders(event, context, await open());
}
