import { Fault } from '../../net/net.ts';
import type { Clock } from '../../ports.ts';
import type { AwsApi, AwsClientConfig } from '../../probes/define.ts';
import type { Reason } from '../../reasons.ts';
import { connections } from './connections.ts';
import { explain, kindOf } from './explain.ts';

/** The SDK waits between its tries; the time of the check bounds them all. */
const ATTEMPTS = 3;
const CONNECT_MS = 3_000;
const ANSWER_MS = 10_000;

/** The way of a check to the APIs of AWS, for one try: credentials and `AWS_ENDPOINT_URL` are the environment's. */
export function openAwsApi(signal: AbortSignal): AwsApi & { dispose(): void } {
  const clients: { destroy(): void }[] = [];
  return {
    client(Client, region) {
      const { requestHandler } = connections();
      const config: AwsClientConfig = {
        ...(region !== undefined && { region }),
        maxAttempts: ATTEMPTS,
        requestHandler: { ...requestHandler, connectionTimeout: CONNECT_MS, requestTimeout: ANSWER_MS },
      };
      const client = new Client(config);
      clients.push(client);
      return client;
    },
    async call<T>(
      action: string,
      request: (options: { readonly abortSignal: AbortSignal }) => Promise<T>,
      data: readonly string[] = [],
    ): Promise<T> {
      try {
        return await request({ abortSignal: signal });
      } catch (error) {
        // the overload without `data` never comes here
        if (data.includes(Object(error).name)) return undefined as T;
        throw faultOf(error, action, signal);
      }
    },
    dispose() {
      for (const client of clients) client.destroy();
    },
  };
}

/** The same for as long as `use` takes, `ms` at most, or until it is to stop. */
export async function withAwsApi<T>(
  ms: number,
  clock: Clock,
  use: (aws: AwsApi) => Promise<T>,
  stop?: AbortSignal,
): Promise<T> {
  const late = new AbortController();
  const cancel = clock.after(ms, () => late.abort());
  const aws = openAwsApi(stop ? AbortSignal.any([stop, late.signal]) : late.signal);
  try {
    return await use(aws);
  } finally {
    cancel();
    aws.dispose();
  }
}

/** Whatever keeps us from looking is no fault of what we look at. */
function faultOf(error: unknown, action: string, signal: AbortSignal): Fault {
  const name = String(Object(error).name);
  const reason = reasonOf(error);
  const why = signal.aborted ? 'no answer in time' : explain(error);
  return new Fault(reason, MESSAGES[reason](action, why), { cause: name });
}

type Trouble = Extract<Reason, `aws_${string}` | 'misconfigured'>;

const MESSAGES: Readonly<Record<Trouble, (action: string, why: string) => string>> = {
  aws_denied: (action, why) => `We may not call ${action}: ${why}. Allow ${action}.`,
  aws_throttled: (action, why) => `AWS did not answer ${action}: ${why}.`,
  aws_unavailable: (action, why) => `AWS did not answer ${action}: ${why}.`,
  misconfigured: (action) =>
    `${action} was not called: no region is set. Give the source a "region", or set AWS_REGION.`,
};

function reasonOf(error: unknown): Trouble {
  const { message = '' } = Object(error) as Partial<Error>;
  if (/^Region is missing/.test(message)) return 'misconfigured';
  const kind = kindOf(error);
  if (kind === 'throttled') return 'aws_throttled';
  return kind === 'denied' ? 'aws_denied' : 'aws_unavailable';
}
