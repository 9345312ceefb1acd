import { DynamoStore } from '../adapters/aws/dynamo-store.ts';
import { findQueue } from '../adapters/aws/find-queue.ts';
import { OverlayStore } from '../adapters/overlay-store.ts';
import type { Config } from '../config/compiled.ts';
import { FUNCTIONS, QUEUES, TABLE_NAME } from '../deployment.ts';
import { Home } from '../home.ts';
import type { Incident } from '../incident.ts';
import { SIGNALS } from '../items.ts';
import type { Named } from '../news.ts';
import { type Clock, type Draft, type Log, type Queue, type Store, StoreError } from '../ports.ts';
import { patient } from '../store.ts';
import { firstLook, withRemedy } from './remedies.ts';

/** The incident log of a deployment on AWS, as an operator may write to it. */
export interface StackLog {
  readonly home: Home;
  /** That an incident was written; what it isn't told, the deployed function finds within a minute. */
  readonly tell: (incident: Pick<Incident, 'subject' | 'n'>) => Promise<void>;
  close(): void;
}

export interface StackLogOptions {
  readonly config: Config;
  readonly region: string;
  readonly clock: Clock;
  readonly log: Log;
  /** What the credentials must allow, for whoever lacks them. */
  readonly needs: string;
  /** Whether an incident may be written, by its subject. */
  readonly isMine: (subject: string) => boolean;
}

/** Throws `CommandError` for what a person has to mend, `StoreError`. */
export const openStackLog = (options: StackLogOptions): Promise<StackLog> =>
  withRemedy(options.region, options.needs, open(options));

async function open({ config, region, clock, log, needs, isMine }: StackLogOptions): Promise<StackLog> {
  using opened = new DisposableStack();
  const table = opened.adopt(new DynamoStore({ table: TABLE_NAME, clock, client: { region } }), closed);
  await firstLook(table, region, needs);
  const store = new GuardedStore(patient(table, clock), isMine);
  const queue = opened.adopt(await findQueue<Named>({ name: QUEUES.deliver, region, clock }), closed);
  const home = await Home.open({ store, clock, log }, config);
  const all = opened.move();
  return { home, tell: (incident) => tell(incident, queue, log), close: () => all.dispose() };
}

const closed = (one: { close(): void }): void => one.close();

/**
 * The deployed table, where only some incidents are written, the pointers to them and the signals behind them. What home
 * would write as it opens, such as readings dealt out anew, stays in this process.
 */
class GuardedStore extends OverlayStore {
  readonly #table: Store;
  readonly #isMine: (subject: string) => boolean;

  constructor(table: Store, isMine: (subject: string) => boolean) {
    super(table);
    this.#table = table;
    this.#isMine = isMine;
  }

  override put<T>(draft: Draft<T>, expected: number | 'absent', writeId: string): Promise<boolean> {
    const { subject } = Object(draft.body) as { readonly subject?: unknown };
    const isMine =
      draft.partition === SIGNALS
        ? this.#isMine(`${SIGNALS}/${draft.sort}`)
        : typeof subject === 'string' && this.#isMine(subject);
    return isMine ? this.#table.put(draft, expected, writeId) : super.put(draft, expected, writeId);
  }
}

async function tell(
  { subject, n }: Pick<Incident, 'subject' | 'n'>,
  queue: Queue<Named>,
  log: Log,
): Promise<void> {
  try {
    await queue.send({ incidents: [{ subject, n }] });
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    log.warn(
      `${FUNCTIONS.deliver.name} finds it within a minute, for it could not be told: ${error.message}`,
    );
  }
}
