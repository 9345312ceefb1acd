import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { onLoopback } from '../kit/front.ts';

/** https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
const LARGEST_PAYLOAD = 6 * 1024 * 1024;

/** What a function is called with. */
export interface Invocation {
  readonly id: string;
  readonly event: unknown;
  /** Epoch ms. */
  readonly deadline: number;
  readonly arn: string;
}

/** How a function failed, as it says so itself or as Lambda does. */
export interface Failure {
  readonly errorType: string;
  readonly errorMessage: string;
}

/** What is heard of a runtime, in this order for each invocation. */
export interface Hears {
  /** It asks for work: what it had is done, and it may be frozen. */
  next(): void;
  responded(id: string, payload: unknown): void;
  failed(id: string, failure: Failure): void;
  initFailed(failure: Failure): void;
}

/**
 * The API by which Lambda and the runtime of one container talk, as published:
 * https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
 */
export class RuntimeApi {
  readonly #server: Server;
  readonly #hears: Hears;
  #waiting: ServerResponse | undefined;
  /** The invocation that was handed over and isn't answered. */
  #open: string | undefined;
  #closes: () => Promise<void> = async () => {};

  private constructor(hears: Hears) {
    this.#hears = hears;
    this.#server = createServer((req, res) => void this.#take(req, res));
  }

  /** The second answer is where it listens: `127.0.0.1:4711`. */
  static async start(hears: Hears): Promise<readonly [RuntimeApi, string]> {
    const api = new RuntimeApi(hears);
    const { endpoint, close } = await onLoopback(api.#server);
    api.#closes = close;
    return [api, new URL(endpoint).host];
  }

  /** Hands over work to the runtime, which has asked for it. */
  give({ id, event, deadline, arn }: Invocation): void {
    const res = this.#waiting;
    if (!res) throw new Error('a runtime that did not ask for work');
    this.#waiting = undefined;
    this.#open = id;
    res.writeHead(200, {
      'content-type': 'application/json',
      'lambda-runtime-aws-request-id': id,
      'lambda-runtime-deadline-ms': `${Math.floor(deadline)}`,
      'lambda-runtime-invoked-function-arn': arn,
      'lambda-runtime-trace-id': `Root=1-${id.slice(0, 8)}-${id.replaceAll('-', '').slice(8)};Sampled=0`,
    });
    res.end(JSON.stringify(event));
  }

  close(): Promise<void> {
    return this.#closes();
  }

  async #take(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const [, version, , , part, outcome] = (req.url ?? '').split('/');
    if (version !== '2018-06-01') return refuse(res, 404, 'NoSuchVersion');
    if (req.method === 'GET' && part === 'next') return this.#next(res);
    const body = await text(req);
    if (part === 'error') return this.#heard(res, () => this.#hears.initFailed(failureOf(body)));
    if (part === undefined || part !== this.#open) return refuse(res, 400, 'InvalidRequestID');
    if (body.length > LARGEST_PAYLOAD) return refuse(res, 413, 'RequestEntityTooLarge');
    this.#open = undefined;
    if (outcome === 'response') return this.#heard(res, () => this.#hears.responded(part, JSON.parse(body)));
    this.#heard(res, () => this.#hears.failed(part, failureOf(body)));
  }

  #next(res: ServerResponse): void {
    if (this.#open === undefined) {
      this.#waiting = res;
      this.#hears.next();
    } else refuse(res, 403, 'StateTransitionFailed');
  }

  #heard(res: ServerResponse, tell: () => void): void {
    res.writeHead(202, { 'content-type': 'application/json' }).end('{"status":"OK"}');
    tell();
  }
}

const refuse = (res: ServerResponse, status: number, errorType: string): void =>
  void res.writeHead(status).end(JSON.stringify({ errorType, errorMessage: errorType }));

function failureOf(body: string): Failure {
  const { errorType = 'Unhandled', errorMessage = '' } = JSON.parse(body || '{}');
  return { errorType, errorMessage };
}
