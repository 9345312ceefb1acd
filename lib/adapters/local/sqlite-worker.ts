import type { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';
import { explain, type Failure } from './sqlite-errors.ts';
import { prepareItems, type Request, writes } from './sqlite-items.ts';
import { openDatabase } from './sqlite-schema.ts';

/** What the thread is started with. */
export interface Start {
  readonly path: string;
  readonly owner: boolean;
}

/** Its first message: it is open, or why it isn't. */
export type Opening = { readonly copy: string | undefined } | { readonly failure: Failure };

/** What became of one request. */
export type Answer = { readonly value: unknown } | { readonly failure: Failure };

/** SQLite's thread: opens the file, then answers each batch of requests with a batch of answers, until `null`. */
function serve(port: NonNullable<typeof parentPort>, { path, owner }: Start): void {
  try {
    const { db, copy } = openDatabase(path, owner);
    const perform = prepareItems(db);
    port.on('message', (requests: Request[] | null) => {
      if (requests) return port.postMessage(answer(db, perform, requests));
      db.close();
      port.close();
    });
    port.postMessage({ copy } satisfies Opening);
  } catch (error) {
    port.postMessage({ failure: explain(error, true) } satisfies Opening);
    port.close();
  }
}

/** One transaction for all; if that fails, one for each, so that what can't be done takes nothing else with it. */
function answer(db: DatabaseSync, perform: (request: Request) => unknown, requests: Request[]): Answer[] {
  try {
    return transact(db, requests.some(writes), () =>
      requests.map((request) => ({ value: perform(request) })),
    );
  } catch (error) {
    if (requests.length === 1) return [{ failure: explain(error) }];
    return requests.flatMap((request) => answer(db, perform, [request]));
  }
}

function transact<T>(db: DatabaseSync, writing: boolean, work: () => T): T {
  db.exec(writing ? 'BEGIN IMMEDIATE' : 'BEGIN');
  try {
    const result = work();
    db.exec('COMMIT');
    return result;
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK');
    throw error;
  }
}

if (parentPort) serve(parentPort, workerData);
