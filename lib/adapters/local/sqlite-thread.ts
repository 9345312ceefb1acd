import { Worker } from 'node:worker_threads';
import { StoreError } from '../../ports.ts';
import { explain, type Failure } from './sqlite-errors.ts';
import type { Request } from './sqlite-items.ts';
import type { Answer, Opening, Start } from './sqlite-worker.ts';

/** Requests in one transaction: so many share one fsync, and none waits for more than these. */
const LARGEST_BATCH = 1_000;

/** `.ts` in the clone, `.js` in the built package. */
const WORKER = new URL(
  `./sqlite-worker${import.meta.url.slice(import.meta.url.lastIndexOf('.'))}`,
  import.meta.url,
);

interface Call {
  readonly request: Request;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: StoreError) => void;
}

export type Started =
  | { readonly thread: SqliteThread; readonly copy: string | undefined }
  | { readonly failure: Failure };

/** Starts SQLite's thread on a data file; answers once the file is open, or why it isn't. */
export async function startThread(start: Start): Promise<Started> {
  const worker = new Worker(WORKER, { workerData: start });
  const opening = await new Promise<Opening>((resolve) => {
    worker.once('message', resolve);
    worker.once('error', (error) => resolve({ failure: explain(error) }));
    worker.once('exit', () => resolve({ failure: { message: 'its thread ended', corrupt: false } }));
  });
  return 'failure' in opening ? opening : { thread: new SqliteThread(worker), copy: opening.copy };
}

/** Our end of SQLite's thread. What is asked while a batch is on its way makes up the next one. */
export class SqliteThread {
  readonly #worker: Worker;
  /** Resolves when the thread is gone, whether it was closed or died. */
  readonly ended: Promise<void>;
  #waiting: Call[] = [];
  #underway: Call[] = [];
  #closed: string | undefined;

  constructor(worker: Worker) {
    this.#worker = worker;
    worker.on('message', (answers: Answer[]) => this.#settle(answers));
    worker.on('error', (error) =>
      this.#fail(`its thread failed: ${error instanceof Error ? error.message : error}`),
    );
    this.ended = new Promise((resolve) => worker.once('exit', resolve)).then(() =>
      this.#fail('its thread is gone'),
    );
  }

  /** Rejects with `StoreError`. */
  ask(request: Request): Promise<unknown> {
    if (this.#closed) return Promise.reject(new StoreError(this.#closed));
    return new Promise((resolve, reject) => {
      this.#waiting.push({ request, resolve, reject });
      if (this.#waiting.length === 1) queueMicrotask(() => this.#post());
    });
  }

  /** Everything asked before is done first. */
  async close(): Promise<void> {
    this.#closed ??= 'the store is closed';
    this.#post();
    await this.ended;
  }

  #post(): void {
    if (this.#underway.length > 0) return;
    this.#underway = this.#waiting.splice(0, LARGEST_BATCH);
    if (this.#underway.length > 0) this.#worker.postMessage(this.#underway.map(({ request }) => request));
    else if (this.#closed) this.#worker.postMessage(null);
  }

  #settle(answers: Answer[]): void {
    const calls = this.#underway;
    this.#underway = [];
    this.#post();
    calls.forEach(({ resolve, reject }, index) => {
      const answer = answers[index];
      if (answer && 'value' in answer) resolve(answer.value);
      else reject(new StoreError(answer?.failure.message ?? 'no answer from the store'));
    });
  }

  #fail(why: string): void {
    this.#closed ??= why;
    const calls = [...this.#underway, ...this.#waiting];
    this.#underway = [];
    this.#waiting = [];
    for (const { reject } of calls) reject(new StoreError(why));
  }
}
