import { printable } from '../adapters/local/console-log.ts';
import { drillCase } from '../drill.ts';
import type { Home } from '../home.ts';
import type { Incident } from '../incident.ts';
import { nextEntry } from '../outbox.ts';
import { type Clock, sleep } from '../ports.ts';
import type { ExitCode } from './main.ts';
import { table } from './table.ts';

/** The course of a drill, whoever delivers it: an incident opens, everybody takes the page, it ends, everybody takes that. */

/** A receiver that has not taken a drill by then has failed it. */
const PATIENCE_MS = 120_000;

/** Where a drill takes place. */
export interface Ground {
  readonly home: Home;
  readonly clock: Clock;
  /** The incident was written: where others deliver, they are told. */
  readonly tell: (incident: Incident) => Promise<void>;
  /** Has home learn how far it is delivered. Answers when to look again, ms. */
  readonly look: (incident: Incident) => Promise<number>;
  /** What is said of a receiver that nobody has tried to reach. */
  readonly untried: string;
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

/** Runs a drill under this subject. Where it is cut off, the clock ends the incident (lib/forgotten.ts). Throws `StoreError`. */
export async function runDrill(subject: string, ground: Ground): Promise<Told[]> {
  const { home, clock } = ground;
  const opened = await home.settle(drillCase(subject, clock.now()));
  if (!opened) return [];
  const paged = await untilTaken(opened, ground);
  const resolving = clock.now();
  const ended = await home.endIncident(subject, 'The drill is over.');
  const resolved = await untilTaken(ended ?? opened, ground);
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
    // of what it has not heard of it is not told the end
    resolvedMs: typeof opened === 'number' && typeof resolved === 'number' ? resolved : undefined,
    error: [opened, resolved].find((taken) => typeof taken === 'string'),
  };
}

/** Looks on until every receiver has taken it or refused it, or patience ends. */
async function untilTaken(written: Incident, ground: Ground): Promise<ReadonlyMap<string, Taken>> {
  const { home, clock, untried } = ground;
  const end = clock.monotonic() + PATIENCE_MS;
  const taken = new Map<string, Taken>();
  await ground.tell(written);
  for (;;) {
    const waitMs = await ground.look(written);
    const incident = home.newestIncident(written.subject) ?? written;
    const silence = clock.monotonic() >= end ? untried : undefined;
    const waiting = Object.keys(incident.delivery).filter((name) => !taken.has(name));
    for (const name of waiting) {
      const answer = answerOf(incident, name, silence, clock.now());
      if (answer !== undefined) taken.set(name, answer);
    }
    if (waiting.every((name) => taken.has(name))) return taken;
    await sleep(clock, waitMs);
  }
}

/** Undefined: it may still take it; `silence`: it is too late for that. A refusal stands until a person has mended what was refused. */
function answerOf(
  incident: Incident,
  name: string,
  silence: string | undefined,
  now: number,
): Taken | undefined {
  const cursor = incident.delivery[name];
  if (cursor?.refused !== undefined) return cursor.refused;
  if (cursor && nextEntry(incident, cursor) === undefined) return now;
  if (silence === undefined) return undefined;
  return cursor?.lastError ?? (cursor?.attempts ? 'no answer' : silence);
}

/** What a drill says in the end. */
export function drillAnswer(told: readonly Told[], json = false): { text: string; exitCode: ExitCode } {
  const failed = told.length === 0 || told.some(({ error }) => error !== undefined);
  return {
    text: json ? JSON.stringify({ receivers: told }, null, 2) : asText(told),
    exitCode: failed ? 1 : 0,
  };
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
