import type { Writable } from 'node:stream';
import { consoleLog } from '../adapters/local/console-log.ts';
import { loadForAws } from '../config.ts';
import { QUEUES, TABLE_NAME } from '../deployment.ts';
import type { Clock } from '../ports.ts';
import { painter } from './colors.ts';
import { doIncident, type IncidentDeed } from './incident.ts';
import type { ExitCode } from './main.ts';
import { withRemedy } from './remedies.ts';
import { openStackLog } from './stack-log.ts';

const NEEDS = `do that: it takes GetItem, BatchGetItem, Query and PutItem on the table ${TABLE_NAME}, GetQueueUrl and SendMessage on the queue ${QUEUES.deliver}`;

export interface StackIncidentOptions {
  readonly cwd: string;
  readonly named: string | undefined;
  readonly color: boolean;
  readonly json?: boolean;
  readonly err: Writable;
  readonly clock: Clock;
  readonly deed: IncidentDeed;
}

/** The incident log of a deployment on AWS, with the credentials of the environment. Throws `ConfigError`, `CommandError`, `StoreError`. */
export async function stackIncident(
  options: StackIncidentOptions,
): Promise<{ text: string; exitCode: ExitCode }> {
  const { clock, err, deed, color, json } = options;
  const {
    config,
    aws: { home: region },
  } = await loadForAws(options);
  const isMine = () => deed.kind !== 'list' && deed.kind !== 'show';
  const ports = { clock, log: consoleLog(err, clock) };
  const log = await openStackLog({ ...ports, config, region, needs: NEEDS, isMine });
  try {
    const tell = async (incident: Parameters<typeof log.tell>[0]) => {
      await log.tell(incident);
      return 'Whoever is to hear of it is told within moments.';
    };
    const saying = { paint: painter(color), ...(json !== undefined && { json }) };
    const done = doIncident(deed, { home: log.home, tell }, saying);
    return { text: await withRemedy(region, NEEDS, done), exitCode: 0 };
  } finally {
    log.close();
  }
}
