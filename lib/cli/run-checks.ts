import { openAwsApi } from '../adapters/aws/api.ts';
import { systemClock } from '../adapters/local/clock.ts';
import { consoleLog } from '../adapters/local/console-log.ts';
import { canaryAnswers } from '../canary.ts';
import type { Check, Config } from '../config/compiled.ts';
import { didYouMean } from '../config/suggest.ts';
import { ConfigError } from '../config.ts';
import { awaited } from '../heartbeat.ts';
import { createNet } from '../net/create.ts';
import { Fault } from '../net/net.ts';
import { runBeat } from '../observe.ts';
import type { Secrets } from '../ports.ts';
import type { AccountContext } from '../probes/define.ts';
import { runOf } from '../probes/index.ts';
import type { Reading, Tick } from '../reading.ts';
import { shardingOf } from '../schedule.ts';
import { APART_MS } from '../watch.ts';
import { lasted } from '../words.ts';
import { progressOn, type Screen } from './progress.ts';

const TELL_EVERY_MS = 1_000;

export interface Running {
  readonly secrets: Secrets;
  /** Whether a failing check is tried again, as a running Watchbill would. */
  readonly confirm?: boolean;
  readonly err: Screen;
}

/** A check, and what one run of it found. */
export interface Row {
  readonly check: Check;
  readonly reading: Reading;
}

/** Who runs on alone hears calls; here nothing is known of them. */
const heardHere: AccountContext['heard'] = async (_, patience) => {
  if (patience !== undefined) throw new Fault('heartbeat_awaited', UNHEARD);
  return awaited(undefined, undefined, systemClock.now());
};
const UNHEARD = 'Only a running Watchbill hears it: "watchbill status" knows.';

/** Runs checks once, now, from here, and tells how far that is. What a heartbeat has said is known to who runs on alone. */
export async function runChecks(
  checks: readonly Check[],
  config: Config,
  at: number,
  running: Running,
): Promise<Row[]> {
  const readings = await readingsOf(checks, config, at, running);
  return checks.flatMap((check) => {
    const reading = readings.find((one) => one.check === check.id);
    return reading ? [{ check, reading }] : [];
  });
}

/** Those that `--only` names, or all. Throws `ConfigError`. */
export function chosen(
  checks: readonly Check[],
  only: readonly string[] | undefined,
  file: string,
): readonly Check[] {
  const ids = checks.map(({ id }) => id);
  const unknown = only?.filter((id) => !ids.includes(id)) ?? [];
  const mistakes = unknown.map((id) => ({
    path: '--only',
    message: `there is no check ${JSON.stringify(id)}${didYouMean(id, ids)}`,
  }));
  if (mistakes.length > 0) throw new ConfigError(file, mistakes);
  return only ? checks.filter(({ id }) => only.includes(id)) : checks;
}

async function readingsOf(
  checks: readonly Check[],
  config: Config,
  at: number,
  { confirm, secrets, err }: Running,
): Promise<readonly Reading[]> {
  const ticks: Tick[] = [];
  const running = new Set<string>();
  const begun = new Set<string>();
  const run = runOf({ aws: openAwsApi, heard: heardHere });
  const stopTelling = tellProgress(checks.length, begun, running, err);
  try {
    await runBeat(
      { at, cause: 'confirm', skipped: 0, due: checks.map((check, i) => ({ check, offset: i * APART_MS })) },
      {
        location: 'local',
        config: confirm ? config : { ...config, judge: { ...config.judge, tries: 1 } },
        sharding: shardingOf(checks.map(({ id }) => id)),
        probe: (type) => (check, context) => {
          begun.add(check.id);
          return run(type)(check, context);
        },
        net: createNet({ clock: systemClock, allow: config.network.allow, self: [] }),
        clock: systemClock,
        secrets,
        log: consoleLog(err, systemClock),
        ticks: { send: async (tick) => void ticks.push(tick) },
        early: { send: async () => {} },
        canaryAnswers,
        flushAfter: Number.POSITIVE_INFINITY,
        atOnce: Number.POSITIVE_INFINITY,
        signal: new AbortController().signal,
        running,
        lastPass: Number.NEGATIVE_INFINITY,
      },
    );
  } finally {
    stopTelling();
  }
  return ticks.flatMap((tick) => tick.readings);
}

/** `3 of 5 done after 4 s, waiting for api, search`, each second. Answers how to stop. */
function tellProgress(
  count: number,
  begun: ReadonlySet<string>,
  running: ReadonlySet<string>,
  err: Screen,
): () => void {
  const say = progressOn(err);
  const started = systemClock.monotonic();
  let cancel = systemClock.after(TELL_EVERY_MS, tell);
  return () => {
    cancel();
    say('');
  };

  function tell(): void {
    const took = lasted(systemClock.monotonic() - started);
    say(
      `${begun.size - running.size} of ${count} done after ${took}, waiting for ${[...running].join(', ')}`,
    );
    cancel = systemClock.after(TELL_EVERY_MS, tell);
  }
}
