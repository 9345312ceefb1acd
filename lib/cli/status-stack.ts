import type { Writable } from 'node:stream';
import { DynamoStore } from '../adapters/aws/dynamo-store.ts';
import { consoleLog } from '../adapters/local/console-log.ts';
import { OverlayStore } from '../adapters/overlay-store.ts';
import type { Config } from '../config/compiled.ts';
import { loadForAws } from '../config.ts';
import { TABLE_NAME } from '../deployment.ts';
import { Home } from '../home.ts';
import { aliveKey } from '../items.ts';
import type { Clock, Log, Store } from '../ports.ts';
import { Rollup } from '../rollup.ts';
import { snapshotOf } from '../show.ts';
import type { Snapshot } from '../snapshot.ts';
import { aged, isStale } from '../status/headline.ts';
import { operatorSummary } from '../status/summary.ts';
import { patient } from '../store.ts';
import { lasted } from '../words.ts';
import { painter } from './colors.ts';
import type { ExitCode } from './main.ts';
import { firstLook } from './remedies.ts';
import { snapshotText } from './snapshot-text.ts';
import { healthJson, healthText, readHealth, type StackHealth } from './stack-health.ts';
import { exitCodeOf } from './test.ts';

const NEEDS = 'read it: it takes GetItem, BatchGetItem and Query';

export interface StackStatusOptions {
  readonly cwd: string;
  readonly named: string | undefined;
  readonly color: boolean;
  readonly json?: boolean;
  readonly err: Writable;
  readonly clock: Clock;
}

/**
 * What a deployment on AWS knows: the same as its page says, for the operator, and how its own stacks are. It reads
 * the table with the credentials of the environment, and judges what is there by the local config; it writes nothing.
 * Throws `ConfigError`, `CommandError`, `StoreError`.
 */
export async function stackStatus(
  options: StackStatusOptions,
): Promise<{ text: string; exitCode: ExitCode }> {
  const { clock, err } = options;
  const { config, aws } = await loadForAws(options);
  const table = new DynamoStore({ table: TABLE_NAME, clock, client: { region: aws.home } });
  try {
    await firstLook(table, aws.home, NEEDS);
    const store = new OverlayStore(patient(table, clock));
    const [known, health] = await Promise.all([
      knownBy(store, config, clock, consoleLog(err, clock)),
      readHealth(aws, clock),
    ]);
    const seen = told(known);
    return {
      text: options.json ? asJson(seen, health) : asText(seen, health, options.color),
      exitCode: exitCodeOf(seen.snapshot.checks.map(({ status }) => status)),
    };
  } finally {
    table.close();
  }
}

interface Known {
  readonly snapshot: Snapshot;
  /** When they ran last, epoch ms; undefined: never. */
  readonly decidedAt: number | undefined;
  readonly deliveredAt: number | undefined;
}

async function knownBy(store: Store, config: Config, clock: Clock, log: Log): Promise<Known> {
  const home = await Home.open({ store, clock, log }, config);
  const rollup = await Rollup.open(store, clock.now());
  const aliveAt = async (who: 'decide' | 'deliver') =>
    (await store.get<{ at: number }>(aliveKey(who)))?.body.at;
  return {
    decidedAt: await aliveAt('decide'),
    deliveredAt: await aliveAt('deliver'),
    snapshot: await snapshotOf(home, rollup),
  };
}

interface Told {
  readonly snapshot: Snapshot;
  /** What must be said loudly. */
  readonly loud: readonly string[];
}

/** What may be said of it: what a silent home has known says nothing of now. */
function told({ snapshot, decidedAt, deliveredAt }: Known): Told {
  const { at: now, checks } = snapshot;
  const silent = silence('decide', decidedAt, now);
  const unread = checks.filter(({ readAt }) => readAt === undefined).map(({ id }) => id);
  const loud = [
    silent,
    silence('deliver', deliveredAt, now),
    unread.length > 0 ? `no reading yet of ${listed(unread)}: is this config deployed?` : undefined,
  ];
  return {
    snapshot: silent === undefined ? snapshot : aged(snapshot),
    loud: loud.filter((line) => line !== undefined),
  };
}

function silence(who: 'decide' | 'deliver', at: number | undefined, now: number): string | undefined {
  if (at === undefined) return `${who} has not run yet`;
  return isStale(at, now) ? `${who} has been silent for ${lasted(now - at)}` : undefined;
}

/** A few of them by name. */
const listed = (ids: readonly string[]): string =>
  ids.length > 5 ? `${ids.slice(0, 4).join(', ')} and ${ids.length - 4} more` : ids.join(', ');

function asText({ snapshot, loud }: Told, health: StackHealth, color: boolean): string {
  const paint = painter(color);
  const known = snapshotText(snapshot, snapshot.at, [...loud, ...health.unread], paint);
  return `${known}\n\n${healthText(health, snapshot.at, paint)}`;
}

const asJson = ({ snapshot, loud }: Told, health: StackHealth): string =>
  JSON.stringify(
    { ...operatorSummary(snapshot, snapshot.at), stack: { loud, ...healthJson(health) } },
    null,
    2,
  );
