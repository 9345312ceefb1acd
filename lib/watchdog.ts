import { createHash } from 'node:crypto';
import type { Receiver } from './config/compiled.ts';
import { FUNCTIONS } from './deployment.ts';
import type { Incident } from './incident.ts';
import { aliveKey } from './items.ts';
import { key } from './keys.ts';
import type { Notice, Outcome } from './notifiers/define.ts';
import type { Store } from './ports.ts';
import { messageTo, type Sender, sendUntil, type Wire, words } from './send.ts';
import { noticeOf } from './tell.ts';
import { endedWords, toldOf } from './words.ts';

/**
 * Who watches the watcher: from another region it reads home's signs of life every minute, and pages by itself, with
 * one fixed key, once there was none for three minutes. It keeps nothing: PagerDuty takes a page that is repeated as
 * one, and an end that nothing began as none.
 */

/** What tells that home lives: one sign is written by each full pass of the one, and one by each of the other. */
const SIGNS = ['decide', 'deliver'] as const;
type Who = (typeof SIGNS)[number];

const SILENCE_MS = 180_000;
/** While home lives, its end is sent so often to whoever takes it as none: an earlier process may have paged. */
const END_EVERY_MINUTES = 10;
const MINUTE_MS = 60_000;
/** All attempts end by then, so that none is cut off with the function. */
const LOOK_MS = (FUNCTIONS.watchdog.timeout - 5) * 1_000;

/** What names the installation: the key is made of it. */
export interface Identity {
  readonly account: string;
  /** Home's region. */
  readonly home: string;
  readonly stack: string;
}

/** What the watchdog needs of the world. Once `signal` is aborted, nothing is tried again. */
export interface WatchdogPorts extends Wire {
  readonly sender: (type: string) => Sender;
  /** Home's. */
  readonly store: Pick<Store, 'get'>;
  /** All that the config has; each hears pages. */
  readonly receivers: readonly Receiver[];
  readonly identity: Identity;
  /** Where links below the status page point; undefined: nowhere. */
  readonly baseUrl: string | undefined;
}

/**
 * What one process remembers from look to look. A new one begins anew: what can't be read pages up to three minutes
 * later then, and a receiver that doesn't know repeated pages as one is told again, and of no end that came in between.
 */
export interface WatchdogMemory {
  /** The newest sign of each, and when it was seen first, epoch ms. */
  readonly signs: Map<Who, { readonly at: number; readonly seenAt: number }>;
  /** Since when not all signs could be read, epoch ms. */
  blindSince?: number;
  /** Since when home is silent, epoch ms, as the pages say. */
  silentSince?: number;
  /** Whom a page was sent to, by name, and whether it was taken. */
  readonly told: Map<string, boolean>;
}

export const newMemory = (): WatchdogMemory => ({ signs: new Map(), told: new Map() });

/** Looks at home once, and tells whoever hears pages what is new. */
export async function watch(ports: WatchdogPorts, memory: WatchdogMemory): Promise<void> {
  const { clock, receivers, log } = ports;
  const endsAt = clock.monotonic() + LOOK_MS;
  const sight = await look(ports.store);
  const now = clock.now();
  const verdict = judgeHome(remember(sight, memory, now), now, ports.identity);
  if (verdict.kind === 'silent') {
    log.error(`${verdict.title}: ${verdict.message}`);
    memory.silentSince ??= verdict.since;
  }
  const kind = verdict.kind === 'silent' ? 'page' : 'resolved';
  const incident = incidentOf(verdict, memory.silentSince ?? now, ports.identity);
  await Promise.all(
    receivers
      .filter((receiver) => isToBeTold(receiver, verdict, memory, now))
      .map(async (receiver) => {
        const message = messageTo(receiver, () => noticeFor(incident, kind, ports), ports.sender);
        const failed = ({ why }: { readonly why: string }) =>
          log.error(`home’s state is not delivered to ${receiver.name} yet: ${why}`);
        // in a minute comes the next look
        note(receiver, kind, await sendUntil(endsAt, message, ports, failed), memory);
      }),
  );
  if (verdict.kind === 'alive' && memory.told.size === 0) delete memory.silentSince;
}

/** What could be read: when each was alive last, epoch ms, and why not all of it. */
interface Sight {
  readonly signs: ReadonlyMap<Who, number>;
  readonly trouble: string | undefined;
}

/** Whatever keeps it from being read: whoever can't see home can't say that it lives. */
async function look(store: WatchdogPorts['store']): Promise<Sight> {
  const signs = new Map<Who, number>();
  let trouble: string | undefined;
  const reads = SIGNS.map(async (who) => {
    try {
      const item = await store.get<{ readonly at: number }>(aliveKey(who));
      if (item) signs.set(who, item.body.at);
    } catch (error) {
      trouble ??= words(error);
    }
  });
  await Promise.all(reads);
  const missing = SIGNS.find((who) => !signs.has(who));
  if (signs.size > 0 && missing) trouble ??= `"${missing}" has never ended a pass`;
  return { signs, trouble };
}

