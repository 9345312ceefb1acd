import type { Context, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import type { BeatMessage } from '../lib/beats.ts';
import type { Config } from '../lib/config/compiled.ts';
import type { Site } from '../lib/observe.ts';
import { observeAsked, observeAtOnce } from '../lib/watch.ts';
import { clock } from './place.ts';
import { failed, messagesIn } from './queues.ts';

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

/** The Lambda runtime's own address: no check may dial it. */
export function runtimeAddress(api: string): { readonly host: string; readonly port: number } {
  const [host = '', port = ''] = api.split(':');
  return { host, port: Number(port) };
}
