import { once } from 'node:events';
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { onLoopback, type Trouble as Plain, type Said } from '../kit/front.ts';
import { type AwsCall, callOf, callsBehind } from './calls.ts';
import type { Emulators } from './emulators.ts';

/**
 * What becomes of a call instead of being passed on: as test/kit/front.ts says, and `kill`: AWS does it, and the
 * container that asked for it is killed before it hears of that.
 */
export type Trouble = Exclude<Plain, 'stall'> | 'kill';

/** What the fronts of an account share. */
export interface Behind {
  readonly emulators: Emulators;
  readonly account: string;
  /** By how many ms this account's time is ahead of the machine's. */
  ahead(): number;
}

/** The container that calls. */
export interface Caller {
  trouble(call: AwsCall): Trouble | undefined;
  /** A call was made, and AWS did what it asks for unless `done` is false. */
  heard(call: AwsCall, done: boolean): void;
  kill(): void;
}

export interface Front {
  readonly endpoint: string;
  /** Idle connections are closed, as services do long before a function comes back after minutes. */
  hangUp(): void;
  close(): Promise<void>;
}

/** RFC 9110, 7.6.1. */
const OF_THE_HOP: ReadonlySet<string> = new Set(['connection', 'keep-alive', 'transfer-encoding']);

/** For what the emulators are asked. */
export const agent = new Agent({ keepAlive: true });

/** AWS as one container sees it: AWS_ENDPOINT_URL. */
export async function startFront(behind: Behind, caller: Caller): Promise<Front> {
  const server = createServer((req, res) => {
    pass(behind, caller, req, res).catch((error: unknown) => {
      process.stderr.write(`The front of AWS failed: ${String(error)}\n`);
      res.writeHead(501).end(String(error));
    });
  });
  server.keepAliveTimeout = 0;
  const { endpoint, close } = await onLoopback(server);
  return { endpoint, close, hangUp: () => server.closeIdleConnections() };
}

async function pass(
  behind: Behind,
  caller: Caller,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<void> {
  const { method = '', url = '', headers } = req;
  const body = await buffer(req);
  const call = callOf({ method, url, headers, body }, behind.account);
  const trouble = caller.trouble(call);
  if (trouble === 'refuse' || trouble === 'hang' || typeof trouble === 'object') {
    caller.heard(call, false);
    return say(trouble, req, res);
  }
  const answer = await forward(behind, call, req, body);
  for (const one of callsBehind(call, answer.status, answer.body.toString())) caller.heard(one, true);
  if (trouble === 'kill') caller.kill();
  else if (trouble === 'lose') req.socket.resetAndDestroy();
  else res.writeHead(answer.status, answer.headers).end(answer.body);
}

function say(trouble: 'refuse' | 'hang' | Said, req: IncomingMessage, res: ServerResponse): void {
  if (trouble === 'refuse') req.socket.resetAndDestroy();
  if (typeof trouble !== 'object') return;
  const headers = { 'content-type': 'application/x-amz-json-1.0' };
  res.writeHead(trouble.status, headers).end(trouble.body);
}

/** DynamoDB Local knows nothing of backups. */
function upstreamOf({ service, action }: AwsCall, { dynamodb, moto, backup }: Emulators): string {
  if (service === 'backup') return backup ?? moto;
  return service === 'dynamodb' && !/Backups$/.test(action) ? dynamodb : moto;
}

async function forward(
  behind: Behind,
  call: AwsCall,
  { method, url, headers }: IncomingMessage,
  body: Buffer,
) {
  const upstream = new URL(url ?? '/', upstreamOf(call, behind.emulators));
  const own = { ...headers, connection: 'keep-alive', ...timeOf(behind) };
  const req = request(upstream, { agent, method, headers: own });
  req.end(body);
  const [res] = (await once(req, 'response')) as [IncomingMessage];
  const all = Object.entries(res.headers).filter(([name]) => !OF_THE_HOP.has(name));
  return { status: res.statusCode ?? 0, headers: Object.fromEntries(all), body: await buffer(res) };
}

/** Tells moto whose call it is, and what time it is for them (moto-server.py). */
export const timeOf = ({ account, ahead }: Behind): Record<string, string> => ({
  'x-moto-account-id': account,
  'x-watchbill-ahead': `${ahead()}`,
});
