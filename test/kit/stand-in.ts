import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Clock } from '../../lib/ports.ts';

/** A request that came in whole, as it came. */
export interface Received {
  readonly at: number;
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Buffer;
}

export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What becomes of a request: whether the receiver takes it in, and what its sender hears of that. */
export interface Mode {
  /** Whether it reaches the ledger. */
  readonly take: boolean;
  readonly says: 'answer' | 'hang' | 'reset';
  /** Said in place of the ledger's own answer. */
  readonly answer?: Answer;
  /** Said so many ms late. */
  readonly afterMs?: number;
}

/** The modes of the fault kit (faults.md 2.0, F). */
export const modes = {
  accept: { take: true, says: 'answer' },
  /** Accepted, but the answer's body is not what was agreed. */
  garbage: { take: true, says: 'answer', answer: { status: 202, body: '<html>\u0000{{{ "status": ' } },
  empty: { take: true, says: 'answer', answer: { status: 202, body: '' } },
  /** Takes in the request and stays silent: nothing has come of it. */
  hang: { take: false, says: 'hang' },
  /** The connection is reset before an answer: nothing has come of it. */
  reset: { take: false, says: 'reset' },
  /** Accepted, and the answer is lost. */
  dropResponse: { take: true, says: 'reset' },
  slow: (afterMs: number): Mode => ({ take: true, says: 'answer', afterMs }),
  status: (status: number, headers: Record<string, string> = {}, body = ''): Mode => ({
    take: false,
    says: 'answer',
    answer: { status, headers, body },
  }),
} as const satisfies Record<string, Mode | ((...args: never[]) => Mode)>;

/**
 * A receiver on loopback that can be told to fail. `mode` holds for every request; `next` sets what
 * becomes of the coming ones, one each. `gone` and `back` take its address off the network and return it.
 */
export class StandIn {
  mode: Mode | ((request: Received) => Mode) = modes.accept;
  /** Every request that came in whole, whatever became of it. */
  readonly requests: Received[] = [];
  readonly #clock: Clock;
  readonly #handle: (request: Received) => Answer;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #next: Mode[] = [];
  readonly #waiting: { readonly count: number; readonly resolve: () => void }[] = [];
  #port = 0;

  constructor(clock: Clock, handle: (request: Received) => Answer) {
    this.#clock = clock;
    this.#handle = handle;
    this.#server = createServer((request, response) => this.#take(request, response));
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  next(...list: Mode[]): void {
    this.#next.push(...list);
  }

  /** Settles once so many requests have come in, counted from the start. */
  received(count: number): Promise<void> {
    if (this.requests.length >= count) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ count, resolve }));
  }

  /** Listens, on the same port each time: connections are accepted (again). */
  async back(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject).listen(this.#port, '127.0.0.1', resolve);
    });
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  /** Stops listening and cuts every connection: connections are refused. */
  async gone(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#server.listening) await this.gone();
  }

  #take(request: IncomingMessage, response: ServerResponse): void {
    const chunks: Buffer[] = [];
    request.on('error', () => response.destroy());
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      const received = { at: this.#clock.now(), method, path: url, headers, bytes: Buffer.concat(chunks) };
      this.#react(received, response);
      this.requests.push(received);
      for (const { count, resolve } of this.#waiting) if (this.requests.length >= count) resolve();
    });
  }

  #react(received: Received, response: ServerResponse): void {
    const mode = this.#next.shift() ?? (typeof this.mode === 'function' ? this.mode(received) : this.mode);
    const own = mode.take ? this.#handle(received) : undefined;
    const answer = mode.answer ?? own;
    if (mode.says === 'reset') (response.socket as Socket).resetAndDestroy();
    else if (mode.says === 'answer' && answer) {
      if (mode.afterMs) this.#clock.after(mode.afterMs, () => say(response, answer));
      else say(response, answer);
    }
  }
}

function say(response: ServerResponse, answer: Answer): void {
  response.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers });
  response.end(answer.body);
}
