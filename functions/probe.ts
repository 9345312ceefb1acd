import type { Context, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import type { BeatMessage } from '../lib/beats.ts';
import { canaryAnswers } from '../lib/canary.ts';
import { PROBES_AT_ONCE, QUEUES } from '../lib/deployment.ts';
import { sendHome } from '../lib/handlers.ts';
import { lean } from '../lib/latest.ts';
import { createNet } from '../lib/net/create.ts';
import type { News } from '../lib/news.ts';
import type { Site } from '../lib/observe.ts';
import { runOfNetwork } from '../lib/probes/network.ts';
import { shardingOf } from '../lib/schedule.ts';
import { observeAsked, observeAtOnce } from '../lib/watch.ts';
import { clock, compiledConfig, here, log, once, variable } from './place.ts';
import { failed, messagesIn, openQueue } from './queues.ts';
import { secrets } from './secrets.ts';

/** Before its end a probe stops to look, so that there is time to send what it has seen: two queues, three tries of 3 s. */
const SENDING_MS = 25_000;

const open = once(async () => {
  const { config, aws } = compiledConfig();
  const { region } = here();
  const [host = '', port = ''] = variable('AWS_LAMBDA_RUNTIME_API').split(':');
  const [home, buffer] = [
    await openQueue<News>(QUEUES.ticks, aws.home),
    await openQueue<News>(QUEUES.buffer),
  ];

  const send = (news: News) => sendHome(news, home, buffer, log);
  const site: Omit<Site, 'signal'> = {
    location: region,
    config,
    sharding: shardingOf(config.checks.map(({ id }) => id)),
    probe: runOfNetwork,
    net: createNet({ clock, allow: config.network.allow, self: [{ host, port: Number(port) }] }),
    clock,
    secrets,
    log,
    ticks: { send: (tick) => send({ kind: 'tick', tick: lean(tick) }) },
    early: { send: (early) => home.send({ kind: 'early', early }) },
    canaryAnswers,
    flushAfter: Number.POSITIVE_INFINITY,
    atOnce: PROBES_AT_ONCE,
    running: new Set(),
    lastPass: Number.NEGATIVE_INFINITY,
  };
  return { config, site };
});

const isOrder = ({ kind }: Partial<BeatMessage>): boolean => kind === 'beat' || kind === 'ask';

/** Runs one beat, or what home asks for, and sends what was seen. */
export async function handler(event: SQSEvent, context: Context): Promise<SQSBatchResponse> {
  const { config, site } = await open();
  const { got, broken } = messagesIn<BeatMessage>(event, isOrder);
  const stop = new AbortController();
  const cancel = clock.after(context.getRemainingTimeInMillis() - SENDING_MS, () => stop.abort('over'));
  try {
    for (const { message } of got) {
      const now: Site = { ...site, signal: stop.signal };
      if (message.kind === 'ask') await observeAsked(message.ask, config.checks, now);
      else await observeAtOnce(message.beat, config, 0, now);
    }
    return failed(broken);
  } finally {
    cancel();
  }
}
