import type { Config } from '../../config/compiled.ts';
import { INQUIRE_MINUTES, inquire } from '../../inquire.ts';
import { SIGNALS } from '../../items.ts';
import { Fault } from '../../net/net.ts';
import type { Clock, Log, Store } from '../../ports.ts';
import type { AwsApi } from '../../probes/define.ts';
import type { Signal } from '../../signal.ts';
import { withAwsApi } from './api.ts';

/** All of one asking. */
const ASK_MS = 50_000;

interface Parts {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Asks with the credentials of the environment, if there is anything to ask: topics in the config, or something that was
 * heard. Without credentials that is said once, and again after they were there.
 */
export function createInquirer({ store, clock, log }: Parts) {
  let told = false;
  return async (minute: number, { alarms, cost }: Config, stop: AbortSignal): Promise<Signal[]> => {
    if (minute % INQUIRE_MINUTES !== 0) return [];
    if (alarms.topics.length === 0 && (await store.list(SIGNALS, { limit: 1 })).length === 0) return [];
    const asking = { clock, store, log, topics: alarms.topics, budgets: cost.budgets };
    const ask = async (aws: AwsApi) => {
      const account = await accountOf(aws);
      told = false;
      return inquire(minute, { ...asking, aws, account });
    };
    try {
      return await withAwsApi(ASK_MS, clock, ask, stop);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      if (!told) log.warn(`${WITHOUT}: ${error.message}`);
      told = true;
      return [];
    }
  };
}

const WITHOUT =
  'alarms whose end gets lost stay open until "watchbill incident resolve", since AWS cannot be asked how they stand';

/** https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html: nobody can be denied it. */
export async function accountOf(aws: AwsApi): Promise<string> {
  const { STSClient, GetCallerIdentityCommand } = await import('@aws-sdk/client-sts');
  const client = aws.client(STSClient, 'us-east-1');
  const answer = await aws.call('sts:GetCallerIdentity', (options) =>
    client.send(new GetCallerIdentityCommand({}), options),
  );
  return answer.Account ?? '';
}
