import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** A service to watch, on loopback: well, failing, hanging, or gone. */
export class Service {
  /** What it answers with; default: all is well. */
  answer: (response: ServerResponse) => void = well;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #port = 0;
  readonly #waiting: (() => void)[] = [];

  private constructor() {
    this.#server = createServer((_request, response) => {
      for (const resolve of this.#waiting.splice(0)) resolve();
      this.answer(response);
    });
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
  }

  static async start(): Promise<Service> {
    const service = new Service();
    await service.back();
    return service;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}/`;
  }

  /** Waits for the next request. */
  asked(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Connections are refused. */
  async gone(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  /** It listens again, on the same port. */
  async back(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject).listen(this.#port, '127.0.0.1', resolve);
    });
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#server.listening) await this.gone();
  }
}

export const well = (response: ServerResponse): void => void response.end('{"status":"ok"}');
export const broken = (response: ServerResponse): void => void response.writeHead(503).end('broken');
/** The request is taken, and nothing comes. */
export const silent = (): void => {};
