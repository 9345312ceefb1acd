import { randomUUID } from 'node:crypto';
import { resolve } from 'node:path';
import { systemClock } from '../adapters/local/clock.ts';
import { consoleLog, printable } from '../adapters/local/console-log.ts';
import { loadConfig } from '../config.ts';
import { deliverDue, type Post, type Sender } from '../deliver.ts';
import type { Home } from '../home.ts';
import type { Case, Incident } from '../incident.ts';
import { key } from '../keys.ts';
import { createNet } from '../net/create.ts';
import { notifierOf } from '../notifiers/index.ts';
import { nextEntry } from '../outbox.ts';
import { type Clock, type Secrets, sleep } from '../ports.ts';
import type { ExitCode } from './main.ts';
import { addressIn, openHome } from './open.ts';
import { progressOn, type Screen } from './progress.ts';
import { table } from './table.ts';

/** A receiver that has not taken a drill by then has failed it. */
const PATIENCE_MS = 120_000;

export interface DrillOptions {
  readonly cwd: string;
  readonly named: string | undefined;
  readonly secrets: Secrets;
  readonly data: string;
  readonly json?: boolean;
  readonly err: Screen;
}

/** When a receiver took what it was told, epoch ms; or why it didn't. */
type Taken = number | string;

interface Told {
  readonly receiver: string;
  /** From the opening to the acceptance, ms; undefined: not accepted. */
  readonly openedMs: number | undefined;
  readonly resolvedMs: number | undefined;
  readonly error: string | undefined;
}

/** A synthetic incident through every notifier and back, in the same way as a real one. Throws `ConfigError`, `StoreError`. */
export async function drill(options: DrillOptions): Promise<{ text: string; exitCode: ExitCode }> {
  const { config } = await loadConfig(options);
  const log = consoleLog(options.err, systemClock);
  const address = await addressIn(resolve(options.cwd, options.data));
  const { home, store } = await openHome(options, config, log);
  const say = progressOn(options.err);
  try {
    const post: Post = {
      store,
      clock: systemClock,
      // what was accepted is in the table
      log: { ...log, info: () => {} },
      configuredAt: () => 0,
      net: createNet({ clock: systemClock, allow: config.network.allow, self: [] }),
      secrets: options.secrets,
      sender: (type) => notifierOf(type) as unknown as Sender,
      receiver: (name) => config.notify.find((receiver) => receiver.name === name),
      baseUrl: () => config.statusPage.url ?? address,
      random: Math.random,
      signal: new AbortController().signal,
      wrote: (item) => home.learn(item),
    };
    say(`paging ${config.notify.map(({ name }) => name).join(', ')} …`);
    const told = await run(home, post, key('drill', randomUUID()));
    const failed = told.length === 0 || told.some(({ error }) => error !== undefined);
    return {
      text: options.json ? JSON.stringify({ receivers: told }, null, 2) : asText(told),
      exitCode: failed ? 1 : 0,
    };
  } finally {
    say('');
    await store.close();
  }
}

async function run(home: Home, post: Post, subject: string): Promise<Told[]> {
  const opened = await home.settle(drillCase(subject, post.clock.now()));
  if (!opened) return [];
  const paged = await untilTaken(home, post, subject);
  const resolving = post.clock.now();
  await home.endIncident(subject, 'The drill is over.');
  const resolved = await untilTaken(home, post, subject);
  return Object.keys(opened.delivery).map((receiver) =>
    toldOf(receiver, since(opened.openedAt, paged.get(receiver)), since(resolving, resolved.get(receiver))),
  );
}

const since = (start: number, taken: Taken = 'nobody was told'): Taken =>
  typeof taken === 'number' ? taken - start : taken;

function toldOf(receiver: string, opened: Taken, resolved: Taken): Told {
  return {
    receiver,
    openedMs: typeof opened === 'number' ? opened : undefined,
    resolvedMs: typeof resolved === 'number' ? resolved : undefined,
    error: [opened, resolved].find((taken) => typeof taken === 'string'),
  };
}

/** What a drill opens. */
export function drillCase(subject: string, now: number): Case {
  return {
    subject,
    class: 'drill',
    severity: 'page',
    want: 'open',
    title: 'Drill: this is a test page, nothing is down',
    runbook: '/runbooks/drill',
    evidence: {
      at: now,
      reasons: ['drill'],
      message: 'It resolves by itself within moments.',
      locations: [],
      of: 1,
      facts: {},
    },
    heldBy: undefined,
    announceAfter: 0,
  };
}

/** Delivers until every receiver has taken it or refused it, or patience ends. */
async function untilTaken(home: Home, post: Post, subject: string): Promise<ReadonlyMap<string, Taken>> {
  const { clock } = post;
  const end = clock.monotonic() + PATIENCE_MS;
  const taken = new Map<string, Taken>();
  for (;;) {
    const next = await deliverDue(post, (incident) => incident.subject === subject);
    await home.refresh();
    const incident = home.newestIncident(subject);
    const isOver = clock.monotonic() >= end;
    const waiting = Object.keys(incident?.delivery ?? {}).filter((name) => !taken.has(name));
    for (const name of waiting) {
      const answer = incident && answerOf(incident, name, isOver, clock.now());
      if (answer !== undefined) taken.set(name, answer);
    }
    if (waiting.every((name) => taken.has(name))) return taken;
    await sleep(clock, waitMs(next, clock));
  }
}

/** Undefined: it may still take it. A refusal stands until a person has mended what was refused. */
function answerOf(incident: Incident, name: string, isOver: boolean, now: number): Taken | undefined {
  const cursor = incident.delivery[name];
  if (cursor?.refused !== undefined) return cursor.refused;
  if (cursor && nextEntry(incident, cursor) === undefined) return now;
  return isOver ? (cursor?.lastError ?? 'no answer') : undefined;
}

const waitMs = (next: number | undefined, clock: Clock): number =>
  Math.min(1_000, Math.max(20, (next ?? 0) - clock.now()));

function asText(told: readonly Told[]): string {
  if (told.length === 0)
    return 'No notifier is configured: nobody would be paged. See "notify" in the config.';
  const ms = (value: number | undefined) => (value === undefined ? 'not taken' : `${value} ms`);
  return table([
    ['NOTIFIER', 'PAGED AFTER', 'RESOLVED AFTER', ''],
    ...told.map(({ receiver, openedMs, resolvedMs, error }) => [
      receiver,
      ms(openedMs),
      ms(resolvedMs),
      printable(error ?? ''),
    ]),
  ]);
}
