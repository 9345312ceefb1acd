import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import type { Clock } from '../../lib/ports.ts';
import { settle } from './clock.ts';
import type { Front, Said } from './front.ts';

/** What no error and no line may hold. */
export const CREDENTIALS = {
  accessKeyId: 'AKIDEXAMPLE',
  secretAccessKey: 'secret-key-of-the-role',
  sessionToken: 'token-of-the-session',
};

export const REGION = 'eu-west-1';

/** What AWS answers when all is well. */
export const answers = (body: unknown): Said => ({ status: 200, body: JSON.stringify(body) });

/** What moto answers at WATCHBILL_MOTO; it needs more than Node, so it is tried where it is at hand. */
export function onMoto(title: string, run: (endpoint: string) => Promise<void>): void {
  const endpoint = process.env.WATCHBILL_MOTO;
  test(title, async ({ skip }) => {
    if (endpoint) return run(endpoint);
    const why = 'WATCHBILL_MOTO names no endpoint';
    process.stdout.write(`${title} is not tried on moto: ${why}\n`);
    skip(why);
  });
}

/** For calls to real servers: waits end at once and are noted, deadlines come only when the test says so. */
export class CallClock implements Clock {
  /** Epoch ms, and monotonic ms as well. */
  time = Date.UTC(2026, 0, 1);
  readonly waits: number[] = [];
  readonly #deadlines = new Map<() => void, number>();

  now = (): number => this.time;
  monotonic = (): number => this.time;

  after(ms: number, callback: () => void): () => void {
    if (ms < 1_000) {
      this.waits.push(ms);
      const soon = setImmediate(callback);
      return () => clearImmediate(soon);
    }
    this.#deadlines.set(callback, ms);
    return () => this.#deadlines.delete(callback);
  }

  /** Of how many ms the deadlines are that run. */
  get deadlines(): number[] {
    return [...this.#deadlines.values()];
  }

  /** All deadlines that run come. */
  expire(): void {
    this.time += Math.max(...this.deadlines);
    for (const callback of [...this.#deadlines.keys()]) callback();
  }

  /** Lets every deadline come, one set after the other, until it is over. */
  async expireUntil<T>(over: Promise<T>): Promise<T> {
    let isOver = false;
    const end = () => {
      isOver = true;
    };
    over.then(end, end);
    while (!isOver) {
      await settle();
      if (this.deadlines.length > 0) this.expire();
    }
    return over;
  }
}

/** How it failed: with an error of this class and one line, which tells no credentials however it is looked at. */
export async function failed(
  answer: Promise<unknown>,
  kind: new (message: string) => Error,
  secrets: readonly string[] = [],
): Promise<string> {
  const error: unknown = await answer.then(
    (value) => expect.fail(`it answered ${inspect(value)}`),
    (reason) => reason,
  );
  expect(error).toBeInstanceOf(kind);
  const { message } = error as Error;
  expect(message).not.toContain('\n');
  const told = inspect(error, { depth: 9, showHidden: true });
  for (const secret of [...Object.values(CREDENTIALS), 'Signature=', ...secrets]) {
    expect(told).not.toContain(secret);
  }
  return message;
}

/** Waits until everyone has hung up on it. */
export async function hungUp(server: Pick<Front, 'connections'>): Promise<void> {
  while ((await server.connections()) > 0) await settle();
}

/** A service that says the headers of each request, and what else is given, back in its error. */
export const echo =
  (name: string, more = ''): Front['trouble'] =>
  ({ headers }) => ({
    status: 400,
    body: JSON.stringify({ __type: name, message: JSON.stringify(headers) + more }),
  });