/** The same, as far as it is believed: a sign says nothing of a time after it was seen first. */
interface Seen {
  readonly signs: ReadonlyMap<Who, number>;
  readonly trouble: { readonly why: string; readonly since: number } | undefined;
}

/** A sign from the future counts from when it was seen first: a clock that went wrong would hide a silence. */
function remember({ signs, trouble }: Sight, memory: WatchdogMemory, now: number): Seen {
  for (const [who, at] of signs) {
    if (memory.signs.get(who)?.at !== at) memory.signs.set(who, { at, seenAt: now });
  }
  const believed = [...signs].map(([who, at]): [Who, number] => [
    who,
    Math.min(at, memory.signs.get(who)?.seenAt ?? at),
  ]);
  if (trouble === undefined) delete memory.blindSince;
  else memory.blindSince ??= now;
  const since = memory.blindSince ?? now;
  return { signs: new Map(believed), trouble: trouble === undefined ? undefined : { why: trouble, since } };
}

/** `unsure`: home was never there, or it has not been out of sight for long enough. */
type Verdict =
  | { readonly kind: 'alive' | 'unsure' }
  | {
      readonly kind: 'silent';
      readonly since: number;
      readonly title: string;
      readonly message: string;
    };

function judgeHome({ signs, trouble }: Seen, now: number, { home }: Identity): Verdict {
  const silent = [...signs].filter(([, at]) => now - at >= SILENCE_MS);
  if (silent.length > 0) {
    return {
      kind: 'silent',
      since: Math.min(...silent.map(([, at]) => at)),
      title: silentAt(home),
      message: silent.map(([who, at]) => SILENT[who](iso(at))).join(' '),
    };
  }
  if (!trouble) return { kind: signs.size === 0 ? 'unsure' : 'alive' };
  if (now - trouble.since < SILENCE_MS) return { kind: 'unsure' };
  return {
    kind: 'silent',
    since: trouble.since,
    title: `Watchbill cannot be seen at its home in ${home}`,
    message: `Since ${iso(trouble.since)} it cannot be read from here whether it lives: ${trouble.why}. It may be well all the same.`,
  };
}

const silentAt = (home: string): string => `Watchbill is silent at its home in ${home}`;

const SILENT: Readonly<Record<Who, (since: string) => string>> = {
  decide: (since) => `Nothing has been decided since ${since}: outages are not noticed.`,
  deliver: (since) => `Nothing has been delivered since ${since}: nobody is paged.`,
};

const iso = (at: number): string => new Date(at).toISOString().replace(/\.\d+Z$/, 'Z');

/** Whoever hears pages only calls people, and knows them by their keys; others would hear the same each minute. */
const mergesPages = ({ hears }: Receiver): boolean => hears === 'pages';

function isToBeTold(receiver: Receiver, { kind }: Verdict, { told }: WatchdogMemory, now: number): boolean {
  if (kind === 'silent') return mergesPages(receiver) || told.get(receiver.name) !== true;
  if (kind === 'unsure') return false;
  const isTime = Math.floor(now / MINUTE_MS) % END_EVERY_MINUTES === 0;
  return told.has(receiver.name) || (mergesPages(receiver) && isTime);
}

/** What is told of, in the form of every other incident. It is in no log: home's is what may be out of reach. */
function incidentOf(verdict: Verdict, since: number, { account, home, stack }: Identity): Incident {
  const dedup = createHash('sha256')
    .update(JSON.stringify(['watchdog', account, home, stack]))
    .digest('hex')
    .slice(0, 40);
  const silent = verdict.kind === 'silent' ? verdict : undefined;
  return {
    id: dedup.slice(0, 10),
    subject: key('watchdog', stack),
    n: 1,
    key: dedup,
    class: 'silent',
    severity: 'page',
    title: silent?.title ?? silentAt(home),
    openedAt: since,
    failedAt: since,
    runbook: '/runbooks/home',
    evidence: {
      at: since,
      reasons: ['silent'],
      message: silent?.message ?? '',
      locations: [],
      of: 1,
      facts: {},
    },
    timeline: [],
    flapping: false,
    flaps: 0,
    delivery: {},
  };
}

/** Its id says which silence it is of: the incident has the same one each time. */
function noticeFor(incident: Incident, kind: 'page' | 'resolved', ports: WatchdogPorts): Notice {
  const now = ports.clock.now();
  const isOver = kind === 'resolved';
  const text = isOver ? endedWords(incident, now) : toldOf(incident);
  const entry = { seq: isOver ? 2 : 1, at: now, kind, text };
  const notice = noticeOf(isOver ? { ...incident, closedAt: now } : incident, entry, ports.baseUrl);
  return { ...notice, id: `${incident.id}-${incident.openedAt}-${entry.seq}` };
}

/** Whoever was sent a page is told of its end as soon as home lives: it may have arrived. */
function note(
  { name }: Receiver,
  kind: 'page' | 'resolved',
  { outcome }: Outcome,
  { told }: WatchdogMemory,
): void {
  const isTaken = outcome === 'accepted';
  if (kind === 'page') told.set(name, isTaken || told.get(name) === true);
  else if (isTaken) told.delete(name);
}
