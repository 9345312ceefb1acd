import type { Context } from 'aws-lambda';
import { HOME_STACK, TABLE_NAME } from '../lib/deployment.ts';
import { createNet } from '../lib/net/create.ts';
import { sendersWith } from '../lib/notifiers/index.ts';
import { newMemory, watch } from '../lib/watchdog.ts';
import { mail } from './mail.ts';
import { clock, compiledConfig, here, log, once } from './place.ts';
import { secrets } from './secrets.ts';

const memory = newMemory();

const open = once(async () => {
  const { config, aws } = compiledConfig();
  const { DynamoStore } = await import('../lib/adapters/aws/dynamo-store.ts');
  return { config, aws, store: new DynamoStore({ table: TABLE_NAME, clock, client: { region: aws.home } }) };
});

/** Scheduler calls this once a minute, in another region than home's. */
export async function handler(_: unknown, context: Context): Promise<void> {
  const { config, aws, store } = await open();
  const stop = new AbortController();
  const cancel = clock.after(context.getRemainingTimeInMillis(), () => stop.abort('over'));
  try {
    await watch(
      {
        store,
        receivers: config.notify,
        identity: { account: here().account, home: aws.home, stack: HOME_STACK },
        baseUrl: config.statusPage.url,
        sender: sendersWith(mail()),
        net: createNet({ clock, allow: config.network.allow, self: [] }),
        clock,
        secrets,
        log,
        signal: stop.signal,
      },
      memory,
    );
  } finally {
    cancel();
  }
}
