import { randomUUID } from 'node:crypto';
import { consoleLog } from '../adapters/local/console-log.ts';
import { loadForAws } from '../config.ts';
import { FUNCTIONS, logGroupOf, QUEUES, TABLE_NAME } from '../deployment.ts';
import type { Incident } from '../incident.ts';
import { incidentKey } from '../items.ts';
import { key } from '../keys.ts';
import type { Clock } from '../ports.ts';
import { drillAnswer, type Ground, runDrill } from './drill-course.ts';
import type { ExitCode } from './main.ts';
import { progressOn, type Screen } from './progress.ts';
import { withRemedy } from './remedies.ts';
import { openStackLog, type StackLog } from './stack-log.ts';

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
  const {
    config,
    aws: { home: region },
  } = await loadForAws(options);
  const say = progressOn(err);
  const subject = key('drill', randomUUID());
  const isMine = (one: string) => one === subject;
  const ports = { clock, log: consoleLog(err, clock) };
  const log = await openStackLog({ ...ports, config, region, needs: NEEDS, isMine });
  try {
    say(`paging ${config.notify.map((receiver) => receiver.name).join(', ')} …`);
    const told = runDrill(subject, groundOf(log, region));
    return drillAnswer(await withRemedy(region, NEEDS, told), options.json);
  } finally {
    say('');
    log.close();
  }
}

const groundOf = ({ home, tell }: StackLog, region: string): Ground => ({
  home,
  clock: home.clock,
  tell,
  async look(incident) {
    const item = await home.store.get<Incident>(incidentKey(incident));
    if (item) home.learn(item);
    return LOOK_MS;
  },
  untried: `${FUNCTIONS.deliver.name} has not tried: look at "npx watchbill status --stack", then at the log ${logGroupOf(FUNCTIONS.deliver.name)} in ${region}`,
});
