import { once } from 'node:events';
import { request as ask, createServer, type IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { onLoopback } from './front.ts';

/** How AWS says no, in the words of each of its protocols. */
export type Refusal = 'AccessDenied' | 'Throttling' | 'down';

/** AWS, or what stands in for it, behind a server that notes which actions are called and makes some go wrong. */
export interface AwsProxy {
  readonly endpoint: string;
  /** `iam:ListUsers`, in the order in which they came. */
  readonly actions: string[];
  /** The regions that were asked, each once. */
  readonly regions: string[];
  /** What becomes of the nth call (from 1) of an action instead of being passed on. */
  trouble: (action: string, nth: number) => Refusal | undefined;
  close(): Promise<void>;
}

/** `upstream`: what calls are passed on to, all or those of an action; `also`: headers that they get besides. */
export async function awsProxy(
  upstream: string | ((action: string) => string),
  also: () => Readonly<Record<string, string>> = () => ({}),
): Promise<AwsProxy> {
  const server = createServer(async (req, res) => {
    const body = await buffer(req);
    const action = actionOf(req, body);
    proxy.actions.push(action);
    const region = regionOf(req);
    if (!proxy.regions.includes(region)) proxy.regions.push(region);
    const nth = proxy.actions.filter((one) => one === action).length;
    const trouble = proxy.trouble(action, nth);
    if (trouble === 'down') return void req.socket.resetAndDestroy();
    if (trouble) {
      const { status, type, text } = refusal(action.split(':')[0] ?? '', trouble);
      return void res
        .writeHead(status, { 'content-type': type, 'x-amzn-errortype': NAMES[trouble] })
        .end(text);
    }
    const to = typeof upstream === 'string' ? upstream : upstream(action);
    const passed = ask(`${to}${req.url}`, { method: req.method, headers: { ...req.headers, ...also() } });
    passed.end(body);
    const [answer] = (await once(passed, 'response')) as [IncomingMessage];
    res.writeHead(answer.statusCode ?? 0, answer.headers).end(await buffer(answer));
  });
  const proxy: AwsProxy = {
    ...(await onLoopback(server)),
    actions: [],
    regions: [],
    trouble: () => undefined,
  };
  return proxy;
}

/** By the scope of the signature, and what the protocol of the service says. */
function actionOf({ headers, method = '', url = '' }: IncomingMessage, body: Buffer): string {
  const service =
    /Credential=[^/]+\/\d+\/[\w-]+\/([\w-]+)\//.exec(headers.authorization ?? '')?.[1] ?? 'nobody';
  const target = String(headers['x-amz-target'] ?? '')
    .split('.')
    .at(-1);
  if (service === 's3') return `s3:${url.includes('list-type=2') ? 'ListBucket' : OBJECT[method]}`;
  if (service === 'backup') return `backup:${BACKUP.find(([path]) => path.test(url))?.[1]}`;
  return `${service}:${target || new URLSearchParams(body.toString()).get('Action')}`;
}

const regionOf = ({ headers }: IncomingMessage): string =>
  /Credential=[^/]+\/\d+\/([\w-]+)\//.exec(headers.authorization ?? '')?.[1] ?? 'nowhere';

const OBJECT: Readonly<Record<string, string>> = { HEAD: 'GetObject', GET: 'GetObject' };

const BACKUP = [
  [/^\/resources\/.+\/recovery-points/, 'ListRecoveryPointsByResource'],
  [/^\/backup-vaults\/[^/]+\/recovery-points/, 'ListRecoveryPointsByBackupVault'],
  [/^\/resources\/.+\/restore-jobs/, 'ListRestoreJobsByProtectedResource'],
  [/^\/restore-jobs/, 'ListRestoreJobs'],
] as const;

const NAMES = { AccessDenied: 'AccessDeniedException', Throttling: 'ThrottlingException', down: '' } as const;

function refusal(service: string, kind: 'AccessDenied' | 'Throttling') {
  const status = kind === 'AccessDenied' ? 403 : 400;
  const isQuery = ['iam', 'rds', 'sns'].includes(service);
  const code = service === 'ec2' && kind === 'AccessDenied' ? 'UnauthorizedOperation' : kind;
  const error = `<Error><Code>${code}</Code><Message>told with a signature and a token</Message></Error>`;
  const xml = { status, type: 'text/xml' };
  if (isQuery) return { ...xml, text: `<ErrorResponse>${error}<RequestId>1</RequestId></ErrorResponse>` };
  if (service === 'ec2')
    return { ...xml, text: `<Response><Errors>${error}</Errors><RequestID>1</RequestID></Response>` };
  if (service === 's3') return { ...xml, text: error };
  return {
    status,
    type: 'application/x-amz-json-1.1',
    text: JSON.stringify({ __type: NAMES[kind], message: 'no' }),
  };
}
