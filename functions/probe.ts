import type { Context, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { canaryAnswers } from '../lib/canary.ts';
import { PROBES_AT_ONCE, QUEUES } from '../lib/deployment.ts';
import { sendHome } from '../lib/handlers.ts';
import { lean } from '../lib/latest.ts';
import { createNet } from '../lib/net/create.ts';
import type { News } from '../lib/news.ts';
import { runOfNetwork } from '../lib/probes/network.ts';
import { shardingOf } from '../lib/schedule.ts';
import { type Observer, runOrders, runtimeAddress } from './orders.ts';
import { clock, compiledConfig, here, log, once, variable } from './place.ts';
import { openQueue } from './queues.ts';
import { secrets } from './secrets.ts';

const open = once(async (): Promise<Observer> => {
  const { config, aws } = compiledConfig();
  const self = [runtimeAddress(variable('AWS_LAMBDA_RUNTIME_API'))];
  const [home, buffer] = [
    await openQueue<News>(QUEUES.ticks, aws.home),
    await openQueue<News>(QUEUES.buffer),
  ];
  const site: Observer['site'] = {
    location: here().region,
    config,
    sharding: shardingOf(config.checks.map(({ id }) => id)),
    probe: runOfNetwork,
    net: createNet({ clock, allow: config.network.allow, self }),
    clock,
    secrets,
    log,
    ticks: { send: (tick) => sendHome({ kind: 'tick', tick: lean(tick) }, home, buffer, log) },
    early: { send: (early) => home.send({ kind: 'early', early }) },
    canaryAnswers,
    flushAfter: Number.POSITIVE_INFINITY,
    atOnce: PROBES_AT_ONCE,
    running: new Set(),
    lastPass: Number.NEGATIVE_INFINITY,
  };
  return { config, site };
});

/** Runs one beat, or what home asks for, and sends what was seen. */
export async function handler(event: SQSEvent, context: Context): Promise<SQSBatchResponse> {
  return runOrders(event, context, await open());
}
