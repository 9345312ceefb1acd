import type { Context, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import type { BeatMessage } from '../lib/beats.ts';
import { canaryAnswers } from '../lib/canary.ts';
import type { Config } from '../lib/config/compiled.ts';
import { createNet } from '../lib/net/create.ts';
import type { Site } from '../lib/observe.ts';
import { shardingOf } from '../lib/schedule.ts';
import { observeAsked, observeAtOnce } from '../lib/watch.ts';
import { clock, log, variable } from './place.ts';
import { failed, messagesIn } from './queues.ts';
import { secrets } from './secrets.ts';

/** Before its end a function stops to look, so that there is time to send what it has seen: two queues, three tries of 3 s. */
const SENDING_MS = 25_000;

/** What runs checks, but for how long it may. */
export interface Observer {
  readonly config: Config;
  readonly site: Omit<Site, 'signal'>;
}

const isOrder = ({ kind }: Partial<BeatMessage>): boolean => kind === 'beat' || kind === 'ask';

/** Runs the beats of an event, and what home asks for, and sends what was seen. */
export async function runOrders(
  event: SQSEvent,
  context: Context,
  { config, site }: Observer,
): Promise<SQSBatchResponse> {
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

/** What the functions that run checks differ in. */
type Own = Pick<Site, 'location' | 'probe' | 'ticks' | 'early' | 'atOnce'>;

/** What runs the checks of a config in a function, which sends all that it has seen when a beat is over. */
export function observerOf(config: Config, own: Own): Observer {
  const self = [addressOf(variable('AWS_LAMBDA_RUNTIME_API'))];
  const site: Observer['site'] = {
    ...own,
    config,
    sharding: shardingOf(config.checks.map(({ id }) => id)),
    net: createNet({ clock, allow: config.network.allow, self }),
    clock,
    secrets,
    log,
    canaryAnswers,
    flushAfter: Number.POSITIVE_INFINITY,
    running: new Set(),
    lastPass: Number.NEGATIVE_INFINITY,
  };
  return { config, site };
}

/** Of Lambda's runtime: no check may dial it. */
function addressOf(api: string): { readonly host: string; readonly port: number } {
  const [host = '', port = ''] = api.split(':');
  return { host, port: Number(port) };
}
