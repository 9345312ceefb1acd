import { randomUUID } from 'node:crypto';
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
import { openHome } from './open.ts';
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
  const { home, store } = await openHome(options, config, log);
  const say = progressOn(options.err);
  try {
    const post: Post = {
      store,
      clock: systemClock,
      log,
      net: createNet({ clock: systemClock, allow: config.network.allow, self: [] }),
      secrets: options.secrets,
      sender: (type) => notifierOf(type) as unknown as Sender,
      receiver: (name) => config.notify.find((receiver) => receiver.name === name),
      baseUrl: () => config.statusPage.url,
      random: Math.random,
      signal: new AbortController().signal,
      wrote: (item) => home.learn(item),
    };
    say(`paging ${config.notify.map(({ name }) => name).join(', ')} …`);
    const told = await run(home, post, key('drill', randomUUID()));
    const failed = told.length === 0 || told.some(({ resolvedMs }) => resolvedMs === undefined);
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
  const pageMs = await untilTaken(home, post, subject);
  const resolving = post.clock.now();
  await home.endIncident(subject, 'The drill is over.');
  const resolveMs = await untilTaken(home, post, subject);
  return Object.entries(opened.delivery).map(([receiver]) => {
    const cursor = home.newestIncident(subject)?.delivery[receiver];
    const openedMs = pageMs.get(receiver);
    const resolvedMs = resolveMs.get(receiver);
    return {
      receiver,
      openedMs: openedMs && openedMs - opened.openedAt,
      resolvedMs: resolvedMs && resolvedMs - resolving,
      error: resolvedMs === undefined ? (cursor?.lastError ?? 'no answer') : undefined,
    };
  });
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

/** Delivers until every receiver is up to date, or patience ends. Answers when each of them was, epoch ms. */
async function untilTaken(home: Home, post: Post, subject: string): Promise<Map<string, number>> {
  const { clock } = post;
  const taken = new Map<string, number>();
  const end = clock.monotonic() + PATIENCE_MS;
  for (;;) {
    const next = await deliverDue(post, (incident) => incident.subject === subject);
    await home.refresh();
    const incident = home.newestIncident(subject);
    for (const name of upToDate(incident)) if (!taken.has(name)) taken.set(name, clock.now());
    if (!incident || !isHopeful(incident) || clock.monotonic() >= end) return taken;
    await sleep(clock, waitMs(next, clock));
  }
}

/** Whether somebody may still take something: one who refuses us does so until a person has mended that. */
const isHopeful = (incident: Incident): boolean =>
  Object.values(incident.delivery).some(
    (cursor) => nextEntry(incident, cursor) !== undefined && cursor.refused === undefined,
  );

const waitMs = (next: number | undefined, clock: Clock): number =>
  Math.min(1_000, Math.max(20, (next ?? 0) - clock.now()));

function upToDate(incident: Incident | undefined): string[] {
  const last = incident?.timeline.findLast(({ kind }) => kind === 'page' || kind === 'resolved')?.seq ?? 0;
  return Object.entries(incident?.delivery ?? {}).flatMap(([name, { done }]) => (done >= last ? name : []));
}

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
