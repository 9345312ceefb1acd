import { randomUUID } from 'node:crypto';
import { DynamoStore } from '../adapters/aws/dynamo-store.ts';
import { findQueue } from '../adapters/aws/find-queue.ts';
import { consoleLog } from '../adapters/local/console-log.ts';
import { OverlayStore } from '../adapters/overlay-store.ts';
import type { Config } from '../config/compiled.ts';
import { loadConfig } from '../config.ts';
import { FUNCTIONS, logGroupOf, QUEUES, TABLE_NAME } from '../deployment.ts';
import { Home } from '../home.ts';
import type { Incident } from '../incident.ts';
import { incidentKey } from '../items.ts';
import { key } from '../keys.ts';
import type { Named } from '../news.ts';
import { type Clock, type Draft, type Log, type Queue, type Store, StoreError } from '../ports.ts';
import { patient } from '../store.ts';
import { drillAnswer, type Ground, runDrill } from './drill-course.ts';
import type { ExitCode } from './main.ts';
import { progressOn, type Screen } from './progress.ts';
import { firstLook, withRemedy } from './remedies.ts';

/** How often the incident is read. */
const LOOK_MS = 1_000;

const NEEDS = `do that: a drill takes GetItem, BatchGetItem, Query and PutItem on the table ${TABLE_NAME}, GetQueueUrl and SendMessage on the queue ${QUEUES.deliver}`;

export interface StackDrillOptions {
  readonly cwd: string;
  readonly named: string | undefined;
  readonly json?: boolean;
  readonly err: Screen;
  readonly clock: Clock;
}

/**
 * A drill of a deployment on AWS: a synthetic incident in its table, which the deployed function delivers, by its own
 * role and with its own secrets. It takes the credentials of the environment, and writes nothing but that incident.
 * Throws `ConfigError`, `CommandError`, `StoreError`.
 */
export async function stackDrill(options: StackDrillOptions): Promise<{ text: string; exitCode: ExitCode }> {
  const { clock, err } = options;
  const { name, config } = await loadConfig({ ...options, place: 'aws' });
  if (!config.aws) throw new Error(`${name} was compiled for AWS without "aws"`);
  const region = config.aws.home;
  const table = new DynamoStore({ table: TABLE_NAME, clock, client: { region } });
  const say = progressOn(err);
  try {
    await firstLook(table, region, NEEDS);
    say(`paging ${config.notify.map((receiver) => receiver.name).join(', ')} …`);
    const told = run(patient(table, clock), config, region, { clock, log: consoleLog(err, clock) });
    return drillAnswer(await withRemedy(region, NEEDS, told), options.json);
  } finally {
    say('');
    table.close();
  }
}

async function run(
  table: Store,
  config: Config,
  region: string,
  ports: { readonly clock: Clock; readonly log: Log },
) {
  const queue = await findQueue<Named>({ name: QUEUES.deliver, region, clock: ports.clock });
  try {
    const subject = key('drill', randomUUID());
    const home = await Home.open({ ...ports, store: new DrillStore(table, subject) }, config);
    return await runDrill(subject, groundOf(home, queue, region));
  } finally {
    queue.close();
  }
}

/**
 * The deployed table, where only the drill is written: its incident, and the pointers to that. What home would write
 * as it opens, such as readings dealt out anew, stays in this process.
 */
class DrillStore extends OverlayStore {
  readonly #table: Store;
  readonly #subject: string;

  constructor(table: Store, subject: string) {
    super(table);
    this.#table = table;
    this.#subject = subject;
  }

  override put<T>(draft: Draft<T>, expected: number | 'absent', writeId: string): Promise<boolean> {
    const { subject } = Object(draft.body) as { readonly subject?: unknown };
    return subject === this.#subject
      ? this.#table.put(draft, expected, writeId)
      : super.put(draft, expected, writeId);
  }
}

const groundOf = (home: Home, queue: Queue<Named>, region: string): Ground => ({
  home,
  clock: home.clock,
  tell: (incident) => tell(incident, queue, home.log),
  async look(incident) {
    const item = await home.store.get<Incident>(incidentKey(incident));
    if (item) home.learn(item);
    return LOOK_MS;
  },
  untried: `${FUNCTIONS.deliver.name} has not tried: look at "npx watchbill status --stack", then at the log ${logGroupOf(FUNCTIONS.deliver.name)} in ${region}`,
});

/** What isn't told is found within a minute: by then the incident stands in the table. */
async function tell({ subject, n }: Incident, queue: Queue<Named>, log: Log): Promise<void> {
  try {
    await queue.send({ incidents: [{ subject, n }] });
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    log.warn(
      `${FUNCTIONS.deliver.name} finds it within a minute, for it could not be told: ${error.message}`,
    );
  }
}
